#include "core_module.hpp"

#include "core/error.hpp"
#include "core/letter_case.hpp"
#include "core/tokenizer.hpp"
#include "core/unicode.hpp"
#include "core/words.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace {

// Python's characters as they are, half of a surrogate pair included.
std::u32string characters(const nb::str& text) {
    const Py_ssize_t length = PyUnicode_GetLength(text.ptr());
    std::u32string copied((std::size_t)length + 1, U'\0');  // with room for the zero that is written
    if (PyUnicode_AsUCS4(text.ptr(), reinterpret_cast<Py_UCS4*>(copied.data()), length + 1, 1) == nullptr) {
        nb::raise_python_error();
    }
    copied.pop_back();
    return copied;
}

nb::str string(std::u32string_view text) {
    PyObject* const made =
        PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, text.data(), (Py_ssize_t)text.size());
    if (made == nullptr) nb::raise_python_error();
    return nb::steal<nb::str>(made);
}

}  // namespace

namespace foreword {

namespace {

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
        .def_static("of", &LetterCase::of)
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
            [](Tokenizer* self, std::vector<std::string> words, bool only_spaces, bool folds_case,
               const std::string& lines, bool has_segmenter, std::string language, std::vector<std::string> marks) {
                core::TokenizerSpec spec;
                spec.words = std::move(words), spec.only_spaces = only_spaces, spec.folds_case = folds_case;
                spec.lines = lines == "wrapped" ? core::TokenizerSpec::WRAPPED : core::TokenizerSpec::SENTENCE;
                spec.has_segmenter = has_segmenter, spec.language = std::move(language);
                spec.marks = std::move(marks);
                new (self) Tokenizer(std::move(spec));
            },
            nb::arg("words"), nb::kw_only(), nb::arg("only_spaces") = false, nb::arg("folds_case") = false,
            nb::arg("lines") = "sentence", nb::arg("has_segmenter") = false, nb::arg("language") = "",
            nb::arg("marks") = std::vector<std::string>())
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

}  // namespace

void bind_core(nb::module_& parent) {
    nb::module_ m = parent.def_submodule("core", "Text as the core reads it, for tests against Python.");
    nb::exception<core::Error>(m, "Error", PyExc_ValueError);
    bind_characters(m);
    bind_words(m);
    bind_case(m);
    bind_tokenizer(m);
}

}  // namespace foreword
