// Sums the probabilities of words by their next letter. Knows spellings, but no models and no texts. The same as
// `foreword.predictor.spellings` in Python, which has the examples.
//
// A vocabulary word is typed as it is spelled, or with a capital, or in capitals. A word outside the vocabulary
// is one of the rare words, or is spelled letter by letter by the LetterModel.
#pragma once

#include "letter_model.hpp"
#include "lexicon.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// Probabilities by character, up to a common factor.
using Masses = std::map<char32_t, double>;

// P of a word being typed as it is spelled, with a capital, in capitals.
using Kinds = std::array<double, 3>;

// The ways in which words are typed, sorted by letters. Immutable and thread-safe.
class Spellings {
  public:
    // The mass of the letters that continue a prefix, and that of its end.
    struct Branches {
        Masses masses;
        double whole = 0.0;
    };

    // `ignores_case`: words are typed in lower case alone, which is then the only kind. The first `hidden` words
    // of the lexicon are not typed.
    Spellings(const Lexicon& lexicon, std::size_t hidden, const RareWords& rare, bool ignores_case);

    // Spells what is neither in the vocabulary nor among the rare words.
    const LetterModel& unlisted() const { return unlisted_; }
    // P(an unlisted word), and of each rare word, of P(a word outside the vocabulary).
    std::pair<double, double> shared(double unknown) const;
    // `prefix`: UTF-8. `shares`: P(word) by id. `of_rare`: P of each rare word, from `shared`.
    Branches branching(std::string_view prefix, const std::vector<double>& shares, double of_rare,
                       const Kinds& kinds) const;

  private:
    struct Spelling {
        std::uint32_t begin;  // in `text_`, where a NUL ends it
        std::uint32_t word : 30;  // rare words follow the vocabulary
        std::uint32_t kind : 2;
    };

    std::string_view at(std::size_t k) const { return text_.data() + sorted_[k].begin; }
    std::uint32_t stored(std::string_view spelling);
    void add(std::string_view word, std::size_t index, const LetterCase& letter_case, bool ignores_case);

    std::string text_;
    std::vector<Spelling> sorted_;
    std::size_t words_, rare_;
    LetterModel unlisted_;
};

}  // namespace foreword::core
