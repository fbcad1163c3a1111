#include "suggest.hpp"

#include "unicode.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace foreword::core {

namespace {

constexpr std::size_t ENOUGH = 8;  // words among which the finished one is looked for
constexpr std::size_t LONGEST_TYPED = 256;  // letters of the longest word for which anything is suggested
// The probability that a word typed in another form than it is written in (paris) is to be corrected, rather
// than kept and followed by the next word; and the same for a known misspelling.
constexpr double MENDED = 0.5, SLIP_MENDED = 0.8;
// The least probability that letters are a whole word for which next words are offered.
constexpr double UNLIKELY = 0.05;

void sort(std::vector<Suggestion>& offered) {
    std::stable_sort(offered.begin(), offered.end(),
                     [](const Suggestion& a, const Suggestion& b) { return a.probability > b.probability; });
}

std::string fold_of(std::u32string_view word, const Lexicon& lexicon) { return lexicon.fold(encoded(word)); }

// How many characters to remove from a text, and what to append, to add a word.
Joined joined(const ModelReader& reader, const TextContext& context, std::u32string_view end,
              std::u32string_view word) {
    Joined added = join(end, word, context.is_quoting, reader.is_in_print(), reader.spacing());
    const bool is_spaced = added.appended != word || end.empty() || is_space(end.back());
    added.appended.resize(added.appended.size() - word.size());
    added.appended += context.style.written(word, context.is_quoting, is_spaced && added.removed == 0);
    return added;
}

// The folds of the words that the typed letters, as a whole word, are read as.
std::set<std::string> read_as(const ModelReader& reader, const Context& context, const std::string& letters) {
    const std::int64_t id = reader.id_of(*context.state, encoded(reader.tokenizer().normalise(decoded(letters))));
    std::set<std::string> folds{reader.lexicon().fold(letters)};
    if (id != UNK_ID) folds.emplace(reader.lexicon().fold_of(id));
    return folds;
}

// Words ready for insertion, and P(the typed letters are a whole word).
std::pair<std::vector<Suggestion>, double> readings(const ModelReader& reader, const Context& context,
                                                    std::u32string_view typed, std::u32string_view end,
                                                    const std::vector<Ranked>& words, bool is_weighed) {
    const Lexicon& lexicon = reader.lexicon();
    const TextContext& before = context.text;
    const std::string letters = typed.empty() ? std::string() : as_typed(encoded(typed));
    const std::u32string characters = decoded(letters);
    const std::string fold = lexicon.fold(letters);
    constexpr std::u32string_view SHOWING_STYLE = U"'\u05f4";
    Style style = before.style;
    if (characters.find_first_of(SHOWING_STYLE) != characters.npos) {
        style = style.after(typed, characters, before.is_quoting, false);
    }
    const std::set<std::string> whole = is_weighed ? read_as(reader, context, letters) : std::set<std::string>();
    const double mended = is_weighed && lexicon.is_slip(fold) ? SLIP_MENDED : MENDED;
    std::vector<Suggestion> offered;
    double finished = 0.0;
    for (const Ranked& ranked : words) {
        Suggestion one;
        one.word = decoded(written(ranked.forms, letters, {before.begins_sentence, before.capitals}, lexicon));
        one.probability = ranked.probability;
        if (typed.empty()) {
            Joined added = joined(reader, before, end, one.word);
            one.replaces = added.removed, one.text = std::move(added.appended);
            if (one.probability > 0) offered.push_back(std::move(one));
            continue;
        }
        one.replaces = typed.size();
        one.text = style.written(one.word, before.is_quoting, false);
        const bool is_typed_already = one.text == typed || one.word == characters;
        std::string without_spaces = fold_of(one.word, lexicon);  // "a lot" is offered for alot
        without_spaces.erase(std::remove(without_spaces.begin(), without_spaces.end(), ' '), without_spaces.end());
        if (whole.count(without_spaces) != 0) {
            const double left = is_typed_already ? 0.0 : one.probability * mended;
            finished += one.probability - left;
            one.probability = left;
        } else if (is_typed_already && !lexicon.forms(fold).empty()) {
            continue;  // this word is in the text already
        }
        if (one.probability > 0) offered.push_back(std::move(one));
    }
    if (finished != 0) sort(offered);
    return {std::move(offered), finished};
}

// Drops the less probable of two equal words: likely as a completion, and after a word.
void drop_repeated(std::vector<Suggestion>& offered, const Lexicon& lexicon) {
    std::set<std::string> seen;
    const auto is_repeated = [&](const Suggestion& one) { return !seen.insert(fold_of(one.word, lexicon)).second; };
    std::vector<Suggestion> once;
    for (Suggestion& one : offered) {
        if (!is_repeated(one)) once.push_back(std::move(one));
    }
    offered = std::move(once);
}

}  // namespace

const std::vector<Ranked>& NextWords::after(const ModelReader& reader, const SharedContext& context, std::size_t k,
                                            const Options& options) {
    if (context != context_ || k != k_) {
        words_ = ranked(reader, *context, {}, k, options, false);
        context_ = context;
        k_ = k;
    }
    return words_;
}

std::vector<Suggestion> suggestions(const ModelReader& reader, const SharedContext& context, std::u32string_view typed,
                                    std::u32string_view end, std::size_t k, const Options& options, bool is_weighed,
                                    NextWords& next_words, const std::function<SharedContext()>& look_ahead) {
    const auto following = [&](const SharedContext& before) {
        return readings(reader, *before, {}, end, next_words.after(reader, before, k, options), false).first;
    };
    if (typed.empty()) {
        std::vector<Suggestion> offered = following(context);
        if (offered.size() > k) offered.resize(k);
        return offered;
    }
    std::vector<Suggestion> offered;
    double finished = 1.0;
    if (typed.size() <= LONGEST_TYPED) {
        const std::vector<Ranked> words = ranked(reader, *context, encoded(typed), k, options, is_weighed);
        std::tie(offered, finished) = readings(reader, *context, typed, end, words, is_weighed);
    } else if (!is_weighed) {
        return offered;
    }
    // A next word is no more probable than the word before it: most letters need no look-ahead.
    if (finished > std::max(UNLIKELY, offered.size() >= k ? offered[k - 1].probability : 0.0)) {
        for (Suggestion& one : following(look_ahead())) {
            one.probability *= finished;
            offered.push_back(std::move(one));
        }
        sort(offered);
        drop_repeated(offered, reader.lexicon());
    }
    if (offered.size() > k) offered.resize(k);
    return offered;
}

double finished_share(const ModelReader& reader, const Context& context, std::u32string_view typed,
                      std::u32string_view end, const Options& options) {
    if (typed.size() > LONGEST_TYPED) return 1.0;
    const std::vector<Ranked> words = ranked(reader, context, encoded(typed), ENOUGH, options, true);
    return readings(reader, context, typed, end, words, true).second;
}

}  // namespace foreword::core
