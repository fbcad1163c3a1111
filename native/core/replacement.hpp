// A table of characters and what replaces them, in rising order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace foreword::core {

struct Replacement {
    char32_t character;
    std::u32string_view text;
};

template <std::size_t N>
const Replacement* find(const Replacement (&table)[N], char32_t c) {
    const Replacement* const found =
        std::lower_bound(std::begin(table), std::end(table), c,
                         [](const Replacement& row, char32_t c) { return row.character < c; });
    return found != std::end(table) && found->character == c ? found : nullptr;
}

}  // namespace foreword::core
