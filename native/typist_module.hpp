// The core's typist for Python.
#pragma once

#include <nanobind/nanobind.h>

namespace foreword {

void bind_typist(nanobind::module_& m);

}  // namespace foreword
