// The processor's own matrix products (Intel's AMX), if it has them: tiles of 16 rows by 64 bytes.
//
// A strip's lines and the words of rows are in memory in the order of these tiles. So this computes
// the same as the functions of tiles.cpp, for more rows at once.
#pragma once

#include "tiles.hpp"

namespace foreword {
namespace FOREWORD_ISA {

constexpr int TILE_ROWS = 16;

// A thread's tiles during the lifetime of this object. Nothing else may use them meanwhile.
class MatrixUnit {
  public:
#if defined(FOREWORD_HAS_MATRIX_UNIT)
    static constexpr bool IS_THERE = true;
    static constexpr int MOST_ROWS = 2 * TILE_ROWS;
#else
    static constexpr bool IS_THERE = false;
    static constexpr int MOST_ROWS = foreword::FOREWORD_ISA::MOST_ROWS;
#endif

    MatrixUnit() = default;
    ~MatrixUnit() {
        if constexpr (IS_THERE) {
            if (words_) release();
        }
    }
    MatrixUnit(const MatrixUnit&) = delete;
    MatrixUnit& operator=(const MatrixUnit&) = delete;

    // As a `Tile`, for up to MOST_ROWS rows; by those of tiles.cpp if the processor has no such unit.
    // Each sum adds k = 0, 1, ... in this order.
    template <class F>
    void multiply(const Word* rows, std::ptrdiff_t stride, int height, const Segment* segments,
                  int count, const Word* strip, int vectors, Ahead ahead, float* into);

    // Shapes the tiles for this many rows of this many words; clears them if the shape changes.
    void shape(int upper, int lower, int words);

  private:
    void release();

    [[maybe_unused]] int upper_ = 0, lower_ = 0, words_ = 0;
};

// Whether numbers of a format are multiplied by it.
template <class F>
constexpr bool HAS_UNIT = MatrixUnit::IS_THERE && F::GROUP > 1;

// Whether it multiplies this many rows. Rounded products must be computed in the same way for any
// number of rows; whole numbers are exact in any way.
template <class F>
constexpr bool is_for_unit(int rows) {
    return HAS_UNIT<F> && (F::GROUP == 2 || rows >= TILE_ROWS / 2);
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
