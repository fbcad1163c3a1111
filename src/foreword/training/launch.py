"""How this process was started: alone, or by `torchrun` as one of several. No torch."""

import os
from dataclasses import dataclass

UNNAMED = "none"
"""torchrun's name of a run without `--rdzv-id`."""


@dataclass(frozen=True)
class Launch:
    """The place of a process among those that train one model.

    Attributes:
        rank: its number, from 0. The first one alone writes files and talks to people.
        count: the number of processes.
        restarts: how often this host's torchrun has restarted its processes after one of them, or
            of another host's, ended.
        run: torchrun's name of the run (`--rdzv-id`), the same on all hosts and after each restart;
            None if it has no name.
    """

    rank: int = 0
    count: int = 1
    restarts: int = 0
    run: str | None = None

    @property
    def is_first(self) -> bool:
        """Whether it writes files and talks to people."""
        return self.rank == 0

    @property
    def may_be_repeated(self) -> bool:
        """Whether torchrun may have started the same run before."""
        return self.restarts > 0 or self.run is not None


def launch() -> Launch:
    """Return the place that torchrun's environment variables describe; by default a single one."""
    environment = os.environ
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= environment.keys():
        return Launch()
    return Launch(
        int(environment["RANK"]),
        int(environment["WORLD_SIZE"]),
        int(environment.get("TORCHELASTIC_RESTART_COUNT", "0")),
        None if (run := environment.get("TORCHELASTIC_RUN_ID", UNNAMED)) == UNNAMED else run,
    )
