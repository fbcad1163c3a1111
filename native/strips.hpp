// How a weight's columns are cut into strips, and shared out among threads.
#pragma once

#include "kernels.hpp"
#include "parallel.hpp"
#include "product.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// Strips of up to `most` vectors of units, each unit with `gates` columns; the last may be narrower.
// In a strip follow, for each k, its vectors of units, and for each of them its gates.
struct Strips {
    int units, gates, most;

    int vectors() const { return (units + LANES - 1) / LANES; }
    int count() const { return (vectors() + most - 1) / most; }
    int width(int strip) const {
        const int left = vectors() - strip * most;
        return left < most ? left : most;
    }
    // Lanes of a vector of units that are there.
    int lanes(int vector) const {
        const int left = units - vector * LANES;
        return left < LANES ? left : LANES;
    }
    std::ptrdiff_t place(int strip, int K) const {
        return (std::ptrdiff_t)strip * most * gates * K * LANES;
    }
};

// Few rows leave few sums to work on at once, so that strips must be wider.
static int widest(int gates, int batch) {
    const int wanted = gates >= 3 ? 1 : 4 / gates;
    return batch <= 3 ? 2 * wanted : wanted;
}

// Part of the work on all strips and rows that is one thread's: whole strips, and some rows of the
// first and of the last.
struct Share {
    int first, last;            // strips
    int first_row, last_row;    // of the first strip and of the last

    // Vectors of units times rows are shared out evenly; only whole strips if `is_whole`.
    static Share of(const Member& member, const Strips& strips, int batch, bool is_whole = false) {
        if (is_whole) {
            return {member.first(strips.count()), member.last(strips.count()), 0, batch};
        }
        const std::int64_t total = (std::int64_t)strips.vectors() * batch;
        const std::int64_t begin = total * member.rank / member.count;
        const std::int64_t end = total * (member.rank + 1) / member.count;
        const std::int64_t strip = (std::int64_t)strips.most * batch;
        const auto row = [&](std::int64_t place, std::int64_t s) {
            const int width = strips.width((int)s);
            return (int)((place - s * strip + width - 1) / width);
        };
        if (begin == end) return {0, 0, 0, 0};
        const std::int64_t first = begin / strip, last = (end - 1) / strip;
        return {(int)first, (int)last + 1, row(begin, first), row(end, last)};
    }

    int begin(int strip) const { return strip == first ? first_row : 0; }
    int end(int strip, int batch) const { return strip == last - 1 ? last_row : batch; }
};

// Rows of a weight (gates * units, K) as strips, from strip `first` to before `last`; `row` values
// lie from one row to the next.
static void pack_rows(const Strips& strips, const float* weight, int K, float* packed, int first,
                      int last, std::ptrdiff_t row) {
    for (int s = first; s < last; ++s) {
        float* to = packed + strips.place(s, K);
        const int width = strips.width(s), columns = width * strips.gates;
        for (int v = 0; v < width; ++v) {
            const int vector = s * strips.most + v, lanes = strips.lanes(vector);
            for (int g = 0; g < strips.gates; ++g) {
                const float* from = weight + ((std::ptrdiff_t)g * strips.units + vector * LANES) * row;
                float* column = to + (v * strips.gates + g) * LANES;
                // A few lines of the strip at a time, which stay in the nearest cache meanwhile.
                for (int k0 = 0; k0 < K; k0 += 32) {
                    const int k1 = k0 + 32 < K ? k0 + 32 : K;
                    for (int l = 0; l < LANES; ++l) {
                        float* here = column + (std::ptrdiff_t)k0 * columns * LANES + l;
                        for (int k = k0; k < k1; ++k, here += columns * LANES) {
                            *here = l < lanes ? from[l * row + k] : 0.0f;
                        }
                    }
                }
            }
        }
    }
}

// Columns of a weight (K, units) as strips; one gate.
static void pack_columns(const Strips& strips, const float* weight, int K, float* packed, int first,
                         int last, std::ptrdiff_t row) {
    for (int s = first; s < last; ++s) {
        float* to = packed + strips.place(s, K);
        const int width = strips.width(s), from = s * strips.most;
        for (int k = 0; k < K; ++k) {
            const float* values = weight + k * row;
            for (int v = 0; v < width; ++v, to += LANES) {
                store(to, load(values + (from + v) * LANES, strips.lanes(from + v)));
            }
        }
    }
}

// One vector of units of one sequence, within the strip and the tile that were just summed up.
struct Spot {
    int row, unit, lanes;
    const float* sums;  // `gates` vectors
};

// Where a kernel reads and writes at a spot, so that it can be fetched while the sums are made: the
// memory is as large as a whole sequence's, and comes from afar.
struct Place {
    const float* memory;
    std::ptrdiff_t row;  // from one sequence to the next
};

// Applies one strip to rows `begin` to before `end`; `then(spot)` for each vector of units.
template <int P, class Then>
static FOREWORD_INLINE void by_rows(const Strips& strips, int s, const float* packed, int K,
                                    const float* rows, std::ptrdiff_t stride, int begin, int end,
                                    const Segment* segments, int count, const Place (&places)[P],
                                    Then&& then) {
    const int width = strips.width(s), columns = width * strips.gates;
    by_strip(rows + begin * stride, stride, end - begin, segments, count,
             packed + strips.place(s, K), columns,
             [&](int row, int height) {
                 for (int m = 0; m < height; ++m) {
                     for (const Place& place : places) {
                         const float* at = place.memory + (begin + row + m) * place.row;
                         for (int v = 0; v < width; ++v) {
                             __builtin_prefetch(at + (s * strips.most + v) * LANES, 1);
                         }
                     }
                 }
             },
             [&](int row, int height, const float* sums) {
                 for (int m = 0; m < height; ++m) {
                     for (int v = 0; v < width; ++v) {
                         const int vector = s * strips.most + v;
                         then(Spot{begin + row + m, vector * LANES, strips.lanes(vector),
                                   sums + (m * columns + v * strips.gates) * LANES});
                     }
                 }
             });
}

// Applies a share of the strips to its rows.
template <int P, class Then>
static FOREWORD_INLINE void by_strips(const Strips& strips, const float* packed, int K,
                                      const float* rows, std::ptrdiff_t stride, int batch,
                                      const Segment* segments, int count, const Share& share,
                                      const Place (&places)[P], Then&& then) {
    for (int s = share.first; s < share.last; ++s) {
        by_rows(strips, s, packed, K, rows, stride, share.begin(s), share.end(s, batch), segments,
                count, places, then);
    }
}

// The same where there is nothing to sum up yet.
template <class Then>
static FOREWORD_INLINE void by_nothing(const Strips& strips, int batch, const Share& share,
                                       Then&& then) {
    alignas(64) const float zeros[MOST * LANES] = {};
    for (int s = share.first; s < share.last; ++s) {
        for (int row = share.begin(s); row < share.end(s, batch); ++row) {
            for (int v = 0; v < strips.width(s); ++v) {
                const int vector = s * strips.most + v;
                then(Spot{row, vector * LANES, strips.lanes(vector), zeros});
            }
        }
    }
}

// What a mask does to a vector of units.
struct Masked {
    const Masks& masks;
    int B, H;

    // The product with what resets a sequence before step t; 1 where nothing does.
    FOREWORD_INLINE Vec kept(Vec v, int t, int row) const {
        return masks.keep ? v * masks.keep[(std::ptrdiff_t)t * B + row] : v;
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
