// The products of a few rows by a strip, for one instruction set: most of what there is to compile, so
// once for all kernels. Compiled once for each, with FOREWORD_ISA as its name.
#include "tiles.hpp"

#include <cstddef>
#include <utility>

namespace foreword {
namespace FOREWORD_ISA {

// Some vectors of a strip of `all` vectors and `length` lines, from line `begin` on.
template <class F, int FIRST, int ALL>
struct Stream {
    const Word* strip;
    int length, begin;

    FOREWORD_INLINE const Word* at(int k, int n) const {
        return strip + place_in_strip<F>(length, ALL, begin + k, FIRST + n);
    }
};

// sums (M, N) += row k of `rows` by N vectors of line k.
template <class F, int M, int N, class From>
static FOREWORD_INLINE void accumulate_one(const Word* rows, std::ptrdiff_t stride, const From& lines, int k,
                                           typename F::Sum (&sums)[M][N]) {
    Bits w[N];
    if constexpr (M == 1 && F::GROUP <= 2) {
        // One row is limited by reading the weights, from a cache that the processor's own
        // prefetching does not cover.
        constexpr std::ptrdiff_t AHEAD = 4096 / sizeof(Word);
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) __builtin_prefetch(lines.at(k, n) + AHEAD);
    }
    if constexpr (M > 2 && MAY_HAVE_PARTS) {
        // The strip's first tile reads it from a far cache; a line of a part is one line of the cache.
        constexpr std::ptrdiff_t LINES_AHEAD = 32;
        __builtin_prefetch(lines.at(k, 0) + LINES_AHEAD * N * LANES);
    }
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) w[n] = load_words(lines.at(k, n));
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
        const Word word = rows[m * stride + k];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) sums[m][n] = F::multiply_add(sums[m][n], word, w[n]);
    }
}

// sums (M, N) += rows (M, K) by K lines of N vectors. Each sum adds k = 0, 1, ... in this order whatever
// M and N are, so that no result depends on how the work is divided.
template <class F, int M, int N, class From>
static FOREWORD_INLINE void accumulate(const Word* rows, std::ptrdiff_t stride, const From& lines, int K,
                                       Ahead& ahead, typename F::Sum (&sums)[M][N]) {
    int k = 0;
    const int fetched = ahead.count < K ? ahead.count : K;
    for (; k < fetched; ++k) {
        __builtin_prefetch(ahead.lines[k], 1);
        accumulate_one<F, M, N>(rows, stride, lines, k, sums);
    }
    ahead = {ahead.lines + fetched, ahead.count - fetched};
    for (; k < K; ++k) accumulate_one<F, M, N>(rows, stride, lines, k, sums);
}

// The vectors of a tile of ALL vectors from FIRST on, of which registers hold the sums of up to WIDTH.
template <class F, int M, int FIRST, int WIDTH, int ALL>
static FOREWORD_INLINE void tile_from(const Word* rows, std::ptrdiff_t stride, const Segment* segments, int count,
                                      const Word* strip, int length, Ahead& ahead, float* into) {
    constexpr int N = ALL - FIRST < WIDTH ? ALL - FIRST : WIDTH;
    typename F::Sum sums[M][N] = {};
    Stream<F, FIRST, ALL> lines{strip, length, 0};
    for (int s = 0; s < count; ++s) {
        accumulate<F, M, N>(rows + segments[s].offset, stride, lines, segments[s].length, ahead, sums);
        lines.begin += segments[s].length;
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) store(into + (m * ALL + FIRST + n) * LANES, (Vec)sums[m][n]);
    }
    if constexpr (FIRST + N < ALL) {
        tile_from<F, M, FIRST + N, WIDTH, ALL>(rows, stride, segments, count, strip, length, ahead, into);
    }
}

// into (M, N vectors) = the sum over segments; the strip continues from segment to segment.
template <class F, int M, int N>
static void tile(const Word* rows, std::ptrdiff_t stride, const Segment* segments, int count,
                 const Word* strip, Ahead ahead, float* into) {
    constexpr int WIDTH = M > fitting_rows(N) ? part_of<F>(N) : N;
    int length = 0;
    for (int s = 0; s < count; ++s) length += segments[s].length;
    tile_from<F, M, 0, WIDTH, N>(rows, stride, segments, count, strip, length, ahead, into);
}

template <class F, int N, std::size_t... M>
static constexpr void fill(Tile (&tiles)[MOST_ROWS + 1], std::index_sequence<M...>) {
    ((tiles[M + 1] = tile<F, (int)M + 1, N>), ...);
}

template <class F, std::size_t... N>
static constexpr Tiles tiles_of(std::index_sequence<N...>) {
    Tiles all = {};
    (fill<F, (int)N + 1>(all.of[N + 1], std::make_index_sequence<rows_for<F>((int)N + 1)>()), ...);
    return all;
}

const Tiles tiles_in[FORMATS] = {
    tiles_of<Float32>(std::make_index_sequence<MOST>()),
    FOREWORD_UNLESS_WASM(tiles_of<BFloat16>(std::make_index_sequence<MOST>())),
    tiles_of<Int8>(std::make_index_sequence<MOST>()),
};

}  // namespace FOREWORD_ISA
}  // namespace foreword
