"""A single LSTM of Foreword's against the recipe of the PyTorch examples' word_language_model.

Both are given the same text in Penn Treebank/WikiText form, the same machine and, unless
`--peer-minutes` says otherwise, the same minutes, one after the other. The peer is that example's
default recipe (LSTM 2 x 200, tied, dropout 0.2, SGD at 20 divided by 4 when an epoch does not
improve, gradients clipped at 0.25, batch 20, BPTT 35), written anew on torch.nn; where an epoch
takes longer than the time, its last weights count.

    python benchmarks/against_word_language_model.py TRAIN VALID TEST --minutes 30

What the peer reaches in 520 s, in a quarter of its time:

    python benchmarks/against_word_language_model.py TRAIN VALID TEST --minutes 2.17 \
        --peer-minutes 8.67 --json benchmarks/results/quarter_of_the_time.json
"""

import argparse
import json
import math
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import foreword
from foreword.folder.store import read_config
from foreword.text.corpus import find_sources
from foreword.text.tokenizer import EOS_ID, Tokenizer, TokenizerConfig
from foreword.text.tokens import tokenise

RESULTS = Path(__file__).parent / "results" / "against_word_language_model.json"
OURS = {
    "model": "lstm",
    "embedding_size": 192,
    "hidden_size": 512,
    "learning_rate": 6e-3,
    "dropout": 0.2,
}


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


def columns(ids: np.ndarray, count: int) -> torch.Tensor:
    length = len(ids) // count
    return torch.from_numpy(ids[: length * count].astype(np.int64)).view(count, length).t()


def evaluate_peer(model: Peer, ids: np.ndarray) -> float:
    """Perplexity over all words, the first after an <eos>, in one stream with its state carried."""
    model.eval()
    text = torch.from_numpy(np.r_[EOS_ID, ids].astype(np.int64))[:, None]
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
    train: np.ndarray, valid: np.ndarray, vocab_size: int, seconds: float
) -> tuple[Peer, int]:
    """The model, and how many words it has seen."""
    torch.manual_seed(1)
    model, rate, best = Peer(vocab_size), 20.0, math.inf
    batches = columns(train, 20)
    began, words, epoch = time.monotonic(), 0, 0
    while time.monotonic() - began < seconds:
        state = None
        for start in range(0, len(batches) - 1, 35):
            if time.monotonic() - began >= seconds:
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
                passed = time.monotonic() - began
                print(
                    f"  peer: {passed:5.0f} s, {words:,} words, loss {float(loss.detach()):.2f}",
                    flush=True,
                )
        else:
            epoch += 1
            perplexity = evaluate_peer(model, valid)
            passed = time.monotonic() - began
            print(f"  peer: epoch {epoch}, {passed:.0f} s, validation perplexity {perplexity:.1f}")
            if perplexity >= best:
                rate /= 4
            best = min(best, perplexity)
    print(f"  peer: {words:,} words seen, {words / (time.monotonic() - began):,.0f} words/s")
    return model, words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("valid")
    parser.add_argument("test")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--peer-minutes", type=float, help="the same, if not given")
    parser.add_argument("--ours", type=Path, help="a model that has been trained with the same")
    parser.add_argument("--json", type=Path, default=RESULTS)
    arguments = parser.parse_args()

    if arguments.ours is None:
        arguments.ours = Path(tempfile.mkdtemp()) / "model"
        foreword.train(
            [arguments.train],
            out=arguments.ours,
            valid=[arguments.valid],
            minutes=arguments.minutes,
            pretokenised=True,
            **OURS,
        )
    config = read_config(arguments.ours)
    assert config.training is not None
    ours = foreword.evaluate(arguments.ours, [arguments.test])
    ours_valid = foreword.evaluate(arguments.ours, [arguments.valid])
    seen, seconds = config.training.words_seen, config.training.seconds
    print(f"  ours: {seen:,} words seen, {seen / seconds:,.0f} words/s, {seconds:.0f} s")
    print(f"foreword: perplexity {ours_valid.perplexity:.1f} valid, {ours.perplexity:.1f} test")

    pieces = (piece for source in find_sources([arguments.train]) for piece in source.read())
    tokenizer = Tokenizer.learn(pieces, TokenizerConfig(words="spaces"))
    ids = {
        name: tokenise(find_sources([path]), tokenizer).ids
        for name, path in (
            ("train", arguments.train),
            ("valid", arguments.valid),
            ("test", arguments.test),
        )
    }
    peer_minutes = arguments.peer_minutes or arguments.minutes
    model, words = train_peer(ids["train"], ids["valid"], tokenizer.vocab_size, peer_minutes * 60)
    valid, test = (evaluate_peer(model, ids[name]) for name in ("valid", "test"))
    print(f"word_language_model's recipe: perplexity {valid:.1f} valid, {test:.1f} test")
    result = {
        "test words": ours.words,
        "foreword": {
            "minutes": arguments.minutes,
            "valid perplexity": ours_valid.perplexity,
            "test perplexity": ours.perplexity,
            "words/s": seen / seconds,
            "settings": config.training.settings,
        },
        "word_language_model's recipe": {
            "minutes": peer_minutes,
            "valid perplexity": valid,
            "test perplexity": test,
            "words/s": words / (peer_minutes * 60),
        },
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "machine": f"{platform.machine()}, {_processor()}",
    }
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written: {arguments.json}")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
