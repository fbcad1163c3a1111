// What the inputs give to the gates, and the way back to them.
//
// A few steps at a time, by the threads that go on with it: it is still in their caches when the
// loop over time comes to it.
#pragma once

#include "strips.hpp"

#include <algorithm>

namespace foreword {
namespace FOREWORD_ISA {

// Gates (steps, B, n, H) = W_ih x + b.
struct Projection {
    const Input& input;
    int T, B, gates, chunk;
    Strips strips;

    Projection(const Input& input, const Sizes& sizes, int gates, int width)
        : input(input), T(sizes.T), B(sizes.B), gates(gates), chunk(steps_at_once(T, B)),
          strips{sizes.H, gates, width} {}

    void pack(int first, int last) const {
        pack_rows(strips, input.weight, input.size, input.packed, first, last, input.size);
    }

    // For step t and those after it, if t is the first of a chunk; `into` are step t's gates.
    void run(int t, float* into, const Share& share) const {
        if (t % chunk != 0) return;
        const int steps = std::min(chunk, T - t), H = strips.units;
        const std::ptrdiff_t I = input.size, wide = (std::ptrdiff_t)gates * H;
        const float* x = input.x + (std::ptrdiff_t)t * B * I;
        const Segment whole{0, input.size};
        const auto then = [&](const Spot& at) {
            float* to = into + at.row * wide + at.unit;
            const float* bias = input.bias + at.unit;
            for (int g = 0; g < gates; ++g) {
                const Vec sum = load(at.sums + g * LANES) + load(bias + g * H, at.lanes);
                store(to + g * H, sum, at.lanes);
            }
        };
        const std::ptrdiff_t second = gates > 1 ? H : 0, third = gates > 2 ? 2 * H : 0;
        const Place places[] = {Place{into, wide}, Place{into + second, wide},
                                Place{into + third, wide}, Place{into + (gates - 1) * H, wide}};
        for (int s = share.first; s < share.last; ++s) {
            const int begin = share.begin(s), end = share.end(s, B);
            const bool all = begin == 0 && end == B;
            for (int k = 0; k < (all ? 1 : steps); ++k) {
                by_rows(strips, s, input.packed, input.size, x, I, k * B + begin,
                        all ? steps * B : k * B + end, &whole, 1, places, then);
            }
        }
    }
};

// d_x (T, B, I) from d_gates (T, B, n, H); nothing where d_x is null.
struct Unprojection {
    const InputBack& input;
    int T, B, K, chunk;
    Strips strips;

    Unprojection(const InputBack& input, const Sizes& sizes, int gates)
        : input(input), T(sizes.T), B(sizes.B), K(gates * sizes.H), chunk(steps_at_once(T, B)),
          strips{input.size, 1, widest(1, B * chunk)} {}

    void pack(const Member& member) const {
        if (!input.d_x) return;
        pack_columns(strips, input.weight, K, input.packed, member.first(strips.count()),
                     member.last(strips.count()), input.size);
    }

    // For the steps from t on, once all their gates' gradients are there, if t begins a chunk.
    void run(int t, const float* d_gates, const Member& member) const {
        if (!input.d_x || t % chunk != 0) return;
        const int rows = std::min(chunk, T - t) * B;
        const std::ptrdiff_t I = input.size;
        float* d_x = input.d_x + (std::ptrdiff_t)t * B * I;
        const Segment whole{0, K};
        by_strips(strips, input.packed, K, d_gates + (std::ptrdiff_t)t * B * K, K, rows, &whole, 1,
                  Share::of(member, strips, rows), {Place{d_x, I}}, [&](const Spot& at) {
                      store(d_x + at.row * I + at.unit, load(at.sums), at.lanes);
                  });
    }
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
