#include "words.hpp"

#include "replacement.hpp"
#include "unicode.hpp"

#include <algorithm>

namespace foreword::core {

namespace {

struct Variant {
    std::u32string_view plain, mark;
};

#include "text_tables.inc"

constexpr char32_t QUOTE = U'"', GERSHAYIM = 0x5f4, MIDDLE_DOT = 0xb7;
constexpr char32_t SMALL_CATALAN = 0x140, CATALAN = 0x13f, ACUTE = 0xb4, GRAVE = U'`';
constexpr char32_t NON_JOINER = 0x200c, JOINER = 0x200d, TEXT_SELECTOR = 0xfe0e, EMOJI_SELECTOR = 0xfe0f;
constexpr char32_t KEYCAP = 0x20e3, INFORMATION = 0x2139;

bool is_hebrew(char32_t c) { return c >= 0x5d0 && c <= 0x5ea; }
bool is_accent(char32_t c) { return c == ACUTE || c == GRAVE; }

// A full-width mark that is part of a number between digits.
char32_t of_number(char32_t c) {
    return c == 0xff0e ? U'.' : c == 0xff0c ? U',' : c == 0xff1a ? U':' : 0;
}

// Plain letters of a special form; other characters stay as they are. It works for all of Unicode,
// but is called only for HAS_PLAIN_FORM.
std::u32string plain_form(char32_t c) {
    if (c < 0x80) return std::u32string(1, c);
    const Decomposed one = decomposed(c);
    const bool is_sign = c >= 0x2100 && c <= 0x214f && one.kind == Decomposed::COMPAT;  // №, ℃
    if (is_sign || (one.kind != Decomposed::FORM && one.kind != Decomposed::COMPAT)) return std::u32string(1, c);
    std::u32string plain = normalised(std::u32string_view(&c, 1), Form::NFKC);
    return plain.find(U' ') == std::u32string::npos ? plain : std::u32string(1, c);
}

// Whether joiners have a meaning after a character: in Asian scripts, and in emoji.
bool has_joiners(char32_t before) {
    return (before >= 0x590 && before < 0x1e00) || (before >= 0x2000 && before < 0x3000) || before > 0xd7ff;
}

// Finds the characters that `folded` replaces in a text, and their replacements.
class Folding {
  public:
    Folding(std::u32string_view text, Kept kept) : text_(text), kept_(kept) {}

    // Calls `same(start, end)` for each part that stays, and `other(start, character)` for each character
    // that replaces the one at `start`, in order.
    template <class Same, class Other>
    void run(Same&& same, Other&& other) const {
        std::size_t done = 0;
        for (std::size_t at = 0; at < text_.size();) {
            const char32_t c = text_[at];
            if (!may_change(c)) {
                ++at;
                continue;
            }
            if (has(c, INVISIBLE)) {
                if (done < at) same(done, at);
                at = done = invisible(at, other);
                continue;
            }
            const std::u32string plain = read_as(at);
            if (plain.size() != 1 || plain[0] != c) {
                if (done < at) same(done, at);
                for (const char32_t one : plain) other(at, one);
                done = at + 1;
            }
            ++at;
        }
        if (done < text_.size()) same(done, text_.size());
    }

  private:
    static bool may_change(char32_t c) {
        if (c < 0x80) return c == QUOTE || c == GRAVE;
        return true;
    }

    char32_t at(std::size_t k) const { return k < text_.size() ? text_[k] : 0; }
    bool is_alpha_at(std::size_t k) const { return k < text_.size() && is_alpha(text_[k]); }

    std::size_t invisible_end(std::size_t at) const {
        while (at < text_.size() && has(text_[at], INVISIBLE)) ++at;
        return at;
    }

    // The invisible characters of a run that have a meaning there. Returns where the run ends.
    template <class Other>
    std::size_t invisible(std::size_t start, Other&& other) const {
        const std::size_t end = invisible_end(start);
        bool is_first = start == 0;
        char32_t before = is_first ? 0 : text_[start - 1];
        for (std::size_t k = start; k < end; ++k) {
            const char32_t c = text_[k];
            const Category kind = properties(before).category;
            bool counts;
            if (c == NON_JOINER || c == JOINER) {
                counts = !is_first && has_joiners(plain_form(before).back());
            } else if (c == TEXT_SELECTOR || c == EMOJI_SELECTOR) {  // of emoji and keycaps
                const bool is_of_word = !is_first && (is_alphanumeric(before) || is_combining(kind));
                counts = before == INFORMATION || at(k + 1) == KEYCAP || !is_of_word;
            } else {  // a mark with nothing before it stands for itself, like every mark
                const bool stands_alone = is_first || kind <= Category::Cs || kind >= Category::Zl;
                counts = properties(c).category == Category::Mn && stands_alone;
            }
            if (counts) {
                before = c, is_first = false;
                other(k, c);
            }
        }
        return end;
    }

    // What a visible character is replaced by in its context.
    std::u32string read_as(std::size_t k) const {
        const char32_t c = text_[k];
        if (const Replacement* const mark = find(MARKS, c)) {
            return kept_.find(c) == kept_.npos ? std::u32string(mark->text) : std::u32string(1, c);
        }
        if (c == QUOTE) {
            // Gershayim in a Hebrew abbreviation, typed as a quotation mark since keyboards lack them.
            const bool is_gershayim =
                k > 0 && is_hebrew(text_[k - 1]) && is_hebrew(at(k + 1)) && !is_hebrew(at(k + 2));
            return std::u32string(1, is_gershayim ? GERSHAYIM : c);
        }
        if (c == CATALAN || c == SMALL_CATALAN) {
            if (!is_alpha_at(invisible_end(k + 1))) return std::u32string(1, c);
            return {c == CATALAN ? U'L' : U'l', MIDDLE_DOT};
        }
        if (is_accent(c)) {  // typed as an apostrophe
            const bool is_apostrophe = k > 0 && is_alpha(text_[k - 1]) && is_alpha_at(k + 1);
            return std::u32string(1, is_apostrophe ? U'\'' : c);
        }
        if (const char32_t plain = of_number(c)) {
            const bool is_of_one = k > 0 && is_decimal(text_[k - 1]) && is_decimal(at(k + 1));
            return std::u32string(1, is_of_one ? plain : c);
        }
        return has(c, HAS_PLAIN_FORM) ? plain_form(c) : std::u32string(1, c);
    }

    std::u32string_view text_;
    Kept kept_;
};

bool is_of_word(char32_t c) {
    const Category kind = properties(c).category;
    return is_letter(kind) || is_combining(kind) || is_number(kind) || c == U'_';
}
bool is_mark(char32_t c) { return is_combining(properties(c).category); }
bool is_numeral(char32_t c) { return is_number(properties(c).category); }
bool is_flag_letter(char32_t c) { return c >= 0x1f1e6 && c <= 0x1f1ff; }
bool is_dropped(char32_t c) {
    return is_white_space(c) || properties(c).category == Category::Cc || properties(c).category == Category::Cf;
}

// The end of a run of characters that begins at `at`.
template <class Is>
std::size_t run_end(std::u32string_view text, std::size_t at, Is&& is) {
    while (at < text.size() && is(text[at])) ++at;
    return at;
}

// Each returns the end of a word of its kind that begins at `at`; `at` itself if there is none.

std::size_t keycap_end(std::u32string_view text, std::size_t at) {
    const char32_t c = text[at];
    if (!((c >= U'0' && c <= U'9') || c == U'#' || c == U'*')) return at;
    std::size_t end = at + 1;
    if (end < text.size() && text[end] == EMOJI_SELECTOR) ++end;
    return end < text.size() && text[end] == KEYCAP ? end + 1 : at;
}

std::size_t flag_end(std::u32string_view text, std::size_t at) {
    const bool is_flag = is_flag_letter(text[at]) && at + 1 < text.size() && is_flag_letter(text[at + 1]);
    return is_flag ? at + 2 : at;
}

std::size_t emoji_end(std::u32string_view text, std::size_t at) {
    const auto one = [&](std::size_t at) {
        if (at >= text.size() || !has(text[at], PICTOGRAPHIC)) return at;
        // Variation selectors, which are marks; skin tones; the tags of regional flags.
        return run_end(text, at + 1, [](char32_t c) {
            return is_mark(c) || (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0020 && c <= 0xe007f);
        });
    };
    std::size_t end = one(at);
    while (end > at && end < text.size() && text[end] == JOINER) {
        const std::size_t next = one(end + 1);
        if (next == end + 1) break;
        end = next;
    }
    return end;
}

std::size_t number_end(std::u32string_view text, std::size_t at) {
    const std::size_t whole = run_end(text, at, is_numeral);
    if (whole == at) return at;
    std::size_t end = whole;
    while (end < text.size()) {
        const char32_t c = text[end];
        if (!(c == U'.' || c == U',' || c == U':' || c == 0x66b || c == 0x66c)) break;
        const std::size_t next = run_end(text, end + 1, is_numeral);
        if (next == end + 1) break;
        end = next;
    }
    return end > whole ? end : at;
}

std::size_t letters_end(std::u32string_view text, std::size_t at) {
    std::size_t end = run_end(text, at, is_of_word);
    while (end > at && end < text.size() && is_inside(text[end])) {
        const std::size_t next = run_end(text, end + 1, is_of_word);
        if (next == end + 1) break;
        end = next;
    }
    return end;
}

std::size_t word_end(std::u32string_view text, std::size_t at) {
    const char32_t c = text[at];
    if (c < 0x80 && ((c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'))) return letters_end(text, at);
    for (const auto kind : {keycap_end, flag_end, emoji_end, number_end, letters_end}) {
        const std::size_t end = kind(text, at);
        if (end > at) return run_end(text, end, is_mark);
    }
    if (is_dropped(c)) return at;
    const std::size_t end = run_end(text, at, [&](char32_t other) { return other == c; });
    return run_end(text, end, is_mark);
}

}  // namespace

std::u32string typographic_marks() {
    std::u32string marks;
    for (const Replacement& row : MARKS) marks += row.character;
    return marks;
}

std::u32string plain_mark(char32_t mark) {
    const Replacement* const found = find(MARKS, mark);
    return found != nullptr ? std::u32string(found->text) : std::u32string(1, mark);
}

bool is_folded(std::u32string_view text) {
    return std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80 && c != GRAVE; });
}

std::u32string folded(std::u32string_view text, Kept kept) {
    if (is_folded(text)) return std::u32string(text);
    std::u32string plain;
    plain.reserve(text.size());
    Folding(text, kept).run([&](std::size_t start, std::size_t end) { plain += text.substr(start, end - start); },
                            [&](std::size_t, char32_t c) { plain += c; });
    return plain;
}

Traced folded_with_offsets(std::u32string_view text, Kept kept) {
    Traced plain;
    plain.text.reserve(text.size());
    plain.starts.reserve(text.size() + 1);
    Folding(text, kept).run(
        [&](std::size_t start, std::size_t end) {
            plain.text += text.substr(start, end - start);
            for (std::size_t k = start; k < end; ++k) plain.starts.push_back((std::uint32_t)k);
        },
        [&](std::size_t start, char32_t c) {
            plain.text += c;
            plain.starts.push_back((std::uint32_t)start);
        });
    plain.starts.push_back((std::uint32_t)text.size());
    return plain;
}

std::u32string as_if_continued(std::u32string_view letters) {
    std::u32string read(letters);
    if (letters.size() < 2) return read;
    const char32_t last = letters.back(), before = letters[letters.size() - 2];
    if (last == QUOTE) {
        if (is_hebrew(before)) read.back() = GERSHAYIM;
        return read;
    }
    const Replacement* const mark = find(MARKS, last);
    const bool is_apostrophe = is_accent(last) || (mark != nullptr && mark->text == U"'");
    // A letter, or a numeral that is no decimal digit, as in the regular expression [^\W\d_].
    if (is_apostrophe && is_alphanumeric(before) && !is_decimal(before)) read.back() = U'\'';
    return read;
}

std::vector<std::u32string> stand_ins(std::u32string_view word) {
    constexpr std::size_t LONGEST_RUN = 16;
    std::vector<std::u32string> others;
    if (!word.empty() && (is_alphanumeric(word[0]) || is_space(word[0]))) return others;
    std::u32string plain;
    for (const char32_t c : word) {
        const Replacement* const found = find(PLAIN_MARKS, c);
        if (found != nullptr) plain += found->text;
        else plain += c;
    }
    if (plain != word) others.push_back(plain);
    for (const Variant& variant : VARIANTS) {
        if (variant.plain == plain && variant.mark != word) others.emplace_back(variant.mark);
    }
    if (plain.size() > 1 && plain.find_first_not_of(plain[0]) == std::u32string::npos) {
        for (std::size_t length = std::min(plain.size() - 1, LONGEST_RUN); length > 0; --length) {
            others.push_back(plain.substr(0, length));
        }
    }
    return others;
}

bool is_unspaced(std::u32string_view text) {
    return std::any_of(text.begin(), text.end(), [](char32_t c) { return c >= 0x80 && has(c, UNSPACED); });
}

bool is_of_words(char32_t c) {
    const Category kind = properties(c).category;
    return is_letter(kind) || is_combining(kind) || is_number(kind) || c == U'_';
}

bool is_inside(char32_t c) {
    constexpr std::u32string_view INSIDE = U"'\u2019\u00b7\u05f3\u05f4\u200c\u200d\u00ad";
    return INSIDE.find(c) != INSIDE.npos;
}

bool is_line_end(char32_t c) { return LINE_ENDS.find(c) != LINE_ENDS.npos; }

std::vector<Span> cut_words(std::u32string_view text, bool only_spaces) {
    std::vector<Span> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end =
            only_spaces ? run_end(text, at, [](char32_t c) { return !is_white_space(c); }) : word_end(text, at);
        if (end > at) words.push_back({at, end});
        at = std::max(end, at + 1);
    }
    return words;
}

}  // namespace foreword::core
