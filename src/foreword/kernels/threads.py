"""With how many threads torch computes: as many as it would take, within a container's quota.

Torch counts the machine's cores. In a container whose quota of processor time pays for fewer, the
threads then wait for each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from foreword.cores import available


def most_threads() -> int:
    """As many as torch would take (OMP_NUM_THREADS), but no more than this process has cores."""
    return min(torch.get_num_threads(), available())


@contextmanager
def threads_restored() -> Iterator[None]:
    """Gives torch the number of threads back that it had."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def threads_within_quota() -> Iterator[None]:
    """While active, or around a function, torch has no more threads than this process has cores."""
    most = most_threads()
    if most == torch.get_num_threads():
        yield
        return
    with threads_restored():
        torch.set_num_threads(most)
        yield
