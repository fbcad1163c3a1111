// The network for Python.
#pragma once

#include "kernels.hpp"

#include <nanobind/nanobind.h>

namespace foreword {

// `chosen` returns the kernels in use when a network is made.
void bind_network(nanobind::module_& m, const Kernels* (*chosen)());

}  // namespace foreword
