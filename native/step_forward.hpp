// One step of one sequence through a stack of layers, by weights where they lie; equations in
// foreword/cells.
//
// A step reads each weight once. So none is packed before, nothing is kept that could be out of date,
// and torch's own rows are read as they stand: a unit's gate is the product of a row and a vector.
#pragma once

#include "parallel.hpp"
#include "rows.hpp"
#include "step.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// Rows that are multiplied at once: enough to keep a core's additions going.
constexpr int AT_ONCE = 4;

// Sums over columns, by lanes; the next rows are fetched meanwhile.
static FOREWORD_INLINE void by_some(const float* const (&rows)[AT_ONCE], int columns,
                                    const float* vector, Vec (&sums)[AT_ONCE]) {
    const int whole = columns / LANES * LANES, rest = columns - whole;
    const std::ptrdiff_t ahead = (std::ptrdiff_t)AT_ONCE * columns;
    for (int k = 0; k < whole; k += LANES) {
        const Vec v = load(vector + k);
#pragma GCC unroll 4
        for (int r = 0; r < AT_ONCE; ++r) {
            __builtin_prefetch(rows[r] + k + ahead);
            sums[r] += v * load(rows[r] + k);
        }
    }
    if (rest == 0) return;
    const Vec v = load(vector + whole, rest);
    for (int r = 0; r < AT_ONCE; ++r) sums[r] += v * load(rows[r] + whole, rest);
}

// Products of a vector by up to LANES rows, one after the other in memory. Each row's terms are added
// in the same order whoever computes it.
static Vec by_few(const float* rows, int columns, const float* vector, int count) {
    Vec sums[LANES];
    for (int l = 0; l < LANES; l += AT_ONCE) {
        Vec some[AT_ONCE] = {};
        if (l < count) {
            const float* at[AT_ONCE];
            for (int r = 0; r < AT_ONCE; ++r) {
                at[r] = rows + (std::ptrdiff_t)std::min(l + r, count - 1) * columns;
            }
            by_some(at, columns, vector, some);
        }
        for (int r = 0; r < AT_ONCE; ++r) sums[l + r] = some[r];
    }
    return totals(sums);
}

// A vector of one layer's units: what their gates are given.
struct Units {
    const StepLayer& layer;
    int H, unit, lanes;
    const float *x, *seen;

    Vec load_at(const float* values, int row) const {
        return values ? load(values + (std::ptrdiff_t)row * H + unit, lanes) : Vec{};
    }
    Vec by_weight(const float* weight, int gate, const float* vector, int columns) const {
        const std::ptrdiff_t row = (std::ptrdiff_t)gate * H + unit;
        return by_few(weight + row * columns, columns, vector, lanes);
    }
    // By x and by what the recurrent weight sees, whose rows may be fewer.
    Vec input(int gate) const {
        return by_weight(layer.weight_ih, gate, x, layer.inputs) + load_at(layer.bias_ih, gate);
    }
    Vec past(int gate, const float* vector) const {
        return by_weight(layer.weight_hh, gate, vector, H) + load_at(layer.bias_hh, gate);
    }
    Vec sum(int gate) const { return input(gate) + past(gate, seen); }
};

// h and c after the step.
static FOREWORD_INLINE void lstm_step(const Step& a, const Units& at, const float* c, float* h_after,
                      float* c_after) {
    const Vec before = at.load_at(c, 0);
    const float* const p = at.layer.peepholes;
    Vec after, a_o;
    if (a.kind == COUPLED_KIND) {
        const Vec f = sigmoid(at.sum(0)), g = hyperbolic_tangent(at.sum(1));
        after = g + f * (before - g);
        a_o = at.sum(2);
    } else {
        Vec a_i = at.sum(0), a_f = at.sum(1);
        const Vec a_g = a.sees_memory ? at.input(2) : at.sum(2);
        a_o = at.input(3) + at.past(a.sees_memory ? 2 : 3, at.seen);
        if (p) a_i += at.load_at(p, 0) * before, a_f += at.load_at(p, 1) * before;
        after = sigmoid(a_f) * before + sigmoid(a_i) * hyperbolic_tangent(a_g);
    }
    after = within(after, bound_of(a.clip));
    if (p) a_o += at.load_at(p, 2) * after;
    store(c_after + at.unit, after, at.lanes);
    store(h_after + at.unit, sigmoid(a_o) * hyperbolic_tangent(after), at.lanes);
}

static FOREWORD_INLINE void gru_end(const Units& at, Vec a_n, Vec z, Vec before, float* h_after) {
    const Vec candidate = hyperbolic_tangent(a_n);
    store(h_after + at.unit, candidate + z * (before - candidate), at.lanes);
}

static void step(const Step& a, int threads) {
    const int H = a.H, vectors = (H + LANES - 1) / LANES;
    const bool is_lstm = a.has_memory();
    float *const reset_h = a.room, *const z_kept = a.room ? a.room + H : nullptr;
    together(threads, [&](Member& member) {
        const int first = member.first(vectors), last = member.last(vectors);
        const float* x = a.x;
        for (int l = 0; l < a.layers; ++l) {
            const std::ptrdiff_t row = (std::ptrdiff_t)l * H;
            const float *const h = a.h + row, *const c = is_lstm ? a.c + row : nullptr;
            float *const h_after = a.h_after + row, *const c_after = is_lstm ? a.c_after + row : nullptr;
            const auto each = [&](auto&& work) {
                for (int v = first; v < last; ++v) {
                    const int unit = v * LANES, lanes = std::min(LANES, H - unit);
                    const Units at{a.of_layers[l], H, unit, lanes, x, a.sees_memory ? c : h};
                    work(at);
                }
            };
            if (is_lstm) {
                each([&](const Units& at) { lstm_step(a, at, c, h_after, c_after); });
            } else if (a.kind != GRU_KIND) {
                each([&](const Units& at) {
                    const Vec sum = at.sum(0);
                    const Vec after = a.kind == RELU_KIND ? choose(sum > 0.0f, sum, sum * 0.0f)
                                                          : hyperbolic_tangent(sum);
                    store(h_after + at.unit, after, at.lanes);
                });
            } else if (a.resets_after) {
                each([&](const Units& at) {
                    const Vec r = sigmoid(at.sum(0)), z = sigmoid(at.sum(1));
                    gru_end(at, at.input(2) + r * at.past(2, h), z, at.load_at(h, 0), h_after);
                });
            } else {
                each([&](const Units& at) {
                    store(reset_h + at.unit, sigmoid(at.sum(0)) * at.load_at(h, 0), at.lanes);
                    store(z_kept + at.unit, sigmoid(at.sum(1)), at.lanes);
                });
                member.barrier.wait();
                each([&](const Units& at) {
                    gru_end(at, at.input(2) + at.past(2, reset_h), at.load_at(z_kept, 0),
                            at.load_at(h, 0), h_after);
                });
            }
            x = h_after;
            if (l + 1 < a.layers) {
                member.barrier.wait();
            } else if (first < last) {
                const int unit = first * LANES, count = std::min(last * LANES, H) - unit;
                std::memcpy(a.outputs + unit, h_after + unit, sizeof(float) * (std::size_t)count);
            }
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
