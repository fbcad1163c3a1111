#include "processor.hpp"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace foreword {

bool may_use_matrix_unit() {
#if defined(__x86_64__) && defined(__linux__)
    static const bool may = [] {
        constexpr unsigned BF16 = 1u << 22, TILE = 1u << 24, INT8 = 1u << 25;
        constexpr int ASK_FOR_STATE = 0x1023, TILE_DATA = 18;
        unsigned a = 0, b = 0, c = 0, d = 0;
        if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (~d & (BF16 | TILE | INT8))) return false;
        return syscall(SYS_arch_prctl, ASK_FOR_STATE, TILE_DATA) == 0;
    }();
    return may;
#else
    return false;
#endif
}

}  // namespace foreword
