// The network as Python has it.
#pragma once

#include "kernels.hpp"

#include <nanobind/nanobind.h>

namespace foreword {

// `chosen` tells the kernels in use when a network is made.
void bind_network(nanobind::module_& m, const Kernels* (*chosen)());

}  // namespace foreword
