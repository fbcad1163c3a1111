// Sorts texts byte by byte, and finds them by how they begin. Knows nothing of what they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

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

// The positions [first, last) in the order of their texts; of equal texts, by `is_before`.
template <class At, class IsBefore>
std::vector<std::uint32_t> in_order(std::size_t first, std::size_t last, At&& at, IsBefore&& is_before) {
    // The first bytes of a text as a number, which mostly decides: 0 behind a short one's end.
    struct Placed {
        std::uint64_t bytes;
        std::uint32_t position;
    };
    std::vector<Placed> placed;
    placed.reserve(last - first);
    for (std::size_t k = first; k < last; ++k) {
        const std::string_view text = at(k);
        std::uint64_t bytes = 0;
        for (std::size_t byte = 0; byte < sizeof bytes; ++byte) {
            bytes = bytes << 8 | (byte < text.size() ? (unsigned char)text[byte] : 0u);
        }
        placed.push_back({bytes, (std::uint32_t)k});
    }
    const auto comes_before = [&](const Placed& a, const Placed& b) {
        if (a.bytes != b.bytes) return a.bytes < b.bytes;
        const int order = std::string_view(at(a.position)).compare(at(b.position));
        return order != 0 ? order < 0 : is_before(a.position, b.position);
    };
    std::sort(placed.begin(), placed.end(), comes_before);
    std::vector<std::uint32_t> positions;
    positions.reserve(placed.size());
    for (const Placed& one : placed) positions.push_back(one.position);
    return positions;
}

}  // namespace foreword::core
