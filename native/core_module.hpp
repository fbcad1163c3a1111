// The core's text layer for Python, in the submodule `core`.
#pragma once

#include <nanobind/nanobind.h>

namespace foreword {

void bind_core(nanobind::module_& m);

}  // namespace foreword
