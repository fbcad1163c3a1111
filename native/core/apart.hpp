// Tells words apart that were typed without the space: dontknow. Knows words and one state. The same as
// `foreword.predictor.apart` in Python.
#pragma once

#include "engine.hpp"
#include "filter.hpp"
#include "lexicon.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace foreword::core {

// Words that may have been typed without spaces.
struct Apart {
    std::vector<std::int64_t> ids;  // each in its most frequent form
    double share;                   // P(first word | state), in any form
    double weight;                  // P(the further words | the first) P(no spaces are typed)
};

// The likeliest two words that unknown letters consist of, or three; none without. The letters begin no word.
// `filter`: words that are withheld are none; null: all words count.
std::optional<Apart> apart(const Engine& engine, const Lexicon& lexicon, const State& state,
                           std::string_view letters, const Filter* filter);

}  // namespace foreword::core
