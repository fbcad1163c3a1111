"""Find the fastest number of threads for a run while other programs come and go.

The threads of a step wait for each other many times. If other programs use the same cores, the one
that is waited for may not be running, and two threads can be several times slower than one. Only
measurements show which number is best: a few of the run's own steps are taken with each number,
repeatedly.

torch's sums depend on the number of threads in their last bits. So the number changes during a run
only if the run ends by the clock, where the weights depend on the machine's speed anyway.
"""

import statistics
import time
from collections.abc import Callable, Mapping

import torch

from foreword.training.progress import Note, Reporter, silent

STEPS = 3
"""The number of timed steps with each number of threads, after one that is not timed."""
LONGEST = 2.0
"""The seconds after which no further step is timed with a number; at least one is."""
SECONDS, MOST_SECONDS = 10.0, 80.0
"""The seconds between two searches: at first, and after some that changed nothing."""
SHARE = 0.05
"""The largest share of the run's time that is spent on searching."""
SOONEST = 2.0
"""The least seconds between searches that a change of pace triggers."""
CHANGED = 1.5
"""The change of pace that triggers a search, as other programs have started or ended."""
BETTER = 1.1
"""How many times faster another number must be to be chosen."""
MUCH_BETTER = 1.25
"""The same if the choice is for the whole run, and should be the same the next time."""


def numbers_up_to(most: int) -> tuple[int, ...]:
    """Return the numbers of threads that are tried.

    >>> numbers_up_to(12)
    (1, 2, 4, 8, 12)
    """
    powers = [1 << k for k in range(most.bit_length()) if 1 << k < most]
    return (*powers, most)


def told(paces: Mapping[int, float], chosen: int) -> str:
    """Return a choice and its measurements, on one line.

    >>> told({2: 650.0, 1: 3400.0}, 1)
    '1 thread, 3,400 words/s (2: 650)'
    """
    others = ", ".join(f"{n}: {paces[n]:,.0f}" for n in sorted(paces) if n != chosen)
    threads = "1 thread" if chosen == 1 else f"{chosen} threads"
    return f"{threads}, {paces[chosen]:,.0f} words/s" + (f" ({others})" if others else "")


class Threads:
    """Receives the duration of each step, and sets the number of threads for the next."""

    def __init__(
        self,
        most: int,
        report: Reporter = silent,
        clock: Callable[[], float] = time.monotonic,
        use: Callable[[int], None] | None = None,
    ) -> None:
        """Begin with the largest number, and try all.

        Args:
            most: the largest number of threads.
            report: called with the chosen number, and with later changes.
            clock: returns the time in seconds.
            use: sets the number; torch's own function by default.
        """
        self.numbers = numbers_up_to(most)
        self.chosen = most
        self._report = report
        self._clock = clock
        self._use = use or torch.set_num_threads
        # Words/s by the number of threads, in the current or the latest trial.
        self._paces: dict[int, float] = {}
        self._seen: list[float] = []
        self._to_try = list(self.numbers[:-1])
        self._is_looking = self._is_first = True
        self._next_look = self._look_ended = self._look_began = 0.0
        self._pause = SECONDS
        self._set(most)

    def after_step(self, words: int, seconds: float) -> None:
        """Receive the words and seconds of a step."""
        if len(self.numbers) == 1:
            return
        if self._unmeasured > 0:
            self._unmeasured -= 1
            return
        self._seen.append(words / max(seconds, 1e-9))
        now = self._clock()
        if self._is_looking:
            if len(self._seen) >= STEPS or now - self._set_at > LONGEST:
                self._paces[self._number] = statistics.median(self._seen)
                self._go_on(now)
            return
        self._seen = self._seen[-2 * STEPS :]
        if self._wants_to_look(now):
            self._look(now)

    def _set(self, number: int) -> None:
        self._number = number
        self._use(number)
        self._seen = []
        self._unmeasured = 1
        self._set_at = self._clock()

    def _wants_to_look(self, now: float) -> bool:
        if len(self._seen) < 2 * STEPS or now < self._look_ended + SOONEST:
            return False
        ratio = statistics.median(self._seen) / self._paces[self.chosen]
        return now >= self._next_look or not 1 / CHANGED < ratio < CHANGED

    def _look(self, now: float) -> None:
        """Begin to try the numbers next to the chosen one."""
        at = self.numbers.index(self.chosen)
        self._to_try = [n for n in self.numbers[max(0, at - 1) : at + 2] if n != self.chosen]
        self._paces = {self.chosen: statistics.median(self._seen)}
        self._is_looking, self._look_began = True, now
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        """Try the next number, or choose the best."""
        if self._to_try:
            self._set(self._to_try.pop(0))
            return
        before, best = self.chosen, max(self._paces, key=lambda n: self._paces[n])
        if self._paces[best] > BETTER * self._paces[before]:
            self.chosen = best
        if self._is_first or self.chosen != before:
            self._report(Note(told(self._paces, self.chosen)))
            self._pause = SECONDS
        else:
            self._pause = min(2 * self._pause, MOST_SECONDS)
        cost = now - self._look_began if not self._is_first else 0.0
        self._is_looking = self._is_first = False
        self._look_ended = now
        self._next_look = now + max(self._pause, cost / SHARE)
        self._set(self.chosen)
