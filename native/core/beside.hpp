// Computes something in a thread of its own while the caller goes on.
#pragma once

#if defined(__wasm__)
#include <utility>
#else
#include "../without_signals.hpp"

#include <future>
#endif

namespace foreword::core {

// Begins `work`. `get`, called once, returns its result or throws its error. The thread ends before `get` returns, or
// when what this returns is destroyed. If no thread can be started, `get` does the work.
#if defined(__wasm__)
template <class Work>
auto beside(Work work) {
    struct Waiting {
        Work work;
        auto get() { return work(); }
    };
    return Waiting{std::move(work)};
}
#else
template <class Work>
auto beside(Work work) {
    const WithoutSignals blocked;
    return std::async(std::launch::async | std::launch::deferred, std::move(work));
}
#endif

}  // namespace foreword::core
