// Attention of one decoder to the positions of its sentence, and tanh of many values.
#pragma once

#include "kernels.hpp"
#include "rows.hpp"
#include "vector.hpp"

#include <algorithm>
#include <cmath>

namespace foreword {
namespace FOREWORD_ISA {

// What a position is worth to a query, before the softmax, one lane for each partial sum.
static FOREWORD_INLINE Vec worth(const float* query, const float* energy, const float* key, int size) {
    Vec sum = {};
    for (int d = 0; d < size; d += LANES) {
        const int lanes = std::min(LANES, size - d);
        const Vec q = load(query + d, lanes), k = load(key + d, lanes);
        sum += energy ? hyperbolic_tangent(q + k) * load(energy + d, lanes) : q * k;
    }
    return sum;
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
            for (int l = 0; l < lanes; ++l) {
                sums[l] = worth(a.query + begin, a.energy ? a.energy + begin : nullptr,
                                keys + (std::ptrdiff_t)(s + l) * a.size, a.size);
            }
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
        for (int d = 0; d < a.size; d += LANES) {
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
