// The products over all steps at once: inputs by weights, and the way back.
#pragma once

#include "strips.hpp"

#include <algorithm>

namespace foreword {
namespace FOREWORD_ISA {

// How much of the inner dimension is summed up at once: a strip of so many rows stays in a core's
// cache while all rows of the other matrix pass it.
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

// Rows `first` to before `last` of a panel's matrix, for k from `from` on: (K, HEIGHT), with zeros
// where there are no more rows.
static void pack_panel(const Matmul& a, int panel, int from, int K, float* to) {
    const int first = panel * HEIGHT, height = std::min(HEIGHT, a.M - first);
    const float* rows = a.a + first * a.a_row + from * a.a_step;
    if (a.a_row == 1) {
        for (int k = 0; k < K; ++k, to += HEIGHT) {
            for (int m = 0; m < height; ++m) to[m] = rows[k * a.a_step + m];
            for (int m = height; m < HEIGHT; ++m) to[m] = 0.0f;
        }
        return;
    }
    for (int m = 0; m < HEIGHT; ++m) {
        for (int k = 0; k < K; ++k) {
            to[(std::ptrdiff_t)k * HEIGHT + m] = m < height ? rows[m * a.a_row + k * a.a_step] : 0.0f;
        }
    }
}

static void matmul(const Matmul& a, int threads) {
    const Strips strips{a.N, 1, 4};
    const int panels = (a.M + HEIGHT - 1) / HEIGHT, vectors = strips.vectors();
    float* packed_b = a.packed;
    float* packed_a = a.packed + (std::ptrdiff_t)vectors * LANES * DEPTH;

    together(threads, [&](Member& member) {
        alignas(64) float sums[HEIGHT * 4 * LANES];
        for (int from = 0; from < a.K; from += DEPTH) {
            const int K = std::min(DEPTH, a.K - from);
            const int first = member.first(strips.count()), last = member.last(strips.count());
            // The strips lie in memory as if the inner dimension were K alone.
            if (a.b_is_rows) {
                pack_rows(strips, a.b + from, K, packed_b, first, last, a.b_row);
            } else {
                pack_columns(strips, a.b + from * a.b_row, K, packed_b, first, last, a.b_row);
            }
            for (int p = member.first(panels); p < member.last(panels); ++p) {
                pack_panel(a, p, from, K, packed_a + (std::ptrdiff_t)p * HEIGHT * DEPTH);
            }
            member.barrier.wait();
            // Vectors of columns times panels, shared out evenly, strip after strip.
            const std::int64_t total = (std::int64_t)vectors * panels;
            const std::int64_t begin = total * member.rank / member.count;
            const std::int64_t end = total * (member.rank + 1) / member.count;
            std::int64_t passed = 0;
            for (int s = 0; s < strips.count(); ++s) {
                const int width = strips.width(s);
                const std::int64_t here = (std::int64_t)width * panels;
                const auto within = [&](std::int64_t place) {
                    return (int)std::clamp<std::int64_t>((place - passed + width - 1) / width, 0,
                                                         panels);
                };
                const int first_panel = passed >= begin ? 0 : within(begin);
                const int last_panel = passed + here <= end ? panels : within(end);
                const float* strip = packed_b + strips.place(s, K);
                for (int p = first_panel; p < last_panel; ++p) {
                    for (int m = 0; m < HEIGHT && p * HEIGHT + m < a.M; ++m) {
                        const float* c = a.c + (std::ptrdiff_t)(p * HEIGHT + m) * a.N;
                        for (int v = 0; v < width; ++v) {
                            __builtin_prefetch(c + (s * strips.most + v) * LANES, 1);
                        }
                    }
                    by_panel(packed_a + (std::ptrdiff_t)p * HEIGHT * DEPTH, strip, K, width, sums);
                    const int height = std::min(HEIGHT, a.M - p * HEIGHT);
                    for (int m = 0; m < height; ++m) {
                        for (int v = 0; v < width; ++v) {
                            const int vector = s * strips.most + v, lanes = strips.lanes(vector);
                            float* c = a.c + (std::ptrdiff_t)(p * HEIGHT + m) * a.N + vector * LANES;
                            Vec sum = load(sums + (m * width + v) * LANES);
                            if (from > 0) {
                                sum += load(c, lanes);
                            } else if (a.bias) {
                                sum += load(a.bias + vector * LANES, lanes);
                            }
                            store(c, sum, lanes);
                        }
                    }
                }
                passed += here;
            }
            member.barrier.wait();
        }
    });
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
