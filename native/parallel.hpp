// Threads that run a layer's whole loop over time together, and wait for each other in between.
#pragma once

#include <atomic>
#include <cstdint>

namespace foreword {

// Numbers below 1e-38 take the processor a hundred times as long; they are 0 while a kernel runs.
class WithoutDenormals {
  public:
    WithoutDenormals();
    ~WithoutDenormals();
    WithoutDenormals(const WithoutDenormals&) = delete;
    WithoutDenormals& operator=(const WithoutDenormals&) = delete;

  private:
    std::uint64_t before_ = 0;
};

// The instruction of a thread that waits without sleeping.
void rest();

// A barrier for all threads of a team. It spins, since a step takes microseconds.
class Barrier {
  public:
    // Called by every member before it first waits.
    void set_members(int members) { members_.store(members, std::memory_order_relaxed); }

    void wait() {
        const int members = members_.load(std::memory_order_relaxed);
        if (members == 1) return;
        const unsigned round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members) {
            arrived_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        // If the cores have other work, the thread that is waited for may not even be running. This
        // many pauses take some 20 us, about the difference between the shares of a step; on a
        // quiet core yielding costs no more.
        for (int spins = 0; spins < 1000; ++spins) {
            if (round_.load(std::memory_order_acquire) != round) return;
            rest();
        }
        yield(round);
    }

  private:
    void yield(unsigned round) const;

    std::atomic<int> members_{1};
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> round_{0};
};

struct Member {
    int rank, count;
    Barrier& barrier;

    // This member's part of `total` pieces: from first(...) to first(...) of the next member.
    int first(int total) const { return (int)((std::int64_t)total * rank / count); }
    int last(int total) const { return (int)((std::int64_t)total * (rank + 1) / count); }
};

// OpenMP's own entry points, if the process has them. torch's threads are then ours too: two pools
// on the same cores would wait for each other.
using OpenMpParallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
using OpenMpCount = int (*)();
void use_openmp(OpenMpParallel parallel, OpenMpCount count);

// The number of threads for this many multiplications, of those available. Short work uses one
// thread while other processes use the cores, since a thread may then wait milliseconds for its
// turn.
int threads_worth(int threads, double multiplications);

// Records how long a team waited for one of its members.
void note_wait(std::int64_t nanoseconds);
// Records that a team's members shared one core.
void note_crowd();
// Records that a team did not have to wait.
void note_quiet();

void run_team(int threads, void (*work)(void*, Member&), void* data);

// Calls work(member) on every member of a team of at most this many threads.
template <class Work>
void together(int threads, Work&& work) {
    run_team(
        threads, [](void* data, Member& member) { (*static_cast<Work*>(data))(member); }, &work);
}

}  // namespace foreword
