// Attention of one decoder to the positions of its sentence, and tanh of many values.
#pragma once

#include "kernels.hpp"
#include "rows.hpp"
#include "vector.hpp"

#include <algorithm>
#include <cmath>

namespace foreword {
namespace FOREWORD_ISA {

// Independent sums, so that none waits for the one before.
constexpr int SUMS_AT_ONCE = 4;

// The scores of positions for a query, before the softmax, one lane for each partial sum.
template <bool IS_ADDITIVE>
static FOREWORD_INLINE void worths(const float* query, const float* energy, const float* keys, int size,
                                   int count, Vec* sums) {
    for (int first = 0; first < count; first += SUMS_AT_ONCE) {
        Vec some[SUMS_AT_ONCE] = {};
        for (int d = 0; d < size; d += LANES) {
            const int lanes = std::min(LANES, size - d);
            const Vec q = load(query + d, lanes);
#pragma GCC unroll 4
            for (int l = 0; l < SUMS_AT_ONCE; ++l) {
                // Positions beyond the last one repeat the last.
                const float* const key = keys + (std::ptrdiff_t)std::min(first + l, count - 1) * size;
                const Vec k = load(key + d, lanes);
                if constexpr (IS_ADDITIVE) some[l] += hyperbolic_tangent(q + k) * load(energy + d, lanes);
                else some[l] += q * k;
            }
        }
        for (int l = 0; l < SUMS_AT_ONCE && first + l < count; ++l) sums[first + l] = some[l];
    }
}

static void look(const Look& a) {
    const float by = a.energy ? 1.0f : 1.0f / std::sqrt((float)a.size);
    for (int head = 0; head < a.heads; ++head) {
        const std::ptrdiff_t begin = (std::ptrdiff_t)head * a.size;
        const float* const keys = a.keys + begin * a.stride;
        const float* const values = a.values + begin * a.stride;
        float* const shares = a.shares + (std::ptrdiff_t)head * a.stride;
        float most = -INFINITY, total = 0.0f;
        for (int s = 0; s < a.length; s += LANES) {
            const int lanes = std::min(LANES, a.length - s);
            Vec sums[LANES] = {};
            const float *const query = a.query + begin, *const from = keys + (std::ptrdiff_t)s * a.size;
            if (a.energy) worths<true>(query, a.energy + begin, from, a.size, lanes, sums);
            else worths<false>(query, nullptr, from, a.size, lanes, sums);
            const Vec worths = totals(sums) * by;
            store(shares + s, worths, lanes);
            for (int l = 0; l < lanes; ++l) most = std::max(most, worths[l]);
        }
        for (int s = 0; s < a.length; s += LANES) {
            const int lanes = std::min(LANES, a.length - s);
            const Vec share = exponential(load(shares + s, lanes) - most);
            store(shares + s, share, lanes);
            for (int l = 0; l < lanes; ++l) total += share[l];
        }
        for (int s = 0; s < a.stride; ++s) shares[s] = s < a.length ? shares[s] / total : 0.0f;
        int d = 0;
        for (; d + SUMS_AT_ONCE * LANES <= a.size; d += SUMS_AT_ONCE * LANES) {
            Vec sums[SUMS_AT_ONCE] = {};
            for (int s = 0; s < a.length; ++s) {
                const float* const value = values + (std::ptrdiff_t)s * a.size + d;
#pragma GCC unroll 4
                for (int n = 0; n < SUMS_AT_ONCE; ++n) sums[n] += load(value + n * LANES) * shares[s];
            }
            for (int n = 0; n < SUMS_AT_ONCE; ++n) store(a.context + begin + d + n * LANES, sums[n]);
        }
        for (; d < a.size; d += LANES) {
            const int lanes = std::min(LANES, a.size - d);
            Vec sum = {};
            for (int s = 0; s < a.length; ++s) {
                sum += load(values + (std::ptrdiff_t)s * a.size + d, lanes) * shares[s];
            }
            store(a.context + begin + d, sum, lanes);
        }
    }
}

static void tangents(float* values, std::size_t count) {
    for (std::size_t k = 0; k < count; k += LANES) {
        const int lanes = (int)std::min<std::size_t>(LANES, count - k);
        store(values + k, hyperbolic_tangent(load(values + k, lanes)), lanes);
    }
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
