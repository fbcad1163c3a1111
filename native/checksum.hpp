// A number from all of a tensor's bits, to tell whether it has changed.
#pragma once

#include "parallel.hpp"
#include "vector.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace foreword {
namespace FOREWORD_ISA {

// Of `count` words. Each is mixed in by a bijection of what was there and of itself, so that no change
// of a single word goes unseen, and no other one but by chance: one in 2^32.
static std::uint64_t checksum_of(const std::uint32_t* words, std::size_t count) {
    constexpr int CHAINS = 8;
    constexpr std::size_t BLOCK = CHAINS * LANES;
    Bits chains[CHAINS];
    for (int k = 0; k < CHAINS; ++k) chains[k] = Bits{} + (2 * (std::uint32_t)k + 1);
    const auto mix = [&](const std::uint32_t* from) {
#pragma GCC unroll 8
        for (int k = 0; k < CHAINS; ++k) {
            Bits v;
            std::memcpy(&v, from + k * LANES, sizeof v);
            chains[k] = (chains[k] ^ v) * 0x9e3779b1u;
        }
    };
    std::size_t done = 0;
    for (; done + BLOCK <= count; done += BLOCK) mix(words + done);
    std::uint32_t rest[BLOCK] = {};
    std::memcpy(rest, words + done, (count - done) * sizeof *rest);
    mix(rest);
    std::uint64_t mixed = count;
    for (const Bits& chain : chains) {
        for (int l = 0; l < LANES; ++l) {
            mixed = (mixed ^ chain[l]) * 0x9e3779b97f4a7c15u;
            mixed ^= mixed >> 29;
        }
    }
    return mixed;
}

// Of several tensors in a row, whatever the number of threads.
static std::uint64_t checksum(const std::uint32_t* const* tensors, const std::size_t* counts,
                              std::size_t number, int threads) {
    constexpr std::size_t PIECE = 1 << 14;
    std::vector<std::size_t> first(number + 1);
    for (std::size_t k = 0; k < number; ++k) first[k + 1] = first[k] + (counts[k] + PIECE - 1) / PIECE;
    std::vector<std::uint64_t> found(first[number]);
    together(threads, [&](Member& member) {
        const std::size_t begin = (std::size_t)member.first((int)found.size());
        const std::size_t end = (std::size_t)member.last((int)found.size());
        for (std::size_t tensor = 0; tensor < number; ++tensor) {
            for (std::size_t k = std::max(begin, first[tensor]); k < std::min(end, first[tensor + 1]);
                 ++k) {
                const std::size_t from = (k - first[tensor]) * PIECE;
                const std::size_t left = counts[tensor] - from;
                found[k] = checksum_of(tensors[tensor] + from, left < PIECE ? left : PIECE);
            }
        }
    });
    std::uint64_t mixed = number;
    for (const std::uint64_t piece : found) {
        mixed = (mixed ^ piece) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
    }
    return mixed;
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
