#include "letters.hpp"

#include "replacement.hpp"
#include "unicode.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

namespace foreword::core {

namespace {

#include "letter_tables.inc"

constexpr char32_t APOSTROPHE = 0x2019, FIRST_SYLLABLE = 0xac00, LAST_SYLLABLE = 0xd7a3;

std::u32string_view keys_of(const char32_t& c) {
    const Replacement* const keys = find(KEYS, c);
    return keys != nullptr ? keys->text : std::u32string_view(&c, 1);
}

// The marks of a word that each letter of its skeleton leaves out.
std::vector<std::set<char32_t>> left_out(std::u32string_view fold) {
    std::vector<std::set<char32_t>> parts;
    for (const char32_t c : normalised(fold, Form::NFD)) {
        if (has(c, LEFT_OUT)) {
            if (!parts.empty()) parts.back().insert(c == APOSTROPHE ? U'\'' : c);
            continue;
        }
        parts.resize(parts.size() + keys_of(c).size());
        if (find(LATIN, c) != nullptr) parts.back().insert(c);
    }
    return parts;
}

}  // namespace

std::u32string skeleton(std::u32string_view fold) {
    std::u32string bare;
    if (is_ascii(fold)) {
        std::remove_copy(fold.begin(), fold.end(), std::back_inserter(bare), U'\'');
        return bare;
    }
    for (const char32_t c : normalised(fold, Form::NFD)) {
        if (!has(c, LEFT_OUT)) bare += keys_of(c);
    }
    return bare;
}

std::u32string without_accents(std::u32string_view fold) {
    if (is_ascii(fold)) return std::u32string(fold);
    std::u32string plain;
    for (std::size_t start = 0; start <= fold.size();) {
        const std::size_t end = std::min(fold.find(U'\'', start), fold.size());
        if (start > 0) plain += U'\'';
        plain += skeleton(fold.substr(start, end - start));
        start = end + 1;
    }
    return plain;
}

bool is_korean(std::u32string_view fold) {
    return !fold.empty() && fold[0] >= FIRST_SYLLABLE && fold[0] <= LAST_SYLLABLE;
}

bool has_marks(std::u32string_view fold) { return skeleton(fold) != fold && !is_korean(fold); }

bool leaves_out(std::u32string_view typed, std::u32string_view fold) {
    const std::u32string begun = skeleton(typed);
    if (skeleton(fold).compare(0, begun.size(), begun) != 0) return false;
    const auto typed_parts = left_out(typed), parts = left_out(fold);
    for (std::size_t k = 0; k < std::min(typed_parts.size(), parts.size()); ++k) {
        const bool has_all = std::includes(parts[k].begin(), parts[k].end(), typed_parts[k].begin(), typed_parts[k].end());
        if (!has_all) return false;
    }
    return true;
}

}  // namespace foreword::core
