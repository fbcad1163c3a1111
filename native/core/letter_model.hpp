// Spells words outside the vocabulary letter by letter. Knows words; no texts and no networks. The same as
// `foreword.predictor.letter_model` in Python, which has the examples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// What may follow a prefix to the end of the word, and P of it.
struct Rest {
    double probability;
    std::u32string letters;
};

// N-grams of letters, smoothed by Witten and Bell (1991, method C), down to equal shares of all characters.
// Immutable and thread-safe.
class LetterModel {
  public:
    LetterModel() = default;
    // Counted from words (UTF-8), each once. `context`: the letters on which the next one depends; fewer if the
    // words have very many different ones.
    explicit LetterModel(const std::vector<std::string_view>& words, std::size_t context = 2);

    // The characters, sorted. The end of the word follows them in every distribution.
    const std::u32string& alphabet() const { return alphabet_; }
    // P(next character | prefix, word outside the vocabulary), and P(end) as the last: (alphabet + 1).
    std::vector<double> after(std::u32string_view prefix) const;
    // P(a word outside the vocabulary begins with a prefix).
    double probability(std::u32string_view prefix) const;
    // The endings of a letter or more with P(ending | prefix) >= `least`, the likeliest first.
    std::vector<Rest> endings(std::u32string_view prefix, double least) const;

  private:
    // A context from back to front and a symbol, `bits_` for each character, and how often it followed.
    using Counted = std::pair<std::uint64_t, std::uint32_t>;

    std::uint64_t symbol_of(char32_t character) const;

    std::u32string alphabet_;
    int bits_ = 0;
    std::vector<std::vector<Counted>> counts_;  // by the length of the context; sorted
};

}  // namespace foreword::core
