"""The cost of checking tensors in a call: in this checkout and another one, in turns.

    python benchmarks/door.py --against ../other-tree

Both are timed by the same Python, each in its own process, in turns, so that other programs on the
machine affect both equally. Layers are small, since the checks cost the same for any size. Prints
the median microseconds of processor time for each call, and the median of the rounds' differences
with its quartiles.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent.parent
CALLS = 300


def calls() -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    import torch

    import foreword.nn as nn

    torch.set_num_threads(1)
    torch.manual_seed(1)
    calls: dict[str, Callable[[], object]] = {}
    for name, layer in {
        "LSTM": nn.LSTM(32, 32),
        "LSTM, two layers": nn.LSTM(32, 32, 2),
        "GRU": nn.GRU(32, 32),
        "RNN": nn.RNN(32, 32),
    }.items():
        step, some = torch.randn(1, 1, 32), torch.randn(10, 4, 32)
        state = layer(step)[1]
        state = tuple(p.detach() for p in state) if isinstance(state, tuple) else state.detach()

        def one_step(layer=layer, step=step, state=state):  # type: ignore[no-untyped-def]
            with torch.no_grad():
                return layer(step, state)

        def sequence(layer=layer, some=some):  # type: ignore[no-untyped-def]
            with torch.no_grad():
                return layer(some)

        def training(layer=layer, some=some):  # type: ignore[no-untyped-def]
            return layer(some)[0].sum().backward()

        calls |= {
            f"{name}, a step": one_step,
            f"{name}, 10 steps of 4": sequence,
            f"{name}, the same and back": training,
        }
    return calls


def work() -> None:
    """Times what is asked for on standard input, a name a line."""
    known = calls()
    print(json.dumps(list(known)), flush=True)
    for line in sys.stdin:
        run = known[line.rstrip("\n")]
        for _ in range(20):
            run()
        began = time.thread_time()
        for _ in range(CALLS):
            run()
        print(1e6 * (time.thread_time() - began) / CALLS, flush=True)


def started(tree: Path) -> "subprocess.Popen[str]":
    """A process that times by the sources of a tree."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--work"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)


def main() -> None:
    """Times both trees by turns, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout, its kernels built in src")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work()
        return
    if options.against is None:
        parser.error("--against is wanted")
    workers = [started(options.against), started(HERE)]

    def answer_of(worker: "subprocess.Popen[str]") -> str:
        assert worker.stdout is not None
        return worker.stdout.readline()

    names, _ = (json.loads(answer_of(worker)) for worker in workers)
    print(f"{'call':32}{'other':>9}{'this':>9}{'difference, µs (quartiles)':>32}")
    for name in names:
        rounds: list[list[float]] = []
        for k in range(options.rounds):
            taken = [0.0, 0.0]
            for which in (0, 1) if k % 2 else (1, 0):
                stdin = workers[which].stdin
                assert stdin is not None
                stdin.write(f"{name}\n")
                stdin.flush()
                taken[which] = float(answer_of(workers[which]))
            rounds.append(taken)
        other, this = (statistics.median(column) for column in zip(*rounds, strict=True))
        low, middle, high = statistics.quantiles([b - a for a, b in rounds], n=4)
        print(f"{name:32}{other:9.2f}{this:9.2f}{middle:15.2f} ({low:.2f} to {high:.2f})")
    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    main()
