// The GRU over time, with either placement of its reset gate; equations in foreword/cells.
#pragma once

#include "input.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class F>
static void gru(const Gru& a, int threads) {
    const Steps steps(a.sizes);
    const int T = a.sizes.T, B = a.sizes.B, H = a.sizes.H;
    const std::ptrdiff_t wide = 3 * (std::ptrdiff_t)H;
    const int seeing = a.resets_after ? 3 : 2;
    const Strips strips{H, seeing, widest(3, B)};
    const Strips by_n{H, 1, widest(1, B)};  // resets before: the candidate's own
    const int words = words_for<F>(H);
    Shelf shelf(a.packed, packed_floats<F>(H, 3, H) + packed_floats<F>(H, 3, a.input.size));
    const Weight<F> weight = shelf.place<F>(strips, words);
    const Weight<F> weight_n = a.resets_after ? weight : shelf.place<F>(by_n, words);
    const Projection<F> projection(a.input, steps, 3, strips, shelf);
    const Converted<F> converted(2 * B, 1, H), converted_inner(a.resets_after ? 0 : B, 1, H);
    const Segment whole{0, words};
    const bool hides = a.seen != a.h, carries = a.before != a.h;
    const Masked masked{a.masks, steps, H};

    const auto prepare = [&](int t, const Spot& at, Vec h) {
        const std::ptrdiff_t here = (steps.begin(t) + at.row) * H + at.unit;
        h = masked.kept(h, t, at.row);
        if (carries) store(a.before + here, h, at.lanes);
        h = masked.hidden(h, at);
        if (hides) store(a.seen + here, h, at.lanes);
        converted.set(t % 2 * B, at.row, 0, at.unit, h, at.lanes);
    };
    const auto seen_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t % 2 * B);
        else return plain(a.seen + (hides ? steps.begin(t) : steps.before(t)) * H, H);
    };
    const auto inner_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted_inner.at(0);
        else return plain(a.inner + steps.begin(t) * H, H);
    };
    const bool prepares = hides || carries || F::CONVERTS;

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        if (shelf.packs) pack_rows<F>(strips, a.weight, H, weight, first, last);
        projection.prepare(member, first, last);
        if (shelf.packs && !a.resets_after) {
            pack_rows<F>(by_n, a.weight + 2 * (std::ptrdiff_t)H * H, H, weight_n,
                         member.first(by_n.count()), member.last(by_n.count()));
        }
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
            float* const gates_now = projection.run(t, chunk, a.gates, a.keeps, share, member);
            const std::ptrdiff_t begin = steps.begin(t);
            const float* const seen = a.seen + (hides ? begin : steps.before(t)) * H;
            const float* const before = a.before + (carries ? begin : steps.before(t)) * H;
            float* const inner_now = a.inner + begin * H;
            float* const after = a.h + steps.after(t) * H;
            const auto update = [&](const Spot& at, float* gates, Vec a_n, Vec z) {
                const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                const Vec candidate = hyperbolic_tangent(a_n);
                const Vec h = candidate + z * (load(before + unit, at.lanes) - candidate);
                store(gates + 2 * H, candidate, at.lanes);
                store(after + unit, h, at.lanes);
                if (a.outputs) {
                    const std::ptrdiff_t place = steps.place(begin + at.row);
                    store(a.outputs + place * H + at.unit, h, at.lanes);
                }
                if (prepares && at.row < next) prepare(t + 1, at, h);
            };
            const auto gates_at = [&](const Spot& at) {
                return gates_now + (std::ptrdiff_t)at.row * wide + at.unit;
            };
            by_strips(strips, weight, words, seen_at(t), rows, &whole, 1, share,
                      {Place{gates_now, wide}, Place{gates_now + H, wide},
                       Place{gates_now + 2 * H, wide}, Place{before, H}, Place{inner_now, H},
                       Place{after, H}},
                      [&](const Spot& at) {
                          const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                          float* gates = gates_at(at);
                          const auto sum = [&](int k) { return load(at.sums + k * LANES); };
                          const Vec r = sigmoid(load(gates, at.lanes) + sum(0));
                          const Vec z = sigmoid(load(gates + H, at.lanes) + sum(1));
                          store(gates, r, at.lanes);
                          store(gates + H, z, at.lanes);
                          if (a.resets_after) {
                              const Vec inner = sum(2) + load(a.bias_n + at.unit, at.lanes);
                              store(inner_now + unit, inner, at.lanes);
                              update(at, gates, load(gates + 2 * H, at.lanes) + r * inner, z);
                          } else {
                              const Vec inner = r * load(seen + unit, at.lanes);
                              store(inner_now + unit, inner, at.lanes);
                              converted_inner.set(0, at.row, 0, at.unit, inner, at.lanes);
                          }
                      });
            member.barrier.wait();
            if (a.resets_after) continue;
            by_strips(by_n, weight_n, words, inner_at(t), rows, &whole, 1,
                      Share::of(member, by_n, rows),
                      {Place{gates_now + H, wide}, Place{gates_now + 2 * H, wide},
                       Place{after, H}},
                      [&](const Spot& at) {
                          float* gates = gates_at(at);
                          update(at, gates, load(gates + 2 * H, at.lanes) + load(at.sums),
                                 load(gates + H, at.lanes));
                      });
            member.barrier.wait();
        }
    });
}

template <class F>
static void gru_back(const GruBack& a, int threads) {
    const Steps steps(a.sizes);
    const int T = a.sizes.T, B = a.sizes.B, H = a.sizes.H;
    const std::ptrdiff_t wide = 3 * (std::ptrdiff_t)H;
    const Strips strips{H, 1, widest(1, B)};
    const Unprojection<F> unprojection(a.input, steps, 3, H);
    // Resets before: W_n's product, which gives the gradient by r * h, comes before the others'.
    const int words = words_for<F>(H), blocks = a.resets_after ? 3 : 2, K = blocks * words;
    const Segment into_past{0, K}, into_n{2 * (std::ptrdiff_t)words, words};
    const Room room(room_for<F>(strips, K)), room_n(a.resets_after ? 0 : room_for<F>(strips, words));
    const Weight<F> weight = weight_in<F>(room.get(), strips, K);
    const Weight<F> weight_n = weight_in<F>(room_n.get(), strips, words);
    const Converted<F> converted(unprojection.rows_kept(), 3, H);
    const Converted<F> converted_past(a.resets_after ? 2 * B : 0, 3, H);
    const auto d_gates_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(steps.begin(t));
        else return plain(a.d_gates + steps.begin(t) * wide, wide);
    };
    const auto d_past_at = [&](int t) {
        if constexpr (F::CONVERTS) {
            return a.resets_after ? converted_past.at(t % 2 * B) : converted.at(steps.begin(t));
        } else {
            return plain(a.d_past + steps.begin(t) * wide, wide);
        }
    };
    const Masked masked{a.masks, steps, H};
    // Between two steps it holds what reaches the state around the product.
    float* around = a.d_first_h;

    // By the state after step t, of which step t + 1 saw `at`; or that a sequence ended with.
    const auto arrive = [&](int t, const Spot& at) {
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
        if (at.row >= steps.count(t + 1)) {
            return a.d_last_h ? load(a.d_last_h + unit, at.lanes) : Vec{};
        }
        const Vec seen = masked.hidden(load(at.sums), at);
        return masked.kept(seen + load(around + unit, at.lanes), t + 1, at.row);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        pack_columns<F>(strips, {a.weight, H, nullptr}, blocks, H, weight, first, last);
        unprojection.prepare(member);
        if (!a.resets_after) {
            const Lines by_n{a.weight + 2 * (std::ptrdiff_t)H * H, H, nullptr};
            pack_columns<F>(strips, by_n, 1, H, weight_n, first, last);
        }
        int end = T;
        for (int t = T - 1; t >= 0; --t) {
            const int rows = steps.count(t), next = steps.count(t + 1);
            const std::ptrdiff_t begin = steps.begin(t);
            const float* const before = a.before + (a.carries ? begin : steps.before(t)) * H;
            const float* const gates_now = a.gates + begin * wide;
            float* const d_gates_now = a.d_gates + begin * wide;
            float* const d_past_now = a.d_past + begin * wide;
            const auto then = [&](const Spot& at) {
                const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                const std::ptrdiff_t here = begin * H + unit;
                const std::ptrdiff_t there = at.row * wide + at.unit;
                Vec d_h = arrive(t, at);
                if (a.d_h) d_h += load(a.d_h + steps.place(begin + at.row) * H + at.unit, at.lanes);
                if (a.d_states_h) store(a.d_states_h + here, d_h, at.lanes);
                const float* gates = gates_now + there;
                const Vec r = load(gates, at.lanes), z = load(gates + H, at.lanes);
                const Vec n = load(gates + 2 * H, at.lanes);
                const Vec d_z = d_h * (load(before + unit, at.lanes) - n) * z * (1.0f - z);
                const Vec d_n = d_h * (1.0f - z) * (1.0f - n * n);
                float* d_gates = d_gates_now + there;
                store(d_gates + H, d_z, at.lanes);
                store(d_gates + 2 * H, d_n, at.lanes);
                converted.set(begin, at.row, 1, at.unit, d_z, at.lanes);
                converted.set(begin, at.row, 2, at.unit, d_n, at.lanes);
                store(around + unit, d_h * z, at.lanes);
                if (!a.resets_after) return;
                const Vec d_r = d_n * load(a.inner + here, at.lanes) * r * (1.0f - r);
                store(d_gates, d_r, at.lanes);
                converted.set(begin, at.row, 0, at.unit, d_r, at.lanes);
                converted_past.set(t % 2 * B, at.row, 0, at.unit, d_r, at.lanes);
                converted_past.set(t % 2 * B, at.row, 1, at.unit, d_z, at.lanes);
                converted_past.set(t % 2 * B, at.row, 2, at.unit, d_n * r, at.lanes);
                float* d_past = d_past_now + there;
                store(d_past, d_r, at.lanes);
                store(d_past + H, d_z, at.lanes);
                store(d_past + 2 * H, d_n * r, at.lanes);
            };
            if (next > 0) {
                by_strips(strips, weight, K, d_past_at(t + 1), next, &into_past, 1,
                          Share::of(member, strips, next),
                          {Place{gates_now, wide}, Place{gates_now + H, wide},
                           Place{gates_now + 2 * H, wide}, Place{d_gates_now, wide},
                           Place{d_gates_now + H, wide}, Place{d_gates_now + 2 * H, wide},
                           Place{d_past_now, wide}, Place{d_past_now + H, wide},
                           Place{d_past_now + 2 * H, wide}, Place{before, H},
                           Place{a.inner + begin * H, H},
                           Place{a.d_h ? a.d_h + begin * H : around, H}},
                          then);
            }
            if (next < rows) {
                by_nothing(strips, next, rows, Share::of(member, strips, rows - next), then);
            }
            member.barrier.wait();
            if (a.resets_after) {
                unprojection.run(t, end, d_gates_at(t), member);
                continue;
            }
            by_strips(strips, weight_n, words, d_gates_at(t), rows, &into_n, 1,
                      Share::of(member, strips, rows),
                      {Place{d_gates_now, wide}, Place{a.inner + begin * H, H}, Place{around, H}},
                      [&](const Spot& at) {
                          const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                          const std::ptrdiff_t there = at.row * wide + at.unit;
                          const Vec d_reset = load(at.sums), r = load(gates_now + there, at.lanes);
                          const Vec inner = load(a.inner + begin * H + unit, at.lanes);
                          const Vec d_r = d_reset * inner * (1.0f - r);
                          store(d_gates_now + there, d_r, at.lanes);
                          converted.set(begin, at.row, 0, at.unit, d_r, at.lanes);
                          const Vec past = load(around + unit, at.lanes);
                          store(around + unit, past + masked.hidden(d_reset * r, at), at.lanes);
                      });
            member.barrier.wait();
            unprojection.run(t, end, d_gates_at(t), member);
        }
        const int rows = steps.count(0);
        const auto finally = [&](const Spot& at) {
            store(a.d_first_h + (std::ptrdiff_t)at.row * H + at.unit, arrive(-1, at), at.lanes);
        };
        by_strips(strips, weight, K, d_past_at(0), rows, &into_past, 1,
                  Share::of(member, strips, rows), {Place{a.d_first_h, H}}, finally);
        by_nothing(strips, rows, B, Share::of(member, strips, B - rows), finally);
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
