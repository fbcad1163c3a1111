// The GRU over time, with either placement of its reset gate; equations in foreword/cells.
#pragma once

#include "input.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class F>
static void gru(const Gru& a, int threads) {
    const auto [T, B, H] = a.sizes;
    const std::ptrdiff_t step = (std::ptrdiff_t)B * H, wide = 3 * (std::ptrdiff_t)H;
    const int seeing = a.resets_after ? 3 : 2;
    const Strips strips{H, seeing, widest(3, B)};
    const Strips by_n{H, 1, widest(1, B)};  // resets before: the candidate's own
    const Projection<F> projection(a.input, a.sizes, 3, strips.most);
    const int words = words_for<F>(H);
    const Room room(room_for<F>(strips, words)), room_n(a.resets_after ? 0 : room_for<F>(by_n, words));
    const Weight<F> weight = weight_in<F>(room.get(), strips, words);
    const Weight<F> weight_n = weight_in<F>(room_n.get(), by_n, words);
    const Converted<F> converted(2, B, 1, H), converted_inner(1, a.resets_after ? 0 : B, 1, H);
    const Segment whole{0, words};
    const bool hides = a.seen != a.h, carries = a.before != a.h;
    const Masked masked{a.masks, B, H};

    const auto prepare = [&](int t, const Spot& at, Vec h) {
        const std::ptrdiff_t here = t * step + (std::ptrdiff_t)at.row * H + at.unit;
        h = masked.kept(h, t, at.row);
        if (carries) store(a.before + here, h, at.lanes);
        h = masked.hidden(h, at);
        if (hides) store(a.seen + here, h, at.lanes);
        converted.set(t, at.row, 0, at.unit, h, at.lanes);
    };
    const auto seen_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t);
        else return plain(a.seen + t * step, H);
    };
    const auto inner_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted_inner.at(t);
        else return plain(a.inner + t * step, H);
    };
    const bool prepares = hides || carries || F::CONVERTS;

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        const Share share = Share::of(member, strips, B), share_n = Share::of(member, by_n, B);
        pack_rows<F>(strips, a.weight, H, weight, first, last);
        projection.prepare(member, first, last);
        if (!a.resets_after) {
            pack_rows<F>(by_n, a.weight + 2 * (std::ptrdiff_t)H * H, H, weight_n,
                         member.first(by_n.count()), member.last(by_n.count()));
        }
        if (prepares) {
            by_nothing(strips, B, share, [&](const Spot& at) {
                prepare(0, at, load(a.h + (std::ptrdiff_t)at.row * H + at.unit, at.lanes));
            });
        }
        member.barrier.wait();
        for (int t = 0; t < T; ++t) {
            float* const gates_now = a.gates + (a.keeps ? t : t % projection.chunk) * step * 3;
            projection.run(t, gates_now, share);
            const auto update = [&](const Spot& at, float* gates, Vec a_n, Vec z) {
                const std::ptrdiff_t here = t * step + (std::ptrdiff_t)at.row * H + at.unit;
                const Vec candidate = hyperbolic_tangent(a_n);
                const Vec h = candidate + z * (load(a.before + here, at.lanes) - candidate);
                store(gates + 2 * H, candidate, at.lanes);
                store(a.h + here + step, h, at.lanes);
                if (prepares && t + 1 < T) prepare(t + 1, at, h);
            };
            const auto gates_at = [&](const Spot& at) {
                return gates_now + (std::ptrdiff_t)at.row * wide + at.unit;
            };
            by_strips(strips, weight, words, seen_at(t), B, &whole, 1, share,
                      {Place{gates_now, wide}, Place{gates_now + H, wide},
                       Place{gates_now + 2 * H, wide}, Place{a.before + t * step, H},
                       Place{a.inner + t * step, H}, Place{a.h + (t + 1) * step, H}},
                      [&](const Spot& at) {
                          const std::ptrdiff_t here =
                              t * step + (std::ptrdiff_t)at.row * H + at.unit;
                          float* gates = gates_at(at);
                          const auto sum = [&](int k) { return load(at.sums + k * LANES); };
                          const Vec r = sigmoid(load(gates, at.lanes) + sum(0));
                          const Vec z = sigmoid(load(gates + H, at.lanes) + sum(1));
                          store(gates, r, at.lanes);
                          store(gates + H, z, at.lanes);
                          if (a.resets_after) {
                              const Vec inner = sum(2) + load(a.bias_n + at.unit, at.lanes);
                              store(a.inner + here, inner, at.lanes);
                              update(at, gates, load(gates + 2 * H, at.lanes) + r * inner, z);
                          } else {
                              const Vec inner = r * load(a.seen + here, at.lanes);
                              store(a.inner + here, inner, at.lanes);
                              converted_inner.set(t, at.row, 0, at.unit, inner, at.lanes);
                          }
                      });
            member.barrier.wait();
            if (a.resets_after) continue;
            by_strips(by_n, weight_n, words, inner_at(t), B, &whole, 1, share_n,
                      {Place{gates_now + H, wide}, Place{gates_now + 2 * H, wide},
                       Place{a.h + (t + 1) * step, H}},
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
    const auto [T, B, H] = a.sizes;
    const std::ptrdiff_t step = (std::ptrdiff_t)B * H, wide = 3 * (std::ptrdiff_t)H;
    const Strips strips{H, 1, widest(1, B)};
    const Unprojection<F> unprojection(a.input, a.sizes, 3);
    // Resets before: W_n's product, which gives the gradient by r * h, comes before the others'.
    const int words = words_for<F>(H), blocks = a.resets_after ? 3 : 2, K = blocks * words;
    const Segment into_past{0, K}, into_n{2 * (std::ptrdiff_t)words, words};
    const Room room(room_for<F>(strips, K)), room_n(a.resets_after ? 0 : room_for<F>(strips, words));
    const Weight<F> weight = weight_in<F>(room.get(), strips, K);
    const Weight<F> weight_n = weight_in<F>(room_n.get(), strips, words);
    const Converted<F> converted(2 * unprojection.chunk, B, 3, H);
    const Converted<F> converted_past(2, a.resets_after ? B : 0, 3, H);
    const auto d_gates_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t);
        else return plain(a.d_gates + t * step * 3, wide);
    };
    const auto d_past_at = [&](int t) {
        if constexpr (F::CONVERTS) return a.resets_after ? converted_past.at(t) : converted.at(t);
        else return plain(a.d_past + t * step * 3, wide);
    };
    const Masked masked{a.masks, B, H};
    // Between two steps it holds what reaches the state around the product.
    float* around = a.d_first_h;

    const auto arrive = [&](int t, const Spot& at) {
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
        const Vec seen = masked.hidden(load(at.sums), at);
        return masked.kept(seen + load(around + unit, at.lanes), t + 1, at.row);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        const Share share = Share::of(member, strips, B);
        pack_columns<F>(strips, a.weight, blocks, H, weight, first, last);
        unprojection.prepare(member);
        if (!a.resets_after) {
            pack_columns<F>(strips, a.weight + 2 * (std::ptrdiff_t)H * H, 1, H, weight_n, first,
                            last);
        }
        for (int t = T - 1; t >= 0; --t) {
            const auto then = [&](const Spot& at) {
                const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                const std::ptrdiff_t here = t * step + unit;
                const std::ptrdiff_t there = t * step * 3 + at.row * wide + at.unit;
                Vec d_h = t + 1 < T ? arrive(t, at) : Vec{};
                if (a.d_h) d_h += load(a.d_h + here, at.lanes);
                if (a.d_states_h) store(a.d_states_h + here, d_h, at.lanes);
                const float* gates = a.gates + there;
                const Vec r = load(gates, at.lanes), z = load(gates + H, at.lanes);
                const Vec n = load(gates + 2 * H, at.lanes);
                const Vec d_z = d_h * (load(a.before + here, at.lanes) - n) * z * (1.0f - z);
                const Vec d_n = d_h * (1.0f - z) * (1.0f - n * n);
                float* d_gates = a.d_gates + there;
                store(d_gates + H, d_z, at.lanes);
                store(d_gates + 2 * H, d_n, at.lanes);
                converted.set(t, at.row, 1, at.unit, d_z, at.lanes);
                converted.set(t, at.row, 2, at.unit, d_n, at.lanes);
                store(around + unit, d_h * z, at.lanes);
                if (!a.resets_after) return;
                const Vec d_r = d_n * load(a.inner + here, at.lanes) * r * (1.0f - r);
                store(d_gates, d_r, at.lanes);
                converted.set(t, at.row, 0, at.unit, d_r, at.lanes);
                converted_past.set(t, at.row, 0, at.unit, d_r, at.lanes);
                converted_past.set(t, at.row, 1, at.unit, d_z, at.lanes);
                converted_past.set(t, at.row, 2, at.unit, d_n * r, at.lanes);
                float* d_past = a.d_past + there;
                store(d_past, d_r, at.lanes);
                store(d_past + H, d_z, at.lanes);
                store(d_past + 2 * H, d_n * r, at.lanes);
            };
            if (t == T - 1) {
                by_nothing(strips, B, share, then);
            } else {
                by_strips(strips, weight, K, d_past_at(t + 1), B, &into_past, 1, share,
                          {Place{a.gates + t * step * 3, wide}, Place{a.gates + t * step * 3 + H, wide},
                           Place{a.gates + t * step * 3 + 2 * H, wide},
                           Place{a.d_gates + t * step * 3, wide},
                           Place{a.d_gates + t * step * 3 + H, wide},
                           Place{a.d_gates + t * step * 3 + 2 * H, wide},
                           Place{a.d_past + t * step * 3, wide},
                           Place{a.d_past + t * step * 3 + H, wide},
                           Place{a.d_past + t * step * 3 + 2 * H, wide},
                           Place{a.before + t * step, H}, Place{a.inner + t * step, H},
                           Place{a.d_h ? a.d_h + t * step : around, H}},
                          then);
            }
            member.barrier.wait();
            if (a.resets_after) {
                unprojection.run(t, d_gates_at(t), member);
                continue;
            }
            by_strips(strips, weight_n, words, d_gates_at(t), B, &into_n, 1, share,
                      {Place{a.d_gates + t * step * 3, wide}, Place{a.inner + t * step, H},
                       Place{around, H}},
                      [&](const Spot& at) {
                          const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                          const std::ptrdiff_t there = t * step * 3 + at.row * wide + at.unit;
                          const Vec d_reset = load(at.sums), r = load(a.gates + there, at.lanes);
                          const Vec inner = load(a.inner + t * step + unit, at.lanes);
                          const Vec d_r = d_reset * inner * (1.0f - r);
                          store(a.d_gates + there, d_r, at.lanes);
                          converted.set(t, at.row, 0, at.unit, d_r, at.lanes);
                          const Vec past = load(around + unit, at.lanes);
                          store(around + unit, past + masked.hidden(d_reset * r, at), at.lanes);
                      });
            member.barrier.wait();
            unprojection.run(t, d_gates_at(t), member);
        }
        by_strips(strips, weight, K, d_past_at(0), B, &into_past, 1, share,
                  {Place{a.d_first_h, H}}, [&](const Spot& at) {
                      store(a.d_first_h + (std::ptrdiff_t)at.row * H + at.unit, arrive(-1, at),
                            at.lanes);
                  });
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
