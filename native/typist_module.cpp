#include "typist_module.hpp"

#include "core/mixed_typist.hpp"
#include "core/rare_lines.hpp"
#include "core/typist.hpp"
#include "core/unicode.hpp"
#include "network_arguments.hpp"
#include "network_module.hpp"
#include "text_arguments.hpp"
#include "thread_pool.hpp"
#include "worker.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace foreword {

namespace {

// A text of twice as many characters or more is cut at a multiple of it, which leaves at least as many. A multiple of
// `STRIDE`, so that reading begins at the same character as in the whole text.
constexpr Py_ssize_t KEPT = 32 * core::STRIDE;

// A value that Python owns, and that lives as long as the class which has it.
template <class Value>
std::shared_ptr<const Value> borrowed(const Value& value) {
    return {std::shared_ptr<const void>(), &value};
}

// The end of a text, in which the characters that are read are the same.
std::u32string end_of(const nb::str& text) {
    const Py_ssize_t length = PyUnicode_GetLength(text.ptr());
    if (length < 2 * KEPT) return readable(text);
    PyObject* const end = PyUnicode_Substring(text.ptr(), (length / KEPT - 1) * KEPT, length);
    if (end == nullptr) nb::raise_python_error();
    return readable(nb::steal(end));
}

std::vector<std::string> encoded(const nb::list& words) {
    std::vector<std::string> all;
    each_encoded(words, [&](std::string_view word) { all.emplace_back(word); });
    return all;
}

// N-grams, and the arrays that they are in.
class PyNgrams {
  public:
    explicit PyNgrams(const nb::dict& arrays) : ngrams_(tensors(arrays), "ngrams") {}
    PyNgrams(const PyNgrams&) = delete;
    PyNgrams& operator=(const PyNgrams&) = delete;

    const core::Ngrams& ngrams() const { return ngrams_; }

    // Turns the scores of all words, or of `ids`, into those of the mixture. last: (n - 1) int64.
    void mix(const nb::handle& last, const nb::handle& ids, const nb::handle& scores) const {
        const std::int64_t size = (std::int64_t)ngrams_.words();
        const Buffer before = ids_in(last, size), values(scores, "f", sizeof(float), PyBUF_WRITABLE);
        must(before.count() + 1 == ngrams_.order(), "the last n - 1 words are wanted");
        const std::int64_t* const first = before.as<const std::int64_t>();
        const std::vector<std::uint32_t> words(first, first + before.count());
        std::optional<Buffer> chosen;
        if (!ids.is_none()) chosen.emplace(ids_in(ids, size));
        must(values.count() == (chosen ? chosen->count() : ngrams_.words()), "a score for each word is wanted");
        ngrams_.mix(words.data(), chosen ? chosen->as<const std::int64_t>() : nullptr, values.count(),
                    values.as<float>());
    }

  private:
    std::map<std::string, core::Tensor> tensors(const nb::dict& arrays) {
        struct Kind {
            const char *name, *format;
            core::Tensor::Type type;
            std::size_t size;
        };
        constexpr Kind KINDS[] = {{"float32", "f", core::Tensor::FLOAT32, 4},
                                  {"int8", "b", core::Tensor::INT8, 1},
                                  {"int16", "h", core::Tensor::INT16, 2},
                                  {"int32", "i", core::Tensor::INT32, 4}};
        std::map<std::string, core::Tensor> made;
        for (const auto& [name, array] : arrays) {
            const std::string type = nb::cast<std::string>(array.attr("dtype").attr("name"));
            for (const Kind& kind : KINDS) {
                if (type != kind.name) continue;
                const Buffer& buffer = buffers_.emplace_back(array, kind.format, kind.size, PyBUF_SIMPLE);
                made[nb::cast<std::string>(name)] = {kind.type,
                                                     {(std::int64_t)buffer.count()},
                                                     buffer.as<const std::uint8_t>(),
                                                     buffer.count() * kind.size};
            }
        }
        return made;
    }

    std::deque<Buffer> buffers_;
    core::Ngrams ngrams_;
};

// What `complete` of `Typist.suggest` in Python says.
core::Ending ending_of(std::optional<bool> complete) {
    return !complete ? core::Ending::EITHER : *complete ? core::Ending::UNFINISHED : core::Ending::WHOLE;
}

// What suggests to one user; threads take turns with it.
class PySuggester {
  public:
    virtual ~PySuggester() = default;

    // For who has the lock.
    virtual core::Suggester& suggester() = 0;

    // The thread that has the lock may need the interpreter, so that nobody waits for it with that.
    std::unique_lock<std::mutex> locked() {
        std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
        if (!lock.owns_lock()) {
            const nb::gil_scoped_release release;
            lock.lock();
        }
        return lock;
    }
    // The same for a thread without the interpreter.
    std::unique_lock<std::mutex> locked_outside() { return std::unique_lock<std::mutex>(mutex_); }

    void forget() {
        const auto lock = locked();
        suggester().forget();
    }

  private:
    std::mutex mutex_;
};

// A typist that refers to a reader and to a layout, which must outlive it.
core::Typist typist_of(const core::ModelReader& reader, bool is_tolerant, bool is_offensive,
                       const std::vector<std::string>& blocked, const core::Layout& layout, core::Memory memory) {
    core::Filter filter(!is_offensive, blocked, reader.lexicon().letter_case());
    return {borrowed(reader), {std::move(filter), is_tolerant, &layout}, memory};
}

// A typist, and what its options refer to.
class PyTypist final : public PySuggester {
  public:
    PyTypist(const core::ModelReader& reader, bool is_tolerant, bool is_offensive, const nb::list& blocked,
             const nb::list& layout, core::Memory memory)
        : layout_(each(layout)),
          typist_(typist_of(reader, is_tolerant, is_offensive, encoded(blocked), layout_, memory)) {}

    core::Typist& suggester() override { return typist_; }

    // The last word that was read, "\n" for the end of a line; its id; and the parts of the network's state before it,
    // float32. None if no word was read.
    nb::object last_word(const nb::str& text, bool is_unfinished) {
        const std::u32string read = end_of(text);
        const auto lock = locked();
        const core::Context* context;
        {
            const nb::gil_scoped_release release;
            context = &typist_.context(read, is_unfinished);
        }
        if (context->before == nullptr) return nb::none();
        const std::vector<float>& parts = context->before->parts;
        return nb::make_tuple(string(context->text.words.back()), context->state->last,
                              nb::bytes(parts.data(), parts.size() * sizeof(float)));
    }

  private:
    core::Layout layout_;
    core::Typist typist_;
};

// The same with several models.
class PyMixedTypist final : public PySuggester {
  public:
    PyMixedTypist(const nb::list& readers, bool is_tolerant, bool is_offensive, const nb::list& blocked,
                  const nb::list& layout, std::size_t marks)
        : layout_(each(layout)), typist_(typists_of(readers, is_tolerant, is_offensive, encoded(blocked), marks)) {}

    core::MixedTypist& suggester() override { return typist_; }

    std::vector<double> weights(const nb::str& text, std::optional<bool> complete) {
        const auto lock = locked();
        return typist_.weights(end_of(text), ending_of(complete));
    }

  private:
    std::vector<core::Typist> typists_of(const nb::list& readers, bool is_tolerant, bool is_offensive,
                                         const std::vector<std::string>& blocked, std::size_t marks) const {
        std::vector<core::Typist> typists;
        for (const nb::handle& reader : readers) {
            typists.push_back(typist_of(nb::cast<const core::ModelReader&>(reader), is_tolerant, is_offensive, blocked,
                                        layout_, {true, marks}));
        }
        return typists;
    }

    core::Layout layout_;
    core::MixedTypist typist_;
};

// What is asked of a typist about a text, and the answer. A `Worker` may compute it.
class Question {
  public:
    Question(PySuggester& owner, const nb::str& text, std::optional<std::size_t> most)
        : owner_(owner), text_(end_of(text)), most_(most.value_or(core::ALL)) {}
    virtual ~Question() = default;
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

    // In a thread without the interpreter, to which it was given by `hand_over`.
    void compute() noexcept {
        try {
            const auto lock = owner_.locked_outside();
            ask();
        } catch (...) {
            error_ = std::current_exception();
        }
        progress_ = DONE;
    }

    void hand_over() {
        must(progress_ == NEW, "a question is given to one thread, once");
        progress_ = ELSEWHERE;
    }

    // The answer; None if more than `most` words must be read before, of which so many are read then. If no other
    // thread has computed it, it is computed now.
    nb::object answer() {
        must(progress_ != ELSEWHERE, "another thread computes the answer");
        if (progress_ == NEW) {
            const auto lock = owner_.locked();
            std::optional<nb::gil_scoped_release> release;
            if (is_long()) release.emplace();
            ask();
            progress_ = DONE;
        }
        if (error_) std::rethrow_exception(error_);
        return found();
    }

  protected:
    const std::u32string& text() const { return text_; }
    std::size_t most() const { return most_; }

  private:
    enum Progress { NEW, ELSEWHERE, DONE };

    // For who has the owner's lock.
    virtual void ask() = 0;
    // Whether another thread could use the interpreter meanwhile.
    virtual bool is_long() const = 0;
    virtual nb::object found() const = 0;

    PySuggester& owner_;  // kept alive by Python
    const std::u32string text_;
    const std::size_t most_;
    std::atomic<Progress> progress_{NEW};
    std::exception_ptr error_;
};

// Which words are suggested. The answer has tuples in the order of `Suggestion`'s fields.
class Suggesting final : public Question {
  public:
    // `complete`, `phrases`: as of `Typist.suggest` in Python.
    Suggesting(PySuggester& owner, const nb::str& text, std::size_t k, std::optional<bool> complete, bool phrases,
               std::optional<std::size_t> most)
        : Question(owner, text, most), suggester_(owner.suggester()), k_(k),
          choice_(phrases ? core::Choice::PHRASES : core::Choice::WORDS), ending_(ending_of(complete)) {}

  private:
    bool is_long() const override { return choice_ == core::Choice::PHRASES || !suggester_.has_read(text()); }

    void ask() override {
        if (is_long()) call_up(suggester_.threads());
        offered_ = suggester_.suggest(text(), k_, ending_, choice_, most());
    }

    nb::object found() const override {
        if (!offered_) return nb::none();
        nb::list all;
        for (const core::Suggestion& one : *offered_) {
            all.append(nb::make_tuple(string(one.word), one.probability, string(one.text), one.replaces));
        }
        return all;
    }

    core::Suggester& suggester_;
    const std::size_t k_;
    const core::Choice choice_;
    const core::Ending ending_;
    std::optional<std::vector<core::Suggestion>> offered_;
};

// Which characters come next. The answer is P(next character) by character, and P(the letters at the end are a whole
// word).
class Lettering final : public Question {
  public:
    Lettering(PyTypist& typist, const nb::str& text, bool ignores_case, std::optional<std::size_t> most)
        : Question(typist, text, most), typist_(typist.suggester()), ignores_case_(ignores_case) {}

  private:
    bool is_long() const override { return true; }

    void ask() override { letters_ = typist_.letters(text(), ignores_case_, most()); }

    nb::object found() const override {
        if (!letters_) return nb::none();
        nb::dict shares;
        for (const core::Letter& one : letters_->next) shares[string({&one.character, 1})] = one.probability;
        return nb::make_tuple(shares, letters_->end_of_word);
    }

    core::Typist& typist_;
    const bool ignores_case_;
    std::optional<core::Letters> letters_;
};

// A question for a thread, and what Python wants back with it.
struct Task {
    Question* question;
    nb::object owner, label;

    void compute() noexcept { question->compute(); }
};

// A thread that computes answers while the interpreter does something else.
class PyWorker {
  public:
    explicit PyWorker(int wakes) : worker_(std::in_place, wakes) {}

    // Pairs of a question and the label that comes back once it is answered.
    void put(const std::vector<std::pair<nb::object, nb::object>>& pairs) {
        must(worker_.has_value(), "the worker is closed");
        std::vector<Task> tasks;
        tasks.reserve(pairs.size());
        for (const auto& [question, label] : pairs) {
            Question* const asked = nb::cast<Question*>(question);
            asked->hand_over();
            tasks.push_back({asked, question, label});
        }
        worker_->put(std::move(tasks));
    }

    // The labels of what was computed since the last call.
    nb::list taken() {
        nb::list labels;
        if (!worker_) return labels;
        for (const Task& task : worker_->taken()) labels.append(task.label);
        return labels;
    }

    void close() { worker_.reset(); }

  private:
    std::optional<Worker<Task>> worker_;
};

core::WordFiles files_of(const core::Lexicon::Misspellings& misspellings, const core::Spacing& spacing,
                         const nb::list& style, const nb::list& abbreviations) {
    core::WordFiles files;
    files.misspellings = misspellings;
    files.spacing = spacing;
    files.style = style_of(style);
    const std::vector<std::u32string> known = each(abbreviations);
    files.abbreviations = core::Abbreviations(known.begin(), known.end());
    return files;
}

}  // namespace

void bind_typist(nb::module_& m) {
    m.def("are_rare_words", [](const nb::bytes& file) {
        const std::string_view lines = bytes_of(file);
        return core::valid_utf8(lines) == lines.size() && !core::fault_of(lines, core::Texts::of_lines(lines));
    }, nb::arg("file"), "Whether a file has one word a line, all of which can be shown, in alphabetical order.");
    nb::class_<PyNgrams>(m, "Ngrams", "N-grams that are mixed with a network's scores.")
        .def(nb::init<const nb::dict&>())
        .def("mix", &PyNgrams::mix, nb::arg("last"), nb::arg("ids").none(), nb::arg("scores"));
    nb::class_<core::ModelReader>(m, "Reader", "Reads texts with a network and the words of its model.")
        .def(
            "__init__",
            [](core::ModelReader* self, const nb::object& network, bool skips, int threads,
               const core::Tokenizer& tokenizer, const PyNgrams* ngrams, const nb::bytes& rare,
               const core::Lexicon::Misspellings& misspellings, const core::Spacing& spacing, const nb::list& style,
               const nb::list& abbreviations) {
                const auto engine = std::make_shared<core::Engine>(
                    borrowed(network_of(network)), skips, threads, ngrams ? borrowed(ngrams->ngrams()) : nullptr);
                new (self) core::ModelReader(engine, borrowed(tokenizer),
                                             files_of(misspellings, spacing, style, abbreviations),
                                             [lines = bytes_of(rare)] { return core::Texts::of_lines(lines); });
            },
            nb::arg("network"), nb::arg("skips"), nb::arg("threads"), nb::arg("tokenizer"), nb::arg("ngrams").none(),
            nb::kw_only(), nb::arg("rare"), nb::arg("misspellings"), nb::arg("spacing"), nb::arg("style"),
            nb::arg("abbreviations"),
            nb::keep_alive<1, 2>(), nb::keep_alive<1, 5>(), nb::keep_alive<1, 6>());
    nb::class_<PySuggester>(m, "Suggester", "Suggests while one user types. Thread-safe.")
        .def(
            "suggest",
            [](PySuggester& self, const nb::str& text, std::size_t k, std::optional<bool> complete, bool phrases) {
                return Suggesting(self, text, k, complete, phrases, std::nullopt).answer();
            },
            nb::arg("text"), nb::arg("k"), nb::arg("complete").none(), nb::arg("phrases"))
        .def("forget", &PySuggester::forget);
    nb::class_<PyTypist, PySuggester>(m, "Typist", "A suggester with one model.")
        .def(
            "__init__",
            [](PyTypist* self, const core::ModelReader& reader, bool tolerant, bool offensive, const nb::list& blocked,
               const nb::list& layout, bool repeats, std::size_t marks) {
                new (self) PyTypist(reader, tolerant, offensive, blocked, layout, {repeats, marks});
            },
            nb::arg("reader"), nb::kw_only(), nb::arg("tolerant"), nb::arg("offensive"), nb::arg("blocked"),
            nb::arg("layout"), nb::arg("repeats"), nb::arg("marks"), nb::keep_alive<1, 2>())
        .def(
            "letters",
            [](PyTypist& self, const nb::str& text, bool ignore_case) {
                return Lettering(self, text, ignore_case, std::nullopt).answer();
            },
            nb::arg("text"), nb::arg("ignore_case"))
        .def("last_word", &PyTypist::last_word, nb::arg("text"), nb::arg("is_unfinished"));
    nb::class_<PyMixedTypist, PySuggester>(m, "MixedTypist", "A suggester with several models.")
        .def(
            "__init__",
            [](PyMixedTypist* self, const nb::list& readers, bool tolerant, bool offensive, const nb::list& blocked,
               const nb::list& layout, std::size_t marks) {
                new (self) PyMixedTypist(readers, tolerant, offensive, blocked, layout, marks);
            },
            nb::arg("readers"), nb::kw_only(), nb::arg("tolerant"), nb::arg("offensive"), nb::arg("blocked"),
            nb::arg("layout"), nb::arg("marks"), nb::keep_alive<1, 2>())
        .def("weights", &PyMixedTypist::weights, nb::arg("text"), nb::arg("complete").none());
    nb::class_<Question>(m, "Question", "What is asked of a typist, and the answer.")
        .def("answer", &Question::answer);
    nb::class_<Suggesting, Question>(m, "Suggesting", "Which words are suggested.")
        .def(nb::init<PySuggester&, const nb::str&, std::size_t, std::optional<bool>, bool, std::optional<std::size_t>>(),
             nb::arg("typist"), nb::arg("text"), nb::arg("k"), nb::arg("complete").none(), nb::arg("phrases"),
             nb::arg("most").none(), nb::keep_alive<1, 2>());
    nb::class_<Lettering, Question>(m, "Lettering", "Which characters come next.")
        .def(nb::init<PyTypist&, const nb::str&, bool, std::optional<std::size_t>>(), nb::arg("typist"),
             nb::arg("text"), nb::arg("ignore_case"), nb::arg("most").none(), nb::keep_alive<1, 2>());
    nb::class_<PyWorker>(m, "Worker", "A thread that computes answers without the interpreter.")
        .def(nb::init<int>(), nb::arg("wakes"))
        .def("put", &PyWorker::put, nb::arg("pairs"))
        .def("taken", &PyWorker::taken)
        .def("close", &PyWorker::close);
}

}  // namespace foreword
