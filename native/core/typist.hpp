// Suggests while one user types, and remembers the last text and the states at its words. Knows no models. The
// same as `Typist` of `foreword.predictor.typist` in Python.
#pragma once

#include "next_letter.hpp"
#include "suggest.hpp"
#include "suggester.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// What a typist remembers, and whether it offers a word again.
struct Memory {
    bool repeats = true;        // false: while letters are added to a word, what was shown for it is left out
    std::size_t marks = MARKS;  // the most word boundaries whose states are kept
};

// What a network did at the last word that suggestions for a text are based on.
struct WordTrace {
    std::string word;  // normalised; "<eos>" for the end of a line, and before the first word
    Trace trace;
};

// A keystroke that adds letters reads nothing again; one that ends a word advances the network by that word; an
// edit reads what follows it. The answers are the same as without memory, if words are repeated. One thread at a
// time may use it.
class Typist final : public Suggester {
  public:
    Typist(std::shared_ptr<const ModelReader> reader, Options options, Memory memory = {})
        : reader_(std::move(reader)), options_(std::move(options)), memory_(memory) {}

    const ModelReader& reader() const { return *reader_; }
    bool has_read(std::u32string_view text) const override;
    int threads() const override { return reader_->engine().threads(); }
    std::optional<std::vector<Suggestion>> suggest(std::u32string_view text, std::size_t k,
                                                   Ending ending = Ending::EITHER, Choice choice = Choice::WORDS,
                                                   std::size_t most = ALL) override;
    // The probability of every next character at the end of a text; `Typist.letters` of Python explains it.
    // `ignores_case`: for keyboards without capitals. None as of `suggest`. Throws Error: the model's scores overflow.
    std::optional<Letters> letters(std::u32string_view text, bool ignores_case, std::size_t most = ALL);
    // What is known after a text, before an unfinished word at its end; until the typist is asked again.
    // `is_unfinished`: letters at the end may be one; otherwise they are a whole word.
    const Context& context(std::u32string_view text, bool is_unfinished);
    // Whether letters at the end of a text are more probably unfinished than a whole word.
    bool is_unfinished(std::u32string_view text);
    // Throws Error: the model's scores overflow.
    WordTrace trace(std::u32string_view text, Ending ending);
    void forget() override;

  private:
    // The suggestions that were visible at a text.
    struct Shown {
        std::u32string text;
        std::size_t start;              // where the typed word begins
        std::set<std::string> passed;   // the folded words that were visible before, at fewer letters of this word
        std::set<std::string> visible;  // and those that are visible now
    };

    std::set<std::string> passed_at(std::u32string_view text, std::size_t start) const;
    // Returns the unfinished word at the end of the text, whose reading it keeps; none if more than `most` words
    // must be read before.
    std::optional<std::u32string_view> read(std::u32string_view text, bool is_unfinished, std::size_t most);
    // The likeliest word or mark after a text whose beginning was read, if there is any.
    std::optional<Suggestion> next(std::u32string_view text);
    SharedContext after(std::u32string_view letters);
    SharedShares shares_after(const SharedContext& context);

    std::shared_ptr<const ModelReader> reader_;
    Options options_;
    Memory memory_;
    std::optional<ReadingProgress> reading_;
    std::optional<Shown> shown_;
    NextWords next_words_;
    // The last texts that phrases went on from, and what is likeliest after each.
    std::deque<std::pair<std::u32string, std::optional<Suggestion>>> followed_;
    std::array<std::pair<SharedContext, SharedShares>, 2> shares_;  // P(next word) after the last two contexts
};

}  // namespace foreword::core
