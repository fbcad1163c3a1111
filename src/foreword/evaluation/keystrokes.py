"""Simulates a typist, and counts the keys that a predictor saves. Knows no models, files or torch.

The measure is that of Trnka & McCoy 2008 ("Evaluating word prediction: framing keystroke savings",
ACL): 1 - keys with prediction / keys without. What it comes to depends on how the typist types, so
every choice is a field of `Typist` and is told with the result.
"""

import statistics
import time
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, Protocol, runtime_checkable

from foreword.errors import SettingsError, TextError
from foreword.predictor.spacing import takes_space_away
from foreword.text.characters import folded
from foreword.text.spacing import USUAL, Spacing
from foreword.text.tokenizer import SPECIAL, Tokenizer, TokenizerConfig

RANKED = 10
"""So many suggestions are asked for at the beginning of a word, to find the rank of the right one;
the typist sees only the first `slots` of them."""

Case = Literal["ignored", "exact"]


@runtime_checkable
class Suggests(Protocol):
    """A predictor: whatever offers whole words for a text that may end within a word."""

    def suggest(self, text: str, k: int) -> Sequence[str]:
        """At most k words, the likeliest first.

        Where the text ends within a word, each is one for that whole word, its typed letters
        included; elsewhere each is a next word.
        """
        ...


@runtime_checkable
class Learns(Protocol):
    """A predictor that can be told what its user has written."""

    def learn(self, text: str) -> object:
        """Learns a message that was sent."""
        ...


@dataclass(frozen=True)
class Typist:
    """How messages are typed. Every character is a key, capitals too; sending costs none.

    The typist makes no mistakes, sees every suggestion, and takes one as soon as it shows the word
    that is meant and costs fewer keys than typing on.

    Attributes:
        slots: suggestions in sight.
        acceptance: keys that taking a suggestion costs: 1 where it is a key like any other, 0
            where only what is typed counts.
        automatic_space: a word that is taken brings the space after it. A mark that attaches to
            the word takes that space away again, and the typist deletes it with a key where
            something else stands there, such as a hyphen.
        case: whether a suggestion counts as the word meant if it differs in upper and lower case.
        repeats: whether what was in sight and not taken stays in sight while the same word is
            typed. Without, the next likeliest takes its place, since this typist overlooks nothing.
    """

    slots: int = 3
    acceptance: int = 1
    automatic_space: bool = True
    case: Case = "ignored"
    repeats: bool = True

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise SettingsError(f"slots must be at least 1, not {self.slots}")
        if self.acceptance not in (0, 1):
            raise SettingsError(f"acceptance costs 0 keys or 1, not {self.acceptance}")
        if self.case not in ("ignored", "exact"):
            raise SettingsError(f"case is ignored or exact, not {self.case!r}")

    def assumptions(self) -> str:
        """All of it in a sentence, to stand beside the figures."""
        space = (
            "a word taken brings its space, which a mark after it takes away"
            if self.automatic_space
            else "spaces are typed"
        )
        cost = "one key" if self.acceptance else "no key"
        repeats = "" if self.repeats else ", what was passed over is not shown again"
        return f"{self.slots} slots, acceptance costs {cost}, {space}, case {self.case}{repeats}"


@dataclass(frozen=True)
class Tally:
    """Counts over messages."""

    messages: int = 0
    words: int = 0
    characters: int = 0
    """Keys without prediction."""
    keys: int = 0
    """Keys with prediction, acceptances included."""
    accepted: int = 0
    accepted_before_first_letter: int = 0
    top1: int = 0
    top3: int = 0
    reciprocal_ranks: float = 0.0
    """Sum over words of 1/rank among the first `RANKED` suggestions before the first letter."""

    def __add__(self, other: "Tally") -> "Tally":
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Tally(**sums)

    @property
    def savings(self) -> float:
        """Share of the keys that are saved, 0 to 1; below 0 where prediction costs keys."""
        return 1.0 - self.keys / max(1, self.characters)


@dataclass(frozen=True)
class KeystrokeReport:
    """What a typist saves by a predictor.

    Attributes:
        typist: how it was typed.
        tally: what was counted.
        ceiling: what the same typist saves by an oracle that always shows the word meant first:
            no predictor of words saves more.
        learned: whether the predictor learned each message after it was sent.
        seconds: of every call of `suggest`, in the order of the calls.
        by_message: the tally of each message, in their order.
    """

    typist: Typist
    tally: Tally
    ceiling: float
    learned: bool
    seconds: tuple[float, ...] = field(repr=False)
    by_message: tuple[Tally, ...] = field(repr=False)

    def record(self) -> dict[str, str | int | float | bool]:
        """Plain figures: shares from 0 to 1, microseconds."""
        tally, words = self.tally, max(1, self.tally.words)
        return {
            "slots": self.typist.slots,
            "acceptance": self.typist.acceptance,
            "automatic_space": self.typist.automatic_space,
            "case": self.typist.case,
            "repeats": self.typist.repeats,
            "learned": self.learned,
            "messages": tally.messages,
            "words": tally.words,
            "characters": tally.characters,
            "keys": tally.keys,
            "keystroke_savings": tally.savings,
            "ceiling": self.ceiling,
            "top1": tally.top1 / words,
            "top3": tally.top3 / words,
            "mean_reciprocal_rank": tally.reciprocal_ranks / words,
            "words_accepted": tally.accepted / words,
            "words_before_first_letter": tally.accepted_before_first_letter / words,
            "median_microseconds": 1e6 * statistics.median(self.seconds or (0.0,)),
            "p99_microseconds": 1e6 * _quantile(self.seconds, 0.99),
        }


def simulate(
    predictor: Suggests,
    messages: Iterable[str],
    typist: Typist = Typist(),
    *,
    spacing: Spacing = USUAL,
    learn: bool = False,
    progress: Callable[[int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> KeystrokeReport:
    """Types messages with a predictor's help.

    Each message is typed on its own: the predictor sees what has been typed of it, and nothing of
    the messages before, unless it learns them.

    Args:
        predictor: what suggests.
        messages: one a line; put into Unicode's composed form, typographic marks becoming plain,
            runs of white space one space. Those without a word are left out.
        typist: how they are typed.
        spacing: which marks take the space of a word away, as the predictor's model has it.
        learn: after each message, the predictor learns it.
        progress: called with the messages done.
        clock: in seconds.

    Raises:
        SettingsError: it shall learn and cannot.
        TextError: there is not a word to type.
    """
    if learn and not isinstance(predictor, Learns):
        raise SettingsError(f"{type(predictor).__name__} cannot learn: it has no learn(text)")
    tallies: list[Tally] = []
    ceiling = Tally()
    seconds: list[float] = []

    def ask(text: str, k: int) -> Sequence[str]:
        began = clock()
        suggestions = predictor.suggest(text, k)
        seconds.append(clock() - began)
        return suggestions

    for raw in messages:
        message = readable_message(raw)
        words = _words(message)
        if not words:
            continue
        tallies.append(_type(message, words, ask, typist, spacing))
        ceiling += _type(message, words, _oracle(message, words), typist, spacing)
        if learn and isinstance(predictor, Learns):
            predictor.learn(message)
        if progress is not None:
            progress(len(tallies))
    if not tallies:
        raise TextError("there is nothing to type: no message has a word")
    return KeystrokeReport(
        typist,
        sum(tallies, Tally()),
        ceiling.savings,
        learn,
        tuple(seconds),
        tuple(tallies),
    )


def readable_message(raw: str) -> str:
    """A line as the simulation types it.

    >>> readable_message("  Don’t   stop ")
    "Don't stop"
    """
    return " ".join(unicodedata.normalize("NFC", folded(raw)).split())


def _type(
    message: str,
    words: dict[int, int],
    ask: Callable[[str, int], Sequence[str]],
    typist: Typist,
    spacing: Spacing,
) -> Tally:
    """Types one message from left to right, asking before every letter of a word.

    `words` has where each word begins and ends.
    """
    at = keys = accepted = before_letter = top1 = top3 = 0
    ranks = 0.0
    start = end = 0
    passed: set[str] = set()
    while at < len(message):
        if at in words:
            start, end, passed = at, words[at], set()
        if at >= end or not _is_of_word(message[at]):
            at, keys = at + 1, keys + 1
            continue
        wanted = max(typist.slots, RANKED) if at == start else typist.slots + len(passed)
        suggestions = [s for s in ask(message[:at], wanted) if s not in passed][:wanted]
        if at == start:
            word = message[start:end]
            same = (r for r, s in enumerate(suggestions, 1) if _same(s, word, typist.case))
            rank = next(same, None)
            top1 += rank == 1
            top3 += rank is not None and rank <= 3
            ranks += 1.0 / rank if rank is not None else 0.0
        in_sight = suggestions[: typist.slots]
        if not typist.repeats:
            passed.update(in_sight)
        offers = [_offer(message, start, at, s, typist, spacing) for s in in_sight]
        saved, to, cost = max(offers, default=(0, at, 0))
        if saved > 0:
            accepted += 1
            before_letter += at == start
            at, keys = to, keys + cost
        else:
            at, keys = at + 1, keys + 1
    return Tally(
        messages=1,
        words=len(words),
        characters=len(message),
        keys=keys,
        accepted=accepted,
        accepted_before_first_letter=before_letter,
        top1=top1,
        top3=top3,
        reciprocal_ranks=ranks,
    )


def _offer(
    message: str, start: int, at: int, suggestion: str, typist: Typist, spacing: Spacing
) -> tuple[int, int, int]:
    """Keys that a suggestion saves, where the text then stands, and what it costs.

    It fits if the message goes on with it from the beginning of the word, and no letter follows.
    """
    to = start + len(suggestion)
    fits = at < to <= len(message) and _same(message[start:to], suggestion, typist.case)
    if not fits or (to < len(message) and _is_of_word(message[to])):
        return 0, at, 0
    cost = typist.acceptance
    if typist.automatic_space and to < len(message):
        if message[to] == " ":
            to += 1
        elif not takes_space_away(_run(message, to), spacing):
            cost += 1  # the space is deleted
    return (to - at) - cost, to, cost


def _run(message: str, start: int) -> str:
    """The mark that stands in a place, with its repetitions."""
    end = start + 1
    while message[end : end + 1] == message[start]:
        end += 1
    return message[start:end]


def _oracle(message: str, words: dict[int, int]) -> Callable[[str, int], Sequence[str]]:
    def ask(text: str, k: int) -> Sequence[str]:
        del k
        start = max(start for start in words if start <= len(text))
        return [message[start : words[start]]]

    return ask


_CUTTER = Tokenizer(SPECIAL, TokenizerConfig())
"""Cuts any text as every model's text is cut; its vocabulary is empty."""


def _words(message: str) -> dict[int, int]:
    """Where each word begins and ends; marks and emoji are no words."""
    words = _CUTTER.split(message)
    return {word.start: word.end for word in words if _is_of_word(message[word.start])}


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character == "_"


def _same(first: str, second: str, case: Case) -> bool:
    return first == second if case == "exact" else first.casefold() == second.casefold()


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
