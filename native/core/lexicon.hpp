// Looks up vocabulary words by their letters, in any case. Knows no models and no texts. The same as
// `foreword.predictor.lexicon` in Python, which has the examples.
//
// Words and letters are UTF-8, whose bytes sort as the characters do.
#pragma once

#include "letter_case.hpp"
#include "texts.hpp"
#include "vocabulary.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// P(an apostrophe or accents are not typed), relative to 1 for the letters as in the word.
constexpr double BARE = 0.3;

// A word, and P(the letters are typed so | the word), relative to 1 for the letters as in the word.
struct Weighted {
    std::int64_t id;
    double weight;
};

// Words with apostrophes, accents or Korean syllables, sorted by their skeletons.
class Bare {
  public:
    Bare() = default;
    // Of words, which rise, and their folds; those that are typed as they are do not count.
    Bare(const std::vector<std::uint32_t>& words, const std::function<std::string(std::uint32_t)>& fold_of);

    bool has(std::string_view skeleton) const;
    // Whether one of the skeletons begins so.
    bool may_begin(std::string_view prefix) const;
    // The words that equal letters, or begin with them, except for what was not typed; without those that
    // do so as they are.
    std::vector<std::int64_t> equal(std::string_view fold) const;
    std::vector<std::int64_t> begun(std::string_view fold) const;

  private:
    std::pair<std::size_t, std::size_t> range(std::string_view skeleton) const;

    Texts skeletons_, folds_;           // in the order of the skeletons
    std::vector<std::uint32_t> words_;  // the same
};

// Immutable and thread-safe.
class Lexicon {
  public:
    using Misspellings = std::vector<std::pair<std::string, std::string>>;

    // `words`: the most frequent first. The first `hidden` are no words and never returned. `misspellings`: each with
    // the intended word, or with two, and a space between; one that the vocabulary lacks, with one. Throws Error: an
    // intended word is not in the vocabulary.
    Lexicon(SharedVocabulary words, std::size_t hidden, const Misspellings& misspellings, LetterCase letter_case);
    Lexicon(const Lexicon&) = delete;
    Lexicon& operator=(const Lexicon&) = delete;

    const LetterCase& letter_case() const { return case_; }
    // The number of words, with those that are never returned.
    std::size_t size() const { return words_->size(); }
    // A form that is the same for all cases of a word.
    std::string fold(std::string_view word) const;
    // The ids in the order of the folded words.
    const std::vector<std::uint32_t>& ids() const { return ids_; }
    // The range [low, high) in `ids` of the words that begin with a folded prefix.
    std::pair<std::size_t, std::size_t> range(std::string_view prefix) const {
        return range_within(0, ids_.size(), prefix);
    }
    // The same among the words in [low, high).
    std::pair<std::size_t, std::size_t> range_within(std::size_t low, std::size_t high, std::string_view prefix) const;
    // The end of the words in [low, high), which all begin with folded letters, that have no more letters.
    std::size_t equal_end(std::string_view fold, std::size_t low, std::size_t high) const;
    // The folded word at a position in `ids`.
    std::string_view fold_at(std::size_t position) const { return fold_of(ids_[position]); }
    std::string_view fold_of(std::int64_t id) const {
        const std::string_view own = own_folds_[(std::size_t)id];
        return own.empty() ? word(id) : own;
    }
    // The words that begin with folded letters, with the weights of what was not typed, of Korean syllables
    // and of misspellings.
    std::vector<Weighted> begun(std::string_view fold) const;
    // The words intended by misspellings with this beginning. Only these include misspellings that the
    // vocabulary lacks.
    std::vector<Weighted> begun_slips(std::string_view fold) const;
    // The clitic that letters begin with (l', dell'), and the words that may follow it; none without a
    // clitic, or without a letter after it.
    std::optional<std::pair<std::string, std::vector<std::int64_t>>> after_clitic(std::string_view letters) const;
    // Whether folded letters are a word, except for apostrophes and accents not typed.
    bool has(std::string_view fold) const;
    // Whether a word begins with folded letters, except for apostrophes and accents not typed.
    bool may_begin(std::string_view fold) const;
    // The commonest letters of the words, at most 64.
    const std::u32string& letters() const { return letters_; }
    // Folded letters without accents if the vocabulary hardly has any.
    std::string unaccented(std::string_view fold) const;
    // Whether folded letters are a known misspelling.
    bool is_slip(std::string_view fold) const { return slip_folds_.count(std::string(fold)) != 0; }
    // The words that begin with letters in this case, or if none, in any case.
    std::vector<std::int64_t> beginning(std::string_view prefix) const;
    // The words that differ only in case, the most frequent first.
    std::vector<std::int64_t> forms(std::string_view fold) const;
    // Whether a word usually has a capital (Paris, I), and not only at the start of sentences.
    bool has_own_capital(std::string_view fold) const;
    // Of a word in exactly this case; none if the vocabulary lacks it.
    std::optional<std::int64_t> id_of(std::string_view word) const;
    // The word that a misspelling intends; other words keep their own.
    std::int64_t meant(std::int64_t id) const;
    // Whether a word is no misspelling of another.
    bool is_right(std::int64_t id) const { return !is_wrong_[(std::size_t)id]; }
    // The word, or the two words that it stands for if it was run together.
    std::string_view spelled_apart(std::int64_t id) const;
    // The words that a typed word may stand for: itself, and commoner forms.
    std::vector<std::int64_t> readings(std::string_view word) const;
    // UTF-8. The id must be one of the vocabulary.
    std::string_view word(std::int64_t id) const { return (*words_)[(std::size_t)id]; }

  private:
    struct Slip {
        std::string_view fold;
        std::int64_t meant;
        double share;  // P(typed so | the word)
    };

    void fold_words();
    void count_letters();
    void find_clitics();
    // Adds the words intended by misspellings with this beginning, unless they are among `words`.
    static void add(const std::vector<Slip>& slips, double begun_share, std::string_view fold, std::vector<Weighted>& words);
    void take(const Misspellings& misspellings);

    SharedVocabulary words_;
    std::size_t hidden_;
    LetterCase case_;
    Texts own_folds_;  // those that are not their words; empty texts for the others
    std::vector<std::uint32_t> ids_;
    Bare bare_;
    bool has_accents_ = false;
    std::map<std::int64_t, std::int64_t> meant_by_;
    std::vector<bool> is_wrong_;  // by id: whether it is in `meant_by_`
    std::map<std::int64_t, std::string> two_words_;
    std::vector<Slip> slips_, absent_slips_;  // of misspellings in the vocabulary, and of others; sorted by fold
    std::set<std::string> slip_folds_;
    // Each folded clitic, without apostrophe, with the first letters of words after it.
    std::map<std::string, std::set<std::u32string>, std::less<>> clitics_;
    std::u32string letters_;
};

// Words beyond the vocabulary, which have no probabilities. Immutable and thread-safe.
class RareWords {
  public:
    RareWords(Texts words, LetterCase letter_case);
    RareWords(const RareWords&) = delete;
    RareWords& operator=(const RareWords&) = delete;

    // Sorted by their letters in lower case.
    std::string_view word(std::size_t k) const { return words_[k]; }
    std::size_t size() const { return words_.size(); }
    // Whether folded letters are one of the words.
    bool has(std::string_view fold) const;
    // The first `most` words that begin with a folded prefix and are longer. Words that begin so except for
    // apostrophes and accents that were not typed come last.
    std::vector<std::string> beginning(std::string_view fold, std::size_t most) const;

  private:
    std::string fold_of(std::size_t k) const;

    Texts words_;
    LetterCase case_;
    Bare bare_;
};

}  // namespace foreword::core
