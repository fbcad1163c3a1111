#include "lexicon.hpp"

#include "error.hpp"
#include "letters.hpp"
#include "sorted_texts.hpp"
#include "unicode.hpp"
#include "utf8.hpp"
#include "words.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>

namespace foreword::core {

namespace {

constexpr std::int64_t FAR_COMMONER = 4;  // times as frequent as its lower case is a form that is the usual one
constexpr std::size_t LONGEST_CLITIC = 5, WORDS_AFTER_CLITIC = 5;
constexpr double SLIP = 2e-2, BEGUN_SLIP = 1e-3;  // P(letters are, or begin, a known misspelling | the word)
constexpr std::size_t ALPHABET = 64;       // the commonest letters, which a slip may leave out or replace
constexpr std::size_t ACCENTED = 100;      // one word in fewer than so many has an accent

// The result of `str.partition("'")`; `found` says whether there is an apostrophe.
struct Parted {
    std::string_view before, after;
    bool found;
};
Parted parted(std::string_view text) {
    const std::size_t at = text.find('\'');
    if (at == text.npos) return {text, {}, false};
    return {text.substr(0, at), text.substr(at + 1), true};
}

std::u32string first_of_skeleton(std::string_view fold) { return skeleton(decoded(fold)).substr(0, 1); }

// Whether the fold is the word with small letters for A to Z.
bool folds_as_ascii(const LetterCase& letter_case, std::string_view word) {
    return is_ascii(word) && (!letter_case.is_dotless() || word.find('I') == word.npos);
}

std::string folded_by(const LetterCase& letter_case, std::string_view word) {
    if (!folds_as_ascii(letter_case, word)) return encoded(letter_case.fold(decoded(word)));
    std::string fold(word);
    for (char& c : fold) c = small_ascii(c);
    return fold;
}

// Whether a word may be typed without apostrophes or accents that it has.
bool may_be_bare(const LetterCase& letter_case, std::string_view word) {
    return word.find('\'') != word.npos || !folds_as_ascii(letter_case, word);
}

// Whether a word with this byte may fold to other letters than small ones for A to Z, or may be bare.
bool may_be_unusual(char c) { return ((unsigned char)c >= 0x80) | (c == 'I') | (c == '\''); }

}  // namespace

Bare::Bare(const std::vector<std::uint32_t>& words, const std::function<std::string(std::uint32_t)>& fold_of) {
    Texts skeletons, folds;
    std::vector<std::uint32_t> marked;
    for (const std::uint32_t word : words) {
        const std::string fold = fold_of(word), bare = encoded(skeleton(decoded(fold)));
        if (bare != fold && !bare.empty()) skeletons.add(bare), folds.add(fold), marked.push_back(word);
    }
    const auto skeleton_of = [&](std::size_t k) { return skeletons[k]; };
    for (const std::uint32_t k : in_order(0, marked.size(), skeleton_of, std::less<>())) {
        skeletons_.add(skeletons[k]), folds_.add(folds[k]), words_.push_back(marked[k]);
    }
    skeletons_.shrink_to_fit(), folds_.shrink_to_fit(), words_.shrink_to_fit();
}

std::pair<std::size_t, std::size_t> Bare::range(std::string_view skeleton) const {
    return range_of(0, skeletons_.size(), [&](std::size_t k) { return skeletons_[k]; }, skeleton);
}

bool Bare::has(std::string_view skeleton) const {
    const auto [low, high] = range(skeleton);
    return low < high && skeletons_[low] == skeleton;
}

bool Bare::may_begin(std::string_view prefix) const {
    const auto [low, high] = range(prefix);
    return low < high;
}

std::vector<std::int64_t> Bare::equal(std::string_view fold) const {
    std::vector<std::int64_t> ids;
    if (words_.empty()) return ids;
    const std::u32string letters = decoded(fold);
    const std::string bare = encoded(skeleton(letters));
    const auto [low, high] = range(bare);
    for (std::size_t k = low; k < high && skeletons_[k] == bare; ++k) {
        const std::string_view other = folds_[k];
        if (other != fold && leaves_out(letters, decoded(other))) ids.push_back(words_[k]);
    }
    return ids;
}

std::vector<std::int64_t> Bare::begun(std::string_view fold) const {
    std::vector<std::int64_t> ids;
    if (words_.empty()) return ids;
    const std::u32string letters = decoded(fold);
    const std::string bare = encoded(skeleton(letters));
    const bool is_marked = has_marks(letters);
    const auto [low, high] = range(bare);
    for (std::size_t k = low; k < high; ++k) {
        const std::string_view other = folds_[k];
        if (begins_with(other, fold) || (is_marked && !leaves_out(letters, decoded(other)))) continue;
        ids.push_back(words_[k]);
    }
    return ids;
}

Lexicon::Lexicon(SharedVocabulary words, std::size_t hidden, const Misspellings& misspellings, LetterCase letter_case)
    : words_(std::move(words)), hidden_(std::min(hidden, words_->size())), case_(std::move(letter_case)) {
    fold_words();
    const auto fold_of = [&](std::size_t id) { return this->fold_of((std::int64_t)id); };
    ids_ = in_order(hidden_, size(), fold_of, std::less<>());
    std::vector<std::uint32_t> marked;
    for (const std::uint32_t id : words_->texts().having(may_be_unusual)) {
        if (id >= hidden_ && may_be_bare(case_, word(id))) marked.push_back(id);
    }
    bare_ = Bare(marked, [&](std::uint32_t id) { return std::string(fold_of(id)); });
    count_letters();
    find_clitics();
    take(misspellings);
}

void Lexicon::fold_words() {
    own_folds_.reserve(size(), size());
    const auto may_differ = [](unsigned char c) { return (c >= 0x80) | ((c >= 'A') & (c <= 'Z')); };
    for (const std::uint32_t id : words_->texts().having(may_differ)) {
        while (own_folds_.size() < id) own_folds_.add({});
        const std::string fold = folded_by(case_, word(id));
        own_folds_.add(fold == word(id) ? std::string_view() : fold);
    }
    while (own_folds_.size() < size()) own_folds_.add({});
    own_folds_.shrink_to_fit();
}

void Lexicon::count_letters() {
    std::size_t accented = 0;
    std::array<std::size_t, 128> counts{};
    std::unordered_map<char32_t, std::size_t> other_counts;
    const auto count_of = [&](char32_t c) -> std::size_t& { return is_ascii(c) ? counts[c] : other_counts[c]; };
    for (const std::uint32_t id : ids_) {
        const std::string_view fold = fold_of(id);
        bool is_ascii = true;
        for (std::size_t at = 0; at < fold.size();) {
            const bool is_one_byte = (unsigned char)fold[at] < 0x80;
            is_ascii = is_ascii && is_one_byte;
            const char32_t c = is_one_byte ? (char32_t)fold[at++] : next_decoded(fold, at);
            if (count_of(c)++ == 0 && is_alpha(c)) letters_ += c;  // in the order in which they come first
        }
        if (is_ascii) continue;
        const std::u32string letters = decoded(fold);
        accented += without_accents(letters) != letters;
    }
    has_accents_ = accented * ACCENTED > ids_.size();
    std::stable_sort(letters_.begin(), letters_.end(), [&](char32_t a, char32_t b) { return count_of(a) > count_of(b); });
    letters_.resize(std::min(letters_.size(), ALPHABET));
}

void Lexicon::find_clitics() {
    std::map<std::string_view, std::set<std::string_view>> followers;
    for (const std::uint32_t id : words_->texts().having([](char c) { return c == '\''; })) {
        const auto [clitic, rest, found] = parted(fold_of(id));
        if (id < hidden_ || clitic.empty() || decoded(clitic).size() > LONGEST_CLITIC) continue;
        if (decoded(rest).size() >= 3) followers[clitic].insert(rest);
    }
    for (const auto& [clitic, rests] : followers) {
        if (rests.size() < WORDS_AFTER_CLITIC) continue;
        for (const std::string_view rest : rests) clitics_[std::string(clitic)].insert(first_of_skeleton(rest));
    }
}

void Lexicon::take(const Misspellings& misspellings) {
    is_wrong_.resize(words_->size());
    const auto known = [&](std::string_view word) {
        const std::optional<std::int64_t> id = id_of(word);
        if (!id) throw_error("the vocabulary lacks the intended word " + std::string(word));
        return *id;
    };
    for (const auto& [wrong, meant] : misspellings) {
        if (!id_of(wrong)) {
            const std::string_view fold = *slip_folds_.insert(folded_by(case_, wrong)).first;
            // At most as frequent as the rarest word.
            absent_slips_.push_back({fold, known(meant), std::max(SLIP, (double)known(meant) / (double)words_->size())});
            continue;
        }
        const std::int64_t id = known(wrong);
        const std::string_view fold = fold_of(id);
        slip_folds_.emplace(fold);
        if (meant.find(' ') != std::string::npos) {
            two_words_[id] = meant;
            continue;
        }
        // Frequency is about 1/rank (Zipf), and the vocabulary is sorted by frequency.
        const double ratio = std::min(1.0, (double)known(meant) / (double)id);
        slips_.push_back({fold, known(meant), std::max(SLIP, ratio)});
        meant_by_[id] = known(meant);
        is_wrong_[(std::size_t)id] = true;
    }
    std::stable_sort(slips_.begin(), slips_.end(), [](const Slip& a, const Slip& b) { return a.fold < b.fold; });
    std::sort(absent_slips_.begin(), absent_slips_.end(), [](const Slip& a, const Slip& b) {
        return std::pair(a.fold, a.meant) < std::pair(b.fold, b.meant);
    });
}

std::string Lexicon::fold(std::string_view word) const { return folded_by(case_, word); }

std::pair<std::size_t, std::size_t> Lexicon::range_within(std::size_t low, std::size_t high,
                                                          std::string_view prefix) const {
    return range_of(low, high, [&](std::size_t k) { return fold_at(k); }, prefix);
}

std::size_t Lexicon::equal_end(std::string_view fold, std::size_t low, std::size_t high) const {
    return first_of(low, high, [&](std::size_t k) { return fold_at(k).size() > fold.size(); });
}

void Lexicon::add(const std::vector<Slip>& slips, double begun_share, std::string_view fold, std::vector<Weighted>& words) {
    const auto [low, high] = range_of(0, slips.size(), [&](std::size_t k) { return slips[k].fold; }, fold);
    for (std::size_t k = low; k < high; ++k) {  // the shortest misspellings come first
        const Slip& slip = slips[k];
        const auto same = [&](const Weighted& word) { return word.id == slip.meant; };
        if (std::any_of(words.begin(), words.end(), same)) continue;
        words.push_back({slip.meant, slip.fold == fold ? slip.share : begun_share});
    }
}

std::vector<Weighted> Lexicon::begun_slips(std::string_view fold) const {
    std::vector<Weighted> words;
    add(slips_, BEGUN_SLIP, fold, words);
    add(absent_slips_, SLIP, fold, words);
    return words;
}

std::vector<Weighted> Lexicon::begun(std::string_view fold) const {
    std::vector<Weighted> words;
    const auto [low, high] = range(fold);
    words.reserve(high - low);
    for (std::size_t k = low; k < high; ++k) {
        if (is_right(ids_[k])) words.push_back({ids_[k], 1});
    }
    if (fold.empty()) return words;
    const std::size_t exact = words.size();
    for (const std::int64_t id : bare_.begun(fold)) {
        if (is_right(id)) words.push_back({id, is_korean(decoded(fold_of(id))) ? 1 : BARE});
    }
    if (words.empty()) return words;
    const std::vector<Weighted> bare(words.begin() + (std::ptrdiff_t)exact, words.end());
    std::vector<Weighted> meant;
    add(slips_, BEGUN_SLIP, fold, meant);
    for (const Weighted& word : meant) {
        const auto is_it = [&](const Weighted& other) { return other.id == word.id; };
        const bool is_begun = is_right(word.id) && begins_with(fold_of(word.id), fold);
        if (!is_begun && std::none_of(bare.begin(), bare.end(), is_it)) words.push_back(word);
    }
    return words;
}

std::optional<std::pair<std::string, std::vector<std::int64_t>>> Lexicon::after_clitic(std::string_view letters) const {
    const auto [clitic, rest, found] = parted(letters);
    const auto first = clitics_.find(fold(clitic));
    if (!found || rest.empty() || first == clitics_.end()) return std::nullopt;
    std::vector<std::int64_t> ids;
    for (const Weighted& word : begun(fold(rest))) {
        const std::string_view other = fold_of(word.id);
        const bool may_follow = other.find('\'') == other.npos && first->second.count(first_of_skeleton(other)) != 0;
        if (may_follow) ids.push_back(word.id);
    }
    return std::pair(std::string(clitic) + "'", std::move(ids));
}

bool Lexicon::has(std::string_view fold) const {
    const std::size_t first = first_of(0, ids_.size(), [&](std::size_t k) { return fold_at(k) >= fold; });
    return (first < ids_.size() && fold_at(first) == fold) || bare_.has(fold);
}

bool Lexicon::may_begin(std::string_view fold) const {
    const std::size_t first = first_of(0, ids_.size(), [&](std::size_t k) { return fold_at(k) >= fold; });
    return (first < ids_.size() && begins_with(fold_at(first), fold)) || bare_.may_begin(fold);
}

std::vector<std::int64_t> Lexicon::beginning(std::string_view prefix) const {
    const std::string letters = fold(prefix);
    const auto [low, high] = range(letters);
    std::vector<std::int64_t> exact, right;
    for (std::size_t k = low; k < high; ++k) {
        if (!is_right(ids_[k])) continue;
        right.push_back(ids_[k]);
        if (begins_with(word(ids_[k]), prefix)) exact.push_back(ids_[k]);
    }
    if (!exact.empty()) return exact;
    if (!right.empty()) return right;
    for (const Weighted& word : begun(letters)) right.push_back(word.id);
    return right;
}

std::vector<std::int64_t> Lexicon::forms(std::string_view fold) const {
    std::vector<std::int64_t> ids;
    const auto [low, high] = range(fold);
    for (std::size_t k = low; k < high && fold_at(k) == fold; ++k) ids.push_back(ids_[k]);
    return ids;
}

bool Lexicon::has_own_capital(std::string_view fold) const {
    const std::vector<std::int64_t> all = forms(fold);
    const std::optional<std::int64_t> lower = id_of(fold);
    return !all.empty() && (!lower || all[0] * FAR_COMMONER <= *lower);
}

std::optional<std::int64_t> Lexicon::id_of(std::string_view word) const {
    const std::optional<std::uint32_t> id = words_->id(word);
    if (!id || *id < hidden_) return std::nullopt;
    return *id;
}

std::int64_t Lexicon::meant(std::int64_t id) const {
    const auto found = meant_by_.find(id);
    return found == meant_by_.end() ? id : found->second;
}

std::string_view Lexicon::spelled_apart(std::int64_t id) const {
    const auto found = two_words_.find(id);
    return found == two_words_.end() ? word(id) : std::string_view(found->second);
}

std::string Lexicon::unaccented(std::string_view fold) const {
    return has_accents_ ? std::string(fold) : encoded(without_accents(decoded(fold)));
}

std::vector<std::int64_t> Lexicon::readings(std::string_view word) const {
    const std::optional<std::int64_t> own = id_of(word);
    if (own && meant(*own) != *own) return {meant(*own)};
    const std::string letters = fold(word);
    std::vector<std::int64_t> candidates = forms(letters);
    if (own) candidates.erase(std::find(candidates.begin(), candidates.end(), *own));
    for (const std::int64_t id : bare_.equal(letters)) candidates.push_back(id);
    std::sort(candidates.begin(), candidates.end());
    if (own) {
        candidates.erase(std::lower_bound(candidates.begin(), candidates.end(), *own), candidates.end());
        candidates.insert(candidates.begin(), *own);
        return candidates;
    }
    if (!candidates.empty()) return candidates;
    for (const std::u32string& mark : stand_ins(decoded(word))) {
        if (const std::optional<std::int64_t> id = id_of(encoded(mark))) return {*id};
    }
    const auto [clitic, rest, found] = parted(word);
    if (found && clitics_.count(fold(clitic)) != 0) return readings(rest);
    return forms(unaccented(letters));  // naïve, where the vocabulary has naive
}

RareWords::RareWords(Texts words, LetterCase letter_case)
    : words_(std::move(words)), case_(std::move(letter_case)) {
    const auto fold = [&](std::string_view word) { return folded_by(case_, word); };
    std::vector<std::uint32_t> unusual = words_.having(may_be_unusual);
    if (sorted_prefix(words_, unusual, fold) < words_.size()) {  // rare.txt is sorted, unless case has rules of its own
        Texts folds, sorted;
        for (std::size_t k = 0; k < words_.size(); ++k) folds.add(fold_of(k));
        const auto is_before = [&](std::size_t a, std::size_t b) { return words_[a] < words_[b]; };
        const auto order = in_order(0, words_.size(), [&](std::size_t k) { return folds[k]; }, is_before);
        for (const std::uint32_t k : order) sorted.add(words_[k]);
        words_ = std::move(sorted);
        unusual = words_.having(may_be_unusual);
    }
    words_.shrink_to_fit();
    std::vector<std::uint32_t> marked;
    for (const std::uint32_t k : unusual) {
        if (may_be_bare(case_, words_[k])) marked.push_back(k);
    }
    bare_ = Bare(marked, [&](std::uint32_t k) { return fold_of(k); });
}

std::string RareWords::fold_of(std::size_t k) const { return folded_by(case_, words_[k]); }

bool RareWords::has(std::string_view fold) const {
    const std::size_t first = first_of(0, words_.size(), [&](std::size_t k) { return fold_of(k) >= fold; });
    return first < words_.size() && fold_of(first) == fold;
}

std::vector<std::string> RareWords::beginning(std::string_view fold, std::size_t most) const {
    std::vector<std::string> found;
    const auto [low, high] = range_of(0, words_.size(), [&](std::size_t k) { return fold_of(k); }, fold);
    for (std::size_t k = low; k < high && found.size() < most; ++k) {
        if (fold_of(k) != fold) found.emplace_back(words_[k]);
    }
    if (found.size() == most) return found;
    for (const std::int64_t id : bare_.begun(fold)) {
        if (found.size() == most) break;
        found.emplace_back(words_[(std::size_t)id]);
    }
    return found;
}

}  // namespace foreword::core
