"""Computes what training on many machines would give, from the speed of one. Measures nothing.

    python benchmarks/scaling.py [--words-per-second 10633]

The model and the batch are those of `processes.py`, which measures the speed of one machine: an
LSTM of 640 units, 10,000 words, 64 streams in windows of 35 words. All machines are alike. A step
of N machines takes

    compute + max(0, averaging - overlap * compute)
    averaging = 2 (N - 1) / N * bytes / bandwidth + 2 (N - 1) * latency * buckets

which is the time of a ring (Patarasuk & Yuan 2009, "Bandwidth optimal all-reduce algorithms for
clusters of workstations") for each bucket of gradients. The backward pass, two thirds of the
arithmetic, hides averaging (overlap). Two cases: each machine keeps 64 streams, so that the batch
grows with N; or the batch stays at 64 streams, of which each machine computes its part, in
proportion. Whether a larger batch learns as much from each word is not computed.
"""

import argparse
import math

from foreword.folder.config import ModelConfig
from foreword.models.build import count_parameters
from foreword.training.ranks import BUCKET

STREAMS, WINDOW = 64, 35
MACHINES = (8, 64, 1000)
GBITS = (1, 10, 100)
OVERLAP = 2 / 3
LATENCY = 50e-6
"""Seconds for a message in an Ethernet network; an assumption."""
PAYS = 1.1
"""Twice the machines pay if they are so many times as fast."""


def averaging(machines: int, size: float, gbit: float) -> float:
    """Return the seconds in which a ring averages `size` bytes."""
    if machines == 1:
        return 0.0
    buckets = math.ceil(size / (BUCKET * 2**20))
    sent = 2 * (machines - 1) / machines * size
    return sent / (gbit * 1e9 / 8) + 2 * (machines - 1) * LATENCY * buckets


def pace(machines: int, size: float, gbit: float, step: float, *, grows: bool) -> float:
    """Return the words/s of several machines as a multiple of that of one.

    Args:
        machines: their number.
        size: the bytes of all gradients.
        gbit: the bandwidth of each machine, in Gbit/s.
        step: the seconds of a step of one machine.
        grows: whether the batch grows with the number of machines.
    """
    compute = step if grows else step / machines
    hidden = OVERLAP * compute
    whole = compute + max(0.0, averaging(machines, size, gbit) - hidden)
    return (machines if grows else 1) * step / whole


def last_that_pays(size: float, gbit: float, step: float, *, grows: bool) -> int:
    """Return the number of machines, a power of two, that it does not pay to double."""
    machines = 1
    while machines < 2**20 and (grows or machines < STREAMS):
        now, doubled = (pace(n, size, gbit, step, grows=grows) for n in (machines, 2 * machines))
        if doubled < PAYS * now:
            break
        machines *= 2
    return machines


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--words-per-second", type=float, default=10_633.0, help="of one machine")
    chosen = parser.parse_args()
    config = ModelConfig(name="lstm", vocab_size=10_000, embedding_size=640, hidden_size=640)
    size = 4.0 * count_parameters(config)
    step = STREAMS * WINDOW / chosen.words_per_second
    print(f"computed: {size / 1e6:.1f} MB of gradients, {step:.3f} s a step of one machine")
    for grows in (True, False):
        streams = f"{STREAMS} streams on each machine" if grows else f"{STREAMS} streams in all"
        print(f"\n{streams}: words/s as a multiple of those of one machine")
        print("Gbit/s" + "".join(f"{n:>8,}" for n in MACHINES) + "   doubling pays up to")
        for gbit in GBITS:
            paces = (
                f"{pace(n, size, gbit, step, grows=grows):8.1f}"
                if grows or n <= STREAMS
                else f"{'-':>8}"
                for n in MACHINES
            )
            last = last_that_pays(size, gbit, step, grows=grows)
            print(f"{gbit:>6}" + "".join(paces) + f"{last:>12,} machines")


if __name__ == "__main__":
    main()
