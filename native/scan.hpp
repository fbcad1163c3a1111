// The linear recurrence h_t = a_t * h_{t-1} + b_t, in which each unit depends only on its own past,
// and its backward pass. Threads share the units, and so never wait for each other.
#pragma once

#include "kernels.hpp"
#include "parallel.hpp"
#include "vector.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// work(unit, count) for this member's units, a vector of them at a time.
template <class Work>
static FOREWORD_INLINE void each_vector(const Member& member, int units, Work&& work) {
    const int vectors = (units + LANES - 1) / LANES;
    const int last = member.last(vectors) * LANES;
    for (int n = member.first(vectors) * LANES; n < last; n += LANES) {
        work(n, units - n < LANES ? units - n : LANES);
    }
}

static void scan(const Scan& s, int threads) {
    together(threads, [&](Member& member) {
        const float* before = s.first;
        for (int t = 0; t < s.T; ++t) {
            const std::ptrdiff_t row = (std::ptrdiff_t)t * s.units;
            each_vector(member, s.units, [&](int n, int count) {
                const Vec a = load(s.a + row + n, count), b = load(s.b + row + n, count);
                store(s.h + row + n, a * load(before + n, count) + b, count);
            });
            before = s.h + row;
        }
    });
}

static void scan_back(const ScanBack& s, int threads) {
    together(threads, [&](Member& member) {
        // The total gradient of h_t: the incoming one, and a_{t+1} times that of h_{t+1}.
        for (int t = s.T - 1; t >= 0; --t) {
            const std::ptrdiff_t row = (std::ptrdiff_t)t * s.units, later = row + s.units;
            const float* const before = t == 0 ? s.first : s.h + row - s.units;
            const bool is_last = t == s.T - 1;
            each_vector(member, s.units, [&](int n, int count) {
                Vec d = load(s.d_h + row + n, count);
                if (!is_last) d += load(s.a + later + n, count) * load(s.d_b + later + n, count);
                store(s.d_b + row + n, d, count);
                store(s.d_a + row + n, d * load(before + n, count), count);
            });
        }
        each_vector(member, s.units, [&](int n, int count) {
            store(s.d_first + n, load(s.a + n, count) * load(s.d_b + n, count), count);
        });
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
