"""The number of torch's threads: as many as it would use, within a container's quota.

torch counts the machine's cores. If a container's quota of processor time is smaller, the threads
wait for each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from foreword.cores import available


def most_threads() -> int:
    """As many as torch would use (OMP_NUM_THREADS), but at most the cores of this process."""
    return min(torch.get_num_threads(), available())


@contextmanager
def threads_restored() -> Iterator[None]:
    """Restores the number of torch's threads."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def threads_within_quota() -> Iterator[None]:
    """Limits torch's threads to the cores of this process, within a block or around a function."""
    most = most_threads()
    if most == torch.get_num_threads():
        yield
        return
    with threads_restored():
        torch.set_num_threads(most)
        yield
