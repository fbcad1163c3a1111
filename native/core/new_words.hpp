// Words that no text has had, for languages that inflect. Knows words; no texts and no networks. The same as
// `foreword.predictor.new_words` in Python.
#pragma once

#include "letter_model.hpp"
#include "lexicon.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// Completes words that are neither in the vocabulary nor among the rare words, both of which must outlive it.
// Immutable and thread-safe.
class NewWords {
  public:
    NewWords(const Lexicon& lexicon, const RareWords& rare);

    // P(word | neither in the vocabulary nor rare), and the words that begin with folded letters and are longer.
    std::vector<std::pair<double, std::string>> beginning(std::string_view fold) const;

  private:
    const Lexicon& lexicon_;
    const RareWords& rare_;
    LetterModel model_;
};

}  // namespace foreword::core
