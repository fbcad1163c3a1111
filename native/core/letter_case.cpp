#include "letter_case.hpp"

#include "unicode.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <utility>

namespace foreword::core {

namespace {

constexpr char32_t CAPITAL_DOTTED = 0x130, SMALL_DOTLESS = 0x131, SHARP_S = 0xdf, CAPITAL_SHARP_S = 0x1e9e;
constexpr char32_t DOT_ABOVE = 0x307, OGONEK = 0x328, GRAVE = 0x300, ACUTE = 0x301, TILDE = 0x303, DIAERESIS = 0x308;

bool contains(std::u32string_view text, char32_t c) { return text.find(c) != text.npos; }

// Only for ASCII, in a language's code.
std::string small(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    return lower;
}

// The regular expression [-_](?:cyrl|arab)\b, of a code that BCP 47 allows.
bool has_other_script(const std::string& code) {
    for (const char* const script : {"cyrl", "arab"}) {
        for (std::size_t at = code.find(script); at != std::string::npos; at = code.find(script, at + 1)) {
            const bool begins = at > 0 && (code[at - 1] == '-' || code[at - 1] == '_');
            const std::size_t end = at + 4;
            if (begins && (end == code.size() || code[end] == '-')) return true;
        }
    }
    return false;
}

void make_dotless(std::u32string& word) {
    for (char32_t& c : word) c = c == U'I' ? SMALL_DOTLESS : c == CAPITAL_DOTTED ? U'i' : c;
}

// The number of letters before the capital of an Irish word with a small prefix, as in tAthair; 0
// if it is not one.
std::size_t irish_prefix(std::u32string_view word) {
    const auto at = [&](std::size_t k) { return k < word.size() ? word[k] : 0; };
    const auto follows = [&](std::u32string_view set) { return word.size() > 1 && contains(set, at(1)); };
    const char32_t first = at(0);
    if (contains(U"htn", first) && first != 0 && follows(U"AEIOU\u00c1\u00c9\u00cd\u00d3\u00da")) return 1;
    if (first == U'm' && follows(U"B")) return 1;
    if (first == U'g' && follows(U"C")) return 1;
    if (first == U'n' && follows(U"DG")) return 1;
    if (first == U'b' && follows(U"P")) return 1;
    if (first == U'b' && at(1) == U'h' && at(2) == U'F') return 2;
    if ((first == U'd' || first == U't') && follows(U"TS")) return 1;
    return 0;
}

bool is_greek(char32_t c) { return (c >= 0x370 && c <= 0x3ff) || (c >= 0x1f00 && c <= 0x1fff); }
bool is_tonos(char32_t c) { return c == 0x300 || c == 0x301 || c == 0x313 || c == 0x314 || c == 0x342; }

// Greek capitals without accents; a diaeresis where one separated two vowels.
std::u32string without_tonos(std::u32string_view capitals) {
    const std::u32string parts = normalised(capitals, Form::NFD);
    std::u32string apart;
    for (std::size_t k = 0; k < parts.size(); ++k) {
        const auto at = [&](std::size_t n) { return k + n < parts.size() ? parts[k + n] : 0; };
        const bool is_pair = contains(U"ΑΕΗΟΥΩ", at(0)) && at(1) == ACUTE && (at(2) == U'Ι' || at(2) == U'Υ');
        if (at(0) != 0 && is_pair && at(3) != ACUTE && at(3) != DIAERESIS) {
            apart += parts.substr(k, 3);
            apart += DIAERESIS;
            k += 2;
        } else {
            apart += parts[k];
        }
    }
    apart.erase(std::remove_if(apart.begin(), apart.end(), is_tonos), apart.end());
    return normalised(apart, Form::NFC);
}

// Without the dots that Lithuanian sets above small letters under an accent; at most `most` of them.
std::u32string without_dots(std::u32string_view text, std::size_t most) {
    std::u32string bare;
    for (std::size_t k = 0; k < text.size(); ++k) {
        const auto before = [&](std::size_t n) { return k >= n ? text[k - n] : 0; };
        const bool follows = before(1) != 0 && contains(U"iIjJ\u012e\u012f", before(1));
        const bool follows_ogonek = before(1) == OGONEK && before(2) != 0 && contains(U"iIjJ", before(2));
        if (text[k] == DOT_ABOVE && most > 0 && (follows || follows_ogonek)) --most;
        else bare += text[k];
    }
    return bare;
}

std::u32string with_dots(std::u32string_view parts) {
    std::u32string dotted;
    for (std::size_t k = 0; k < parts.size(); ++k) {
        dotted += parts[k];
        if (parts[k] != U'i' && parts[k] != U'j') continue;
        std::size_t next = k + 1;
        if (next < parts.size() && parts[next] == OGONEK) ++next;
        const char32_t accent = next < parts.size() ? parts[next] : 0;
        const bool is_accent = accent == GRAVE || accent == ACUTE || accent == TILDE;
        if (!is_accent) continue;
        if (next == k + 2) dotted += parts[++k];
        dotted += DOT_ABOVE;
    }
    return dotted;
}

}  // namespace

LetterCase::LetterCase(std::string language) : language_(std::move(language)) {
    const std::string code = small(language_);
    primary_ = code.substr(0, code.find_first_of("-_"));
    for (const char* const one : {"tr", "az", "crh", "gag", "tt"}) {
        is_dotless_ = is_dotless_ || (is(one) && !has_other_script(code));
    }
}

LetterCase LetterCase::of(const Vocabulary& words) {
    constexpr double DOTLESS = 0.02, PREFIXED = 0.003;  // shares of the words that show a rule
    constexpr double ENOUGH = 2;                        // words
    const double total = (double)words.size();
    std::size_t dotless = 0, digraphs = 0, halves = 0, prefixed = 0;
    const auto may_show = [](unsigned char c) { return (c >= 0x80) | ((c >= 'A') & (c <= 'Z')); };
    for (const std::uint32_t id : words.texts().having(may_show)) {
        const std::string_view utf8 = words[id];
        const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
        // One capital at the beginning, other than I, shows nothing.
        const bool has_capital = utf8[0] == 'I' || std::any_of(utf8.begin() + 1, utf8.end(), is_capital);
        if (!has_capital && is_ascii(utf8)) continue;
        const std::u32string word = decoded(utf8);
        const std::u32string_view rest = std::u32string_view(word).substr(std::min<std::size_t>(1, word.size()));
        if (contains(word, SMALL_DOTLESS) || contains(word, CAPITAL_DOTTED)) {
            ++dotless;
        } else if (!word.empty() && word[0] == U'I') {
            digraphs += !rest.empty() && rest[0] == U'J' && is_lower(rest.substr(1));
            halves += !rest.empty() && rest[0] == U'j';
        } else if (const std::size_t prefix = irish_prefix(word); prefix > 0) {
            prefixed += is_lower(std::u32string_view(word).substr(prefix + 1));
        }
    }
    if ((double)dotless >= std::max(ENOUGH, total * DOTLESS)) return LetterCase("tr");
    if ((double)prefixed >= std::max(ENOUGH, total * PREFIXED)) return LetterCase("ga");
    if ((double)digraphs >= ENOUGH && digraphs > halves) return LetterCase("nl");
    return LetterCase();
}

std::u32string LetterCase::fold(std::u32string_view given) const {
    std::u32string word(given);
    if (is_dotless_) make_dotless(word);
    if (is_ascii(word)) return casefold(word);
    std::u32string all;
    std::size_t start = 0;
    for (std::size_t k = 0; k <= word.size(); ++k) {  // ß stays distinct from ss
        if (k < word.size() && word[k] != SHARP_S && word[k] != CAPITAL_SHARP_S) continue;
        all += casefold(std::u32string_view(word).substr(start, k - start));
        if (k < word.size()) all += SHARP_S;
        start = k + 1;
    }
    return all;
}

std::u32string LetterCase::lower(std::u32string_view given) const {
    std::u32string word(given);
    if (is_dotless_) make_dotless(word);
    word = core::lower(word);
    if (!is("lt") || is_ascii(word)) return word;
    return normalised(with_dots(normalised(word, Form::NFD)), Form::NFC);
}

std::u32string LetterCase::upper(std::u32string_view given) const {
    std::u32string word(given);
    if (is_dotless_) std::replace(word.begin(), word.end(), U'i', CAPITAL_DOTTED);
    if (is("lt")) {
        const std::u32string bare = without_dots(normalised(word, Form::NFD), word.npos);
        return normalised(core::upper(bare), Form::NFC);
    }
    if (is("ga")) {
        if (const std::size_t prefix = irish_prefix(word)) {
            return word.substr(0, prefix) + core::upper(std::u32string_view(word).substr(prefix));
        }
    }
    std::u32string capitals = core::upper(word);
    if (std::none_of(capitals.begin(), capitals.end(), is_greek)) return capitals;
    return word == U"ή" ? U"Ή" : without_tonos(capitals);  // the word for or
}

std::u32string LetterCase::capitalised(std::u32string_view given) const {
    const std::u32string word(given);
    if (word.empty() || word != lower(word)) return word;
    if (word[0] == U'i' && is_dotless_) return CAPITAL_DOTTED + word.substr(1);
    if (is("nl") && word.compare(0, 2, U"ij") == 0) return U"IJ" + word.substr(2);
    std::u32string first;
    if (is("lt")) {
        first = core::upper(word.substr(0, 1)) + word.substr(1);
        return normalised(without_dots(first, 1), Form::NFC);
    }
    append_title(first, word[0]);
    return first + word.substr(1);
}

}  // namespace foreword::core
