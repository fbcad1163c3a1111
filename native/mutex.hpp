// A lock for what threads share. WebAssembly's standard library is built without threads, and has none.
#pragma once

#include <mutex>

namespace foreword {

#if defined(__wasm__)
struct Mutex {};
struct Lock {
    explicit Lock(Mutex&) {}
};
#else
using Mutex = std::mutex;
using Lock = std::lock_guard<std::mutex>;
#endif

}  // namespace foreword
