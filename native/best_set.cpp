// Prints the best instruction set of the processor that this is compiled on, for CMakeLists.txt.
#include "processor.hpp"

#include <cstdio>

int main() {
    const char* best = "baseline";
#if defined(__x86_64__) || defined(_M_X64)
    if (foreword::has_avx2()) best = "avx2";
    if (foreword::has_avx512()) best = "avx512";
    if (foreword::has_avx512_bf16()) best = "avx512_bf16";
#endif
    std::puts(best);
    return 0;
}
