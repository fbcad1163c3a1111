// A pool of memory that is reused. The system clears new memory page by page when it is first used,
// which for the gates of a layer takes as long as computing them.
#pragma once

#include <cstddef>

namespace foreword {

float* take(std::size_t count);
void give_back(float* memory);
void clear_pool();

}  // namespace foreword
