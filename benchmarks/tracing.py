"""What a trace costs: a forward run that keeps every gate and state, by one that does not.

    python benchmarks/tracing.py [--shapes 1,500,256 ...] [--rounds 15] [--threads 2] [--json FILE]

Shapes are B,T,H. Without gradients; the two run in turn, and the ratios are those of a round's
times: 1 means that tracing costs nothing.
"""

import argparse
import json
import platform
import statistics
from collections.abc import Callable
from pathlib import Path

import torch

from foreword.cells.registry import NAMES
from foreword.nn import Recurrent
from timing import ratio, times


def way(layer: Recurrent, x: torch.Tensor, *, traced: bool) -> Callable[[], object]:
    def run() -> None:
        with torch.no_grad():
            layer(x, return_trace=traced)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=["1,500,256", "1,500,512", "20,35,650"])
    parser.add_argument("--cells", nargs="+", default=NAMES)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"torch {torch.__version__}, {platform.machine()} {capability}, ", end="")
    print(f"{arguments.threads} threads, float32; milliseconds, median of {arguments.rounds}")
    print(f"{'cell':20}{'B, T, H':>12}{'plain':>9}{'traced':>9}{'ratio':>7}   spread")
    rows = []
    for shape in arguments.shapes:
        B, T, H = (int(n) for n in shape.split(","))
        x = torch.randn(T, B, H)
        for name in arguments.cells:
            layer = Recurrent(name, H, H)
            found = times(
                {"plain": way(layer, x, traced=False), "traced": way(layer, x, traced=True)},
                arguments.rounds,
            )
            middle, low, high = ratio(found["traced"], found["plain"])
            plain, traced = (statistics.median(found[how]) for how in ("plain", "traced"))
            row = {"cell": name, "shape": shape, "plain_ms": plain, "traced_ms": traced}
            rows.append(row | {"ratio": middle, "low": low, "high": high})
            print(
                f"{name:20}{shape:>12}{plain:9.2f}{traced:9.2f}{middle:7.2f}   "
                f"{low:.2f} to {high:.2f}",
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
