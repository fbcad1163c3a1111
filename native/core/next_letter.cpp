#include "next_letter.hpp"

#include "letter_tables.hpp"
#include "spelling.hpp"
#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <string>

namespace foreword::core {

namespace {

// P of a word being typed as the vocabulary spells it, with a capital, in capitals; a guess.
constexpr Kinds KINDS = {0.98, 0.015, 0.005};
// The least P of a space where the training text never has one, and of its lack where it always does, so that
// every text can be written.
constexpr double UNUSUAL = 1e-3;
// The least P(the letters are a whole word) for which the network reads them as one. The mass of a less probable
// whole word counts as that of a space.
constexpr double FOLLOWED = 1e-3;

using Shares = std::vector<double>;

double total(const Masses& masses) {
    double sum = 0.0;
    for (const auto& [letter, mass] : masses) sum += mass;
    return sum;
}

void normalise(Masses& masses, double sum) {
    const double factor = sum / total(masses);
    for (auto& [letter, mass] : masses) mass *= factor;
}

void drop_impossible(Masses& masses) {
    for (auto one = masses.begin(); one != masses.end();) one = one->second > 0 ? std::next(one) : masses.erase(one);
}

double bounded(double share) { return std::min(std::max(share, UNUSUAL), 1 - UNUSUAL); }

// Where a word begins, and how it is typed there.
class Position {
  public:
    Position(const ModelReader& reader, const TextContext& context, bool ignores_case)
        : reader_(reader), context_(context), tables_(reader.letter_tables()), ignores_case_(ignores_case),
          spellings_(tables_.spellings(ignores_case)) {}

    // Typed letters as the spellings have them.
    std::u32string spelled(std::u32string_view typed) const {
        const std::u32string letters = decoded(as_typed(encoded(typed)));
        return ignores_case_ ? reader_.lexicon().letter_case().lower(letters) : letters;
    }

    // The mass of the letters that continue a prefix, and that of its end.
    Spellings::Branches within_word(Shares shares, std::u32string_view prefix) const {
        const auto [unlisted, of_rare] = spellings_.shared(shares[UNK_ID]);
        shares[UNK_ID] = shares[EOS_ID] = 0.0;
        auto branches = spellings_.branching(encoded(prefix), shares, of_rare, kinds());
        const LetterModel& model = spellings_.unlisted();
        double begun = unlisted * model.probability(prefix);
        if (!prefix.empty() && begun == 0.0 && branches.whole + total(branches.masses) == 0.0) {
            begun = 1.0;  // so long a word that its probability underflows; it is unlisted
        }
        const std::vector<double> after = model.after(prefix);
        for (std::size_t k = 0; k < model.alphabet().size(); ++k) branches.masses[model.alphabet()[k]] += begun * after[k];
        branches.whole += begun * after.back();
        return branches;
    }

    // The masses of the characters after a space, a mark, a whole word, or nothing.
    Masses of_new_word(const Shares& shares, std::u32string_view end) const {
        if (end.empty() || is_line_end(end.back())) return first_letters(shares);
        Shares weighed = shares;
        const Shares spaced = space_shares(end);
        const bool has_space = is_space(end.back());
        double of_space = 0.0;
        for (std::size_t id = 0; id < shares.size(); ++id) {
            weighed[id] *= has_space ? spaced[id] : 1 - spaced[id];
            of_space += shares[id] * spaced[id];
        }
        Masses masses = first_letters(weighed);
        if (!has_space) masses[U' '] += of_space;
        return masses;
    }

  private:
    Kinds kinds() const {
        if (ignores_case_) return {1.0, 0.0, 0.0};
        if (!reader_.tokenizer().spec().folds_case || !context_.begins_sentence) return KINDS;
        const double capital = (1 - KINDS[2]) * (3.5 + context_.capitals) / 7;
        return {1 - KINDS[2] - capital, capital, KINDS[2]};
    }

    // The masses of the first characters of words.
    Masses first_letters(const Shares& shares) const {
        Masses masses = within_word(shares, {}).masses;
        masses[U'\n'] += shares[EOS_ID];
        drop_impossible(masses);
        return masses;
    }

    // P(a space stands between the text and a word | the word), by id.
    Shares space_shares(std::u32string_view end) const {
        while (!end.empty() && is_space(end.back())) end.remove_suffix(1);
        Shares spaced = tables_.space_before();
        const auto set_where = [&](const std::vector<bool>& is_chosen, double share) {
            for (std::size_t id = 0; id < spaced.size(); ++id) spaced[id] = is_chosen[id] ? share : spaced[id];
        };
        if (!reader_.is_in_print()) {
            spaced.assign(spaced.size(), 1.0);
        } else {
            const Spacing& spacing = reader_.spacing();
            if (const std::int64_t quotation = reader_.tokenizer().id_of_normalised(U"\""); quotation != UNK_ID) {
                spaced[(std::size_t)quotation] = bounded(space_share(U"\"", context_.is_quoting, spacing));
            }
            const std::u32string_view last = end.substr(end.size() - std::min<std::size_t>(end.size(), 1));
            if (is_mark(last)) {
                const Joined joined = join(end, U"a", context_.is_quoting, true, spacing);
                set_where(tables_.begins_with_letter(), bounded(joined.appended != U"a" ? 1.0 : 0.0));
            } else if (is_unspaced(last)) {
                set_where(tables_.begins_unspaced(), UNUSUAL);
            }
        }
        spaced[EOS_ID] = UNUSUAL;
        return spaced;
    }

    const ModelReader& reader_;
    const TextContext& context_;
    const LetterTables& tables_;
    bool ignores_case_;
    const Spellings& spellings_;
};

Letters in_order(const Masses& masses, double end_of_word) {
    Letters letters{{}, end_of_word};
    for (const auto& [letter, mass] : masses) letters.next.push_back({letter, mass});
    std::stable_sort(letters.next.begin(), letters.next.end(),
                     [](const Letter& a, const Letter& b) { return a.probability > b.probability; });
    return letters;
}

}  // namespace

Letters next_letters(const ModelReader& reader, const SharedContext& context, std::u32string_view typed,
                     std::u32string_view end, bool ignores_case,
                     const std::function<SharedShares(const SharedContext&)>& shares,
                     const std::function<SharedContext()>& look_ahead) {
    const SharedShares of_words = shares(context);
    const Position here(reader, context->text, ignores_case);
    if (typed.empty()) {
        Masses masses = here.of_new_word(*of_words, end);
        normalise(masses, 1.0);
        return in_order(masses, 0.0);
    }
    auto [masses, whole] = here.within_word(*of_words, here.spelled(typed));
    const double finished = whole / (total(masses) + whole);
    drop_impossible(masses);
    if (!masses.empty()) normalise(masses, 1 - finished);
    Masses following = {{U' ', 1.0}};
    if (finished >= FOLLOWED) {
        const SharedContext after = look_ahead();
        following = Position(reader, after->text, ignores_case).of_new_word(*shares(after), end);
        normalise(following, 1.0);
    }
    for (const auto& [letter, share] : following) masses[letter] += finished * share;
    return in_order(masses, finished);
}

}  // namespace foreword::core
