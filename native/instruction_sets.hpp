// The kernels of each instruction set that was compiled, and which of them this processor can run.
#pragma once

#include "kernels.hpp"

#include <vector>

namespace foreword {

#define FOREWORD_DECLARE(isa)        \
    namespace isa {                  \
    extern const Kernels kernels;    \
    }
#if defined(FOREWORD_X86)
FOREWORD_DECLARE(avx512_bf16)
FOREWORD_DECLARE(avx512)
FOREWORD_DECLARE(avx2)
#endif
FOREWORD_DECLARE(baseline)
#undef FOREWORD_DECLARE

// The best first.
inline std::vector<const Kernels*> runnable() {
    std::vector<const Kernels*> found;
#if defined(FOREWORD_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni")) {
            found.push_back(&avx512_bf16::kernels);
        }
        found.push_back(&avx512::kernels);
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        found.push_back(&avx2::kernels);
    }
#endif
    found.push_back(&baseline::kernels);
    return found;
}

}  // namespace foreword
