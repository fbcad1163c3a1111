#include "apart.hpp"

#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

namespace foreword::core {

namespace {

constexpr double NO_SPACE = 5e-3;  // P(the space between two words is not typed), on the scale of the edits of slips
// The least and the largest number of letters, and how many ways to part them are weighed.
constexpr std::size_t SHORTEST = 4, LONGEST = 32, WEIGHED = 3;
// Words of so few letters, and all of three, count only if they are among so many most frequent words.
constexpr std::size_t SHORT = 2;
constexpr std::int64_t COMMON = 1000;

using Ids = std::vector<std::int64_t>;
using Parts = std::vector<std::string>;

// The words that letters consist of, and the forms in which each part is a word.
class Parting {
  public:
    Parting(const Lexicon& lexicon, const Filter* filter) : lexicon_(lexicon), filter_(filter) {}

    // The ways to part letters into a number of words.
    std::vector<Parts> ways(std::u32string_view letters, std::size_t parts) {
        is_of_three_ = parts == 3;
        std::vector<Parts> found;
        Parts begun;
        part(letters, parts, begun, found);
        return found;
    }

    // The readings of careless letters, and all cases of a word, in rising order.
    const Ids& forms(const std::string& word) const { return forms_.at(word); }

  private:
    void part(std::u32string_view letters, std::size_t parts, Parts& begun, std::vector<Parts>& found) {
        const std::size_t longest = parts == 1 ? letters.size() : letters.size() - parts + 1;
        for (std::size_t k = parts == 1 ? letters.size() : 1; k <= longest; ++k) {
            std::string word = encoded(letters.substr(0, k));
            if (!is_word(word, k)) continue;
            begun.push_back(std::move(word));
            if (parts == 1) found.push_back(begun);
            else part(letters.substr(k), parts - 1, begun, found);
            begun.pop_back();
        }
    }

    bool is_word(const std::string& word, std::size_t letters) {
        if (!lexicon_.has(word) || (filter_ != nullptr && filter_->blocks(word))) return false;
        const auto [known, is_new] = forms_.try_emplace(word);
        Ids& ids = known->second;
        if (is_new) {
            ids = lexicon_.readings(word);
            const Ids cases = lexicon_.forms(word);
            ids.insert(ids.end(), cases.begin(), cases.end());
            std::sort(ids.begin(), ids.end());
            ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        }
        const bool is_free = letters > SHORT && !is_of_three_;
        return !ids.empty() && (is_free || ids.front() < COMMON);
    }

    const Lexicon& lexicon_;
    const Filter* filter_;
    bool is_of_three_ = false;
    std::map<std::string, Ids> forms_;
};

double sum_of(const std::vector<float>& shares, const Ids& ids) {
    return std::accumulate(ids.begin(), ids.end(), 0.0f,
                           [&](float sum, std::int64_t id) { return sum + shares[(std::size_t)id]; });
}

}  // namespace

std::optional<Apart> apart(const Engine& engine, const Lexicon& lexicon, const State& state,
                           std::string_view letters, const Filter* filter) {
    const std::u32string fold = decoded(lexicon.fold(letters));
    if (fold.size() < SHORTEST || fold.size() > LONGEST || !is_alpha(fold) || is_unspaced(fold)) return std::nullopt;
    Parting parting(lexicon, filter);
    std::vector<Parts> parted = parting.ways(fold, 2);
    if (parted.empty()) parted = parting.ways(fold, 3);
    if (parted.empty()) return std::nullopt;
    const std::vector<float> shares = engine.probabilities(state);
    struct Way {
        Parts words;
        double first, rough;
    };
    std::vector<Way> ways;
    for (Parts& words : parted) {
        const double first = sum_of(shares, parting.forms(words.front()));
        double ranks = 1.0;  // frequency is about 1/rank (Zipf)
        for (std::size_t k = 1; k < words.size(); ++k) ranks *= (double)parting.forms(words[k]).front();
        ways.push_back({std::move(words), first, first / ranks});
    }
    std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.rough > b.rough; });
    std::optional<Apart> best;
    for (std::size_t way = 0; way < std::min(ways.size(), WEIGHED); ++way) {
        const Parts& words = ways[way].words;
        double weight = 1.0;
        State after = state;
        for (std::size_t k = 0; k + 1 < words.size(); ++k) {
            const Ids& forms = parting.forms(words[k]);
            const std::vector<float> scores = engine.scores(after, forms);
            const auto likeliest = std::max_element(scores.begin(), scores.end()) - scores.begin();
            engine.advance(after, (std::uint32_t)forms[(std::size_t)likeliest]);
            weight *= sum_of(engine.probabilities(after), parting.forms(words[k + 1])) * NO_SPACE;
        }
        if (best && ways[way].first * weight <= best->share * best->weight) continue;
        Ids ids;
        for (const std::string& word : words) ids.push_back(parting.forms(word).front());
        best = Apart{std::move(ids), ways[way].first, weight};
    }
    return best;
}

}  // namespace foreword::core
