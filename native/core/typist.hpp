// Suggests while one user types, and remembers the last text and the states at its words. Knows no models. The
// same as `Typist` of `foreword.predictor.typist` in Python.
#pragma once

#include "suggest.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace foreword::core {

// A keystroke that adds letters reads nothing again; one that ends a word advances the network by that word; an
// edit reads what follows it. The answers are the same as without memory. One thread at a time may use it.
class Typist {
  public:
    Typist(std::shared_ptr<const ModelReader> reader, Options options)
        : reader_(std::move(reader)), options_(std::move(options)) {}

    // The k most probable words at the end of a text. Throws Error: k is 0, or the model's scores overflow.
    std::vector<Suggestion> suggest(std::u32string_view text, std::size_t k);

  private:
    std::shared_ptr<const ModelReader> reader_;
    Options options_;
    std::optional<ReadingProgress> reading_;
};

}  // namespace foreword::core
