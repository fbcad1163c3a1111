// The decoder for Python. Its matrices and layers are those of `bind_network`.
#pragma once

#include "kernels.hpp"

#include <nanobind/nanobind.h>

namespace foreword {

// `chosen` returns the kernels in use when a decoder is made.
void bind_decoder(nanobind::module_& m, const Kernels* (*chosen)());

}  // namespace foreword
