"""Which of the devices that are chosen for a round are asked. Knows no weights and no network.

A round waits for a device that is switched off until its time is up. So a device that did not
answer is not asked the next time that it is chosen; if it then does not answer either, not the next
two times, and so on up to `MOST` times, until it answers. Who is chosen does not depend on it: for
the bounds of differential privacy, such a device was chosen and did not answer.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

MOST = 8
"""The largest number of times in a row that a device is chosen and not asked."""


@dataclass(frozen=True)
class Turns:
    """How often devices have not answered in a row, and how often they are not to be asked now.

    >>> turns = Turns()
    >>> for _ in range(5):
    ...     asked = turns.asked([7, 8], fewest=1)
    ...     print(asked)
    ...     turns = turns.after([7, 8], asked, answered=[7])
    [7, 8]
    [7]
    [7, 8]
    [7]
    [7]
    """

    misses: Mapping[int, int] = field(default_factory=dict)
    skips: Mapping[int, int] = field(default_factory=dict)

    def asked(self, chosen: Sequence[int], fewest: int) -> Sequence[int]:
        """Return the devices that are asked: all of them if fewer than `fewest` are left."""
        awake = [device for device in chosen if not self.skips.get(device)]
        return awake if len(awake) >= max(1, fewest) else chosen

    def after(
        self, chosen: Sequence[int], asked: Collection[int], answered: Collection[int]
    ) -> "Turns":
        """Return the turns after a round.

        Args:
            chosen: the devices that were chosen for it.
            asked: those of them that were asked.
            answered: those of them that answered in time, if only with an error.
        """
        misses, skips = dict(self.misses), dict(self.skips)
        for device in chosen:
            if device not in asked:
                skips[device] -= 1
            elif device in answered:
                misses.pop(device, None)
                skips.pop(device, None)
            else:
                misses[device] = misses.get(device, 0) + 1
                skips[device] = min(2 ** (misses[device] - 1), MOST)
        return Turns(misses, skips)
