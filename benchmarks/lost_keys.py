"""Where a typist loses keys: at which rank the right word stood, and in which words.

    python benchmarks/lost_keys.py MODEL TEXT [--against presage] [--training FILE ...]

A word costs a key at least, the one that takes it. Every further key counts as lost, under the rank
that the right word had among the first ten suggestions when it was struck; keys between words count
nowhere. TEXT is as `messages.py` has it. So is the typist as in `keystrokes.py`.
"""

import argparse
import contextlib
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import foreword
from foreword.evaluation.keystrokes import (
    RANKED,
    SimulatedTypist,
    Suggests,
    readable_message,
    simulate,
)
from foreword.evaluation.suggester import Suggester
from foreword.text.corpus import chat_source, find_sources
from foreword.text.tokenizer import SPECIAL, UNK_ID, Tokenizer, TokenizerConfig
from keystrokes import drawn, presage_of

RANKS = ((3, "1 to 3, and taking it saves nothing"), (6, "4 to 6"), (RANKED, "7 to 10"))
BEYOND, NEVER = f"beyond {RANKED}", "the vocabulary lacks it"


@dataclass
class Watched:
    """A predictor whose answers are kept, in the order in which the typist asked."""

    inner: Suggests
    asked: list[tuple[str, list[str]]] = field(default_factory=list)

    def suggest(self, text: str, k: int) -> Sequence[str]:
        """The inner predictor's."""
        found = list(self.inner.suggest(text, max(k, RANKED)))
        self.asked.append((text, found))
        return found[:k]


@dataclass(frozen=True)
class TypedWord:
    """What a word cost: the rank of the right word before each key that was struck in vain."""

    text: str
    begins: bool
    ranks: tuple[int | None, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("text")
    parser.add_argument("--training", nargs="+", help="the model's; default: the carried chats")
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--against", choices=["presage"])
    parser.add_argument("--work", type=Path, help="where presage's database is kept")
    arguments = parser.parse_args()
    sources = find_sources(arguments.training) if arguments.training else [chat_source("train")]
    training = [piece.text for source in sources for piece in source.read()]
    messages = drawn(arguments.text, training, arguments.messages, arguments.seed)
    model = foreword.load(arguments.model)
    known = {word.casefold() for i, word in enumerate(model.tokenizer.words) if i != UNK_ID}
    with contextlib.ExitStack() as stack:
        ours = typed_words(Suggester(model), messages)
        show_ranks(ours, known)
        if arguments.against:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            peer = presage_of(training, arguments.work or folder, folder / "learned")
            show_beside(ours, typed_words(peer, messages), known)


def typed_words(predictor: Suggests, messages: Sequence[str]) -> list[TypedWord]:
    """Every word of the messages, as it was typed."""
    found = []
    cutter = Tokenizer(SPECIAL, TokenizerConfig())
    for message in map(readable_message, messages):
        watched = Watched(predictor)
        simulate(watched, [message], SimulatedTypist())
        for number, word in enumerate(cutter.split(message)):
            asked = [(t, s) for t, s in watched.asked if word.start <= len(t) < word.end]
            if asked:
                right = message[word.start : word.end]
                ranks = tuple(rank_of(right, suggestions) for _, suggestions in asked)
                # The last one was taken, unless the word was typed to its end.
                last = asked[-1][0]
                is_taken = ranks[-1] is not None and ranks[-1] <= SimulatedTypist().slots
                typed = len(last) + 1 == word.end and not is_taken
                found.append(TypedWord(right, number == 0, ranks if typed else ranks[:-1]))
    return found


def rank_of(word: str, suggestions: Sequence[str]) -> int | None:
    fold = word.casefold()
    return next((r for r, s in enumerate(suggestions, 1) if s.casefold() == fold), None)


def show_ranks(words: Sequence[TypedWord], known: set[str]) -> None:
    """By the rank of the right word when the key was struck, and by kind of word."""
    lost: Counter[str] = Counter()
    for word in words:
        for rank in word.ranks:
            lost[NEVER if word.text.casefold() not in known else place_of(rank)] += 1
    total = sum(lost.values())
    print(f"{len(words):,} words, {total:,} keys lost, {total / len(words):.2f} a word")
    print("\n| the right word's rank | keys lost |\n|---|---|")
    for name in (*(name for _, name in RANKS), BEYOND, NEVER):
        print(f"| {name} | {lost[name] / total:.1%} |")
    print("\n| kind of word | words | keys lost | a word |\n|---|---|---|---|")
    for kind, part in by_kind(words, known).items():
        keys = sum(len(word.ranks) for word in part)
        share = f"{len(part) / len(words):.1%} | {keys / total:.1%}"
        print(f"| {kind} | {share} | {keys / len(part):.2f} |")


def show_beside(ours: Sequence[TypedWord], theirs: Sequence[TypedWord], known: set[str]) -> None:
    """Where the peer needs fewer keys, and where more."""
    pairs = list(zip(ours, theirs, strict=True))
    print("\n| beside presage | words | presage needs fewer | keys | more | keys |")
    print("|---|---|---|---|---|---|")
    for name in ("all", *by_kind(ours, known)):
        of_kind = [(a, b) for a, b in pairs if name in ("all", kind_of(a, known))]
        more = [len(a.ranks) - len(b.ranks) for a, b in of_kind]
        fewer, others = [n for n in more if n > 0], [-n for n in more if n < 0]
        row = (len(more), len(fewer), sum(fewer), len(others), sum(others))
        print(f"| {name} | {' | '.join(f'{n:,}' for n in row)} |")
    before = sum(not b.ranks and bool(a.ranks) for a, b in pairs)
    ours_alone = sum(not a.ranks and bool(b.ranks) for a, b in pairs)
    print(f"\nbefore the first letter: presage alone {before:,} words, foreword {ours_alone:,}")


def by_kind(words: Sequence[TypedWord], known: set[str]) -> dict[str, list[TypedWord]]:
    found: dict[str, list[TypedWord]] = {}
    for word in words:
        found.setdefault(kind_of(word, known), []).append(word)
    return dict(sorted(found.items(), key=lambda item: -sum(len(w.ranks) for w in item[1])))


def kind_of(word: TypedWord, known: set[str]) -> str:
    if word.text.casefold() not in known:
        return "outside the vocabulary"
    if word.begins:
        return "the first of a message"
    if "'" in word.text:
        return "with an apostrophe"
    if word.text[0].isupper() and word.text != "I":
        return "with a capital, within a message"
    return "of 1 to 4 letters" if len(word.text) <= 4 else "of 5 letters and more"


def place_of(rank: int | None) -> str:
    if rank is None:
        return BEYOND
    return next((name for last, name in RANKS if rank <= last), BEYOND)


if __name__ == "__main__":
    main()
