#include "phrases.hpp"

#include "spacing.hpp"
#include "unicode.hpp"

#include <algorithm>
#include <utility>

namespace foreword::core {

namespace {

// The keys that are saved for each letter before which a word is shown.
constexpr double SOONER = 1.3;
constexpr std::size_t PHRASE = 3;      // the most words and marks of a phrase
constexpr std::size_t STARTS = 2;      // likeliest words that phrases begin with
constexpr double LEAST_PHRASE = 0.05;  // less probable phrases are not suggested
constexpr double LEAST_START = 0.1;    // less probable words and phrases are not continued

// How many letters of each word are typed until it is among the k likeliest.
std::vector<std::size_t> letters_before(const std::vector<Suggestion>& words, std::u32string_view text, std::size_t k,
                                        const Lexicon& lexicon) {
    std::size_t replaced = 0;
    for (const Suggestion& word : words) replaced = std::max(replaced, word.replaces);
    const std::u32string_view typed = text.substr(text.size() - replaced);
    const auto folded = [&](std::u32string_view some) { return decoded(lexicon.fold(encoded(some))); };
    std::vector<std::u32string> written;
    for (const Suggestion& word : words) written.push_back(folded(accepted(typed, word)));
    const std::size_t begin = folded(typed).size();
    std::vector<std::size_t> letters;
    for (std::size_t rank = 0; rank < written.size(); ++rank) {
        const std::u32string_view word = written[rank];
        const auto likelier = [&](std::size_t end) {
            const std::u32string_view beginning = word.substr(0, end);
            return (std::size_t)std::count_if(
                written.begin(), written.begin() + (std::ptrdiff_t)rank,
                [&](std::u32string_view other) { return other.substr(0, end) == beginning; });
        };
        std::size_t end = begin + 1;
        while (end < word.size() && likelier(end) >= k) ++end;
        letters.push_back(end - begin);
    }
    return letters;
}

// The expected number of keys that a suggestion saves in addition to the chosen ones.
double gain(const Phrase& one, const std::vector<Phrase>& chosen, const std::vector<double>& sooner) {
    const auto saved = [&](const Phrase& some) { return sooner[some.first] + (double)(some.words - 1); };
    double before = 0.0, longer = 0.0;
    for (const Phrase& other : chosen) {
        if (other.first != one.first) continue;
        if (other.words < one.words) {
            before = std::max(before, saved(other));
        } else {
            longer = std::max(longer, other.suggestion.probability);
        }
    }
    return (one.suggestion.probability - longer) * (saved(one) - before);
}

}  // namespace

std::u32string accepted(std::u32string_view text, const Suggestion& one) {
    std::u32string after(text.substr(0, text.size() - one.replaces));
    return after += one.text;
}

std::vector<Suggestion> most_saving(std::vector<Suggestion> words, std::vector<Phrase> phrases,
                                    std::u32string_view text, std::size_t k, const Lexicon& lexicon) {
    std::vector<double> sooner;
    for (const std::size_t letters : letters_before(words, text, k, lexicon)) sooner.push_back(SOONER * (double)letters);
    std::vector<Phrase> left, chosen;
    for (Suggestion& word : words) left.push_back({left.size(), 1, std::move(word)});
    std::move(phrases.begin(), phrases.end(), std::back_inserter(left));
    while (!left.empty() && chosen.size() < k) {
        std::vector<double> gains;
        for (const Phrase& one : left) gains.push_back(gain(one, chosen, sooner));
        const auto best = left.begin() + (std::max_element(gains.begin(), gains.end()) - gains.begin());
        Phrase one = std::move(*best);
        left.erase(best);
        const bool is_new = std::none_of(chosen.begin(), chosen.end(), [&](const Phrase& other) {
            return other.suggestion.text == one.suggestion.text;
        });
        if (is_new) chosen.push_back(std::move(one));
    }
    std::vector<Suggestion> suggestions;
    for (Phrase& one : chosen) suggestions.push_back(std::move(one.suggestion));
    return suggestions;
}

std::vector<Phrase> phrases_of(const std::vector<Suggestion>& words, std::u32string_view text, std::size_t k,
                               const std::function<std::optional<Suggestion>(std::u32string_view)>& follow) {
    const double last = words.size() >= k ? words[k - 1].probability : 0.0;
    // Another phrase saves less than the words do.
    const double least = std::max(LEAST_PHRASE, last * SOONER / (SOONER + (double)(PHRASE - 1)));
    std::vector<Phrase> found;
    for (std::size_t first = 0; first < std::min(STARTS, words.size()); ++first) {
        Suggestion longest = words[first];
        for (std::size_t length = 2; length <= PHRASE; ++length) {
            if (longest.probability < std::max(least, LEAST_START)) break;
            const std::optional<Suggestion> after = follow(accepted(text, longest));
            if (!after || after->replaces != 0) break;
            longest.word += after->text;
            longest.text += after->text;
            longest.probability *= after->probability;
            if (longest.probability < least) break;
            found.push_back({first, length, longest});
        }
    }
    return found;
}

void drop_marks(std::vector<Suggestion>& suggestions) {
    suggestions.erase(std::remove_if(suggestions.begin(), suggestions.end(),
                                     [](const Suggestion& one) { return is_mark(one.word); }),
                      suggestions.end());
}

}  // namespace foreword::core
