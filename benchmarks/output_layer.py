"""The output layer's loss and gradients: in chunks, in either precision, and as whole logits.

python benchmarks/output_layer.py
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.nn.softmax import linear_cross_entropy


def milliseconds(loss: Callable[[], Tensor], repeats: int = 6) -> float:
    """The best of some runs, forward and backward."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        loss().backward()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def forms(V: int) -> dict[str, Callable[[], Tensor]]:
    """The three ways, on the same random problem."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1120, 256, generator=generator).requires_grad_()
    weight = (torch.randn(V, 256, generator=generator) * 0.1).requires_grad_()
    bias = torch.zeros(V, requires_grad=True)
    targets = torch.randint(V, (1120,), generator=generator)
    return {
        "whole logits, float32": lambda: F.cross_entropy(
            F.linear(x, weight, bias), targets, reduction="sum"
        ),
        "chunks, float32": lambda: linear_cross_entropy(x, weight, bias, targets),
        "chunks, bfloat16": lambda: linear_cross_entropy(
            x, weight, bias, targets, precision=torch.bfloat16
        ),
    }


def main() -> None:
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, 1,120 words x 256")
    for V in (10_000, 33_278):
        for name, loss in forms(V).items():
            print(f"{V:>7,} words  {name:<22} {milliseconds(loss):6.0f} ms")


if __name__ == "__main__":
    main()
