// Reads a text up to the word being typed with a model, and remembers how far. Knows no suggestions. The same
// as `ModelReader` of `foreword.predictor.reading` in Python, without wrapped lines.
//
// The result depends on the text alone, not on whether it was typed, pasted or edited.
#pragma once

#include "engine.hpp"
#include "letter_tables.hpp"
#include "lexicon.hpp"
#include "new_words.hpp"
#include "reading.hpp"
#include "tokenizer.hpp"
#include "word_files.hpp"
#include "word_frequencies.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

constexpr std::size_t MARKS = 64;  // states kept at word boundaries, to continue from after an edit

// What is known before a word. Immutable, and shared by all that begins there.
struct Context {
    TextContext text;
    std::shared_ptr<const State> state;
    std::shared_ptr<const State> before = nullptr;  // the last word; null if no word was read
};
using SharedContext = std::shared_ptr<const Context>;

// A word boundary from which reading can continue: its offset in the text as it was read; the length of the
// common beginning for which a changed text has it, too; and the context there.
struct Boundary {
    std::size_t position, settled_by;
    SharedContext context;
};

// How far a text has been read: the text of one user, in characters.
struct ReadingProgress {
    std::size_t begin = 0;        // where reading began
    bool is_whole = true;         // whether a line began there
    std::u32string head;          // the text from there up to the word being typed
    std::u32string seen;          // that part as it was read, with a newline for each line end, and the text after it
    SharedContext context;        // after the head
    std::vector<Boundary> marks;  // the last word boundaries in the head, in order
    bool is_steady = false;       // the head stays the same while only letters are typed after it
    bool is_part = false;         // words after the head are to be read
    // Letters after the head, and the context after them as a whole word; null if it is not known.
    std::u32string ahead_letters;
    SharedContext ahead;

    // The unfinished word if the text is the head and letters; otherwise nothing.
    std::u32string_view letters_after(std::u32string_view text) const;
    // The context after letters in a context; null if it is not known.
    SharedContext after(const SharedContext& before, std::u32string_view letters) const;
};

// Immutable and thread-safe.
class ModelReader {
  public:
    // `read_rare` returns the words of rare.txt, and is called once, in a thread of its own. Throws Error: lines are
    // wrapped, which only Python's reader can read; and what `read_rare` throws.
    ModelReader(std::shared_ptr<const Engine> engine, std::shared_ptr<const Tokenizer> tokenizer, WordFiles files,
                const std::function<Texts()>& read_rare);

    const Engine& engine() const { return *engine_; }
    const Tokenizer& tokenizer() const { return *tokenizer_; }
    const Lexicon& lexicon() const { return *lexicon_; }
    const RareWords& rare() const { return *rare_; }
    const Spacing& spacing() const { return text_->spacing(); }
    const LetterTables& letter_tables() const;
    // Words that are neither in the vocabulary nor rare; null if the language has few of them.
    const NewWords* new_words() const;
    // How frequent words are in the model's language.
    const WordFrequencies& word_frequencies() const;
    // Whether marks attach to words; otherwise all are set apart.
    bool is_in_print() const { return !tokenizer_->spec().only_spaces; }

    // Reads a text, and continues an earlier reading of the same user as far as the texts are the same.
    // An unfinished word at the end follows the head of the reading.
    //
    // `is_unfinished`: letters at the end may be an unfinished word; otherwise they are a whole one. `marks`: the most
    // word boundaries to keep. `most`: the most words to read; if there are more, the reading is a part, from which
    // the next one continues.
    ReadingProgress read(std::u32string_view text, const ReadingProgress* before, bool is_unfinished,
                         std::size_t marks, std::size_t most) const;
    // The context after letters that follow a context, as a whole word.
    SharedContext after_word(const SharedContext& context, std::u32string_view letters) const;
    // The id that a typed word, normalised, is read as: its own, a more frequent form's, or UNK_ID.
    std::int64_t id_of(const State& state, std::string_view word) const;

  private:
    SharedContext chunk(SharedContext context, std::u32string_view run) const;
    SharedContext after(const SharedContext& context, const Word& word, std::u32string_view raw) const;
    SharedContext after_abbreviation(const SharedContext& start, const std::vector<Word>& words,
                                     std::u32string_view chunk) const;
    SharedContext line_end(const SharedContext& context) const;
    void advance(Context& context, std::int64_t id) const;
    std::vector<std::int64_t> ids_of(const Context& context, std::u32string_view word) const;
    bool is_own(std::string_view word, const std::vector<std::u32string>& earlier) const;
    std::vector<Weighted> slipped(std::u32string_view word) const;
    std::pair<std::int64_t, double> likeliest(const State& state, std::u32string_view word,
                                              const std::vector<Weighted>& words) const;

    std::shared_ptr<const Engine> engine_;
    std::shared_ptr<const Tokenizer> tokenizer_;
    std::unique_ptr<const Lexicon> lexicon_;
    std::unique_ptr<const RareWords> rare_;
    std::optional<TextReader> text_;
    SharedContext start_, start_within_;  // of a text, and of a part of one
    // Made when they are first asked for: most users never do.
    mutable Mutex making_letter_tables_;
    mutable std::unique_ptr<const LetterTables> letter_tables_;
    mutable Mutex counting_letters_;
    mutable std::unique_ptr<const NewWords> new_words_;
    mutable Mutex estimating_frequencies_;
    mutable std::unique_ptr<const WordFrequencies> word_frequencies_;
};

}  // namespace foreword::core
