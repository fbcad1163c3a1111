// Products of vectors by the rows of a table: an output layer's words, all of them or a few.
//
// Rows stay as they are stored, so that a few can be selected and a file can be read in place. Each
// product is summed in the same order, wherever its row is and whatever else is computed.
#pragma once

#include "kernels.hpp"
#include "processor.hpp"
#include "vector.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace foreword {
namespace FOREWORD_ISA {

// The number of rows that are multiplied at once by this many vectors: they share each loaded part
// of a vector, and all their sums stay in registers.
constexpr int rows_at_once(int users) { return users == 4 && REGISTERS < 32 ? 2 : 4; }

constexpr std::size_t LINE = 64;  // bytes of a cache line

// Consecutive rows. Memory this many bytes ahead is prefetched meanwhile.
template <class Value, int AHEAD>
struct Following {
    const Value* first;
    std::ptrdiff_t stride;

    FOREWORD_INLINE const Value* operator[](int row) const { return first + row * stride; }
    FOREWORD_INLINE const char* ahead(int row) const { return (const char*)(*this)[row] + AHEAD; }
};

// Rows anywhere, and the next ones, which are prefetched.
template <class Value>
struct Spread {
    const Value *rows[LANES], *next[LANES];

    FOREWORD_INLINE const Value* operator[](int row) const { return rows[row]; }
    FOREWORD_INLINE const char* ahead(int row) const { return (const char*)next[row]; }
};

// The sum of the lanes of each of LANES vectors. As `transpose`, but each round adds the values
// that it brings together.
template <class V>
static FOREWORD_INLINE V totals(V (&vectors)[LANES]) {
    int half = LANES / 2;
#if defined(__AVX2__) && !defined(__AVX512F__)
    // Halves of registers are moved in the first round alone. The order of each sum is the same.
#pragma GCC unroll 4
    for (int k = 0; k < half; ++k) {
        const V a = vectors[k], b = vectors[k + half];
        vectors[k] = FOREWORD_SHUFFLED(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
                     FOREWORD_SHUFFLED(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    }
    half /= 2;
#define FOREWORD_FIRST 0, 8, 1, 9, 4, 12, 5, 13
#define FOREWORD_SECOND 2, 10, 3, 11, 6, 14, 7, 15
#else
#define FOREWORD_FIRST FOREWORD_LOW
#define FOREWORD_SECOND FOREWORD_HIGH
#endif
#pragma GCC unroll 8
    for (; half > 0; half /= 2) {
#pragma GCC unroll 8
        for (int k = 0; k < half; ++k) {
            const V a = vectors[k], b = vectors[k + half];
            vectors[k] = FOREWORD_SHUFFLED(a, b, FOREWORD_FIRST) + FOREWORD_SHUFFLED(a, b, FOREWORD_SECOND);
        }
    }
#undef FOREWORD_FIRST
#undef FOREWORD_SECOND
    return vectors[0];
}

struct FloatRows {
    using Value = float;
    using Sum = Vec;

    static const Value* values(const Table& table) { return table.floats; }

    // Padded with zeros.
    static float operand(const float* vector, int columns, void* into) {
        const std::size_t bytes = (std::size_t)columns * sizeof(float);
        std::memcpy(into, vector, bytes);
        std::memset((char*)into + bytes, 0, operand_bytes(columns) - bytes);
        return 1.0f;
    }

    using Part = float;
    static constexpr int STEP = LANES;

    static FOREWORD_INLINE Sum multiply_add(Sum sum, const Part* v, const Value* row) {
        return sum + load(v) * load(row);
    }

    template <class OfRows>
    static FOREWORD_INLINE Vec whole(const Table&, Sum sum, float, OfRows&&) {
        return sum;
    }
};

// Sums are of whole numbers, and so the same on every processor.
struct IntRows {
    using Value = std::int8_t;
    using Sum = Ints;

    static const Value* values(const Table& table) { return table.ints; }

#if defined(__AVX512VNNI__)
    // Unsigned, with 128 for 0; the sum of each row corrects this.
    using Part = std::uint8_t;
    static constexpr int ZERO = 128, STEP = 64;
#elif defined(FOREWORD_HAS_FOURS)
    using Part = std::int8_t;
    static constexpr int ZERO = 0, STEP = 32;
#else
    using Part = std::int16_t;
    static constexpr int ZERO = 0, STEP = 2 * LANES;
#endif

    // In 127ths of its largest value; NaN if a value is NaN or infinite.
    static float operand(const float* vector, int columns, void* into) {
        const auto [most, wrong] = extent_of(vector, columns);
        Part* const parts = (Part*)into;
        const float shrink = most > 0.0f ? 127.0f / most : 0.0f;
        for (int k = 0; k < columns; k += LANES) {
            const int lanes = std::min(LANES, columns - k);
            const Vec whole = within(load(vector + k, lanes) * shrink, 127.0f) + 12582912.0f;
            const Ints ints = (Ints)((Bits)whole - 0x4b400000u) + ZERO;
            if constexpr (sizeof(Part) == 1) {
                store_narrow(parts + k, lowest_bytes((Bits)ints), lanes);
            } else {
                typedef Part Parts __attribute__((vector_size(LANES * sizeof(Part))));
                store_narrow(parts + k, __builtin_convertvector(ints, Parts), lanes);
            }
        }
        std::memset(parts + columns, 0, operand_bytes(columns) - (std::size_t)columns * sizeof(Part));
        return most / 127.0f + wrong;
    }

    static FOREWORD_INLINE Sum multiply_add(Sum sum, const Part* v, const Value* row) {
#if defined(__AVX512VNNI__)
        return (Ints)_mm512_dpbusd_epi32((__m512i)sum, _mm512_loadu_si512(v),
                                         _mm512_loadu_si512(row));
#elif defined(__AVX512BW__)
        const __m512i wide = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i*)row));
        return sum + (Ints)_mm512_madd_epi16(wide, _mm512_loadu_si512(v));
#elif defined(FOREWORD_HAS_FOURS)
        return sum + fours((Ints)_mm256_loadu_si256((const __m256i*)row),
                           (Ints)_mm256_loadu_si256((const __m256i*)v));
#elif defined(__SSE2__)
        const __m128i bytes = _mm_loadl_epi64((const __m128i*)row);
        const __m128i wide = _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
        return sum + (Ints)_mm_madd_epi16(wide, _mm_loadu_si128((const __m128i*)v));
#elif defined(__wasm_simd128__)
        return sum + (Ints)wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(row), wasm_v128_load(v));
#else
        for (int half = 0; half < STEP; half += LANES) {
            for (int l = 0; l < LANES; ++l) sum[l] += (std::int32_t)row[half + l] * v[half + l];
        }
        return sum;
#endif
    }

    template <class OfRows>
    static FOREWORD_INLINE Vec whole(const Table& table, Sum sum, float scale, OfRows&& of_rows) {
        if constexpr (ZERO != 0) sum -= of_rows(table.sums, Ints{}) * ZERO;
        return __builtin_convertvector(sum, Vec) * (of_rows(table.scales, Vec{}) * scale);
    }
};

// The sums of LANES rows' products with USERS vectors, which share each part of a row that is read.
template <class R, int USERS, class Rows>
static FOREWORD_INLINE void multiply(const Rows& rows, const void* const* operands, int columns,
                                     typename R::Sum (*sums)[LANES]) {
    constexpr int ROWS_AT_ONCE = rows_at_once(USERS);
    for (int first = 0; first < LANES; first += ROWS_AT_ONCE) {
        typename R::Sum found[USERS][ROWS_AT_ONCE] = {};
        for (int k = 0; k < columns; k += R::STEP) {
#pragma GCC unroll 4
            for (int r = 0; r < ROWS_AT_ONCE; ++r) {
                const std::size_t byte = (std::size_t)k * sizeof(typename R::Value);
                if (byte % LINE == 0) __builtin_prefetch(rows.ahead(first + r) + byte);
                const typename R::Value* const row = rows[first + r] + k;
#pragma GCC unroll 4
                for (int u = 0; u < USERS; ++u) {
                    const auto* const v = (const typename R::Part*)operands[u] + k;
                    found[u][r] = R::multiply_add(found[u][r], v, row);
                }
            }
        }
        for (int u = 0; u < USERS; ++u) {
            for (int r = 0; r < ROWS_AT_ONCE; ++r) sums[u][first + r] = found[u][r];
        }
    }
}

template <class R, int USERS>
static void by_rows(const Table& table, const void* const* operands, const float* scales,
                    const std::int64_t* ids, std::int64_t first, int count, float* const* into) {
    using Value = typename R::Value;
    constexpr int AHEAD = 4096;
    const Value* const values = R::values(table);
    const auto place = [&](int at) { return ids ? ids[at] : first + at; };
    for (int done = 0; done < count; done += LANES) {
        const int lanes = std::min(LANES, count - done);
        std::int64_t places[LANES];
        typename R::Sum sums[USERS][LANES];
        if (!ids && lanes == LANES) {
            const Value* const begin = values + (first + done) * table.stride;
            multiply<R, USERS>(Following<Value, AHEAD>{begin, table.stride}, operands, table.columns,
                               sums);
        } else {
            Spread<Value> rows;
            for (int l = 0; l < LANES; ++l) {
                places[l] = place(done + std::min(l, lanes - 1));
                rows.rows[l] = values + places[l] * table.stride;
                rows.next[l] = values + place(std::min(done + LANES + l, count - 1)) * table.stride;
            }
            multiply<R, USERS>(rows, operands, table.columns, sums);
        }
        const auto of_rows = [&](const auto* values, auto found) {
            if (!ids && lanes == LANES) {
                std::memcpy(&found, values + first + done, sizeof found);
                return found;
            }
            for (int l = 0; l < lanes; ++l) found[l] = values[places[l]];
            return found;
        };
        for (int u = 0; u < USERS; ++u) {
            Vec products = R::whole(table, totals(sums[u]), scales[u], of_rows);
            if (table.bias) products += of_rows(table.bias, Vec{});
            store(into[u] + done, products, lanes);
        }
    }
}

// Rows by 8 to 16 vectors on the processor's matrix unit, LANES rows at a time; returns how many. The
// sums are those of `by_rows`, bit for bit. In matrix_unit.cpp.
constexpr int UNIT_USERS = 16;
int by_unit(const Table& table, const void* const* operands, const float* scales, int users,
            std::int64_t first, int count, float* const* into);

template <class R>
static void by_table(const Table& table, const void* const* operands, const float* scales, int users,
                     const std::int64_t* ids, std::int64_t first, int count, float* const* into) {
    int u = 0;
#if defined(FOREWORD_HAS_MATRIX_UNIT)
    if constexpr (std::is_same_v<R, IntRows>) {
        for (; !ids && may_use_matrix_unit() && users - u >= UNIT_USERS / 2; u += std::min(UNIT_USERS, users - u)) {
            const int some = std::min(UNIT_USERS, users - u);
            const int done = by_unit(table, operands + u, scales + u, some, first, count, into + u);
            if (done == count) continue;
            float* rest[UNIT_USERS];
            for (int k = 0; k < some; ++k) rest[k] = into[u + k] + done;
            for (int k = 0; k < some; ++k) {
                by_rows<R, 1>(table, operands + u + k, scales + u + k, nullptr, first + done,
                              count - done, rest + k);
            }
        }
    }
#endif
    for (; u + 4 <= users; u += 4) {
        by_rows<R, 4>(table, operands + u, scales + u, ids, first, count, into + u);
    }
    if (u + 2 <= users) {
        by_rows<R, 2>(table, operands + u, scales + u, ids, first, count, into + u);
        u += 2;
    }
    if (u < users) by_rows<R, 1>(table, operands + u, scales + u, ids, first, count, into + u);
}

static inline Shares shares(const float* scores, int count) {
    const float least = -INFINITY;
    const auto part = [&](int k) {
        if (count - k >= LANES) return load(scores + k);
        Vec v = Vec{} + least;
        for (int l = 0; l < count - k; ++l) v[l] = scores[k + l];
        return v;
    };
    Vec most = Vec{} + least;
    Ints wrong = {};
    for (int k = 0; k < count; k += LANES) {
        const Vec v = part(k);
        most = larger(v, most);
        wrong |= v != v;
    }
    float largest = least;
    for (int l = 0; l < LANES; ++l) {
        largest = std::max(largest, most[l]);
        if (wrong[l]) return {NAN, 0.0};
    }
    Vec sums = {};
    for (int k = 0; k < count; k += LANES) {
        const Vec share = exponential(part(k) - largest);
        sums += k + LANES <= count ? share : load((const float*)&share, count - k);
    }
    double total = 0.0;
    for (int l = 0; l < LANES; ++l) total += (double)sums[l];
    return {largest, total};
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
