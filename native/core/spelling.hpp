// Chooses the case in which a word is written. Knows words and typed letters; no models. The same as
// `foreword.predictor.spelling` in Python.
#pragma once

#include "lexicon.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// A spelling of a word (UTF-8), and its probability.
struct Spelled {
    double probability;
    std::string text;
};

// What is known before a word: whether it begins a sentence, and the number of sentences begun with a
// capital minus those without, from -3 to 3.
struct SentencePlace {
    bool begins_sentence;
    int capitals;
};

// Letters in the vocabulary's spelling, but in the case in which they were typed.
std::string as_typed(std::string_view text);

// The spelling of a word in its context, of forms (at least one) that differ only in case. `typed`: the
// letters typed, from `as_typed`; empty for a new word.
std::string written(const std::vector<Spelled>& forms, std::string_view typed, SentencePlace place,
                    const Lexicon& lexicon);

}  // namespace foreword::core
