// UTF-8, one character at a time. Knows no properties of characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foreword::core {

// Reads the character at `at` and moves `at` behind it. Returns false, and leaves `at` unchanged,
// if the bytes are not UTF-8: too long a form, half of a surrogate pair, beyond U+10FFFF, or
// incomplete.
inline bool next_character(std::string_view text, std::size_t& at, char32_t& character) {
    const auto byte = [&](std::size_t k) { return (unsigned char)text[at + k]; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        character = first, ++at;
        return true;
    }
    const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 0 || text.size() - at < length) return false;
    char32_t found = first & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
        if ((byte(k) & 0xc0) != 0x80) return false;
        found = found << 6 | (byte(k) & 0x3f);
    }
    constexpr char32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    if (found < LEAST[length] || found > 0x10ffff || (found >= 0xd800 && found < 0xe000)) return false;
    character = found, at += length;
    return true;
}

// The offset at which a text stops being UTF-8; its size if all of it is UTF-8.
inline std::size_t valid_utf8(std::string_view text) {
    std::size_t at = 0;
    char32_t character;
    while (at < text.size() && next_character(text, at, character)) {}
    return at;
}

inline void append_utf8(std::string& text, char32_t character) {
    const auto put = [&](char32_t bits) { text += (char)(unsigned char)bits; };
    if (character < 0x80) return put(character);
    if (character < 0x800) {
        put(0xc0 | character >> 6);
    } else if (character < 0x10000) {
        put(0xe0 | character >> 12), put(0x80 | (character >> 6 & 0x3f));
    } else {
        put(0xf0 | character >> 18), put(0x80 | (character >> 12 & 0x3f)), put(0x80 | (character >> 6 & 0x3f));
    }
    put(0x80 | (character & 0x3f));
}

}  // namespace foreword::core
