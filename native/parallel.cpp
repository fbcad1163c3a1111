#include "parallel.hpp"

#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace foreword {

namespace {

std::atomic<OpenMpParallel> openmp_parallel{nullptr};
std::atomic<OpenMpCount> openmp_count{nullptr};

// Numbers below 1e-38 take the processor a hundred times as long; they are 0 while a kernel runs.
class WithoutDenormals {
  public:
#if defined(__x86_64__)
    WithoutDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
    ~WithoutDenormals() { _mm_setcsr(before_); }

  private:
    unsigned before_;
#elif defined(__aarch64__)
    WithoutDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" : : "r"(before_ | (1ull << 24)));
    }
    ~WithoutDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }

  private:
    std::uint64_t before_;
#endif
};

struct Job {
    void (*work)(void*, Member&);
    void* data;
    std::atomic<int> next{0};
    Barrier barrier{};
};

void take_part(Job& job, int count) {
    const WithoutDenormals mode;
    job.barrier.set_members(count);
    Member member{job.next.fetch_add(1), count, job.barrier};
    job.work(job.data, member);
}

void in_openmp(void* data) {
    // OpenMP may give fewer threads than were asked for.
    take_part(*static_cast<Job*>(data), openmp_count.load()());
}

}  // namespace

void Barrier::pause(int spins) {
    // On cores with other work whoever is waited for may not even be running. So many pauses take
    // some 20 us, as long as a step's uneven shares; on a quiet core yielding costs no more.
    if (spins > 1000) {
        std::this_thread::yield();
        return;
    }
#if defined(__x86_64__)
    _mm_pause();
#endif
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
    if (const OpenMpParallel parallel = openmp_parallel.load()) {
        parallel(in_openmp, &job, (unsigned)threads, 0);
        return;
    }
    std::vector<std::thread> others;
    for (int k = 1; k < threads; ++k) others.emplace_back([&] { take_part(job, threads); });
    take_part(job, threads);
    for (std::thread& other : others) other.join();
}

}  // namespace foreword
