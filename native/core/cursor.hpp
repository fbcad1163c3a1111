// Finds the word being typed at the end of a text. Knows no suggestions and no states. The same as
// `letters_at_end` of `foreword.predictor.reading` in Python.
#pragma once

#include "lexicon.hpp"
#include "tokenizer.hpp"

#include <cstddef>
#include <string_view>

namespace foreword::core {

// The position at which an unfinished word begins in characters without spaces; their number if
// there is none. In time linear in 1,024 characters at most.
std::size_t unfinished_from(std::u32string_view rest, const Tokenizer& tokenizer, const Lexicon& lexicon,
                            const RareWords& rare);

// The position of the letters that end a text and may begin a longer word; its length if there are
// none. Only the last 2,048 characters are examined.
std::size_t letters_from(std::u32string_view text, const Tokenizer& tokenizer, const Lexicon& lexicon,
                         const RareWords& rare);

}  // namespace foreword::core
