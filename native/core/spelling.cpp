#include "spelling.hpp"

#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <optional>

namespace foreword::core {

namespace {

constexpr char32_t SHARP_S = 0xdf, CAPITAL_SHARP_S = 0x1e9e;

// The most probable of some forms, of equals the last in order.
const Spelled& likeliest_of(const std::vector<Spelled>& forms) {
    return *std::max_element(forms.begin(), forms.end(), [](const Spelled& a, const Spelled& b) {
        return a.probability != b.probability ? a.probability < b.probability : a.text < b.text;
    });
}

std::u32string without_apostrophes(std::u32string text) {
    text.erase(std::remove(text.begin(), text.end(), U'\''), text.end());
    return text;
}

bool begins_with(std::u32string_view text, std::u32string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

std::u32string_view behind(std::u32string_view text, std::size_t at) { return text.substr(std::min(at, text.size())); }

// The form whose capital is not due to the beginning of a sentence; `is_strict`: a form with a capital that
// is far more frequent is preferred.
std::string within_a_sentence(const std::string& word, const Lexicon& lexicon, bool is_strict) {
    const auto lower = lexicon.id_of(encoded(lexicon.letter_case().lower(decoded(word))));
    if (!lower) return word;
    const std::string fold = lexicon.fold(word);
    const bool is_own = is_strict && lexicon.has_own_capital(fold);
    return std::string(lexicon.word(is_own ? lexicon.forms(fold)[0] : *lower));
}

std::u32string in_typed_case(std::u32string_view typed, const std::vector<Spelled>& forms,
                             std::u32string_view likeliest, const Lexicon& lexicon) {
    const LetterCase& letter_case = lexicon.letter_case();
    std::vector<Spelled> exact;
    // O'Brien begins with O'B, and with OB if the apostrophe was not typed.
    const std::u32string bare = without_apostrophes(std::u32string(typed));
    for (const Spelled& form : forms) {
        if (begins_with(without_apostrophes(decoded(form.text)), bare)) exact.push_back(form);
    }
    const bool is_completion =
        letter_case.fold(likeliest.substr(0, typed.size())) == letter_case.fold(typed);
    const auto letters = std::count_if(typed.begin(), typed.end(), [](char32_t c) { return is_alpha(c); });
    if (is_upper(typed) && letters > 1) {
        std::vector<Spelled> own;
        for (const Spelled& form : exact) {
            const std::u32string text = decoded(form.text);
            if (text != letter_case.upper(text)) own.push_back(form);
        }
        if (!own.empty()) return decoded(likeliest_of(own).text);
        const std::u32string ending = letter_case.lower(behind(likeliest, typed.size()));
        const std::string utf8 = encoded(typed);
        const std::vector<std::int64_t> same = lexicon.forms(lexicon.fold(utf8));
        const bool is_short = !same.empty() && lexicon.id_of(utf8) == same[0];
        const bool is_plural = ending == U"s" || ending == U"'s";  // TVs, DVD's
        if (is_short && is_plural && is_completion) return std::u32string(typed) + ending;
        std::u32string sharp(likeliest);
        if (typed.find(CAPITAL_SHARP_S) != typed.npos) {
            std::replace(sharp.begin(), sharp.end(), SHARP_S, CAPITAL_SHARP_S);
        }
        return letter_case.upper(sharp);
    }
    if (!exact.empty()) return decoded(likeliest_of(exact).text);
    if (const std::size_t at = typed.find(U'\''); at != typed.npos) {
        const std::u32string_view clitic = typed.substr(0, at + 1), rest = typed.substr(at + 1);
        if (rest.size() > 1 && is_upper(rest) && begins_with(likeliest, clitic)) {
            return std::u32string(clitic) + letter_case.upper(behind(likeliest, clitic.size()));
        }
    }
    if (typed == U"Ij") {
        std::u32string capitalised = letter_case.capitalised(letter_case.lower(likeliest));
        if (capitalised.size() > 1 && capitalised[1] == U'J') return capitalised;  // Dutch
    }
    if (!is_completion) {
        return is_upper(typed.substr(0, 1)) ? letter_case.capitalised(likeliest) : std::u32string(likeliest);
    }
    const std::u32string whole = is_upper(likeliest) ? letter_case.lower(likeliest) : std::u32string(likeliest);
    return std::u32string(typed) + std::u32string(behind(whole, typed.size()));
}

}  // namespace

std::string as_typed(std::string_view text) {
    return encoded(normalised(as_if_continued(folded(decoded(text), {})), Form::NFC));
}

std::string written(const std::vector<Spelled>& forms, std::string_view typed, SentencePlace place,
                    const Lexicon& lexicon) {
    const LetterCase& letter_case = lexicon.letter_case();
    const std::string& likeliest = likeliest_of(forms).text;
    const std::u32string letters = decoded(typed);
    if (!letters.empty() && letters != letter_case.lower(letters)) {
        return encoded(in_typed_case(letters, forms, decoded(likeliest), lexicon));
    }
    if (!place.begins_sentence) return likeliest;
    if (typed.empty() && place.capitals > 0) return encoded(letter_case.capitalised(decoded(likeliest)));
    if (typed.empty() && place.capitals == 0) return likeliest;  // as sentences begin in the training text
    return within_a_sentence(likeliest, lexicon, place.capitals >= 0);
}

}  // namespace foreword::core
