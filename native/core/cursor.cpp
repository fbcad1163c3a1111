#include "cursor.hpp"

#include "reading.hpp"
#include "sentences.hpp"
#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace foreword::core {

namespace {

// Characters that may be inside a word and may also close a quotation.
bool may_close(char32_t c) { return c == U'\'' || c == 0x2019 || c == 0x5f4; }

// Whether a known word begins so. Otherwise, a mark at its end may close a quotation.
bool begins_a_word(std::u32string_view letters, const Tokenizer& tokenizer, const Lexicon& lexicon,
                   const RareWords& rare) {
    const std::string fold = lexicon.fold(encoded(tokenizer.normalise(letters)));
    const auto [low, high] = lexicon.range(fold);
    return low < high || !rare.beginning(fold, 1).empty();
}

}  // namespace

std::size_t unfinished_from(std::u32string_view given, const Tokenizer& tokenizer, const Lexicon& lexicon,
                            const RareWords& rare) {
    const std::size_t before = given.size() - std::min(given.size(), LONGEST_RUN);
    const std::u32string rest = as_if_continued(given.substr(before));
    if (rest.empty()) return given.size();
    const bool is_in_print = !tokenizer.spec().only_spaces;
    if (is_in_print && is_inside(rest.back())) {
        const std::size_t last = rest.size() - 1;
        const std::vector<Word> words = tokenizer.split(std::u32string_view(rest).substr(0, last));
        const std::size_t start = !words.empty() && words.back().end == last ? words.back().start : last;
        const auto letters = std::u32string_view(rest).substr(start);
        const bool goes_on = !may_close(rest[last]) || begins_a_word(letters, tokenizer, lexicon, rare);
        return goes_on && is_of_words(rest[start]) ? before + start : given.size();
    }
    const std::vector<Word> words = tokenizer.split(rest);
    if (words.empty() || words.back().end != rest.size()) return given.size();
    const Word& last = words.back();
    const bool goes_on = !is_in_print || (is_of_words(last.text.front()) && is_of_words(last.text.back()));
    // The m of p.m is a whole word.
    const std::vector<Span> abbreviations = dotted(rest);
    const bool is_dotted = !abbreviations.empty() && abbreviations.back().end == rest.size();
    return goes_on && !is_dotted ? before + last.start : given.size();
}

std::size_t letters_from(std::u32string_view text, const Tokenizer& tokenizer, const Lexicon& lexicon,
                         const RareWords& rare) {
    const std::size_t first = text.size() - std::min(text.size(), STRIDE);
    std::size_t start = text.size();
    while (start > first && !is_white_space(text[start - 1])) --start;
    return start + unfinished_from(text.substr(start), tokenizer, lexicon, rare);
}

}  // namespace foreword::core
