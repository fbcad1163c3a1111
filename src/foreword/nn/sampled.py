"""Sample a large vocabulary, so that the sample represents all of it in the training loss.

The softmax's sum over all V words is the sum over the most frequent words and the window's own
targets, which are always included, and R others. Of those, K are drawn without replacement, and
each counts R / K times: the expected sum is the true one, whatever the scores (sampled softmax,
Bengio & Senécal 2008; Jean et al. 2015; here stratified, since few words have most of the
probability). Its logarithm is slightly too small on average, the less so the larger K is. Knows no
networks.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from foreword.nn.softmax import IGNORED


@dataclass(frozen=True)
class Sampling:
    """The number of words that are scored besides a window's targets.

    Attributes:
        head: the most frequent words, ids 0 to head - 1, which are always scored.
        rest: the number drawn from the others for each window.
    """

    head: int
    rest: int


@dataclass(frozen=True)
class Sample:
    """The sampled words.

    Attributes:
        words: (S,) ids, ascending.
        log_weights: (S,), the logarithm of how often each counts in the softmax's sum.
        targets: the window's targets, as indices in `words`.
    """

    words: Tensor
    log_weights: Tensor
    targets: Tensor


def draw(
    targets: Tensor,
    vocab_size: int,
    how: Sampling,
    generator: torch.Generator | None = None,
    inputs: Tensor | None = None,
) -> Sample | None:
    """Return a sample for a window's targets (N,); None if it would be most of the vocabulary.

    It has the window's inputs too, if they are given. Nearly all of them are targets as well.
    """
    head, V = how.head, vocab_size
    if 2 * (head + how.rest) > V:
        return None
    wanted = torch.zeros(V, dtype=torch.bool, device=targets.device)
    wanted[:head] = True
    wanted[targets[targets != IGNORED]] = True
    if inputs is not None:
        wanted[inputs.flatten()] = True
    others = (~wanted).nonzero().squeeze(1)
    order = torch.randperm(len(others), generator=generator, device=targets.device)
    drawn = others[order[: how.rest]]
    counts = torch.zeros(V, device=targets.device)
    counts[drawn] = math.log(len(others) / how.rest)
    wanted[drawn] = True
    words = wanted.nonzero().squeeze(1)
    places = torch.searchsorted(words, targets).masked_fill(targets == IGNORED, IGNORED)
    return Sample(words, counts[words], places)
