#include "core_module.hpp"

#include "core/cursor.hpp"
#include "core/error.hpp"
#include "core/letter_case.hpp"
#include "core/letters.hpp"
#include "core/lexicon.hpp"
#include "core/reading.hpp"
#include "core/sentences.hpp"
#include "core/sha256.hpp"
#include "core/spacing.hpp"
#include "core/spelling.hpp"
#include "core/style.hpp"
#include "core/tokenizer.hpp"
#include "core/tokenizer_file.hpp"
#include "core/unicode.hpp"
#include "core/words.hpp"
#include "text_arguments.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace foreword {

namespace {

// Throws core::Error: a word is repeated.
core::SharedVocabulary vocabulary_of(const nb::list& words) {
    const auto vocabulary = std::make_shared<core::Vocabulary>();
    each_encoded(words, [&](std::string_view word) {
        if (!vocabulary->add(word)) core::throw_error("the vocabulary has the word " + std::string(word) + " twice");
    });
    vocabulary->shrink_to_fit();
    return vocabulary;
}

// A vocabulary that Python's tokenizer and the core's share.
struct PyVocabulary {
    core::SharedVocabulary words;
};

void bind_vocabulary(nb::module_& m) {
    m.def(
        "read_vocabulary",
        [](const nb::bytes& json, std::size_t expected, std::string words, std::string letter_case, std::string lines,
           std::string segmenter, std::string language, bool new_words) {
            const core::TokenizerSettings settings{std::move(words), std::move(letter_case), std::move(lines),
                                                   std::move(segmenter), std::move(language), new_words};
            return PyVocabulary{core::read_vocabulary(bytes_of(json), settings, expected, "tokenizer.json")};
        },
        nb::arg("json"), nb::arg("expected"), nb::kw_only(), nb::arg("words"), nb::arg("case"), nb::arg("lines"),
        nb::arg("segmenter"), nb::arg("language"), nb::arg("new_words"), "Of a file tokenizer.json that Foreword wrote.");
    nb::class_<PyVocabulary>(m, "Vocabulary", "A model's words by their ids, and back.")
        .def("__len__", [](const PyVocabulary& self) { return self.words->size(); })
        .def("id", [](const PyVocabulary& self, const nb::str& word) -> std::optional<std::uint32_t> {
            Py_ssize_t size = 0;
            const char* const utf8 = PyUnicode_AsUTF8AndSize(word.ptr(), &size);
            if (utf8 != nullptr) return self.words->id({utf8, (std::size_t)size});
            PyErr_Clear();  // half of a surrogate pair, which no word has
            return std::nullopt;
        })
        .def("all", [](const PyVocabulary& self) {
            nb::list all;
            for (std::size_t id = 0; id < self.words->size(); ++id) {
                const std::string_view word = (*self.words)[id];
                all.append(nb::str(word.data(), word.size()));
            }
            return all;
        });
}

// A vocabulary's own words, or those of a list.
core::SharedVocabulary words_of(const nb::object& words) {
    if (nb::isinstance<PyVocabulary>(words)) return nb::cast<const PyVocabulary&>(words).words;
    return vocabulary_of(nb::cast<nb::list>(words));
}

// SHA-256 of bytes that are given in parts, as `hashlib.sha256`.
void bind_sha256(nb::module_& m) {
    using core::Sha256;
    m.def("has_sha256_instructions", core::has_sha256_instructions);
    nb::class_<Sha256>(m, "Sha256", "SHA-256 of bytes that are given in parts.")
        .def(nb::init<>())
        .def("update",
             [](Sha256& self, const nb::object& bytes) {
                 Py_buffer view;
                 if (PyObject_GetBuffer(bytes.ptr(), &view, PyBUF_SIMPLE) != 0) nb::raise_python_error();
                 {
                     const nb::gil_scoped_release release;
                     self.add(view.buf, (std::size_t)view.len);
                 }
                 PyBuffer_Release(&view);
             })
        .def("hexdigest", [](Sha256 self) { return self.hexadecimal(); });
}

// A function of texts.
template <class Function>
auto changing(Function function) {
    return [function](const nb::str& text) { return string(function(characters(text))); };
}

template <class Function>
auto telling(Function function) {
    return [function](const nb::str& text) { return function(characters(text)); };
}

void bind_characters(nb::module_& m) {
    m.def("lower", changing([](std::u32string_view text) { return core::lower(text); }));
    m.def("upper", changing([](std::u32string_view text) { return core::upper(text); }));
    m.def("casefold", changing([](std::u32string_view text) { return core::casefold(text); }));
    m.def("title", changing([](std::u32string_view text) {
              std::u32string title;
              for (const char32_t c : text) core::append_title(title, c);
              return title;
          }),
          "Each character by itself.");
    m.def("is_upper", telling([](std::u32string_view text) { return core::is_upper(text); }));
    m.def("is_lower", telling([](std::u32string_view text) { return core::is_lower(text); }));
    m.def("is_alpha", telling([](std::u32string_view text) { return core::is_alpha(text); }));
    m.def("flags", [](const nb::str& text) {
        nb::list all;
        for (const char32_t c : characters(text)) {
            const core::Properties& one = core::properties(c);
            all.append(nb::make_tuple((int)one.category, (int)one.combining_class, one.flags));
        }
        return all;
    }, "Of each character: the number of its category, its combining class, its flags.");
    m.def("normalised", [](const std::string& form, const nb::str& text) {
        using core::Form;
        const Form wanted = form == "NFC" ? Form::NFC : form == "NFD" ? Form::NFD
                            : form == "NFKC" ? Form::NFKC : Form::NFKD;
        return string(core::normalised(characters(text), wanted));
    });
    m.def("decoded", [](const nb::bytes& utf8) {
        return string(core::decoded(std::string_view(static_cast<const char*>(utf8.data()), utf8.size())));
    });
    m.def("encoded", [](const nb::str& text) {
        const std::string utf8 = core::encoded(characters(text));
        return nb::bytes(utf8.data(), utf8.size());
    });
}

void bind_words(nb::module_& m) {
    m.def("folded", [](const nb::str& text, const nb::str& kept) {
        return string(core::folded(characters(text), characters(kept)));
    });
    m.def("folded_with_offsets", [](const nb::str& text, const nb::str& kept) {
        const core::Traced plain = core::folded_with_offsets(characters(text), characters(kept));
        return nb::make_tuple(string(plain.text), plain.starts);
    });
    m.def("as_if_continued", changing(core::as_if_continued));
    m.def("stand_ins", [](const nb::str& word) {
        nb::list all;
        for (const std::u32string& one : core::stand_ins(characters(word))) all.append(string(one));
        return all;
    });
    m.def("is_unspaced", telling(core::is_unspaced));
}

void bind_case(nb::module_& m) {
    using core::LetterCase;
    nb::class_<LetterCase>(m, "Case", "The rules of a language for upper and lower case.")
        .def(nb::init<std::string>(), nb::arg("language") = "")
        .def_static("of", [](const nb::list& words) { return LetterCase::of(*vocabulary_of(words)); })
        .def_prop_ro("language", &LetterCase::language)
        .def_prop_ro("dotless", &LetterCase::is_dotless)
        .def("fold", [](const LetterCase& self, const nb::str& word) { return string(self.fold(characters(word))); })
        .def("lower", [](const LetterCase& self, const nb::str& word) { return string(self.lower(characters(word))); })
        .def("upper", [](const LetterCase& self, const nb::str& word) { return string(self.upper(characters(word))); })
        .def("capitalised", [](const LetterCase& self, const nb::str& word) {
            return string(self.capitalised(characters(word)));
        });
}

nb::list listed(const std::vector<core::Word>& words) {
    nb::list all;
    for (const core::Word& word : words) {
        all.append(nb::make_tuple(string(word.text), word.id, word.start, word.end));
    }
    return all;
}

void bind_tokenizer(nb::module_& m) {
    using core::Tokenizer;
    nb::class_<Tokenizer>(m, "Tokenizer", "A vocabulary and the rules that cut text into its words.")
        .def(
            "__init__",
            [](Tokenizer* self, const nb::object& words, bool only_spaces, bool folds_case,
               const std::string& lines, bool has_segmenter, std::string language, bool new_words,
               std::vector<std::string> marks) {
                core::TokenizerSpec spec;
                spec.words = words_of(words), spec.only_spaces = only_spaces, spec.folds_case = folds_case;
                spec.lines = lines == "wrapped"     ? core::TokenizerSpec::WRAPPED
                             : lines == "paragraph" ? core::TokenizerSpec::PARAGRAPH
                                                    : core::TokenizerSpec::SENTENCE;
                spec.has_segmenter = has_segmenter, spec.language = std::move(language), spec.new_words = new_words;
                spec.marks = std::move(marks);
                new (self) Tokenizer(std::move(spec));
            },
            nb::arg("words"), nb::kw_only(), nb::arg("only_spaces") = false, nb::arg("folds_case") = false,
            nb::arg("lines") = "sentence", nb::arg("has_segmenter") = false, nb::arg("language") = "",
            nb::arg("new_words") = false, nb::arg("marks") = std::vector<std::string>())
        .def_prop_ro("vocab_size", &Tokenizer::vocab_size)
        .def_prop_ro("language", [](const Tokenizer& self) { return self.letter_case().language(); })
        .def("id_of", [](const Tokenizer& self, std::string_view word) { return self.id_of(word); })
        .def("normalise", [](const Tokenizer& self, const nb::str& text) {
            return string(self.normalise(characters(text)));
        })
        .def("encode", [](const Tokenizer& self, std::string_view line) { return self.encode(line); })
        .def("split", [](const Tokenizer& self, const nb::str& line) {
            return listed(self.split(characters(line)));
        })
        .def("read", [](const Tokenizer& self, const nb::str& text, std::int64_t last) {
            return listed(self.read(characters(text), last));
        }, nb::arg("text"), nb::arg("last") = core::EOS_ID);
}

// A method of the lexicon that takes letters.
template <class Method>
auto asking(Method method) {
    return [method](const core::Lexicon& self, std::string_view letters) { return (self.*method)(letters); };
}

std::vector<std::pair<std::int64_t, double>> pairs(const std::vector<core::Weighted>& words) {
    std::vector<std::pair<std::int64_t, double>> all;
    for (const core::Weighted& word : words) all.emplace_back(word.id, word.weight);
    return all;
}

void bind_lexicon(nb::module_& m) {
    using core::Lexicon;
    using core::RareWords;
    m.def("skeleton", changing(core::skeleton));
    m.def("without_accents", changing(core::without_accents));
    m.def("leaves_out", [](const nb::str& typed, const nb::str& fold) {
        return core::leaves_out(characters(typed), characters(fold));
    });
    nb::class_<Lexicon>(m, "Lexicon", "Finds words by letters.")
        .def("__init__", [](Lexicon* self, const nb::list& words, std::size_t hidden,
                            const Lexicon::Misspellings& misspellings, const core::LetterCase& letter_case) {
            new (self) Lexicon(vocabulary_of(words), hidden, misspellings, letter_case);
        })
        .def_prop_ro("ids", &Lexicon::ids)
        .def("fold", asking(&Lexicon::fold))
        .def("range", asking(&Lexicon::range))
        .def("begun", [](const Lexicon& self, std::string_view fold) { return pairs(self.begun(fold)); })
        .def("begun_slips", [](const Lexicon& self, std::string_view fold) {
            return pairs(self.begun_slips(fold));
        })
        .def("after_clitic", asking(&Lexicon::after_clitic))
        .def("has", asking(&Lexicon::has))
        .def("is_slip", asking(&Lexicon::is_slip))
        .def("beginning", asking(&Lexicon::beginning))
        .def("forms", asking(&Lexicon::forms))
        .def("has_own_capital", asking(&Lexicon::has_own_capital))
        .def("id_of", asking(&Lexicon::id_of))
        .def("readings", asking(&Lexicon::readings));
    nb::class_<RareWords>(m, "RareWords", "Words beyond the vocabulary.")
        .def("__init__", [](RareWords* self, const nb::list& words, const core::LetterCase& letter_case) {
            new (self) RareWords(texts_of(words), letter_case);
        })
        .def_prop_ro("words", [](const RareWords& self) {
            std::vector<std::string> words;
            for (std::size_t k = 0; k < self.size(); ++k) words.emplace_back(self.word(k));
            return words;
        })
        .def("has", &RareWords::has)
        .def("beginning", &RareWords::beginning);
}

void bind_writing(nb::module_& m) {
    m.def("as_typed", [](std::string_view text) { return core::as_typed(text); });
    m.def("written", [](const std::vector<std::pair<double, std::string>>& given, std::string_view typed,
                        bool begins_sentence, int capitals, const core::Lexicon& lexicon) {
        std::vector<core::Spelled> forms;
        for (const auto& [probability, text] : given) forms.push_back({probability, text});
        return core::written(forms, typed, {begins_sentence, capitals}, lexicon);
    });
    using Gap = std::pair<std::int64_t, std::int64_t>;
    using Counts = std::tuple<std::array<Gap, 3>, std::uint32_t, std::uint32_t, std::optional<bool>>;
    nb::class_<core::Spacing>(m, "Spacing", "Where spaces stand around marks.")
        .def("__init__",
             [](core::Spacing* self, const std::map<std::string, Counts>& given) {
                 std::map<std::u32string, core::MarkCounts, std::less<>> marks;
                 for (const auto& [mark, counts] : given) {
                     const auto& [gaps, before, after, ends] = counts;
                     core::MarkCounts made;
                     for (std::size_t k = 0; k < gaps.size(); ++k) made.gaps[k] = {gaps[k].first, gaps[k].second};
                     made.space_before = before, made.space_after = after, made.ends = ends;
                     marks.emplace(core::decoded(mark), made);
                 }
                 new (self) core::Spacing(std::move(marks));
             })
        .def("ends", [](const core::Spacing& self, const nb::str& mark) { return self.ends(characters(mark)); })
        .def("join", [](const core::Spacing& self, const nb::str& before, const nb::str& word, bool is_quoting,
                        bool is_in_print) {
            const core::Joined joined =
                core::join(characters(before), characters(word), is_quoting, is_in_print, self);
            return nb::make_tuple(joined.removed, string(joined.appended));
        });
}

void bind_reading(nb::module_& m) {
    const auto known = [](const nb::list& texts) {
        const std::vector<std::u32string> words = each(texts);
        return core::Abbreviations(words.begin(), words.end());
    };
    m.def("is_abbreviated", [known](const nb::list& words, const nb::list& abbreviations) {
        return core::is_abbreviated(each(words), known(abbreviations));
    });
    m.def("is_read_without_stop", [known](const nb::list& words, const nb::list& abbreviations) {
        return core::is_read_without_stop(each(words), known(abbreviations));
    });
    m.def("is_emoji", telling(core::is_emoji));
    m.def("is_heart", telling([](std::u32string_view text) { return text.size() == 1 && core::is_heart(text[0]); }));
    m.def("dotted", [](const nb::str& text) {
        std::vector<std::pair<std::size_t, std::size_t>> spans;
        for (const core::Span& span : core::dotted(characters(text))) spans.emplace_back(span.start, span.end);
        return spans;
    });
    m.def("letters_at_end", [](const nb::str& text, const core::Tokenizer& tokenizer, const core::Lexicon& lexicon,
                               const core::RareWords& rare) {
        const std::u32string read = characters(text);
        return string(std::u32string_view(read).substr(core::letters_from(read, tokenizer, lexicon, rare)));
    });
}


nb::list listed(core::Style style) {
    nb::list marks;
    for (const std::u32string* const mark : marks_of(style)) marks.append(string(*mark));
    return marks;
}

// The context after a text of whole words, each of which the network reads as it stands.
core::TextContext read_through(const core::TextReader& reader, std::u32string_view text, bool keeps_blank_lines) {
    core::TextContext context = reader.start();
    bool ends_line = true;  // the network's last word is <eos>
    const auto read = [&](std::u32string_view run) {
        const auto [chunk, parts] = reader.parts(run);
        for (const std::vector<core::Word>& words : parts) {
            for (const core::Word& word : words) {
                const auto raw = std::u32string_view(chunk).substr(word.start, word.end - word.start);
                auto [next, is_read] = reader.after(context, word, raw);
                context = std::move(next);
                ends_line = ends_line && !is_read;
            }
        }
    };
    for (std::size_t start = 0; start < text.size();) {
        std::size_t end = start;
        while (end < text.size() && !core::is_white_space(text[end])) ++end;
        std::u32string_view run = text.substr(start, end - start);
        while (const std::size_t stretch = reader.stretch(run)) read(run.substr(0, stretch)), run.remove_prefix(stretch);
        read(run);
        if (end < text.size() && text[end] == U'\n' && (keeps_blank_lines || !ends_line)) {
            context = reader.line_end(context), ends_line = true;
        }
        start = end + 1;
    }
    return context;
}

void bind_contexts(nb::module_& m) {
    m.def("style_after", [](const nb::list& marks, const nb::str& raw, const nb::str& word, bool is_quoting,
                            bool is_spaced) {
        return listed(style_of(marks).after(characters(raw), characters(word), is_quoting, is_spaced));
    });
    m.def("style_written", [](const nb::list& marks, const nb::str& word, bool is_quoting, bool is_spaced) {
        return string(style_of(marks).written(characters(word), is_quoting, is_spaced));
    });
    m.def("reading_begin", telling([](std::u32string_view text) { return core::reading_begin(text); }));
    m.def("context_after", [](const nb::str& text, const core::Tokenizer& tokenizer, const core::Lexicon& lexicon,
                              const core::Spacing& spacing, const nb::list& style, const nb::list& known) {
        const std::vector<std::u32string> words = each(known);
        const core::TextReader reader(tokenizer, lexicon, spacing, style_of(style),
                                      core::Abbreviations(words.begin(), words.end()));
        const core::TextContext context = read_through(
            reader, core::with_newlines(characters(text)), tokenizer.spec().only_spaces);
        nb::list before;
        for (const std::u32string& word : context.words) before.append(string(word));
        return nb::make_tuple(before, context.begins_sentence, context.capitals, listed(context.style),
                              context.is_quoting);
    });
}

}  // namespace

void bind_core(nb::module_& parent) {
    nb::module_ m = parent.def_submodule("core", "Text as the core reads it, whose parts are tested against Python.");
    nb::exception<core::Error>(m, "Error", PyExc_ValueError);
    bind_characters(m);
    bind_words(m);
    bind_case(m);
    bind_vocabulary(parent);
    bind_sha256(parent);
    bind_tokenizer(m);
    bind_lexicon(m);
    bind_writing(m);
    bind_reading(m);
    bind_contexts(m);
}

}  // namespace foreword
