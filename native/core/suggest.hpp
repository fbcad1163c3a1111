// Suggests words at the cursor: next words and completions, as they are written into the text. Knows no earlier
// texts. The same as `foreword.predictor.suggest` in Python.
#pragma once

#include "candidates.hpp"
#include "model_reader.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// A word to offer.
struct Suggestion {
    std::u32string word;   // as it is written at the cursor, with its typed letters
    double probability;    // that this word is intended, in any case
    std::u32string text;   // what replaces the last `replaces` characters if the word is accepted
    std::size_t replaces;  // characters at the end of the text that are removed
};

// The most probable next words after the last context for which they were asked: after the letters of a whole word,
// the space is typed. For one typist, whose options stay the same.
class NextWords {
  public:
    // See `ranked`.
    const std::vector<Ranked>& after(const ModelReader& reader, const SharedContext& context, std::size_t k,
                                     const Options& options);

  private:
    SharedContext context_;
    std::size_t k_ = 0;
    std::vector<Ranked> words_;
};

// The k most probable words at the end of a text. Letters at the end are read in two ways, each by its
// probability: as a whole word, which a next word follows, and as the beginning of a longer one.
//
// `context`: before the word; `typed`: its raw letters at the end of the text, empty for a new word; `end`: the
// last characters of the text, up to 64. `is_weighed`: both readings count; otherwise only the second one.
// `look_ahead`: the context after the letters as a whole word.
std::vector<Suggestion> suggestions(const ModelReader& reader, const SharedContext& context, std::u32string_view typed,
                                    std::u32string_view end, std::size_t k, const Options& options, bool is_weighed,
                                    NextWords& next_words, const std::function<SharedContext()>& look_ahead);

// P(letters at the end of a text are a whole word).
double finished_share(const ModelReader& reader, const Context& context, std::u32string_view typed,
                      std::u32string_view end, const Options& options);

}  // namespace foreword::core
