"""Float32 matrix products as a recurrent layer has them: torch.mm (MKL) beside oneDNN.

    python benchmarks/products.py [--threads 2]

Microseconds, the best of five rounds, for x (B, H) by the transpose of a weight (n H, H): torch.mm,
oneDNN, and oneDNN with the weight laid out beforehand, and how long that takes. What
`foreword.kernels.portable.products` does, and from which sizes on, comes from here.
"""

import argparse
import time
from collections.abc import Callable

import torch

from foreword.kernels.portable.products import _HAS_ONEDNN


def microseconds(call: Callable[[], object], repeats: int = 100) -> float:
    for _ in range(5):
        call()
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(repeats):
            call()
        rounds.append((time.perf_counter() - began) / repeats)
    return 1e6 * min(rounds)


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
torch.set_num_threads(parser.parse_args().threads)
if not _HAS_ONEDNN:
    raise SystemExit("this torch has no oneDNN")
operators = torch.ops.mkldnn
print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
print(f"{'B':>4}{'H':>6}{'n':>3}{'torch.mm':>10}{'oneDNN':>10}{'laid out':>10}{'laying out':>12}")
with torch.no_grad():
    for B, H, n in (
        (20, 64, 4),
        (20, 200, 1),
        (20, 200, 4),
        (20, 650, 1),
        (20, 650, 4),
        (64, 512, 4),
    ):
        x, weight = torch.randn(B, H), torch.randn(n * H, H)
        ready = operators._reorder_linear_weight(weight, B)
        calls: list[Callable[[], object]] = [
            lambda x=x, weight=weight: torch.mm(x, weight.t()),
            lambda x=x, weight=weight: operators._linear_pointwise(x, weight, None, "none", [], ""),
            lambda x=x, ready=ready: operators._linear_pointwise(x, ready, None, "none", [], ""),
            lambda weight=weight, B=B: operators._reorder_linear_weight(weight, B),
        ]
        times = [microseconds(call) for call in calls]
        print(f"{B:4}{H:6}{n:3}{times[0]:10.1f}{times[1]:10.1f}{times[2]:10.1f}{times[3]:12.1f}")
