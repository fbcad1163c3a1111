// Vectors of floats as wide as the instruction set that this is compiled for, and the functions of
// gates on them. Uses GCC's vector extensions, which Clang has too, so that one source serves all.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

namespace foreword {
namespace FOREWORD_ISA {

#if defined(__AVX512F__)
constexpr int LANES = 16;
constexpr int REGISTERS = 32;
#elif defined(__AVX2__)
constexpr int LANES = 8;
constexpr int REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int LANES = 4;
constexpr int REGISTERS = 32;
#else
constexpr int LANES = 4;
constexpr int REGISTERS = 16;
#endif

typedef float Vec __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
typedef std::int32_t Ints __attribute__((vector_size(LANES * sizeof(float))));
typedef std::uint32_t Bits __attribute__((vector_size(LANES * sizeof(float))));
typedef std::int16_t Shorts __attribute__((vector_size(LANES * sizeof(float))));

#define FOREWORD_INLINE inline __attribute__((always_inline))

// Not by memcpy, which GCC 12 for AVX2 compiles to halves that go through the stack: a stall each.
static FOREWORD_INLINE Vec load(const float* from) { return *(const Vec*)from; }

static FOREWORD_INLINE void store(float* to, Vec v) { *(Vec*)to = v; }

#if defined(__AVX512F__)
static FOREWORD_INLINE __mmask16 first_lanes(int count) { return (__mmask16)((1u << count) - 1); }
#endif

#if !defined(__AVX512F__)
// The end of a row, lane by lane. Not inlined, since this would be half of all there is to compile.
static __attribute__((noinline, cold, unused)) Vec load_end(const float* from, int count) {
    Vec v = {};
    for (int k = 0; k < count; ++k) v[k] = from[k];
    return v;
}

static __attribute__((noinline, cold, unused)) void store_end(float* to, Vec v, int count) {
    for (int k = 0; k < count; ++k) to[k] = v[k];
}
#endif

// The first `count` lanes; the others are 0. Memory beyond them is not read.
static FOREWORD_INLINE Vec load(const float* from, int count) {
    if (count == LANES) return load(from);
#if defined(__AVX512F__)
    return (Vec)_mm512_maskz_loadu_ps(first_lanes(count), from);
#else
    return load_end(from, count);
#endif
}

static FOREWORD_INLINE void store(float* to, Vec v, int count) {
    if (count == LANES) return store(to, v);
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(to, first_lanes(count), (__m512)v);
#else
    store_end(to, v, count);
#endif
}

// The first `count` lanes of a vector of narrower numbers. A copy of a fixed size needs no call.
template <class Narrow>
static FOREWORD_INLINE void store_narrow(void* to, const Narrow& v, int count) {
    if (count == LANES) std::memcpy(to, &v, sizeof v);
    else std::memcpy(to, &v, sizeof v / LANES * (std::size_t)count);
}

static FOREWORD_INLINE Vec choose(Ints where, Vec a, Vec b) {
    return (Vec)(((Ints)a & where) | ((Ints)b & ~where));
}

#if defined(__AVX512F__)
#define FOREWORD_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define FOREWORD_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(__AVX2__)
#define FOREWORD_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define FOREWORD_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define FOREWORD_LOW 0, 4, 1, 5
#define FOREWORD_HIGH 2, 6, 3, 7
#endif
#if defined(__clang__)
#define FOREWORD_SHUFFLED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define FOREWORD_SHUFFLED(a, b, ...) __builtin_shuffle(a, b, Ints{__VA_ARGS__})
#endif

// A square of rows becomes one of columns. Each round moves the highest bit of an element's index
// (row, column) to its end; after half the bits, row and column have changed places.
static FOREWORD_INLINE void transpose(Vec (&rows)[LANES]) {
    for (int round = 1; round < LANES; round *= 2) {
        Vec next[LANES];
#pragma GCC unroll 8
        for (int k = 0; k < LANES / 2; ++k) {
            const Vec a = rows[k], b = rows[k + LANES / 2];
            next[2 * k] = FOREWORD_SHUFFLED(a, b, FOREWORD_LOW);
            next[2 * k + 1] = FOREWORD_SHUFFLED(a, b, FOREWORD_HIGH);
        }
#pragma GCC unroll 16
        for (int k = 0; k < LANES; ++k) rows[k] = next[k];
    }
}

// The smaller and the larger of two, for each lane; the second where one is NaN.
static FOREWORD_INLINE Vec smaller(Vec a, Vec b) {
#if defined(__AVX512F__)
    return (Vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (Vec)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return choose(a < b, a, b);
#endif
}
static FOREWORD_INLINE Vec larger(Vec a, Vec b) {
#if defined(__AVX512F__)
    return (Vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (Vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return choose(a > b, a, b);
#endif
}

// Between -bound and bound; NaN stays NaN.
static FOREWORD_INLINE Vec within(Vec x, float bound) {
    return larger(Vec{} - bound, smaller(Vec{} + bound, x));
}

// Of a memory's clip, of which 0 is none.
static FOREWORD_INLINE float bound_of(float clip) { return clip > 0.0f ? clip : INFINITY; }

// 1 / x for x of an ordinary size.
static FOREWORD_INLINE Vec reciprocal(Vec x) {
#if defined(__AVX512F__)
    // An estimate of 14 bits and one step of Newton's: a third of a division's time.
    const Vec estimate = (Vec)_mm512_rcp14_ps((__m512)x);
    return estimate + estimate * (1.0f - x * estimate);
#else
    return 1.0f / x;
#endif
}

#if defined(__SSE2__) || defined(__wasm_simd128__)
#define FOREWORD_HAS_PAIRS
// The sum of two neighbours' products, for each two.
static FOREWORD_INLINE Ints pairs(Shorts a, Shorts b) {
#if defined(__AVX512BW__)
    return (Ints)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (Ints)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__wasm_simd128__)
    return (Ints)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#else
    return (Ints)_mm_madd_epi16((__m128i)a, (__m128i)b);
#endif
}
#endif

#if defined(__AVX2__) && !defined(__AVX512F__)
#define FOREWORD_HAS_FOURS
// The sum of four neighbours' products of int8, for each four. The instruction wants a first factor without a sign, so
// the second one gets it. b must not have -128: then no sum of two products exceeds 16 bits.
static FOREWORD_INLINE Ints fours(Ints a, Ints b) {
    const __m256i signed_b = _mm256_sign_epi8((__m256i)b, (__m256i)a);
    const __m256i twos = _mm256_maddubs_epi16(_mm256_abs_epi8((__m256i)a), signed_b);
    return (Ints)_mm256_madd_epi16(twos, _mm256_set1_epi16(1));
}
#endif

typedef std::uint8_t Bytes __attribute__((vector_size(LANES)));

// The lowest byte of each lane.
static FOREWORD_INLINE Bytes lowest_bytes(Bits v) {
    v &= 255;
#if defined(__AVX2__) && !defined(__AVX512F__)
    // For this instruction set, GCC converts lane by lane.
    const __m256i lanes = (__m256i)v;
    const __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    const __m128i whole = _mm_packus_epi16(halves, halves);
    Bytes bytes;
    std::memcpy(&bytes, &whole, sizeof bytes);
    return bytes;
#else
    return __builtin_convertvector(v, Bytes);
#endif
}

// To the nearest whole number, for sizes below 4 million.
static FOREWORD_INLINE Vec rounded(Vec x) {
    const float magic = 12582912.0f;  // 1.5 * 2^23
    return x + magic - magic;
}

// e^x. The argument is limited to +-80, where a gate has long reached its limit, so that nothing
// overflows and no result is denormal. NaN stays NaN. Cody & Waite's reduction to |r| <= ln(2)/2,
// then a polynomial.
static FOREWORD_INLINE Vec exponential(Vec x) {
    x = within(x, 80.0f);
    const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    const Vec shifted = x * 1.44269504088896341f + magic;
    const Vec n = shifted - magic;
    const Vec r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    Vec p = r * 1.381453825e-3f + 8.368745446e-3f;
    p = p * r + 4.166838899e-2f;
    p = p * r + 1.666652113e-1f;
    p = p * r + 4.999999404e-1f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    // Times 2^n, by adding n to the exponent.
    return (Vec)((Bits)p + ((Bits)shifted << 23));
}

// The error is at most 3 ulp for results above 1e-34.
static FOREWORD_INLINE Vec sigmoid(Vec x) { return reciprocal(1.0f + exponential(-x)); }

static FOREWORD_INLINE Vec absolute(Vec x) { return (Vec)((Ints)x & 0x7fffffff); }

// The largest |value| of some values; and 0, or NaN if one is NaN or infinite.
struct Extent {
    float largest, wrong;
};
static FOREWORD_INLINE Extent extent_of(const float* values, int count) {
    Vec largest = {}, rest = {};
    for (int k = 0; k < count; k += LANES) {
        const Vec size = absolute(load(values + k, count - k < LANES ? count - k : LANES));
        largest = larger(size, largest);
        rest += size - size;  // NaN, once and for all
    }
    Extent extent{0.0f, 0.0f};
    for (int l = 0; l < LANES; ++l) {
        extent.largest = largest[l] > extent.largest ? largest[l] : extent.largest;
        extent.wrong += rest[l];
    }
    return extent;
}

// Near 0 an odd polynomial, which keeps small values' relative error small; elsewhere by e^2x. The
// error is at most 2 ulp.
static FOREWORD_INLINE Vec hyperbolic_tangent(Vec x) {
    const Vec size = absolute(x);
    const Vec far = 1.0f - 2.0f * reciprocal(exponential(size * 2.0f) + 1.0f);
    const Vec square = x * x;
    Vec near = square * -5.666941870e-3f + 2.060615085e-2f;
    near = near * square + -5.372998098e-2f;
    near = near * square + 1.333133131e-1f;
    near = near * square + -3.333327770e-1f;
    near = near * square * x + x;
    const Vec signed_far = (Vec)((Ints)far | ((Ints)x & INT32_MIN));
    return choose(size < 0.625f, near, signed_far);
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
