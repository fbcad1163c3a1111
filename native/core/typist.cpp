#include "typist.hpp"

#include "error.hpp"
#include "unicode.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

constexpr std::size_t SEEN = 64;  // characters at the end of a text that decide whether a space is due

}  // namespace

bool Typist::has_read(std::u32string_view text) const {
    return reading_ && !reading_->letters_after(text).empty();
}

std::optional<std::vector<Suggestion>> Typist::suggest(std::u32string_view text, std::size_t k, Ending ending,
                                                       std::size_t most) {
    if (k == 0) throw_error("k must be at least 1, not 0");
    k = std::min<std::size_t>(k, reader_->engine().words() + reader_->rare().words().size());
    const bool is_unfinished = ending != Ending::WHOLE;
    std::u32string_view typed = reading_ && is_unfinished ? reading_->letters_after(text) : std::u32string_view();
    if (typed.empty()) {
        reading_ = reader_->read(text, reading_ ? &*reading_ : nullptr, is_unfinished, memory_.marks, most);
        if (reading_->is_part) return std::nullopt;
        typed = text.substr(reading_->begin + reading_->head.size());
    }
    ReadingProgress& reading = *reading_;
    const auto look_ahead = [&] {
        if (reading.after(reading.context, typed) == nullptr) {
            reading.ahead = reader_->after_word(reading.context, typed);
            reading.ahead_letters = typed;
        }
        return reading.ahead;
    };
    const std::u32string_view end = text.substr(text.size() - std::min(text.size(), SEEN));
    const bool is_weighed = ending == Ending::EITHER;
    const auto suggested = [&](std::size_t count) {
        return suggestions(*reader_, *reading.context, typed, end, count, options_, is_weighed, look_ahead);
    };
    if (memory_.repeats) return suggested(k);
    const std::size_t start = text.size() - typed.size();
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

void Typist::forget() {
    reading_.reset();
    shown_.reset();
}

}  // namespace foreword::core
