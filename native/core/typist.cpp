#include "typist.hpp"

#include "error.hpp"
#include "unicode.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

constexpr std::size_t SEEN = 64;  // characters at the end of a text that decide whether a space is due

constexpr const char* END_OF_LINE = "<eos>";

std::u32string_view end_of(std::u32string_view text) { return text.substr(text.size() - std::min(text.size(), SEEN)); }

}  // namespace

bool Typist::has_read(std::u32string_view text) const {
    return reading_ && !reading_->letters_after(text).empty();
}

std::optional<std::vector<Suggestion>> Typist::suggest(std::u32string_view text, std::size_t k, Ending ending,
                                                       std::size_t most) {
    if (k == 0) throw_error("k must be at least 1, not 0");
    k = std::min<std::size_t>(k, reader_->engine().words() + reader_->rare().size());
    const std::optional<std::u32string_view> typed = read(text, ending != Ending::WHOLE, most);
    if (!typed) return std::nullopt;
    const bool is_weighed = ending == Ending::EITHER;
    const auto suggested = [&](std::size_t count) {
        return suggestions(*reader_, reading_->context, *typed, end_of(text), count, options_, is_weighed, next_words_,
                           [&] { return after(*typed); });
    };
    if (memory_.repeats) return suggested(k);
    const std::size_t start = text.size() - typed->size();
    std::set<std::string> passed = passed_at(text, start), visible;
    std::vector<Suggestion> offered;
    for (Suggestion& one : suggested(k + passed.size())) {
        const std::string fold = reader_->lexicon().fold(encoded(one.word));
        if (passed.count(fold) != 0) continue;
        visible.insert(fold);
        offered.push_back(std::move(one));
        if (offered.size() == k) break;
    }
    shown_ = Shown{std::u32string(text), start, std::move(passed), std::move(visible)};
    return offered;
}

// The words that were passed over on the way to a text, in which a word begins at `start`.
std::set<std::string> Typist::passed_at(std::u32string_view text, std::size_t start) const {
    if (!shown_) return {};
    if (text == shown_->text) return shown_->passed;
    if (start != shown_->start || text.substr(0, shown_->text.size()) != shown_->text) return {};
    std::set<std::string> passed = shown_->passed;
    passed.insert(shown_->visible.begin(), shown_->visible.end());
    return passed;
}

const Context& Typist::context(std::u32string_view text, bool is_unfinished) {
    read(text, is_unfinished, ALL);
    return *reading_->context;
}

bool Typist::is_unfinished(std::u32string_view text) {
    const std::u32string_view typed = *read(text, true, ALL);
    if (typed.empty()) return false;
    return finished_share(*reader_, *reading_->context, typed, end_of(text), options_) < 0.5;
}

WordTrace Typist::trace(std::u32string_view text, Ending ending) {
    const bool unfinished = ending == Ending::EITHER ? is_unfinished(text) : ending == Ending::UNFINISHED;
    const Context& at = context(text, unfinished);
    const Engine& engine = reader_->engine();
    // Before the first word, a line has ended.
    if (at.before == nullptr) return {END_OF_LINE, engine.trace(engine.zeros(), (std::uint32_t)EOS_ID)};
    const std::u32string& word = at.text.words.back();
    return {word == U"\n" ? END_OF_LINE : encoded(word), engine.trace(*at.before, at.state->last)};
}

void Typist::forget() {
    reading_.reset();
    shown_.reset();
    next_words_ = {};
    shares_ = {};
}

std::optional<Letters> Typist::letters(std::u32string_view text, bool ignores_case, std::size_t most) {
    const std::optional<std::u32string_view> typed = read(text, true, most);
    if (!typed) return std::nullopt;
    return next_letters(
        *reader_, reading_->context, *typed, end_of(text), ignores_case,
        [&](const SharedContext& context) { return shares_after(context); }, [&] { return after(*typed); });
}

std::optional<std::u32string_view> Typist::read(std::u32string_view text, bool is_unfinished, std::size_t most) {
    if (reading_ && is_unfinished) {
        const std::u32string_view typed = reading_->letters_after(text);
        if (!typed.empty()) return typed;
    }
    reading_ = reader_->read(text, reading_ ? &*reading_ : nullptr, is_unfinished, memory_.marks, most);
    if (reading_->is_part) return std::nullopt;
    return text.substr(reading_->begin + reading_->head.size());
}

// The context after letters at the end of the text as a whole word.
SharedContext Typist::after(std::u32string_view letters) {
    ReadingProgress& reading = *reading_;
    if (reading.after(reading.context, letters) == nullptr) {
        reading.ahead = reader_->after_word(reading.context, letters);
        reading.ahead_letters = letters;
    }
    return reading.ahead;
}

SharedShares Typist::shares_after(const SharedContext& context) {
    for (const auto& [known, shares] : shares_) {
        if (known == context) return shares;
    }
    const std::vector<float> shares = reader_->engine().probabilities(*context->state);
    shares_[0] = std::move(shares_[1]);
    shares_[1] = {context, std::make_shared<const std::vector<double>>(shares.begin(), shares.end())};
    return shares_[1].second;
}

}  // namespace foreword::core
