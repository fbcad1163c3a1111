// UTF-8, one character at a time. Knows no properties of characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

// The bytes that are ASCII at the beginning of a text, counted by eights as long as eight are left.
inline std::size_t ascii_prefix(std::string_view text) {
    constexpr std::uint64_t HIGHEST = 0x8080808080808080u;
    std::size_t at = 0;
    for (std::uint64_t bytes; text.size() - at >= sizeof bytes; at += sizeof bytes) {
        std::memcpy(&bytes, text.data() + at, sizeof bytes);
        if ((bytes & HIGHEST) != 0) return at;
    }
    while (at < text.size() && (unsigned char)text[at] < 0x80) ++at;
    return at;
}

inline bool is_ascii(std::string_view text) { return ascii_prefix(text) == text.size(); }

inline char small_ascii(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

// The first eight bytes of a text as a number that orders as they do, 0 behind a short one's end. `readable`: bytes from
// its beginning on that may be read.
inline std::uint64_t first_bytes(std::string_view text, std::size_t readable) {
    const auto byte = [&](std::size_t k) { return (std::uint64_t)(unsigned char)text.data()[k] << (56 - 8 * k); };
    std::uint64_t bytes = 0;
    if (readable >= 8) {
        bytes = byte(0) | byte(1) | byte(2) | byte(3) | byte(4) | byte(5) | byte(6) | byte(7);
        const std::size_t behind = text.size() < 8 ? 8 - text.size() : 0;
        return behind == 8 ? 0 : bytes >> 8 * behind << 8 * behind;
    }
    for (std::size_t k = 0; k < text.size(); ++k) bytes |= byte(k);
    return bytes;
}

// Eight bytes of ASCII with small letters for A to Z.
inline std::uint64_t small_bytes(std::uint64_t bytes) {
    constexpr std::uint64_t ONES = 0x0101010101010101u;
    const std::uint64_t from_a = bytes + (0x80 - 'A') * ONES, behind_z = bytes + (0x7f - 'Z') * ONES;
    return bytes | ((from_a & ~behind_z & 0x80 * ONES) >> 2);
}

// The order of two ASCII texts in lower case: negative, 0 or positive.
inline int small_order(std::string_view a, std::string_view b) {
    const std::size_t shorter = a.size() < b.size() ? a.size() : b.size();
    std::size_t k = 0;
    while (shorter - k >= 8 && std::memcmp(a.data() + k, b.data() + k, 8) == 0) k += 8;
    for (; k < shorter; ++k) {
        if (a[k] != b[k] && small_ascii(a[k]) != small_ascii(b[k])) return small_ascii(a[k]) - small_ascii(b[k]);
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
}

// The offset at which a text stops being UTF-8; its size if all of it is UTF-8.
inline std::size_t valid_utf8(std::string_view text) {
    char32_t character;
    for (std::size_t at = 0;;) {
        at += ascii_prefix(text.substr(at));
        if (at == text.size() || !next_character(text, at, character)) return at;
    }
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
