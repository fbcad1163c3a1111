#include "filter.hpp"

#include "unicode.hpp"
#include "words.hpp"

#include <algorithm>
#include <iterator>

namespace foreword::core {

namespace {

#include "filter_tables.inc"

}  // namespace

Filter::Filter(bool withholds_offensive, const std::vector<std::string>& blocked, const LetterCase& letter_case)
    : withholds_offensive_(withholds_offensive) {
    for (const std::string& word : blocked) blocked_.insert(encoded(letter_case.fold(folded(decoded(word), {}))));
}

bool Filter::has(std::string_view fold) const {
    const bool is_listed = std::binary_search(std::begin(OFFENSIVE), std::end(OFFENSIVE), fold);
    return (withholds_offensive_ && is_listed) || blocked_.count(fold) != 0;
}

bool Filter::blocks(std::string_view fold) const {
    const std::size_t apostrophe = fold.find('\'');
    return has(fold) || (apostrophe != fold.npos && has(fold.substr(0, apostrophe)));
}

}  // namespace foreword::core
