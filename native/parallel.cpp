#include "parallel.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace foreword {

namespace {

std::atomic<OpenMpParallel> openmp_parallel{nullptr};
std::atomic<OpenMpCount> openmp_count{nullptr};

std::int64_t now() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

constexpr std::int64_t MILLISECOND = 1000000;
// A sleeping thread wakes in less time; one that waits for a core takes longer.
constexpr std::int64_t LATE = 3 * MILLISECOND / 10;
// A few milliseconds of one core, less than another process may occupy it.
constexpr double SHORT = 3e8;

// The time until which short work uses one thread, and the length of that period when it was last
// set.
std::atomic<std::int64_t> alone_until{0}, alone_for{0};

struct Job {
    void (*work)(void*, Member&);
    void* data;
    std::int64_t began = now();
    std::thread::id caller = std::this_thread::get_id();
    std::atomic<int> others{0};
    Barrier barrier{};
};

void take_part(Job& job, int count) {
    const WithoutDenormals mode;
    job.barrier.set_members(count);
    // The caller is always the first member, so that its share is still in its core's caches.
    int rank = 0;
    if (std::this_thread::get_id() != job.caller) {
        rank = job.others.fetch_add(1) + 1;
        if (rank == count - 1) note_wait(now() - job.began);
    }
    Member member{rank, count, job.barrier};
    job.work(job.data, member);
}

void in_openmp(void* data) {
    // OpenMP may provide fewer threads than requested.
    take_part(*static_cast<Job*>(data), openmp_count.load()());
}

}  // namespace

#if defined(__x86_64__)
WithoutDenormals::WithoutDenormals() : before_(_mm_getcsr()) {
    _mm_setcsr((unsigned)before_ | 0x8040);
}
WithoutDenormals::~WithoutDenormals() { _mm_setcsr((unsigned)before_); }
#elif defined(__aarch64__)
WithoutDenormals::WithoutDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | (1ull << 24)));
}
WithoutDenormals::~WithoutDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }
#else
WithoutDenormals::WithoutDenormals() = default;
WithoutDenormals::~WithoutDenormals() = default;
#endif

void rest() {
#if defined(__x86_64__)
    _mm_pause();
#endif
}

void Barrier::yield(unsigned round) const {
    const std::int64_t began = now();
    while (round_.load(std::memory_order_acquire) == round) std::this_thread::yield();
    note_wait(now() - began);
}

void note_quiet() {
    if (alone_for.load(std::memory_order_relaxed) != 0) {
        alone_for.store(0, std::memory_order_relaxed);
    }
}

void note_wait(std::int64_t nanoseconds) {
    if (nanoseconds < LATE) return;
    const std::int64_t before = alone_for.load(std::memory_order_relaxed);
    const std::int64_t next = std::clamp(2 * before, 30 * MILLISECOND, 1000 * MILLISECOND);
    alone_for.store(next, std::memory_order_relaxed);
    alone_until.store(now() + next, std::memory_order_relaxed);
}

void note_crowd() { note_wait(LATE); }

int threads_worth(int threads, double multiplications) {
    if (threads <= 1 || multiplications >= SHORT) return threads;
    const std::int64_t until = alone_until.load(std::memory_order_relaxed);
    return until != 0 && now() < until ? 1 : threads;
}

void use_openmp(OpenMpParallel parallel, OpenMpCount count) {
    openmp_count = count;
    openmp_parallel = parallel;
}

void run_team(int threads, void (*work)(void*, Member&), void* data) {
    Job job{work, data};
    if (threads <= 1) {
        take_part(job, 1);
        return;
    }
    const std::int64_t before = alone_until.load(std::memory_order_relaxed);
    if (const OpenMpParallel parallel = openmp_parallel.load()) {
        parallel(in_openmp, &job, (unsigned)threads, 0);
        if (alone_until.load(std::memory_order_relaxed) == before) note_quiet();
        return;
    }
    std::vector<std::thread> others;
    for (int k = 1; k < threads; ++k) others.emplace_back([&] { take_part(job, threads); });
    take_part(job, threads);
    for (std::thread& other : others) other.join();
}

}  // namespace foreword
