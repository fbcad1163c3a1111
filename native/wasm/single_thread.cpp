// What thread_pool.hpp and parallel.hpp promise, where there are no threads: for WebAssembly.
#include "../parallel.hpp"
#include "../thread_pool.hpp"

namespace foreword {

WithoutDenormals::WithoutDenormals() = default;
WithoutDenormals::~WithoutDenormals() = default;

void rest() {}

void Barrier::yield(unsigned) const {}

int threads_worth(int, double) { return 1; }

void run_team(int, void (*work)(void*, Member&), void* data) {
    Barrier barrier;
    Member member{0, 1, barrier};
    work(data, member);
}

void share_pieces(int, int pieces, void (*work)(void*, int), void* data) {
    for (int piece = 0; piece < pieces; ++piece) work(data, piece);
}

}  // namespace foreword

// The one thread never ends. (C++'s library for WASI lacks this function.)
extern "C" int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }
