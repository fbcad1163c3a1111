// How a weight's columns are divided into strips, and the strips among threads.
#pragma once

#include "kernels.hpp"
#include "parallel.hpp"
#include "memory_pool.hpp"
#include "matrix_unit.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace foreword {
namespace FOREWORD_ISA {

// The rows that a weight multiplies.
template <class F>
struct Rows {
    const Word* words;
    std::ptrdiff_t stride;
    const float* scales;  // of each row, if F::SCALES; null for states
};

// A weight's strips, and if F::SCALES for each column its scale and the sum due to the rows' F::ZERO.
template <class F>
struct Weight {
    Word* words;
    float* scales;
    float* offsets;
};

// Strips of up to `most` vectors of units, each unit with `gates` columns: as few strips as
// possible, of nearly equal width, since a narrow one has too few independent sums. A strip has,
// for each k, its vectors of units, and for each of these its gates.
struct Strips {
    int units, gates, most;

    int vectors() const { return (units + LANES - 1) / LANES; }
    int count() const { return (vectors() + most - 1) / most; }
    // The first vector of a strip.
    int begin(int strip) const {
        const int wide = vectors() % count();
        return strip * (vectors() / count()) + (strip < wide ? strip : wide);
    }
    int width(int strip) const { return begin(strip + 1) - begin(strip); }
    int strip_of(int vector) const {
        const int width = vectors() / count(), wide = vectors() % count();
        const int edge = wide * (width + 1);
        return vector < edge ? vector / (width + 1) : wide + (vector - edge) / width;
    }
    // The number of lanes that are used in a vector of units.
    int lanes(int vector) const {
        const int left = units - vector * LANES;
        return left < LANES ? left : LANES;
    }
    // The beginning of a strip, with K words in each column.
    std::ptrdiff_t place(int strip, int K) const {
        return (std::ptrdiff_t)begin(strip) * gates * K * LANES;
    }
    std::ptrdiff_t columns() const { return (std::ptrdiff_t)vectors() * gates * LANES; }
};

// With few rows there are few independent sums, so that strips must be wider.
static inline int widest(int gates, int batch) {
    const int wanted = gates >= 3 ? 1 : 4 / gates;
    return batch <= 3 ? 2 * wanted : wanted;
}

// One thread's part of the work on all strips and rows: whole strips, and some rows of the first
// and of the last.
struct Share {
    int first, last;            // strips
    int first_row, last_row;    // of the first strip and of the last

    // Vectors of units times rows are divided evenly; only whole strips if `is_whole`.
    static Share of(const Member& member, const Strips& strips, int batch, bool is_whole = false) {
        if (is_whole) {
            return {member.first(strips.count()), member.last(strips.count()), 0, batch};
        }
        const std::int64_t total = (std::int64_t)strips.vectors() * batch;
        const std::int64_t begin = total * member.rank / member.count;
        const std::int64_t end = total * (member.rank + 1) / member.count;
        const auto row = [&](std::int64_t place, int s) {
            const int width = strips.width(s);
            return (int)((place - (std::int64_t)strips.begin(s) * batch + width - 1) / width);
        };
        if (begin == end) return {0, 0, 0, 0};
        const int first = strips.strip_of((int)(begin / batch));
        const int last = strips.strip_of((int)((end - 1) / batch));
        return {first, last + 1, row(begin, first), row(end, last)};
    }

    int begin(int strip) const { return strip == first ? first_row : 0; }
    int end(int strip, int batch) const { return strip == last - 1 ? last_row : batch; }
};

// Memory from the pool during the lifetime of this object.
class Room {
  public:
    explicit Room(std::ptrdiff_t floats) : memory_(floats > 0 ? take((std::size_t)floats) : nullptr) {}
    ~Room() {
        if (memory_) give_back(memory_);
    }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    float* get() const { return memory_; }

  private:
    float* memory_;
};

// Floats that a weight needs as strips of K words.
template <class F>
static std::ptrdiff_t room_for(const Strips& strips, int K) {
    return strips.columns() * (K + (F::SCALES ? 2 : 0));
}

template <class F>
static std::ptrdiff_t packed_floats(int units, int gates, int K) {
    return room_for<F>(Strips{units, gates, 1}, words_for<F>(K));
}

template <class F>
static Weight<F> weight_in(float* room, const Strips& strips, int K) {
    float* scales = room + strips.columns() * K;
    return {(Word*)room, scales, scales + strips.columns()};
}

// Memory for packed weights, one after the other: the caller's, or that of this object.
class Shelf {
  public:
    Shelf(const Packed& packed, std::ptrdiff_t floats)
        : packs(!packed.is_there), room_(packed.memory ? 0 : floats),
          next_(packed.memory ? packed.memory : room_.get()) {}

    const bool packs;  // whether they are yet to be packed

    template <class F>
    Weight<F> place(const Strips& strips, int K) {
        const Weight<F> weight = weight_in<F>(next_, strips, K);
        next_ += room_for<F>(strips, K);
        return weight;
    }

  private:
    Room room_;
    float* next_;
};

// Lines of a matrix, in its order or in another one.
struct Lines {
    const float* memory;
    std::ptrdiff_t width;
    const std::int64_t* order;  // or null

    const float* operator[](std::ptrdiff_t line) const {
        return memory + (order ? order[line] : line) * width;
    }
    Lines from(std::ptrdiff_t line) const {
        return order ? Lines{memory, width, order + line} : Lines{memory + line * width, width, order};
    }
};

// Rows of a weight (gates * units, K), which begins at `row`, as strips, from strip `first` to before `last`.
template <class F>
void pack_rows(const Strips& strips, const Unpacked& weight, std::ptrdiff_t row, int K, const Weight<F>& packed,
               int first, int last);

// Columns of a weight (blocks * length, units) as strips of one gate; each block begins a word.
template <class F>
void pack_columns(const Strips& strips, const Lines& weight, int blocks, int length,
                  const Weight<F>& packed, int first, int last);

// Rows (blocks, length) that are made during the loop, in a converted format: those of a step begin
// at position `place % places`. Each block begins a word; the rest of its last word is 0.
template <class F>
class Converted {
  public:
    Converted(std::ptrdiff_t places, int blocks, int length)
        : places_(std::max<std::ptrdiff_t>(places, 1)), block_(words_for<F>(length)),
          stride_((std::ptrdiff_t)blocks * block_), room_(F::CONVERTS ? places_ * stride_ : 0) {
        if constexpr (F::CONVERTS) std::memset(room_.get(), 0, sizeof(Word) * places_ * stride_);
    }
    Rows<F> at(std::ptrdiff_t place) const { return {row(place, 0), stride_, nullptr}; }
    FOREWORD_INLINE void set(std::ptrdiff_t place, int count, int block, int unit, Vec values,
                             int lanes) const {
        if constexpr (F::CONVERTS) F::set(row(place, count) + block * block_, unit, values, lanes);
    }

  private:
    Word* row(std::ptrdiff_t place, int count) const {
        return (Word*)room_.get() + (place % places_ + count) * stride_;
    }
    std::ptrdiff_t places_;
    int block_;
    std::ptrdiff_t stride_;
    Room room_;
};

// The rows themselves, if nothing is converted.
static inline Rows<Float32> plain(const float* rows, std::ptrdiff_t stride) {
    return {(const Word*)rows, stride, nullptr};
}

// One vector of units of one sequence, within the strip and the tile that were just summed.
struct Spot {
    int row, unit, lanes;
    const float* sums;  // `gates` vectors
};

// Some rows by a strip's vectors of units, and their sums.
struct Block {
    const Strips& strips;
    int row, rows, vector, vectors;
    const float* sums;

    template <class Then>
    FOREWORD_INLINE void each(Then&& then) const {
        for (int m = 0; m < rows; ++m) {
            for (int v = 0; v < vectors; ++v) {
                then(Spot{row + m, (vector + v) * LANES, strips.lanes(vector + v),
                          sums + (m * vectors + v) * strips.gates * LANES});
            }
        }
    }
};

// The memory that a kernel reads and writes for a tile, so that it can be prefetched during the
// sums: it is part of a whole sequence's memory, and not in the near caches.
struct Place {
    const float* memory;
    std::ptrdiff_t row;  // from one sequence to the next
};

class Places {
  public:
    Places() = default;
    Places(std::initializer_list<Place> places) {
        for (const Place& place : places) add(place.memory, place.row);
    }
    void add(const float* memory, std::ptrdiff_t row) {
        if (memory) places_[count_++] = {memory, row};
    }
    // Of rows (gates, units).
    void add_gates(const float* memory, int gates, int units) {
        for (int k = 0; k < gates; ++k) add(memory + k * units, (std::ptrdiff_t)gates * units);
    }
    int count() const { return count_; }
    const Place* begin() const { return places_; }
    const Place* end() const { return places_ + count_; }

    static constexpr int MOST = 16;

  private:
    Place places_[MOST];
    int count_ = 0;
};

// The function that is called for each tile of a product; it outlives the call. So products are
// compiled once, and not once for each function.
class Then {
  public:
    template <class Function>
    Then(const Function& function)
        : function_(&function), call_([](const void* function, const Block& block) {
              (*static_cast<const Function*>(function))(block);
          }) {}
    void operator()(const Block& block) const { call_(function_, block); }

  private:
    const void* function_;
    void (*call_)(const void*, const Block&);
};

// Applies one strip to rows `begin` to before `end`; `then(block)` for each tile.
template <class F>
void by_rows(const Strips& strips, int s, const Weight<F>& packed, int K, const Rows<F>& rows, int begin,
             int end, const Segment* segments, int count, const Places& places, const Then& then);

// Applies a share of the strips to its rows.
template <class F>
void by_strips(const Strips& strips, const Weight<F>& packed, int K, const Rows<F>& rows, int batch,
               const Segment* segments, int count, const Share& share, const Places& places,
               const Then& then);

// The same for rows `begin` to before `end`, without a product.
template <class Then>
static FOREWORD_INLINE void by_nothing(const Strips& strips, int begin, int end, const Share& share,
                                       Then&& then) {
    alignas(64) const float zeros[MOST * LANES] = {};
    for (int s = share.first; s < share.last; ++s) {
        for (int row = share.begin(s); row < share.end(s, end - begin); ++row) {
            then(Block{strips, begin + row, 1, strips.begin(s), strips.width(s), zeros});
        }
    }
}

// The rows of a step in the memory of all steps; see `Sizes`.
class Steps {
  public:
    explicit Steps(const Sizes& sizes)
        : T(sizes.T), B(sizes.B), begins_(sizes.begins), places_(sizes.places), idle_(sizes.idle) {}

    const int T, B;

    bool is_ragged() const { return begins_ != nullptr; }
    std::ptrdiff_t begin(int t) const { return begins_ ? begins_[t] : (std::ptrdiff_t)t * B; }
    // Sequences that have a step t.
    int count(int t) const {
        return t >= T ? 0 : begins_ ? (int)(begins_[t + 1] - begins_[t]) : B;
    }
    // The first row of the states before and after step t, where the first B are those before all.
    std::ptrdiff_t before(int t) const { return t == 0 ? 0 : B + begin(t - 1); }
    std::ptrdiff_t after(int t) const { return B + begin(t); }
    // The position of a row in the caller's memory.
    std::ptrdiff_t place(std::ptrdiff_t row) const { return places_ ? places_[row] : row; }
    const std::int64_t* places() const { return places_; }

    // Sets this thread's part of the caller's unused rows (..., width) to 0.
    void clear_idle(float* memory, std::ptrdiff_t width, const Member& member) const {
        if (!memory || idle_ == 0) return;
        const std::int64_t* idle = places_ + begin(T);
        for (int k = member.first(idle_); k < member.last(idle_); ++k) {
            std::memset(memory + idle[k] * width, 0, sizeof(float) * (std::size_t)width);
        }
    }

  private:
    const std::int64_t *begins_, *places_;
    int idle_;
};

// The effect of a mask on a vector of units. Passed by value, so that the compiler knows that no
// store changes it.
struct Masked {
    Masks masks;
    Steps steps;
    int H;

    // The factor that resets a sequence before step t; 1 if there is no reset.
    FOREWORD_INLINE Vec kept(Vec v, int t, int row) const {
        return masks.keep ? v * masks.keep[steps.begin(t) + row] : v;
    }
    FOREWORD_INLINE Vec hidden(Vec v, const Spot& at) const {
        if (!masks.drop_hidden) return v;
        return v * load(masks.drop_hidden + (std::ptrdiff_t)at.row * H + at.unit, at.lanes);
    }
    FOREWORD_INLINE Vec memory(Vec v, const Spot& at) const {
        if (!masks.drop_memory) return v;
        return v * load(masks.drop_memory + (std::ptrdiff_t)at.row * H + at.unit, at.lanes);
    }
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
