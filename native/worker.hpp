// A thread that computes tasks while another waits for events of the system, which it wakes through a file descriptor.
// Knows no tasks and no Python.
#pragma once

#include "without_signals.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

namespace foreword {

// Computes tasks one after the other in a thread of its own. `Task` can be moved and has `compute()`, which throws
// nothing. A task is moved through the thread and destroyed outside of it.
template <class Task>
class Worker {
  public:
    // `wakes`: where a byte is written when a task has ended, unless another has ended and was not taken yet. Throws
    // std::system_error: the system provides no more threads.
    explicit Worker(int wakes) : wakes_(wakes) {
        const WithoutSignals blocked;
        thread_ = std::thread([this] { work(); });
    }

    // Waits for the end of the task that is being computed; the others are not computed.
    ~Worker() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            is_closing_ = true;
        }
        has_work_.notify_one();
        thread_.join();
    }

    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Many at once wake the thread only once.
    void put(std::vector<Task> tasks) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            for (Task& task : tasks) waiting_.push_back(std::move(task));
        }
        has_work_.notify_one();
    }

    // The tasks that have ended since the last call, in the order in which they were put.
    std::vector<Task> taken() {
        std::vector<Task> ended;
        const std::lock_guard<std::mutex> lock(mutex_);
        ended.swap(ended_);
        return ended;
    }

  private:
    void work() {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            has_work_.wait(lock, [&] { return is_closing_ || !waiting_.empty(); });
            if (is_closing_) return;
            Task task = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            task.compute();
            lock.lock();
            const bool is_first = ended_.empty();
            ended_.push_back(std::move(task));
            if (!is_first) continue;
            // After the task can be taken, so that no reader of the byte misses it.
            lock.unlock();
            wake();
            lock.lock();
        }
    }

    // If the byte cannot be written, earlier ones have not been read.
    void wake() const {
        constexpr char byte = 0;
#if defined(_WIN32)
        (void)_write(wakes_, &byte, 1);
#else
        if (write(wakes_, &byte, 1) < 0) return;
#endif
    }

    const int wakes_;
    std::mutex mutex_;  // of what follows
    std::condition_variable has_work_;
    std::deque<Task> waiting_;
    std::vector<Task> ended_;
    bool is_closing_ = false;
    std::thread thread_;
};

}  // namespace foreword
