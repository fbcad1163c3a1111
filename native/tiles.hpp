// A few rows by a strip of a packed weight: what tiles.cpp compiles once for all kernels.
#pragma once

#include "format.hpp"
#include "kernels.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// A packed weight (K words, columns) is divided into strips of up to MOST vectors of columns. A strip
// has one or more parts; a part holds its columns' words for k = 0, 1, ... one after the other, so that
// it is read as one stream.
constexpr int MOST = 8;
constexpr int MOST_ROWS = 8;

// The rows whose sums, for this many vectors, fit into registers beside the vectors.
constexpr int fitting_rows(int vectors) {
    const int fit = (REGISTERS - vectors - 1) / vectors;
    return fit < 1 ? 1 : fit > MOST_ROWS ? MOST_ROWS : fit;
}

// With few registers, more sums find room if a tile of several rows is computed in parts of PART vectors:
// 6 rows by 2 vectors are 12 sums, but 2 rows by 4 vectors are 8. Formats that are converted during a
// product need registers for that, and a WebAssembly module must be small and has few rows.
#if defined(__wasm__)
constexpr bool MAY_HAVE_PARTS = false;
#else
constexpr bool MAY_HAVE_PARTS = REGISTERS < 32;
#endif
constexpr int PART = 2;
template <class F>
constexpr bool has_parts(int vectors) {
    return MAY_HAVE_PARTS && !F::CONVERTS && vectors > 3;
}
// The vectors of each part of a strip; the last part may have fewer.
template <class F>
constexpr int part_of(int vectors) {
    return has_parts<F>(vectors) ? PART : vectors;
}

// The largest number of rows of a tile.
template <class F>
constexpr int rows_for(int vectors) {
    return fitting_rows(part_of<F>(vectors));
}

// The place of vector n of line k in a strip of K lines of `vectors` vectors.
template <class F>
constexpr std::ptrdiff_t place_in_strip(int K, int vectors, int k, int n) {
    const int width = part_of<F>(vectors), first = n / width * width;
    const int there = vectors - first < width ? vectors - first : width;
    return ((std::ptrdiff_t)first * K + (std::ptrdiff_t)k * there + n - first) * LANES;
}

// Memory that is needed after a tile: prefetched line by line during the sums if there is much of
// it. A core can wait for only a limited number of prefetches at once, and drops the others.
struct Ahead {
    const float* const* lines;
    int count;
};

struct Segment {
    // Part of a row that a strip multiplies: `length` words from `offset` on.
    std::ptrdiff_t offset;
    int length;
};

// into (rows, vectors) = the sum over segments; the strip continues from segment to segment.
using Tile = void (*)(const Word* rows, std::ptrdiff_t stride, const Segment* segments, int count,
                      const Word* strip, Ahead ahead, float* into);

// By vectors of columns, and rows up to `rows_for` of them; for each format. In tiles.cpp.
struct Tiles {
    Tile of[MOST + 1][MOST_ROWS + 1];
};
extern const Tiles tiles_in[FORMATS];

}  // namespace FOREWORD_ISA
}  // namespace foreword
