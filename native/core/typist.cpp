#include "typist.hpp"

#include "error.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

constexpr std::size_t SEEN = 64;  // characters at the end of a text that decide whether a space is due

}  // namespace

std::vector<Suggestion> Typist::suggest(std::u32string_view text, std::size_t k) {
    if (k == 0) throw_error("k must be at least 1, not 0");
    k = std::min<std::size_t>(k, reader_->model().vocabulary().size() + reader_->rare().words().size());
    std::u32string_view typed = reading_ ? reading_->letters_after(text) : std::u32string_view();
    if (typed.empty()) {
        reading_ = reader_->read(text, reading_ ? &*reading_ : nullptr);
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
    return suggestions(*reader_, *reading.context, typed, end, k, options_, look_ahead);
}

}  // namespace foreword::core
