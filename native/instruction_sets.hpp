// The kernels of each instruction set that was compiled, and which of them this processor can run.
#pragma once

#include "kernels.hpp"
#include "processor.hpp"

#include <vector>

namespace foreword {

#define FOREWORD_DECLARE(isa)        \
    namespace isa {                  \
    extern const Kernels kernels;    \
    }
#if defined(FOREWORD_HAS_avx512_bf16)
FOREWORD_DECLARE(avx512_bf16)
#endif
#if defined(FOREWORD_HAS_avx512)
FOREWORD_DECLARE(avx512)
#endif
#if defined(FOREWORD_HAS_avx2)
FOREWORD_DECLARE(avx2)
#endif
FOREWORD_DECLARE(baseline)
#undef FOREWORD_DECLARE

// The best first.
inline std::vector<const Kernels*> runnable() {
    std::vector<const Kernels*> found;
#if defined(FOREWORD_HAS_avx512_bf16)
    if (has_avx512_bf16()) found.push_back(&avx512_bf16::kernels);
#endif
#if defined(FOREWORD_HAS_avx512)
    if (has_avx512()) found.push_back(&avx512::kernels);
#endif
#if defined(FOREWORD_HAS_avx2)
    if (has_avx2()) found.push_back(&avx2::kernels);
#endif
    found.push_back(&baseline::kernels);
    return found;
}

}  // namespace foreword
