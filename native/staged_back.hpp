// The staged backward pass of any cell; see staged_forward.hpp.
#pragma once

#include "staged_forward.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// The gradients of biases, gains and peepholes: sums of columns over all rows. One thread sums each
// column, in the order of the rows.
class ColumnSums {
  public:
    ColumnSums(const StagedBack& a, const Steps& steps)
        : a_(a), form_(a.form), steps_(steps), H_(a.form.sizes.H), n_(a.form.gates()),
          before_(a.form, steps, a.h, a.c) {}

    // Sums the units of one thread.
    void run(const Member& member) const {
        const int vectors = (H_ + LANES - 1) / LANES;
        const int begin = member.first(vectors) * LANES;
        const int end = std::min(H_, member.last(vectors) * LANES);
        if (begin >= end) return;
        for (int k = 0; k < n_; ++k) gate_sums(k, begin, end);
        if (a_.d_gain_memory) {
            clear(a_.d_gain_memory, begin, end), clear(a_.d_bias_memory, begin, end);
            over_rows(begin, end, [&](std::ptrdiff_t here, int, const Spot& at) {
                const Vec d = load(a_.d_tanh + here * H_ + at.unit, at.lanes);
                add(a_.d_gain_memory, at, d * load(a_.hat_memory + here * H_ + at.unit, at.lanes));
                add(a_.d_bias_memory, at, d);
            });
        }
        if (!a_.d_peepholes) return;
        for (int k = 0; k < 3; ++k) clear(a_.d_peepholes + k * H_, begin, end);
        over_rows(begin, end, [&](std::ptrdiff_t here, int t, const Spot& at) {
            const auto d = [&](int k) {
                return load(a_.d_gates + (here * n_ + k) * H_ + at.unit, at.lanes);
            };
            const Vec before = before_.memory(t, at);
            const float* made = made_at(a_, steps_, t, at.row);
            add(a_.d_peepholes, at, d(0) * before);
            add(a_.d_peepholes + H_, at, d(1) * before);
            add(a_.d_peepholes + 2 * H_, at, d(3) * load(made + at.unit, at.lanes));
        });
    }

  private:
    void gate_sums(int k, int begin, int end) const {
        const std::ptrdiff_t block = (std::ptrdiff_t)k * H_;
        // A GRU's candidate sees the past times the reset gate.
        const float* reset = form_.cell->carries_hidden() && k == 2 ? a_.gates : nullptr;
        for (float* sums : {a_.d_bias, a_.d_bias_past, a_.d_gain_input, a_.d_gain_past}) {
            if (sums) clear(sums + block, begin, end);
        }
        over_rows(begin, end, [&](std::ptrdiff_t here, int, const Spot& at) {
            const std::ptrdiff_t row = here * n_ * H_;
            const auto value = [&](const float* from, std::ptrdiff_t unit) {
                return load(from + row + unit + at.unit, at.lanes);
            };
            const Vec d = value(a_.d_gates, block);
            const Vec by_past = reset ? d * value(reset, 0) : d;
            add(a_.d_bias + block, at, d);
            if (a_.d_bias_past) add(a_.d_bias_past + block, at, by_past);
            if (!a_.d_gain_input) return;
            add(a_.d_gain_input + block, at, d * value(a_.hat_input, block));
            add(a_.d_gain_past + block, at, by_past * value(a_.past, block));
        });
    }

    template <class Then>
    FOREWORD_INLINE void over_rows(int begin, int end, Then&& then) const {
        for (int t = 0; t < steps_.T; ++t) {
            for (int row = 0; row < steps_.count(t); ++row) {
                for (int unit = begin; unit < end; unit += LANES) {
                    then(steps_.begin(t) + row, t,
                         Spot{row, unit, std::min(LANES, end - unit), nullptr});
                }
            }
        }
    }
    static void clear(float* sums, int begin, int end) { std::fill(sums + begin, sums + end, 0.0f); }
    static FOREWORD_INLINE void add(float* sums, const Spot& at, Vec value) {
        store(sums + at.unit, load(sums + at.unit, at.lanes) + value, at.lanes);
    }

    const StagedBack& a_;
    const Form& form_;
    const Steps& steps_;
    int H_, n_;
    StatesBefore before_;
};

template <class F>
static void staged_back(const StagedBack& a, int threads) {
    const Form& form = a.form;
    const Steps steps(form.sizes);
    const int T = steps.T, B = steps.B, H = form.sizes.H, P = form.outputs(), S = form.seen();
    const int n = form.gates(), seeing = form.seeing();
    const bool projects = form.projected > 0;
    const Strips strips{S, 1, widest(1, B)}, into_units{H, 1, widest(1, B)};
    const Unprojection<F> unprojection(a.input, steps, n, H);
    const int K = seeing * words_for<F>(H), out_words = words_for<F>(P);
    const Segment whole{0, K}, all_outputs{0, out_words};
    const Room room(room_for<F>(strips, K));
    const Room room_hr(projects ? room_for<F>(into_units, out_words) : 0);
    const Weight<F> weight = weight_in<F>(room.get(), strips, K);
    const Weight<F> weight_hr = weight_in<F>(room_hr.get(), into_units, out_words);
    const Room d_seen((std::ptrdiff_t)B * S), d_units((std::ptrdiff_t)B * H);
    const Converted<F> by_input(unprojection.rows_kept(), n, H), by_past(2 * B, seeing, H);
    const Converted<F> by_outputs(projects ? B : 0, 1, P);
    const StatesBack states(a, steps, d_seen.get());
    const auto back_row = functions_of(*form.cell).back_row;
    const ColumnSums column_sums(a, steps);
    const auto d_input_at = [&](int t) {
        if constexpr (F::CONVERTS) return by_input.at(steps.begin(t));
        else return plain(a.d_input + steps.begin(t) * n * H, (std::ptrdiff_t)n * H);
    };
    const auto d_past_at = [&](int t) {
        if constexpr (F::CONVERTS) return by_past.at(t % 2 * B);
        else return plain(a.d_past + steps.begin(t) * seeing * H, (std::ptrdiff_t)seeing * H);
    };
    const auto d_outputs_at = [&](int t) {
        if constexpr (F::CONVERTS) return by_outputs.at(0);
        else return plain(a.d_outputs + steps.begin(t) * P, P);
    };
    const auto convert = [&](int t, int row) {
        if constexpr (!F::CONVERTS) return;
        const float *d = a.d_input + (steps.begin(t) + row) * n * H;
        for (int k = 0; k < n; ++k, d += H) {
            along(row, H, [&](const Spot& at) {
                by_input.set(steps.begin(t), row, k, at.unit, load(d + at.unit, at.lanes), at.lanes);
            });
        }
        d = a.d_past + (steps.begin(t) + row) * seeing * H;
        for (int k = 0; k < seeing; ++k, d += H) {
            along(row, H, [&](const Spot& at) {
                by_past.set(t % 2 * B, row, k, at.unit, load(d + at.unit, at.lanes), at.lanes);
            });
        }
    };
    const auto into = [&](float* to, int width) {
        return [=](const Block& block) {
            block.each([&](const Spot& at) {
                store(to + (std::ptrdiff_t)at.row * width + at.unit, load(at.sums), at.lanes);
            });
        };
    };

    together(threads, [&](Member& member) {
        pack_columns<F>(strips, {form.weight, S, nullptr}, seeing, H, weight,
                        member.first(strips.count()), member.last(strips.count()));
        if (projects) {
            pack_columns<F>(into_units, {form.projection, H, nullptr}, 1, P, weight_hr,
                            member.first(into_units.count()), member.last(into_units.count()));
        }
        unprojection.prepare(member);
        member.barrier.wait();
        int end = T;
        for (int t = T - 1; t >= -1; --t) {
            const int next = steps.count(t + 1);
            by_strips(strips, weight, K, d_past_at(t + 1), next, &whole, 1,
                      Share::of(member, strips, next), {{d_seen.get(), S}},
                      into(d_seen.get(), S));
            member.barrier.wait();
            if (t < 0) break;
            const int rows = steps.count(t);
            const int begin = member.first(rows), stop = member.last(rows);
            for (int row = begin; row < stop; ++row) {
                float* const to = projects ? a.d_outputs + (steps.begin(t) + row) * P
                                           : d_units.get() + (std::ptrdiff_t)row * H;
                states.arrive(t, row, to);
                if (!projects) continue;
                along(row, P, [&](const Spot& at) {
                    by_outputs.set(0, row, 0, at.unit, load(to + at.unit, at.lanes), at.lanes);
                });
            }
            if (projects) {
                member.barrier.wait();
                by_strips(into_units, weight_hr, out_words, d_outputs_at(t), rows, &all_outputs, 1,
                          Share::of(member, into_units, rows), {{d_units.get(), H}},
                          into(d_units.get(), H));
                member.barrier.wait();
            }
            for (int row = begin; row < stop; ++row) {
                back_row(states, t, row, d_units.get() + (std::ptrdiff_t)row * H);
                convert(t, row);
            }
            member.barrier.wait();
            unprojection.run(t, end, d_input_at(t), member);
        }
        for (int row = member.first(B); row < member.last(B); ++row) states.finish(row);
        column_sums.run(member);
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
