#include "candidates.hpp"

#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>

namespace foreword::core {

namespace {

constexpr double STEM = 1e-5;           // P(typed | an intended word with the same stem), on the scale of slips
constexpr double A_LETTER = 1.0 / 20;   // P of each further letter of a word outside the vocabulary
constexpr double CLITIC = 1e-3;         // P(a clitic stands before a word that the vocabulary lacks with it)
constexpr std::size_t AFTER_CLITIC = 4;  // the least number of letters after a clitic for slips to be considered
// The share of the network's P(<unk>) for rare words. The rest is left to new ones.
constexpr double LISTED = 0.5;
// How much less likely words outside the vocabulary are if some words begin as typed: so much that they follow
// nearly all of these.
constexpr double FOLLOWING = 0.06;
constexpr double LEAST = 1e-300;
// Stands for words that were typed without spaces, among ids.
constexpr std::int64_t APART = EOS_ID;

// Ids and their probabilities, the most probable first.
struct Share {
    std::int64_t id;
    double share;
};
using Likely = std::vector<Share>;

// A word by its share, with its fold.
struct Scored {
    double share;
    std::string form, fold;
};

// P(word | a word outside the vocabulary), and the word.
using Beyond = std::vector<std::pair<double, std::string>>;

double sum_of(const Beyond& words) {
    double sum = 0.0;
    for (const auto& [share, word] : words) sum += share;
    return sum;
}

// What is known of the letters for which words are wanted.
struct Letters {
    std::string typed, fold;
    std::size_t count;  // characters
    bool is_weighed;    // they may be a whole word, even if others begin so
    bool is_new;        // and the vocabulary lacks that word
    std::vector<Weighted> begun;  // the words that begin so
    std::optional<Apart> parted;
};

std::size_t characters(std::string_view utf8) { return decoded(utf8).size(); }

// P(so many letters | a word outside the vocabulary).
double spelled(std::size_t letters) { return std::max(std::pow(A_LETTER, (double)letters), LEAST); }

int whole(std::size_t count) { return (int)std::min<std::size_t>(count, INT_MAX); }

class Candidates {
  public:
    Candidates(const ModelReader& reader, const Context& context, const Options& options)
        : reader_(reader), lexicon_(reader.lexicon()), state_(*context.state), options_(options) {}

    // The `wanted` most probable forms, or fewer if there are no more.
    std::vector<Scored> scored(const Letters& letters, std::size_t wanted) const;

  private:
    Likely best(std::size_t wanted) const;
    Likely begun(const std::vector<Weighted>& words, std::size_t wanted) const;
    Likely by_slips(const std::vector<Near>& near, const std::vector<Weighted>& begun, double new_word,
                    std::size_t wanted, bool with_unknown, const std::optional<Apart>& parted) const;
    Likely weighed(std::vector<std::int64_t> ids, std::vector<double> weights, std::size_t wanted, bool with_unknown,
                   const std::optional<Apart>& parted) const;
    double share_of_unknown(const Likely& likely) const;
    void add_new(Likely& likely, std::size_t letters) const;
    std::vector<Near> corrections(const Letters& letters) const;
    std::vector<Scored> forms(const Likely& likely, const Letters& letters, const std::string& clitic,
                              const std::set<std::int64_t>& after_clitic) const;
    Beyond beyond(const Letters& letters, std::size_t wanted) const;
    void add_beyond(std::vector<Scored>& scored, const Letters& letters, const Likely& likely, std::size_t wanted) const;
    Likely spelled_right(Likely likely, const std::set<std::int64_t>& kept) const;

    const ModelReader& reader_;
    const Lexicon& lexicon_;
    const State& state_;
    const Options& options_;
};

std::vector<Scored> Candidates::scored(const Letters& letters, std::size_t wanted) const {
    std::vector<Weighted> words = letters.begun;
    std::string clitic;
    std::set<std::int64_t> after_clitic;
    if (auto parts = lexicon_.after_clitic(letters.typed)) {
        clitic = std::move(parts->first);
        for (const std::int64_t id : parts->second) words.push_back({id, CLITIC});
        after_clitic.insert(parts->second.begin(), parts->second.end());
    }
    Beyond longer;
    double of_longer = 0.0;  // the share of all of them
    Likely likely;
    if (!words.empty() && options_.is_tolerant) {
        const double new_word = letters.is_new ? spelled(letters.count) : 0.0;
        const std::vector<Near> near = one_edit(lexicon_, letters.fold, *options_.layout);
        likely = by_slips(near, words, new_word, wanted, false, std::nullopt);
    } else if (letters.count == 0) {
        likely = best(wanted);
    } else if (!words.empty()) {
        likely = begun(words, wanted);
        if (letters.is_new) add_new(likely, letters.count);
    } else {
        longer = beyond(letters, wanted);
        const double sum = sum_of(longer);
        const double new_word = (lexicon_.forms(letters.fold).empty() ? spelled(letters.count) : 0.0) + sum;
        likely = by_slips(corrections(letters), lexicon_.begun_slips(letters.fold), new_word, wanted, true,
                          letters.parted);
        // Of the share of <unk>, longer words have a part.
        const double part = sum / std::max(new_word, LEAST);
        for (Share& one : likely) {
            if (one.id == UNK_ID) of_longer = one.share * part, one.share *= 1 - part;
        }
        likely.erase(std::remove_if(likely.begin(), likely.end(), [](const Share& one) { return !(one.share > 0); }),
                     likely.end());
    }
    std::vector<Scored> scored = forms(spelled_right(likely, after_clitic), letters, clitic, after_clitic);
    const double each = of_longer / sum_of(longer);
    for (const auto& [share, word] : longer) scored.push_back({each * share, word, lexicon_.fold(word)});
    if (!words.empty() && likely.size() < wanted && !options_.is_tolerant) add_beyond(scored, letters, likely, wanted);
    return scored;
}

// How words are spelled: typed letters for <unk>, several words for those that were typed without spaces, and a
// clitic before the words that may follow it.
std::vector<Scored> Candidates::forms(const Likely& likely, const Letters& letters, const std::string& clitic,
                                      const std::set<std::int64_t>& after_clitic) const {
    std::string apart;
    for (const std::int64_t id : letters.parted ? letters.parted->ids : std::vector<std::int64_t>()) {
        if (!apart.empty()) apart += ' ';
        apart += lexicon_.spelled_apart(id);
    }
    std::vector<Scored> scored;
    for (const auto& [id, share] : likely) {
        if (id == UNK_ID) {
            scored.push_back({share, letters.typed, letters.fold});
        } else if (id == APART && letters.parted) {
            scored.push_back({share, apart, lexicon_.fold(apart)});
        } else if (after_clitic.count(id) != 0) {
            scored.push_back({share, clitic + std::string(lexicon_.word(id)),
                              lexicon_.fold(clitic) + std::string(lexicon_.fold_of(id))});
        } else {
            scored.push_back({share, std::string(lexicon_.spelled_apart(id)), std::string(lexicon_.fold_of(id))});
        }
    }
    return scored;
}

// Words outside the vocabulary that begin with the letters and are longer.
Beyond Candidates::beyond(const Letters& letters, std::size_t wanted) const {
    Beyond words;
    const double each = LISTED / (double)reader_.rare().size();
    for (std::string& word : reader_.rare().beginning(letters.fold, wanted)) words.emplace_back(each, std::move(word));
    if (const NewWords* const all = reader_.new_words()) {
        for (auto& [share, word] : all->beginning(letters.fold)) {
            words.emplace_back((1 - LISTED) * share, std::move(word));
        }
    }
    return words;
}

// Puts words outside the vocabulary that begin as typed before those of the vocabulary.
void Candidates::add_beyond(std::vector<Scored>& scored, const Letters& letters, const Likely& likely,
                            std::size_t wanted) const {
    const Beyond longer = beyond(letters, wanted);
    if (longer.empty()) return;
    const double each = share_of_unknown(likely) * FOLLOWING;
    std::vector<Scored> all;
    for (const auto& [share, word] : longer) all.push_back({each * share, word, lexicon_.fold(word)});
    std::move(scored.begin(), scored.end(), std::back_inserter(all));
    const double total = 1 + each * sum_of(longer);
    for (Scored& one : all) one.share /= total;
    scored = std::move(all);
}

// Without <unk> and <eos>, which nobody types.
Likely Candidates::best(std::size_t wanted) const {
    Likely likely;
    for (const Found& found : reader_.engine().best(state_, whole(wanted), {UNK_ID, EOS_ID})) {
        likely.push_back({found.id, found.probability});
    }
    return likely;
}

Likely Candidates::begun(const std::vector<Weighted>& words, std::size_t wanted) const {
    std::vector<std::int64_t> ids;
    std::vector<double> weights;
    for (const Weighted& word : words) ids.push_back(word.id), weights.push_back(word.weight);
    const bool are_exact = std::all_of(weights.begin(), weights.end(), [](double weight) { return weight == 1; });
    if (!are_exact) return weighed(std::move(ids), std::move(weights), wanted, false, std::nullopt);
    Likely likely;
    for (const Found& found : reader_.engine().best_of(state_, whole(wanted), ids)) {
        likely.push_back({found.id, found.probability});
    }
    return likely;
}

// P given the typed letters by Bayes: P(word | context) P(typed | word), normalised. `near`: words that may be
// intended; `begun`: those that begin as typed; `new_word`: P(typed | <unk>).
Likely Candidates::by_slips(const std::vector<Near>& near, const std::vector<Weighted>& begun, double new_word,
                            std::size_t wanted, bool with_unknown, const std::optional<Apart>& parted) const {
    std::vector<double> weights(reader_.engine().words());
    for (const Weighted& word : begun) weights[(std::size_t)word.id] = word.weight;
    for (const Near& words : near) {
        for (std::size_t position = words.low; position < words.high; ++position) {
            double& weight = weights[(std::size_t)lexicon_.ids()[position]];
            weight = std::max(weight, words.weight);
        }
    }
    weights[UNK_ID] = new_word;
    std::vector<std::int64_t> ids;
    for (std::size_t id = 0; id < weights.size(); ++id) {
        if (weights[id] == 0) continue;
        weights[ids.size()] = weights[id];
        ids.push_back((std::int64_t)id);
    }
    weights.resize(ids.size());
    return weighed(std::move(ids), std::move(weights), wanted, with_unknown, parted);
}

// The words with the highest P(word | context) times weight, and <unk> if it is wanted besides. Words typed
// without spaces are weighed by the first one, and have the id APART.
Likely Candidates::weighed(std::vector<std::int64_t> ids, std::vector<double> weights, std::size_t wanted,
                           bool with_unknown, const std::optional<Apart>& parted) const {
    if (parted) ids.push_back(parted->ids.front()), weights.push_back(parted->weight);
    const std::vector<float> shares = reader_.engine().probabilities(state_, ids);
    for (std::size_t k = 0; k < ids.size(); ++k) weights[k] *= shares[k];
    const double total = std::max(std::accumulate(weights.begin(), weights.end(), 0.0), LEAST);
    for (double& weight : weights) weight /= total;
    std::vector<std::size_t> order(ids.size());
    std::iota(order.begin(), order.end(), (std::size_t)0);
    const auto is_before = [&](std::size_t a, std::size_t b) {
        if (weights[a] != weights[b]) return weights[a] > weights[b];
        return ids[a] != ids[b] ? ids[a] < ids[b] : a < b;
    };
    const std::size_t top = std::min(wanted, order.size());
    std::partial_sort(order.begin(), order.begin() + (std::ptrdiff_t)top, order.end(), is_before);
    Likely likely;
    for (std::size_t k = 0; k < order.size(); ++k) {
        const std::size_t place = order[k];
        const bool is_apart = parted && place == ids.size() - 1;
        if (k < top || (with_unknown && ids[place] == UNK_ID)) {
            likely.push_back({is_apart ? APART : ids[place], weights[place]});
        }
    }
    return likely;
}

// P(<unk>) on the scale of words of which some are listed.
double Candidates::share_of_unknown(const Likely& likely) const {
    const bool is_listed = std::any_of(likely.begin(), likely.end(), [](const Share& one) { return one.id == UNK_ID; });
    if (is_listed) return likely.back().share;
    const std::vector<float> scores = reader_.engine().scores(state_, {likely.front().id, UNK_ID});
    return (float)likely.front().share * std::exp(scores[1] - scores[0]);
}

// Adds a word that the vocabulary lacks, as <unk>.
void Candidates::add_new(Likely& likely, std::size_t letters) const {
    const double share = share_of_unknown(likely) * spelled(letters);
    likely.push_back({UNK_ID, share});
    for (Share& one : likely) one.share /= 1 + share;
}

// The words that a word outside the vocabulary may intend: an edit away, or of its stem. Each letter beyond the
// stem makes it more likely that the typed word is intended as it stands, if it may be.
std::vector<Near> Candidates::corrections(const Letters& letters) const {
    const std::u32string typed = decoded(letters.typed);
    // Letters without spaces may be several words, which other words must not replace.
    const bool has_letter = std::any_of(typed.begin(), typed.end(), [](char32_t c) { return is_alpha(c); });
    if (!has_letter || is_unspaced(typed)) return {};
    std::vector<Near> near = one_edit(lexicon_, letters.fold, *options_.layout);
    for (const Near& words : two_edits(lexicon_, letters.fold)) near.push_back(words);
    if (const std::string plain = lexicon_.unaccented(letters.fold); plain != letters.fold) {
        const auto [low, high] = lexicon_.range(plain);
        near.push_back({low, high, BARE});
    }
    if (const auto parts = lexicon_.after_clitic(letters.typed)) {
        // l'homme does not correct l'en, nor l'as l'z.
        return letters.count - characters(parts->first) >= AFTER_CLITIC ? near : std::vector<Near>();
    }
    const auto [low, high] = stem(lexicon_, letters.fold);
    double weight = STEM;
    if (letters.is_weighed && low < high) {
        const std::u32string fold = decoded(letters.fold), first = decoded(lexicon_.fold_at(low));
        const auto same = std::mismatch(fold.begin(), fold.end(), first.begin(), first.end()).first;
        weight *= spelled((std::size_t)(fold.end() - same));
    }
    near.push_back({low, high, weight});
    return near;
}

// Misspellings replaced by the intended words, except those that are kept.
Likely Candidates::spelled_right(Likely likely, const std::set<std::int64_t>& kept) const {
    const bool are_right =
        std::all_of(likely.begin(), likely.end(), [&](const Share& one) { return lexicon_.is_right(one.id); });
    if (are_right) return likely;
    Likely merged;
    for (const auto& [id, share] : likely) {
        const std::int64_t meant = kept.count(id) != 0 ? id : lexicon_.meant(id);
        const auto known =
            std::find_if(merged.begin(), merged.end(), [meant](const Share& one) { return one.id == meant; });
        if (known != merged.end()) known->share += share;
        else merged.push_back({meant, share});
    }
    return merged;
}

// Letters that may consist of several words, as no word begins so.
std::optional<Apart> parted_word(const ModelReader& reader, const Context& context, const Letters& letters,
                                 const Filter& filter) {
    if (letters.count == 0 || !letters.begun.empty()) return std::nullopt;
    return apart(reader.engine(), reader.lexicon(), *context.state, letters.typed, &filter);
}

}  // namespace

std::vector<Ranked> ranked(const ModelReader& reader, const Context& context, std::string_view typed, std::size_t k,
                           const Options& options, bool is_weighed) {
    const Lexicon& lexicon = reader.lexicon();
    Letters letters;
    letters.typed = typed.empty() ? std::string() : as_typed(typed);
    letters.fold = lexicon.fold(letters.typed);
    letters.count = characters(letters.typed);
    letters.is_weighed = is_weighed;
    letters.is_new = is_weighed && lexicon.forms(letters.fold).empty();
    if (letters.count > 0) letters.begun = lexicon.begun(letters.fold);
    letters.parted = parted_word(reader, context, letters, options.filter);
    const std::vector<std::u32string>& before = context.text.words;
    const bool after_abbreviation = !before.empty() && before.back() == U"." && !context.text.begins_sentence;
    const Candidates candidates(reader, context, options);
    for (std::size_t wanted = 2 * k + 4;; wanted *= 4) {  // some words are forms of others, or blocked
        const std::vector<Scored> scored = candidates.scored(letters, wanted);
        std::vector<Ranked> words;
        std::map<std::string_view, std::size_t> places;
        for (const Scored& one : scored) {
            if (after_abbreviation && one.form == ".") continue;  // its full stop ends the sentence, too
            const auto known = places.find(one.fold);
            if (known != places.end()) {
                words[known->second].probability += one.share;
                words[known->second].forms.push_back({one.share, one.form});
            } else if (one.share > 0 && (one.fold == letters.fold || !options.filter.blocks(one.fold))) {
                places.emplace(one.fold, words.size());
                words.push_back({one.share, {{one.share, one.form}}});
            }
        }
        if (words.size() <= k && scored.size() >= wanted) continue;
        std::stable_sort(words.begin(), words.end(),
                         [](const Ranked& a, const Ranked& b) { return a.probability > b.probability; });
        if (words.size() > k + 1) words.resize(k + 1);
        return words;
    }
}

}  // namespace foreword::core
