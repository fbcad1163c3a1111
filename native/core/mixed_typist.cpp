#include "mixed_typist.hpp"

#include "error.hpp"
#include "unicode.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace foreword::core {

namespace {

// P(the language may change at a word), and is then any of them: the fixed share.
constexpr double SWITCH = 0.1;
// The weights follow from at least this many last characters of a text, and from fewer than twice as many.
constexpr std::size_t CHARACTERS = 256;
// The least weight, relative to the largest, of a model that is asked for words.
constexpr double LEAST = 0.5;
// Words beyond those wanted for which a model is asked, since another one may suggest them too.
constexpr std::size_t BEYOND = 3;

// Weights times likelihoods, so that they sum to 1; the weights as they are without any.
std::vector<double> by_bayes(std::vector<double> weights, const std::vector<double>& likelihoods) {
    if (likelihoods.empty()) return weights;
    double total = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) total += weights[k] *= likelihoods[k];
    for (double& weight : weights) weight /= total;
    return weights;
}

bool begins_with(std::u32string_view text, std::u32string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
}

}  // namespace

MixedTypist::MixedTypist(std::vector<Typist> typists) : typists_(std::move(typists)), known_weights_(equal()) {
    if (typists_.size() < 2) {
        throw_error("a mixture needs at least two models, not " + std::to_string(typists_.size()));
    }
}

bool MixedTypist::has_read(std::u32string_view text) const {
    return std::all_of(typists_.begin(), typists_.end(), [&](const Typist& one) { return one.has_read(text); });
}

int MixedTypist::threads() const {
    int most = 1;
    for (const Typist& typist : typists_) most = std::max(most, typist.threads());
    return most;
}

std::optional<std::vector<Suggestion>> MixedTypist::suggest(std::u32string_view text, std::size_t k, Ending ending,
                                                            Choice choice, std::size_t most) {
    if (k == 0) throw_error("k must be at least 1, not 0");
    const std::vector<double> weights = this->weights(text, ending);
    const double least = LEAST * *std::max_element(weights.begin(), weights.end());
    const std::ptrdiff_t asked =
        std::count_if(weights.begin(), weights.end(), [&](double weight) { return weight >= least; });
    struct Merged {
        Suggestion form;  // of the model that contributes most
        double contributed;
    };
    std::vector<Merged> merged;
    std::map<std::string, std::size_t> at;  // in `merged`, by fold
    for (std::size_t number = 0; number < typists_.size(); ++number) {
        if (weights[number] < least) continue;
        // Phrases are of one language.
        const Choice wanted = asked == 1 ? choice : Choice::WORDS;
        auto offered = typists_[number].suggest(text, asked == 1 ? k : k + BEYOND, ending, wanted, most);
        if (!offered) return std::nullopt;
        for (Suggestion& one : *offered) one.probability *= weights[number];
        if (asked == 1) return offered;
        for (Suggestion& one : *offered) {
            const std::string fold = typists_[number].reader().lexicon().fold(encoded(one.word));
            const auto [same, is_new] = at.emplace(fold, merged.size());
            if (is_new) {
                const double share = one.probability;
                merged.push_back({std::move(one), share});
                continue;
            }
            Merged& other = merged[same->second];
            const double share = one.probability, total = other.form.probability + share;
            if (share > other.contributed) other = {std::move(one), share};
            other.form.probability = total;
        }
    }
    std::vector<Suggestion> all;
    for (Merged& one : merged) all.push_back(std::move(one.form));
    std::stable_sort(all.begin(), all.end(),
                     [](const Suggestion& a, const Suggestion& b) { return a.probability > b.probability; });
    if (all.size() > k) all.resize(k);
    return all;
}

std::vector<double> MixedTypist::weights(std::u32string_view text, Ending ending) {
    const std::u32string_view seen = text.substr(reading_begin(text, CHARACTERS).first);
    std::size_t start = seen.size();  // of the letters at the end
    while (start > 0 && !is_space(seen[start - 1])) --start;
    const std::u32string_view before = seen.substr(0, start), last = seen.substr(start);
    if (!begins_with(before, known_)) known_.clear(), known_weights_ = equal();
    for (std::size_t from = known_.size(); from < before.size();) {
        std::size_t end = from;
        while (end < before.size() && !is_space(before[end])) ++end;
        if (end > from) known_weights_ = after(std::move(known_weights_), before.substr(from, end - from));
        from = end + 1;
    }
    known_ = before;
    if (last.empty()) return known_weights_;
    if (ending == Ending::WHOLE) return after(known_weights_, last);
    return by_bayes(known_weights_, likelihoods(last, true));
}

void MixedTypist::forget() {
    for (Typist& typist : typists_) typist.forget();
    known_.clear();
    known_weights_ = equal();
}

std::vector<double> MixedTypist::equal() const {
    return std::vector<double>(typists_.size(), 1.0 / (double)typists_.size());
}

std::vector<double> MixedTypist::likelihoods(std::u32string_view piece, bool is_unfinished) const {
    std::vector<double> logs;
    bool is_known = false;
    for (const Typist& typist : typists_) {
        const PieceShare share = typist.reader().word_frequencies().of(piece, is_unfinished);
        logs.push_back(share.log_probability);
        is_known = is_known || share.is_known;
    }
    if (!is_known) return {};
    const double highest = *std::max_element(logs.begin(), logs.end());
    for (double& log : logs) log = std::exp(log - highest);
    return logs;
}

// The weights at the word after a piece of text between spaces.
std::vector<double> MixedTypist::after(std::vector<double> weights, std::u32string_view piece) const {
    const std::vector<double> found = likelihoods(piece, false);
    if (found.empty()) return weights;
    weights = by_bayes(std::move(weights), found);
    for (double& weight : weights) weight = (1.0 - SWITCH) * weight + SWITCH / (double)weights.size();
    return weights;
}

}  // namespace foreword::core
