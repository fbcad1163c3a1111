// Any cell over time in stages; equations in foreword/cells.
#pragma once

#include "input.hpp"
#include "norm.hpp"
#include "staged.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// (1 - share) fresh + share old; as fresh + share (old - fresh), where nothing stays exactly that.
static FOREWORD_INLINE Vec zoned(const Zone& zone, std::ptrdiff_t row, int unit, int lanes, Vec old,
                                 Vec fresh) {
    if (!zone.share) return fresh;
    const Vec share = load(zone.share + row * zone.row + unit, lanes);
    return choose(share == 1.0f, old, fresh + share * (old - fresh));
}

// Vectors of units of a row, each as a spot without sums.
template <class Then>
static FOREWORD_INLINE void along(int row, int units, Then&& then) {
    for (int unit = 0; unit < units; unit += LANES) {
        then(Spot{row, unit, std::min(LANES, units - unit), nullptr});
    }
}

// The equations of one step on one row, up to a projection.
template <class F>
class StagedRow {
  public:
    StagedRow(const Staged& a, const Steps& steps)
        : a_(a), form_(a.form), steps_(steps), H_(a.form.sizes.H), n_(a.form.gates()),
          seeing_(a.form.seeing()), masked_h_{a.form.masks, steps, a.form.seen()},
          masked_c_{a.form.masks, steps, H_} {}

    // What step t finds of h (B, P) or of the memory, of those before it.
    FOREWORD_INLINE Vec hidden_before(int t, const Spot& at) const {
        const std::ptrdiff_t row = steps_.before(t) + at.row;
        return masked_h_.kept(load(a_.h + row * form_.outputs() + at.unit, at.lanes), t, at.row);
    }
    FOREWORD_INLINE Vec memory_before(int t, const Spot& at) const {
        const std::ptrdiff_t row = steps_.before(t) + at.row;
        const Vec c = load(a_.c + row * H_ + at.unit, at.lanes);
        return masked_c_.memory(masked_c_.kept(c, t, at.row), at);
    }

    // `u`, what is projected or is h, by units: then(spot, u).
    template <class Then>
    void run(int t, int row, float* gates, const Then& then) const {
        const std::ptrdiff_t kept = a_.keeps ? steps_.begin(t) + row : row;
        float* past = a_.past + kept * seeing_ * H_;
        float* input = gates;
        if (form_.normalises()) {
            if (a_.keeps) {
                input = a_.hat_input + kept * n_ * H_;
                std::memcpy(input, gates, sizeof(float) * (std::size_t)n_ * (std::size_t)H_);
            }
            normalise_both(input, past, a_.scales + kept * 5);
        }
        if (form_.is_lstm()) {
            lstm(t, row, kept, gates, input, past, then);
        } else if (form_.kind == GRU_KIND) {
            gru(t, row, kept, gates, input, past, then);
        } else {
            along(row, H_, [&](const Spot& at) {
                const Vec sum = load(input + at.unit, at.lanes) + load(past + at.unit, at.lanes);
                const Vec u = form_.kind == RELU_KIND ? choose(sum > 0.0f, sum, sum * 0.0f)
                                                      : hyperbolic_tangent(sum);
                store(gates + at.unit, u, at.lanes);
                then(at, u);
            });
        }
    }

  private:
    void normalise_both(float* input, float* past, float* scales) const {
        const int first = form_.kind == GRU_KIND ? 2 * H_ : n_ * H_, rest = n_ * H_ - first;
        scales[0] = normalise(input, first), scales[2] = normalise(past, first);
        if (rest == 0) return;
        scales[1] = normalise(input + first, rest), scales[3] = normalise(past + first, rest);
    }

    // What goes into gate k, from the input and from the past.
    FOREWORD_INLINE Vec affine(const Norm& norm, const float* from, int k, const Spot& at) const {
        const Vec v = load(from + k * H_ + at.unit, at.lanes);
        if (!norm.gain) return v;
        return v * load(norm.gain + k * H_ + at.unit, at.lanes) +
               load(norm.bias + k * H_ + at.unit, at.lanes);
    }

    template <class Then>
    void lstm(int t, int row, std::ptrdiff_t kept, float* gates, const float* input,
              const float* past, const Then& then) const {
        const float* p = form_.peepholes;
        const bool coupled = form_.kind == COUPLED_KIND, norms = form_.normalises();
        float* hat = norms ? a_.hat_memory + kept * H_ : nullptr;
        const auto show = [&](const Spot& at, Vec o, Vec c) {
            const Vec tanh_c = hyperbolic_tangent(c);
            if (a_.keeps) store(a_.tanh_c + kept * H_ + at.unit, tanh_c, at.lanes);
            then(at, o * tanh_c);
        };
        along(row, H_, [&](const Spot& at) {
            const auto sum = [&](int gate, int seeing) {
                return affine(form_.norm_input, input, gate, at) +
                       affine(form_.norm_past, past, seeing, at);
            };
            const Vec before = memory_before(t, at);
            Vec i = {}, a_f, a_g, a_o;
            if (coupled) {
                a_f = sum(0, 0), a_g = sum(1, 1), a_o = sum(2, 2);
            } else {
                Vec a_i = sum(0, 0);
                a_f = sum(1, 1);
                a_g = form_.sees_memory ? affine(form_.norm_input, input, 2, at) : sum(2, 2);
                a_o = sum(3, form_.sees_memory ? 2 : 3);
                if (p) {
                    a_i += load(p + at.unit, at.lanes) * before;
                    a_f += load(p + H_ + at.unit, at.lanes) * before;
                }
                i = sigmoid(a_i);
                store(gates + at.unit, i, at.lanes);
            }
            const Vec f = sigmoid(a_f), g = hyperbolic_tangent(a_g);
            const Vec made = coupled ? g + f * (before - g) : f * before + i * g;
            const Vec c = within(made, bound_of(form_.clip));
            if (p) a_o += load(p + 2 * H_ + at.unit, at.lanes) * c;
            const Vec o = sigmoid(a_o);
            store(gates + (n_ - 3) * H_ + at.unit, f, at.lanes);
            store(gates + (n_ - 2) * H_ + at.unit, g, at.lanes);
            store(gates + (n_ - 1) * H_ + at.unit, o, at.lanes);
            keep_memory(t, row, kept, at, before, c);
            if (norms) store(hat + at.unit, c, at.lanes);
            else show(at, o, c);
        });
        if (!norms) return;
        a_.scales[kept * 5 + 4] = normalise(hat, H_);
        along(row, H_, [&](const Spot& at) {
            show(at, load(gates + (n_ - 1) * H_ + at.unit, at.lanes),
                 affine(form_.norm_memory, hat, 0, at));
        });
    }

    template <class Then>
    void gru(int t, int row, std::ptrdiff_t kept, float* gates, const float* input,
             const float* past, const Then& then) const {
        along(row, H_, [&](const Spot& at) {
            const auto in = [&](int k) { return affine(form_.norm_input, input, k, at); };
            const auto by = [&](int k) { return affine(form_.norm_past, past, k, at); };
            const Vec r = sigmoid(in(0) + by(0)), z = sigmoid(in(1) + by(1));
            Vec inner = by(2);
            if (form_.bias_n) inner += load(form_.bias_n + at.unit, at.lanes);
            const Vec n = hyperbolic_tangent(in(2) + r * inner);
            const Vec before = form_.has_memory() ? memory_before(t, at) : hidden_before(t, at);
            const Vec u = n + z * (before - n);
            store(gates + at.unit, r, at.lanes);
            store(gates + H_ + at.unit, z, at.lanes);
            store(gates + 2 * H_ + at.unit, n, at.lanes);
            if (form_.has_memory()) keep_memory(t, row, kept, at, before, u);
            then(at, u);
        });
    }

    FOREWORD_INLINE void keep_memory(int t, int row, std::ptrdiff_t kept, const Spot& at, Vec before,
                                     Vec c) const {
        if (a_.fresh) store(a_.fresh + kept * H_ + at.unit, c, at.lanes);
        c = zoned(form_.zone_memory, steps_.begin(t) + row, at.unit, at.lanes, before, c);
        store(a_.c + (steps_.after(t) + row) * H_ + at.unit, c, at.lanes);
    }

    const Staged& a_;
    const Form& form_;
    const Steps& steps_;
    int H_, n_, seeing_;
    Masked masked_h_, masked_c_;
};

template <class F>
static void staged(const Staged& a, int threads) {
    const Form& form = a.form;
    const Steps steps(form.sizes);
    const int T = steps.T, B = steps.B, H = form.sizes.H, P = form.outputs(), S = form.seen();
    const int n = form.gates(), seeing = form.seeing();
    const bool projects = form.projected > 0;
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
    const StagedRow<F> equations(a, steps);

    // What step t sees of the state before it.
    const auto prepare = [&](int t, const Spot& at, Vec seen) {
        seen = masked.hidden(seen, at);
        if (hides) store(a.seen + (steps.begin(t) + at.row) * S + at.unit, seen, at.lanes);
        converted.set(t % 2 * B, at.row, 0, at.unit, seen, at.lanes);
    };
    const auto prepare_memory = [&](int t, int row) {
        along(row, H, [&](const Spot& at) { prepare(t, at, equations.memory_before(t, at)); });
    };
    const auto seen_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted.at(t % 2 * B);
        else return plain(a.seen + (hides ? steps.begin(t) : steps.before(t)) * S, S);
    };
    const auto units_at = [&](int t) {
        if constexpr (F::CONVERTS) return converted_units.at(0);
        else return plain(a.units + (a.keeps ? steps.begin(t) : 0) * H, H);
    };
    // h after step t, from what it came to.
    const auto finish = [&](int t, const Spot& at, Vec h) {
        const std::ptrdiff_t row = steps.begin(t) + at.row;
        if (form.zone_hidden.share) {
            const Vec before = equations.hidden_before(t, at);
            h = zoned(form.zone_hidden, row, at.unit, at.lanes, before, h);
        }
        store(a.h + (steps.after(t) + at.row) * P + at.unit, h, at.lanes);
        if (a.outputs) store(a.outputs + steps.place(row) * P + at.unit, h, at.lanes);
        if (prepares && !form.sees_memory && at.row < steps.count(t + 1)) {
            prepare(t + 1, at, masked.kept(h, t + 1, at.row));
        }
    };

    together(threads, [&](Member& member) {
        const int first = member.first(strips.count()), last = member.last(strips.count());
        if (shelf.packs) pack_rows<F>(strips, form.weight, S, weight, first, last);
        projection.prepare(member, first, last);
        if (shelf.packs && projects) {
            pack_rows<F>(into_h, form.projection, H, weight_hr, member.first(into_h.count()),
                         member.last(into_h.count()));
        }
        steps.clear_idle(a.outputs, P, member);
        const int rows_first = prepares ? steps.count(0) : 0;
        for (int row = member.first(rows_first); row < member.last(rows_first); ++row) {
            if (form.sees_memory) {
                prepare_memory(0, row);
            } else {
                along(row, P, [&](const Spot& at) {
                    prepare(0, at, equations.hidden_before(0, at));
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
                      {Place{past_now, wide}}, [&](const Spot& at) {
                          float* to = past_now + at.row * wide + at.unit;
                          for (int k = 0; k < seeing; ++k) {
                              store(to + k * H, load(at.sums + k * LANES), at.lanes);
                          }
                      });
            member.barrier.wait();
            for (int row = member.first(rows); row < member.last(rows); ++row) {
                float* const units =
                    projects ? a.units + ((a.keeps ? steps.begin(t) : 0) + row) * H : nullptr;
                float* const gates = gates_now + (std::ptrdiff_t)row * n * H;
                equations.run(t, row, gates, [&](const Spot& at, Vec u) {
                    if (!projects) return finish(t, at, u);
                    store(units + at.unit, u, at.lanes);
                    converted_units.set(0, row, 0, at.unit, u, at.lanes);
                });
                if (prepares && form.sees_memory && row < next) prepare_memory(t + 1, row);
            }
            member.barrier.wait();
            if (!projects) continue;
            by_strips(into_h, weight_hr, unit_words, units_at(t), rows, &all_units, 1,
                      Share::of(member, into_h, rows),
                      {Place{a.h + steps.after(t) * P, P}},
                      [&](const Spot& at) { finish(t, at, load(at.sums)); });
            member.barrier.wait();
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
