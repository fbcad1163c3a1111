#include "visible.hpp"

#include "utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace foreword::core {

namespace {

struct Range {
    char32_t first, last;
};

// Control characters and those that are none, direction marks, and invisible ones. In rising order.
constexpr Range ALWAYS[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},       {0x61c, 0x61c},     {0x180e, 0x180e},   {0x200b, 0x200b},
    {0x200e, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff},
};
constexpr Range IDEOGRAPHS[] = {{0x2e80, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x3ffff}};

template <std::size_t N>
bool is_in(const Range (&ranges)[N], char32_t character) {
    const auto* const range = std::lower_bound(std::begin(ranges), std::end(ranges), character,
                                               [](const Range& r, char32_t c) { return r.last < c; });
    return range != std::end(ranges) && character >= range->first;
}

bool is_selector_beyond(char32_t c) { return c >= 0xe0100 && c <= 0xe01ef; }
bool is_selector(char32_t c) { return (c >= 0xfe00 && c <= 0xfe0f) || is_selector_beyond(c); }
bool is_joiner(char32_t c) { return c == 0x200c || c == 0x200d; }

// The position after the tags of a flag, such as Scotland's, that begin at `at`; `at` itself if
// there are none.
std::size_t after_tags(std::string_view text, std::size_t at) {
    constexpr int LEAST = 2, MOST = 6;
    constexpr char32_t CANCEL = 0xe007f;
    std::size_t end = at;
    char32_t tag;
    for (int tags = 0; end < text.size() && next_character(text, end, tag); ++tags) {
        if (tag == CANCEL) return tags >= LEAST ? end : at;
        const bool is_tag = (tag >= 0xe0030 && tag <= 0xe0039) || (tag >= 0xe0061 && tag <= 0xe007a);
        if (!is_tag || tags == MOST) break;
    }
    return at;
}

// Bytes of printable ASCII, of which most texts consist, at the beginning of a text: eights that surely are, and then
// single ones.
std::size_t printable_prefix(std::string_view text) {
    constexpr std::uint64_t ONES = 0x0101010101010101u, HIGHEST = 0x80 * ONES;
    std::size_t at = 0;
    for (std::uint64_t bytes; text.size() - at >= sizeof bytes; at += sizeof bytes) {
        std::memcpy(&bytes, text.data() + at, sizeof bytes);
        // A byte below 0x20 borrows, and 0x7f carries, into the highest bit.
        if (((bytes | (bytes - 0x20 * ONES) | (bytes + ONES)) & HIGHEST) != 0) break;
    }
    while (at < text.size() && text[at] >= 0x20 && text[at] < 0x7f) ++at;
    return at;
}

}  // namespace

bool is_plain(std::string_view text) {
    constexpr char32_t BLACK_FLAG = 0x1f3f4;
    char32_t before = 0, character;
    for (std::size_t at = printable_prefix(text); at < text.size(); before = character) {
        if (!next_character(text, at, character)) return false;
        if (character >= 0x20 && character < 0x7f) continue;
        if (is_in(ALWAYS, character)) return false;
        if (is_selector(character) && is_selector(before)) return false;
        if (is_selector_beyond(character) && !is_in(IDEOGRAPHS, before)) return false;
        if (is_joiner(character) && is_joiner(before)) return false;
        if (character == BLACK_FLAG) at = after_tags(text, at);
    }
    return true;
}

}  // namespace foreword::core
