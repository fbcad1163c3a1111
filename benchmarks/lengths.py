"""What sequences of different lengths cost: `lengths=`, the padded batch, and torch's packing.

    python benchmarks/lengths.py [--shapes 20,35,650 ...] [--rounds 9] [--threads 2] [--json FILE]

Shapes are B,T,H. Lengths are spread evenly from 1 to T, in any order, so that nearly half of a
batch is padding. Forward and backward; each way runs once in every round, and the ratios are those
of a round's times, of the padded batch without lengths on the same layer of ours by that of the
way: above 1, the way is faster.
"""

import argparse
import json
import platform
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from layers import LAYERS
from peers import torch_layer
from timing import ratio, times


def way(layer: nn.Module, x: Tensor, lengths: list[int] | None, how: str) -> Callable[[], object]:
    x = x.clone().requires_grad_()

    def run() -> None:
        x.grad = None
        layer.zero_grad(set_to_none=True)
        if how == "packed":
            outputs = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))[0].data
        elif how == "lengths":
            outputs = layer(x, lengths=lengths)[0]
        else:
            outputs = layer(x)[0]
        outputs.backward(torch.ones_like(outputs))

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=["20,35,200", "20,35,650"])
    parser.add_argument("--layers", nargs="+", default=["rnn", "gru", "lstm", "lstm-peephole"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"torch {torch.__version__}, {platform.machine()} {capability}, ", end="")
    print(f"{arguments.threads} threads, float32; milliseconds, median of {arguments.rounds}")
    print(f"{'layer':16}{'B, T, H':>12}  {'way':16}{'ms':>9}{'ratio':>7}   spread")
    rows = []
    for shape in arguments.shapes:
        B, T, H = (int(n) for n in shape.split(","))
        x = torch.randn(T, B, H)
        order = torch.randperm(B, generator=torch.Generator().manual_seed(1))
        lengths = torch.linspace(1, T, B)[order].round().long().tolist()
        print(f"{shape}: {sum(lengths) / (T * B):.3f} of the padded batch's steps are there")
        for name in arguments.layers:
            mine = LAYERS[name](H, H)
            peer = torch_layer(name, mine)
            runs = {
                "padded": way(mine, x, None, "padded"),
                "lengths=": way(mine, x, lengths, "lengths"),
                "packed": way(mine, x, lengths, "packed"),
            }
            if peer is not None:
                runs["torch, padded"] = way(peer, x, None, "padded")
                runs["torch, packed"] = way(peer, x, lengths, "packed")
            found = times(runs, arguments.rounds)
            for how, taken in found.items():
                middle, low, high = ratio(found["padded"], taken)
                row = {"layer": name, "shape": shape, "way": how, "ms": statistics.median(taken)}
                rows.append(row | {"ratio": middle, "low": low, "high": high})
                print(
                    f"{name:16}{shape:>12}  {how:16}{row['ms']:9.2f}{middle:7.2f}   "
                    f"{low:.2f} to {high:.2f}",
                    flush=True,
                )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
