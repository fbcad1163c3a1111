// The arguments of a single step of a single sequence: all layers, with weights in place.
#pragma once

#include "staged.hpp"

namespace foreword {

// A layer's weights in place: torch's, row after row.
struct StepLayer {
    int inputs;
    const float *weight_ih, *weight_hh;  // (n H, inputs), (seeing H, H)
    const float *bias_ih, *bias_hh;      // (n H), (seeing H); or null
    const float* peepholes;              // as of Forward
};

// One step of one sequence through layers, each the input of the next. Nothing is packed or kept.
struct Step {
    const CellInfo* cell;
    float clip;                      // as of Forward
    int layers, H;
    const float* x;                  // (inputs of the first layer)
    const float *h, *c;              // (layers, H), before; c is null where there is none
    float* outputs;                  // (H): h of the last layer
    float *h_after, *c_after;        // (layers, H)
    float* room;                     // (4, H)
    const StepLayer* of_layers;
};

}  // namespace foreword
