// The gradients of weights: a product over all steps and sequences at once.
#pragma once

#include "strips.hpp"

#include <algorithm>

namespace foreword {
namespace FOREWORD_ISA {

// The largest number of steps and sequences that are summed at once: a strip of this many rows
// stays in a core's cache while all panels use it.
constexpr int DEPTH = 768;
// Columns of a panel.
template <class F>
constexpr int HEIGHT = HAS_UNIT<F> ? MatrixUnit::MOST_ROWS : rows_for<F>(4);
// The number of words of strips that fit into a core's own cache beside the panels.
constexpr int CACHED = 3 << 15;

// sums (M, ALL) from a panel (K words, M) and a strip (K words, ALL), from vector FIRST on.
template <class F, int FIRST, int ALL>
static FOREWORD_INLINE void panel_tile(const Word* panel, const Word* strip, int K, float* into) {
    constexpr int M = HEIGHT<F>, N = std::min(ALL - FIRST, part_of<F>(ALL));
    Vec sums[M][N] = {};
    for (int k = 0; k < K; ++k) {
        Bits w[N];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) w[n] = load_words(strip + place_in_strip<F>(K, ALL, k, FIRST + n));
#pragma GCC unroll 8
        for (int m = 0; m < M; ++m) {
            const Word word = panel[(std::ptrdiff_t)k * M + m];
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) sums[m][n] = F::multiply_add(sums[m][n], word, w[n]);
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) store(into + (m * ALL + FIRST + n) * LANES, sums[m][n]);
    }
    if constexpr (FIRST + N < ALL) panel_tile<F, FIRST + N, ALL>(panel, strip, K, into);
}

template <class F>
constexpr int DEEP = words_for<F>(DEPTH);

// Rows of sums (height, vectors) of a panel and a strip of K words.
template <class F>
static void by_panel([[maybe_unused]] MatrixUnit& unit, const Word* panel, const Word* strip, int K,
                     [[maybe_unused]] int height, int vectors, float* into) {
    if constexpr (HAS_UNIT<F>) {
        const Segment whole{0, K};
        unit.multiply<F>(panel, DEEP<F>, height, &whole, 1, strip, vectors, {nullptr, 0}, into);
    } else {
        switch (vectors) {
            case 1: return panel_tile<F, 0, 1>(panel, strip, K, into);
            case 2: return panel_tile<F, 0, 2>(panel, strip, K, into);
            case 3: return panel_tile<F, 0, 3>(panel, strip, K, into);
            default: return panel_tile<F, 0, 4>(panel, strip, K, into);
        }
    }
}

// For the matrix unit: HEIGHT columns of a as rows of words, DEEP apart; and their sums.
template <class F>
static void pack_rows_of_panel(const Sums& a, int first, int columns, int from, int K, Word* to,
                               Vec* totals) {
    const int words = words_for<F>(K);
    for (int k0 = 0; k0 < words; k0 += LANES) {
        for (int v = 0; v * LANES < columns; ++v) {
            const int lanes = std::min(LANES, columns - v * LANES);
            Vec block[LANES] = {};
            for (int k = 0; k < std::min(LANES, words - k0); ++k) {
                const int at = (k0 + k) * F::GROUP;
                Vec values[F::GROUP] = {};
                for (int j = 0; j < F::GROUP && at + j < K; ++j) {
                    values[j] = load(a.a + (std::ptrdiff_t)(from + at + j) * a.a_row + first + v * LANES,
                                     lanes);
                    totals[v] += values[j];
                }
                block[k] = (Vec)F::words(values);
            }
            transpose(block);
            for (int m = 0; m < lanes; ++m) {
                store((float*)to + (v * LANES + m) * DEEP<F> + k0, block[m]);
            }
        }
    }
}

// Otherwise: HEIGHT columns of a as (K in words, HEIGHT), for k from `from` on; and their sums.
// Memory beyond the last column is undefined.
template <class F>
static void pack_columns_of_panel(const Sums& a, int first, int columns, int from, int K, Word* to,
                                  Vec* totals) {
    constexpr int M = HEIGHT<F>, VECTORS = (M + LANES - 1) / LANES, WIDE = VECTORS * LANES;
    const float* row = a.a + (std::ptrdiff_t)from * a.a_row + first;
    // Whole vectors read into the next rows, and write what the next k writes again: not at the end.
    const std::ptrdiff_t left = (std::ptrdiff_t)(a.K - 1 - from) * a.a_row + a.M - first - WIDE;
    const std::ptrdiff_t readable = left < 0 ? 0 : left / a.a_row + 1;
    const int words = words_for<F>(K), writable = words - (WIDE + M - 1) / M + 1;
    const int fast = std::max(0, (int)std::min<std::ptrdiff_t>(readable / F::GROUP, writable));
    for (int k = 0; k < words; ++k, row += F::GROUP * a.a_row, to += M) {
        for (int v = 0; v < VECTORS; ++v) {
            const int lanes = std::min(LANES, std::max(0, columns - v * LANES));
            Vec values[F::GROUP] = {};
            for (int j = 0; j < F::GROUP && k * F::GROUP + j < K; ++j) {
                const float* at = row + j * a.a_row + v * LANES;
                values[j] = k < fast ? load(at) : load(at, lanes);
                totals[v] += values[j];
            }
            const Bits packed = F::words(values);
            const int length = k < fast ? LANES : std::min(LANES, M - v * LANES);
            std::memcpy(to + v * LANES, &packed, sizeof(Word) * (std::size_t)length);
        }
    }
}

template <class F>
static void pack_panel(const Sums& a, int panel, int from, int K, Word* to) {
    const int first = panel * HEIGHT<F>, columns = std::min(HEIGHT<F>, a.M - first);
    Vec totals[(HEIGHT<F> + LANES - 1) / LANES] = {};
    if constexpr (HAS_UNIT<F>) pack_rows_of_panel<F>(a, first, columns, from, K, to, totals);
    else pack_columns_of_panel<F>(a, first, columns, from, K, to, totals);
    if (!a.totals) return;
    for (int m = 0; m < columns; ++m) {
        a.totals[first + m] = totals[m / LANES][m % LANES] + (from > 0 ? a.totals[first + m] : 0.0f);
    }
}

// Rows of c (height, N) at a strip's columns: set to the product of a panel and the strip, or
// increased by it.
template <class F>
static void add_tile(MatrixUnit& unit, const Strips& strips, int s, const Word* packed, const Word* panel, int words,
                     int height, bool adds, float* c) {
    alignas(64) float tile[HEIGHT<F> * 4 * LANES];
    const int width = strips.width(s), vector = strips.begin(s);
    const std::ptrdiff_t N = strips.units;
    c += vector * LANES;
    for (int m = 0; m < height; ++m) {
        for (int v = 0; v < width; ++v) __builtin_prefetch(c + m * N + v * LANES + LANES - 1, 1);
    }
    by_panel<F>(unit, panel, packed + strips.place(s, words), words, height, width, tile);
    for (int m = 0; m < height; ++m) {
        for (int v = 0; v < width; ++v) {
            const int lanes = strips.lanes(vector + v);
            float* const to = c + m * N + v * LANES;
            Vec sum = load(tile + (m * width + v) * LANES);
            if (adds) sum += load(to, lanes);
            store(to, sum, lanes);
        }
    }
}

template <class F>
static void sums(const Sums& a, int threads) {
    struct Product {
        Strips strips;
        const float* b;
        const std::int64_t* rows;
        float* c;
        Weight<F> packed;
    };
    const Strips strips{a.N, 1, 4}, other_strips{a.other_N, 1, 4};
    const Room room(room_for<F>(strips, DEEP<F>)), other_room(room_for<F>(other_strips, DEEP<F>));
    const Product products[] = {
        {strips, a.b, a.b_rows, a.c, weight_in<F>(room.get(), strips, DEEP<F>)},
        {other_strips, a.other_b, a.other_rows, a.other_c,
         weight_in<F>(other_room.get(), other_strips, DEEP<F>)}};
    const int panels = (a.M + HEIGHT<F> - 1) / HEIGHT<F>;
    const int passes = (a.K + DEPTH - 1) / DEPTH, depth = (a.K + passes - 1) / passes;
    const Room room_a((std::ptrdiff_t)panels * HEIGHT<F> * DEEP<F>);
    Word* const packed_a = (Word*)room_a.get();

    together(threads, [&](Member& member) {
        MatrixUnit unit;
        const int first = member.first(panels), last = member.last(panels);
        for (int from = 0; from < a.K; from += depth) {
            const int K = std::min(depth, a.K - from), words = words_for<F>(K);
            for (const Product& product : products) {
                const Lines lines{product.b, product.strips.units, product.rows};
                pack_columns<F>(product.strips, lines.from(from), 1, K, product.packed,
                                member.first(product.strips.count()),
                                member.last(product.strips.count()));
            }
            member.barrier.wait();
            // A thread's panels use some strips that fit into its cache, then some more.
            const int together = std::max(1, CACHED / (4 * LANES * words));
            bool is_packed = false;
            for (const Product& product : products) {
                for (int s = 0; s < product.strips.count(); s += together) {
                    const int end = std::min(s + together, product.strips.count());
                    for (int p = first; p < last; ++p) {
                        Word* const panel = packed_a + (std::ptrdiff_t)p * HEIGHT<F> * DEEP<F>;
                        if (!is_packed) pack_panel<F>(a, p, from, K, panel);
                        float* const c =
                            product.c + (std::ptrdiff_t)p * HEIGHT<F> * product.strips.units;
                        for (int k = s; k < end; ++k) {
                            add_tile<F>(unit, product.strips, k, product.packed.words, panel, words,
                                        std::min(HEIGHT<F>, a.M - p * HEIGHT<F>), from > 0, c);
                        }
                    }
                    is_packed = true;
                }
            }
            member.barrier.wait();
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
