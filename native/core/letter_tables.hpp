// What the probabilities of next letters are computed from: how a vocabulary's words are typed, and whether a
// space stands before them. Knows no models and no texts. `foreword.predictor.reading` has the same in Python.
#pragma once

#include "../mutex.hpp"
#include "lexicon.hpp"
#include "spacing.hpp"
#include "spellings.hpp"

#include <memory>
#include <vector>

namespace foreword::core {

// Thread-safe. The lexicon and the rare words must outlive it.
class LetterTables {
  public:
    LetterTables(const Lexicon& lexicon, const RareWords& rare, const Spacing& spacing);

    // Sorted when they are first asked for. `ignores_case`: words are typed in lower case alone.
    const Spellings& spellings(bool ignores_case) const;
    // P(a space stands between a word and each next word), (words): 1 except for marks.
    const std::vector<double>& space_before() const { return space_before_; }
    // Whether each word begins with a letter or a digit, (words); <unk> counts as one.
    const std::vector<bool>& begins_with_letter() const { return begins_with_letter_; }
    // Whether each word begins with a letter of a script without spaces, (words).
    const std::vector<bool>& begins_unspaced() const { return begins_unspaced_; }

  private:
    const Lexicon& lexicon_;
    const RareWords& rare_;
    std::vector<double> space_before_;
    std::vector<bool> begins_with_letter_, begins_unspaced_;
    mutable Mutex sorting_;
    mutable std::unique_ptr<const Spellings> with_case_, without_case_;
};

}  // namespace foreword::core
