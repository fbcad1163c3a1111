// The GRU over time, with either placement of its reset gate; equations in foreword/cells.
#pragma once

#include "input.hpp"

namespace foreword {
namespace FOREWORD_ISA {

static void gru(const Gru& a, int threads) {
    const auto [T, B, H] = a.sizes;
    const std::ptrdiff_t step = (std::ptrdiff_t)B * H, wide = 3 * (std::ptrdiff_t)H;
    const int seeing = a.resets_after ? 3 : 2;
    const Strips strips{H, seeing, widest(3, B)};
    const Strips by_n{H, 1, widest(1, B)};  // resets before: the candidate's own
    const Projection projection(a.input, a.sizes, 3, strips.most);
    const Segment whole{0, H};
    float* packed_n = a.packed + (std::ptrdiff_t)strips.vectors() * 2 * H * LANES;
    const bool hides = a.seen != a.h, carries = a.before != a.h;
    const Masked masked{a.masks, B, H};

    const auto prepare = [&](int t, const Spot& at, Vec h) {
        const std::ptrdiff_t here = t * step + (std::ptrdiff_t)at.row * H + at.unit;
        h = masked.kept(h, t, at.row);
        if (carries) store(a.before + here, h, at.lanes);
        if (hides) store(a.seen + here, masked.hidden(h, at), at.lanes);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        const Share share = Share::of(member, strips, B), share_n = Share::of(member, by_n, B);
        pack_rows(strips, a.weight, H, a.packed, first, last, H);
        projection.pack(first, last);
        if (!a.resets_after) {
            pack_rows(by_n, a.weight + 2 * (std::ptrdiff_t)H * H, H, packed_n,
                      member.first(by_n.count()), member.last(by_n.count()), H);
        }
        if (hides || carries) {
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
                if ((hides || carries) && t + 1 < T) prepare(t + 1, at, h);
            };
            const auto gates_at = [&](const Spot& at) {
                return gates_now + (std::ptrdiff_t)at.row * wide + at.unit;
            };
            by_strips(strips, a.packed, H, a.seen + t * step, H, B, &whole, 1, share,
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
                              store(a.inner + here, r * load(a.seen + here, at.lanes), at.lanes);
                          }
                      });
            member.barrier.wait();
            if (a.resets_after) continue;
            by_strips(by_n, packed_n, H, a.inner + t * step, H, B, &whole, 1, share_n,
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

static void gru_back(const GruBack& a, int threads) {
    const auto [T, B, H] = a.sizes;
    const std::ptrdiff_t step = (std::ptrdiff_t)B * H, wide = 3 * (std::ptrdiff_t)H;
    const Strips strips{H, 1, widest(1, B)};
    const Unprojection unprojection(a.input, a.sizes, 3);
    // Resets before: W_n's product, which gives the gradient by r * h, comes before the others'.
    const int K = a.resets_after ? 3 * H : 2 * H;
    const Segment into_past{0, K}, into_n{2 * (std::ptrdiff_t)H, H};
    float* packed_n = a.packed + (std::ptrdiff_t)strips.vectors() * 2 * H * LANES;
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
        pack_columns(strips, a.weight, K, a.packed, first, last, H);
        unprojection.pack(member);
        if (!a.resets_after) {
            pack_columns(strips, a.weight + 2 * (std::ptrdiff_t)H * H, H, packed_n, first, last, H);
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
                store(around + unit, d_h * z, at.lanes);
                if (!a.resets_after) return;
                const Vec d_r = d_n * load(a.inner + here, at.lanes) * r * (1.0f - r);
                store(d_gates, d_r, at.lanes);
                float* d_past = a.d_past + there;
                store(d_past, d_r, at.lanes);
                store(d_past + H, d_z, at.lanes);
                store(d_past + 2 * H, d_n * r, at.lanes);
            };
            if (t == T - 1) {
                by_nothing(strips, B, share, then);
            } else {
                by_strips(strips, a.packed, K, a.d_past + (t + 1) * step * 3, wide, B, &into_past, 1,
                          share,
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
                unprojection.run(t, a.d_gates, member);
                continue;
            }
            by_strips(strips, packed_n, H, a.d_gates + t * step * 3, wide, B, &into_n, 1, share,
                      {Place{a.d_gates + t * step * 3, wide}, Place{a.inner + t * step, H},
                       Place{around, H}},
                      [&](const Spot& at) {
                          const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                          const std::ptrdiff_t there = t * step * 3 + at.row * wide + at.unit;
                          const Vec d_reset = load(at.sums), r = load(a.gates + there, at.lanes);
                          const Vec inner = load(a.inner + t * step + unit, at.lanes);
                          store(a.d_gates + there, d_reset * inner * (1.0f - r), at.lanes);
                          const Vec past = load(around + unit, at.lanes);
                          store(around + unit, past + masked.hidden(d_reset * r, at), at.lanes);
                      });
            member.barrier.wait();
            unprojection.run(t, a.d_gates, member);
        }
        by_strips(strips, a.packed, K, a.d_past, wide, B, &into_past, 1, share,
                  {Place{a.d_first_h, H}}, [&](const Spot& at) {
                      store(a.d_first_h + (std::ptrdiff_t)at.row * H + at.unit, arrive(-1, at),
                            at.lanes);
                  });
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
