// A cell's equations on one sequence's units, with weights in place.
//
// A step reads each weight once. So none is packed first, nothing is kept that could be out of
// date, and torch's own rows are read: a unit's gate is the product of a row and a vector.
#pragma once

#include "cells/all.hpp"
#include "rows.hpp"
#include "step.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// Rows that are multiplied at once: enough to keep a core's additions going.
constexpr int AT_ONCE = 4;

// Sums over columns, by lanes; the next rows are prefetched meanwhile.
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

// Products of a vector by up to LANES rows, one after the other in memory. Each row's terms are
// added in the same order in every call.
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

// A vector of one layer's units.
struct Units {
    const StepLayer& layer;
    int H, unit, lanes;
    float bound;
    const float *x, *seen, *before;
    float *h, *c;          // after the step
    float *gates, *inner;  // (n, H) and (H) of a step of two parts
};

template <class Cell>
struct StepUnits {
    const Units& s;
    static constexpr bool HAS_PARTS = Cell::INFO.parts() > 1;

    FOREWORD_INLINE Vec load_at(const float* from) const { return load(from + s.unit, s.lanes); }
    FOREWORD_INLINE void store_at(float* to, Vec v) const { store(to + s.unit, v, s.lanes); }
    FOREWORD_INLINE Vec product(const float* weight, const float* bias, int k, const float* vector,
                                int columns) const {
        const std::ptrdiff_t row = (std::ptrdiff_t)k * s.H;
        const Vec sum = by_few(weight + (row + s.unit) * columns, columns, vector, s.lanes);
        return bias ? sum + load_at(bias + row) : sum;
    }

    FOREWORD_INLINE Vec input(int k) const {
        return product(s.layer.weight_ih, s.layer.bias_ih, k, s.x, s.layer.inputs);
    }
    FOREWORD_INLINE Vec past(int k) const {
        return product(s.layer.weight_hh, s.layer.bias_hh, k, s.seen, s.H);
    }
    FOREWORD_INLINE Vec past_of_candidate() const {
        return product(s.layer.weight_hh, s.layer.bias_hh, 2, HAS_PARTS ? s.inner : s.seen, s.H);
    }
    FOREWORD_INLINE Vec gate(int k) const { return load_at(s.gates + k * s.H); }
    FOREWORD_INLINE Vec before() const { return load_at(s.before); }
    FOREWORD_INLINE Vec seen() const { return load_at(s.seen); }
    FOREWORD_INLINE Vec peephole(int k) const { return load_at(s.layer.peepholes + k * s.H); }
    FOREWORD_INLINE float bound() const { return s.bound; }

    FOREWORD_INLINE void keep(int k, Vec v) const {
        if constexpr (HAS_PARTS) store_at(s.gates + k * s.H, v);
    }
    FOREWORD_INLINE void keep_tanh(Vec) const {}
    FOREWORD_INLINE void keep_inner(Vec v) const {
        if constexpr (HAS_PARTS) store_at(s.inner, v);
    }
    FOREWORD_INLINE void remember(Vec, Vec c) const {
        if constexpr (Cell::INFO.has_memory()) store_at(s.c, c);
    }
    FOREWORD_INLINE void show(Vec o, Vec c) const { Cell::show(*this, o, c); }
    FOREWORD_INLINE void become(Vec h) const { store_at(s.h, h); }
};

template <class Cell, int PART>
static void step_units(const Units& units) {
    if constexpr (PART == 0) Cell::forward(StepUnits<Cell>{units});
    else Cell::forward_second(StepUnits<Cell>{units});
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
