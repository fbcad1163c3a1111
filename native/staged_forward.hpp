// The staged forward pass of any cell; its equations are in foreword/cells.
#pragma once

#include "cells.hpp"
#include "input.hpp"
#include "staged_rows.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class F>
static void staged(const Staged& a, int threads) {
    const Form& form = a.form;
    const Steps steps(form.sizes);
    const int T = steps.T, B = steps.B, H = form.sizes.H, P = form.outputs(), S = form.seen();
    const int n = form.gates(), seeing = form.seeing();
    const bool projects = form.projected > 0, sees_memory = form.cell->sees_memory();
    const std::ptrdiff_t wide = (std::ptrdiff_t)seeing * H;
    const Strips strips{H, seeing, widest(seeing, B)}, into_h{P, 1, widest(1, B)};
    const int words = words_for<F>(S), unit_words = words_for<F>(H);
    Shelf shelf(a.packed, packed_floats<F>(H, seeing, S) + packed_floats<F>(H, n, a.input.size) +
                              (projects ? packed_floats<F>(P, 1, H) : 0));
    const Weight<F> weight = shelf.place<F>(strips, words);
    const Projection<F> projection(a.input, steps, n, strips, shelf);
    const Weight<F> weight_hr = projects ? shelf.place<F>(into_h, unit_words) : weight;
    const Converted<F> converted(2 * B, 1, S), converted_units(projects ? B : 0, 1, H);
    const Segment whole{0, words}, all_units{0, unit_words};
    const bool hides = a.seen != a.h && a.seen != a.c, prepares = hides || F::CONVERTS;
    const Masked masked{form.masks, steps, S};
    const StatesBefore before(form, steps, a.h, a.c);
    const auto forward_row = functions_of(*form.cell).forward_row;

    // Stores the state before step t as the recurrent weight sees it.
    const auto prepare = [&](int t, const Spot& at, Vec seen) {
        seen = masked.hidden(seen, at);
        if (hides) store(a.seen + (steps.begin(t) + at.row) * S + at.unit, seen, at.lanes);
        converted.set(t % 2 * B, at.row, 0, at.unit, seen, at.lanes);
    };
    const auto prepare_memory = [&](int t, int row) {
        along(row, H, [&](const Spot& at) { prepare(t, at, before.memory(t, at)); });
    };
    const auto seen_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t % 2 * B);
        else return plain(a.seen + (hides ? steps.begin(t) : steps.before(t)) * S, S);
    };
    const auto units_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted_units.at(0);
        else return plain(a.units + (a.keeps ? steps.begin(t) : 0) * H, H);
    };
    // Stores h after step t, from the value that the step computed.
    const auto finish = [&](int t, const Spot& at, Vec h) {
        const std::ptrdiff_t row = steps.begin(t) + at.row;
        if (form.zone_hidden.share) h = zoned(form.zone_hidden, row, at, before.hidden(t, at), h);
        store(a.h + (steps.after(t) + at.row) * P + at.unit, h, at.lanes);
        if (a.outputs) store(a.outputs + steps.place(row) * P + at.unit, h, at.lanes);
        if (prepares && !sees_memory && at.row < steps.count(t + 1)) {
            prepare(t + 1, at, masked.kept(h, t + 1, at.row));
        }
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        if (shelf.packs) pack_rows<F>(strips, form.weight, 0, S, weight, first, last);
        projection.prepare(member, first, last);
        if (shelf.packs && projects) {
            pack_rows<F>(into_h, form.projection, 0, H, weight_hr, member.first(into_h.count()),
                         member.last(into_h.count()));
        }
        steps.clear_idle(a.outputs, P, member);
        const int rows_first = prepares ? steps.count(0) : 0;
        for (int row = member.first(rows_first); row < member.last(rows_first); ++row) {
            if (sees_memory) {
                prepare_memory(0, row);
            } else {
                along(row, P, [&](const Spot& at) {
                    prepare(0, at, before.hidden(0, at));
                });
            }
        }
        member.barrier.wait();
        Chunk chunk;
        for (int t = 0; t < T; ++t) {
            const int rows = steps.count(t), next = steps.count(t + 1);
            const Share share = Share::of(member, strips, rows);
            float* const gates_now = projection.run(t, chunk, a.gates, a.keeps, share, member);
            float* const past_now = a.past + (a.keeps ? steps.begin(t) : 0) * wide;
            by_strips(strips, weight, words, seen_at(t), rows, &whole, 1, share,
                      {{past_now, wide}}, [&](const Block& block) {
                          block.each([&](const Spot& at) {
                              float* to = past_now + at.row * wide + at.unit;
                              for (int k = 0; k < seeing; ++k) {
                                  store(to + k * H, load(at.sums + k * LANES), at.lanes);
                              }
                          });
                      });
            member.barrier.wait();
            for (int row = member.first(rows); row < member.last(rows); ++row) {
                float* const u = projects ? a.units + ((a.keeps ? steps.begin(t) : 0) + row) * H
                                          : a.h + (steps.after(t) + row) * P;
                forward_row({a, before, t, row, gates_now + (std::ptrdiff_t)row * n * H, u});
                along(row, H, [&](const Spot& at) {
                    const Vec made = load(u + at.unit, at.lanes);
                    if (projects) converted_units.set(0, row, 0, at.unit, made, at.lanes);
                    else finish(t, at, made);
                });
                if (prepares && sees_memory && row < next) prepare_memory(t + 1, row);
            }
            member.barrier.wait();
            if (!projects) continue;
            by_strips(into_h, weight_hr, unit_words, units_at(t), rows, &all_units, 1,
                      Share::of(member, into_h, rows),
                      {{a.h + steps.after(t) * P, P}}, [&](const Block& block) {
                          block.each([&](const Spot& at) { finish(t, at, load(at.sums)); });
                      });
            member.barrier.wait();
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
