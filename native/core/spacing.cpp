#include "spacing.hpp"

#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

#include "spacing_tables.inc"

constexpr std::int64_t ENOUGH = 5;  // times that a mark must have been seen before the text decides
constexpr double SURE = 0.05;       // a mark with a space before it less often removes an existing one
constexpr std::u32string_view OPENS = U"\u201c", CLOSES = U"\u201d";

// A space before a word or mark: how often there is one, and which.
struct Gap {
    double share;
    char32_t space;
};

bool contains(std::u32string_view set, char32_t c) { return set.find(c) != set.npos; }
bool all_in(std::u32string_view text, std::u32string_view set) { return text.find_first_not_of(set) == text.npos; }
bool is_of_word(char32_t c) { return is_alphanumeric(c) || c == U'_'; }

// As a regular expression of Python compares letters when it ignores case.
char32_t small(char32_t c) {
    if (c >= U'A' && c <= U'Z') return c + 32;
    if (c == 0x130 || c == 0x131) return U'i';
    return c == 0x17f ? U's' : c == 0x212a ? U'k' : c;
}
bool is_small_letter(char32_t c) { return small(c) >= U'a' && small(c) <= U'z'; }

bool begins_with(std::u32string_view text, std::u32string_view small_prefix) {
    if (text.size() < small_prefix.size()) return false;
    return std::equal(small_prefix.begin(), small_prefix.end(), text.begin(),
                      [](char32_t a, char32_t b) { return a == small(b); });
}

// Whether characters without spaces begin as an address does, after marks such as brackets.
bool begins_address(std::u32string_view text) {
    for (std::size_t at = 0; at <= text.size(); ++at) {
        const std::u32string_view rest = text.substr(at);
        for (const std::u32string_view start : {U"www.", U"http:", U"https:", U"ftp:", U"file:", U"mailto:"}) {
            if (begins_with(rest, start)) return true;
        }
        const auto run = [&](auto&& is) {
            return (std::size_t)(std::find_if_not(rest.begin(), rest.end(), is) - rest.begin());
        };
        const std::size_t scheme = run(is_small_letter);
        if (scheme > 0 && rest.substr(scheme, 3) == U"://") return true;
        const std::size_t name = run([](char32_t c) { return is_of_word(c) || contains(U".+-", c); });
        if (name > 0 && name < rest.size() && rest[name] == U'@') return true;
        if (at == text.size() || is_of_word(text[at])) return false;
    }
    return false;
}

// The run of one mark that ends a text, or nothing.
std::u32string_view mark_at_end(std::u32string_view text) {
    if (text.empty() || is_of_word(text.back()) || is_space(text.back())) return {};
    std::size_t start = text.size();
    while (start > 0 && text[start - 1] == text.back()) --start;
    return text.substr(start);
}

std::u32string_view last_chunk(std::u32string_view text) {
    std::size_t start = text.size();
    while (start > 0 && !is_space(text[start - 1])) --start;
    return text.substr(start);
}

// Whether a text ends in an initial and its full stop.
bool ends_in_initial(std::u32string_view text) {
    if (text.size() < 2 || text.back() != U'.') return false;
    const char32_t letter = text[text.size() - 2];
    const bool is_letter = is_alphanumeric(letter) && !is_decimal(letter);
    return is_letter && (text.size() == 2 || !is_alphanumeric(text[text.size() - 3]));
}

// Whether a mark closes what the same mark opened in a chunk without spaces, as in *so*.
bool closes_pair(std::u32string_view mark, std::u32string_view chunk) {
    const bool begins = chunk.substr(0, mark.size()) == mark;
    const auto count = (std::size_t)std::count(chunk.begin(), chunk.end(), mark[0]);
    return contains(U"*~`|", mark[0]) && begins && count > mark.size();
}

Gap gap_before(std::u32string_view word, bool is_quoting, const Spacing& spacing) {
    if (!is_mark(word)) return {1, U' '};
    if (word == U"\"") word = is_quoting ? CLOSES : OPENS;
    return {spacing.share(GapPosition::BEFORE, word), spacing.space_before(word)};
}

// The space, or nothing, between a text that does not end in one and a word.
std::u32string gap(std::u32string_view before, std::u32string_view word, bool is_quoting, const Spacing& spacing) {
    const Gap own = gap_before(word, is_quoting, spacing);
    if (own.share < 0.5) return {};
    if (is_unspaced(before.substr(before.size() - 1)) && is_unspaced(word.substr(0, 1))) return {};
    const std::u32string space(1, own.space);
    const std::u32string_view raw = mark_at_end(before);
    if (raw.empty() || !is_mark(raw)) return space;
    std::u32string mark = folded(raw, spacing.kept());
    const std::u32string_view text = before.substr(0, before.size() - raw.size()), glued = last_chunk(before);
    if (all_in(mark, OF_ADDRESSES) && begins_address(glued)) return {};
    const bool follows_digit = !text.empty() && has(text.back(), DIGIT);
    if (mark == U":" && follows_digit && has(word[0], DIGIT)) return {};
    if (mark == U"." && ends_in_initial(before)) {
        const bool is_initial = word.size() == 1 && is_alpha(word) && is_upper(word) == is_upper(text.substr(text.size() - 1));
        if (is_initial) return {};  // the S of U.S
    }
    if (closes_pair(mark, glued)) return space;
    if (mark == U"\"") {
        // “ after a space opens, and after a word closes what „ opened.
        const bool is_open = is_quoting || (raw == OPENS && (text.empty() || is_space(text.back())));
        mark = is_open ? OPENS : CLOSES;
    }
    bool follows_word = !text.empty() && is_alphanumeric(text.back()) && mark != OPENS;
    if (!follows_word && !text.empty() && !is_space(text.back()) && !all_in(mark, NO_SPACE_AFTER)) {
        follows_word = true;  // a mark after a mark
    }
    if (mark == U"'" && !follows_word) return {};
    const GapPosition position = follows_word ? GapPosition::AFTER_WORD : GapPosition::AFTER_SPACE;
    if (spacing.share(position, mark) < 0.5) return {};
    return std::u32string(1, spacing.space_after(mark));
}

}  // namespace

bool is_mark(std::u32string_view word) {
    if (word.empty()) return false;
    const Category kind = properties(word[0]).category;
    return is_punctuation(kind) || kind == Category::Sm || kind == Category::Sc || kind == Category::Sk;
}

const MarkCounts* Spacing::known(std::u32string_view mark) const {
    auto found = marks_.find(mark);
    if (found == marks_.end()) found = marks_.find(mark.substr(0, 1));
    return found == marks_.end() ? nullptr : &found->second;
}

double Spacing::share(GapPosition position, std::u32string_view mark) const {
    for (const std::u32string_view name : {mark, mark.substr(0, 1)}) {
        const auto found = marks_.find(name);
        if (found == marks_.end()) continue;
        const MarkCounts::Gap& counts = found->second.gaps[(std::size_t)position];
        if (counts.nothing + counts.space < ENOUGH) continue;
        return (double)counts.space / (double)(counts.nothing + counts.space);
    }
    if (has(mark[0], WIDE)) return 0;  // full-width marks include their space
    if (position == GapPosition::BEFORE) return all_in(mark, NO_SPACE_BEFORE) ? 0 : 1;
    if (position == GapPosition::AFTER_SPACE) return all_in(mark, NO_SPACE_AFTER) ? 0 : 1;
    const bool is_currency = properties(mark[0]).category == Category::Sc;
    return all_in(mark, NO_SPACE_BEFORE) || is_currency ? 1 : 0;
}

char32_t Spacing::space_before(std::u32string_view mark) const {
    const MarkCounts* const counts = known(mark);
    return counts == nullptr ? U' ' : counts->space_before;
}

char32_t Spacing::space_after(std::u32string_view mark) const {
    const MarkCounts* const counts = known(mark);
    return counts == nullptr ? U' ' : counts->space_after;
}

std::int64_t Spacing::spaces_before(std::u32string_view mark) const {
    const auto found = marks_.find(mark);
    return found == marks_.end() ? 0 : found->second.gaps[(std::size_t)GapPosition::BEFORE].space;
}

bool Spacing::ends(std::u32string_view mark) const {
    const auto found = marks_.find(mark);
    if (found != marks_.end() && found->second.ends) return *found->second.ends;
    return all_in(mark, USUAL_ENDS) && (mark.empty() || mark[0] != U'.' || mark.size() == 1);
}

std::u32string Spacing::kept() const {
    std::u32string marks;
    for (const auto& [mark, counts] : marks_) {
        if (mark.size() == 1) marks += mark;
    }
    return marks;
}

double space_share(std::u32string_view word, bool is_quoting, const Spacing& spacing) {
    return gap_before(word, is_quoting, spacing).share;
}

Joined join(std::u32string_view before, std::u32string_view word, bool is_quoting, bool is_in_print,
            const Spacing& spacing) {
    const char32_t last = before.empty() ? U'\n' : before.back();
    if (is_line_end(last)) return {0, std::u32string(word)};
    if (!is_in_print) return {0, (is_space(last) ? U"" : U" ") + std::u32string(word)};
    if (!is_space(last)) return {0, gap(before, word, is_quoting, spacing) + std::u32string(word)};
    if (last != U' ' || before.size() < 2 || is_space(before[before.size() - 2])) return {0, std::u32string(word)};
    // The space may have been inserted with the word before it.
    const Gap own = gap_before(word, is_quoting, spacing);
    if (own.share < SURE) return {1, std::u32string(word)};
    if (own.share > 0.5 && own.space != U' ') return {1, own.space + std::u32string(word)};
    return {0, std::u32string(word)};
}

}  // namespace foreword::core
