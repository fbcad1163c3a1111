// Memory that is used again. Fresh memory from the system is set to zero page by page when it is
// first touched, which for a layer's gates takes as long as their arithmetic.
#pragma once

#include <cstddef>

namespace foreword {

float* take(std::size_t count);
void give_back(float* memory);
void clear_pool();

}  // namespace foreword
