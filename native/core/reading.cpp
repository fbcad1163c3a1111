#include "reading.hpp"

#include "unicode.hpp"

#include <algorithm>
#include <array>

namespace foreword::core {

namespace {

constexpr std::size_t WORDS_BETWEEN_SPACES = 64;  // the last ones, of such a run
constexpr std::size_t WORDS_REMEMBERED = 64;
constexpr int MOST_CAPITALS = 3;
// Marks after which a sentence begins if it began before them.
constexpr std::u32string_view TRANSPARENT = U"\"'\u201c\u201d\u2018\u2019()[]\u00ab\u00bb\u00bf\u00a1";

// A run of characters of scripts without spaces is cut at a mark before so many of them.
constexpr std::size_t SETTLED = 48;

// The marks of such scripts, of full width or not.
bool is_between(char32_t c) {
    constexpr std::u32string_view MARKS =
        U"\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\u2026\u2014,.!?;:()";
    const bool is_cjk = (c >= 0x3001 && c <= 0x3003) || (c >= 0x3008 && c <= 0x3011) || (c >= 0x3014 && c <= 0x301f);
    return is_cjk || MARKS.find(c) != MARKS.npos;
}

std::vector<std::u32string> with(const std::vector<std::u32string>& words, std::u32string_view word) {
    const std::size_t kept = std::min(words.size(), WORDS_REMEMBERED - 1);
    std::vector<std::u32string> more(words.end() - (std::ptrdiff_t)kept, words.end());
    more.emplace_back(word);
    return more;
}

}  // namespace

TextReader::TextReader(const Tokenizer& tokenizer, const Lexicon& lexicon, Spacing spacing, Style style,
                       Abbreviations abbreviations)
    : tokenizer_(tokenizer), lexicon_(lexicon), spacing_(std::move(spacing)), abbreviations_(std::move(abbreviations)) {
    start_.style = std::move(style);
    const bool is_commoner = spacing_.spaces_before(U"\u2013") > spacing_.spaces_before(U"-");
    has_dash_ = is_commoner && tokenizer.id_of_normalised(U"\u2013") != UNK_ID;
}

std::size_t TextReader::stretch(std::u32string_view run) const {
    if (!is_unspaced(run)) return 0;
    for (std::size_t at = 0; at + 1 < std::min(run.size(), SETTLED); ++at) {
        if (is_between(run[at]) && is_unspaced(run.substr(at + 1, 1))) return at + 1;
    }
    return 0;
}

std::pair<std::u32string, std::vector<std::vector<Word>>> TextReader::parts(std::u32string_view chunk) const {
    const bool is_dash = chunk == U"-" && has_dash_;
    std::u32string text(is_dash ? U"\u2013" : chunk.substr(chunk.size() - std::min(chunk.size(), LONGEST_RUN)));
    std::vector<Word> words = tokenizer_.split(text);
    words.erase(words.begin(), words.end() - (std::ptrdiff_t)std::min(words.size(), WORDS_BETWEEN_SPACES));
    const std::vector<Span> abbreviations = dotted(text);
    std::vector<std::vector<Word>> all;
    for (std::size_t k = 0; k < words.size();) {
        const auto is_here = [&](const Span& span) { return span.start == words[k].start; };
        const auto found = std::find_if(abbreviations.begin(), abbreviations.end(), is_here);
        std::size_t count = 0;
        while (found != abbreviations.end() && k + count < words.size() && words[k + count].end <= found->end) ++count;
        std::vector<Word>& together = all.emplace_back();
        for (count = std::max<std::size_t>(count, 1); count > 0; --count) together.push_back(std::move(words[k++]));
    }
    return {std::move(text), std::move(all)};
}

ReadWord TextReader::after(const TextContext& context, const Word& word, std::u32string_view raw) const {
    bool begins = context.begins_sentence, is_read = true;
    if (spacing_.ends(word.text)) {
        begins = !(raw == U"." && word.start > 0 && is_abbreviated(context.words, abbreviations_));
        is_read = begins || !is_read_without_stop(context.words, abbreviations_);
    } else if (is_emoji(raw)) {
        begins = begins || !is_heart(raw[0]);
    } else if (raw.find_first_not_of(TRANSPARENT) != raw.npos) {
        begins = false;
    }
    TextContext next;
    next.words = with(context.words, word.text);
    next.begins_sentence = begins;
    next.capitals = capitals_after(context, raw[0], word.text);
    next.style = context.style.after(raw, word.text, context.is_quoting, word.start == 0);
    next.is_quoting = context.is_quoting != (word.text == U"\"");
    return {std::move(next), is_read};
}

TextContext TextReader::line_end(const TextContext& context) const {
    TextContext next;
    next.words = with(context.words, U"\n");
    next.capitals = context.capitals;
    next.style = context.style;
    return next;
}

// The count of capitals at sentence beginnings after a word; names do not count.
int TextReader::capitals_after(const TextContext& context, char32_t first, std::u32string_view word) const {
    const bool is_capital = is_upper(first);
    if (!context.begins_sentence || !(is_capital || is_lower(first))) return context.capitals;
    if (is_capital && lexicon_.has_own_capital(lexicon_.fold(encoded(word)))) return context.capitals;
    return std::clamp(context.capitals + (is_capital ? 1 : -1), -MOST_CAPITALS, MOST_CAPITALS);
}

std::pair<std::size_t, bool> reading_begin(std::u32string_view text, std::size_t stride) {
    if (text.size() < 2 * stride) return {0, true};
    const std::size_t cut = (text.size() / stride - 1) * stride;
    std::size_t begin = cut;
    for (std::size_t at = cut; at < cut + stride / 2; ++at) {
        if (is_white_space(text[at])) {
            begin = at + 1;
            break;
        }
    }
    if (text.substr(begin - 1, 2) == U"\r\n") ++begin;
    return {begin, is_line_end(text[begin - 1])};
}

std::string_view end_to_read(std::string_view text) {
    if (text.size() < 3 * STRIDE) return text;
    std::array<std::size_t, 3> starts = {};  // of the last strides, in bytes
    std::size_t count = 0;                   // characters before `at`
    for (std::size_t at = 0; at < text.size(); ++count) {
        if (count % STRIDE == 0) starts[count / STRIDE % starts.size()] = at;
        if (is_ascii((unsigned char)text[at])) ++at;
        else next_decoded(text, at);
    }
    return count < 3 * STRIDE ? text : text.substr(starts[(count / STRIDE - 2) % starts.size()]);
}

}  // namespace foreword::core
