// What Python asks of a kernel: sizes and pointers. No equations, no instruction sets.
//
// Everything is float32, contiguous, and row-major in the order of its dimensions: T steps, B
// sequences, H units, n gates. A pointer that may be null says what is not there.
//
// Sequences that end before others stand in the order of their lengths, the longest first: those that
// still go on at a step are the first. A step has a row for each of them and no others, and where
// (T, B, ...) is said below, it is all these rows, one step's after the other's: N of them. Where the
// caller has a row he says by `places`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foreword {

struct Sizes {
    int T, B, H;
    const std::int64_t* begins;  // (T + 1): each step's first row; or null: B rows a step
    // (N + idle): each row's place with the caller, then those places where nothing happens; or null:
    // the same. x, d_x, d_h and outputs lie as the caller has them.
    const std::int64_t* places;
    int idle;
};

// What is done to a state between two steps; see `kernels.problem.Extras` in Python.
struct Masks {
    const float* keep;         // (T, B) or null
    const float* drop_hidden;  // (B, H) or null
    const float* drop_memory;  // (B, H) or null
};

// Rows enough for a product to be bound by arithmetic.
constexpr int ENOUGH_ROWS = 40;

// Steps whose inputs are multiplied by the weight at once.
inline int steps_at_once(int T, int batch) {
    const int steps = batch >= ENOUGH_ROWS ? 1 : (ENOUGH_ROWS + batch - 1) / batch;
    return steps < T ? steps : T;
}

struct Input {
    int size;             // 0: the gates hold what the inputs and biases give, of one step
    const float* x;       // (T, B, size)
    const float* weight;  // weight_ih, (n H, size)
    const float* bias;    // (n H): all biases that stand outside a reset gate
};

// Memory for weights as the products read them: the recurrent ones, then those of the inputs. Null:
// they are packed for this call alone.
struct Packed {
    float* memory;
    bool is_there;  // from a call before; else this one packs them
};

struct InputBack {
    int size;
    const float* weight;
    float* d_x;  // (T, B, size), or null
};

// What a cell is to those who run it. Its equations are in cells/.
struct CellInfo {
    // Flags: it has c besides h; the recurrent weight sees c instead of h; h is carried around the
    // product; a step has two products, the second for the last gate alone; |h| may be above 1; it
    // has peepholes; it has a bias inside its reset; its gates depend on all units of a sequence, so
    // that only the loops in stages run it.
    enum {
        MEMORY = 1, SEES_MEMORY = 2, CARRIES_HIDDEN = 4, TWO_PARTS = 8, UNBOUNDED = 16,
        PEEPHOLES = 32, BIAS_N = 64, WHOLE_ROWS = 128,
    };

    const char* name = nullptr;  // as in foreword/cells
    int gates = 0, seeing = 0;   // of a unit; those that the recurrent weight goes to
    int flags = 0;

    constexpr bool has_memory() const { return (flags & MEMORY) != 0; }
    constexpr bool sees_memory() const { return (flags & SEES_MEMORY) != 0; }
    constexpr bool carries_hidden() const { return (flags & CARRIES_HIDDEN) != 0; }
    constexpr bool has_peepholes() const { return (flags & PEEPHOLES) != 0; }
    constexpr bool has_bias_n() const { return (flags & BIAS_N) != 0; }
    constexpr bool needs_whole_rows() const { return (flags & WHOLE_ROWS) != 0; }
    constexpr bool is_bounded() const { return (flags & UNBOUNDED) == 0; }
    constexpr int parts() const { return flags & TWO_PARTS ? 2 : 1; }
};

// A cell over time. Which of these it asks for is said by its equations; the others are null.
struct Forward {
    Sizes sizes;
    Masks masks;
    Input input;
    const CellInfo* cell;
    bool keeps;              // gates of all steps, for the way back; else of as many as it needs
    float clip;              // the largest |c|; 0: any
    const float* peepholes;  // (3, H): p_i, p_f, p_o
    const float* weight;     // weight_hh, (seeing H, H)
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

// Gradients by weights: c (M, N) = a^T b, the sum over K steps and sequences, for each of up to two
// b that one a is multiplied by; and the sums of a's columns.
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

// Cross-entropy of rows of logits, and its gradients by them, by rows (rows, V) of one format.
struct Softmax {
    int rows, V;
    void* logits;  // without the bias; afterwards gradients, to be multiplied by their row's scale
    const float* bias;            // (V,)
    const std::int64_t* targets;  // (rows,)
    float* scales;                // (rows,): 1 / the sum of a row's exponentials
    float* losses;                // (rows,): -log P(target), in nats
    float* d_bias;                // (V,): added to
};

// How well rows of logits (rows, V) predict their targets.
struct Ranks {
    int rows, V;
    int left_out;                 // a word that takes no place, or -1
    const float* logits;
    const std::int64_t* targets;  // (rows,)
    float* losses;                // (rows,): -log P(target), in nats
    std::int64_t* above;          // (rows,): words whose logits are larger than the target's
};

// Rows that vectors are multiplied by, as a model folder has them: float32, or int8 with a scale
// each. A row may be read up to the next multiple of ROW_BYTES; what stands there beyond its columns
// has no part in a product.
constexpr int ROW_BYTES = 64;

struct Table {
    int rows = 0, columns = 0;
    std::ptrdiff_t stride = 0;  // values from one row to the next
    const float* floats = nullptr;
    const std::int8_t* ints = nullptr;  // or these, with
    const float* scales = nullptr;      // (rows)
    const std::int32_t* sums = nullptr;  // (rows): of a row's values
    const float* bias = nullptr;         // (rows), or null: none

    bool is_int8() const { return ints != nullptr; }
};

// Bytes that a vector needs to be multiplied by a table's rows.
inline std::size_t operand_bytes(int columns) {
    return ((std::size_t)columns * sizeof(float) + ROW_BYTES - 1) / ROW_BYTES * ROW_BYTES;
}

// Scores, of which the largest, and the sum of e^(score - largest). NaN if one is.
struct Shares {
    float largest;
    double total;
};

// A look of one decoder at the positions of its sentence, in heads of `size` values each.
struct Look {
    int heads, size;
    int length, stride;   // positions; those from one head to the next in keys, values and shares
    const float* energy;  // (heads size): attention is additive; or null: multiplicative
    const float* query;   // (heads size)
    const float *keys, *values;  // (heads, stride, size)
    float* shares;   // (heads, stride): each position's weight; 0 beyond the length
    float* context;  // (heads size)
};

// How numbers stand in products: float32, bfloat16, int8; the last forwards only.
constexpr int FORMATS = 3, FORMATS_BACK = 2;

struct StagedKernels;  // staged.hpp
struct Step;           // step.hpp

// The kernels of one instruction set, for each format.
struct Kernels {
    const char* name;
    // Floats that packed columns need: so many units' gates, K values each.
    std::ptrdiff_t (*packed_floats[FORMATS])(int units, int gates, int K);
    const CellInfo* (*cell)(int code);  // null beyond the last
    void (*forward[FORMATS])(const Forward&, int threads);
    void (*back[FORMATS_BACK])(const Backward&, int threads);
    void (*step)(const Step&, int threads);
    void (*sums[FORMATS_BACK])(const Sums&, int threads);
    void (*softmax[FORMATS_BACK])(const Softmax&, int threads);
    void (*ranks[1])(const Ranks&, int threads);  // float32 alone
    // A vector as products by the rows of float32 and of int8 take it; returns its scale.
    float (*operand[2])(const float* vector, int columns, void* into);
    // Products of some rows, or of those from `first` on if `ids` is null, with some users' vectors.
    void (*rows[2])(const Table&, const void* const* operands, const float* scales, int users,
                    const std::int64_t* ids, std::int64_t first, int count, float* const* into);
    Shares (*shares)(const float* scores, int count);
    const StagedKernels* staged;
    std::uint64_t (*checksum)(const std::uint32_t* words, std::size_t count);
    void (*look)(const Look&);
    void (*tangents)(float* values, std::size_t count);  // in their place
};

}  // namespace foreword
