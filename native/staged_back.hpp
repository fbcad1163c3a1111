// The way back through any cell in stages; see staged_forward.hpp.
#pragma once

#include "staged_forward.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// The memory that step t made of a row, before its zoneout.
static FOREWORD_INLINE const float* made_at(const StagedBack& a, const Steps& steps,
                                            std::ptrdiff_t here, int t, int row) {
    const std::ptrdiff_t H = a.form.sizes.H;
    return a.fresh ? a.fresh + here * H : a.c + (steps.after(t) + row) * H;
}

// One step on one row, from gradients by `u` (what is projected, or is h) to those by the products.
template <class F>
class StagedRowBack {
  public:
    StagedRowBack(const StagedBack& a, const Steps& steps, const float* d_seen,
                  const Converted<F>& by_input, const Converted<F>& by_past)
        : a_(a), form_(a.form), steps_(steps), d_seen_(d_seen), by_input_(by_input),
          by_past_(by_past), H_(a.form.sizes.H), n_(a.form.gates()), seeing_(a.form.seeing()),
          P_(a.form.outputs()), S_(a.form.seen()), masked_h_{a.form.masks, steps, S_},
          masked_c_{a.form.masks, steps, H_},
          carries_h_(a.form.zone_hidden.share ||
                     (a.form.kind == GRU_KIND && !a.form.has_memory())) {}

    // By h after step t, with what comes from its own output; what a zoneout passes around the step
    // is put aside.
    void arrive(int t, int row, float* to) const {
        const std::ptrdiff_t here = steps_.begin(t) + row;
        along(row, P_, [&](const Spot& at) {
            Vec d_h = hidden(t, at);
            if (a_.d_h) d_h += load(a_.d_h + steps_.place(here) * P_ + at.unit, at.lanes);
            if (a_.d_states_h) store(a_.d_states_h + here * P_ + at.unit, d_h, at.lanes);
            if (form_.zone_hidden.share) {
                const Vec around = d_h * share_of(form_.zone_hidden, here, at);
                store(a_.d_first_h + (std::ptrdiff_t)row * P_ + at.unit, around, at.lanes);
                d_h -= around;
            }
            store(to + at.unit, d_h, at.lanes);
        });
    }

    // From `d_u` (H).
    void run(int t, int row, const float* d_u) const {
        const std::ptrdiff_t here = steps_.begin(t) + row;
        if (form_.is_lstm()) {
            lstm(t, here, row, d_u);
        } else if (form_.kind == GRU_KIND) {
            gru(t, here, row, d_u);
        } else {
            along(row, H_, [&](const Spot& at) {
                const Vec u = load(a_.gates + here * H_ + at.unit, at.lanes);
                const bool is_relu = form_.kind == RELU_KIND;
                const Vec d = load(d_u + at.unit, at.lanes);
                const Vec slope = is_relu ? choose(u > 0.0f, Vec{} + 1.0f, Vec{}) : 1.0f - u * u;
                put(a_.d_gates, here, 1, 0, at, (d + shown(here, 0, at)) * slope);
            });
        }
        pass_on(t, here, row);
    }

    // By the states before all steps.
    void finish(int row) const {
        along(row, P_, [&](const Spot& at) {
            store(a_.d_first_h + (std::ptrdiff_t)row * P_ + at.unit, hidden(-1, at), at.lanes);
        });
        if (!form_.has_memory()) return;
        along(row, H_, [&](const Spot& at) {
            store(a_.d_first_c + (std::ptrdiff_t)row * H_ + at.unit, memory(-1, at), at.lanes);
        });
    }

  private:
    // By a state after step t, from what step t + 1 saw and kept of it; or by the state that a
    // sequence ended with. Between two steps the gradients by the first states hold what is kept.
    FOREWORD_INLINE Vec hidden(int t, const Spot& at) const {
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * P_ + at.unit;
        if (at.row >= steps_.count(t + 1)) {
            return a_.d_last_h ? load(a_.d_last_h + unit, at.lanes) : Vec{};
        }
        Vec d = {};
        if (!form_.sees_memory) d = masked_h_.hidden(load(d_seen_ + unit, at.lanes), at);
        if (carries_h_) d += load(a_.d_first_h + unit, at.lanes);
        return masked_h_.kept(d, t + 1, at.row);
    }
    FOREWORD_INLINE Vec memory(int t, const Spot& at) const {
        const std::ptrdiff_t unit = (std::ptrdiff_t)at.row * H_ + at.unit;
        if (at.row >= steps_.count(t + 1)) {
            return a_.d_last_c ? load(a_.d_last_c + unit, at.lanes) : Vec{};
        }
        Vec d = load(a_.d_first_c + unit, at.lanes);
        if (form_.sees_memory) d += masked_h_.hidden(load(d_seen_ + unit, at.lanes), at);
        return masked_c_.memory(masked_c_.kept(d, t + 1, at.row), at);
    }

    static FOREWORD_INLINE Vec share_of(const Zone& zone, std::ptrdiff_t here, const Spot& at) {
        return load(zone.share + here * zone.row + at.unit, at.lanes);
    }
    FOREWORD_INLINE Vec gate(std::ptrdiff_t here, int k, const Spot& at) const {
        return load(a_.gates + (here * n_ + k) * H_ + at.unit, at.lanes);
    }
    FOREWORD_INLINE Vec shown(std::ptrdiff_t here, int k, const Spot& at) const {
        if (!a_.d_shown) return Vec{};
        return load(a_.d_shown + (here * n_ + k) * H_ + at.unit, at.lanes);
    }
    FOREWORD_INLINE void put(float* to, std::ptrdiff_t here, int gates, int k, const Spot& at,
                             Vec d) const {
        store(to + (here * gates + k) * H_ + at.unit, d, at.lanes);
    }

    FOREWORD_INLINE Vec memory_before(int t, const Spot& at) const {
        const Vec c = load(a_.c + (steps_.before(t) + at.row) * H_ + at.unit, at.lanes);
        return masked_c_.memory(masked_c_.kept(c, t, at.row), at);
    }

    // By the memory that a step made, from `d` by its own units; what a zoneout passes around the
    // step is in `around`.
    FOREWORD_INLINE Vec by_memory(int t, std::ptrdiff_t here, const Spot& at, Vec d,
                                  Vec& around) const {
        Vec d_c = memory(t, at);
        if (a_.d_c) d_c += load(a_.d_c + here * H_ + at.unit, at.lanes);
        around = Vec{};
        Vec whole = d_c + d;
        if (form_.zone_memory.share) {
            around = d_c * share_of(form_.zone_memory, here, at);
            whole = d_c - around + d;
        } else {
            d_c = whole;  // the state is what the step made
        }
        if (a_.d_states_c) store(a_.d_states_c + here * H_ + at.unit, d_c, at.lanes);
        return whole;
    }

    void lstm(int t, std::ptrdiff_t here, int row, const float* d_u) const {
        const bool coupled = form_.kind == COUPLED_KIND;
        const float* p = form_.peepholes;
        // By c's tanh, and through the norm before it.
        const auto into_tanh = [&](const Spot& at) {
            const Vec tanh_c = load(a_.tanh_c + here * H_ + at.unit, at.lanes);
            const Vec d = load(d_u + at.unit, at.lanes);
            return d * gate(here, n_ - 1, at) * (1.0f - tanh_c * tanh_c);
        };
        Taken taken{};
        const float* hat = nullptr;
        if (form_.normalises()) {
            float* d_tanh = a_.d_tanh + here * H_;
            along(row, H_, [&](const Spot& at) { store(d_tanh + at.unit, into_tanh(at), at.lanes); });
            hat = a_.hat_memory + here * H_;
            taken = taken_by(d_tanh, form_.norm_memory.gain, hat, H_, a_.scales[here * 5 + 4]);
        }
        along(row, H_, [&](const Spot& at) {
            const Vec o = gate(here, n_ - 1, at), g = gate(here, n_ - 2, at);
            const Vec f = gate(here, n_ - 3, at), before = memory_before(t, at);
            const Vec tanh_c = load(a_.tanh_c + here * H_ + at.unit, at.lanes);
            const Vec d_o = (load(d_u + at.unit, at.lanes) * tanh_c + shown(here, n_ - 1, at)) * o *
                            (1.0f - o);
            Vec own = into_tanh(at);
            if (hat) {
                const Vec gain = load(form_.norm_memory.gain + at.unit, at.lanes);
                own = taken.from(own * gain, load(hat + at.unit, at.lanes));
            }
            if (p) own += load(p + 2 * H_ + at.unit, at.lanes) * d_o;
            Vec past;
            Vec d_c = by_memory(t, here, at, own, past);
            if (form_.clip > 0.0f) {
                const Vec made = load(made_at(a_, steps_, here, t, at.row) + at.unit, at.lanes);
                d_c = choose(absolute(made) < form_.clip, d_c, Vec{});
            }
            const Vec d_f = (d_c * (coupled ? before - g : before) + shown(here, n_ - 3, at)) * f *
                            (1.0f - f);
            Vec by_g = d_c;
            past += d_c * f;
            if (coupled) {
                by_g = d_c * (1.0f - f);
            } else {
                const Vec i = gate(here, 0, at);
                const Vec d_i = (d_c * g + shown(here, 0, at)) * i * (1.0f - i);
                by_g = d_c * i;
                put(a_.d_gates, here, n_, 0, at, d_i);
                if (p) {
                    past += load(p + at.unit, at.lanes) * d_i +
                            load(p + H_ + at.unit, at.lanes) * d_f;
                }
            }
            const Vec d_g = (by_g + shown(here, n_ - 2, at)) * (1.0f - g * g);
            put(a_.d_gates, here, n_, n_ - 3, at, d_f);
            put(a_.d_gates, here, n_, n_ - 2, at, d_g);
            put(a_.d_gates, here, n_, n_ - 1, at, d_o);
            store(a_.d_first_c + (std::ptrdiff_t)row * H_ + at.unit, past, at.lanes);
        });
    }

    void gru(int t, std::ptrdiff_t here, int row, const float* d_u) const {
        along(row, H_, [&](const Spot& at) {
            const Vec r = gate(here, 0, at), z = gate(here, 1, at), n = gate(here, 2, at);
            Vec d = load(d_u + at.unit, at.lanes), around = {}, before;
            if (form_.has_memory()) {
                d = by_memory(t, here, at, d, around);
                before = memory_before(t, at);
            } else {
                const Vec h = load(a_.h + (steps_.before(t) + row) * H_ + at.unit, at.lanes);
                before = masked_h_.kept(h, t, row);
                if (form_.zone_hidden.share) {
                    around = load(a_.d_first_h + (std::ptrdiff_t)row * H_ + at.unit, at.lanes);
                }
            }
            float* const kept = (form_.has_memory() ? a_.d_first_c : a_.d_first_h) +
                                (std::ptrdiff_t)row * H_ + at.unit;
            store(kept, around + d * z, at.lanes);
            const Vec d_z = (d * (before - n) + shown(here, 1, at)) * z * (1.0f - z);
            const Vec d_n = (d * (1.0f - z) + shown(here, 2, at)) * (1.0f - n * n);
            Vec inner = load(a_.past + (here * 3 + 2) * H_ + at.unit, at.lanes);
            if (form_.normalises()) {
                inner = inner * load(form_.norm_past.gain + 2 * H_ + at.unit, at.lanes) +
                        load(form_.norm_past.bias + 2 * H_ + at.unit, at.lanes);
            } else {
                inner += load(form_.bias_n + at.unit, at.lanes);
            }
            const Vec d_r = (d_n * inner + shown(here, 0, at)) * r * (1.0f - r);
            put(a_.d_gates, here, 3, 0, at, d_r);
            put(a_.d_gates, here, 3, 1, at, d_z);
            put(a_.d_gates, here, 3, 2, at, d_n);
            put(a_.d_past, here, 3, 0, at, d_r);
            put(a_.d_past, here, 3, 1, at, d_z);
            put(a_.d_past, here, 3, 2, at, d_n * r);
        });
    }

    // From gradients by what went into the gates to those by the products.
    void pass_on(int t, std::ptrdiff_t here, int row) const {
        const bool is_gru = form_.kind == GRU_KIND;
        const int first = is_gru ? 2 * H_ : n_ * H_;
        const float *d = a_.d_gates + here * n_ * H_, *e = is_gru ? a_.d_past + here * 3 * H_ : d;
        const float *x = nullptr, *y = nullptr;
        Taken by_x[2] = {}, by_y[2] = {};
        if (form_.normalises()) {
            const float *gain_x = form_.norm_input.gain, *gain_y = form_.norm_past.gain;
            const float* scales = a_.scales + here * 5;
            x = a_.hat_input + here * n_ * H_, y = a_.past + here * n_ * H_;
            by_x[0] = taken_by(d, gain_x, x, first, scales[0]);
            by_y[0] = taken_by(e, gain_y, y, first, scales[2]);
            if (is_gru) {
                by_x[1] = taken_by(d + first, gain_x + first, x + first, H_, scales[1]);
                by_y[1] = taken_by(e + first, gain_y + first, y + first, H_, scales[3]);
            }
        }
        for (int k = 0; k < n_; ++k) {
            const int block = is_gru && k == 2;
            const int seeing = form_.sees_memory && k == 3 ? 2 : k;
            const bool sees = !form_.sees_memory || k != 2;
            along(row, H_, [&](const Spot& at) {
                const std::ptrdiff_t unit = (std::ptrdiff_t)k * H_ + at.unit;
                Vec by_input = load(d + unit, at.lanes), by_past = load(e + unit, at.lanes);
                if (x) {
                    by_input = by_x[block].from(
                        by_input * load(form_.norm_input.gain + unit, at.lanes),
                        load(x + unit, at.lanes));
                    by_past = by_y[block].from(
                        by_past * load(form_.norm_past.gain + unit, at.lanes),
                        load(y + unit, at.lanes));
                    put(a_.d_input, here, n_, k, at, by_input);
                }
                by_input_.set(steps_.begin(t), row, k, at.unit, by_input, at.lanes);
                if (!sees) return;
                if (a_.d_past != a_.d_gates) put(a_.d_past, here, seeing_, seeing, at, by_past);
                by_past_.set(t % 2 * steps_.B, row, seeing, at.unit, by_past, at.lanes);
            });
        }
    }

    const StagedBack& a_;
    const Form& form_;
    const Steps& steps_;
    const float* d_seen_;
    const Converted<F>& by_input_;
    const Converted<F>& by_past_;
    int H_, n_, seeing_, P_, S_;
    Masked masked_h_, masked_c_;
    bool carries_h_;
};

// Gradients by biases, gains and peepholes: sums over all rows, by columns. Each is summed up by one
// thread in the rows' order.
class ColumnSums {
  public:
    ColumnSums(const StagedBack& a, const Steps& steps)
        : a_(a), form_(a.form), steps_(steps), H_(a.form.sizes.H), n_(a.form.gates()),
          masked_{a.form.masks, steps, a.form.sizes.H} {}

    // The thread's part, of units.
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
            Vec before = load(a_.c + (steps_.before(t) + at.row) * H_ + at.unit, at.lanes);
            before = masked_.memory(masked_.kept(before, t, at.row), at);
            const float* made = made_at(a_, steps_, here, t, at.row);
            add(a_.d_peepholes, at, d(0) * before);
            add(a_.d_peepholes + H_, at, d(1) * before);
            add(a_.d_peepholes + 2 * H_, at, d(3) * load(made + at.unit, at.lanes));
        });
    }

  private:
    void gate_sums(int k, int begin, int end) const {
        const std::ptrdiff_t block = (std::ptrdiff_t)k * H_;
        const bool resets = form_.kind == GRU_KIND && k == 2;
        for (float* sums : {a_.d_bias, a_.d_bias_past, a_.d_gain_input, a_.d_gain_past}) {
            if (sums) clear(sums + block, begin, end);
        }
        over_rows(begin, end, [&](std::ptrdiff_t here, int, const Spot& at) {
            const std::ptrdiff_t row = here * n_ * H_;
            const auto value = [&](const float* from, std::ptrdiff_t unit) {
                return load(from + row + unit + at.unit, at.lanes);
            };
            const Vec d = value(a_.d_gates, block);
            const Vec by_past = resets ? d * value(a_.gates, 0) : d;
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
    Masked masked_;
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
    const StagedRowBack<F> equations(a, steps, d_seen.get(), by_input, by_past);
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
    const auto into = [&](float* to, int width) {
        return [=](const Spot& at) {
            store(to + (std::ptrdiff_t)at.row * width + at.unit, load(at.sums), at.lanes);
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
                      Share::of(member, strips, next), {Place{d_seen.get(), S}},
                      into(d_seen.get(), S));
            member.barrier.wait();
            if (t < 0) break;
            const int rows = steps.count(t);
            const int begin = member.first(rows), stop = member.last(rows);
            for (int row = begin; row < stop; ++row) {
                float* const to = projects ? a.d_outputs + (steps.begin(t) + row) * P
                                           : d_units.get() + (std::ptrdiff_t)row * H;
                equations.arrive(t, row, to);
                if (!projects) continue;
                along(row, P, [&](const Spot& at) {
                    by_outputs.set(0, row, 0, at.unit, load(to + at.unit, at.lanes), at.lanes);
                });
            }
            if (projects) {
                member.barrier.wait();
                by_strips(into_units, weight_hr, out_words, d_outputs_at(t), rows, &all_outputs, 1,
                          Share::of(member, into_units, rows), {Place{d_units.get(), H}},
                          into(d_units.get(), H));
                member.barrier.wait();
            }
            for (int row = begin; row < stop; ++row) {
                equations.run(t, row, d_units.get() + (std::ptrdiff_t)row * H);
            }
            member.barrier.wait();
            unprojection.run(t, end, d_input_at(t), member);
        }
        for (int row = member.first(B); row < member.last(B); ++row) equations.finish(row);
        column_sums.run(member);
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
