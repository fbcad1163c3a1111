// The product of a few rows by a packed weight, which every step of every cell is made of.
#pragma once

#include "format.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// A packed weight (K words, columns) is cut into strips of up to MOST vectors of columns; a strip
// holds its columns' words for k = 0, 1, ... one after the other, so that it is read as one stream.
constexpr int MOST = 8;
constexpr int MOST_ROWS = 8;

// As many rows at once as leave every sum in a register.
constexpr int rows_for(int vectors) {
    const int fit = (REGISTERS - vectors - 1) / vectors;
    return fit < 1 ? 1 : fit > MOST_ROWS ? MOST_ROWS : fit;
}

// Memory that will be wanted after a tile: fetched line by line while the sums are made, where
// there is much of it. All at once would be more than a core can wait for, and what it cannot it forgets.
struct Ahead {
    const float* const* lines;
    int count;
};

// sums (M, N) += row k of `rows` by line k of a strip.
template <class F, int M, int N>
static FOREWORD_INLINE void accumulate_one(const Word* rows, std::ptrdiff_t stride,
                                           const Word* strip, int k,
                                           typename F::Sum (&sums)[M][N]) {
    Bits w[N];
    if constexpr (M == 1 && F::GROUP <= 2) {
        // One row is bound by reading the weights, from a cache too far for the processor's own
        // foresight.
        constexpr std::ptrdiff_t AHEAD = 4096 / sizeof(Word);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) {
            __builtin_prefetch(strip + ((std::ptrdiff_t)k * N + n) * LANES + AHEAD);
        }
    }
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) w[n] = load_words(strip + ((std::ptrdiff_t)k * N + n) * LANES);
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
        const Word word = rows[m * stride + k];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) sums[m][n] = F::multiply_add(sums[m][n], word, w[n]);
    }
}

// sums (M, N) += rows (M, K) by a strip (K, N). Each sum adds k = 0, 1, ... in this order whatever
// M and N are, so that no result depends on how work is cut.
template <class F, bool FETCHES, int M, int N>
static FOREWORD_INLINE void accumulate(const Word* rows, std::ptrdiff_t stride, const Word* strip,
                                       int K, Ahead& ahead, typename F::Sum (&sums)[M][N]) {
    int k = 0;
    if constexpr (FETCHES) {
        const int fetched = ahead.count < K ? ahead.count : K;
        for (; k < fetched; ++k) {
            __builtin_prefetch(ahead.lines[k], 1);
            accumulate_one<F, M, N>(rows, stride, strip, k, sums);
        }
        ahead = {ahead.lines + fetched, ahead.count - fetched};
    }
    for (; k < K; ++k) accumulate_one<F, M, N>(rows, stride, strip, k, sums);
}

struct Segment {
    // Part of a row that a strip is applied to: `length` words from `offset` on.
    std::ptrdiff_t offset;
    int length;
};

// into (M, N vectors) = the sum over segments; the strip goes on from segment to segment.
template <class F, bool FETCHES, int M, int N>
static void tile(const Word* rows, std::ptrdiff_t stride, const Segment* segments, int count,
                 const Word* strip, Ahead ahead, float* into) {
    typename F::Sum sums[M][N] = {};
    for (int s = 0; s < count; ++s) {
        accumulate<F, FETCHES, M, N>(rows + segments[s].offset, stride, strip, segments[s].length,
                                     ahead, sums);
        strip += (std::ptrdiff_t)segments[s].length * N * LANES;
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) store(into + (m * N + n) * LANES, (Vec)sums[m][n]);
    }
}

using Tile = void (*)(const Word*, std::ptrdiff_t, const Segment*, int, const Word*, Ahead,
                      float*);

template <class F, bool FETCHES, int N, int M>
static Tile tile_of(int rows) {
    if constexpr (M == 0) {
        (void)rows;
        return nullptr;
    } else {
        return rows == M ? tile<F, FETCHES, M, N> : tile_of<F, FETCHES, N, M - 1>(rows);
    }
}

template <class F, bool FETCHES>
static Tile tile_for(int rows, int vectors) {
    switch (vectors) {
        case 1: return tile_of<F, FETCHES, 1, rows_for(1)>(rows);
        case 2: return tile_of<F, FETCHES, 2, rows_for(2)>(rows);
        case 3: return tile_of<F, FETCHES, 3, rows_for(3)>(rows);
        case 4: return tile_of<F, FETCHES, 4, rows_for(4)>(rows);
        case 5: return tile_of<F, FETCHES, 5, rows_for(5)>(rows);
        case 6: return tile_of<F, FETCHES, 6, rows_for(6)>(rows);
        case 7: return tile_of<F, FETCHES, 7, rows_for(7)>(rows);
        case 8: return tile_of<F, FETCHES, 8, rows_for(8)>(rows);
        default: return nullptr;
    }
}

// Rows that a weight is applied to.
template <class F>
struct Rows {
    const Word* words;
    std::ptrdiff_t stride;
    const float* scales;  // of each row, if F::SCALES; null for states

    Rows from(int first) const {
        return {words + first * stride, stride, scales ? scales + first : nullptr};
    }
};

// A weight's strips, and if F::SCALES for each column its scale and what the rows' 128 adds up to.
template <class F>
struct Weight {
    Word* words;
    float* scales;
    float* offsets;
};

// All rows of a batch by one strip, in tiles of nearly equal height. `before(first_row, rows)` says
// what will be wanted; `then(first_row, rows, sums)` takes a tile's sums (rows, vectors).
template <class F, class Before, class Then>
static FOREWORD_INLINE void by_strip(const Rows<F>& rows, int batch, const Segment* segments,
                                     int count, const Weight<F>& strip, int vectors, Before&& before,
                                     Then&& then) {
    alignas(64) float sums[MOST_ROWS * MOST * LANES];
    const int most = rows_for(vectors);
    const int tiles = (batch + most - 1) / most;
    int first = 0;
    for (int k = 0; k < tiles; ++k) {
        const int height = (batch - first + tiles - k - 1) / (tiles - k);
        const Ahead ahead = before(first, height);
        const Tile tile = ahead.count > 0 ? tile_for<F, true>(height, vectors)
                                          : tile_for<F, false>(height, vectors);
        tile(rows.words + first * rows.stride, rows.stride, segments, count, strip.words, ahead,
             sums);
        if constexpr (F::SCALES) {
            for (int m = 0; m < height; ++m) {
                const float scale = rows.scales ? rows.scales[first + m] : 1.0f / 127.0f;
                for (int n = 0; n < vectors; ++n) {
                    float* at = sums + (m * vectors + n) * LANES;
                    const Vec sum = __builtin_convertvector((Ints)load(at), Vec);
                    const Vec centred = sum - load(strip.offsets + n * LANES);
                    store(at, centred * (load(strip.scales + n * LANES) * scale));
                }
            }
        }
        then(first, height, sums);
        first += height;
    }
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
