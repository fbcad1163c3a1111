"""Count the cores that this process may use: by affinity, and by a container's quota. No torch."""

import math
import os
from functools import lru_cache
from pathlib import Path

SYSTEM = Path("/")


@lru_cache(maxsize=1)
def available() -> int:
    """Return the number of cores that this process may keep busy, at least 1.

    These are the cores that it may run on (or PYTHON_CPU_COUNT, from Python 3.13 on), at most as
    many as its cgroup's quota of processor time pays for, rounded up: a container of 1.5 cores has
    2.
    """
    count = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        cores = count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    limit = quota()
    return cores if limit is None else max(1, min(cores, math.ceil(limit)))


def quota(system: Path = SYSTEM) -> float | None:
    """Return the cores' worth of time that the process's cgroup or one above may use; None: any.

    Args:
        system: the root of the kernel's files; tests use another one.
    """
    limits = [
        limit
        for line in _lines(system / "proc/self/cgroup")
        for limit in _limits(system / "sys/fs/cgroup", *line.split(":", 2)[1:])
    ]
    return min(limits, default=None)


def _limits(root: Path, controllers: str, path: str) -> list[float]:
    """Return the quotas of a cgroup and those above it.

    Version 2 has one tree, with `controllers` empty; version 1 one for each controller. In a
    container the path may be the host's and missing; the root is then the container's own.
    """
    if controllers:
        if "cpu" not in controllers.split(","):
            return []
        roots = [root / controllers, root / "cpu"]
        root = next((r for r in roots if r.is_dir()), root)
    group = root / path.strip("/")
    groups = [g for g in (group, *group.parents) if g.is_relative_to(root)]
    limits = [_version_1(g) if controllers else _version_2(g) for g in groups]
    return [limit for limit in limits if limit is not None]


def _version_1(group: Path) -> float | None:
    used, period = (_lines(group / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    return _ratio(used[0], period[0]) if used and period else None


def _version_2(group: Path) -> float | None:
    lines = _lines(group / "cpu.max")
    return _ratio(*lines[0].split()) if lines and len(lines[0].split()) == 2 else None


def _ratio(used: str, period: str) -> float | None:
    try:
        ratio = int(used) / int(period)
    except (ValueError, ZeroDivisionError):  # "max": no limit
        return None
    return ratio if ratio > 0 else None  # version 1 says -1


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
