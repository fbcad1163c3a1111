// Both passes of any cell over time; gates are computed as soon as the sums of a product are known.
//
// Knows products, masks and formats. The equations are functions that are called once for each tile.
#pragma once

#include "input.hpp"
#include "quick.hpp"
#include "cells.hpp"

namespace foreword {
namespace FOREWORD_ISA {

template <class F>
class ForwardLoop {
  public:
    explicit ForwardLoop(const Forward& a)
        : a_(a), cell_(functions_of(*a.cell)), steps_(a.sizes), H_(a.sizes.H), n_(cell_.gates),
          parts_(cell_.parts()), words_(words_for<F>(H_)),
          strips_{H_, parts_ > 1 ? cell_.seeing - 1 : cell_.seeing, widest(cell_.seeing, steps_.B)},
          by_last_{H_, 1, widest(1, steps_.B)},
          shelf_(a.packed,
                 packed_floats<F>(H_, cell_.seeing, H_) + packed_floats<F>(H_, n_, a.input.size)),
          weight_(shelf_.place<F>(strips_, words_)),
          weight_last_(parts_ > 1 ? shelf_.place<F>(by_last_, words_) : weight_),
          projection_(a.input, steps_, n_, strips_, shelf_), converted_(2 * steps_.B, 1, H_),
          converted_inner_(parts_ > 1 ? steps_.B : 0, 1, H_), masked_{a.masks, steps_, H_},
          state_(cell_.has_memory() ? a.c : a.h), carries_(a.before != state_),
          hides_(a.seen != a.h && a.seen != a.c),
          sees_other_(cell_.has_memory() && !cell_.sees_memory()) {}

    void run(Member& member) const {
        prepare_all(member);
        Chunk chunk;
        for (int t = 0; t < steps_.T; ++t) {
            const int rows = steps_.count(t);
            const Share share = Share::of(member, strips_, rows);
            float* const gates = projection_.run(t, chunk, a_.gates, a_.keeps, share, member);
            const ForwardStep step = step_at(t, gates);
            const Places places = places_of(step);
            const Segment whole{0, words_};
            by_strips(strips_, weight_, words_, seen_at(t), rows, &whole, 1, share, places,
                      [&](const Block& block) {
                          cell_.forward[0](step, block);
                          if (parts_ > 1) convert_inner(t, block);
                          else pass_on(t, block);
                      });
            member.barrier.wait();
            if (parts_ == 1) continue;
            by_strips(by_last_, weight_last_, words_, inner_at(t), rows, &whole, 1,
                      Share::of(member, by_last_, rows), places, [&](const Block& block) {
                          cell_.forward[1](step, block);
                          pass_on(t, block);
                      });
            member.barrier.wait();
        }
    }

  private:
    void prepare_all(Member& member) const {
        const int first = member.first(strips_.count()), last = member.last(strips_.count());
        if (shelf_.packs) {
            pack_rows<F>(strips_, a_.weight, 0, H_, weight_, first, last);
            if (parts_ > 1) {
                pack_rows<F>(by_last_, a_.weight, strips_.gates * (std::ptrdiff_t)H_, H_, weight_last_,
                             member.first(by_last_.count()), member.last(by_last_.count()));
            }
        }
        projection_.prepare(member, first, last);
        steps_.clear_idle(a_.outputs, H_, member);
        if (prepares()) {
            const int rows = steps_.count(0);
            by_nothing(strips_, 0, rows, Share::of(member, strips_, rows), [&](const Block& block) {
                block.each([&](const Spot& at) { prepare(0, at); });
            });
        }
        member.barrier.wait();
    }

    bool prepares() const { return hides_ || carries_ || F::CONVERTS; }
    // Stores the state before step t, with resets and masks applied.
    FOREWORD_INLINE void prepare(int t, const Spot& at) const {
        const std::ptrdiff_t unit = (steps_.before(t) + at.row) * H_ + at.unit;
        const std::ptrdiff_t row = (steps_.begin(t) + at.row) * H_ + at.unit;
        Vec seen = masked_.memory(masked_.kept(load(state_ + unit, at.lanes), t, at.row), at);
        if (carries_) store(a_.before + row, seen, at.lanes);
        if (!hides_ && !F::CONVERTS) return;
        if (sees_other_) seen = masked_.kept(load(a_.h + unit, at.lanes), t, at.row);
        seen = masked_.hidden(seen, at);
        if (hides_) store(a_.seen + row, seen, at.lanes);
        converted_.set(t % 2 * steps_.B, at.row, 0, at.unit, seen, at.lanes);
    }

    // Called when a step's states have been computed.
    FOREWORD_INLINE void pass_on(int t, const Block& block) const {
        if (a_.outputs) {
            block.each([&](const Spot& at) {
                const std::ptrdiff_t place = steps_.place(steps_.begin(t) + at.row);
                const float* h = a_.h + (steps_.after(t) + at.row) * H_ + at.unit;
                store(a_.outputs + place * H_ + at.unit, load(h, at.lanes), at.lanes);
            });
        }
        if (!prepares()) return;
        const int next = steps_.count(t + 1);
        block.each([&](const Spot& at) {
            if (at.row < next) prepare(t + 1, at);
        });
    }
    FOREWORD_INLINE void convert_inner(int t, const Block& block) const {
        if constexpr (!F::CONVERTS) return;
        block.each([&](const Spot& at) {
            const float* inner = a_.inner + (steps_.begin(t) + at.row) * H_ + at.unit;
            converted_inner_.set(0, at.row, 0, at.unit, load(inner, at.lanes), at.lanes);
        });
    }

    ForwardStep step_at(int t, float* gates) const {
        const std::ptrdiff_t begin = steps_.begin(t) * H_, before = steps_.before(t) * H_;
        const std::ptrdiff_t after = steps_.after(t) * H_;
        const auto from = [](float* memory, std::ptrdiff_t at) { return memory ? memory + at : nullptr; };
        return {H_, a_.keeps, bound_of(a_.clip), a_.peepholes, a_.bias_n,
                a_.before + (carries_ ? begin : before), a_.seen + (hides_ ? begin : before), gates,
                a_.h + after, from(a_.c, after), from(a_.tanh_c, begin), from(a_.inner, begin)};
    }
    Places places_of(const ForwardStep& step) const {
        if (!a_.keeps) return {};
        Places places{{step.h, H_}, {step.c, H_}, {step.tanh_c, H_}, {step.inner, H_}};
        if (cell_.has_memory() || cell_.carries_hidden()) places.add(step.before, H_);
        places.add_gates(step.of_gates, n_, H_);
        return places;
    }
    Rows<F> seen_at(int t) const {
        if constexpr (F::CONVERTS) return converted_.at(t % 2 * steps_.B);
        else return plain(a_.seen + (hides_ ? steps_.begin(t) : steps_.before(t)) * H_, H_);
    }
    Rows<F> inner_at(int t) const {
        if constexpr (F::CONVERTS) return converted_inner_.at(0);
        else return plain(a_.inner + steps_.begin(t) * H_, H_);
    }

    const Forward& a_;
    const Cell& cell_;
    const Steps steps_;
    const int H_, n_, parts_, words_;
    const Strips strips_, by_last_;  // the latter of a second product
    Shelf shelf_;
    const Weight<F> weight_, weight_last_;
    const Projection<F> projection_;
    const Converted<F> converted_, converted_inner_;
    const Masked masked_;
    const float* const state_;
    const bool carries_, hides_;
    const bool sees_other_;  // than the state that is carried
};

template <class F>
static void forward(const Forward& a, int threads) {
    const ForwardLoop<F> loop(a);
    together(threads, [&](Member& member) { loop.run(member); });
}

template <class F>
class BackLoop {
  public:
    explicit BackLoop(const Backward& a)
        : a_(a), cell_(functions_of(*a.cell)), steps_(a.sizes), H_(a.sizes.H), n_(cell_.gates),
          parts_(cell_.parts()), words_(words_for<F>(H_)),
          K_((parts_ > 1 ? cell_.seeing - 1 : cell_.seeing) * words_),
          strips_{H_, 1, widest(1, steps_.B)}, unprojection_(a.input, steps_, n_, H_),
          room_(room_for<F>(strips_, K_)), room_last_(parts_ > 1 ? room_for<F>(strips_, words_) : 0),
          weight_(weight_in<F>(room_.get(), strips_, K_)),
          weight_last_(weight_in<F>(room_last_.get(), strips_, words_)),
          is_past_apart_(a.d_past != a.d_gates),
          converted_(unprojection_.rows_kept(), n_, H_),
          converted_past_(is_past_apart_ ? 2 * steps_.B : 0, n_, H_) {}

    void run(Member& member) const {
        pack(member);
        // One thread sums the gradients of the peepholes over all rows.
        const bool is_whole = a_.d_peepholes != nullptr;
        int end = steps_.T;
        for (int t = steps_.T - 1; t >= 0; --t) {
            const int rows = steps_.count(t), next = steps_.count(t + 1);
            const BackStep step = step_at(t);
            const Places places = places_of(step);
            const auto then = [&](const Block& block) {
                cell_.back[0](step, block);
                convert(t, block, parts_ - 1, n_);
            };
            if (next > 0) by_next(t, Share::of(member, strips_, next, is_whole), places, then);
            if (next < rows) {
                by_nothing(strips_, next, rows, Share::of(member, strips_, rows - next, is_whole), then);
            }
            member.barrier.wait();
            if (parts_ > 1) {
                const Segment last{(std::ptrdiff_t)K_, words_};
                by_strips(strips_, weight_last_, words_, d_gates_at(t), rows, &last, 1,
                          Share::of(member, strips_, rows), places, [&](const Block& block) {
                              cell_.back[1](step, block);
                              convert(t, block, 0, 1);
                          });
                member.barrier.wait();
            }
            unprojection_.run(t, end, d_gates_at(t), member);
        }
        const int rows = steps_.count(0);
        const BackStep step = step_at(-1);
        const auto finish = [&](const Block& block) { cell_.finish(step, block); };
        by_next(-1, Share::of(member, strips_, rows), {{a_.d_first_h, H_}}, finish);
        by_nothing(strips_, rows, steps_.B, Share::of(member, strips_, steps_.B - rows), finish);
    }

  private:
    void pack(Member& member) const {
        const int first = member.first(strips_.count()), last = member.last(strips_.count());
        const Lines lines{a_.weight, H_, nullptr};
        pack_columns<F>(strips_, lines, K_ / words_, H_, weight_, first, last);
        if (parts_ > 1) {
            pack_columns<F>(strips_, lines.from(K_ / words_ * H_), 1, H_, weight_last_, first, last);
        }
        unprojection_.prepare(member);
    }

    // The product of the weight and the gradients of step t + 1.
    template <class Then>
    FOREWORD_INLINE void by_next(int t, const Share& share, const Places& places, Then&& then) const {
        // A candidate that sees only the input has no part in it.
        const bool is_all = cell_.seeing == n_;
        const Segment segments[2] = {{0, is_all ? K_ : 2 * words_}, {3 * (std::ptrdiff_t)words_, words_}};
        by_strips(strips_, weight_, K_, d_past_at(t + 1), steps_.count(t + 1), segments,
                  is_all ? 1 : 2, share, places, then);
    }

    // Converts the gates from `first` to before `last`.
    FOREWORD_INLINE void convert(int t, const Block& block, int first, int last) const {
        if constexpr (!F::CONVERTS) return;
        block.each([&](const Spot& at) {
            const std::ptrdiff_t row = (steps_.begin(t) + at.row) * n_ * H_ + at.unit;
            for (int k = first; k < last; ++k) {
                const std::ptrdiff_t unit = row + (std::ptrdiff_t)k * H_;
                converted_.set(steps_.begin(t), at.row, k, at.unit, load(a_.d_gates + unit, at.lanes),
                               at.lanes);
                if (!is_past_apart_) continue;
                converted_past_.set(t % 2 * steps_.B, at.row, k, at.unit,
                                    load(a_.d_past + unit, at.lanes), at.lanes);
            }
        });
    }

    BackStep step_at(int t) const {
        if (t < 0) return {a_, steps_, masked(), t, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                           nullptr, carried()};
        const std::ptrdiff_t begin = steps_.begin(t) * H_, wide = begin * n_;
        const auto from = [&](const float* memory) { return memory ? memory + begin : nullptr; };
        const std::ptrdiff_t before = a_.carries ? begin : steps_.before(t) * H_;
        return {a_, steps_, masked(), t, a_.gates + wide, a_.before ? a_.before + before : nullptr,
                from(a_.tanh_c), from(a_.c), from(a_.inner), a_.d_gates + wide, a_.d_past + wide, carried()};
    }
    Masked masked() const { return {a_.masks, steps_, H_}; }
    // Between two steps it holds the part of the gradient that does not go through the product.
    float* carried() const { return cell_.has_memory() ? a_.d_first_c : a_.d_first_h; }
    Places places_of(const BackStep& step) const {
        const std::ptrdiff_t begin = steps_.begin(step.t) * H_;
        Places places{{step.before, H_}, {step.tanh_c, H_}, {step.inner, H_},
                      {a_.d_h ? a_.d_h + begin : step.carried, H_}};
        places.add_gates(step.gates, n_, H_);
        places.add_gates(step.d_gates, n_, H_);
        if (is_past_apart_) places.add_gates(step.d_past, n_, H_);
        return places;
    }
    Rows<F> d_gates_at(int t) const {
        if constexpr (F::CONVERTS) return converted_.at(steps_.begin(t));
        else return plain(a_.d_gates + steps_.begin(t) * n_ * H_, (std::ptrdiff_t)n_ * H_);
    }
    Rows<F> d_past_at(int t) const {
        if (!is_past_apart_) return d_gates_at(t);
        if constexpr (F::CONVERTS) return converted_past_.at(t % 2 * steps_.B);
        else return plain(a_.d_past + steps_.begin(t) * n_ * H_, (std::ptrdiff_t)n_ * H_);
    }

    const Backward& a_;
    const Cell& cell_;
    const Steps steps_;
    const int H_, n_, parts_, words_, K_;
    const Strips strips_;
    const Unprojection<F> unprojection_;
    const Room room_, room_last_;
    const Weight<F> weight_, weight_last_;
    const bool is_past_apart_;
    const Converted<F> converted_, converted_past_;
};

template <class F>
static void back(const Backward& a, int threads) {
    const BackLoop<F> loop(a);
    together(threads, [&](Member& member) { loop.run(member); });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
