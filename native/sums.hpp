// The gradients by weights: a product over all steps and sequences at once.
#pragma once

#include "strips.hpp"

#include <algorithm>

namespace foreword {
namespace FOREWORD_ISA {

// How many steps and sequences are summed up at once, at most: a strip of so many rows stays in a
// core's cache while all panels pass it.
constexpr int DEPTH = 768;
constexpr int HEIGHT = rows_for(4);

// sums (HEIGHT, N) from a panel (K, HEIGHT) and a strip (K, N).
template <int N>
static void panel_tile(const float* panel, const float* strip, int K, float* into) {
    Vec sums[HEIGHT][N] = {};
    for (int k = 0; k < K; ++k) {
        Vec w[N];
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) w[n] = load(strip + ((std::ptrdiff_t)k * N + n) * LANES);
#pragma GCC unroll 8
        for (int m = 0; m < HEIGHT; ++m) {
            const float value = panel[(std::ptrdiff_t)k * HEIGHT + m];
#pragma GCC unroll 8
            for (int n = 0; n < N; ++n) sums[m][n] += value * w[n];
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < HEIGHT; ++m) {
#pragma GCC unroll 8
        for (int n = 0; n < N; ++n) store(into + (m * N + n) * LANES, sums[m][n]);
    }
}

static void by_panel(const float* panel, const float* strip, int K, int vectors, float* into) {
    switch (vectors) {
        case 1: return panel_tile<1>(panel, strip, K, into);
        case 2: return panel_tile<2>(panel, strip, K, into);
        case 3: return panel_tile<3>(panel, strip, K, into);
        default: return panel_tile<4>(panel, strip, K, into);
    }
}

// HEIGHT columns of a as (K, HEIGHT), for k from `from` on; and their sums. What lies behind the
// last column is anything.
static void pack_panel(const Sums& a, int panel, int from, int K, float* to) {
    const int first = panel * HEIGHT, there = std::min(HEIGHT, a.M - first);
    const float* row = a.a + (std::ptrdiff_t)from * a.a_row + first;
    constexpr int VECTORS = (HEIGHT + LANES - 1) / LANES, WIDE = VECTORS * LANES;
    // Whole vectors read into the next rows, and write what the next k writes again: not at the end.
    const std::ptrdiff_t left = (std::ptrdiff_t)(a.K - 1 - from) * a.a_row + a.M - first - WIDE;
    const std::ptrdiff_t readable = left < 0 ? 0 : left / a.a_row + 1;
    const int writable = K - (WIDE + HEIGHT - 1) / HEIGHT + 1;
    const int fast = std::max(0, (int)std::min<std::ptrdiff_t>(readable, writable));
    Vec totals[VECTORS] = {};
    for (int k = 0; k < fast; ++k, row += a.a_row, to += HEIGHT) {
        for (int v = 0; v < VECTORS; ++v) {
            const Vec values = load(row + v * LANES);
            totals[v] += values;
            store(to + v * LANES, values);
        }
    }
    for (int k = fast; k < K; ++k, row += a.a_row, to += HEIGHT) {
        for (int m = 0; m < HEIGHT; ++m) {
            to[m] = m < there ? row[m] : 0.0f;
            totals[m / LANES][m % LANES] += to[m];
        }
    }
    if (!a.totals) return;
    for (int m = 0; m < there; ++m) {
        a.totals[first + m] = totals[m / LANES][m % LANES] + (from > 0 ? a.totals[first + m] : 0.0f);
    }
}

static void sums(const Sums& a, int threads) {
    struct Product {
        Strips strips;
        const float* b;
        float* c;
        float* packed;
    };
    const Strips strips{a.N, 1, 4}, other_strips{a.other_N, 1, 4};
    const std::ptrdiff_t room = (std::ptrdiff_t)strips.vectors() * LANES * DEPTH;
    const std::ptrdiff_t other_room = (std::ptrdiff_t)other_strips.vectors() * LANES * DEPTH;
    float* const packed_a = a.packed + room + other_room;
    const Product products[] = {{strips, a.b, a.c, a.packed},
                                {other_strips, a.other_b, a.other_c, a.packed + room}};
    const int panels = (a.M + HEIGHT - 1) / HEIGHT;
    const int passes = (a.K + DEPTH - 1) / DEPTH, depth = (a.K + passes - 1) / passes;

    together(threads, [&](Member& member) {
        alignas(64) float tile[HEIGHT * 4 * LANES];
        for (int from = 0; from < a.K; from += depth) {
            const int K = std::min(depth, a.K - from);
            for (const Product& product : products) {
                const int N = product.strips.units;
                pack_columns(product.strips, product.b + (std::ptrdiff_t)from * N, K, product.packed,
                             member.first(product.strips.count()),
                             member.last(product.strips.count()), N);
            }
            for (int p = member.first(panels); p < member.last(panels); ++p) {
                pack_panel(a, p, from, K, packed_a + (std::ptrdiff_t)p * HEIGHT * DEPTH);
            }
            member.barrier.wait();
            for (const Product& product : products) {
                const Share share = Share::of(member, product.strips, panels);
                for (int s = share.first; s < share.last; ++s) {
                    const int width = product.strips.width(s), N = product.strips.units;
                    const float* strip = product.packed + product.strips.place(s, K);
                    for (int p = share.begin(s); p < share.end(s, panels); ++p) {
                        const int height = std::min(HEIGHT, a.M - p * HEIGHT);
                        float* const c =
                            product.c + (std::ptrdiff_t)p * HEIGHT * N + s * 4 * LANES;
                        for (int m = 0; m < height; ++m) {
                            for (int v = 0; v < width; ++v) {
                                __builtin_prefetch(c + (std::ptrdiff_t)m * N + v * LANES, 1);
                            }
                        }
                        by_panel(packed_a + (std::ptrdiff_t)p * HEIGHT * DEPTH, strip, K, width, tile);
                        for (int m = 0; m < height; ++m) {
                            for (int v = 0; v < width; ++v) {
                                float* to = c + (std::ptrdiff_t)m * N + v * LANES;
                                const int lanes = product.strips.lanes(s * 4 + v);
                                Vec sum = load(tile + (m * width + v) * LANES);
                                if (from > 0) sum += load(to, lanes);
                                store(to, sum, lanes);
                            }
                        }
                    }
                }
            }
            member.barrier.wait();
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
