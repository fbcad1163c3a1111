"""How this process was started: alone, or by `torchrun` as one of several. No torch."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Launch:
    """The place of a process among those that train one model.

    Attributes:
        rank: its number, from 0. The first one alone writes files and talks to people.
        count: the number of processes.
        restarts: how often torchrun has restarted all of them after one of them ended.
    """

    rank: int = 0
    count: int = 1
    restarts: int = 0

    @property
    def is_first(self) -> bool:
        """Whether it writes files and talks to people."""
        return self.rank == 0


def launch() -> Launch:
    """Return the place that torchrun's environment variables describe; by default a single one."""
    environment = os.environ
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= environment.keys():
        return Launch()
    return Launch(
        int(environment["RANK"]),
        int(environment["WORLD_SIZE"]),
        int(environment.get("TORCHELASTIC_RESTART_COUNT", "0")),
    )
