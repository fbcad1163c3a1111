// Divides text into words, marks and emoji, after replacing typographic marks and special letters
// by plain ones. Knows no vocabulary. The same as `foreword.text.characters` and `WORD_PATTERN` in
// Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foreword::core {

// A text that was changed, with the offset in the original text at which each of its characters begins,
// and that of its end. Offsets count characters.
struct Traced {
    std::u32string text;
    std::vector<std::uint32_t> starts;
};

// The typographic marks that stay, since they are words of the vocabulary.
using Kept = std::u32string_view;
// All marks that plain ones replace unless they are kept.
std::u32string typographic_marks();
// The plain marks of a typographic one; of another character, that character.
std::u32string plain_mark(char32_t mark);

// Whether `folded` surely leaves a text as it is.
bool is_folded(std::u32string_view text);
// A text with plain marks and letters, and without invisible characters.
std::u32string folded(std::u32string_view text, Kept kept);
Traced folded_with_offsets(std::u32string_view text, Kept kept);

// Replaces a mark at the end of letters by the one that it is if a letter follows.
std::u32string as_if_continued(std::u32string_view letters);

// Other spellings of a mark for a vocabulary that lacks this one, the likeliest first.
std::vector<std::u32string> stand_ins(std::u32string_view word);

// Whether a text has letters of scripts without spaces between words.
bool is_unspaced(std::u32string_view text);

// Whether a character is part of words: letters, combining marks, digits, the underscore.
bool is_of_words(char32_t character);

// Whether a character may stand between a word's letters: apostrophes, joiners, the middle dot.
bool is_inside(char32_t character);

// Whether a character ends a line, as `foreword.text.lines` defines it.
bool is_line_end(char32_t character);

// A part of a text: [start, end), in characters.
struct Span {
    std::size_t start, end;
};

// The words of a normalised text: letters and digits, numbers, marks and emoji; or, with
// `only_spaces`, the parts between spaces. In time linear in the length of the text.
std::vector<Span> cut_words(std::u32string_view text, bool only_spaces);

}  // namespace foreword::core
