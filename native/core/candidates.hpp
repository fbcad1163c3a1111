// Ranks the words that may come next or that typed letters may become: by the network, slips and rare words.
// Knows neither the text around the word nor how the word is written into it. The same as
// `foreword.predictor.candidates` in Python, without a layer.
#pragma once

#include "apart.hpp"
#include "filter.hpp"
#include "model_reader.hpp"
#include "slips.hpp"
#include "spelling.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace foreword::core {

// How to suggest.
struct Options {
    Filter filter;
    bool is_tolerant;      // slips are considered even if words begin as typed
    const Layout* layout;  // of the keys, for slips
};

// A word by its probability in any of its forms.
struct Ranked {
    double probability;
    std::vector<Spelled> forms;
};

// The k + 1 most probable words; one may be the typed word itself. `typed`: the raw letters of the word, UTF-8.
// `is_weighed`: it may be a word that the vocabulary lacks, even if others begin so.
std::vector<Ranked> ranked(const ModelReader& reader, const Context& context, std::string_view typed, std::size_t k,
                           const Options& options, bool is_weighed);

}  // namespace foreword::core
