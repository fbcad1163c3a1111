// What suggests while one user types, with one model or with several.
#pragma once

#include "suggest.hpp"

#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace foreword::core {

// What letters at the end of a text are taken for: whichever is more probable, an unfinished word, or a whole one.
enum class Ending { EITHER, UNFINISHED, WHOLE };

// What is suggested: the most probable words, or the words and phrases that together are expected to save the most keys.
enum class Choice { WORDS, PHRASES };

constexpr std::size_t ALL = std::numeric_limits<std::size_t>::max();

// One thread at a time may use it.
class Suggester {
  public:
    virtual ~Suggester() = default;

    // Whether a text is the last one with other letters at its end, which are read without a network.
    virtual bool has_read(std::u32string_view text) const = 0;
    // The most threads that score the words of one user.
    virtual int threads() const = 0;
    // The k most probable words at the end of a text, or what `choice` says. None if more than `most` words must be read
    // before, of which so many are read then. Throws Error: k is 0, or a model's scores overflow.
    virtual std::optional<std::vector<Suggestion>> suggest(std::u32string_view text, std::size_t k, Ending ending,
                                                           Choice choice, std::size_t most) = 0;
    // Forgets the text that was read.
    virtual void forget() = 0;
};

}  // namespace foreword::core
