// The product of a few rows by a packed weight, which every step of every cell is made of.
#pragma once

#include "matrix_unit.hpp"

namespace foreword {
namespace FOREWORD_ISA {

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
    [[maybe_unused]] MatrixUnit unit;
    const bool by_unit = is_for_unit<F>(batch);
    alignas(64) float sums[MatrixUnit::MOST_ROWS * MOST * LANES];
    const int most = by_unit ? MatrixUnit::MOST_ROWS : rows_for(vectors);
    const int tiles = (batch + most - 1) / most;
    int first = 0;
    for (int k = 0; k < tiles; ++k) {
        const int height = (batch - first + tiles - k - 1) / (tiles - k);
        const Ahead ahead = before(first, height);
        const Word* const from = rows.words + first * rows.stride;
        if constexpr (HAS_UNIT<F>) {
            if (by_unit) {
                unit.multiply<F>(from, rows.stride, height, segments, count, strip.words, vectors, ahead,
                                 sums);
            }
        }
        if (!by_unit) {
            tiles_in[F::PLACE].of[vectors][height](from, rows.stride, segments, count, strip.words, ahead,
                                                   sums);
        }
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
