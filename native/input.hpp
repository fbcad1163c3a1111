// The products of the inputs for the gates, and their backward pass.
//
// They are computed a few steps at a time, by the threads that use them, so that they are still in
// their caches when the loop over time reads them.
#pragma once

#include "strips.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// Steps whose product with the weight of the inputs is made at once. Each thread has its own.
struct Chunk {
    int first = 0, end = 0;
};

// Gates (steps, B, n, H) = W_ih x + b.
template <class F>
class Projection {
  public:
    Projection(const Input& input, const Steps& steps, int gates, const Strips& like, Shelf& shelf)
        : input_(input), steps_(steps), gates_(gates), copies_(F::CONVERTS || steps.places()),
          packs_(shelf.packs), words_(words_for<F>(input.size)),
          strips_{like.units, gates, like.most}, weight_(shelf.place<F>(strips_, words_)),
          rows_(copies_ ? steps.begin(steps.T) * words_ : 0),
          scales_(F::SCALES ? steps.begin(steps.T) : 0) {}

    // The thread's part of the preparation before `run`.
    void prepare(const Member& member, int first, int last) const {
        if (input_.size == 0) return;
        if (packs_) pack_rows<F>(strips_, input_.weight, 0, input_.size, weight_, first, last);
        if (!copies_) return;
        const int I = input_.size, all = (int)steps_.begin(steps_.T);
        for (int row = member.first(all); row < member.last(all); ++row) {
            const float* x = input_.x + steps_.place(row) * I;
            Word* to = (Word*)rows_.get() + (std::ptrdiff_t)row * words_;
            to[words_ - 1] = 0;
            float shrink = 1.0f;
            if constexpr (F::SCALES) {
                const auto [largest, wrong] = extent_of(x, I);
                scales_.get()[row] = largest / 127.0f + wrong;
                shrink = largest > 0.0f ? 1.0f / largest : 0.0f;
            }
            for (int k = 0; k < I; k += LANES) {
                const int lanes = std::min(LANES, I - k);
                F::set(to, k, load(x + k, lanes) * shrink, lanes);
            }
        }
    }

    // Step t's gates, in memory for all steps or only for those of a chunk. They are computed for
    // several steps at once when the first of these is needed.
    float* run(int t, Chunk& chunk, float* memory, bool has_all, const Share& share,
               const Member& member) const {
        if (input_.size == 0) return memory;  // the caller has made them
        const std::ptrdiff_t wide = (std::ptrdiff_t)gates_ * strips_.units;
        if (t == chunk.end) {
            chunk.first = t;
            const auto rows = [&] { return steps_.begin(chunk.end) - steps_.begin(t); };
            while (chunk.end < steps_.T && rows() < ENOUGH_ROWS) ++chunk.end;
            float* const into = has_all ? memory + steps_.begin(t) * wide : memory;
            if (steps_.is_ragged()) {
                // Other steps' rows are other threads'.
                multiply_all(t, (int)rows(), into, has_all, member);
                member.barrier.wait();
            } else {
                multiply_shared(t, chunk.end - t, into, has_all, share);
            }
        }
        return memory + (steps_.begin(t) - (has_all ? 0 : steps_.begin(chunk.first))) * wide;
    }

  private:
    void multiply_all(int t, int rows, float* into, bool has_all, const Member& member) const {
        const Share share = Share::of(member, strips_, rows);
        for (int s = share.first; s < share.last; ++s) {
            multiply(s, t, share.begin(s), share.end(s, rows), into, has_all);
        }
    }

    // The rows of each step that this thread uses.
    void multiply_shared(int t, int steps, float* into, bool has_all, const Share& share) const {
        const int B = steps_.B;
        for (int s = share.first; s < share.last; ++s) {
            const int begin = share.begin(s), end = share.end(s, B);
            const bool all = begin == 0 && end == B;
            for (int k = 0; k < (all ? 1 : steps); ++k) {
                multiply(s, t, k * B + begin, all ? steps * B : k * B + end, into, has_all);
            }
        }
    }

    // Rows `begin` to before `end`, counted from step t's first, by a strip.
    void multiply(int s, int t, int begin, int end, float* into, bool has_all) const {
        const int H = strips_.units, gates = gates_;
        const std::ptrdiff_t wide = (std::ptrdiff_t)gates * H;
        const Segment whole{0, words_};
        const float* all_bias = input_.bias;
        Places places;
        if (has_all) places.add_gates(into, gates, H);  // a chunk's are in the cache
        by_rows(strips_, s, weight_, words_, rows_from(steps_.begin(t)), begin, end, &whole, 1, places,
                [&](const Block& block) {
                    block.each([&](const Spot& at) {
                        float* to = into + at.row * wide + at.unit;
                        const float* bias = all_bias + at.unit;
                        for (int g = 0; g < gates; ++g) {
                            const Vec sum = load(at.sums + g * LANES) + load(bias + g * H, at.lanes);
                            store(to + g * H, sum, at.lanes);
                        }
                    });
                });
    }

    Rows<F> rows_from(std::ptrdiff_t row) const {
        if (!copies_) return {(const Word*)input_.x + row * input_.size, input_.size, nullptr};
        const float* scales = F::SCALES ? scales_.get() + row : nullptr;
        return {(const Word*)rows_.get() + row * words_, words_, scales};
    }

    const Input& input_;
    const Steps& steps_;
    int gates_;
    bool copies_, packs_;
    int words_;
    Strips strips_;
    Weight<F> weight_;
    Room rows_, scales_;
};

// d_x (T, B, I) from rows of d_gates (T, B, n, H); nothing where d_x is null.
template <class F>
class Unprojection {
  public:
    Unprojection(const InputBack& input, const Steps& steps, int gates, int H)
        : input_(input), steps_(steps), chunk_(steps_at_once(steps.T, steps.B)), gates_(gates),
          H_(H), words_(gates * words_for<F>(H)),
          strips_{input.size, 1, widest(1, steps.B * chunk_)},
          room_(input.d_x ? room_for<F>(strips_, words_) : 0),
          weight_(weight_in<F>(room_.get(), strips_, words_)) {}

    // The number of rows of d_gates that are converted together.
    std::ptrdiff_t rows_kept() const {
        return steps_.is_ragged() ? steps_.begin(steps_.T) : 2 * (std::ptrdiff_t)chunk_ * steps_.B;
    }

    void prepare(const Member& member) const {
        if (!input_.d_x) return;
        steps_.clear_idle(input_.d_x, input_.size, member);
        pack_columns<F>(strips_, {input_.weight, input_.size, nullptr}, gates_, H_, weight_,
                        member.first(strips_.count()), member.last(strips_.count()));
    }

    // For the steps from t to before `end`, once there are enough; then `end` becomes t.
    void run(int t, int& end, const Rows<F>& d_gates, const Member& member) const {
        const int rows = (int)(steps_.begin(end) - steps_.begin(t));
        const bool is_enough =
            steps_.is_ragged() ? t == 0 || rows >= ENOUGH_ROWS : t % chunk_ == 0;
        if (!input_.d_x || !is_enough) return;
        end = t;
        const std::ptrdiff_t I = input_.size, first = steps_.begin(t);
        const Segment whole{0, words_};
        by_strips(strips_, weight_, words_, d_gates, rows, &whole, 1,
                  Share::of(member, strips_, rows), {{input_.d_x + first * I, I}},
                  [&](const Block& block) {
                      block.each([&](const Spot& at) {
                          store(input_.d_x + steps_.place(first + at.row) * I + at.unit,
                                load(at.sums), at.lanes);
                      });
                  });
    }

  private:
    const InputBack& input_;
    const Steps& steps_;
    int chunk_, gates_, H_, words_;
    Strips strips_;
    Room room_;
    Weight<F> weight_;
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
