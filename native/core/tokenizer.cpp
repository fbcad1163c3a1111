#include "tokenizer.hpp"

#include "error.hpp"
#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <utility>

namespace foreword::core {

namespace {

constexpr char32_t APOSTROPHE = 0x2019, DOT_ABOVE = 0x307, CAPITAL_DOTTED = 0x130, SMALL_DOTLESS = 0x131;

// A text while it is changed, with the offset in the raw text at which each of its characters begins. The
// last offset is that of the end.
class Trace {
  public:
    explicit Trace(Traced traced) : text_(std::move(traced.text)), starts_(std::move(traced.starts)) {}
    explicit Trace(std::u32string_view text) : text_(text) {
        starts_.resize(text.size() + 1);
        for (std::size_t k = 0; k < starts_.size(); ++k) starts_[k] = (std::uint32_t)k;
    }

    std::u32string_view text() const { return text_; }
    std::u32string& text() { return text_; }

    void make_lower(bool is_dotless) {
        std::u32string lower;
        std::vector<std::uint32_t> starts;
        for (std::size_t k = 0; k < text_.size(); ++k) {
            const char32_t c = text_[k];
            const std::uint32_t start = starts_[k];
            if (is_dotless && c == U'I' && k + 1 < text_.size() && text_[k + 1] == DOT_ABOVE) {
                lower += U'i', ++k;
            } else if (is_dotless && (c == U'I' || c == CAPITAL_DOTTED)) {
                lower += c == U'I' ? SMALL_DOTLESS : U'i';
            } else {
                append_lower(lower, c);
            }
            starts.resize(lower.size(), start);
        }
        starts.push_back(starts_.back());
        text_ = std::move(lower), starts_ = std::move(starts);
    }

    // Composes each character with those that it may join, part by part.
    void compose() {
        if (is_surely_nfc(text_)) return;
        std::u32string composed;
        std::vector<std::uint32_t> starts;
        for (std::size_t begin = 0, end; begin < text_.size(); begin = end) {
            end = begin + 1;
            while (end < text_.size() && has(text_[end], JOINS_BEFORE)) ++end;
            const std::u32string part = normalised(text().substr(begin, end - begin), Form::NFC);
            for (std::size_t k = 0; k < part.size(); ++k) {
                composed += part[k];
                starts.push_back(starts_[std::min(begin + k, end - 1)]);
            }
        }
        starts.push_back(starts_.back());
        text_ = std::move(composed), starts_ = std::move(starts);
    }

    // Invisible characters after a word belong to it.
    Span in_raw(Span word) const {
        return {starts_[word.start], std::max<std::size_t>(starts_[word.end], starts_[word.end - 1] + 1)};
    }

  private:
    std::u32string text_;
    std::vector<std::uint32_t> starts_;
};

}  // namespace

Tokenizer::Tokenizer(TokenizerSpec spec)
    : spec_(std::move(spec)),
      case_(spec_.language.empty() ? LetterCase::of(*spec_.words) : LetterCase(spec_.language)),
      is_dotless_(LetterCase(spec_.language).is_dotless()) {
    if (spec_.has_segmenter) {
        throw_error("the model separates the words of scripts without spaces by ICU, which this library lacks; "
                    "use it in Python with foreword[segment]");
    }
    const Vocabulary& words = *spec_.words;
    if (words.size() < 2 || words[UNK_ID] != UNK || words[EOS_ID] != EOS) {
        throw_error(std::string("the first words of the vocabulary are not ") + UNK + " and " + EOS);
    }
    for (const std::string& mark : spec_.marks) kept_ += decoded(mark);
    for (const char32_t mark : typographic_marks()) {
        if (words.id(encoded(std::u32string_view(&mark, 1)))) kept_ += mark;
    }
}

std::int64_t Tokenizer::id_of_normalised(std::u32string_view word) const {
    return spec_.words->id(encoded(word)).value_or((std::uint32_t)UNK_ID);
}

std::int64_t Tokenizer::id_of(std::string_view word) const { return id_of_normalised(normalise(decoded(word))); }

// Whether normalising leaves a text as it is.
bool Tokenizer::stays(std::u32string_view text) const { return !spec_.folds_case && is_folded(text); }

std::u32string Tokenizer::in_case(std::u32string_view text) const {
    Trace trace(text);
    if (spec_.folds_case) trace.make_lower(is_dotless_);
    return std::move(trace.text());
}

void Tokenizer::plain_apostrophes(std::u32string& text) const {
    if (!spec_.only_spaces) std::replace(text.begin(), text.end(), APOSTROPHE, U'\'');
}

std::u32string Tokenizer::normalise(std::u32string_view given) const {
    if (stays(given)) return std::u32string(given);
    // Case first: some letters with marks have a composed form only in lower case.
    std::u32string text = in_case(spec_.only_spaces ? std::u32string(given) : folded(given, kept_));
    text = normalised(text, Form::NFC);
    plain_apostrophes(text);
    return text;
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view line) const {
    const std::u32string text = normalise(decoded(line));
    std::vector<std::int64_t> ids;
    std::string word;
    for (const Span& span : cut_words(text, spec_.only_spaces)) {
        word.clear();
        append_encoded(word, std::u32string_view(text).substr(span.start, span.end - span.start));
        ids.push_back(spec_.words->id(word).value_or((std::uint32_t)UNK_ID));
    }
    return ids;
}

std::vector<Word> Tokenizer::split(std::u32string_view line) const {
    const bool is_plain = spec_.only_spaces || is_folded(line);
    Trace trace = is_plain ? Trace(line) : Trace(folded_with_offsets(line, kept_));
    if (spec_.folds_case) trace.make_lower(is_dotless_);
    trace.compose();
    plain_apostrophes(trace.text());
    std::vector<Word> words;
    for (const Span& span : cut_words(trace.text(), spec_.only_spaces)) {
        std::u32string word = trace.text().substr(span.start, span.end - span.start);
        const std::int64_t id = id_of_normalised(word);
        const Span raw = trace.in_raw(span);
        words.push_back({std::move(word), id, raw.start, raw.end});
    }
    return words;
}

std::vector<Word> Tokenizer::read(std::u32string_view text, std::int64_t last) const {
    if (spec_.lines == TokenizerSpec::WRAPPED) {
        throw_error("the model reads text whose lines are wrapped, which this library cannot do yet");
    }
    const std::u32string units = with_newlines(text);
    std::vector<Word> read;
    for (std::size_t start = 0; start <= units.size();) {
        const std::size_t end = std::min(units.find(U'\n', start), units.size());
        if (start > 0) {
            // As in training, a blank line has no <eos> of its own, unless the text is tokenised already.
            if (spec_.only_spaces || last != EOS_ID) read.push_back({decoded(EOS), EOS_ID, start - 1, start});
            last = EOS_ID;
        }
        for (Word& word : split(std::u32string_view(units).substr(start, end - start))) {
            last = word.id;
            word.start += start, word.end += start;
            read.push_back(std::move(word));
        }
        start = end + 1;
    }
    return read;
}

std::u32string with_newlines(std::u32string_view text) {
    std::u32string changed(text);
    for (std::size_t k = 0; k < changed.size(); ++k) {
        if (!is_line_end(changed[k])) continue;
        const bool is_half = changed[k] == U'\r' && k + 1 < changed.size() && changed[k + 1] == U'\n';
        changed[k] = is_half ? U' ' : U'\n';
    }
    return changed;
}

}  // namespace foreword::core
