// Sorts texts byte by byte, and finds them by how they begin. Knows nothing of what they are.
#pragma once

#include "utf8.hpp"

#include <algorithm>
#include <array>
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

// A text's position, and its first bytes as a number: 0 behind a short one's end.
struct Placed {
    std::uint64_t bytes;
    std::uint32_t position;
};

// Sorts by the first bytes: by the last of these, then by the one before it, and so on, each time keeping the order of
// equal ones, so that nothing is compared.
inline void sort_by_first_bytes(std::vector<Placed>& placed) {
    constexpr std::size_t BYTES = sizeof(std::uint64_t);
    using Counts = std::array<std::size_t, 256>;
    std::array<Counts, BYTES> counts{};
    const auto byte_of = [](const Placed& one, std::size_t byte) { return (std::size_t)(one.bytes >> 8 * byte & 255); };
    for (const Placed& one : placed) {
        for (std::size_t byte = 0; byte < BYTES; ++byte) ++counts[byte][byte_of(one, byte)];
    }
    std::vector<Placed> sorted(placed.size());
    for (std::size_t byte = 0; byte < BYTES; ++byte) {
        std::size_t begin = 0;
        for (std::size_t& count : counts[byte]) begin += std::exchange(count, begin);
        for (const Placed& one : placed) sorted[counts[byte][byte_of(one, byte)]++] = one;
        placed.swap(sorted);
    }
}

// The positions [first, last) in the order of their texts; of equal texts, by `is_before`.
template <class At, class IsBefore>
std::vector<std::uint32_t> in_order(std::size_t first, std::size_t last, At&& at, IsBefore&& is_before) {
    std::vector<Placed> placed;
    placed.reserve(last - first);
    for (std::size_t k = first; k < last; ++k) {
        placed.push_back({first_bytes(at(k), at(k).size()), (std::uint32_t)k});
    }
    sort_by_first_bytes(placed);
    for (auto begin = placed.begin(), end = begin; begin != placed.end(); begin = end) {
        while (end != placed.end() && end->bytes == begin->bytes) ++end;
        std::sort(begin, end, [&](const Placed& a, const Placed& b) {
            const int order = std::string_view(at(a.position)).compare(at(b.position));
            return order != 0 ? order < 0 : is_before(a.position, b.position);
        });
    }
    std::vector<std::uint32_t> positions;
    positions.reserve(placed.size());
    for (const Placed& one : placed) positions.push_back(one.position);
    return positions;
}

}  // namespace foreword::core
