// The Elman network over time; equations in foreword/cells.
#pragma once

#include "input.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class F>
static void elman(const Elman& a, int threads) {
    const Steps steps(a.sizes);
    const int T = a.sizes.T, B = a.sizes.B, H = a.sizes.H;
    const Strips strips{H, 1, widest(1, B)};
    const int words = words_for<F>(H);
    Shelf shelf(a.packed, packed_floats<F>(H, 1, H) + packed_floats<F>(H, 1, a.input.size));
    const Weight<F> weight = shelf.place<F>(strips, words);
    const Projection<F> projection(a.input, steps, 1, strips, shelf);
    const Converted<F> converted(2 * B, 1, H);
    const Segment whole{0, words};
    const bool hides = a.seen != a.h, prepares = hides || F::CONVERTS;
    const Masked masked{a.masks, steps, H};

    const auto prepare = [&](int t, const Spot& at, Vec h) {
        const Vec seen = masked.hidden(masked.kept(h, t, at.row), at);
        if (hides) store(a.seen + (steps.begin(t) + at.row) * H + at.unit, seen, at.lanes);
        converted.set(t % 2 * B, at.row, 0, at.unit, seen, at.lanes);
    };
    const auto seen_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t % 2 * B);
        else return plain(a.seen + (hides ? steps.begin(t) : steps.before(t)) * H, H);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        if (shelf.packs) pack_rows<F>(strips, a.weight, H, weight, first, last);
        projection.prepare(member, first, last);
        steps.clear_idle(a.outputs, H, member);
        if (prepares) {
            const int rows = steps.count(0);
            by_nothing(strips, 0, rows, Share::of(member, strips, rows), [&](const Spot& at) {
                prepare(0, at, load(a.h + (std::ptrdiff_t)at.row * H + at.unit, at.lanes));
            });
        }
        member.barrier.wait();
        Chunk chunk;
        for (int t = 0; t < T; ++t) {
            const int rows = steps.count(t), next = steps.count(t + 1);
            const Share share = Share::of(member, strips, rows);
            float* const gates = projection.run(t, chunk, a.gates, a.keeps, share, member);
            float* const after = a.h + steps.after(t) * H;
            by_strips(strips, weight, words, seen_at(t), rows, &whole, 1, share,
                      {Place{gates, H}, Place{after, H}}, [&](const Spot& at) {
                          const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                          const Vec sum = load(gates + unit, at.lanes) + load(at.sums);
                          const Vec h = a.is_relu ? choose(sum > 0.0f, sum, sum * 0.0f)
                                                  : hyperbolic_tangent(sum);
                          if (a.keeps) store(gates + unit, h, at.lanes);
                          store(after + unit, h, at.lanes);
                          if (a.outputs) {
                              const std::ptrdiff_t place = steps.place(steps.begin(t) + at.row);
                              store(a.outputs + place * H + at.unit, h, at.lanes);
                          }
                          if (prepares && at.row < next) prepare(t + 1, at, h);
                      });
            member.barrier.wait();
        }
    });
}

template <class F>
static void elman_back(const ElmanBack& a, int threads) {
    const Steps steps(a.sizes);
    const int T = a.sizes.T, B = a.sizes.B, H = a.sizes.H;
    const Strips strips{H, 1, widest(1, B)};
    const Unprojection<F> unprojection(a.input, steps, 1, H);
    const int words = words_for<F>(H);
    const Room room(room_for<F>(strips, words));
    const Weight<F> weight = weight_in<F>(room.get(), strips, words);
    const Converted<F> converted(unprojection.rows_kept(), 1, H);
    const Segment whole{0, words};
    const auto d_gates_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(steps.begin(t));
        else return plain(a.d_gates + steps.begin(t) * H, H);
    };
    const Masked masked{a.masks, steps, H};

    // By the state after step t, of which step t + 1 saw `at`; or that a sequence ended with.
    const auto arrive = [&](int t, const Spot& at) {
        if (at.row >= steps.count(t + 1)) {
            const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
            return a.d_last_h ? load(a.d_last_h + unit, at.lanes) : Vec{};
        }
        return masked.kept(masked.hidden(load(at.sums), at), t + 1, at.row);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        pack_columns<F>(strips, {a.weight, H, nullptr}, 1, H, weight, first, last);
        unprojection.prepare(member);
        int end = T;
        for (int t = T - 1; t >= 0; --t) {
            const int rows = steps.count(t), next = steps.count(t + 1);
            const std::ptrdiff_t begin = steps.begin(t);
            const auto then = [&](const Spot& at) {
                const std::ptrdiff_t here = (begin + at.row) * H + at.unit;
                Vec d_h = arrive(t, at);
                if (a.d_h) d_h += load(a.d_h + steps.place(begin + at.row) * H + at.unit, at.lanes);
                if (a.d_states_h) store(a.d_states_h + here, d_h, at.lanes);
                const Vec h = load(a.gates + here, at.lanes);
                const Vec d = a.is_relu ? choose(h > 0.0f, d_h, Vec{}) : d_h * (1.0f - h * h);
                store(a.d_gates + here, d, at.lanes);
                converted.set(begin, at.row, 0, at.unit, d, at.lanes);
            };
            if (next > 0) {
                by_strips(strips, weight, words, d_gates_at(t + 1), next, &whole, 1,
                          Share::of(member, strips, next),
                          {Place{a.gates + begin * H, H}, Place{a.d_gates + begin * H, H},
                           Place{a.d_h ? a.d_h + begin * H : a.d_first_h, H}},
                          then);
            }
            if (next < rows) {
                by_nothing(strips, next, rows, Share::of(member, strips, rows - next), then);
            }
            member.barrier.wait();
            unprojection.run(t, end, d_gates_at(t), member);
        }
        const int rows = steps.count(0);
        const auto finally = [&](const Spot& at) {
            store(a.d_first_h + (std::ptrdiff_t)at.row * H + at.unit, arrive(-1, at), at.lanes);
        };
        by_strips(strips, weight, words, d_gates_at(0), rows, &whole, 1,
                  Share::of(member, strips, rows), {Place{a.d_first_h, H}}, finally);
        by_nothing(strips, rows, B, Share::of(member, strips, B - rows), finally);
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
