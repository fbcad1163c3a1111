// A stack of layers in one call, where nobody trains: what the short way in Python asks for.
#pragma once

#include "reader.hpp"

namespace foreword {

struct Kernels;

// Both take a struct's members in their order: `Step`, and `Layers` in layers.cpp; after them those
// of each layer.
void run_step(const Kernels& kernels, const Arguments& arguments, int threads);
void run_layers(const Kernels& kernels, const Arguments& arguments, int format, int threads);

}  // namespace foreword
