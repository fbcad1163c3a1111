// Threads that help with a short piece of work, if they are awake in time.
//
// Whoever has the work begins it at once and never waits for a helper to come, only for one that is
// in the middle of a piece; asleep, helpers cost nothing. Waking takes as long as a keystroke's work, so
// that a helper watches for more for some microseconds before it falls asleep, and can be called up
// while there is other work to do first.
#pragma once

namespace foreword {

// work(data, piece) for each of `pieces`, by the caller and up to `threads - 1` helpers. One call is
// helped at a time; others, and those after a helper was late, go alone.
void share_pieces(int threads, int pieces, void (*work)(void*, int), void* data);

// Wakes up to `threads - 1` helpers for work that comes within microseconds.
void call_up(int threads);

template <class Work>
void in_pieces(int threads, int pieces, Work&& work) {
    share_pieces(
        threads, pieces, [](void* data, int piece) { (*static_cast<Work*>(data))(piece); }, &work);
}

}  // namespace foreword
