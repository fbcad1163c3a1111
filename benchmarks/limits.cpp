// What a core can do at most: multiply and add in registers, and read what lies in its caches.
#include <chrono>
#include <cstdint>
#include <immintrin.h>

namespace {

using Clock = std::chrono::steady_clock;

template <class Work>
double rate(double seconds, double each, Work&& work) {
    double best = 0.0;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) {
        const auto began = Clock::now();
        work();
        const std::chrono::duration<double> took = Clock::now() - began;
        if (each / took.count() > best) best = each / took.count();
    }
    return best;
}

constexpr int SUMS = 14, TIMES = 20000;  // enough sums for the latency of any of these

}  // namespace

extern "C" {

// Multiplications and additions a second, at best.
double fp32(double seconds) {
    return rate(seconds, 2.0 * 16 * SUMS * TIMES, [] {
        __m512 sums[SUMS];
        for (__m512& sum : sums) sum = _mm512_setzero_ps();
        __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
        for (int t = 0; t < TIMES; ++t) {
            asm volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 14
            for (int k = 0; k < SUMS; ++k) sums[k] = _mm512_fmadd_ps(a, b, sums[k]);
        }
        for (__m512& sum : sums) asm volatile("" : : "v"(sum));
    });
}

double bf16(double seconds) {
#if defined(__AVX512BF16__)
    return rate(seconds, 4.0 * 16 * SUMS * TIMES, [] {
        __m512 sums[SUMS];
        for (__m512& sum : sums) sum = _mm512_setzero_ps();
        __m512i a = _mm512_set1_epi32(0x3f003f00), b = a;
        for (int t = 0; t < TIMES; ++t) {
            asm volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 14
            for (int k = 0; k < SUMS; ++k) {
                sums[k] = _mm512_dpbf16_ps(sums[k], (__m512bh)a, (__m512bh)b);
            }
        }
        for (__m512& sum : sums) asm volatile("" : : "v"(sum));
    });
#else
    return seconds * 0.0;
#endif
}

double int8(double seconds) {
#if defined(__AVX512VNNI__)
    return rate(seconds, 8.0 * 16 * SUMS * TIMES, [] {
        __m512i sums[SUMS];
        for (__m512i& sum : sums) sum = _mm512_setzero_si512();
        __m512i a = _mm512_set1_epi32(0x01010101), b = a;
        for (int t = 0; t < TIMES; ++t) {
            asm volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 14
            for (int k = 0; k < SUMS; ++k) sums[k] = _mm512_dpbusd_epi32(sums[k], a, b);
        }
        for (__m512i& sum : sums) asm volatile("" : : "v"(sum));
    });
#else
    return seconds * 0.0;
#endif
}

// Bytes a second, of memory that is read again and again.
double reads(const char* memory, std::int64_t bytes, double seconds) {
    return rate(seconds, (double)bytes, [=] {
        __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
        for (std::int64_t k = 0; k + 256 <= bytes; k += 256) {
            a = _mm512_or_si512(a, _mm512_load_si512(memory + k));
            b = _mm512_or_si512(b, _mm512_load_si512(memory + k + 64));
            c = _mm512_or_si512(c, _mm512_load_si512(memory + k + 128));
            d = _mm512_or_si512(d, _mm512_load_si512(memory + k + 192));
        }
        a = _mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d));
        asm volatile("" : : "v"(a));
    });
}
}
