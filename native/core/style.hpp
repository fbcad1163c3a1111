// The typographic marks that a user or a text writes. Knows no models. The same as `Style` of
// `foreword.text.style` in Python, which says what each mark is.
#pragma once

#include <string>
#include <string_view>

namespace foreword::core {

struct Style {
    std::u32string apostrophe = U"'", opens = U"\"", closes = U"\"", dash = U"--", short_dash = U"-", hyphen = U"-",
                   ellipsis = U"...", gershayim = U"\u05f4";

    // The style after a word was written: `raw` as the user wrote it, `word` as the model reads it.
    // `is_quoting`: a quotation was open before it. `is_spaced`: a space stands before it.
    Style after(std::u32string_view raw, std::u32string_view word, bool is_quoting, bool is_spaced) const;
    // A word of a model with the marks of this style.
    std::u32string written(std::u32string_view word, bool is_quoting, bool is_spaced) const;
};

}  // namespace foreword::core
