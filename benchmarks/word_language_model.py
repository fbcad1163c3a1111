"""The default recipe of the PyTorch examples' word_language_model, as a peer to measure against.

LSTM 2 x 200, tied, dropout 0.2, SGD at 20 divided by 4 when an epoch does not improve, gradients
clipped at 0.25, batch 20, BPTT 35, written from scratch on torch.nn. If an epoch takes longer than
the time, its last weights count.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from foreword.text.corpus import find_sources
from foreword.text.tokenizer import EOS_ID, Tokenizer, TokenizerConfig
from foreword.text.tokens import tokenise


class Peer(nn.Module):
    """The example's model: two LSTM layers of 200 between tied embeddings."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 200)
        self.rnn = nn.LSTM(200, 200, 2, dropout=0.2)
        self.decoder = nn.Linear(200, vocab_size)
        self.decoder.weight = self.embedding.weight
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, ids, state):
        embedded = F.dropout(self.embedding(ids), 0.2, self.training)
        outputs, state = self.rnn(embedded, state)
        return self.decoder(F.dropout(outputs, 0.2, self.training)), state


@dataclass(frozen=True)
class Words:
    """All words of a pretokenised training text, and other texts in them."""

    tokenizer: Tokenizer

    @classmethod
    def of(cls, path: str | PathLike[str]) -> Self:
        pieces = (piece for source in find_sources([path]) for piece in source.read())
        return cls(Tokenizer.learn(pieces, TokenizerConfig(words="spaces")))

    @property
    def count(self) -> int:
        return self.tokenizer.vocab_size

    def ids(self, path: str | PathLike[str]) -> np.ndarray:
        return tokenise(find_sources([path]), self.tokenizer).ids


@dataclass(frozen=True)
class Point:
    """How far the peer had come: seconds of training, words seen, validation perplexity."""

    seconds: float
    words: int
    perplexity: float


@dataclass(frozen=True)
class PeerRun:
    """What was trained, and a point for each time that was asked for, the last for the end."""

    model: Peer
    points: tuple[Point, ...]


def columns(ids: np.ndarray, count: int) -> torch.Tensor:
    length = len(ids) // count
    return torch.from_numpy(ids[: length * count].astype(np.int64)).view(count, length).t()


def evaluate_peer(model: Peer, ids: np.ndarray) -> float:
    """Perplexity over all words, the first after an <eos>, in one stream with its state carried."""
    model.eval()
    device = model.embedding.weight.device
    text = torch.from_numpy(np.r_[EOS_ID, ids].astype(np.int64))[:, None].to(device)
    total, state = 0.0, None
    with torch.inference_mode():
        for start in range(0, len(text) - 1, 256):
            stop = min(start + 256, len(text) - 1)
            logits, state = model(text[start:stop], state)
            targets = text[start + 1 : stop + 1].flatten()
            total += float(F.cross_entropy(logits.flatten(0, 1), targets, reduction="sum"))
    model.train()
    return math.exp(total / (len(text) - 1))


def train_peer(
    train: np.ndarray,
    valid: np.ndarray,
    vocab_size: int,
    at: Sequence[float],
    device: str = "cpu",
) -> PeerRun:
    """One run, as long as the last of the seconds `at` each of which its perplexity is asked for.

    Validation after an epoch is part of the recipe and uses its time; the requested measurements do
    not, and do not affect training.
    """
    torch.manual_seed(1)
    model, rate, best = Peer(vocab_size).to(device), 20.0, math.inf
    batches = columns(train, 20).to(device)
    if len(batches) < 2:
        raise SystemExit(f"{len(train)} words are too few for the peer's 20 streams")
    waiting, points = sorted(at), []
    words, epoch, paused, began = 0, 0, 0.0, time.monotonic()

    def seconds() -> float:
        return time.monotonic() - began - paused

    while waiting:
        state = None
        for start in range(0, len(batches) - 1, 35):
            while waiting and seconds() >= waiting[0]:
                taken, stopped = seconds(), time.monotonic()
                points.append(Point(taken, words, evaluate_peer(model, valid)))
                paused += time.monotonic() - stopped
                waiting.pop(0)
                print(
                    f"  peer: {taken:.0f} s, {words:,} words seen, {words / taken:,.0f} words/s, "
                    f"validation perplexity {points[-1].perplexity:.1f}",
                    flush=True,
                )
            if not waiting:
                break
            stop = min(start + 35, len(batches) - 1)
            if state is not None:
                state = tuple(part.detach() for part in state)
            logits, state = model(batches[start:stop], state)
            loss = F.cross_entropy(logits.flatten(0, 1), batches[start + 1 : stop + 1].flatten())
            model.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(parameter.grad, alpha=-rate)
            words += (stop - start) * 20
            if (start // 35) % 200 == 0:
                print(
                    f"  peer: {seconds():5.0f} s, {words:,} words, loss {float(loss.detach()):.2f}",
                    flush=True,
                )
        else:
            epoch += 1
            perplexity = evaluate_peer(model, valid)
            print(f"  peer: epoch {epoch}, validation perplexity {perplexity:.1f}", flush=True)
            if perplexity >= best:
                rate /= 4
            best = min(best, perplexity)
    return PeerRun(model, tuple(points))
