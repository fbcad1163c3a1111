// The LSTM, the peephole LSTMs and the coupled LSTM over time; equations in foreword/cells.
#pragma once

#include "input.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class F>
static void lstm(const Lstm& a, int threads) {
    const Steps steps(a.sizes);
    const int T = a.sizes.T, B = a.sizes.B, H = a.sizes.H;
    const int n = a.is_coupled ? 3 : 4;
    const std::ptrdiff_t wide = H;
    const int seeing = a.sees_memory ? 3 : n;  // gates that the weight goes to
    const Strips strips{H, seeing, widest(seeing, B)};
    const int words = words_for<F>(H);
    Shelf shelf(a.packed, packed_floats<F>(H, seeing, H) + packed_floats<F>(H, n, a.input.size));
    const Weight<F> weight = shelf.place<F>(strips, words);
    const Projection<F> projection(a.input, steps, n, strips, shelf);
    const Converted<F> converted(2 * B, 1, H);
    const Segment whole{0, words};
    const bool hides = a.seen != a.h && a.seen != a.c, carries = a.before != a.c;
    const Masked masked{a.masks, steps, H};
    const float bound = bound_of(a.clip);

    // What step t finds of the state before it.
    const auto prepare = [&](int t, const Spot& at, Vec h, Vec c) {
        const std::ptrdiff_t here = (steps.begin(t) + at.row) * H + at.unit;
        if (carries) {
            c = masked.memory(masked.kept(c, t, at.row), at);
            store(a.before + here, c, at.lanes);
        }
        if (hides || F::CONVERTS) {
            const Vec seen = masked.hidden(a.sees_memory ? c : masked.kept(h, t, at.row), at);
            if (hides) store(a.seen + here, seen, at.lanes);
            converted.set(t % 2 * B, at.row, 0, at.unit, seen, at.lanes);
        }
    };
    const auto seen_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t % 2 * B);
        else return plain(a.seen + (hides ? steps.begin(t) : steps.before(t)) * H, H);
    };
    const bool prepares = hides || carries || F::CONVERTS;

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        if (shelf.packs) pack_rows<F>(strips, a.weight, H, weight, first, last);
        projection.prepare(member, first, last);
        steps.clear_idle(a.outputs, H, member);
        if (prepares) {
            const int rows = steps.count(0);
            by_nothing(strips, 0, rows, Share::of(member, strips, rows), [&](const Spot& at) {
                const std::ptrdiff_t here = (std::ptrdiff_t)at.row * H + at.unit;
                prepare(0, at, load(a.h + here, at.lanes), load(a.c + here, at.lanes));
            });
        }
        member.barrier.wait();
        Chunk chunk;
        for (int t = 0; t < T; ++t) {
            const int rows = steps.count(t), next = steps.count(t + 1);
            const Share share = Share::of(member, strips, rows);
            float* const gates_now = projection.run(t, chunk, a.gates, a.keeps, share, member);
            const std::ptrdiff_t begin = steps.begin(t);
            const float* const before =
                a.before + (carries ? begin : steps.before(t)) * H;
            float* const c_after = a.c + steps.after(t) * H;
            float* const h_after = a.h + steps.after(t) * H;
            by_strips(
                strips, weight, words, seen_at(t), rows, &whole, 1, share,
                {Place{gates_now, n * wide}, Place{gates_now + H, n * wide},
                 Place{gates_now + 2 * H, n * wide}, Place{gates_now + (n - 1) * H, n * wide},
                 Place{before, H}, Place{c_after, H}, Place{h_after, H},
                 Place{a.tanh_c ? a.tanh_c + begin * H : h_after, H}},
                [&](const Spot& at) {
                    const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                    float* gates = gates_now + (std::ptrdiff_t)at.row * H * n + at.unit;
                    const auto sum = [&](int gate) { return load(at.sums + gate * LANES); };
                    const auto input = [&](int gate) { return load(gates + gate * H, at.lanes); };
                    const Vec c = load(before + unit, at.lanes);
                    Vec a_f, a_g, a_o, i;
                    if (a.is_coupled) {
                        a_f = input(0) + sum(0), a_g = input(1) + sum(1), a_o = input(2) + sum(2);
                    } else {
                        Vec a_i = input(0) + sum(0);
                        a_f = input(1) + sum(1);
                        a_g = input(2);
                        a_o = input(3);
                        if (a.sees_memory) {
                            a_o += sum(2);
                        } else {
                            a_g += sum(2);
                            a_o += sum(3);
                        }
                        if (a.peepholes) {
                            a_i += load(a.peepholes + at.unit, at.lanes) * c;
                            a_f += load(a.peepholes + H + at.unit, at.lanes) * c;
                        }
                        i = sigmoid(a_i);
                    }
                    const Vec f = sigmoid(a_f), g = hyperbolic_tangent(a_g);
                    const Vec after = within(a.is_coupled ? g + f * (c - g) : f * c + i * g, bound);
                    if (a.peepholes) a_o += load(a.peepholes + 2 * H + at.unit, at.lanes) * after;
                    const Vec o = sigmoid(a_o), tanh_c = hyperbolic_tangent(after);
                    const Vec h = o * tanh_c;
                    if (a.keeps) {
                        int k = 0;
                        if (!a.is_coupled) store(gates + k++ * H, i, at.lanes);
                        store(gates + k++ * H, f, at.lanes);
                        store(gates + k++ * H, g, at.lanes);
                        store(gates + k * H, o, at.lanes);
                        store(a.tanh_c + begin * H + unit, tanh_c, at.lanes);
                    }
                    store(c_after + unit, after, at.lanes);
                    store(h_after + unit, h, at.lanes);
                    if (a.outputs) {
                        const std::ptrdiff_t place = steps.place(begin + at.row);
                        store(a.outputs + place * H + at.unit, h, at.lanes);
                    }
                    if (prepares && at.row < next) prepare(t + 1, at, h, after);
                });
            member.barrier.wait();
        }
    });
}

template <class F>
static void lstm_back(const LstmBack& a, int threads) {
    const Steps steps(a.sizes);
    const int T = a.sizes.T, B = a.sizes.B, H = a.sizes.H;
    const int n = a.is_coupled ? 3 : 4;
    const std::ptrdiff_t wide = H;
    const Strips strips{H, 1, widest(1, B)};
    const Unprojection<F> unprojection(a.input, steps, n, H);
    const int words = words_for<F>(H), K = (a.sees_memory ? 3 : n) * words;
    const Segment all[1] = {{0, n * words}};
    const Segment without_g[2] = {{0, 2 * words}, {3 * (std::ptrdiff_t)words, words}};
    const Segment* segments = a.sees_memory ? without_g : all;
    const int count = a.sees_memory ? 2 : 1;
    const Room room(room_for<F>(strips, K));
    const Weight<F> weight = weight_in<F>(room.get(), strips, K);
    const Converted<F> converted(unprojection.rows_kept(), n, H);
    const auto d_gates_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(steps.begin(t));
        else return plain(a.d_gates + steps.begin(t) * n * H, (std::ptrdiff_t)n * H);
    };
    const Masked masked{a.masks, steps, H};

    // Gradients by the state after step t, from those by what step t + 1 saw and kept of it; or by
    // the state that a sequence ended with.
    const auto arrive = [&](int t, const Spot& at, Vec& d_h, Vec& d_c) {
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
        if (at.row >= steps.count(t + 1)) {
            d_h = a.d_last_h ? load(a.d_last_h + unit, at.lanes) : Vec{};
            d_c = a.d_last_c ? load(a.d_last_c + unit, at.lanes) : Vec{};
            return;
        }
        const Vec seen = masked.hidden(load(at.sums), at);
        d_c = load(a.d_first_c + unit, at.lanes);
        d_h = Vec{};
        (a.sees_memory ? d_c : d_h) += seen;
        d_h = masked.kept(d_h, t + 1, at.row);
        d_c = masked.memory(masked.kept(d_c, t + 1, at.row), at);
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        // Peepholes' gradients are summed up over all rows by one thread.
        const bool is_whole = a.peepholes != nullptr;
        pack_columns<F>(strips, {a.weight, H, nullptr}, K / words, H, weight, first, last);
        unprojection.prepare(member);
        int end = T;
        for (int t = T - 1; t >= 0; --t) {
            const int rows = steps.count(t), next = steps.count(t + 1);
            const std::ptrdiff_t begin = steps.begin(t);
            const float* const before = a.before + (a.carries ? begin : steps.before(t)) * H;
            const float* const gates_now = a.gates + begin * n * H;
            float* const d_gates_now = a.d_gates + begin * n * H;
            const auto then = [&](const Spot& at) {
                const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
                const std::ptrdiff_t here = begin * H + unit;
                const std::ptrdiff_t there = (std::ptrdiff_t)at.row * H * n + at.unit;
                const float* gates = gates_now + there;
                float* d_gates = d_gates_now + there;
                Vec d_h, d_c;
                arrive(t, at, d_h, d_c);
                if (a.d_h) d_h += load(a.d_h + steps.place(begin + at.row) * H + at.unit, at.lanes);
                if (a.d_states_h) store(a.d_states_h + here, d_h, at.lanes);
                const auto gate = [&](int k) { return load(gates + k * H, at.lanes); };
                const Vec o = gate(n - 1), g = gate(n - 2), f = gate(n - 3);
                const Vec tanh_c = load(a.tanh_c + here, at.lanes);
                const Vec c = load(before + unit, at.lanes);
                const Vec d_o = d_h * tanh_c * o * (1.0f - o);
                d_c += d_h * o * (1.0f - tanh_c * tanh_c);
                if (a.d_c) d_c += load(a.d_c + here, at.lanes);
                if (a.peepholes) d_c += load(a.peepholes + 2 * H + at.unit, at.lanes) * d_o;
                if (a.d_states_c) store(a.d_states_c + here, d_c, at.lanes);
                if (a.clip > 0.0f) {
                    d_c = choose(absolute(load(a.c + here, at.lanes)) < a.clip, d_c, Vec{});
                }
                const Vec slope_f = d_c * f * (1.0f - f), slope_g = d_c * (1.0f - g * g);
                Vec past = d_c * f, d_f, d_g;
                if (a.is_coupled) {
                    d_f = slope_f * (c - g);
                    d_g = slope_g * (1.0f - f);
                } else {
                    const Vec i = gate(0);
                    const Vec d_i = d_c * g * i * (1.0f - i);
                    d_f = slope_f * c;
                    d_g = slope_g * i;
                    store(d_gates, d_i, at.lanes);
                    converted.set(begin, at.row, 0, at.unit, d_i, at.lanes);
                    if (a.peepholes) {
                        const float* p = a.peepholes + at.unit;
                        past += load(p, at.lanes) * d_i + load(p + H, at.lanes) * d_f;
                        float* d_p = a.d_peepholes + at.unit;
                        const Vec after = load(a.c + here, at.lanes);
                        store(d_p, load(d_p, at.lanes) + d_i * c, at.lanes);
                        store(d_p + H, load(d_p + H, at.lanes) + d_f * c, at.lanes);
                        store(d_p + 2 * H, load(d_p + 2 * H, at.lanes) + d_o * after, at.lanes);
                    }
                }
                store(d_gates + (n - 3) * H, d_f, at.lanes);
                store(d_gates + (n - 2) * H, d_g, at.lanes);
                store(d_gates + (n - 1) * H, d_o, at.lanes);
                converted.set(begin, at.row, n - 3, at.unit, d_f, at.lanes);
                converted.set(begin, at.row, n - 2, at.unit, d_g, at.lanes);
                converted.set(begin, at.row, n - 1, at.unit, d_o, at.lanes);
                store(a.d_first_c + unit, past, at.lanes);
            };
            if (next > 0) {
                by_strips(strips, weight, K, d_gates_at(t + 1), next, segments, count,
                          Share::of(member, strips, next, is_whole),
                          {Place{gates_now, n * wide}, Place{gates_now + H, n * wide},
                           Place{gates_now + 2 * H, n * wide},
                           Place{gates_now + (n - 1) * H, n * wide},
                           Place{d_gates_now, n * wide}, Place{d_gates_now + H, n * wide},
                           Place{d_gates_now + 2 * H, n * wide},
                           Place{d_gates_now + (n - 1) * H, n * wide}, Place{before, H},
                           Place{a.tanh_c + begin * H, H},
                           Place{a.d_h ? a.d_h + begin * H : a.d_first_c, H}},
                          then);
            }
            if (next < rows) {
                by_nothing(strips, next, rows, Share::of(member, strips, rows - next, is_whole),
                           then);
            }
            member.barrier.wait();
            unprojection.run(t, end, d_gates_at(t), member);
        }
        const int rows = steps.count(0);
        const auto finally = [&](const Spot& at) {
            Vec d_h, d_c;
            arrive(-1, at, d_h, d_c);
            const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H + at.unit;
            store(a.d_first_h + unit, d_h, at.lanes);
            store(a.d_first_c + unit, d_c, at.lanes);
        };
        by_strips(strips, weight, K, d_gates_at(0), rows, segments, count,
                  Share::of(member, strips, rows), {Place{a.d_first_h, H}}, finally);
        by_nothing(strips, rows, B, Share::of(member, strips, B - rows), finally);
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
