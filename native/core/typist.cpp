#include "typist.hpp"

#include "error.hpp"
#include "phrases.hpp"
#include "unicode.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

constexpr std::size_t SEEN = 64;  // characters at the end of a text that decide whether a space is due

// Texts after which the likeliest word is remembered, while letters are added to a word.
constexpr std::size_t FOLLOWED = 8;

std::u32string_view end_of(std::u32string_view text) { return text.substr(text.size() - std::min(text.size(), SEEN)); }

}  // namespace

bool Typist::has_read(std::u32string_view text) const {
    return reading_ && !reading_->letters_after(text).empty();
}

std::optional<std::vector<Suggestion>> Typist::suggest(std::u32string_view text, std::size_t k, Ending ending,
                                                       Choice choice, std::size_t most) {
    if (k == 0) throw_error("k must be at least 1, not 0");
    k = std::min<std::size_t>(k, reader_->engine().words() + reader_->rare().size());
    const std::optional<std::u32string_view> typed = read(text, ending != Ending::WHOLE, most);
    if (!typed) return std::nullopt;
    const std::size_t start = text.size() - typed->size();
    std::set<std::string> passed = memory_.repeats ? std::set<std::string>() : passed_at(text, start);
    const std::size_t wanted = k + passed.size() + (choice == Choice::PHRASES ? SPARE : 0);
    std::vector<Suggestion> offered =
        suggestions(*reader_, reading_->context, *typed, end_of(text), wanted, options_, ending == Ending::EITHER,
                    next_words_, [&] { return after(*typed); });
    const auto fold_of = [&](const Suggestion& one) { return reader_->lexicon().fold(encoded(one.word)); };
    if (!passed.empty()) {
        const auto was_passed = [&](const Suggestion& one) { return passed.count(fold_of(one)) != 0; };
        offered.erase(std::remove_if(offered.begin(), offered.end(), was_passed), offered.end());
    }
    if (choice == Choice::PHRASES) {
        drop_marks(offered);
        std::vector<Phrase> phrases =
            phrases_of(offered, text, k, [&](std::u32string_view whole) { return next(whole); });
        offered = most_saving(std::move(offered), std::move(phrases), text, k, reader_->lexicon());
    }
    if (offered.size() > k) offered.resize(k);
    if (!memory_.repeats) {
        std::set<std::string> visible;
        for (const Suggestion& one : offered) visible.insert(fold_of(one));
        shown_ = Shown{std::u32string(text), start, std::move(passed), std::move(visible)};
    }
    return offered;
}

std::optional<Suggestion> Typist::next(std::u32string_view text) {
    for (const auto& [known, word] : followed_) {
        if (known == text) return word;
    }
    const ReadingProgress further = reader_->read(text, &*reading_, false, memory_.marks, ALL);
    NextWords next_words;
    std::vector<Suggestion> following = suggestions(*reader_, further.context, {}, end_of(text), 1, options_, false,
                                                    next_words, [&] { return further.context; });
    if (followed_.size() == FOLLOWED) followed_.pop_front();
    followed_.emplace_back(text, following.empty() ? std::nullopt : std::optional(std::move(following.front())));
    return followed_.back().second;
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
    if (at.before == nullptr) return {EOS, engine.trace(engine.zeros(), (std::uint32_t)EOS_ID)};
    const std::u32string& word = at.text.words.back();
    return {word == U"\n" ? EOS : encoded(word), engine.trace(*at.before, at.state->last)};
}

void Typist::forget() {
    reading_.reset();
    shown_.reset();
    next_words_ = {};
    followed_.clear();
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
