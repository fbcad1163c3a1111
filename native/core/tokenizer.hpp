// Text to words to ids and back. Knows nothing about files or networks. The same as
// `foreword.text.tokenizer` in Python, which says what a word is.
#pragma once

#include "letter_case.hpp"
#include "vocabulary.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// How text becomes words, by a model's configuration and its tokenizer.json.
struct TokenizerSpec {
    // What a line of a text is: it ends in <eos> in the first two; in wrapped text a paragraph does.
    enum Lines { SENTENCE, PARAGRAPH, WRAPPED };

    SharedVocabulary words;          // the first are <unk> and <eos>
    bool only_spaces = false;        // words are what stands between spaces (`words="spaces"`)
    bool folds_case = false;         // everything becomes lower case (`case="fold"`)
    Lines lines = SENTENCE;
    bool has_segmenter = false;      // ICU separates words in scripts without spaces (`segmenter="icu"`)
    std::string language;            // whose case rules apply (BCP 47); empty: those that the words show
    bool new_words = false;          // texts have many words that the training text lacked
    std::vector<std::string> marks;  // typographic marks that stay, besides those among the words
};

// A word of a text: normalised, with its id and its offsets in the raw text, in characters.
struct Word {
    std::u32string text;
    std::int64_t id;
    std::size_t start, end;
};

// A vocabulary and the rules that divide text into its words. Immutable and thread-safe.
class Tokenizer {
  public:
    // Throws Error: it has a segmenter, which the core lacks; or the first words are wrong.
    explicit Tokenizer(TokenizerSpec spec);
    Tokenizer(const Tokenizer&) = delete;
    Tokenizer& operator=(const Tokenizer&) = delete;

    const TokenizerSpec& spec() const { return spec_; }
    // The case rules of the configured language, or else those that the vocabulary shows.
    const LetterCase& letter_case() const { return case_; }
    std::int64_t vocab_size() const { return (std::int64_t)spec_.words->size(); }
    // UTF-8. The id must be one of the vocabulary.
    std::string_view word(std::int64_t id) const { return (*spec_.words)[(std::size_t)id]; }
    // Of a word as it is typed; UNK_ID if the vocabulary lacks it.
    std::int64_t id_of(std::string_view word) const;
    // Of a word in exactly this form, from `normalise`.
    std::int64_t id_of_normalised(std::u32string_view word) const;
    // A text in the form that the vocabulary uses.
    std::u32string normalise(std::u32string_view text) const;
    // The ids of the words of a line. No <eos> is added.
    std::vector<std::int64_t> encode(std::string_view line) const;
    // The words of a line with their ids and offsets.
    std::vector<Word> split(std::u32string_view line) const;
    // What a model reads of a text: its words, and an <eos> where a unit ends. `last` is the id of the word
    // before it. Throws Error: lines are wrapped, which the core does not read yet.
    std::vector<Word> read(std::u32string_view text, std::int64_t last = EOS_ID) const;

  private:
    bool stays(std::u32string_view text) const;
    std::u32string in_case(std::u32string_view text) const;
    void plain_apostrophes(std::u32string& text) const;

    TokenizerSpec spec_;
    LetterCase case_;
    bool is_dotless_;  // of the configured language alone
    std::u32string kept_;
};

// A text with a newline for each line end; offsets and length stay the same.
std::u32string with_newlines(std::u32string_view text);

}  // namespace foreword::core
