"""The output layer's loss and gradients: of all words, of a sample, adaptive; in either precision.

python benchmarks/output_layer.py

The targets are distributed like the words of a text, P(rank) proportional to 1 / (rank + 2.7)
(Mandelbrot's form of Zipf's law), since the gain of a sample or of clusters depends on how rare the
rare words are. The optimiser's step is not included.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.folder.config import ModelConfig
from foreword.models.build import build
from foreword.nn.sampled import Sampling, draw
from foreword.nn.softmax import linear_cross_entropy

WORDS, FEATURES = 1120, 256


def milliseconds(loss: Callable[[], Tensor], repeats: int = 12) -> float:
    """The best of some runs, forward and backward."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        loss().backward()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def forms(V: int) -> dict[str, Callable[[], Tensor]]:
    """The ways, on the same random problem."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(WORDS, FEATURES, generator=generator).requires_grad_()
    weight = (torch.randn(V, FEATURES, generator=generator) * 0.1).requires_grad_()
    bias = torch.zeros(V, requires_grad=True)
    targets = torch.multinomial(1 / (torch.arange(V) + 2.7), WORDS, True, generator=generator)

    def sampled(precision: torch.dtype) -> Tensor:
        sample = draw(targets, V, Sampling(4096, 2048), generator)
        assert sample is not None
        words = F.embedding(sample.words, weight)
        some = bias[sample.words] + sample.log_weights
        return linear_cross_entropy(x, words, some, sample.targets, precision=precision)

    def adaptive(head: int, clusters: int) -> Callable[[torch.dtype], Tensor]:
        config = ModelConfig(
            name="lstm",
            vocab_size=V,
            embedding_size=8,
            hidden_size=FEATURES,
            tied=False,
            adaptive_head=head,
            adaptive_clusters=clusters,
        )
        layer = build(config, generator=generator).adaptive
        assert layer is not None
        return lambda precision: layer.cross_entropy(x, bias, targets, precision=precision)

    def in_both(
        name: str, loss: Callable[[torch.dtype], Tensor]
    ) -> dict[str, Callable[[], Tensor]]:
        return {
            f"{name}, float32": lambda: loss(torch.float32),
            f"{name}, bfloat16": lambda: loss(torch.bfloat16),
        }

    losses: dict[str, Callable[[], Tensor]] = {
        "whole logits, float32": lambda: F.cross_entropy(
            F.linear(x, weight, bias), targets, reduction="sum"
        )
    }
    losses |= in_both(
        "chunks", lambda p: linear_cross_entropy(x, weight, bias, targets, precision=p)
    )
    if V > 2 * (4096 + 2048):
        losses |= in_both("sample of 4,096 + 2,048", sampled)
    for head, clusters in ((4096, 2), (2048, 2), (2048, 3)):
        losses |= in_both(f"adaptive, {head:,} + {clusters} clusters", adaptive(head, clusters))
    return losses


def main() -> None:
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {threads} threads, {WORDS:,} words x {FEATURES}")
    for V in (10_000, 33_278, 100_000):
        for name, loss in forms(V).items():
            took = milliseconds(loss)
            print(f"{V:>7,} words  {name:<40} {took:6.0f} ms {WORDS / took * 1e3:8,.0f} words/s")


if __name__ == "__main__":
    main()
