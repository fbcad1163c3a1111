// What a text shows about the word after it, besides the network's state: the words before it,
// whether it begins a sentence, marks and capitals. The same as `foreword.predictor.reading` in
// Python without the network.
#pragma once

#include "lexicon.hpp"
#include "sentences.hpp"
#include "spacing.hpp"
#include "style.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// If a text has at least twice this number of characters, only its end is read.
constexpr std::size_t STRIDE = 2048;
// The number of last characters of a run without spaces that are cut into words: otherwise an endless run of
// emoji would be cut again as a whole at every key.
constexpr std::size_t LONGEST_RUN = 1024;

// What is known before a word.
struct TextContext {
    std::vector<std::u32string> words;  // the last ones, normalised, with "\n" for the end of a line
    bool begins_sentence = true;
    int capitals = 0;  // sentences begun with a capital minus those without, from -3 to 3
    Style style;
    bool is_quoting = false;  // a straight quotation mark is open in this line
};

// A context, and whether the network reads the word before it: it skips a full stop that it would
// take for the end of a sentence.
struct ReadWord {
    TextContext context;
    bool is_read;
};

// Immutable and thread-safe. The tokenizer and the lexicon must outlive it.
class TextReader {
  public:
    TextReader(const Tokenizer& tokenizer, const Lexicon& lexicon, Spacing spacing, Style style,
               Abbreviations abbreviations);

    // The context before a text.
    const TextContext& start() const { return start_; }
    const Spacing& spacing() const { return spacing_; }
    // The number of characters of a run without spaces that are final while more are typed after
    // it; these are read as a separate run. 0 if there are none. In scripts without spaces, a run
    // ends at a mark.
    std::size_t stretch(std::u32string_view run) const;
    // The words of characters without spaces, with their offsets in the last 1,024 of these characters,
    // which come first. Words in one group are an abbreviation of letters and full stops, which the
    // network may know as one word.
    std::pair<std::u32string, std::vector<std::vector<Word>>> parts(std::u32string_view chunk) const;
    // The context after a word, which the user wrote as `raw`.
    ReadWord after(const TextContext& context, const Word& word, std::u32string_view raw) const;
    // The context after the end of a line.
    TextContext line_end(const TextContext& context) const;

  private:
    int capitals_after(const TextContext& context, char32_t first, std::u32string_view word) const;

    const Tokenizer& tokenizer_;
    const Lexicon& lexicon_;
    Spacing spacing_;
    Abbreviations abbreviations_;
    TextContext start_;
    bool has_dash_;  // the training text has the dash of ranges between spaces
};

// The beginning of the part of a text that is read, and whether a line begins there. A text of less than twice `stride`
// characters is read as a whole.
std::pair<std::size_t, bool> reading_begin(std::u32string_view text, std::size_t stride = STRIDE);

// The end of a text (UTF-8) that is read as the whole text is, so that the rest need not be decoded: less than
// three strides, counted from a multiple of STRIDE.
std::string_view end_to_read(std::string_view text);

}  // namespace foreword::core
