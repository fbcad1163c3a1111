// A cell's equations on one row of a staged step, for both passes.
//
// Knows norms and zoneout, and no number formats: the loop converts from the float32 stored here.
#pragma once

#include "cells/all.hpp"
#include "norm.hpp"
#include "staged.hpp"
#include "strips.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// (1 - share) fresh + share old, computed so that a share of 0 or 1 is exact.
static FOREWORD_INLINE Vec zoned(const Zone& zone, std::ptrdiff_t row, const Spot& at, Vec old,
                                 Vec fresh) {
    if (!zone.share) return fresh;
    const Vec share = load(zone.share + row * zone.row + at.unit, at.lanes);
    return choose(share == 1.0f, old, fresh + share * (old - fresh));
}

// Calls `then` for each vector of units of a row.
template <class Then>
static FOREWORD_INLINE void along(int row, int units, Then&& then) {
    for (int unit = 0; unit < units; unit += LANES) {
        then(Spot{row, unit, std::min(LANES, units - unit), nullptr});
    }
}

// The states before a step, with resets and masks applied.
struct StatesBefore {
    StatesBefore(const Form& form, const Steps& steps, const float* h, const float* c)
        : steps(steps), H(form.sizes.H), P(form.outputs()), h(h), c(c),
          masked_h{form.masks, steps, form.seen()}, masked_c{form.masks, steps, H} {}

    FOREWORD_INLINE Vec hidden(int t, const Spot& at) const {
        const std::ptrdiff_t row = steps.before(t) + at.row;
        return masked_h.kept(load(h + row * P + at.unit, at.lanes), t, at.row);
    }
    FOREWORD_INLINE Vec memory(int t, const Spot& at) const {
        const std::ptrdiff_t row = steps.before(t) + at.row;
        return masked_c.memory(masked_c.kept(load(c + row * H + at.unit, at.lanes), t, at.row), at);
    }

    const Steps& steps;
    const int H, P;
    const float *const h, *const c;
    const Masked masked_h, masked_c;
};

// The number of gates that are normalised together: all, but a GRU's candidate has a norm of its own.
template <class Cell>
constexpr int together_in_norm() {
    return Cell::INFO.carries_hidden() ? 2 : Cell::INFO.gates;
}

static FOREWORD_INLINE Vec affine(const Norm& norm, const float* from, std::ptrdiff_t unit, int lanes) {
    const Vec v = load(from + unit, lanes);
    return norm.gain ? v * load(norm.gain + unit, lanes) + load(norm.bias + unit, lanes) : v;
}

// One row of step t and its results: gates (n, H), and u (H), which is projected or is the new h.
struct StagedRow {
    const Staged& a;
    const StatesBefore& before;
    int t, row;
    float *gates, *u;
};

template <class Cell>
struct StagedUnits {
    const StagedRow& s;
    const Spot& at;
    const std::ptrdiff_t kept;        // the row among those that are kept
    const float *const from_input, *const from_past;
    float* const hat;                 // the new memory, where it is normalised
    const Staged& a = s.a;
    const Form& form = a.form;
    const int H = form.sizes.H;

    FOREWORD_INLINE Vec load_at(const float* from) const { return load(from + at.unit, at.lanes); }
    FOREWORD_INLINE void store_at(float* to, Vec v) const { store(to + at.unit, v, at.lanes); }

    FOREWORD_INLINE Vec input(int k) const {
        return affine(form.norm_input, from_input, k * H + at.unit, at.lanes);
    }
    FOREWORD_INLINE Vec past(int k) const {
        return affine(form.norm_past, from_past, k * H + at.unit, at.lanes);
    }
    FOREWORD_INLINE Vec past_of_candidate() const {
        return form.bias_n ? past(2) + load_at(form.bias_n) : past(2);
    }
    FOREWORD_INLINE Vec gate(int k) const { return load_at(s.gates + k * H); }
    FOREWORD_INLINE Vec before() const {
        const bool remembers = Cell::INFO.has_memory() || form.has_memory();
        return remembers ? s.before.memory(s.t, at) : s.before.hidden(s.t, at);
    }
    FOREWORD_INLINE Vec peephole(int k) const { return load_at(form.peepholes + k * H); }
    FOREWORD_INLINE float bound() const { return bound_of(form.clip); }

    FOREWORD_INLINE void keep(int k, Vec v) const { store_at(s.gates + k * H, v); }
    FOREWORD_INLINE void keep_tanh(Vec v) const {
        if (a.keeps) store_at(a.tanh_c + kept * H, v);
    }
    FOREWORD_INLINE void keep_inner(Vec) const {}
    FOREWORD_INLINE void remember(Vec old, Vec c) const {
        if (!Cell::INFO.has_memory() && !form.has_memory()) return;
        if (a.fresh) store_at(a.fresh + kept * H, c);
        const Steps& steps = s.before.steps;
        c = zoned(form.zone_memory, steps.begin(s.t) + at.row, at, old, c);
        store_at(a.c + (steps.after(s.t) + at.row) * H, c);
    }
    FOREWORD_INLINE void show(Vec o, Vec c) const {
        if (hat) store_at(hat, c);
        else Cell::show(*this, o, c);
    }
    FOREWORD_INLINE void become(Vec u) const { store_at(s.u, u); }
    FOREWORD_INLINE Vec made() const { return load_at(s.u); }
};

template <class Cell>
static void forward_row(const StagedRow& row) {
    const StagedRow s = row;
    const Staged& a = s.a;
    const Form& form = a.form;
    constexpr int n = Cell::INFO.gates, seeing = Cell::INFO.seeing;
    const int H = form.sizes.H, first = together_in_norm<Cell>() * H, rest = n * H - first;
    const std::ptrdiff_t kept = a.keeps ? s.before.steps.begin(s.t) + s.row : s.row;
    float *const past = a.past + kept * seeing * H, *input = s.gates, *hat = nullptr;
    float* const scales = a.scales ? a.scales + kept * 5 : nullptr;
    if (form.normalises()) {
        if (a.keeps) {
            input = a.hat_input + kept * n * H;
            std::memcpy(input, s.gates, sizeof(float) * (std::size_t)n * (std::size_t)H);
        }
        scales[0] = normalise(input, first), scales[2] = normalise(past, first);
        if (rest) scales[1] = normalise(input + first, rest), scales[3] = normalise(past + first, rest);
        if constexpr (Cell::INFO.has_memory()) hat = a.hat_memory + kept * H;
    }
    along(s.row, H, [&](const Spot& at) {
        Cell::forward(StagedUnits<Cell>{s, at, kept, input, past, hat});
    });
    if constexpr (Cell::INFO.has_memory()) {
        if (!hat) return;
        scales[4] = normalise(hat, H);
        along(s.row, H, [&](const Spot& at) {
            const StagedUnits<Cell> units{s, at, kept, input, past, hat};
            Cell::show(units, units.gate(n - 1), affine(form.norm_memory, hat, at.unit, at.lanes));
        });
    }
}

// The same for a cell whose gates and memory are divided by the largest number of their row.
template <class Cell>
static void forward_whole_row(const StagedRow& row) {
    const StagedRow s = row;
    const Staged& a = s.a;
    constexpr int n = Cell::INFO.gates;
    const int H = a.form.sizes.H;
    const std::ptrdiff_t kept = a.keeps ? s.before.steps.begin(s.t) + s.row : s.row;
    float* const past = a.past + kept * n * H;
    float* const scales = a.scales + kept * 5;
    const auto each = [&](auto&& then) {
        along(s.row, H, [&](const Spot& at) {
            then(StagedUnits<Cell>{s, at, kept, s.gates, past, nullptr});
        });
    };
    each([](const auto& units) { Cell::sums(units); });
    for (int k = 0; k < n; ++k) scales[k] = divide_by_largest(s.gates + k * H, H);
    each([](const auto& units) { Cell::forward(units); });
    scales[n] = divide_by_largest(s.u, H);
    each([](const auto& units) { Cell::show(units, units.made()); });
}

// The memory of a row after step t, before zoneout.
static FOREWORD_INLINE const float* made_at(const StagedBack& a, const Steps& steps, int t, int row) {
    const std::ptrdiff_t H = a.form.sizes.H;
    return a.fresh ? a.fresh + (steps.begin(t) + row) * H : a.c + (steps.after(t) + row) * H;
}

// The gradients of the states, from those of the states as step t + 1 saw them. Between two steps the
// memory for the gradients of the first states holds the part that does not go through the product.
struct StatesBack {
    StatesBack(const StagedBack& a, const Steps& steps, const float* d_seen)
        : a(a), form(a.form), steps(steps), H(form.sizes.H), P(form.outputs()),
          before(form, steps, a.h, a.c),
          seen_h(form.cell->sees_memory() ? nullptr : d_seen),
          seen_c(form.cell->sees_memory() ? d_seen : nullptr),
          carried_h(form.zone_hidden.share || (form.cell->carries_hidden() && !form.has_memory())
                        ? a.d_first_h : nullptr) {}

    // Computes the gradient of h after step t, including that of its output. The part that zoneout
    // passes to the state before is set aside.
    void arrive(int t, int row, float* to) const {
        const std::ptrdiff_t here = steps.begin(t) + row;
        along(row, P, [&](const Spot& at) {
            Vec d_h = hidden(t, at);
            if (a.d_h) d_h += load(a.d_h + steps.place(here) * P + at.unit, at.lanes);
            if (a.d_states_h) store(a.d_states_h + here * P + at.unit, d_h, at.lanes);
            if (form.zone_hidden.share) {
                const Vec around = d_h * share_of(form.zone_hidden, here, at);
                store(a.d_first_h + (std::ptrdiff_t)row * P + at.unit, around, at.lanes);
                d_h -= around;
            }
            store(to + at.unit, d_h, at.lanes);
        });
    }
    // Computes the gradients of the states before the first step.
    void finish(int row) const {
        along(row, P, [&](const Spot& at) {
            store(a.d_first_h + (std::ptrdiff_t)row * P + at.unit, hidden(-1, at), at.lanes);
        });
        if (!form.has_memory()) return;
        along(row, H, [&](const Spot& at) {
            store(a.d_first_c + (std::ptrdiff_t)row * H + at.unit, memory(-1, at), at.lanes);
        });
    }

    // The gradient of a state after step t, or of the last state of a sequence that has ended.
    FOREWORD_INLINE Vec hidden(int t, const Spot& at) const {
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * P + at.unit;
        if (at.row >= steps.count(t + 1)) {
            return a.d_last_h ? load(a.d_last_h + unit, at.lanes) : Vec{};
        }
        Vec d = {};
        if (seen_h) d = before.masked_h.hidden(load(seen_h + unit, at.lanes), at);
        if (carried_h) d += load(carried_h + unit, at.lanes);
        return before.masked_h.kept(d, t + 1, at.row);
    }
    FOREWORD_INLINE Vec memory(int t, const Spot& at) const {
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
        if (at.row >= steps.count(t + 1)) {
            return a.d_last_c ? load(a.d_last_c + unit, at.lanes) : Vec{};
        }
        Vec d = load(a.d_first_c + unit, at.lanes);
        if (seen_c) d += before.masked_h.hidden(load(seen_c + unit, at.lanes), at);
        return before.masked_c.memory(before.masked_c.kept(d, t + 1, at.row), at);
    }
    static FOREWORD_INLINE Vec share_of(const Zone& zone, std::ptrdiff_t here, const Spot& at) {
        return load(zone.share + here * zone.row + at.unit, at.lanes);
    }

    const StagedBack& a;
    const Form& form;
    const Steps& steps;
    const int H, P;
    const StatesBefore before;
    const float *const seen_h, *const seen_c, *const carried_h;
};

template <class Cell>
struct StagedBackUnits {
    const StatesBack& s;
    const int t;
    const Spot& at;
    const Taken& taken;      // by the norm of the memory
    const float* const hat;  // that memory; or null
    mutable Vec around = {}; // what a zoneout passes around the step
    const StagedBack& a = s.a;
    const Form& form = a.form;
    const int H = s.H;
    const std::ptrdiff_t here = s.steps.begin(t) + at.row;

    FOREWORD_INLINE Vec load_at(const float* from) const { return load(from + at.unit, at.lanes); }
    FOREWORD_INLINE void store_at(float* to, Vec v) const { store(to + at.unit, v, at.lanes); }
    FOREWORD_INLINE bool remembers() const { return Cell::INFO.has_memory() || form.has_memory(); }

    FOREWORD_INLINE Vec gate(int k) const { return load_at(a.gates + (here * Cell::INFO.gates + k) * H); }
    FOREWORD_INLINE Vec before() const {
        return remembers() ? s.before.memory(t, at) : s.before.hidden(t, at);
    }
    FOREWORD_INLINE Vec tanh_c() const { return load_at(a.tanh_c + here * H); }
    FOREWORD_INLINE Vec inner() const {
        const float* past = a.past + here * 3 * H;
        const Vec v = affine(form.norm_past, past, 2 * H + at.unit, at.lanes);
        return form.bias_n ? v + load_at(form.bias_n) : v;
    }
    FOREWORD_INLINE Vec peephole(int k) const { return load_at(form.peepholes + k * H); }

    FOREWORD_INLINE Vec with_shown(int k, Vec d) const {
        return a.d_shown ? d + load_at(a.d_shown + (here * Cell::INFO.gates + k) * H) : d;
    }
    FOREWORD_INLINE Vec through_norm(Vec d) const {
        return hat ? taken.from(d * load_at(form.norm_memory.gain), load_at(hat)) : d;
    }
    FOREWORD_INLINE Vec by_memory(Vec d) const {
        Vec d_c = s.memory(t, at);
        if (a.d_c) d_c += load_at(a.d_c + here * H);
        if (form.zone_memory.share) {
            around = d_c * s.share_of(form.zone_memory, here, at);
            d += d_c - around;
        } else {
            d = d_c += d;  // the state is what the step made
        }
        if (a.d_states_c) store_at(a.d_states_c + here * H, d_c);
        if (form.clip > 0.0f) {
            const Vec made = load_at(made_at(a, s.steps, t, at.row));
            d = choose(absolute(made) < form.clip, d, Vec{});
        }
        return d;
    }
    FOREWORD_INLINE void put(int k, Vec d) const {
        store_at(a.d_gates + (here * Cell::INFO.gates + k) * H, d);
    }
    FOREWORD_INLINE void put_past(int k, Vec d) const { store_at(a.d_past + (here * 3 + k) * H, d); }
    FOREWORD_INLINE void carry(Vec d) const {
        store_at((remembers() ? a.d_first_c : a.d_first_h) + (std::ptrdiff_t)at.row * H, around + d);
    }
    FOREWORD_INLINE void add_to_peepholes(Vec, Vec, Vec) const {}  // by columns, after all steps
};

// Computes the gradients of the products from those of the gates' arguments: backwards through the
// norms, and only for gates that the recurrent weight has rows for.
template <class Cell>
static void pass_to_products(const StagedBack& a, std::ptrdiff_t here, int row) {
    constexpr int n = Cell::INFO.gates, seeing = Cell::INFO.seeing;
    constexpr bool has_own_past = Cell::INFO.carries_hidden();
    const Form& form = a.form;
    const bool norms = form.normalises();
    if (!norms && seeing == n) return;
    const int H = form.sizes.H, first = together_in_norm<Cell>() * H;
    const float *const d = a.d_gates + here * n * H, *const e = has_own_past ? a.d_past + here * n * H : d;
    const float *x = nullptr, *y = nullptr;
    Taken by_x[2] = {}, by_y[2] = {};
    if (norms) {
        const float* const scales = a.scales + here * 5;
        x = a.hat_input + here * n * H, y = a.past + here * n * H;
        for (int block = 0; block < (first < n * H ? 2 : 1); ++block) {
            const int from = block * first, width = block ? n * H - first : first;
            by_x[block] = taken_by(d + from, form.norm_input.gain + from, x + from, width, scales[block]);
            by_y[block] = taken_by(e + from, form.norm_past.gain + from, y + from, width, scales[2 + block]);
        }
    }
    const auto through = [](const Norm& norm, const Taken& taken, Vec v, const float* hat,
                            std::ptrdiff_t unit, int lanes) {
        return taken.from(v * load(norm.gain + unit, lanes), load(hat + unit, lanes));
    };
    for (int k = 0, k_past = 0; k < n; ++k) {
        const int block = k * H >= first;
        const bool sees = seeing == n || k != 2;
        float* const to = a.d_past + (here * seeing + k_past) * H;
        k_past += sees;
        along(row, H, [&](const Spot& at) {
            const std::ptrdiff_t unit = (std::ptrdiff_t)k * H + at.unit;
            Vec by_past = load(e + unit, at.lanes);
            if (norms) {
                const Vec v = load(d + unit, at.lanes);
                store(a.d_input + here * n * H + unit,
                      through(form.norm_input, by_x[block], v, x, unit, at.lanes), at.lanes);
                by_past = through(form.norm_past, by_y[block], by_past, y, unit, at.lanes);
            }
            if (sees) store(to + at.unit, by_past, at.lanes);
        });
    }
}

// One backward step of one row, from the gradient of u to those of the products.
template <class Cell>
static void back_row(const StatesBack& s, int t, int row, const float* d_u) {
    const StagedBack& a = s.a;
    const Form& form = a.form;
    const int H = s.H;
    const std::ptrdiff_t here = s.steps.begin(t) + row;
    Taken taken{};
    const float* hat = nullptr;
    if constexpr (Cell::INFO.has_memory()) {
        if (form.normalises()) {
            hat = a.hat_memory + here * H;
            float* const d_tanh = a.d_tanh + here * H;
            along(row, H, [&](const Spot& at) {
                const StagedBackUnits<Cell> units{s, t, at, taken, nullptr};
                const Vec d = load(d_u + at.unit, at.lanes);
                units.store_at(d_tanh, Cell::through_tanh(d, units.gate(Cell::INFO.gates - 1), units.tanh_c()));
            });
            taken = taken_by(d_tanh, form.norm_memory.gain, hat, H, a.scales[here * 5 + 4]);
        }
    }
    along(row, H, [&](const Spot& at) {
        const StagedBackUnits<Cell> units{s, t, at, taken, hat};
        Vec d = load(d_u + at.unit, at.lanes);
        if constexpr (Cell::INFO.carries_hidden()) {
            if (form.has_memory()) d = units.by_memory(d);
            else if (form.zone_hidden.share) {
                units.around = units.load_at(a.d_first_h + (std::ptrdiff_t)row * H);
            }
        }
        Cell::back(units, d);
    });
    pass_to_products<Cell>(a, here, row);
}

// The same for a cell of `forward_whole_row`.
template <class Cell>
static void back_whole_row(const StatesBack& s, int t, int row, const float* d_u) {
    const StagedBack& a = s.a;
    constexpr int n = Cell::INFO.gates;
    const int H = s.H;
    const std::ptrdiff_t here = s.steps.begin(t) + row;
    const float *const scales = a.scales + here * 5, *const gates = a.gates + here * n * H;
    float *const d_divided = a.d_tanh + here * H, *const d_gates = a.d_gates + here * n * H;
    const Taken none{};
    const auto each = [&](auto&& then) {
        along(row, H, [&](const Spot& at) {
            then(StagedBackUnits<Cell>{s, t, at, none, nullptr}, at);
        });
    };
    each([&](const auto& units, const Spot& at) {
        units.store_at(d_divided, Cell::back_show(units, load(d_u + at.unit, at.lanes)));
    });
    through_division(d_divided, a.tanh_c + here * H, H, scales[n]);
    each([&](const auto& units, const Spot&) { Cell::back(units, units.load_at(d_divided)); });
    for (int k = 0; k < n; ++k) {
        float* const d = d_gates + k * H;
        through_division(d, gates + k * H, H, scales[k]);
        each([&](const auto& units, const Spot&) {
            units.store_at(d, Cell::back_sum(k, units.gate(k), units.load_at(d)));
        });
    }
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
