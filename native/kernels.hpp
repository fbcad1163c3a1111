// What Python asks of a kernel: sizes and pointers. No equations, no instruction sets.
//
// Everything is float32, contiguous, and row-major in the order of its dimensions: T steps, B
// sequences, H units, n gates. A pointer that may be null says what is not there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foreword {

struct Sizes {
    int T, B, H;
};

// What is done to a state between two steps; see `kernels.problem.Extras` in Python.
struct Masks {
    const float* keep;         // (T, B) or null
    const float* drop_hidden;  // (B, H) or null
    const float* drop_memory;  // (B, H) or null
};

struct Lstm {
    Sizes sizes;
    Masks masks;
    bool is_coupled;         // gates f, g, o; else i, f, g, o
    bool sees_memory;        // the gates i, f, o see c instead of h; g sees the input alone
    const float* peepholes;  // (3, H): p_i, p_f, p_o; or null
    const float* weight;     // weight_hh, (rows, H)
    float* packed;           // room for the weight as strips, as `packed_size` says
    float* gates;            // (T, B, n, H): W_ih x and all biases; then the gates
    float* h;                // (T + 1, B, H), the first is there
    float* c;                // (T + 1, B, H), the first is there
    float* seen;             // (T, B, H): what the weight is applied to; may be h or c themselves
    float* before;           // (T, B, H): c as each step finds it; may be c itself
    float* tanh_c;           // (T, B, H)
};

struct LstmBack {
    Sizes sizes;
    Masks masks;
    bool is_coupled, sees_memory;
    const float* peepholes;
    const float* weight;
    float* packed;
    const float* gates;
    const float* c;       // (T, B, H), after each step
    const float* before;  // as above
    const float* tanh_c;
    const float* d_h;   // (T, B, H): by the outputs; or null
    const float* d_c;   // (T, B, H): by the memories; or null
    float* d_gates;     // (T, B, n, H): by what went into the gates
    float* d_states_h;  // (T, B, H): total, by each h; or null
    float* d_states_c;  // the same by each c; or null
    float* d_first_h;   // (B, H)
    float* d_first_c;   // (B, H)
    float* d_peepholes;  // (3, H), zeros at first; or null
};

struct Gru {
    Sizes sizes;
    Masks masks;
    bool resets_after;
    const float* weight;  // (3 H, H)
    const float* bias_n;  // (H,): b_hn, which stands inside the reset; or null if it does not
    float* packed;
    float* gates;  // (T, B, 3, H)
    float* h;      // (T + 1, B, H)
    float* seen;   // (T, B, H); may be h itself
    float* before;  // (T, B, H): h as each step finds it; may be h itself
    float* inner;   // (T, B, H): W_hn h + b_hn, or r * h where the reset stands before the product
};

struct GruBack {
    Sizes sizes;
    Masks masks;
    bool resets_after;
    const float* weight;
    float* packed;
    const float* gates;
    const float* before;
    const float* inner;
    const float* d_h;
    float* d_gates;     // (T, B, 3, H)
    float* d_past;      // (T, B, 3, H): by what the weight gave; d_gates itself if resets before
    float* d_states_h;  // (T, B, H) or null
    float* d_first_h;   // (B, H)
};

struct Elman {
    Sizes sizes;
    Masks masks;
    bool is_relu;
    const float* weight;
    float* packed;
    float* gates;  // (T, B, H)
    float* h;
    float* seen;
};

struct ElmanBack {
    Sizes sizes;
    Masks masks;
    bool is_relu;
    const float* weight;
    float* packed;
    const float* gates;
    const float* d_h;
    float* d_gates;
    float* d_states_h;  // or null
    float* d_first_h;
};

// c (M, N) = a (M, K) by b, plus a bias (N,) or null. b is (K, N), or (N, K) if it is its rows that
// a's rows are multiplied by.
struct Matmul {
    int M, N, K;
    const float* a;
    std::ptrdiff_t a_row, a_step;  // from one row of a to the next, and from one k to the next
    const float* b;
    std::ptrdiff_t b_row;
    bool b_is_rows;
    const float* bias;
    float* c;
    float* packed;  // room for (N in whole vectors + M in whole tiles) * matmul_depth
};

// The kernels of one instruction set.
struct Kernels {
    const char* name;
    void (*lstm)(const Lstm&, int threads);
    void (*lstm_back)(const LstmBack&, int threads);
    void (*gru)(const Gru&, int threads);
    void (*gru_back)(const GruBack&, int threads);
    void (*elman)(const Elman&, int threads);
    void (*elman_back)(const ElmanBack&, int threads);
    void (*matmul)(const Matmul&, int threads);
    int lanes, matmul_depth, matmul_height;
};

}  // namespace foreword
