// Puts words and marks after a text with the right spaces. Knows no models. The same as `Spacing` of
// `foreword.text.spacing` and `join` of `foreword.predictor.spacing` in Python.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace foreword::core {

// Before a mark that follows a word; after a mark that follows a word; after a mark that follows a space or
// begins a line.
enum class GapPosition { BEFORE, AFTER_WORD, AFTER_SPACE };

// The counts of one mark in a training text.
struct MarkCounts {
    struct Gap {
        std::int64_t nothing = 0, space = 0;
    };
    std::array<Gap, 3> gaps;  // by GapPosition
    char32_t space_before = U' ', space_after = U' ';
    std::optional<bool> ends;  // whether sentences end in the mark; none if the text does not tell
};

// The spaces around marks; marks without counts follow the usual rules.
class Spacing {
  public:
    Spacing() = default;
    explicit Spacing(std::map<std::u32string, MarkCounts, std::less<>> marks) : marks_(std::move(marks)) {}

    // The share of cases, 0 to 1, in which a space stands in a position. Straight quotation marks are given
    // as “ where they open, and as ” where they close.
    double share(GapPosition position, std::u32string_view mark) const;
    // The space character before or after a mark: a plain or a non-breaking one.
    char32_t space_before(std::u32string_view mark) const;
    char32_t space_after(std::u32string_view mark) const;
    // How often a space stood before a mark after a word.
    std::int64_t spaces_before(std::u32string_view mark) const;
    // Whether a sentence ends in a mark.
    bool ends(std::u32string_view mark) const;
    // Typographic marks that the text has, which stay as they are.
    std::u32string kept() const;

  private:
    const MarkCounts* known(std::u32string_view mark) const;

    std::map<std::u32string, MarkCounts, std::less<>> marks_;
};

// Whether a word is punctuation or a sign, and no letter, digit or emoji.
bool is_mark(std::u32string_view word);

// How often a space stands before a word or a mark: 1 for words. `is_quoting`: a quotation in straight marks is
// open in the line.
double space_share(std::u32string_view word, bool is_quoting, const Spacing& spacing);

// How many characters to remove from a text, and what to append, to add a word.
struct Joined {
    std::size_t removed;
    std::u32string appended;
};

// `before`: the end of the text, up to 64 characters. `is_quoting`: as for `space_share`. `is_in_print`: marks
// attach to words; otherwise all are set apart.
Joined join(std::u32string_view before, std::u32string_view word, bool is_quoting, bool is_in_print,
            const Spacing& spacing);

}  // namespace foreword::core
