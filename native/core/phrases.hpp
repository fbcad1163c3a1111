// Chooses the words and phrases that together are expected to save the most keys. Knows no models. The same as
// `foreword.predictor.phrases` in Python, which gives the reasons.
#pragma once

#include "lexicon.hpp"
#include "suggest.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

constexpr std::size_t SPARE = 12;  // words beyond those wanted from which they are chosen

struct Phrase {
    std::size_t first;  // the index of the suggested word that it begins with
    std::size_t words;  // how many words and marks it has, with that one
    Suggestion suggestion;
};

// The text after a suggestion is accepted.
std::u32string accepted(std::u32string_view text, const Suggestion& one);

// k suggestions, each the one that adds most to the keys saved by those before it. `words`: the most probable first;
// `phrases`: each after those that it begins with.
std::vector<Suggestion> most_saving(std::vector<Suggestion> words, std::vector<Phrase> phrases,
                                    std::u32string_view text, std::size_t k, const Lexicon& lexicon);

// Phrases that begin with the likeliest words, each continued by its likeliest word. `follow`: the likeliest word or
// mark after a text, if there is any.
std::vector<Phrase> phrases_of(const std::vector<Suggestion>& words, std::u32string_view text, std::size_t k,
                               const std::function<std::optional<Suggestion>(std::u32string_view)>& follow);

// Drops what saves no keys: typing a mark takes one key, as accepting it does.
void drop_marks(std::vector<Suggestion>& suggestions);

}  // namespace foreword::core
