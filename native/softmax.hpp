// Softmax and cross-entropy over rows of logits, in place. The matrix products around it are the
// caller's.
#pragma once

#include "format.hpp"
#include "kernels.hpp"
#include "parallel.hpp"

#include <cmath>

namespace foreword {
namespace FOREWORD_ISA {

// The format of a logit in memory.
struct Float32Logits {
    using Number = float;
    static FOREWORD_INLINE Vec read(const Number* from) { return load(from); }
    static FOREWORD_INLINE void write(Number* to, Vec values) { store(to, values); }
    static float read_one(const Number* from) { return *from; }
    static void write_one(Number* to, float value) { *to = value; }
};

struct BFloat16Logits {
    using Number = std::uint16_t;
    typedef Number Halves __attribute__((vector_size(LANES * 2)));

    static FOREWORD_INLINE Vec read(const Number* from) {
        Halves halves;
        std::memcpy(&halves, from, sizeof halves);
        return (Vec)(__builtin_convertvector(halves, Bits) << 16);
    }
    static FOREWORD_INLINE void write(Number* to, Vec values) {
        const Halves halves = __builtin_convertvector(to_bfloat16(values), Halves);
        std::memcpy(to, &halves, sizeof halves);
    }
    static float read_one(const Number* from) {
        const std::uint32_t bits = (std::uint32_t)*from << 16;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    static void write_one(Number* to, float value) {
        const Bits bits = to_bfloat16(Vec{} + value);
        *to = (Number)bits[0];
    }
};

// One row: its exponentials, less their sum at the target. A NaN or an infinity among the logits
// makes the loss NaN.
template <class L>
static void softmax_row(typename L::Number* row, const float* bias, int V, std::int64_t target,
                        float& scale, float& loss) {
    const int whole = V - V % LANES;
    // The rest of the row as one more vector, filled up with -inf.
    Vec tail = Vec{} - INFINITY;
    for (int v = whole; v < V; ++v) tail[v - whole] = L::read_one(row + v) + bias[v];
    Vec most = tail;
    for (int v = 0; v < whole; v += LANES) most = larger(L::read(row + v) + load(bias + v), most);
    float peak = most[0];
    for (int k = 1; k < LANES; ++k) peak = most[k] > peak ? most[k] : peak;
    const float at_target = L::read_one(row + target) + bias[target];

    Vec sums = {};
    float sum = 0.0f;
    for (int v = 0; v < whole; v += LANES) {
        const Vec power = exponential(L::read(row + v) + load(bias + v) - peak);
        L::write(row + v, power);
        sums += power;
    }
    const Vec power = exponential(tail - peak);
    for (int v = whole; v < V; ++v) {
        L::write_one(row + v, power[v - whole]);
        sum += power[v - whole];
    }
    for (int k = 0; k < LANES; ++k) sum += sums[k];

    loss = std::log(sum) + (peak - at_target);
    scale = 1.0f / sum;
    L::write_one(row + target, L::read_one(row + target) - sum);
}

template <class L>
static void softmax(const Softmax& a, int threads) {
    using Number = typename L::Number;
    const auto logits = static_cast<Number*>(a.logits);
    const int vectors = a.V / LANES;
    together(threads, [&](Member& member) {
        for (int r = member.first(a.rows); r < member.last(a.rows); ++r) {
            softmax_row<L>(logits + (std::ptrdiff_t)r * a.V, a.bias, a.V, a.targets[r], a.scales[r],
                           a.losses[r]);
        }
        member.barrier.wait();
        // By columns, so that the order of the sums is the same for any number of threads.
        const bool is_last = member.rank == member.count - 1;
        const int first = member.first(vectors) * LANES, last = member.last(vectors) * LANES;
        for (int r = 0; r < a.rows; ++r) {
            const Number* row = logits + (std::ptrdiff_t)r * a.V;
            const float scale = a.scales[r];
            for (int v = first; v < last; v += LANES) {
                store(a.d_bias + v, load(a.d_bias + v) + L::read(row + v) * scale);
            }
            for (int v = vectors * LANES; is_last && v < a.V; ++v) {
                a.d_bias[v] += L::read_one(row + v) * scale;
            }
        }
    });
}

static void ranks_row(const float* row, int V, int left_out, std::int64_t target, float& loss,
                      std::int64_t& above) {
    const int whole = V - V % LANES;
    Vec tail = Vec{} - INFINITY;
    for (int v = whole; v < V; ++v) tail[v - whole] = row[v];
    const float at_target = row[target];
    Vec most = tail;
    Bits larger_ones = (Bits)(tail > at_target);
    for (int v = 0; v < whole; v += LANES) {
        const Vec logits = load(row + v);
        most = larger(logits, most);
        larger_ones += (Bits)(logits > at_target);  // -1 where it is so
    }
    float peak = most[0];
    std::int64_t count = 0;
    for (int k = 0; k < LANES; ++k) {
        peak = most[k] > peak ? most[k] : peak;
        count += (std::int32_t)larger_ones[k];
    }
    const bool counts_left_out = left_out >= 0 && row[left_out] > at_target;
    above = -count - counts_left_out;

    Vec sums = exponential(tail - peak);
    for (int v = 0; v < whole; v += LANES) sums += exponential(load(row + v) - peak);
    double sum = 0.0;
    for (int k = 0; k < LANES; ++k) sum += sums[k];
    loss = (float)(std::log(sum) + ((double)peak - at_target));
}

static void ranks(const Ranks& a, int threads) {
    together(threads, [&](Member& member) {
        for (int r = member.first(a.rows); r < member.last(a.rows); ++r) {
            ranks_row(a.logits + (std::ptrdiff_t)r * a.V, a.V, a.left_out, a.targets[r], a.losses[r],
                      a.above[r]);
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
