#include "slips.hpp"

#include "letters.hpp"
#include "unicode.hpp"
#include "utf8.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

namespace foreword::core {

namespace {

// The least number of typed letters for which slips are considered, and slips of the first one.
constexpr std::size_t SHORTEST = 2, SHORTEST_FOR_FIRST = 3, LONGEST = 32;
constexpr std::size_t SHORTEST_TWICE = 7;  // the least number of letters of a word with two slips

// P(this slip | the intended word) at one position, relative to 1 for correct typing; of each pair, the
// likelier case stands first.
constexpr double NEIGHBOUR = 4e-3, ELSEWHERE = 2e-4;  // another key is hit: a neighbouring one, or any other
constexpr double TWICE = 3e-3, MISSING = 1e-3;        // a letter is left out: of a double one, or any other
constexpr double TRANSPOSED = 3e-3;
constexpr double BESIDE = 3e-3, EXTRA = 5e-4;  // an additional letter: a neighbouring key or repeated, or any other
constexpr double TWO = 1e-4;                   // two common slips in a whole word
// How many times likelier a word is whose letters are all typed than a longer one.
constexpr double WHOLE = 4;
constexpr double ENDING = 1e-2;  // the factor for a slip in the last letter of a whole word

// Letters that are taken apart by characters.
class Typed {
  public:
    explicit Typed(std::string_view utf8) : utf8_(utf8), letters_(decoded(utf8)) {
        std::size_t offset = 0;
        for (const char32_t letter : letters_) {
            offsets_.push_back(offset);
            offset += encoded(std::u32string_view(&letter, 1)).size();
        }
        offsets_.push_back(offset);
    }

    std::size_t size() const { return letters_.size(); }
    const std::u32string& letters() const { return letters_; }
    char32_t operator[](std::size_t position) const { return letters_[position]; }
    std::string part(std::size_t first, std::size_t last) const {
        last = std::min(last, size());
        return first < last ? std::string(utf8_.substr(offsets_[first], offsets_[last] - offsets_[first])) : "";
    }

  private:
    std::string_view utf8_;
    std::u32string letters_;
    std::vector<std::size_t> offsets_;  // (letters + 1), in bytes
};

// Collects ranges of words.
class NearWords {
  public:
    explicit NearWords(const Lexicon& lexicon) : lexicon_(lexicon) {}

    // Adds the words with a prefix, which all lie in [low, high).
    void add(const std::string& prefix, double weight, std::size_t low, std::size_t high) {
        std::tie(low, high) = lexicon_.range_within(low, high, prefix);
        if (low == high) return;
        found.push_back({low, high, weight});
        const std::size_t whole = lexicon_.equal_end(prefix, low, high);
        if (whole > low) found.push_back({low, whole, weight * WHOLE});
    }

    std::vector<Near> found;

  private:
    const Lexicon& lexicon_;
};

// Adds words with another letter at a position, replacing the typed one or before it. The words that begin as
// typed before this position are [low, high).
void add_other_letters(NearWords& near, const Lexicon& lexicon, const Typed& typed, std::size_t position,
                       std::size_t low, std::size_t high, const Layout& layout) {
    const std::string before = typed.part(0, position), with = typed.part(position, typed.size()),
                      without = typed.part(position + 1, typed.size());
    for (std::size_t index = low; index < high;) {
        const std::string_view fold = lexicon.fold_at(index);
        std::size_t end = before.size();
        char32_t letter;
        if (end == fold.size() || !next_character(fold, end, letter)) {  // the word ends here
            ++index;
            continue;
        }
        const std::string begun(fold.substr(0, end));
        end = lexicon.range_within(index, high, begun).second;
        if (letter != typed[position]) {
            near.add(begun + without, layout.are_near(letter, typed[position]) ? NEIGHBOUR : ELSEWHERE, index, end);
        }
        const bool is_double = position > 0 && letter == typed[position - 1];
        near.add(begun + with, is_double ? TWICE : MISSING, index, end);
        index = end;
    }
}

bool is_vowel(char32_t c) { return std::u32string_view(U"aeiouy").find(c) != std::u32string_view::npos; }

// What the commonest slips leave: first and last letter, and consonants without doubles.
std::u32string frame(std::u32string_view fold) {
    std::u32string consonants;
    for (std::size_t k = 1; k + 1 < fold.size(); ++k) {
        if (!is_vowel(fold[k])) consonants += fold[k];
    }
    std::u32string kept(1, fold.front());
    for (std::size_t k = 0; k < consonants.size(); ++k) {
        kept += consonants[k];
        if (k + 1 < consonants.size() && consonants[k + 1] == consonants[k]) ++k;
    }
    return kept + fold.back();
}

// The least number of letters to add, drop or replace.
std::size_t distance(std::u32string_view a, std::u32string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), (std::size_t)0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t before = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t kept = before + (a[i - 1] != b[j - 1]);
            before = row[j];
            row[j] = std::min({kept, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

// P(typed | a word that is one edit away).
double weight_of(std::u32string_view typed, std::u32string_view word) {
    const Layout& keys = qwerty();
    const std::size_t shorter = std::min(typed.size(), word.size());
    std::size_t at = 0;
    while (at < shorter && typed[at] == word[at]) ++at;
    constexpr char32_t NONE = 0;  // no letter, and so no neighbour of one
    const char32_t before = at > 0 ? typed[at - 1] : NONE, here = at < typed.size() ? typed[at] : NONE,
                   after = at + 1 < typed.size() ? typed[at + 1] : NONE;
    double weight = TRANSPOSED;
    if (word.size() > typed.size()) {
        weight = word[at] == before ? TWICE : MISSING;
    } else if (word.size() < typed.size()) {
        const bool is_near = here == before || keys.are_near(before, here) || keys.are_near(after, here);
        weight = is_near ? BESIDE : EXTRA;
    } else if (typed.substr(std::min(at + 1, typed.size())) == word.substr(std::min(at + 1, word.size()))) {
        weight = keys.are_near(word[at], here) ? NEIGHBOUR : ELSEWHERE;
    }
    return at + 1 >= std::max(typed.size(), word.size()) ? weight * ENDING : weight;
}

}  // namespace

Layout::Layout(const std::vector<std::u32string>& rows) {
    int y = 0;
    for (const std::u32string& row : rows) {
        for (std::size_t x = 0; x < row.size(); ++x) keys_.push_back({row[x], 2 * (int)x + y, y});
        ++y;
    }
}

const Layout::Key* Layout::find(char32_t character) const {
    const auto found =
        std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.character == character; });
    return found == keys_.end() ? nullptr : &*found;
}

bool Layout::are_near(char32_t a, char32_t b) const {
    const Key *const of_a = find(a), *const of_b = find(b);
    if (of_a == nullptr || of_b == nullptr || a == b) return false;
    return std::abs(of_a->x - of_b->x) <= 2 && std::abs(of_a->y - of_b->y) <= 1;
}

const Layout& qwerty() {
    static const Layout layout({U"qwertyuiop", U"asdfghjkl", U"zxcvbnm"});
    return layout;
}

const Layout& qwertz() {
    static const Layout layout({U"qwertzuiop\u00fc", U"asdfghjkl\u00f6\u00e4", U"yxcvbnm"});
    return layout;
}

const Layout& azerty() {
    static const Layout layout({U"azertyuiop", U"qsdfghjklm", U"wxcvbn"});
    return layout;
}

std::vector<Near> one_edit(const Lexicon& lexicon, std::string_view fold, const Layout& layout) {
    const Typed typed(fold);
    const std::size_t n = typed.size();
    NearWords near(lexicon);
    if (n < SHORTEST || n > LONGEST) return {};
    std::size_t low = 0, high = lexicon.ids().size();  // the words that begin with typed[:position]
    for (std::size_t position = 0; position < n; ++position) {
        const std::string before = typed.part(0, position), rest = typed.part(position + 1, n);
        if (position > 0) std::tie(low, high) = lexicon.range_within(low, high, before);
        if (low == high) return std::move(near.found);
        if (position == 0 && n < SHORTEST_FOR_FIRST) continue;
        add_other_letters(near, lexicon, typed, position, low, high, layout);
        if (rest.empty()) continue;
        const char32_t first = typed[position], next = typed[position + 1];
        const bool repeats =
            position > 0 && (first == typed[position - 1] || layout.are_near(typed[position - 1], first));
        near.add(before + rest, repeats || layout.are_near(next, first) ? BESIDE : EXTRA, low, high);
        if (next != first) {
            const std::string swapped =
                before + typed.part(position + 1, position + 2) + typed.part(position, position + 1);
            near.add(swapped + typed.part(position + 2, n), TRANSPOSED, low, high);
        }
    }
    // An additional letter at the end counts only after a whole word, or too many would match.
    const std::string whole = typed.part(0, n - 1);
    std::tie(low, high) = lexicon.range(whole);
    const std::size_t end = lexicon.equal_end(whole, low, high);
    if (end > low) {
        const char32_t last = typed[n - 1], before = typed[n - 2];
        near.found.push_back({low, end, WHOLE * (last == before || layout.are_near(before, last) ? BESIDE : EXTRA)});
    }
    return std::move(near.found);
}

std::vector<Near> two_edits(const Lexicon& lexicon, std::string_view fold) {
    std::vector<Near> near;
    const Typed typed(fold);
    if (typed.size() < SHORTEST_TWICE || typed.size() > LONGEST) return near;
    const std::u32string own = frame(typed.letters());
    constexpr std::size_t MOST_BYTES = 2 * 4;  // of two letters more
    // The first letter is part of the frame, and so is the last one.
    const auto [low, high] = lexicon.range(typed.part(0, 1));
    for (std::size_t position = low; position < high; ++position) {
        const std::string_view word = lexicon.fold_at(position);
        const bool may_be = word.back() == fold.back() && word.size() <= fold.size() + MOST_BYTES &&
                            fold.size() <= word.size() + MOST_BYTES;
        if (!may_be || !lexicon.is_right(lexicon.ids()[position])) continue;
        const std::u32string letters = decoded(word);
        if (frame(letters) == own && distance(typed.letters(), letters) == 2) near.push_back({position, position + 1, TWO});
    }
    return near;
}

std::vector<Weighted> whole_words(const Lexicon& lexicon, std::string_view fold) {
    const Typed typed(fold);
    const std::size_t n = typed.size();
    if (n < SHORTEST_FOR_FIRST || n > LONGEST) return {};
    std::set<std::string> edited;
    const auto consider = [&](std::string letters) {
        if (lexicon.has(letters)) edited.insert(std::move(letters));
    };
    for (std::size_t position = 0; position <= n; ++position) {
        const std::string before = typed.part(0, position), rest = typed.part(position, n),
                          after = typed.part(position + 1, n);
        if (!lexicon.may_begin(before)) break;
        consider(before + after);
        consider(before + typed.part(position + 1, position + 2) + typed.part(position, position + 1) +
                 typed.part(position + 2, n));
        for (const char32_t letter : lexicon.letters()) {
            const std::string begun = before + encoded(std::u32string_view(&letter, 1));
            if (!lexicon.may_begin(begun)) continue;
            consider(begun + rest), consider(begun + after);
        }
    }
    const std::u32string plain = without_accents(typed.letters());  // an accent that was typed is no slip
    std::map<std::string, double> weights;
    for (const std::string& word : edited) {
        const std::u32string letters = decoded(word);
        if (without_accents(letters) != plain) weights[word] = weight_of(typed.letters(), letters);
    }
    for (const Near& near : two_edits(lexicon, fold)) weights[std::string(lexicon.fold_at(near.low))] = near.weight;
    std::map<std::int64_t, double> shares;
    for (const auto& [word, weight] : weights) {
        for (const auto& ids : {lexicon.forms(word), lexicon.readings(word)}) {
            for (const std::int64_t id : ids) {
                double& share = shares[lexicon.meant(id)];
                share = std::max(share, weight);
            }
        }
    }
    std::vector<Weighted> words;
    for (const auto& [id, share] : shares) words.push_back({id, share});
    return words;
}

std::pair<std::size_t, std::size_t> stem(const Lexicon& lexicon, std::string_view fold) {
    const Typed typed(fold);
    const std::size_t shortest = std::max<std::size_t>(2, (typed.size() + 1) / 2);
    for (std::size_t length = typed.size(); length >= shortest; --length) {
        const auto range = lexicon.range(typed.part(0, length));
        if (range.first < range.second) return range;
    }
    return {0, 0};
}

}  // namespace foreword::core
