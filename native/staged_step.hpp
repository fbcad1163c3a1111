// One staged step of one sequence by weights that are not packed, as in step_forward.hpp.
#pragma once

#include "cells.hpp"
#include "staged_rows.hpp"
#include "units.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// A GRU's bias inside its reset gate is part of bias_hh here, not the form's bias_n.
static void staged_step(const Staged& a, const float* bias_ih, const float* bias_hh, int threads) {
    const Form& form = a.form;
    const Steps steps(form.sizes);
    const int H = form.sizes.H, P = form.outputs(), S = form.seen();
    const float* const seen = form.cell->sees_memory() ? a.c : a.h;
    const StatesBefore before(form, steps, a.h, a.c);
    float* const u = form.projected > 0 ? a.units : a.h + P;
    const auto lanes_at = [](int unit, int units) { return std::min(LANES, units - unit); };
    // Computes the products of all gates for the vectors of units `first` to before `last`.
    const auto products = [&](const float* weight, int gates, const float* vector, int columns,
                              const float* bias, float* into, int first, int last) {
        for (int unit = first * LANES; unit < std::min(last * LANES, H); unit += LANES) {
            const int lanes = lanes_at(unit, H);
            for (int k = 0; k < gates; ++k) {
                const std::ptrdiff_t row = (std::ptrdiff_t)k * H + unit;
                Vec sum = by_few(weight + row * columns, columns, vector, lanes);
                if (bias) sum += load(bias + row, lanes);
                store(into + row, sum, lanes);
            }
        }
    };
    const auto finish = [&](const Spot& at, Vec h) {
        if (form.zone_hidden.share) h = zoned(form.zone_hidden, 0, at, before.hidden(0, at), h);
        store(a.h + P + at.unit, h, at.lanes);
    };
    together(threads, [&](Member& member) {
        const int vectors = (H + LANES - 1) / LANES;
        const int first = member.first(vectors), last = member.last(vectors);
        products(a.input.weight.floats, form.gates(), a.input.x, a.input.size, bias_ih, a.gates, first, last);
        products(form.weight, form.seeing(), seen, S, bias_hh, a.past, first, last);
        member.barrier.wait();
        if (member.rank == 0) {
            functions_of(*form.cell).forward_row({a, before, 0, 0, a.gates, u});
            if (form.projected == 0) {
                along(0, H, [&](const Spot& at) { finish(at, load(u + at.unit, at.lanes)); });
            }
        }
        if (form.projected == 0) return;
        member.barrier.wait();
        const int of_h = (P + LANES - 1) / LANES, end = std::min(member.last(of_h) * LANES, P);
        for (int unit = member.first(of_h) * LANES; unit < end; unit += LANES) {
            const int lanes = lanes_at(unit, P);
            finish({0, unit, lanes, nullptr},
                   by_few(form.projection + (std::ptrdiff_t)unit * H, H, a.units, lanes));
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
