#include "memory_pool.hpp"

#include "mutex.hpp"
#include "throw_exception.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <unordered_map>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace foreword {

namespace {

constexpr std::size_t LINE = 64, HUGE_PAGE = std::size_t(1) << 21;
// Free memory above this limit returns to the system. With a sanitizer it is 0, so that each block
// is checked.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t MOST_KEPT = 0;
constexpr bool IS_EXACT = true;
#else
constexpr std::size_t MOST_KEPT = std::size_t(1) << 29;
constexpr bool IS_EXACT = false;
#endif

struct Pool {
    Mutex mutex;
    std::unordered_map<std::size_t, std::vector<float*>> free;  // by size in bytes
    std::unordered_map<float*, std::size_t> taken;
    std::size_t kept = 0;
};

// Never destroyed: tensors may outlive everything else in the process.
Pool& pool() {
    static Pool* const only = [] {
#if defined(__unix__) || defined(__APPLE__)
        // A child process must not inherit a lock held by a thread that it does not have.
        pthread_atfork([] { pool().mutex.lock(); }, [] { pool().mutex.unlock(); },
                       [] { pool().mutex.unlock(); });
#endif
        return new Pool;
    }();
    return *only;
}

// Up to an eighth more, so that nearly equal sizes share.
std::size_t rounded(std::size_t bytes) {
    if (IS_EXACT) return bytes;
    std::size_t unit = LINE;
    while (unit * 8 < bytes) unit *= 2;
    return (bytes + unit - 1) / unit * unit;
}

}  // namespace

float* take(std::size_t count) {
    const std::size_t bytes = rounded(std::max<std::size_t>(count, 1) * sizeof(float));
    {
        const Lock lock(pool().mutex);
        std::vector<float*>& free = pool().free[bytes];
        if (!free.empty()) {
            float* const memory = free.back();
            free.pop_back();
            pool().kept -= bytes;
            pool().taken[memory] = bytes;
            return memory;
        }
    }
    const std::size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : LINE;
    const std::size_t whole =
        IS_EXACT ? bytes : (bytes + alignment - 1) / alignment * alignment;
    void* found = nullptr;
    if (posix_memalign(&found, alignment, whole) != 0) throw_exception(std::bad_alloc());
    float* const memory = static_cast<float*>(found);
#if defined(__linux__)
    if (bytes >= HUGE_PAGE) madvise(memory, whole, MADV_HUGEPAGE);
#endif
    const Lock lock(pool().mutex);
    pool().taken[memory] = bytes;
    return memory;
}

void give_back(float* memory) {
    {
        const Lock lock(pool().mutex);
        const auto found = pool().taken.find(memory);
        const std::size_t bytes = found->second;
        pool().taken.erase(found);
        if (pool().kept + bytes <= MOST_KEPT) {
            pool().free[bytes].push_back(memory);
            pool().kept += bytes;
            return;
        }
    }
    std::free(memory);
}

void clear_pool() {
    std::unordered_map<std::size_t, std::vector<float*>> free;
    {
        const Lock lock(pool().mutex);
        free.swap(pool().free);
        pool().kept = 0;
    }
    for (const auto& [bytes, blocks] : free) {
        for (float* memory : blocks) std::free(memory);
    }
}

}  // namespace foreword
