// Gives the probability of every next character of a text, from the probabilities of words. Knows no earlier
// texts. The same as `foreword.predictor.next_letter` in Python, which explains the model.
#pragma once

#include "model_reader.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace foreword::core {

struct Letter {
    char32_t character;  // a newline for the end of the line
    double probability;
};

// The next characters, the most probable first; their probabilities sum to 1.
struct Letters {
    std::vector<Letter> next;
    // P(the letters at the end of the text are a whole word); 0 after a space or a mark. Its mass is part of that
    // of the space, the marks and the line end.
    double end_of_word;
};

// P(next word) by id.
using SharedShares = std::shared_ptr<const std::vector<double>>;

// `context`: before the word; `typed`: its raw letters at the end of the text, empty for a new word; `end`: the
// last characters of the text, up to 64. `ignores_case`: words are typed in lower case alone. `shares`: P(next
// word) after a context. `look_ahead`: the context after the letters as a whole word.
Letters next_letters(const ModelReader& reader, const SharedContext& context, std::u32string_view typed,
                     std::u32string_view end, bool ignores_case,
                     const std::function<SharedShares(const SharedContext&)>& shares,
                     const std::function<SharedContext()>& look_ahead);

}  // namespace foreword::core
