// A stack of layers in one call, for inference.
#pragma once

#include "reader.hpp"

#include <string>
#include <utility>
#include <vector>

namespace foreword {

struct Kernels;

// Both take the fields of their struct, followed by those of each layer.
void run_step(const Kernels& kernels, const Arguments& arguments, int threads);
void run_layers(const Kernels& kernels, const Arguments& arguments, int format, int threads);

// The names of those fields, in their order.
std::vector<std::pair<std::string, std::vector<std::string>>> fields_of_layers(const Kernels& kernels);

}  // namespace foreword
