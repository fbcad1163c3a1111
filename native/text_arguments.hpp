// Texts from Python and to it.
#pragma once

#include "core/style.hpp"
#include "core/texts.hpp"
#include "core/unicode.hpp"

#include <nanobind/nanobind.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace foreword {

inline std::string_view bytes_of(const nanobind::bytes& bytes) {
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

// Python's characters unchanged, including halves of surrogate pairs.
inline std::u32string characters(const nanobind::handle& text) {
    const Py_ssize_t length = PyUnicode_GetLength(text.ptr());
    if (length < 0) nanobind::raise_python_error();
    std::u32string copied((std::size_t)length + 1, U'\0');  // with room for the zero that is written
    if (PyUnicode_AsUCS4(text.ptr(), reinterpret_cast<Py_UCS4*>(copied.data()), length + 1, 1) == nullptr) {
        nanobind::raise_python_error();
    }
    copied.pop_back();
    return copied;
}

// The same with U+FFFD for each half of a surrogate pair, which is no character.
inline std::u32string readable(const nanobind::handle& text) {
    std::u32string read = characters(text);
    for (char32_t& c : read) {
        if (c >= 0xd800 && c <= 0xdfff) c = 0xfffd;
    }
    return read;
}

// Calls add(UTF-8) with each text, as `readable` has it.
template <class Add>
void each_encoded(const nanobind::list& texts, Add&& add) {
    for (const nanobind::handle text : texts) {
        if (PyUnicode_Check(text.ptr()) && PyUnicode_IS_ASCII(text.ptr())) {
            const auto* const bytes = static_cast<const char*>(PyUnicode_DATA(text.ptr()));
            add(std::string_view(bytes, (std::size_t)PyUnicode_GET_LENGTH(text.ptr())));
        } else {
            add(core::encoded(readable(text)));
        }
    }
}

inline core::Texts texts_of(const nanobind::list& texts) {
    core::Texts all;
    each_encoded(texts, [&](std::string_view text) { all.add(text); });
    return all;
}

inline nanobind::str string(std::u32string_view text) {
    PyObject* const made = PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, text.data(), (Py_ssize_t)text.size());
    if (made == nullptr) nanobind::raise_python_error();
    return nanobind::steal<nanobind::str>(made);
}

inline std::vector<std::u32string> each(const nanobind::list& texts) {
    std::vector<std::u32string> all;
    for (const nanobind::handle text : texts) all.push_back(characters(text));
    return all;
}

// The eight marks of a style, in order.
inline std::vector<std::u32string*> marks_of(core::Style& style) {
    return {&style.apostrophe, &style.opens,  &style.closes,   &style.dash,
            &style.short_dash, &style.hyphen, &style.ellipsis, &style.gershayim};
}

inline core::Style style_of(const nanobind::list& marks) {
    core::Style style;
    const auto all = marks_of(style);
    for (std::size_t k = 0; k < all.size(); ++k) *all[k] = characters(marks[k]);
    return style;
}

}  // namespace foreword
