"""A sample of a large vocabulary that stands for all of it in the training loss. No networks.

The softmax's sum over all V words is that over the commonest words and the window's own targets,
which are always there, and R others. Of those, K are drawn without replacement, and each counts
R / K times: the expected sum is the true one, whatever the scores (sampled softmax, Bengio &
Senécal 2008; Jean et al. 2015; here stratified, since few words have most of the probability).
Its logarithm is a little too small on average, the less the larger K is.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from foreword.nn.softmax import IGNORED


@dataclass(frozen=True)
class Sampling:
    """How many words are scored besides a window's targets.

    Attributes:
        head: the commonest words, ids 0 to head - 1: always.
        rest: drawn from the others anew for each window.
    """

    head: int
    rest: int


@dataclass(frozen=True)
class Sample:
    """Words that stand for all.

    Attributes:
        words: (S,) ids, ascending.
        log_weights: (S,), the logarithm of how often each counts in the softmax's sum.
        targets: of the window, as places in `words`.
    """

    words: Tensor
    log_weights: Tensor
    targets: Tensor


def draw(
    targets: Tensor, vocab_size: int, how: Sampling, generator: torch.Generator | None = None
) -> Sample | None:
    """A sample for a window's targets (N,); None where it would be most of the vocabulary."""
    head, V = how.head, vocab_size
    if 2 * (head + how.rest) > V:
        return None
    wanted = torch.zeros(V, dtype=torch.bool, device=targets.device)
    wanted[:head] = True
    wanted[targets[targets != IGNORED]] = True
    others = (~wanted).nonzero().squeeze(1)
    order = torch.randperm(len(others), generator=generator, device=targets.device)
    drawn = others[order[: how.rest]]
    counts = torch.zeros(V, device=targets.device)
    counts[drawn] = math.log(len(others) / how.rest)
    wanted[drawn] = True
    words = wanted.nonzero().squeeze(1)
    places = torch.searchsorted(words, targets).masked_fill(targets == IGNORED, IGNORED)
    return Sample(words, counts[words], places)
