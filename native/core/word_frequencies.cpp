#include "word_frequencies.hpp"

#include "unicode.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>

namespace foreword::core {

namespace {

constexpr double UNKNOWN = 0.02;            // P(a word is outside the vocabulary)
constexpr double LISTED = 0.5;              // the share of it that rare words have
constexpr double A_LETTER = 1.0 / 8;        // P of each letter of any other word
constexpr std::size_t HIDDEN = EOS_ID + 1;  // ids that nobody types

}  // namespace

WordFrequencies::WordFrequencies(const Tokenizer& tokenizer, const Lexicon& lexicon, const RareWords& rare)
    : tokenizer_(tokenizer), lexicon_(lexicon), rare_(rare), shares_(lexicon.size(), 0.0) {
    double total = 0.0;
    for (std::size_t id = HIDDEN; id < shares_.size(); ++id) total += 1.0 / (double)(id - HIDDEN + 1);
    for (std::size_t id = HIDDEN; id < shares_.size(); ++id) {
        shares_[id] = (1.0 - UNKNOWN) / (double)(id - HIDDEN + 1) / total;
    }
    sums_.reserve(lexicon.ids().size() + 1);
    sums_.push_back(0.0);
    for (const std::uint32_t id : lexicon.ids()) sums_.push_back(sums_.back() + shares_[id]);
}

PieceShare WordFrequencies::of(std::u32string_view piece, bool is_unfinished) const {
    PieceShare result{0.0, false};
    bool has_unknown = false;
    for (const Word& word : tokenizer_.split(piece)) {
        if (std::none_of(word.text.begin(), word.text.end(), [](char32_t c) { return is_alpha(c); })) continue;
        const std::string fold = lexicon_.fold(encoded(word.text));
        const double share = is_unfinished && word.end == piece.size() ? of_beginning(fold) : of_word(fold);
        if (share > 0.0) {
            result.is_known = true;
            result.log_probability += std::log(share);
        } else {
            has_unknown = true;
            result.log_probability += std::log(UNKNOWN) + (double)decoded(fold).size() * std::log(A_LETTER);
        }
    }
    result.is_known = result.is_known && !has_unknown;
    return result;
}

// P(word), 0 if it is unknown.
double WordFrequencies::of_word(std::string_view fold) const {
    const auto [low, high] = lexicon_.range(fold);
    if (const std::size_t end = lexicon_.equal_end(fold, low, high); end > low) return sums_[end] - sums_[low];
    double share = 0.0;
    if (lexicon_.has(fold)) {  // apostrophes or accents were not typed
        for (const std::int64_t id : lexicon_.readings(fold)) share += shares_[(std::size_t)id];
    }
    if (share == 0.0 && rare_.has(fold)) share = UNKNOWN * LISTED / (double)rare_.size();
    return share;
}

// P(a word of the vocabulary begins so).
double WordFrequencies::of_beginning(std::string_view fold) const {
    const auto [low, high] = lexicon_.range(fold);
    if (low < high) return sums_[high] - sums_[low];
    const std::vector<Weighted> begun = lexicon_.begun(fold);  // apostrophes or accents were not typed
    return std::accumulate(begun.begin(), begun.end(), 0.0, [this](double sum, const Weighted& word) {
        return sum + word.weight * shares_[(std::size_t)word.id];
    });
}

}  // namespace foreword::core
