"""Measure the probabilities of letters: bits per character, and the steps of a scanning keyboard.

Bits per character are a lower bound of the yes-or-no answers that a character takes (Shannon 1948).
Scan steps per character are those of MacKenzie & Felzer 2010 ("SAK: scanning ambiguous keyboard for
efficient one-key text entry", TOCHI). A keyboard that rearranges its letters after each one is
among those that Roark et al. 2010 compare ("Scanning methods and language modeling for binary
switch typing", SLPAT). Knows no models, files or torch.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from foreword.errors import TextError
from foreword.evaluation.keystrokes import readable_message, words_of

ANY = 1e-6
"""The share of probability that is given to all characters of Unicode in equal parts, so that a
character to which the model gives none costs 40 bits, and not infinitely many."""
CHARACTERS = 0x110000
"""The number of Unicode's code points."""


class Spells(Protocol):
    """Anything that gives probabilities to the next character of a text."""

    def letters(self, text: str) -> Mapping[str, float]:
        r"""Return P(next character) by character; `"\n"` is the end of the line."""
        ...


@dataclass(frozen=True)
class LetterReport:
    """The measures of the probabilities of letters.

    Attributes:
        messages: the number of messages.
        characters: the number of characters; the end of each message counts as one.
        bits: the sum of -log2 P(character | text before it).
        impossible: the number of characters to which the predictor gave no probability.
        scanned: the number of characters that are chosen by scanning: all but the ends.
        side: the number of rows, and of columns, of the scanning keyboard.
        steps: the scan steps if the most probable characters always have the quickest cells.
        fixed_steps: the scan steps if the most frequent characters of all messages have them.
    """

    messages: int
    characters: int
    bits: float
    impossible: int
    scanned: int
    side: int
    steps: int
    fixed_steps: int

    def record(self) -> dict[str, int | float]:
        """Return plain figures."""
        return {
            "messages": self.messages,
            "characters": self.characters,
            "bits_per_character": self.bits / self.characters,
            "impossible_characters": self.impossible,
            "rows": self.side,
            "columns": self.side,
            "scan_steps_per_character": self.steps / self.scanned,
            "fixed_layout_scan_steps_per_character": self.fixed_steps / self.scanned,
        }


def measure_letters(predictor: Spells, messages: Iterable[str]) -> LetterReport:
    """Spell messages, and count bits and scan steps.

    The scanning keyboard is a square of just enough cells for the characters of all messages. Its
    rows are highlighted one after the other until one is chosen, then the cells of this row: the
    cell in row r and column c takes r + c steps. Capitals are typed as small letters. Sending a
    message costs no step.

    Args:
        predictor: the source of probabilities.
        messages: as for `simulate`; each is a text of its own.

    Raises:
        TextError: no message has a word.
    """
    readable = [message for raw in messages if words_of(message := readable_message(raw))]
    if not readable:
        raise TextError("there is nothing to spell: no message has a word")
    counts = Counter(letter.lower() for message in readable for letter in message)
    fixed = sorted(counts, key=lambda letter: (-counts[letter], letter))
    cells = scan_steps(len(fixed))
    bits, impossible, steps = 0.0, 0, 0
    for message in readable:
        for at, letter in enumerate(message + "\n"):
            shares = predictor.letters(message[:at])
            share = shares.get(letter, 0.0)
            bits -= math.log2((1 - ANY) * share + ANY / CHARACTERS)
            impossible += share == 0.0
            if at < len(message):
                steps += cells[_rank(letter.lower(), shares, fixed)]
    scanned = counts.total()
    return LetterReport(
        messages=len(readable),
        characters=scanned + len(readable),
        bits=bits,
        impossible=impossible,
        scanned=scanned,
        side=_side(len(fixed)),
        steps=steps,
        fixed_steps=sum(counts[letter] * cells[rank] for rank, letter in enumerate(fixed)),
    )


def scan_steps(count: int) -> list[int]:
    """Return the steps to each of `count` cells of a square keyboard, the quickest first.

    >>> scan_steps(5)
    [2, 3, 3, 4, 4]
    """
    places = range(1, _side(count) + 1)
    return sorted(row + column for row in places for column in places)[:count]


def _side(count: int) -> int:
    """Return the side of the smallest square with `count` cells."""
    return math.isqrt(count - 1) + 1


def _rank(wanted: str, shares: Mapping[str, float], fixed: Sequence[str]) -> int:
    """Return how many characters are more probable; equal ones stay in the fixed order."""
    small: defaultdict[str, float] = defaultdict(float)
    for letter, share in shares.items():
        small[letter.lower()] += share
    return sorted(fixed, key=lambda letter: -small[letter]).index(wanted)
