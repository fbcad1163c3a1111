// The network for Python.
#pragma once

#include "kernels.hpp"

#include <nanobind/nanobind.h>

namespace foreword {

class Network;

// `chosen` returns the kernels in use when a network is made.
void bind_network(nanobind::module_& m, const Kernels* (*chosen)());

// The network in a `Network` of Python, which lives as long as that. Throws if it is something else.
const Network& network_of(const nanobind::handle& object);

}  // namespace foreword
