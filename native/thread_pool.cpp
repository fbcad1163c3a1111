#include "thread_pool.hpp"

#include "parallel.hpp"
#include "without_signals.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace foreword {

namespace {

// A helper polls for more work for this long before it sleeps, which is about the cost of sleeping
// and waking; the caller polls as long for a helper that is computing a piece.
constexpr std::chrono::microseconds BEFORE_SLEEP{100}, FOR_A_PIECE{15};

// Polls until a condition holds, or for this long.
template <class Claim>
void watch(std::chrono::microseconds most, Claim&& is_so) {
    const auto until = std::chrono::steady_clock::now() + most;
    do {
        for (int spins = 0; spins < 16; ++spins) {
            if (is_so()) return;
            rest();
        }
    } while (std::chrono::steady_clock::now() < until);
}

// The core that the calling thread runs on; -1 if that is unknown.
int core() {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

struct Crew {
    std::mutex in_use;  // by the one call that is helped
    std::mutex mutex;   // of what follows
    std::condition_variable has_work, is_done;
    int members = 0, wanted = 0, watching = 0;
    std::atomic<int> callers_core{-1};
    std::atomic<int> busy{0};        // changed under the mutex
    std::atomic<unsigned> calls{0};  // the same: how often work came, or helpers were called up

    void (*work)(void*, int) = nullptr;
    void* data = nullptr;
    int pieces = 0;
    std::atomic<int> next{0};

    void take_pieces() {
        for (;;) {
            const int piece = next.fetch_add(1, std::memory_order_relaxed);
            if (piece >= pieces) return;
            work(data, piece);
        }
    }

    // Announces work to this many helpers: those that poll see it, others sleep. Called under the
    // mutex; does not wake any. Returns how many must be woken.
    int call(int helpers) {
        if (members < helpers) hire(helpers);
        callers_core = core();
        ++calls;
        return std::max(0, std::min(helpers, members) - watching);
    }

    void wake(int sleepers) {
        for (int k = 0; k < sleepers; ++k) has_work.notify_one();
    }

    void hire(int helpers) {
        const WithoutSignals blocked;
        try {
            for (; members < helpers; ++members) std::thread([this] { help(); }).detach();
        } catch (const std::system_error&) {
            // The system provides no more threads; the existing ones are used.
        }
    }

    // Whether this helper runs on its caller's own core, as it may if other programs keep the rest
    // busy. Short work then uses one thread for a while.
    bool in_the_way() {
        const int here = core();
        if (here < 0 || here != callers_core.load(std::memory_order_relaxed)) return false;
        note_crowd();
        return true;
    }

    void help() {
        std::unique_lock<std::mutex> lock(mutex);
        for (;;) {
            const unsigned seen = calls;
            const bool goes_to_sleep = in_the_way();
            if (wanted == 0 || goes_to_sleep) {
                if (!goes_to_sleep) {
                    ++watching;
                    lock.unlock();
                    watch(BEFORE_SLEEP,
                          [&] { return calls.load(std::memory_order_relaxed) != seen; });
                    lock.lock();
                    --watching;
                }
                has_work.wait(lock, [&] { return calls != seen; });
                continue;
            }
            --wanted, ++busy;
            lock.unlock();
            {
                const WithoutDenormals mode;
                take_pieces();
            }
            lock.lock();
            if (--busy == 0) is_done.notify_one();
        }
    }
};

std::atomic<Crew*> crew{nullptr};

// Never destroyed: its threads sleep until the process ends.
Crew& the_crew() {
    static const bool is_made = [] {
        crew = new Crew;
#if defined(__unix__) || defined(__APPLE__)
        // A child process has none of these threads, and locks may be held: it starts with a new
        // pool.
        pthread_atfork(nullptr, nullptr, [] { crew = new Crew; });
#endif
        return true;
    }();
    (void)is_made;
    return *crew.load();
}

}  // namespace

void share_pieces(int threads, int pieces, void (*work)(void*, int), void* data) {
    const WithoutDenormals mode;
    const auto alone = [&] {
        for (int piece = 0; piece < pieces; ++piece) work(data, piece);
    };
    if (threads <= 1 || pieces <= 1) return alone();
    Crew& all = the_crew();
    const std::unique_lock<std::mutex> mine(all.in_use, std::try_to_lock);
    if (!mine.owns_lock()) return alone();
    const int helpers = std::min(threads, pieces) - 1;
    int sleepers;
    {
        const std::lock_guard<std::mutex> lock(all.mutex);
        all.work = work, all.data = data, all.pieces = pieces;
        all.next.store(0, std::memory_order_relaxed);
        sleepers = all.call(helpers);
        all.wanted = std::min(helpers, all.members);
    }
    all.wake(sleepers);
    all.take_pieces();
    std::unique_lock<std::mutex> lock(all.mutex);
    all.wanted = 0;
    if (all.busy == 0) return note_quiet();
    const auto began = std::chrono::steady_clock::now();
    lock.unlock();
    watch(FOR_A_PIECE, [&] { return all.busy.load(std::memory_order_acquire) == 0; });
    lock.lock();
    all.is_done.wait(lock, [&] { return all.busy == 0; });
    note_wait((std::chrono::steady_clock::now() - began) / std::chrono::nanoseconds(1));
}

void call_up(int threads) {
    if (threads_worth(threads, 0.0) <= 1) return;
    Crew& all = the_crew();
    int sleepers;
    {
        const std::unique_lock<std::mutex> lock(all.mutex, std::try_to_lock);
        if (!lock.owns_lock()) return;  // they are being called already
        sleepers = all.call(threads - 1);
    }
    all.wake(sleepers);
}

}  // namespace foreword
