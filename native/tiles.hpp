// A few rows by a strip of a packed weight: what tiles.cpp compiles once for all kernels.
#pragma once

#include "format.hpp"
#include "kernels.hpp"

namespace foreword {
namespace FOREWORD_ISA {

// A packed weight (K words, columns) is divided into strips of up to MOST vectors of columns; a
// strip holds its columns' words for k = 0, 1, ... one after the other, so that it is read as one
// stream.
constexpr int MOST = 8;
constexpr int MOST_ROWS = 8;

// As many rows at once as leave every sum in a register.
constexpr int rows_for(int vectors) {
    const int fit = (REGISTERS - vectors - 1) / vectors;
    return fit < 1 ? 1 : fit > MOST_ROWS ? MOST_ROWS : fit;
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
