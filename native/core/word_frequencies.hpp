// Estimates how frequent words and beginnings of words are in a model's language. Knows no contexts and no network. The
// same as `foreword.predictor.word_frequencies` in Python, which explains the estimate.
#pragma once

#include "lexicon.hpp"
#include "tokenizer.hpp"

#include <string_view>
#include <vector>

namespace foreword::core {

// ln P(a piece of text), and whether all its words are known.
struct PieceShare {
    double log_probability;
    bool is_known;
};

// Immutable and thread-safe. What it is made of must outlive it.
class WordFrequencies {
  public:
    WordFrequencies(const Tokenizer& tokenizer, const Lexicon& lexicon, const RareWords& rare);

    // Of text between two spaces. `is_unfinished`: a word at its end may go on.
    PieceShare of(std::u32string_view piece, bool is_unfinished) const;

  private:
    double of_word(std::string_view fold) const;
    double of_beginning(std::string_view fold) const;

    const Tokenizer& tokenizer_;
    const Lexicon& lexicon_;
    const RareWords& rare_;
    std::vector<double> shares_;  // P(word), by id
    std::vector<double> sums_;    // of the words before each, in the order of the folded words
};

}  // namespace foreword::core
