// The number formats of products: one float32, two bfloat16 or four int8 in a word of 32 bits.
//
// A column of a weight has a word for that many values of k; a row of states has them in the same
// order. In every format, a product multiplies one word of the row, copied to all lanes, by a
// vector of words.
#pragma once

#include "vector.hpp"

#include <cmath>
#include <cstddef>

namespace foreword {
namespace FOREWORD_ISA {

typedef std::uint32_t __attribute__((may_alias)) Word;

static FOREWORD_INLINE Bits load_words(const Word* from) {
    Bits words;
    std::memcpy(&words, from, sizeof words);
    return words;
}

struct Float32 {
    static constexpr int PLACE = 0;  // among the formats
    static constexpr int GROUP = 1;
    static constexpr bool CONVERTS = false, SCALES = false;
    using Sum = Vec;

    static FOREWORD_INLINE Sum multiply_add(Sum sum, Word word, Bits weights) {
        float value;
        std::memcpy(&value, &word, sizeof value);
        return sum + value * (Vec)weights;
    }
    static FOREWORD_INLINE void set(Word* row, int unit, Vec values, int lanes) {
        store((float*)row + unit, values, lanes);
    }
    // A word of each lane from values of consecutive k.
    static FOREWORD_INLINE Bits words(const Vec (&values)[GROUP]) { return (Bits)values[0]; }
};

// Rounded to the nearest, to the even one of two.
static FOREWORD_INLINE Bits to_bfloat16(Vec values) {
    const Bits bits = (Bits)values;
    return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

struct BFloat16 {
    static constexpr int PLACE = 1;  // among the formats
    static constexpr int GROUP = 2;
    static constexpr bool CONVERTS = true, SCALES = false;
    using Sum = Vec;

    static FOREWORD_INLINE Sum multiply_add(Sum sum, Word word, Bits weights) {
#if defined(__AVX512BF16__)
        return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32((int)word),
                                     (__m512bh)weights);
#else
        float low, high;
        const Word low_bits = word << 16, high_bits = word & 0xffff0000u;
        std::memcpy(&low, &low_bits, sizeof low), std::memcpy(&high, &high_bits, sizeof high);
        sum += high * (Vec)(weights & 0xffff0000u);
        return sum + low * (Vec)(weights << 16);
#endif
    }
    static FOREWORD_INLINE void set(Word* row, int unit, Vec values, int lanes) {
#if defined(__AVX512BF16__)
        const __m256i halves = (__m256i)_mm512_cvtneps_pbh((__m512)values);
        char* const to = (char*)row + 2 * (std::ptrdiff_t)unit;
        if (lanes == LANES) return _mm256_storeu_si256((__m256i*)to, halves);
        _mm256_mask_storeu_epi16(to, first_lanes(lanes), halves);
#else
        typedef std::uint16_t Halves __attribute__((vector_size(LANES * 2)));
        const Halves halves = __builtin_convertvector(to_bfloat16(values), Halves);
        store_narrow((char*)row + 2 * (std::ptrdiff_t)unit, halves, lanes);
#endif
    }
    static FOREWORD_INLINE Bits words(const Vec (&values)[GROUP]) {
#if defined(__AVX512BF16__)
        // Both halves in one conversion; the two of each lane are then adjacent.
        const Bits halves = (Bits)_mm512_cvtne2ps_pbh((__m512)values[1], (__m512)values[0]);
        const Bits lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        const Bits order = lane | (lane + 16) << 16;
        return (Bits)_mm512_permutexvar_epi16((__m512i)order, (__m512i)halves);
#else
        return to_bfloat16(values[0]) | to_bfloat16(values[1]) << 16;
#endif
    }
};

// Rows are unsigned, with 128 for 0, where products of two signed bytes take longer; weights are signed. A column of a
// weight has a scale, and so has a row: for a state, which is between -1 and 1, it is 1/127.
struct Int8 {
    static constexpr int PLACE = 2;  // among the formats
    static constexpr int GROUP = 4;
#if defined(FOREWORD_HAS_FOURS)
    static constexpr int ZERO = 0;
#else
    static constexpr int ZERO = 128;
#endif
    static constexpr bool CONVERTS = true, SCALES = true;
    using Sum = Ints;

    static FOREWORD_INLINE Sum multiply_add(Sum sum, Word word, Bits weights) {
#if defined(__AVX512VNNI__)
        return (Ints)_mm512_dpbusd_epi32((__m512i)sum, _mm512_set1_epi32((int)word),
                                         (__m512i)weights);
#elif defined(FOREWORD_HAS_FOURS)
        return sum + fours((Ints)(Bits{} + word), (Ints)weights);
#elif defined(FOREWORD_HAS_PAIRS)
        // Bytes 0 and 2 of each word, and then 1 and 3, in halves of 16 bits: two products at a time.
        const Shorts even = (Shorts)weights << 8 >> 8, odd = (Shorts)weights >> 8;
        sum += pairs(even, (Shorts)(Bits{} + (word & 0x00ff00ffu)));
        return sum + pairs(odd, (Shorts)(Bits{} + (word >> 8 & 0x00ff00ffu)));
#else
        for (int k = 0; k < GROUP; ++k) {
            sum += ((Ints)(weights << (24 - 8 * k)) >> 24) * (std::int32_t)(word >> 8 * k & 255);
        }
        return sum;
#endif
    }
    static FOREWORD_INLINE void set(Word* row, int unit, Vec values, int lanes) {
        const Vec rounded = within(values, 1.0f) * 127.0f + 12582912.0f;  // as in exponential
        store_narrow((char*)row + unit, lowest_bytes((Bits)rounded + ZERO), lanes);
    }
    static FOREWORD_INLINE Bits words(const Vec (&values)[GROUP]) {
        Bits all = {};
        for (int k = 0; k < GROUP; ++k) {
            const Vec rounded = within(values[k], 127.0f) + 12582912.0f;
            all |= ((Bits)rounded & 255) << 8 * k;
        }
        return all;
    }
};

template <class F>
constexpr int words_for(int values) {
    return (values + F::GROUP - 1) / F::GROUP;
}

}  // namespace FOREWORD_ISA
}  // namespace foreword
