#include "helpers.hpp"

#include "parallel.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <signal.h>
#endif

namespace foreword {

namespace {

struct Crew {
    std::mutex in_use;  // by the one call that is helped
    std::mutex mutex;   // of what follows
    std::condition_variable has_work, is_done;
    int members = 0, wanted = 0, busy = 0;

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

    // Signals are for the threads that the process knows of: one that a helper took would leave
    // Python at its prompt.
    void hire(int helpers) {
#if defined(__unix__) || defined(__APPLE__)
        sigset_t every, before;
        sigfillset(&every);
        pthread_sigmask(SIG_SETMASK, &every, &before);
#endif
        try {
            for (; members < helpers; ++members) std::thread([this] { help(); }).detach();
        } catch (const std::system_error&) {
            // The system gives no more threads: those that there are will do.
        }
#if defined(__unix__) || defined(__APPLE__)
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
    }

    void help() {
        std::unique_lock<std::mutex> lock(mutex);
        for (;;) {
            has_work.wait(lock, [&] { return wanted > 0; });
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
        // A child has none of these threads, and maybe their locks held: it begins anew.
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
    const int helpers = (threads < pieces ? threads : pieces) - 1;
    {
        const std::lock_guard<std::mutex> lock(all.mutex);
        all.work = work, all.data = data, all.pieces = pieces;
        all.next.store(0, std::memory_order_relaxed);
        if (all.members < helpers) all.hire(helpers);
        all.wanted = helpers < all.members ? helpers : all.members;
    }
    all.has_work.notify_all();
    all.take_pieces();
    std::unique_lock<std::mutex> lock(all.mutex);
    all.wanted = 0;
    if (all.busy == 0) return note_quiet();
    const auto began = std::chrono::steady_clock::now();
    all.is_done.wait(lock, [&] { return all.busy == 0; });
    note_wait((std::chrono::steady_clock::now() - began) / std::chrono::nanoseconds(1));
}

}  // namespace foreword
