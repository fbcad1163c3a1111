// A number from all of a tensor's bits, which shows whether it has changed.
#pragma once

#include "vector.hpp"

#include <cstddef>

namespace foreword {
namespace FOREWORD_ISA {

// Of `count` words. Each is mixed in by a function that is bijective in both the previous value and
// the word, so that every change of a single word is noticed, and any other with a probability of 1
// - 2^-32.
static std::uint64_t checksum(const std::uint32_t* words, std::size_t count) {
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

}  // namespace FOREWORD_ISA
}  // namespace foreword
