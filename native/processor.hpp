// Which instruction sets this processor has. Knows no kernels.
#pragma once

namespace foreword {

#if defined(__x86_64__) || defined(_M_X64)
inline bool has_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

inline bool has_avx512() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

inline bool has_avx512_bf16() {
    return has_avx512() && __builtin_cpu_supports("avx512bf16") &&
           __builtin_cpu_supports("avx512vnni");
}
#endif

// Whether this processor has matrix tiles (Intel's AMX) and the system lets this process use them.
bool may_use_matrix_unit();

}  // namespace foreword
