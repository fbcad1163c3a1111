// The arguments of the staged kernels, whose threads wait for each other between the stages of a step.
//
// The stages are the products, then the cell's equations on whole rows, then a projection if there is
// one. Layer normalisation needs them, because it takes the mean of a row before any gate; so does a
// projection, which reads all units; and zoneout. Other cells have quicker loops, which compute gates
// as soon as the sums of a product are known. Shapes are those of kernels.hpp; S is the size of the
// state that the recurrent weight sees, P the size of h.
#pragma once

#include "kernels.hpp"

namespace foreword {

// The gain and bias of a layer normalisation, or null.
struct Norm {
    const float *gain, *bias;
};

// The share of the old state that a step keeps, (N, units) with `row` floats from row to row; or null.
struct Zone {
    const float* share;
    int row;
};

// The cell, its weights and what is applied to its state, for both passes.
struct Form {
    Sizes sizes;
    Masks masks;  // drop_hidden is (B, S)
    const CellInfo* cell;  // of one part
    int projected;           // P; 0: h has all H units
    float clip;              // as of Forward
    Zone zone_hidden, zone_memory;
    const float* peepholes;  // as of Forward
    const float* weight;     // weight_hh, (seeing H, S)
    const float* bias_n;     // (H): a GRU's bias inside its reset, if there is no norm
    const float* projection;  // weight_hr, (P, H); or null
    // An LSTM normalises all gates together; a GRU r and z together, and n. All of them are present
    // or none; a GRU has no norm_memory.
    Norm norm_input, norm_past, norm_memory;

    int gates() const { return cell->gates; }
    int seeing() const { return cell->seeing; }
    bool normalises() const { return norm_input.gain != nullptr; }
    // Whether there is a c: the memory, or the state that a projected GRU keeps.
    bool has_memory() const {
        return cell->has_memory() || (cell->carries_hidden() && projected > 0);
    }
    int outputs() const { return projected > 0 ? projected : sizes.H; }
    int seen() const { return cell->sees_memory() ? sizes.H : outputs(); }
};

// What a forward pass computes; the backward pass reads most of it. If the pass does not keep it,
// (N, ...) means (B, ...), for one step.
struct Made {
    float* gates;       // (N, n, H), or of steps_at_once
    float* past;        // (N, seeing, H): W_hh h, normalised if there are norms
    float* hat_input;   // (N, n, H): W_ih x, normalised; or null
    float* hat_memory;  // (N, H): the new memory, normalised; or null
    float* scales;      // (N, 5): what the norms multiplied by: input's two, past's two, memory's;
                        // or what each gate and the memory were divided by
    float* fresh;       // (N, H): the new memory before its zoneout; or null
    float* tanh_c;      // (N, H), or null
    float* units;       // (N, H): what is projected; or null
    float* h;           // (B + N, P): before the first step, then after each
    float* c;           // (B + N, H); or null
    float* seen;        // (N, S); may be h or c themselves
};

struct Staged : Made {
    Form form;
    Input input;     // its bias is 0 where there are norms
    bool keeps;
    float* outputs;     // h after each step, as the caller has it; or null
    Packed packed;
};

struct StagedBack : Made {
    Form form;
    InputBack input;
    const float* d_h;       // (T, B, P): by the outputs; or null
    const float* d_c;       // (N, H): by the memories; or null
    const float* d_shown;   // (N, n, H): by the gates themselves; or null
    const float *d_last_h, *d_last_c;  // (B, ...): by each sequence's last state; or null
    float* d_gates;         // (N, n, H): by what went into the gates
    float* d_input;         // (N, n, H): by W_ih x; d_gates itself if there is no norm
    float* d_past;          // (N, seeing, H): by W_hh h
    float* d_tanh;          // (N, H): by what goes into c's tanh, if there is a norm; by c as it is
                            // divided; or null
    float* d_outputs;       // (N, P): by what a projection gave; or null
    float *d_states_h, *d_states_c;  // total, by each state; or null
    float *d_first_h, *d_first_c;    // (B, ...); the second may be null
    float* d_bias;          // (n, H): by biases that stand with the input
    float* d_bias_past;     // (n, H): by those that stand with the past, where they differ; or null
    float *d_gain_input, *d_gain_past;  // (n, H); or null
    float *d_gain_memory, *d_bias_memory;  // (H); or null
    float* d_peepholes;     // (3, H); or null
};

// The staged kernels of one instruction set, for each format.
struct StagedKernels {
    void (*forward[FORMATS])(const Staged&, int threads);
    void (*back[FORMATS_BACK])(const StagedBack&, int threads);
    // One step of one sequence by weights that are not packed; nothing is masked or kept. The biases
    // are torch's two, or null; they are null with norms. The biases of `input` and `form` are unused.
    void (*step)(const Staged&, const float* bias_ih, const float* bias_hh, int threads);
};

}  // namespace foreword
