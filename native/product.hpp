// The product of a few rows by a packed weight, which every step of every cell is made of.
#pragma once

#include "format.hpp"
#include "kernels.hpp"

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

struct Segment {
    // Part of a row that a strip is applied to: `length` words from `offset` on.
    std::ptrdiff_t offset;
    int length;
};

// into (rows, vectors) = the sum over segments; the strip goes on from segment to segment.
using Tile = void (*)(const Word* rows, std::ptrdiff_t stride, const Segment* segments, int count,
                      const Word* strip, Ahead ahead, float* into);

// By vectors of columns, and rows up to `rows_for` of them; for each format. In tiles.cpp.
struct Tiles {
    Tile of[MOST + 1][MOST_ROWS + 1];
};
extern const Tiles tiles_in[FORMATS];

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
        tiles_in[F::PLACE].of[vectors][height](rows.words + first * rows.stride, rows.stride, segments,
                                         count, strip.words, ahead, sums);
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
