// The Elman network over time; equations in foreword/cells.
#pragma once

#include "input.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class F>
static void elman(const Elman& a, int threads) {
    const auto [T, B, H] = a.sizes;
    const std::ptrdiff_t step = (std::ptrdiff_t)B * H;
    const Strips strips{H, 1, widest(1, B)};
    const Projection<F> projection(a.input, a.sizes, 1, strips.most);
    const int words = words_for<F>(H);
    const Room room(room_for<F>(strips, words));
    const Weight<F> weight = weight_in<F>(room.get(), strips, words);
    const Converted<F> converted(2, B, 1, H);
    const Segment whole{0, words};
    const bool hides = a.seen != a.h, prepares = hides || F::CONVERTS;
    const Masked masked{a.masks, B, H};

    const auto prepare = [&](int t, const Spot& at, Vec h) {
        const std::ptrdiff_t here = t * step + (std::ptrdiff_t)at.row * H + at.unit;
        const Vec seen = masked.hidden(masked.kept(h, t, at.row), at);
        if (hides) store(a.seen + here, seen, at.lanes);
        converted.set(t, at.row, 0, at.unit, seen, at.lanes);
    };
    const auto seen_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t);
        else return plain(a.seen + t * step, H);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        const Share share = Share::of(member, strips, B);
        pack_rows<F>(strips, a.weight, H, weight, first, last);
        projection.prepare(member, first, last);
        if (prepares) {
            by_nothing(strips, B, share, [&](const Spot& at) {
                prepare(0, at, load(a.h + (std::ptrdiff_t)at.row * H + at.unit, at.lanes));
            });
        }
        member.barrier.wait();
        for (int t = 0; t < T; ++t) {
            float* const gates = a.gates + (a.keeps ? t : t % projection.chunk) * step;
            projection.run(t, gates, share);
            by_strips(strips, weight, words, seen_at(t), B, &whole, 1, share,
                      {Place{gates, H}, Place{a.h + (t + 1) * step, H}},
                      [&](const Spot& at) {
                          const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                          const Vec sum = load(gates + unit, at.lanes) + load(at.sums);
                          const Vec h = a.is_relu ? choose(sum > 0.0f, sum, sum * 0.0f)
                                                  : hyperbolic_tangent(sum);
                          if (a.keeps) store(gates + unit, h, at.lanes);
                          store(a.h + (t + 1) * step + unit, h, at.lanes);
                          if (prepares && t + 1 < T) prepare(t + 1, at, h);
                      });
            member.barrier.wait();
        }
    });
}

template <class F>
static void elman_back(const ElmanBack& a, int threads) {
    const auto [T, B, H] = a.sizes;
    const std::ptrdiff_t step = (std::ptrdiff_t)B * H;
    const Strips strips{H, 1, widest(1, B)};
    const Unprojection<F> unprojection(a.input, a.sizes, 1);
    const int words = words_for<F>(H);
    const Room room(room_for<F>(strips, words));
    const Weight<F> weight = weight_in<F>(room.get(), strips, words);
    const Converted<F> converted(2 * unprojection.chunk, B, 1, H);
    const Segment whole{0, words};
    const auto d_gates_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t);
        else return plain(a.d_gates + t * step, H);
    };
    const Masked masked{a.masks, B, H};

    const auto arrive = [&](int t, const Spot& at) {
        return masked.kept(masked.hidden(load(at.sums), at), t + 1, at.row);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        const Share share = Share::of(member, strips, B);
        pack_columns<F>(strips, a.weight, 1, H, weight, first, last);
        unprojection.prepare(member);
        for (int t = T - 1; t >= 0; --t) {
            const auto then = [&](const Spot& at) {
                const std::ptrdiff_t here = t * step + (std::ptrdiff_t)at.row * H + at.unit;
                Vec d_h = t + 1 < T ? arrive(t, at) : Vec{};
                if (a.d_h) d_h += load(a.d_h + here, at.lanes);
                if (a.d_states_h) store(a.d_states_h + here, d_h, at.lanes);
                const Vec h = load(a.gates + here, at.lanes);
                const Vec d = a.is_relu ? choose(h > 0.0f, d_h, Vec{}) : d_h * (1.0f - h * h);
                store(a.d_gates + here, d, at.lanes);
                converted.set(t, at.row, 0, at.unit, d, at.lanes);
            };
            if (t == T - 1) {
                by_nothing(strips, B, share, then);
            } else {
                by_strips(strips, weight, words, d_gates_at(t + 1), B, &whole, 1, share,
                          {Place{a.gates + t * step, H}, Place{a.d_gates + t * step, H},
                           Place{a.d_h ? a.d_h + t * step : a.d_first_h, H}},
                          then);
            }
            member.barrier.wait();
            unprojection.run(t, d_gates_at(t), member);
        }
        by_strips(strips, weight, words, d_gates_at(0), B, &whole, 1, share,
                  {Place{a.d_first_h, H}}, [&](const Spot& at) {
                      store(a.d_first_h + (std::ptrdiff_t)at.row * H + at.unit, arrive(-1, at),
                            at.lanes);
                  });
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
