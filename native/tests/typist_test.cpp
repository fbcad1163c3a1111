// Edits a text at random through the C interface, for the sanitizers, and asks a typist for words and letters after
// each edit: words of the model, marks, broken UTF-8, and texts so long that only their end is read.
//
// Every answer must be in range, and that of a typist who has read no other text. Some typists mend slips, some suggest
// phrases, and some are asked by the thread that also answers the server's users. Says what is wrong, and fails.
// Arguments: a model folder, the number of edits, and a seed.
#include "../foreword.h"
#include "../worker.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>

namespace {

[[noreturn]] void fail(const std::string& text, const char* why) {
    std::fprintf(stderr, "%s, after a text of %zu bytes:", why, text.size());
    for (const char c : text) std::fprintf(stderr, " %02x", (unsigned char)c);
    std::fprintf(stderr, "\n");
    std::exit(1);
}

void check(char* error, const std::string& text) {
    if (error) fail(text, error);
}

using Typist = std::unique_ptr<foreword_typist, decltype(&foreword_typist_free)>;

Typist typist_of(const foreword_model* model, bool is_tolerant, bool has_phrases) {
    foreword_typist_options options{};
    options.tolerant = is_tolerant;
    options.phrases = has_phrases;
    char* error;
    Typist made(foreword_typist_new(model, &options, &error), foreword_typist_free);
    check(error, "");
    return made;
}

// What a typist says of a text, on one line for each word and letter.
std::string answers(foreword_typist* typist, const std::string& text, std::size_t k, bool ignores_case) {
    char* error;
    std::string said;
    std::vector<foreword_suggestion> suggestions(k);
    std::size_t found;
    foreword_typist_suggest(typist, text.c_str(), k, suggestions.data(), &found, &error);
    check(error, text);
    if (found > k) fail(text, "more suggestions than there is room for");
    for (std::size_t n = 0; n < found; ++n) {
        const foreword_suggestion& one = suggestions[n];
        if (!(one.probability > 0 && one.probability <= 1 + 1e-6)) fail(text, "a probability out of range");
        if (one.replaces > text.size()) fail(text, "more is replaced than there is");
        said += std::string(one.word) + '\t' + one.text + '\t' + std::to_string(one.replaces) + '\n';
    }
    const foreword_letter* letters;
    double end_of_word, sum = 0;
    foreword_typist_letters(typist, text.c_str(), ignores_case, &letters, &found, &end_of_word, &error);
    check(error, text);
    for (std::size_t n = 0; n < found; ++n) {
        if (!(letters[n].probability >= 0)) fail(text, "a negative probability");
        sum += letters[n].probability;
        said += std::to_string(letters[n].character) + '\t' + std::to_string(letters[n].probability) + '\n';
    }
    if (!(std::fabs(sum - 1) < 1e-6)) fail(text, "letters that do not sum to 1");
    return said + std::to_string(end_of_word);
}

class Editor {
  public:
    Editor(const foreword_model* model, unsigned seed) : model_(model), random_(seed) {}

    std::size_t below(std::size_t limit) { return random_() % limit; }

    // The text after one edit, mostly at its end.
    std::string edited(std::string text) {
        if (below(40) == 0 || text.size() > 40000) text.clear();
        const std::size_t at = below(3) != 0 ? text.size() : below(text.size() + 1);
        if (below(4) == 0) text.erase(at - std::min(at, below(6)), below(6));
        return text.insert(std::min(at, text.size()), piece());
    }

  private:
    std::string piece() {
        static const char* const OTHERS[] = {" ", " ", " ", "\n", "\r\n", ".", ", ", "'", "\u2019", "\"", "\u2026", "-",
                                             "\u0301", "\u202e", "\u2064", "\u00e9", "\u597d", "\u0e44\u0e17\u0e22",
                                             "\xff", "\xe2\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x01"};
        switch (below(8)) {
            case 0: return std::string(1, (char)(1 + below(255)));
            case 1: return std::string(below(30) == 0 ? 3000 : below(4), (char)(1 + below(255)));
            case 2: case 3: case 4: return OTHERS[below(sizeof OTHERS / sizeof *OTHERS)];
            default: {
                const std::string word = foreword_model_word(model_, (std::uint32_t)below(foreword_model_words(model_)));
                return word.substr(0, 1 + below(word.size() + 1)) + (below(2) != 0 ? " " : "");
            }
        }
    }

    const foreword_model* model_;
    std::mt19937 random_;
};

// A text that a typist is asked about in another thread.
struct Question {
    std::size_t user;
    foreword_typist* typist;
    std::string text, said;

    void compute() noexcept { said = answers(typist, text, 3, false); }
};

// Gives the edits of some users to a `Worker`, each when its last one is answered, and checks that all are answered, in
// the order in which they were put. Meanwhile, this thread asks others. Some edits are left at the end.
void type_beside(const foreword_model* model, Editor& editor, long edits) {
    constexpr std::size_t USERS = 4;
    constexpr int PATIENCE = 60'000;  // ms
    int ends[2];
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) fail("", "no pipe");
    std::vector<Typist> typists;
    std::deque<std::size_t> asked;
    const auto has_phrases = [](std::size_t user) { return user % 2 != 0; };
    {
        foreword::Worker<Question> worker(ends[1]);
        std::vector<Question> questions;
        const auto ask = [&](std::size_t user, std::string text) {
            asked.push_back(user);
            questions.push_back({user, typists[user].get(), editor.edited(std::move(text)), ""});
        };
        for (std::size_t user = 0; user < USERS; ++user) {
            typists.push_back(typist_of(model, false, has_phrases(user)));
            ask(user, "");
        }
        for (long answered = 0; answered < edits;) {
            worker.put(std::exchange(questions, {}));
            pollfd readable{ends[0], POLLIN, 0};
            char bytes[8];
            if (poll(&readable, 1, PATIENCE) != 1 || read(ends[0], bytes, sizeof bytes) < 1) fail("", "nobody woke");
            for (Question& one : worker.taken()) {
                if (one.user != asked.front()) fail(one.text, "an answer out of turn");
                asked.pop_front();
                if (answered++ % 3 == 0) {
                    const Typist fresh = typist_of(model, false, has_phrases(one.user));
                    const bool is_same = one.said == answers(fresh.get(), one.text, 3, false);
                    if (!is_same) fail(one.text, "another answer than in one thread");
                }
                ask(one.user, std::move(one.text));
            }
        }
    }
    for (const int end : ends) close(end);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return std::fprintf(stderr, "usage: typist_test MODEL EDITS SEED\n"), 2;
    char* error;
    foreword_model* const model = foreword_model_load(arguments[1], &error);
    check(error, "");
    Editor editor(model, (unsigned)std::strtoul(arguments[3], nullptr, 10));
    Typist typists[2][2] = {{typist_of(model, false, false), typist_of(model, false, true)},
                            {typist_of(model, true, false), typist_of(model, true, true)}};
    const long edits = std::strtol(arguments[2], nullptr, 10);
    std::string text;
    for (long edit = 0; edit < edits; ++edit) {
        text = editor.edited(std::move(text));
        const bool is_tolerant = editor.below(4) == 0, has_phrases = editor.below(4) == 0;
        const bool ignores_case = editor.below(2) != 0;
        const std::size_t k = 1 + editor.below(8);
        const std::string said = answers(typists[is_tolerant][has_phrases].get(), text, k, ignores_case);
        if (editor.below(10) != 0) continue;
        const std::string anew = answers(typist_of(model, is_tolerant, has_phrases).get(), text, k, ignores_case);
        if (said != anew) fail(text, "another answer than without an earlier text");
    }
    type_beside(model, editor, edits / 10);
    foreword_model_free(model);
    std::printf("%ld edits\n", edits);
}
