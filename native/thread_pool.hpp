// Threads that help with a short piece of work, if they are awake in time.
//
// The calling thread starts at once. It never waits for a helper to wake, only for one that has already
// begun a piece. Waking a thread takes as long as the work of a keystroke, so a helper polls for more
// work for some microseconds before it sleeps, and can be woken in advance.
#pragma once

namespace foreword {

// Calls work(data, piece) for each of `pieces`, on the calling thread and up to `threads - 1` helpers.
// Helpers serve one call at a time; other calls run on their own thread only, and so do those that
// follow a call whose helper was late.
void share_pieces(int threads, int pieces, void (*work)(void*, int), void* data);

// Wakes up to `threads - 1` helpers for work that will start within microseconds.
void call_up(int threads);

template <class Work>
void in_pieces(int threads, int pieces, Work&& work) {
    share_pieces(
        threads, pieces, [](void* data, int piece) { (*static_cast<Work*>(data))(piece); }, &work);
}

}  // namespace foreword
