#include "unicode.hpp"

#include "utf8.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace foreword::core {

namespace {

// `count` characters from `first`, every `stride`, have a counterpart that is `distance` away.
struct CaseRun {
    std::uint32_t first;
    std::uint16_t count;
    std::uint8_t stride;
    std::int32_t distance;
};

struct CaseSpecial {
    std::uint32_t character;
    std::uint32_t becomes[3];  // zeros behind its end
};

struct Decomposition {
    std::uint32_t character;
    std::uint16_t start;  // in DECOMPOSED, UTF-16
    std::uint8_t length;
    Decomposed::Kind kind;
};

struct Composition {
    std::uint32_t first, second, composed;
};

#include "unicode_tables.inc"

constexpr int RECORD_BITS = 11;
constexpr char32_t LAST = 0x10ffff, REPLACEMENT = 0xfffd;

template <std::size_t R, std::size_t S>
void append_mapped(std::u32string& into, char32_t c, const CaseRun (&runs)[R], const CaseSpecial (&specials)[S]) {
    const CaseRun* const after = std::upper_bound(
        std::begin(runs), std::end(runs), c, [](char32_t c, const CaseRun& run) { return c < run.first; });
    if (after != std::begin(runs)) {
        const CaseRun& run = after[-1];
        const char32_t distance = c - run.first;
        if (distance % run.stride == 0 && distance / run.stride < run.count) {
            into += (char32_t)((std::int32_t)c + run.distance);
            return;
        }
    }
    const CaseSpecial* const special =
        std::lower_bound(std::begin(specials), std::end(specials), c,
                         [](const CaseSpecial& special, char32_t c) { return special.character < c; });
    if (special == std::end(specials) || special->character != c) {
        into += c;
        return;
    }
    for (const std::uint32_t part : special->becomes) {
        if (part != 0) into += (char32_t)part;
    }
}

constexpr char32_t SIGMA = 0x3a3, SMALL_SIGMA = 0x3c3, FINAL_SIGMA = 0x3c2;

bool ends_word(std::u32string_view text, std::size_t at) {
    std::size_t before = at;
    while (before > 0 && has(text[before - 1], CASE_IGNORABLE)) --before;
    if (before == 0 || !has(text[before - 1], CASED)) return false;
    std::size_t after = at + 1;
    while (after < text.size() && has(text[after], CASE_IGNORABLE)) ++after;
    return after == text.size() || !has(text[after], CASED);
}

const Decomposition* decomposition(char32_t c) {
    if (c < DECOMPOSITIONS[0].character) return nullptr;
    const Decomposition* const found =
        std::lower_bound(std::begin(DECOMPOSITIONS), std::end(DECOMPOSITIONS), c,
                         [](const Decomposition& row, char32_t c) { return row.character < c; });
    return found != std::end(DECOMPOSITIONS) && found->character == c ? found : nullptr;
}

template <class Each>
void each_part(const Decomposition& row, Each&& each) {
    for (std::size_t k = 0; k < row.length; ++k) {
        char32_t c = DECOMPOSED[row.start + k];
        if (c >= 0xd800 && c < 0xdc00) {
            c = 0x10000 + ((c - 0xd800) << 10) + (DECOMPOSED[row.start + ++k] - 0xdc00u);
        }
        each(c);
    }
}

// The Unicode Standard, section 3.12: syllables of Hangul compose by arithmetic.
constexpr char32_t SYLLABLES = 0xac00, LEADS = 0x1100, VOWELS = 0x1161, TRAILS = 0x11a7;
constexpr char32_t LEAD_COUNT = 19, VOWEL_COUNT = 21, TRAIL_COUNT = 28;
constexpr char32_t SYLLABLE_COUNT = LEAD_COUNT * VOWEL_COUNT * TRAIL_COUNT;

void append_decomposed(std::u32string& into, char32_t c, bool is_compatible) {
    if (c < 0x80) {
        into += c;
        return;
    }
    if (c >= SYLLABLES && c - SYLLABLES < SYLLABLE_COUNT) {
        const char32_t index = c - SYLLABLES;
        into += LEADS + index / (VOWEL_COUNT * TRAIL_COUNT);
        into += VOWELS + index / TRAIL_COUNT % VOWEL_COUNT;
        if (index % TRAIL_COUNT != 0) into += TRAILS + index % TRAIL_COUNT;
        return;
    }
    const Decomposition* const row = decomposition(c);
    if (row == nullptr || (row->kind != Decomposed::CANONICAL && !is_compatible)) {
        into += c;
        return;
    }
    each_part(*row, [&](char32_t part) { append_decomposed(into, part, is_compatible); });
}

// Sorts combining characters between others by their class; those of one class keep their order.
void reorder(std::u32string& text) {
    for (std::size_t start = 0; start < text.size();) {
        if (properties(text[start]).combining_class == 0) {
            ++start;
            continue;
        }
        std::size_t end = start + 1;
        while (end < text.size() && properties(text[end]).combining_class != 0) ++end;
        std::stable_sort(text.begin() + (std::ptrdiff_t)start, text.begin() + (std::ptrdiff_t)end,
                         [](char32_t a, char32_t b) {
                             return properties(a).combining_class < properties(b).combining_class;
                         });
        start = end;
    }
}

// The composition of two characters; 0 if there is none.
char32_t composed(char32_t first, char32_t second) {
    if (first >= LEADS && first - LEADS < LEAD_COUNT) {
        if (second < VOWELS || second - VOWELS >= VOWEL_COUNT) return 0;
        return SYLLABLES + ((first - LEADS) * VOWEL_COUNT + (second - VOWELS)) * TRAIL_COUNT;
    }
    if (first >= SYLLABLES && first - SYLLABLES < SYLLABLE_COUNT) {
        const bool is_open = (first - SYLLABLES) % TRAIL_COUNT == 0;
        const bool is_trail = second > TRAILS && second - TRAILS < TRAIL_COUNT;
        return is_open && is_trail ? first + (second - TRAILS) : 0;
    }
    const auto key = std::pair<std::uint32_t, std::uint32_t>(first, second);
    const Composition* const found = std::lower_bound(
        std::begin(COMPOSITIONS), std::end(COMPOSITIONS), key,
        [](const Composition& row, const auto& key) { return std::pair(row.first, row.second) < key; });
    const bool is_it = found != std::end(COMPOSITIONS) && found->first == first && found->second == second;
    return is_it ? found->composed : 0;
}

void compose(std::u32string& text) {
    constexpr std::size_t NONE = (std::size_t)-1;
    constexpr int ADJACENT = -1;
    std::size_t starter = NONE, length = 0;
    int last_class = ADJACENT;  // of what stands between the starter and this character
    for (const char32_t c : text) {
        const int own_class = properties(c).combining_class;
        if (starter != NONE && last_class < own_class) {
            if (const char32_t both = composed(text[starter], c)) {
                text[starter] = both;
                continue;
            }
        }
        if (own_class == 0) starter = length, last_class = ADJACENT;
        else last_class = own_class;
        text[length++] = c;
    }
    text.resize(length);
}

template <class Is>
bool is_cased_all(std::u32string_view text, Is&& is_other) {
    bool has_case = false;
    for (const char32_t c : text) {
        if (is_other(c)) return false;
        has_case = has_case || is_upper(c) || is_lower(c);
    }
    return has_case;
}

}  // namespace

const Properties& properties(char32_t character) {
    const char32_t c = std::min(character, LAST);
    const std::uint32_t* const begin = RANGES + PAGES[c >> 8];
    const std::uint32_t* const end = RANGES + PAGES[(c >> 8) + 1] + 1;
    const std::uint32_t* const after = std::upper_bound(
        begin + 1, end, c, [](char32_t c, std::uint32_t range) { return c < range >> RECORD_BITS; });
    return RECORDS[after[-1] & ((1u << RECORD_BITS) - 1)];
}

bool is_ascii(std::u32string_view text) {
    return std::all_of(text.begin(), text.end(), [](char32_t c) { return is_ascii(c); });
}

bool is_alpha(std::u32string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char32_t c) { return is_alpha(c); });
}

bool is_upper(std::u32string_view text) {
    return is_cased_all(text, [](char32_t c) { return is_lower(c) || properties(c).category == Category::Lt; });
}

bool is_lower(std::u32string_view text) {
    return is_cased_all(text, [](char32_t c) { return is_upper(c) || properties(c).category == Category::Lt; });
}

char32_t next_decoded(std::string_view utf8, std::size_t& at) {
    char32_t character;
    if (next_character(utf8, at, character)) return character;
    // The position after the bytes of an incomplete character.
    const auto byte = [&](std::size_t k) { return k < utf8.size() ? (unsigned char)utf8[k] : 0u; };
    const unsigned first = byte(at), second = byte(at + 1);
    const std::size_t length = first < 0xc2 || first > 0xf4 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const unsigned least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    std::size_t count = 1;
    if (length > 1 && second >= least && second <= most) {
        ++count;
        while (count < length && (byte(at + count) & 0xc0) == 0x80) ++count;
    }
    at += count;
    return REPLACEMENT;
}

std::u32string decoded(std::string_view utf8) {
    if (is_ascii(utf8)) return {utf8.begin(), utf8.end()};
    std::u32string text;
    text.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) text += next_decoded(utf8, at);
    return text;
}

void append_encoded(std::string& into, std::u32string_view text) {
    for (const char32_t c : text) append_utf8(into, c >= 0xd800 && c < 0xe000 ? REPLACEMENT : c);
}

std::string encoded(std::u32string_view text) {
    std::string utf8;
    utf8.reserve(text.size());
    append_encoded(utf8, text);
    return utf8;
}

void append_lower(std::u32string& into, char32_t c) { append_mapped(into, c, LOWER_RUNS, LOWER_SPECIALS); }

void append_title(std::u32string& into, char32_t c) { append_mapped(into, c, TITLE_RUNS, TITLE_SPECIALS); }

std::u32string lower(std::u32string_view text) {
    std::u32string mapped;
    mapped.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == SIGMA) mapped += ends_word(text, at) ? FINAL_SIGMA : SMALL_SIGMA;
        else append_lower(mapped, text[at]);
    }
    return mapped;
}

std::u32string upper(std::u32string_view text) {
    std::u32string mapped;
    mapped.reserve(text.size());
    for (const char32_t c : text) append_mapped(mapped, c, UPPER_RUNS, UPPER_SPECIALS);
    return mapped;
}

std::u32string casefold(std::u32string_view text) {
    std::u32string mapped;
    mapped.reserve(text.size());
    for (const char32_t c : text) {
        if (is_ascii(c)) mapped += c >= U'A' && c <= U'Z' ? c + 32 : c;
        else append_mapped(mapped, c, FOLD_RUNS, FOLD_SPECIALS);
    }
    return mapped;
}

bool is_surely_nfc(std::u32string_view text) {
    constexpr char32_t FIRST_COMBINING = 0x300;
    return std::all_of(text.begin(), text.end(), [](char32_t c) {
        return c < FIRST_COMBINING || (properties(c).flags & (JOINS_BEFORE | CHANGES_IN_NFC)) == 0;
    });
}

std::u32string normalised(std::u32string_view text, Form form) {
    if (is_ascii(text) || (form == Form::NFC && is_surely_nfc(text))) return std::u32string(text);
    std::u32string changed;
    changed.reserve(text.size());
    for (const char32_t c : text) append_decomposed(changed, c, form == Form::NFKC || form == Form::NFKD);
    reorder(changed);
    if (form == Form::NFC || form == Form::NFKC) compose(changed);
    return changed;
}

Decomposed decomposed(char32_t character) {
    const Decomposition* const row = decomposition(character);
    if (row == nullptr) return {Decomposed::NOT, {}};
    Decomposed found{row->kind, {}};
    each_part(*row, [&](char32_t part) { found.text += part; });
    return found;
}

}  // namespace foreword::core
