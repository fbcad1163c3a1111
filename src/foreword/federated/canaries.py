"""Random sentences in a few people's text: does the finished model know them? Knows no rounds.

A canary (Carlini et al. 2019, "The secret sharer: evaluating and testing unintended memorization in
neural networks") is a sentence that nobody would write. If a model finds it more probable than
other sentences that were drawn in the same way, the model has learned it from the person who had
it. Sentences of five words, each uniformly from the vocabulary, in the text of a few people are
those of Thakkar et al. (2020, "Understanding unintended memorization in federated learning").
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional as F

from foreword.errors import SettingsError
from foreword.federated.people import People
from foreword.federated.settings import FederatedSettings
from foreword.models.model import NextWordModel
from foreword.text.tokenizer import EOS_ID, SPECIAL

LENGTH = 5
"""The number of words of a canary."""
ALTERNATIVES = 9_999
"""The number of other sentences that a canary is ranked among."""
SENTENCES = 128
"""The number of sentences that are read at once, which affects only memory and speed."""


@dataclass(frozen=True)
class Canaries:
    """Sentences, and the people in whose text they are.

    Attributes:
        sentences: word ids, (C, `LENGTH`).
        people: the positions of the people who have each, (C, K); nobody has two sentences.
        repeats: how often each of them has it.
        alternatives: sentences that were drawn in the same way, (`ALTERNATIVES`, `LENGTH`).
    """

    sentences: np.ndarray
    people: np.ndarray
    repeats: int
    alternatives: np.ndarray


def drawn(settings: FederatedSettings, vocab_size: int, people: int) -> Canaries | None:
    """Return the canaries of the settings, drawn by their seed; None if there are none.

    Args:
        settings: the settings.
        vocab_size: the number of words, including `<unk>` and `<eos>`.
        people: the number of people.

    Raises:
        SettingsError: there are too few people.
    """
    C, K = settings.canaries, settings.canary_people
    if C == 0:
        return None
    if people < C * K:
        raise SettingsError(
            f"{C:,} canaries in the text of {K:,} people each need {C * K:,} people, and there are "
            f"{people:,}. Lower canaries or canary_people"
        )
    random = np.random.default_rng([settings.seed, 2])
    first = len(SPECIAL)
    sentences = random.integers(first, vocab_size, size=(C, LENGTH))
    having = random.permutation(people)[: C * K].reshape(C, K)
    alternatives = random.integers(first, vocab_size, size=(ALTERNATIVES, LENGTH))
    return Canaries(sentences, having, settings.canary_repeats, alternatives)


def planted(people: People, canaries: Canaries, seed: int) -> People:
    """Return the people with the canaries as lines of their text, at random positions.

    Their digest stays that of the text that was read.
    """
    random = np.random.default_rng([seed, 3])
    ids = list(people.ids)
    for sentence, having in zip(canaries.sentences, canaries.people, strict=True):
        for person in having:
            text = ids[person]
            starts = np.append(0, np.flatnonzero(text == EOS_ID) + 1)
            places = random.choice(starts, canaries.repeats)
            line = np.append(sentence, EOS_ID).astype(text.dtype)
            lines = np.tile(line, canaries.repeats)
            ids[person] = np.insert(text, places.repeat(len(line)), lines)
    return replace(people, ids=tuple(ids))


def exposures(
    model: NextWordModel,
    canaries: Canaries,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[float, ...]:
    """Return the exposure of each canary in bits.

    With R sentences, the canary and its alternatives, it is log2(R / rank), where rank 1 is the
    lowest perplexity (Carlini et al. 2019, with a sample in place of all sentences). A sentence of
    equal perplexity counts as lower.

    Args:
        model: the finished model, which is left in its mode.
        canaries: the canaries.
        progress: called with (sentences done, sentences in all).
    """
    C = len(canaries.sentences)
    everything = np.concatenate([canaries.sentences, canaries.alternatives])
    nats = sentence_nats(model, everything, progress)
    ranks = 1 + (nats[C:] <= nats[:C, None]).sum(1)
    return tuple(math.log2((len(canaries.alternatives) + 1) / int(rank)) for rank in ranks)


def sentence_nats(
    model: NextWordModel,
    sentences: np.ndarray,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> np.ndarray:
    """Return -ln P of each sentence as the first of a text, without its end, (S,).

    Args:
        model: the model, which is left in its mode.
        sentences: word ids, (S, L).
        progress: called with (sentences done, sentences in all).
    """
    was_training = model.training
    model.eval()
    parts = []
    try:
        with torch.inference_mode():
            for first in range(0, len(sentences), SENTENCES):
                words = torch.from_numpy(sentences[first : first + SENTENCES].astype(np.int64)).t()
                before = torch.cat([torch.full_like(words[:1], EOS_ID), words[:-1]])
                logits, _ = model(before, model.start(words.shape[1]))
                nats = F.cross_entropy(logits.flatten(0, 1), words.flatten(), reduction="none")
                parts.append(nats.view(words.shape).double().sum(0).numpy())
                progress(min(first + SENTENCES, len(sentences)), len(sentences))
    finally:
        model.train(was_training)
    return np.concatenate(parts)
