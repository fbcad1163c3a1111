// The arguments of the kernels: sizes and pointers. No equations, no instruction sets.
//
// All memory is float32, contiguous and row-major. T is the number of steps, B of sequences, H of
// units and n of gates. A null pointer stands for an absent argument.
//
// Sequences of different lengths are sorted by length, the longest first, so that the sequences that
// still have a step t are the first ones. A step has one row for each of them. (T, B, ...) below means
// these rows, step after step: N rows in all. `places` maps them to the rows of the caller's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace foreword {

struct Sizes {
    int T, B, H;
    const std::int64_t* begins;  // (T + 1): each step's first row; or null: B rows a step
    // (N + idle): the position of each row in the caller's memory, then the positions that no step
    // uses; null if both orders are equal. x, d_x, d_h and outputs are in the caller's order.
    const std::int64_t* places;
    int idle;
};

// What is applied to a state between two steps; see `kernels.problem.Extras` in Python.
struct Masks {
    const float* keep;         // (T, B) or null
    const float* drop_hidden;  // (B, H) or null
    const float* drop_memory;  // (B, H) or null
};

// The number of rows from which a product is limited by arithmetic rather than by memory.
constexpr int ENOUGH_ROWS = 40;

// The number of steps whose inputs are multiplied by the weight in one product.
inline int steps_at_once(int T, int batch) {
    const int steps = batch >= ENOUGH_ROWS ? 1 : (ENOUGH_ROWS + batch - 1) / batch;
    return steps < T ? steps : T;
}

// A matrix as a model folder stores it: rows of float32, or of int8 with a scale for each row. A row
// may be read up to the next multiple of ROW_BYTES; the bytes beyond its columns do not affect results.
constexpr int ROW_BYTES = 64;

struct Table {
    int rows = 0, columns = 0;
    std::ptrdiff_t stride = 0;  // values from one row to the next
    const float* floats = nullptr;
    const std::int8_t* ints = nullptr;  // or these, with
    const float* scales = nullptr;      // (rows)
    const std::int32_t* sums = nullptr;  // (rows): of a row's values, if `Kernels::needs_sums`
    const float* bias = nullptr;         // (rows), or null: none
    std::size_t room = 0;  // bytes behind the last row that may be read, too

    bool is_int8() const { return ints != nullptr; }
};

// A row in float32. Static, as each instruction set has one of its own.
static inline void row_of(const Table& table, std::int64_t row, float* into) {
    const std::ptrdiff_t at = row * table.stride;
    if (!table.is_int8()) {
        std::memcpy(into, table.floats + at, sizeof(float) * (std::size_t)table.columns);
        return;
    }
    const float scale = table.scales[row];
    for (int k = 0; k < table.columns; ++k) into[k] = (float)table.ints[at + k] * scale;
}

// A weight that may be packed: row after row in float32, or a table.
struct Unpacked {
    const float* floats = nullptr;
    const Table* table = nullptr;

    Unpacked() = default;
    Unpacked(const float* floats) : floats(floats) {}
    Unpacked(const Table& table) : table(&table) {}
};

struct Input {
    int size;             // 0: the gates hold what the inputs and biases give, of one step
    const float* x;       // (T, B, size)
    Unpacked weight;      // weight_ih, (n H, size)
    const float* bias;    // (n H): all biases that stand outside a reset gate
};

// Memory for packed weights: the recurrent weight, then the input weight. If it is null, they are
// packed for this call only.
struct Packed {
    float* memory;
    bool is_there;  // whether an earlier call has packed them; otherwise this one does
};

struct InputBack {
    int size;
    const float* weight;
    float* d_x;  // (T, B, size), or null
};

// The properties of a cell that the loops ask for. Its equations are in cells/.
struct CellInfo {
    // Flags, in this order: it has a memory c besides h; the recurrent weight is applied to c, not to
    // h; the old h also enters the new one directly; a step has two products, the second for the last
    // gate only; |h| may exceed 1; it has peepholes; it has a bias inside its reset gate; its gates
    // depend on all units of a sequence, so that only the staged loops can run it.
    enum {
        MEMORY = 1, SEES_MEMORY = 2, CARRIES_HIDDEN = 4, TWO_PARTS = 8, UNBOUNDED = 16,
        PEEPHOLES = 32, BIAS_N = 64, WHOLE_ROWS = 128,
    };

    const char* name = nullptr;  // as in foreword/cells
    int gates = 0, seeing = 0;   // of a unit; those that the recurrent weight goes to
    int flags = 0;
    const char* letters = "";  // of the gates in order, as in foreword/cells; none if they are not called gates there

    constexpr bool has_memory() const { return (flags & MEMORY) != 0; }
    constexpr bool sees_memory() const { return (flags & SEES_MEMORY) != 0; }
    constexpr bool carries_hidden() const { return (flags & CARRIES_HIDDEN) != 0; }
    constexpr bool has_peepholes() const { return (flags & PEEPHOLES) != 0; }
    constexpr bool has_bias_n() const { return (flags & BIAS_N) != 0; }
    constexpr bool needs_whole_rows() const { return (flags & WHOLE_ROWS) != 0; }
    constexpr bool is_bounded() const { return (flags & UNBOUNDED) == 0; }
    constexpr int parts() const { return flags & TWO_PARTS ? 2 : 1; }
};

// The forward pass of a cell over time. Pointers that its equations do not need are null.
struct Forward {
    Sizes sizes;
    Masks masks;
    Input input;
    const CellInfo* cell;
    bool keeps;              // gates of all steps, for the way back; else of as many as it needs
    float clip;              // the largest |c|; 0: any
    const float* peepholes;  // (3, H): p_i, p_f, p_o
    Unpacked weight;         // weight_hh, (seeing H, H)
    const float* bias_n;     // (H): b_hn, which stands inside a GRU's reset
    float* gates;            // (T, B, n, H), or (steps_at_once, B, n, H)
    float* h;                // (B, H) before the first step, which is there; then (T, B, H)
    float* c;                // the same
    float* seen;             // (T, B, H): what the weight is applied to; may be h or c themselves
    float* before;           // (T, B, H): c, or h where there is none, as each step finds it; may be it itself
    float* tanh_c;           // (T, B, H)
    float* inner;            // (T, B, H): of a GRU, W_hn h + b_hn, or r * h if that is before the product
    float* outputs;          // h after each step, as the caller has it; or null
    Packed packed;
};

struct Backward {
    Sizes sizes;
    Masks masks;
    InputBack input;
    const CellInfo* cell;
    float clip;
    bool carries;  // `before` is not the state itself
    const float *peepholes, *weight, *gates;
    const float* c;  // (T, B, H), after each step
    const float *before, *tanh_c, *inner;
    const float* d_h;       // (T, B, H): by the outputs; or null
    const float* d_c;       // (T, B, H): by the memories; or null
    const float* d_last_h;  // (B, H): by each sequence's last state; or null
    const float* d_last_c;  // (B, H), or null
    float* d_gates;      // (T, B, n, H): by what went into the gates
    float* d_past;       // (T, B, n, H): by what the weight gave; may be d_gates itself
    float* d_states_h;   // (T, B, H): total, by each h; or null
    float* d_states_c;   // the same by each c; or null
    float* d_first_h;    // (B, H)
    float* d_first_c;    // (B, H)
    float* d_peepholes;  // (3, H), zeros at first
};

// Gradients of weights: c (M, N) = a^T b, summed over K steps and sequences, for one or two matrices b
// that share one a; and the sums of a's columns.
struct Sums {
    int M, K;
    const float* a;
    std::ptrdiff_t a_row;  // from one k to the next
    int N;
    const float* b;  // (K, N)
    const std::int64_t* b_rows;  // where each k stands in b; or null: in this order
    float* c;        // (M, N)
    int other_N;     // 0 if there is one b alone
    const float* other_b;
    const std::int64_t* other_rows;
    float* other_c;
    float* totals;  // (M,), or null
};

// The cross-entropy of rows of logits (rows, V), and its gradients with respect to them.
struct Softmax {
    int rows, V;
    void* logits;  // without the bias; afterwards gradients, to be multiplied by their row's scale
    const float* bias;            // (V,)
    const std::int64_t* targets;  // (rows,)
    float* scales;                // (rows,): 1 / the sum of a row's exponentials
    float* losses;                // (rows,): -log P(target), in nats
    float* d_bias;                // (V,): added to
};

// The quality of the predictions of rows of logits (rows, V) for their targets.
struct Ranks {
    int rows, V;
    int left_out;                 // a word that takes no place, or -1
    const float* logits;
    const std::int64_t* targets;  // (rows,)
    float* losses;                // (rows,): -log P(target), in nats
    std::int64_t* above;          // (rows,): words whose logits are larger than the target's
};

// The linear recurrence h_t = a_t * h_{t-1} + b_t of T >= 1 steps, each unit by itself. `units` counts
// those of all sequences.
struct Scan {
    int T, units;
    const float *a, *b;  // (T, units)
    const float* first;  // (units): before the first step
    float* h;            // (T, units)
};

struct ScanBack {
    int T, units;
    const float *a, *first, *h;  // as above
    const float* d_h;            // (T, units)
    float *d_a, *d_b;            // (T, units); by b_t and by h_t are one
    float* d_first;              // (units)
};

// The size of a vector in bytes when it is prepared for multiplication by a table's rows.
inline std::size_t operand_bytes(int columns) {
    return ((std::size_t)columns * sizeof(float) + ROW_BYTES - 1) / ROW_BYTES * ROW_BYTES;
}

// The largest of some scores, and the sum of e^(score - largest). NaN if any score is NaN.
struct Shares {
    float largest;
    double total;
};

// One attention step of a decoder over the positions of its sentence; each head has `size` values.
struct Look {
    int heads, size;
    int length, stride;   // positions; those from one head to the next in keys, values and shares
    const float* energy;  // (heads size): attention is additive; or null: multiplicative
    const float* query;   // (heads size)
    const float *keys, *values;  // (heads, stride, size)
    float* shares;   // (heads, stride): each position's weight; 0 beyond the length
    float* context;  // (heads size)
};

// The number formats of products: float32, bfloat16, and int8, which has no backward pass.
constexpr int FORMATS = 3, FORMATS_BACK = 2;

// What only training, translation and the layers of foreword.nn call. A WebAssembly module predicts next words alone, and
// leaves it out.
#if defined(__wasm__)
#define FOREWORD_UNLESS_WASM(...) {}
#else
#define FOREWORD_UNLESS_WASM(...) __VA_ARGS__
#endif

struct StagedKernels;  // staged.hpp
struct Step;           // step.hpp

// The kernels of one instruction set, for each format.
struct Kernels {
    const char* name;
    // The size of a packed weight in floats, for this many units, gates and K values of each.
    std::ptrdiff_t (*packed_floats[FORMATS])(int units, int gates, int K);
    const CellInfo* (*cell)(int code);  // null beyond the last
    void (*forward[FORMATS])(const Forward&, int threads);
    void (*back[FORMATS_BACK])(const Backward&, int threads);
    void (*step)(const Step&, int threads);
    void (*sums[FORMATS_BACK])(const Sums&, int threads);
    void (*softmax[FORMATS_BACK])(const Softmax&, int threads);
    void (*ranks[1])(const Ranks&, int threads);  // float32 alone
    void (*scan)(const Scan&, int threads);
    void (*scan_back)(const ScanBack&, int threads);
    // Prepares a vector for products by rows of float32 and of int8; returns its scale.
    float (*operand[2])(const float* vector, int columns, void* into);
    // Multiplies the rows `ids`, or `count` rows from `first` on if `ids` is null, by users' vectors.
    void (*rows[2])(const Table&, const void* const* operands, const float* scales, int users,
                    const std::int64_t* ids, std::int64_t first, int count, float* const* into);
    bool needs_sums;  // whether products by rows of int8 need each row's sum
    Shares (*shares)(const float* scores, int count);
    const StagedKernels* staged;
    std::uint64_t (*checksum)(const std::uint32_t* words, std::size_t count);
    void (*look)(const Look&);
    void (*tangents)(float* values, std::size_t count);  // in their place
};

}  // namespace foreword
