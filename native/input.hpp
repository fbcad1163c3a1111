// What the inputs give to the gates, and the way back to them.
//
// A few steps at a time, by the threads that go on with it: it is still in their caches when the
// loop over time comes to it.
#pragma once

#include "strips.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// Gates (steps, B, n, H) = W_ih x + b.
template <class F>
class Projection {
  public:
    Projection(const Input& input, const Sizes& sizes, int gates, int width)
        : chunk(steps_at_once(sizes.T, sizes.B)), input_(input), T_(sizes.T), B_(sizes.B),
          gates_(gates), words_(words_for<F>(input.size)), strips_{sizes.H, gates, width},
          room_(room_for<F>(strips_, words_)), weight_(weight_in<F>(room_.get(), strips_, words_)),
          rows_(F::CONVERTS ? (std::ptrdiff_t)T_ * B_ * words_ : 0),
          scales_(F::SCALES ? (std::ptrdiff_t)T_ * B_ : 0) {}

    const int chunk;  // steps at once

    // The thread's part of what must be there before `run`.
    void prepare(const Member& member, int first, int last) const {
        pack_rows<F>(strips_, input_.weight, input_.size, weight_, first, last);
        if constexpr (!F::CONVERTS) return;
        const int I = input_.size;
        for (int row = member.first(T_ * B_); row < member.last(T_ * B_); ++row) {
            const float* x = input_.x + (std::ptrdiff_t)row * I;
            Word* to = (Word*)rows_.get() + (std::ptrdiff_t)row * words_;
            to[words_ - 1] = 0;
            float shrink = 1.0f;
            if constexpr (F::SCALES) {
                float largest = 0.0f;
                for (int k = 0; k < I; ++k) largest = std::max(largest, std::fabs(x[k]));
                scales_.get()[row] = largest / 127.0f;
                shrink = largest > 0.0f ? 1.0f / largest : 0.0f;
            }
            for (int k = 0; k < I; k += LANES) {
                const int lanes = std::min(LANES, I - k);
                F::set(to, k, load(x + k, lanes) * shrink, lanes);
            }
        }
    }

    // For step t and those after it, if t is the first of a chunk; `into` are step t's gates.
    void run(int t, float* into, const Share& share) const {
        if (t % chunk != 0) return;
        const int steps = std::min(chunk, T_ - t), H = strips_.units, gates = gates_;
        const std::ptrdiff_t wide = (std::ptrdiff_t)gates * H;
        const Rows<F> rows = rows_from(t * B_);
        const Segment whole{0, words_};
        const float* all_bias = input_.bias;
        const auto then = [&](const Spot& at) {
            float* to = into + at.row * wide + at.unit;
            const float* bias = all_bias + at.unit;
            for (int g = 0; g < gates; ++g) {
                const Vec sum = load(at.sums + g * LANES) + load(bias + g * H, at.lanes);
                store(to + g * H, sum, at.lanes);
            }
        };
        const std::ptrdiff_t second = gates > 1 ? H : 0, third = gates > 2 ? 2 * H : 0;
        const Place places[] = {Place{into, wide}, Place{into + second, wide},
                                Place{into + third, wide}, Place{into + (gates - 1) * H, wide}};
        for (int s = share.first; s < share.last; ++s) {
            const int begin = share.begin(s), end = share.end(s, B_);
            const bool all = begin == 0 && end == B_;
            for (int k = 0; k < (all ? 1 : steps); ++k) {
                by_rows(strips_, s, weight_, words_, rows, k * B_ + begin,
                        all ? steps * B_ : k * B_ + end, &whole, 1, places, then);
            }
        }
    }

  private:
    Rows<F> rows_from(int row) const {
        if constexpr (F::CONVERTS) {
            const float* scales = F::SCALES ? scales_.get() + row : nullptr;
            return {(const Word*)rows_.get() + (std::ptrdiff_t)row * words_, words_, scales};
        } else {
            return plain(input_.x + (std::ptrdiff_t)row * input_.size, input_.size);
        }
    }

    const Input& input_;
    int T_, B_, gates_, words_;
    Strips strips_;
    Room room_;
    Weight<F> weight_;
    Room rows_, scales_;
};

// d_x (T, B, I) from rows of d_gates (T, B, n, H); nothing where d_x is null.
template <class F>
class Unprojection {
  public:
    Unprojection(const InputBack& input, const Sizes& sizes, int gates)
        : chunk(steps_at_once(sizes.T, sizes.B)), input_(input), T_(sizes.T), B_(sizes.B),
          gates_(gates), H_(sizes.H), words_(gates * words_for<F>(sizes.H)),
          strips_{input.size, 1, widest(1, B_ * chunk)},
          room_(input.d_x ? room_for<F>(strips_, words_) : 0),
          weight_(weight_in<F>(room_.get(), strips_, words_)) {}

    const int chunk;

    void prepare(const Member& member) const {
        if (!input_.d_x) return;
        pack_columns<F>(strips_, input_.weight, gates_, H_, weight_, member.first(strips_.count()),
                        member.last(strips_.count()));
    }

    // For the steps from t on, once all their gates' gradients are there, if t begins a chunk.
    void run(int t, const Rows<F>& d_gates, const Member& member) const {
        if (!input_.d_x || t % chunk != 0) return;
        const int rows = std::min(chunk, T_ - t) * B_;
        const std::ptrdiff_t I = input_.size;
        float* d_x = input_.d_x + (std::ptrdiff_t)t * B_ * I;
        const Segment whole{0, words_};
        by_strips(strips_, weight_, words_, d_gates, rows, &whole, 1,
                  Share::of(member, strips_, rows), {Place{d_x, I}}, [&](const Spot& at) {
                      store(d_x + at.row * I + at.unit, load(at.sums), at.lanes);
                  });
    }

  private:
    const InputBack& input_;
    int T_, B_, gates_, H_, words_;
    Strips strips_;
    Room room_;
    Weight<F> weight_;
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
