"""Simulate a typist, and count the keys that a predictor saves. Knows no models, files or torch.

The measure is that of Trnka & McCoy 2008 ("Evaluating word prediction: framing keystroke savings",
ACL): 1 - keys with prediction / keys without. It depends on how the typist types, so every choice
is a field of `SimulatedTypist` and is reported with the result.
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
"""The number of suggestions requested at the beginning of a word, to find the rank of the right
one; the typist sees only the first `slots` of them."""

Case = Literal["ignored", "exact"]


@runtime_checkable
class Suggests(Protocol):
    """Anything that suggests whole words for a text that may end within a word."""

    def suggest(self, text: str, k: int) -> Sequence[str]:
        """Return at most k words, the most probable first.

        If the text ends within a word, each is that whole word, including its typed letters;
        otherwise each is a next word.
        """
        ...


@runtime_checkable
class Completes(Protocol):
    """A predictor that can complete a whole message, as ghost text does."""

    def rest(self, text: str) -> str:
        """Return what may follow a text up to the end of the message."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A predictor that can learn what its user has written."""

    def learn(self, text: str) -> object:
        """Learn a message that was sent."""
        ...


@dataclass(frozen=True)
class SimulatedTypist:
    """How messages are typed. Every character is a key, also a capital; sending costs none.

    The typist makes no mistakes, sees every suggestion, and accepts one as soon as it shows the
    intended word and costs fewer keys than typing on.

    Attributes:
        slots: the number of visible suggestions.
        ghost: whether the predictor also shows a completion of the whole message, which the typist
            accepts by one key more as soon as it is right to the end.
        acceptance: the keys that accepting a suggestion costs: 1 if it is a key like any other, 0
            if only typed keys count.
        automatic_space: whether an accepted word brings the space after it. A mark that attaches to
            the word removes that space; for anything else, such as a hyphen, the typist deletes it
            with a key.
        case: whether a suggestion that differs from the intended word only in case counts.
        repeats: whether visible suggestions that were not accepted stay visible while the same word
            is typed. Otherwise the next best replace them, since this typist overlooks nothing.
    """

    slots: int = 3
    ghost: bool = False
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
        """Return all choices in a sentence, which is shown beside the figures."""
        space = (
            "a word taken brings its space, which a mark after it takes away"
            if self.automatic_space
            else "spaces are typed"
        )
        cost = "one key" if self.acceptance else "no key"
        repeats = "" if self.repeats else ", what was passed over is not shown again"
        ghost = " and ghost text taken whole" if self.ghost else ""
        shown = f"{self.slots} slots{ghost}, acceptance costs {cost}"
        return f"{shown}, {space}, case {self.case}{repeats}"


@dataclass(frozen=True)
class Tally:
    """Counts over messages."""

    messages: int = 0
    words: int = 0
    characters: int = 0
    """The number of keys without prediction."""
    keys: int = 0
    """The number of keys with prediction, acceptances included."""
    accepted: int = 0
    accepted_before_first_letter: int = 0
    ranked: int = 0
    """The number of words for which suggestions were requested before their first letter: all but
    those that came with a phrase or ghost text."""
    top1: int = 0
    top3: int = 0
    reciprocal_ranks: float = 0.0
    """The sum over words of 1/rank among the first `RANKED` suggestions before the first letter."""

    def __add__(self, other: "Tally") -> "Tally":
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return Tally(**sums)

    @property
    def savings(self) -> float:
        """The share of keys saved, 0 to 1; below 0 if prediction costs keys."""
        return 1.0 - self.keys / max(1, self.characters)


@dataclass(frozen=True)
class KeystrokeReport:
    """The keys that a predictor saves a typist.

    Attributes:
        typist: how the messages were typed.
        tally: the counts.
        ceiling: what the same typist saves by an oracle that always shows the intended word first,
            which no predictor of words exceeds.
        learned: whether the predictor learned each message after it was sent.
        seconds: the duration of every call of `suggest`, in order.
        by_message: the counts of each message, in order.
    """

    typist: SimulatedTypist
    tally: Tally
    ceiling: float
    learned: bool
    seconds: tuple[float, ...] = field(repr=False)
    by_message: tuple[Tally, ...] = field(repr=False)

    def record(self) -> dict[str, str | int | float | bool]:
        """Return plain figures: shares from 0 to 1, and microseconds."""
        tally, words, ranked = self.tally, max(1, self.tally.words), max(1, self.tally.ranked)
        return {
            "slots": self.typist.slots,
            "ghost": self.typist.ghost,
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
            "top1": tally.top1 / ranked,
            "top3": tally.top3 / ranked,
            "mean_reciprocal_rank": tally.reciprocal_ranks / ranked,
            "words_accepted": tally.accepted / words,
            "words_before_first_letter": tally.accepted_before_first_letter / words,
            "median_microseconds": 1e6 * statistics.median(self.seconds or (0.0,)),
            "p99_microseconds": 1e6 * _quantile(self.seconds, 0.99),
        }


def simulate(
    predictor: Suggests,
    messages: Iterable[str],
    typist: SimulatedTypist = SimulatedTypist(),
    *,
    spacing: Spacing = USUAL,
    learn: bool = False,
    progress: Callable[[int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> KeystrokeReport:
    """Type messages with a predictor's help.

    Each message is typed on its own: the predictor sees what has been typed of it, and nothing of
    earlier messages, unless it learns them.

    Args:
        predictor: the source of suggestions.
        messages: one a line, put into Unicode's composed form, with plain marks and single spaces.
            Messages without a word are skipped.
        typist: how they are typed.
        spacing: which marks remove the space after a word, as in the predictor's model.
        learn: whether the predictor learns each message after it is typed.
        progress: called with the number of messages done.
        clock: returns the time in seconds.

    Raises:
        SettingsError: the predictor is to learn or to complete messages, and cannot.
        TextError: there is no word to type.
    """
    if learn and not isinstance(predictor, Learns):
        raise SettingsError(f"{type(predictor).__name__} cannot learn: it has no learn(text)")
    if typist.ghost and not isinstance(predictor, Completes):
        raise SettingsError(f"{type(predictor).__name__} shows no ghost text: it has no rest(text)")
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
        words = words_of(message)
        if not words:
            continue
        rest = predictor.rest if typist.ghost and isinstance(predictor, Completes) else None
        tallies.append(_type(message, words, ask, typist, spacing, rest))
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
    """Return a line as the simulation types it.

    >>> readable_message("  Don’t   stop ")
    "Don't stop"
    """
    return " ".join(unicodedata.normalize("NFC", folded(raw)).split())


def _type(
    message: str,
    words: dict[int, int],
    ask: Callable[[str, int], Sequence[str]],
    typist: SimulatedTypist,
    spacing: Spacing,
    rest: Callable[[str], str] | None = None,
) -> Tally:
    """Type one message from left to right, asking before every letter of a word.

    `words` holds the range of each word; `rest` completes the message.
    """
    at = keys = accepted = before_letter = ranked = top1 = top3 = 0
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
            first_words = dict.fromkeys(s.partition(" ")[0] for s in suggestions)
            same = (r for r, s in enumerate(first_words, 1) if _same(s, word, typist.case))
            rank = next(same, None)
            ranked += 1
            top1 += rank == 1
            top3 += rank is not None and rank <= 3
            ranks += 1.0 / rank if rank is not None else 0.0
        in_sight = suggestions[: typist.slots]
        if not typist.repeats:
            passed.update(in_sight)
        offers = [_offer(message, start, at, s, typist, spacing) for s in in_sight]
        if rest is not None and _same(rest(message[:at]), message[at:], typist.case):
            cost = typist.acceptance
            offers.append((len(message) - at - cost, len(message), cost))
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
        ranked=ranked,
        top1=top1,
        top3=top3,
        reciprocal_ranks=ranks,
    )


def _offer(
    message: str, start: int, at: int, suggestion: str, typist: SimulatedTypist, spacing: Spacing
) -> tuple[int, int, int]:
    """Return the keys that a suggestion saves, the position after it, and its cost.

    It fits if the message continues with it from the beginning of the word, and no letter follows.
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
    """Return the mark at a position, with its repetitions."""
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
"""Cuts any text like a model's text; its vocabulary is empty."""


def words_of(message: str) -> dict[int, int]:
    """Return the range of each word; marks and emoji are not words."""
    words = _CUTTER.split(message)
    return {word.start: word.end for word in words if _is_of_word(message[word.start])}


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character == "_"


def _same(first: str, second: str, case: Case) -> bool:
    return first == second if case == "exact" else first.casefold() == second.casefold()


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
