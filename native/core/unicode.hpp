// Characters: their properties, case and composed forms, as the Python that the core is built for has them.
// Knows no words and no languages.
//
// Text is UTF-32 within the core, so that an offset counts characters as in Python.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace foreword::core {

enum class Category : std::uint8_t {
    Cc, Cf, Cn, Co, Cs, Ll, Lm, Lo, Lt, Lu, Mc, Me, Mn, Nd, Nl, No, Pc, Pd, Pe, Pf, Pi, Po, Ps, Sc, Sk, Sm, So, Zl, Zp, Zs
};

// Further properties of a character. Those with the name of a method of Python's `str` have its
// meaning.
enum Flag : std::uint32_t {
    DECIMAL = 1u << 0,
    DIGIT = 1u << 1,
    ALPHANUMERIC = 1u << 2,
    UPPER = 1u << 3,
    LOWER = 1u << 4,
    SPACE = 1u << 5,
    CASED = 1u << 6,            // decides whether Σ ends a word
    CASE_IGNORABLE = 1u << 7,   // stands between letters without effect on that
    WIDE = 1u << 8,             // a full-width form, or wide in East Asia
    PICTOGRAPHIC = 1u << 9,     // an emoji, or kept for one
    JOINS_BEFORE = 1u << 10,    // composition may join it with what stands before it
    CHANGES_IN_NFC = 1u << 11,  // by itself
    INVISIBLE = 1u << 12,       // what `foreword.text.characters` drops, or keeps where it has a meaning
    HAS_PLAIN_FORM = 1u << 13,  // may be replaced by plain letters there
    UNSPACED = 1u << 14,        // of scripts without spaces between words
    LEFT_OUT = 1u << 15,        // an accent or apostrophe that hurried typists leave out
};

struct Properties {
    Category category;
    std::uint8_t combining_class;
    std::uint32_t flags;
};

// Of any code point up to U+10FFFF; those beyond have the properties of an unassigned one.
const Properties& properties(char32_t character);

inline bool has(char32_t character, Flag flag) { return (properties(character).flags & flag) != 0; }
inline bool is_letter(Category c) { return c >= Category::Ll && c <= Category::Lu; }
inline bool is_combining(Category c) { return c >= Category::Mc && c <= Category::Mn; }
inline bool is_number(Category c) { return c >= Category::Nd && c <= Category::No; }
inline bool is_punctuation(Category c) { return c >= Category::Pc && c <= Category::Ps; }
inline bool is_alpha(char32_t c) { return is_letter(properties(c).category); }
inline bool is_decimal(char32_t c) { return has(c, DECIMAL); }
inline bool is_alphanumeric(char32_t c) { return has(c, ALPHANUMERIC); }
inline bool is_upper(char32_t c) { return has(c, UPPER); }
inline bool is_lower(char32_t c) { return has(c, LOWER); }
inline bool is_space(char32_t c) { return has(c, SPACE); }
// Unicode's White_Space: Python also counts the separators U+001C to U+001F as spaces.
inline bool is_white_space(char32_t c) { return is_space(c) && !(c >= 0x1c && c <= 0x1f); }
inline bool is_ascii(char32_t c) { return c < 0x80; }

// Python's methods of whole texts: false for an empty one.
bool is_ascii(std::u32string_view text);  // true for an empty one
bool is_alpha(std::u32string_view text);
bool is_upper(std::u32string_view text);
bool is_lower(std::u32string_view text);

// UTF-8; each byte that is none becomes U+FFFD, as in Python's `errors="replace"`, with one for all bytes
// of a character that is cut short.
std::u32string decoded(std::string_view utf8);
// The next of these characters at `at`, which moves to the position after its bytes.
char32_t next_decoded(std::string_view utf8, std::size_t& at);
// Half of a surrogate pair becomes U+FFFD.
std::string encoded(std::u32string_view text);
void append_encoded(std::string& into, std::u32string_view text);

// Python's `str.lower` and so on, for the whole text: Σ at the end of a word becomes ς.
std::u32string lower(std::u32string_view text);
std::u32string upper(std::u32string_view text);
std::u32string casefold(std::u32string_view text);
// `str.title` of one character.
void append_title(std::u32string& into, char32_t character);
// `str.lower` of one character.
void append_lower(std::u32string& into, char32_t character);

enum class Form { NFC, NFD, NFKC, NFKD };

// Unicode's normalisation forms (Unicode Standard Annex 15).
std::u32string normalised(std::u32string_view text, Form form);
// Whether a text surely is in NFC.
bool is_surely_nfc(std::u32string_view text);

// How a character decomposes in one step.
struct Decomposed {
    enum Kind : std::uint8_t { NOT, CANONICAL, COMPAT, FORM, OTHER } kind;
    // FORM: Unicode's tags font, initial, medial, final, isolated, wide, narrow and small.
    std::u32string text;
};
Decomposed decomposed(char32_t character);

}  // namespace foreword::core
