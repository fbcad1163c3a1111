// Threads that get no signals of the process: if one got a signal, Python would not react to it.
#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <signal.h>
#endif

namespace foreword {

// While it lives, the calling thread and the threads that it starts block all signals; a started thread blocks them to
// its end.
class WithoutSignals {
  public:
    WithoutSignals(const WithoutSignals&) = delete;
    WithoutSignals& operator=(const WithoutSignals&) = delete;

#if defined(__unix__) || defined(__APPLE__)
    WithoutSignals() {
        sigset_t every;
        sigfillset(&every);
        pthread_sigmask(SIG_SETMASK, &every, &before_);
    }
    ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_;
#else
    WithoutSignals() {}
#endif
};

}  // namespace foreword
