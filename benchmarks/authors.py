"""How many keys a personal layer saves people that learns each message after it is sent.

    python benchmarks/authors.py MODEL [--skip 20] [--oracle 6] [--text NAME ...]

The people are those who wrote most in the carried chats' parts for validation and testing; each
begins with an empty layer and types their messages in the order of time. The everyday model was
trained on other chats of the same people, and so knows how they write; other people gain more. A
text of another kind (`--text`, as `messages.py` has it) is typed as one person's, in its order.
Settings of the layer are chosen on other people than those who are reported (`--skip`).

The oracle tells what the first half of a person's messages is worth at best: the whole network is
trained on it, at several rates and for several passes, and types the second half with the layer.
Whichever does so best is reported, so that it was chosen on the very messages it is measured on.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import foreword
from foreword.evaluation.keystrokes import (
    SimulatedTypist,
    Tally,
    readable_message,
    simulate,
    words_of,
)
from foreword.evaluation.suggester import LearningSuggester, Suggester
from foreword.models.build import from_folder, weights_of
from foreword.predictor import personal
from foreword.predictor.predictor import Predictor
from foreword.text.corpus import messages_by_sender
from foreword.text.tokenizer import EOS_ID
from keystrokes import differences
from messages import messages_of

RATES, PASSES, LINES = (3e-4, 1e-3), (2, 4), 8
"""Of the oracle: Adam's learning rates, the passes after which it types, and lines a step."""
DRAWS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", help="a model folder, or an installed model's name")
    parser.add_argument("--people", type=int, default=20, help="of the chats")
    parser.add_argument("--skip", type=int, default=0, help="of those who wrote most")
    parser.add_argument("--messages", type=int, default=200, help="of each, the first")
    parser.add_argument("--oracle", type=int, default=0, help="for the first so many people")
    parser.add_argument("--text", nargs="*", default=[], help="typed as one person's")
    arguments = parser.parse_args()
    model = foreword.load(arguments.model)
    chats = messages_by_sender("valid", "test")
    busiest = sorted(chats, key=lambda name: (-len(chats[name]), name))
    people = busiest[arguments.skip : arguments.skip + arguments.people]
    texts = {f"person {n}": chats[name] for n, name in enumerate(people, arguments.skip + 1)}
    texts |= {name.rpartition("/")[2]: messages_of(name) for name in arguments.text}
    print(f"typist: {SimulatedTypist().assumptions()}")
    print(
        "| who | messages | words | alone | learning | gain, 95 % | 2nd half | learning | oracle |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    gains, against = [], []
    for number, (name, messages) in enumerate(texts.items()):
        messages = [m for m in messages if words_of(readable_message(m))][: arguments.messages]
        without, learning = typed(model, messages)
        low, high = np.quantile(list(differences(learning, without)), (0.025, 0.975))
        row = [savings(part) for part in (without, learning)]
        later = [savings(part[len(part) // 2 :]) for part in (without, learning)]
        if number < arguments.oracle:
            later.append(max(later[1], *oracle(model, messages)))
            against.append((later[1] - later[0], later[2] - later[0]))
        if number < len(people):
            gains.append((row[1] - row[0], later[1] - later[0]))
        words = sum(tally.words for tally in without)
        figures = [f"{share:.1%}" for share in (*row, *later)]
        figures.insert(2, f"{100 * low:.1f} to {100 * high:.1f}")
        print(f"| {name} | {len(without)} | {words:,} | {' | '.join(figures)} |", flush=True)
    if gains:
        whole, half = (interval(column) for column in zip(*gains, strict=True))
        print(f"\n{len(gains)} people gain {whole} points, and {half} in their second half")
    if against:
        ours, best = (interval(column) for column in zip(*against, strict=True))
        print(f"of {len(against)}, the layer gains {ours} in the second half, the oracle {best}")


def typed(model: Predictor, messages: Sequence[str]) -> tuple[tuple[Tally, ...], tuple[Tally, ...]]:
    """Each message's tally, without a layer and with one that learns as it goes."""
    return simulate(Suggester(model), messages).by_message, with_layer(model, messages)


def with_layer(
    model: Predictor, messages: Sequence[str], learned: Sequence[str] = ()
) -> tuple[Tally, ...]:
    """Each message's tally with a layer that has learned some and learns each after it is typed."""
    with (
        tempfile.TemporaryDirectory() as empty,
        personal.open(Path(empty) / "personal", model.tokenizer, create=True) as layer,
    ):
        suggester = LearningSuggester(model, layer)
        for message in learned:
            suggester.learn(message)
        return simulate(suggester, messages, learn=True).by_message


def oracle(model: Predictor, messages: Sequence[str]) -> Iterator[float]:
    """Yield the second half's savings by networks trained on the first, each with a layer."""
    half = len(messages) // 2
    for rate in RATES:
        for tuned in trained(model, messages[:half], rate):
            yield savings(with_layer(tuned, messages[half:], messages[:half]))


def trained(model: Predictor, messages: Sequence[str], rate: float) -> Iterator[Predictor]:
    """Yield the model after each number of passes over some messages, at one learning rate."""
    network = from_folder(model.folder)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate, betas=(0.9, 0.99))
    lines = [torch.tensor([EOS_ID, *model.tokenizer.encode(m), EOS_ID]) for m in messages]
    order = torch.Generator().manual_seed(0)
    for number in range(1, max(PASSES) + 1):
        for rows in torch.randperm(len(lines), generator=order).split(LINES):
            # The -1 after a line's end has no loss, and is read as <unk>.
            ids = torch.nn.utils.rnn.pad_sequence([lines[i] for i in rows], padding_value=-1)
            logits, _ = network(ids[:-1].clamp(min=0), network.start(len(rows)))
            optimiser.zero_grad()
            F.cross_entropy(logits.flatten(0, 1), ids[1:].flatten(), ignore_index=-1).backward()
            optimiser.step()
        if number in PASSES:
            yield Predictor(replace(model.folder, weights=weights_of(network)))


def savings(tallies: Sequence[Tally]) -> float:
    return sum(tallies, Tally()).savings


def interval(shares: Sequence[float]) -> str:
    """The mean of shares in percent, and where 95 % of such means of people drawn again lie."""
    generator = np.random.default_rng(0)
    means = 100 * generator.choice(shares, (DRAWS, len(shares))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{100 * np.mean(shares):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
