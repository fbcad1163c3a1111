#include "sentences.hpp"

#include "unicode.hpp"

#include <algorithm>
#include <iterator>

namespace foreword::core {

namespace {

#include "sentence_tables.inc"

template <std::size_t N>
bool is_in(const std::u32string_view (&sorted)[N], std::u32string_view word) {
    return std::binary_search(std::begin(sorted), std::end(sorted), word);
}

// The regular expression [^\W\d_] of Python.
bool is_letter(char32_t c) { return is_alphanumeric(c) && !is_decimal(c); }

// The end of a group of one or two letters and a full stop; `at` itself if there is none.
std::size_t group_end(std::u32string_view text, std::size_t at) {
    for (std::size_t letters = 1; letters <= 2; ++letters) {
        if (at + letters >= text.size() || !is_letter(text[at + letters - 1])) return at;
        if (text[at + letters] == U'.') return at + letters + 1;
    }
    return at;
}

// The end of an abbreviation that begins at `start`; `start` itself if there is none.
std::size_t dotted_end(std::u32string_view text, std::size_t start) {
    if (start > 0 && is_alphanumeric(text[start - 1])) return start;
    std::vector<std::size_t> ends;
    for (std::size_t at = start, end; (end = group_end(text, at)) > at; at = end) ends.push_back(end);
    for (; !ends.empty(); ends.pop_back()) {  // the last letter may be one that a full stop follows
        const std::size_t last = ends.back(), end = last + 1;
        if (last >= text.size() || !is_letter(text[last])) continue;
        if (end < text.size() && is_alphanumeric(text[end])) continue;
        return end < text.size() && text[end] == U'.' ? end + 1 : end;
    }
    return start;
}

}  // namespace

bool is_abbreviated(const std::vector<std::u32string>& words, const Abbreviations& known) {
    if (words.empty()) return false;
    const std::u32string& last = words.back();
    if (last.size() == 1 && is_alpha(last) && last != U"I") return true;  // an initial
    const std::u32string fold = casefold(last);
    return known.count(fold) != 0 || is_in(ABBREVIATIONS, fold) || is_in(SMALL_ABBREVIATIONS, last);
}

bool is_read_without_stop(const std::vector<std::u32string>& words, const Abbreviations& known) {
    if (words.empty()) return false;
    const std::u32string last = casefold(words.back());
    if (known.count(last) != 0) return false;
    std::u32string joined;
    for (std::size_t k = words.size() - std::min<std::size_t>(3, words.size()); k < words.size(); ++k) joined += words[k];
    if (is_in(BEFORE_MORE, casefold(joined))) return true;
    return (is_in(ABBREVIATIONS, last) || is_in(SMALL_ABBREVIATIONS, last)) && !is_in(TITLES, last);
}

bool is_emoji(std::u32string_view raw) {
    return !raw.empty() && raw[0] >= 0x2600 && properties(raw[0]).category == Category::So;
}

bool is_heart(char32_t emoji) { return is_in(HEARTS, std::u32string_view(&emoji, 1)); }

std::vector<Span> dotted(std::u32string_view text) {
    std::vector<Span> found;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = dotted_end(text, at);
        if (end > at) found.push_back({at, end});
        at = std::max(end, at + 1);
    }
    return found;
}

}  // namespace foreword::core
