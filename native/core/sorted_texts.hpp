// Finds texts by how they begin, in lists that are sorted byte by byte. Knows nothing of what they are.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace foreword::core {

inline bool begins_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

// The first position in [low, high) for which `is_behind` holds, as it then does for all that follow.
template <class IsBehind>
std::size_t first_of(std::size_t low, std::size_t high, IsBehind&& is_behind) {
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (is_behind(middle)) high = middle;
        else low = middle + 1;
    }
    return low;
}

// The range of texts that begin with a prefix, of those in [low, high), which are in order.
template <class At>
std::pair<std::size_t, std::size_t> range_of(std::size_t low, std::size_t high, At&& at, std::string_view prefix) {
    low = first_of(low, high, [&](std::size_t k) { return std::string_view(at(k)) >= prefix; });
    // From there on, texts begin with the prefix until one that does not.
    return {low, first_of(low, high, [&](std::size_t k) { return !begins_with(at(k), prefix); })};
}

}  // namespace foreword::core
