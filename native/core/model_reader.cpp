#include "model_reader.hpp"

#include "apart.hpp"
#include "beside.hpp"
#include "cursor.hpp"
#include "error.hpp"
#include "slips.hpp"
#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace foreword::core {

namespace {

// P of each letter of a new word, given those before it, and of one with a capital, which is mostly a name.
constexpr double A_LETTER = 1.0 / 8, A_LETTER_OF_NAME = 1.0 / 6;
// P(a word is typed in another, rarer form), relative to 1 for the intended form.
constexpr float CARELESS = 0.1f;
// Python's reader marks so what it inserts where lines are wrapped; a user may have it, too.
constexpr char32_t UNSEEN = 0x2064;

std::size_t common_length(std::u32string_view a, std::u32string_view b) {
    const std::size_t shorter = std::min(a.size(), b.size());
    return (std::size_t)(std::mismatch(a.begin(), a.begin() + (std::ptrdiff_t)shorter, b.begin()).first - a.begin());
}

// Keeps `most` boundaries: all of the last ones, and every second of the older half.
void thin(std::vector<Boundary>& marks, std::size_t most) {
    if (most < 4 && marks.size() > most) marks.erase(marks.begin(), marks.end() - (std::ptrdiff_t)most);
    while (marks.size() > most) {
        const std::size_t older = marks.size() / 2;
        std::vector<Boundary> kept;
        for (std::size_t k = 0; k < older; k += 2) kept.push_back(std::move(marks[k]));
        std::move(marks.begin() + (std::ptrdiff_t)older, marks.end(), std::back_inserter(kept));
        marks = std::move(kept);
    }
}

}  // namespace

std::u32string_view ReadingProgress::letters_after(std::u32string_view text) const {
    if (!is_steady || text.size() < begin || text.substr(begin, head.size()) != head) return {};
    if (reading_begin(text) != std::pair(begin, is_whole)) return {};
    const std::u32string_view typed = text.substr(begin + head.size());
    if (typed.size() > LONGEST_RUN) return {};  // a fresh reading takes only the last letters for the word
    // Without spaces between words, letters may change the words before them.
    return is_alpha(typed) && !is_unspaced(typed) ? typed : std::u32string_view();
}

SharedContext ReadingProgress::after(const SharedContext& before, std::u32string_view letters) const {
    return ahead != nullptr && before == context && letters == ahead_letters ? ahead : nullptr;
}

ModelReader::ModelReader(std::shared_ptr<const Engine> engine, std::shared_ptr<const Tokenizer> tokenizer,
                         WordFiles files, const std::function<Texts()>& read_rare)
    : engine_(std::move(engine)), tokenizer_(std::move(tokenizer)) {
    const TokenizerSpec& spec = tokenizer_->spec();
    if (spec.lines == TokenizerSpec::WRAPPED) {
        throw_error("the model reads text whose lines are wrapped, which this library cannot do yet; "
                    "Foreword for Python does");
    }
    const LetterCase& letter_case = tokenizer_->letter_case();
    State state;
    auto rare = beside([&] {
        state = engine_->start();  // packs the weights
        return std::make_unique<const RareWords>(read_rare(), letter_case);
    });
    lexicon_ = std::make_unique<const Lexicon>(spec.words, EOS_ID + 1, files.misspellings, letter_case);
    text_.emplace(*tokenizer_, *lexicon_, std::move(files.spacing), std::move(files.style),
                  std::move(files.abbreviations));
    rare_ = rare.get();
    TextContext start = text_->start();
    start_ = std::make_shared<const Context>(Context{start, std::make_shared<const State>(std::move(state))});
    start.begins_sentence = false;
    start_within_ = std::make_shared<const Context>(Context{std::move(start), start_->state});
}

const LetterTables& ModelReader::letter_tables() const {
    const Lock lock(making_letter_tables_);
    if (!letter_tables_) letter_tables_ = std::make_unique<const LetterTables>(*lexicon_, *rare_, spacing());
    return *letter_tables_;
}

const NewWords* ModelReader::new_words() const {
    if (!tokenizer_->spec().new_words) return nullptr;
    const Lock lock(counting_letters_);
    if (!new_words_) new_words_ = std::make_unique<const NewWords>(*lexicon_, *rare_);
    return new_words_.get();
}

const WordFrequencies& ModelReader::word_frequencies() const {
    const Lock lock(estimating_frequencies_);
    if (!word_frequencies_) {
        word_frequencies_ = std::make_unique<const WordFrequencies>(*tokenizer_, *lexicon_, *rare_);
    }
    return *word_frequencies_;
}

ReadingProgress ModelReader::read(std::u32string_view text, const ReadingProgress* before, bool is_unfinished,
                                  std::size_t marks, std::size_t most) const {
    const auto [begin, is_whole] = reading_begin(text);
    const std::u32string_view window = text.substr(begin);
    ReadingProgress reading;
    reading.begin = begin;
    reading.is_whole = is_whole;
    reading.seen = with_newlines(window);
    const std::u32string_view seen = reading.seen;
    std::vector<Boundary>& boundaries = reading.marks;
    if (before != nullptr && before->begin == begin && before->is_whole == is_whole) {
        const std::size_t same = common_length(seen, before->seen);
        std::copy_if(before->marks.begin(), before->marks.end(), std::back_inserter(boundaries),
                     [&](const Boundary& mark) { return mark.settled_by <= same; });
    }
    SharedContext context = is_whole ? start_ : start_within_;
    std::size_t position = 0;
    if (!boundaries.empty()) position = boundaries.back().position, context = boundaries.back().context;
    std::size_t space = position;
    for (std::size_t read = 0;; ++read) {
        space = std::max(space, position);
        while (space < seen.size() && !is_white_space(seen[space])) ++space;
        const std::u32string_view run = seen.substr(position, space - position);
        const std::size_t stretch = text_->stretch(run);
        if (stretch == 0 && space == seen.size()) break;
        if (read == most) {
            reading.is_part = true;
            break;
        }
        if (stretch > 0) {
            context = chunk(context, run.substr(0, stretch));
            boundaries.push_back({position + stretch, position + stretch + 1, context});
            position += stretch;
            continue;
        }
        SharedContext after = before != nullptr ? before->after(context, run) : nullptr;
        if (after == nullptr) after = chunk(context, run);
        if (seen[space] == U'\n') after = line_end(after);
        position = space + 1;
        if (after == context) continue;
        context = std::move(after);
        boundaries.push_back({position, position, context});
    }
    std::size_t typed_at = position;
    if (!reading.is_part) {
        const std::u32string_view rest = seen.substr(position);
        std::size_t typed_from = is_unfinished ? unfinished_from(rest, *tokenizer_, *lexicon_, *rare_) : rest.size();
        if (const std::size_t unseen = rest.rfind(UNSEEN); unseen != rest.npos) {
            typed_from = std::max(typed_from, unseen + 1);
        }
        if (typed_from > 0) context = chunk(context, rest.substr(0, typed_from));
        typed_at += typed_from;
        reading.is_steady = typed_from == 0 || (typed_at < window.size() && rest.size() <= LONGEST_RUN);
    }
    reading.head = window.substr(0, typed_at);
    reading.context = std::move(context);
    thin(boundaries, marks);
    return reading;
}

SharedContext ModelReader::after_word(const SharedContext& context, std::u32string_view letters) const {
    return chunk(context, letters);
}

std::int64_t ModelReader::id_of(const State& state, std::string_view word) const {
    const std::vector<std::int64_t> ids = lexicon_->readings(word);
    if (ids.empty()) return UNK_ID;
    if (ids.size() == 1) return ids.front();
    std::vector<float> shares = engine_->probabilities(state, ids);
    if (lexicon_->word(ids.front()) == word) shares.front() /= CARELESS;
    return ids[(std::size_t)(std::max_element(shares.begin(), shares.end()) - shares.begin())];
}

SharedContext ModelReader::chunk(SharedContext context, std::u32string_view run) const {
    if (run.empty()) return context;
    const auto [text, parts] = text_->parts(run);
    for (const std::vector<Word>& words : parts) {
        const Word& word = words.front();
        context = words.size() > 1
                      ? after_abbreviation(context, words, text)
                      : after(context, word, std::u32string_view(text).substr(word.start, word.end - word.start));
    }
    return context;
}

// The context after an abbreviation of letters and full stops, each of which is a word of its own. A model
// that saw few takes the last stop for the end of a sentence; it reads pm for p.m. if it knows that better.
SharedContext ModelReader::after_abbreviation(const SharedContext& start, const std::vector<Word>& words,
                                              std::u32string_view text) const {
    std::u32string joined;
    for (const Word& word : words) {
        if (word.text != U".") joined += word.text;
    }
    const std::int64_t whole = id_of(*start->state, encoded(joined));
    const bool is_known = whole != UNK_ID;
    const auto share_of = [&](const State& state, std::int64_t id) -> double {
        return engine_->probabilities(state)[(std::size_t)id];
    };
    const double of_whole = is_known ? share_of(*start->state, whole) : 0.0;
    double of_parts = 1.0;
    SharedContext context = start;
    for (const Word& word : words) {
        const SharedContext before = context;
        context = after(before, word, text.substr(word.start, word.end - word.start));
        if (is_known && of_parts > of_whole) of_parts *= share_of(*before->state, context->state->last);
    }
    if (!is_known || of_parts > of_whole) return context;
    Context read{context->text, start->state};
    advance(read, whole);
    read.text.begins_sentence = false;
    return std::make_shared<const Context>(std::move(read));
}

SharedContext ModelReader::after(const SharedContext& context, const Word& word, std::u32string_view raw) const {
    auto [text, is_read] = text_->after(context->text, word, raw);
    Context next{std::move(text), context->state, context->before};
    if (is_read) {
        for (const std::int64_t id : ids_of(*context, word.text)) advance(next, id);
    }
    return std::make_shared<const Context>(std::move(next));
}

// Reads one more word.
void ModelReader::advance(Context& context, std::int64_t id) const {
    State after = *context.state;
    engine_->advance(after, (std::uint32_t)id);
    context.before = std::move(context.state);
    context.state = std::make_shared<const State>(std::move(after));
}

SharedContext ModelReader::line_end(const SharedContext& context) const {
    // Blank lines have no <eos>, as in training.
    if (is_in_print() && context->state->last == EOS_ID) return context;
    Context next{text_->line_end(context->text), context->state};
    advance(next, EOS_ID);
    return std::make_shared<const Context>(std::move(next));
}

// The ids that a normalised word is read as: of several if the spaces are missing. An unknown word is one of
// the user's own if it was there before, or if that is more probable than a slip or missing spaces.
std::vector<std::int64_t> ModelReader::ids_of(const Context& context, std::u32string_view word) const {
    const std::string utf8 = encoded(word);
    const std::int64_t known = id_of(*context.state, utf8);
    if (known != UNK_ID || is_own(utf8, context.text.words)) return {known};
    const std::optional<Apart> parted = apart(*engine_, *lexicon_, *context.state, utf8, nullptr);
    const std::vector<Weighted> words = slipped(word);
    if (!parted && words.empty()) return {UNK_ID};
    const auto [id, share] = likeliest(*context.state, word, words);
    if (parted && parted->share * parted->weight > share) return parted->ids;
    return {id};
}

// Whether an unknown word is meant as it is: a rare one, or one of earlier words of the text.
bool ModelReader::is_own(std::string_view word, const std::vector<std::u32string>& earlier) const {
    const std::string fold = lexicon_->fold(word);
    return rare_->has(fold) || std::any_of(earlier.begin(), earlier.end(), [&](const std::u32string& other) {
               return lexicon_->fold(encoded(other)) == fold;
           });
}

// The words that an unknown one may be with a slip, with the slip's probability.
std::vector<Weighted> ModelReader::slipped(std::u32string_view word) const {
    const bool is_one = is_alpha(word) && !is_unspaced(word);
    return is_one ? whole_words(*lexicon_, lexicon_->fold(encoded(word))) : std::vector<Weighted>();
}

// The likeliest of words with a slip, or UNK_ID, and P(typed so | state).
std::pair<std::int64_t, double> ModelReader::likeliest(const State& state, std::u32string_view word,
                                                       const std::vector<Weighted>& words) const {
    const std::vector<float> shares = engine_->probabilities(state);
    const double letter = is_upper(word.substr(0, 1)) ? A_LETTER_OF_NAME : A_LETTER;
    std::pair<double, std::int64_t> best{shares[UNK_ID] * std::pow(letter, (double)word.size()), UNK_ID};
    for (const Weighted& one : words) best = std::max(best, {shares[(std::size_t)one.id] * one.weight, one.id});
    return {best.second, best.first};
}

}  // namespace foreword::core
