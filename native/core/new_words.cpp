#include "new_words.hpp"

#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

constexpr std::size_t CONTEXT = 5;            // the letters on which the next one depends
constexpr std::size_t FEWEST = 2, MOST = 40;  // typed letters after which a new word is suggested
constexpr double LEAST = 0.05;                // P(ending | typed letters, a new word)

LetterModel model_of(const Lexicon& lexicon, const RareWords& rare) {
    std::vector<std::string> rare_folds;
    for (std::size_t k = 0; k < rare.size(); ++k) rare_folds.push_back(lexicon.fold(rare.word(k)));
    std::vector<std::string_view> folds(rare_folds.begin(), rare_folds.end());
    for (std::size_t id = 0; id < lexicon.size(); ++id) folds.push_back(lexicon.fold_of((std::int64_t)id));
    std::sort(folds.begin(), folds.end());
    folds.erase(std::unique(folds.begin(), folds.end()), folds.end());
    folds.erase(std::remove_if(folds.begin(), folds.end(), [](std::string_view one) { return !is_alpha(decoded(one)); }),
                folds.end());
    return LetterModel(folds, CONTEXT);
}

}  // namespace

NewWords::NewWords(const Lexicon& lexicon, const RareWords& rare)
    : lexicon_(lexicon), rare_(rare), model_(model_of(lexicon, rare)) {}

std::vector<std::pair<double, std::string>> NewWords::beginning(std::string_view fold) const {
    const std::u32string letters = decoded(fold);
    std::vector<std::pair<double, std::string>> words;
    if (letters.size() < FEWEST || letters.size() > MOST) return words;
    if (!is_alpha(letters) || is_unspaced(letters)) return words;
    const double begun = model_.probability(letters);
    for (const Rest& ending : model_.endings(letters, LEAST)) {
        const double share = begun * ending.probability;
        const std::string word = encoded(letters + ending.letters);
        if (share > 0 && lexicon_.forms(word).empty() && !rare_.has(word)) words.emplace_back(share, word);
    }
    return words;
}

}  // namespace foreword::core
