// A cell's equations on the sums of a product, for some rows by some vectors of units.
//
// Knows one step, and no formats: if a format needs a conversion, the loop reads the memory that is
// set here.
#pragma once

#include "cells/all.hpp"
#include "strips.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// Pointers are to the step's first row.
struct ForwardStep {
    int H;
    bool keeps;
    float bound;
    const float *peepholes, *bias_n, *before, *seen;
    float *of_gates, *h, *c, *tanh_c, *inner;
};

template <class Cell>
struct ForwardUnits {
    const ForwardStep& a;
    const Spot& at;
    const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * a.H + at.unit;
    float* const gates = a.of_gates + (std::ptrdiff_t)at.row * a.H * Cell::INFO.gates + at.unit;

    FOREWORD_INLINE Vec load_at(const float* from) const { return load(from, at.lanes); }
    FOREWORD_INLINE void store_at(float* to, Vec v) const { store(to, v, at.lanes); }

    FOREWORD_INLINE Vec input(int k) const { return load_at(gates + k * a.H); }
    FOREWORD_INLINE Vec gate(int k) const { return input(k); }
    FOREWORD_INLINE Vec past(int k) const { return load(at.sums + k * LANES); }
    FOREWORD_INLINE Vec past_of_candidate() const {
        if constexpr (Cell::INFO.parts() > 1) return past(0);
        else return past(2) + load_at(a.bias_n + at.unit);
    }
    FOREWORD_INLINE Vec before() const { return load_at(a.before + unit); }
    FOREWORD_INLINE Vec seen() const { return load_at(a.seen + unit); }
    FOREWORD_INLINE Vec peephole(int k) const { return load_at(a.peepholes + k * a.H + at.unit); }
    FOREWORD_INLINE float bound() const { return a.bound; }

    FOREWORD_INLINE void keep(int k, Vec v) const {
        if (Cell::INFO.parts() > 1 || a.keeps) store_at(gates + k * a.H, v);
    }
    FOREWORD_INLINE void keep_tanh(Vec v) const {
        if (a.keeps) store_at(a.tanh_c + unit, v);
    }
    FOREWORD_INLINE void keep_inner(Vec v) const { store_at(a.inner + unit, v); }
    FOREWORD_INLINE void remember(Vec, Vec c) const {
        if constexpr (Cell::INFO.has_memory()) store_at(a.c + unit, c);
    }
    FOREWORD_INLINE void show(Vec o, Vec c) const { Cell::show(*this, o, c); }
    FOREWORD_INLINE void become(Vec h) const { store_at(a.h + unit, h); }
};

// The parts of a step, each after a product.
template <class Cell, int PART>
static void forward_block(const ForwardStep& step, const Block& block) {
    const ForwardStep a = step;
    block.each([&](const Spot& at) {
        const ForwardUnits<Cell> units{a, at};
        if constexpr (PART == 0) Cell::forward(units);
        else Cell::forward_second(units);
    });
}

// Passed by value, so that the compiler knows that no store changes it.
struct BackStep {
    Backward a;
    Steps steps;
    Masked masked;
    int t;
    const float *gates, *before, *tanh_c, *c, *inner;
    float *d_gates, *d_past, *carried;
};

template <class Cell>
struct BackUnits {
    const BackStep& s;
    const Spot& at;
    const Vec d_c;  // that comes from the steps after
    const int H = s.a.sizes.H;
    const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
    const std::ptrdiff_t first = (std::ptrdiff_t)at.row * H * Cell::INFO.gates + at.unit;
    const std::ptrdiff_t row = s.steps.begin(s.t) * H + unit;  // among all steps'

    FOREWORD_INLINE Vec load_at(const float* from) const { return load(from, at.lanes); }
    FOREWORD_INLINE void store_at(float* to, Vec v) const { store(to, v, at.lanes); }
    FOREWORD_INLINE void add_at(float* to, Vec v) const { store_at(to, load_at(to) + v); }

    FOREWORD_INLINE Vec gate(int k) const { return load_at(s.gates + first + k * H); }
    FOREWORD_INLINE Vec before() const { return load_at(s.before + unit); }
    FOREWORD_INLINE Vec tanh_c() const { return load_at(s.tanh_c + unit); }
    FOREWORD_INLINE Vec inner() const { return load_at(s.inner + unit); }
    FOREWORD_INLINE Vec peephole(int k) const { return load_at(s.a.peepholes + k * H + at.unit); }

    FOREWORD_INLINE Vec with_shown(int, Vec d) const { return d; }
    FOREWORD_INLINE Vec through_norm(Vec d) const { return d; }
    FOREWORD_INLINE Vec by_memory(Vec d) const {
        d += d_c;
        if (s.a.d_c) d += load_at(s.a.d_c + row);
        if (s.a.d_states_c) store_at(s.a.d_states_c + row, d);
        if (s.a.clip > 0.0f) d = choose(absolute(load_at(s.c + unit)) < s.a.clip, d, Vec{});
        return d;
    }
    FOREWORD_INLINE void put(int k, Vec d) const { store_at(s.d_gates + first + k * H, d); }
    FOREWORD_INLINE void put_past(int k, Vec d) const {
        if constexpr (Cell::INFO.parts() == 1) store_at(s.d_past + first + k * H, d);
    }
    FOREWORD_INLINE void carry(Vec d) const { store_at(s.carried + unit, d); }
    FOREWORD_INLINE void carry_seen(Vec d) const { add_at(s.carried + unit, s.masked.hidden(d, at)); }
    FOREWORD_INLINE void add_to_peepholes(Vec d_i, Vec d_f, Vec d_o) const {
        float* const d = s.a.d_peepholes + at.unit;
        add_at(d, d_i), add_at(d + H, d_f), add_at(d + 2 * H, d_o * load_at(s.c + unit));
    }
};

struct StateGradient {
    Vec h, c;
};

// The gradient of the state after step t: of the state as step t + 1 saw it, from the product, plus the
// part that does not go through the product; or of the last state of a sequence that has ended.
template <class Cell>
static FOREWORD_INLINE StateGradient arrive(const BackStep& s, const Spot& at) {
    constexpr CellInfo INFO = Cell::INFO;
    const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * s.a.sizes.H + at.unit;
    const auto there = [&](const float* from) { return from ? load(from + unit, at.lanes) : Vec{}; };
    if (at.row >= s.steps.count(s.t + 1)) return {there(s.a.d_last_h), there(s.a.d_last_c)};
    const Vec seen = s.masked.hidden(load(at.sums), at);
    const auto kept = [&](Vec d) { return s.masked.kept(d, s.t + 1, at.row); };
    if constexpr (INFO.sees_memory()) {
        return {Vec{}, s.masked.memory(kept(there(s.carried) + seen), at)};
    } else if constexpr (INFO.has_memory()) {
        return {kept(seen), s.masked.memory(kept(there(s.carried)), at)};
    } else {
        return {kept(INFO.carries_hidden() ? seen + there(s.carried) : seen), Vec{}};
    }
}

template <class Cell, int PART>
static void back_block(const BackStep& step, const Block& block) {
    const BackStep s = step;
    block.each([&](const Spot& at) {
        if constexpr (PART > 0) return Cell::back_second(BackUnits<Cell>{s, at, Vec{}}, load(at.sums));
        StateGradient d = arrive<Cell>(s, at);
        const std::ptrdiff_t row = s.steps.begin(s.t) + at.row, H = s.a.sizes.H;
        if (s.a.d_h) d.h += load(s.a.d_h + s.steps.place(row) * H + at.unit, at.lanes);
        if (s.a.d_states_h) store(s.a.d_states_h + row * H + at.unit, d.h, at.lanes);
        Cell::back(BackUnits<Cell>{s, at, d.c}, d.h);
    });
}

// The gradients of the states before the first step.
template <class Cell>
static void finish_block(const BackStep& step, const Block& block) {
    block.each([&](const Spot& at) {
        const StateGradient d = arrive<Cell>(step, at);
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * step.a.sizes.H + at.unit;
        store(step.a.d_first_h + unit, d.h, at.lanes);
        if constexpr (Cell::INFO.has_memory()) store(step.a.d_first_c + unit, d.c, at.lanes);
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
