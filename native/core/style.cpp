#include "style.hpp"

#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

constexpr char32_t GERSHAYIM = 0x5f4, OPENING_APOSTROPHE = 0x2018;

// The mark that closes what a quotation mark opens; 0: another mark, after which the last one stays.
char32_t closing(std::u32string_view opening) {
    if (opening.size() != 1) return 0;
    switch (opening[0]) {
        case 0x201c: case 0x201d: case 0x201f: return 0x201d;
        case 0x201e: return 0x201c;
        case 0xff02: case 0x2033: case U'"': return opening[0];
    }
    return 0;
}

// Whether a character may show a style: a typographic mark, or a plain one that replaces some.
bool is_telling(char32_t c) {
    constexpr std::u32string_view PLAIN = U"'\"-.\u05f4";
    return PLAIN.find(c) != PLAIN.npos || plain_mark(c) != std::u32string_view(&c, 1);
}

bool is_run_of(std::u32string_view word, char32_t mark) {
    return !word.empty() && word.find_first_not_of(mark) == word.npos;
}

std::u32string replaced(std::u32string_view text, std::u32string_view mark, std::u32string_view by) {
    std::u32string changed;
    for (std::size_t at = 0; at < text.size();) {
        const bool is_it = text.substr(at, mark.size()) == mark;
        changed += is_it ? by : text.substr(at, 1);
        at += is_it ? mark.size() : 1;
    }
    return changed;
}

}  // namespace

Style Style::after(std::u32string_view raw, std::u32string_view word, bool is_quoting, bool is_spaced) const {
    Style next = *this;
    if (std::none_of(raw.begin(), raw.end(), is_telling)) return next;
    if (word == U"\"") {
        if (is_quoting) {
            next.closes = raw;
        } else {
            next.opens = raw;
            if (const char32_t mark = closing(raw)) next.closes = mark;
        }
    } else if (word == U"-") {
        (is_spaced ? next.short_dash : next.hyphen) = raw;
    } else if (word == U"--") {
        next.dash = raw;
    } else if (word == U"...") {
        next.ellipsis = raw;
    } else if (word.find(GERSHAYIM) != word.npos) {
        next.gershayim = raw.find(U'"') != raw.npos ? U'"' : GERSHAYIM;
    } else {
        const auto last = std::find_if(raw.rbegin(), raw.rend(), [](char32_t c) { return plain_mark(c) == U"'"; });
        if (last != raw.rend() && *last != OPENING_APOSTROPHE) next.apostrophe = *last;
    }
    return next;
}

std::u32string Style::written(std::u32string_view word, bool is_quoting, bool is_spaced) const {
    if (!word.empty() && is_alpha(word[0])) {
        return replaced(replaced(word, U"\u05f4", gershayim), U"'", apostrophe);
    }
    if (word == U"\"") return is_quoting ? closes : opens;
    if (word == U"-") return is_spaced ? short_dash : hyphen;
    if (is_run_of(word, U'-') && word.size() % 2 == 0) return replaced(word, U"--", dash);
    if (is_run_of(word, U'.') && word.size() % 3 == 0) return replaced(word, U"...", ellipsis);
    if (word == U"'" && apostrophe == U"\u2019") return is_spaced ? U"\u2018" : U"\u2019";
    return std::u32string(word);
}

}  // namespace foreword::core
