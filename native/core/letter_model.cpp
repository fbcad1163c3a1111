#include "letter_model.hpp"

#include "unicode.hpp"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

namespace foreword::core {

namespace {

// P of a character that no known word has, within a word outside the vocabulary.
constexpr double OTHER = 1e-6;
// The most letters of an ending.
constexpr std::size_t LONGEST = 32;
// Of the symbols of a context and the one after it.
constexpr int MOST_BITS = 60;

// The symbol before a word and after it. Those of characters are their positions in the alphabet, from 1.
constexpr std::uint64_t EDGE = 0;

std::uint64_t lowest(std::size_t bits) { return ((std::uint64_t)1 << bits) - 1; }

}  // namespace

LetterModel::LetterModel(const std::vector<std::string_view>& words, std::size_t context) {
    std::vector<std::u32string> spelled;
    for (const std::string_view word : words) {
        spelled.push_back(decoded(word));
        for (const char32_t c : spelled.back()) {
            const auto place = std::lower_bound(alphabet_.begin(), alphabet_.end(), c);
            if (place == alphabet_.end() || *place != c) alphabet_.insert(place, c);
        }
    }
    while (alphabet_.size() + 1 > lowest((std::size_t)bits_)) ++bits_;  // one symbol is of all other characters
    context = std::min(context, (std::size_t)(MOST_BITS / bits_ - 1));
    const std::size_t bits = (std::size_t)bits_;

    // Contexts from back to front, and the symbol after each. Once sorted, equal contexts are together at any length.
    std::vector<std::uint64_t> all;
    for (const std::u32string& word : spelled) {
        std::uint64_t last = 0;  // the edge stands before the word as often as needed
        for (const char32_t c : word + U'\0') {
            const std::uint64_t symbol = symbol_of(c);
            all.push_back(last << bits | symbol);
            if (context > 0) last = last >> bits | symbol << bits * (context - 1);
        }
    }
    std::sort(all.begin(), all.end());
    std::vector<std::uint32_t> times(alphabet_.size() + 1);  // by symbol
    std::vector<std::uint64_t> different;
    for (std::size_t length = 0; length <= context; ++length) {
        std::vector<Counted>& counts = counts_.emplace_back();
        const auto context_of = [&](std::uint64_t one) { return one >> bits * (context + 1 - length); };
        for (std::size_t k = 0; k < all.size(); ++k) {
            const std::uint64_t symbol = all[k] & lowest(bits);
            if (times[symbol]++ == 0) different.push_back(symbol);
            if (k + 1 < all.size() && context_of(all[k + 1]) == context_of(all[k])) continue;
            std::sort(different.begin(), different.end());
            for (const std::uint64_t one : different) {
                counts.emplace_back(context_of(all[k]) << bits | one, std::exchange(times[one], 0));
            }
            different.clear();
        }
    }
}

std::uint64_t LetterModel::symbol_of(char32_t character) const {
    if (character == U'\0') return EDGE;
    const auto found = std::lower_bound(alphabet_.begin(), alphabet_.end(), character);
    const bool is_known = found != alphabet_.end() && *found == character;
    return is_known ? (std::uint64_t)(found - alphabet_.begin()) + 1 : alphabet_.size() + 1;
}

std::vector<double> LetterModel::after(std::u32string_view prefix) const {
    const std::size_t size = alphabet_.size() + 1;
    std::vector<double> shares(size, 1.0 / (double)size);
    std::uint64_t context = 0;
    for (std::size_t length = 0; length < counts_.size(); ++length) {
        if (length > 0) {
            const bool is_within = length <= prefix.size();
            context = context << bits_ | (is_within ? symbol_of(prefix[prefix.size() - length]) : EDGE);
        }
        const std::vector<Counted>& counts = counts_[length];
        const auto first = std::lower_bound(counts.begin(), counts.end(), Counted{context << bits_, 0});
        const auto behind = std::lower_bound(first, counts.end(), Counted{(context + 1) << bits_, 0});
        if (first == behind) break;
        const double different = (double)(behind - first);
        double total = different;
        for (double& share : shares) share *= different;
        for (auto one = first; one != behind; ++one) {
            const std::uint64_t symbol = one->first & lowest((std::size_t)bits_);
            shares[symbol == EDGE ? size - 1 : symbol - 1] += one->second;
            total += one->second;
        }
        for (double& share : shares) share /= total;
    }
    if (prefix.empty() && size > 1) {  // a word has at least one character
        const double others = 1.0 - shares.back();
        shares.back() = 0.0;
        for (double& share : shares) share /= others;
    }
    return shares;
}

double LetterModel::probability(std::u32string_view prefix) const {
    double share = 1.0;
    for (std::size_t at = 0; at < prefix.size(); ++at) {
        const std::uint64_t symbol = symbol_of(prefix[at]);
        const bool is_known = symbol != EDGE && symbol <= alphabet_.size();
        share *= is_known ? after(prefix.substr(0, at))[symbol - 1] : OTHER;
    }
    return share;
}

// A longer ending is never likelier than its beginning, so that the search finds all and need not look far.
std::vector<Rest> LetterModel::endings(std::u32string_view prefix, double least) const {
    // The likeliest first, then the shortest, then by the alphabet.
    using Begun = std::tuple<double, std::size_t, std::u32string, bool>;
    std::priority_queue<Begun, std::vector<Begun>, std::greater<Begun>> queue;
    queue.emplace(-1.0, 0, U"", false);
    std::vector<Rest> found;
    while (!queue.empty()) {
        const auto [negative, length, letters, is_whole] = queue.top();
        queue.pop();
        if (is_whole) {
            found.push_back({-negative, letters});
            continue;
        }
        const std::vector<double> shares = after(std::u32string(prefix) + letters);
        for (std::size_t position = 0; position < shares.size(); ++position) {
            const double share = -negative * shares[position];
            if (!(share >= least)) continue;
            const bool ends = position == alphabet_.size();
            if (ends && length > 0) queue.emplace(-share, length, letters, true);
            if (!ends && length < LONGEST) queue.emplace(-share, length + 1, letters + alphabet_[position], false);
        }
    }
    return found;
}

}  // namespace foreword::core
