// Threads that go through a layer's whole time loop together, and wait for each other in between.
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

// What a thread does while it waits without sleeping.
void rest();

// All of a team pass it, or none. Waiting is spinning: a step takes microseconds.
class Barrier {
  public:
    // Said by every member before it waits first.
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
        // On cores with other work whoever is waited for may not even be running. So many pauses
        // take some 20 us, as long as a step's uneven shares; on a quiet core yielding costs no more.
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

    // Of `total` pieces, those of this member: from first(...) to first(...) of the next.
    int first(int total) const { return (int)((std::int64_t)total * rank / count); }
    int last(int total) const { return (int)((std::int64_t)total * (rank + 1) / count); }
};

// OpenMP's own entry points, if the process has them. torch's threads are then ours too: two pools
// on the same cores would wait for each other.
using OpenMpParallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
using OpenMpCount = int (*)();
void use_openmp(OpenMpParallel parallel, OpenMpCount count);

// How many threads so many multiplications are worth, of those that there are: a short piece of work
// goes alone while other processes want the cores, where a thread may wait milliseconds for its turn.
int threads_worth(int threads, double multiplications);

// Says for how long a team waited for one of its members.
void note_wait(std::int64_t nanoseconds);
// Says that a team's members had one core.
void note_crowd();
// Says that a team has waited for nobody.
void note_quiet();

void run_team(int threads, void (*work)(void*, Member&), void* data);

// work(member) on every member of a team of at most so many threads.
template <class Work>
void together(int threads, Work&& work) {
    run_team(
        threads, [](void* data, Member& member) { (*static_cast<Work*>(data))(member); }, &work);
}

}  // namespace foreword
