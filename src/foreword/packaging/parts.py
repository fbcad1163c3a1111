"""Part a text into what is trained on, validated on and measured on. Knows no models.

Passages from everywhere in the text are held out, so that a folder of different texts is measured
on all of them. The parts are written as plain text, a unit a line: from then on nothing needs the
user's own files, whose names appear nowhere.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from foreword.errors import TextError
from foreword.text.corpus import Source
from foreword.text.holdout import FEWEST_CHARACTERS, MOST_CHARACTERS
from foreword.text.newlines import Lines, whole_units
from foreword.text.segments import unspaced_letters
from foreword.text.width import lines_of

PASSAGE = 2_000
"""The number of characters from which a passage ends with its line."""
EVERY, LEAST_EVERY = 20, 4
"""Of 20 passages one is for validation and one for measuring: more of a short text, and fewer of a
long one."""
FEWEST_WORDS = 10_000
"""The words below which a text is too small for a package."""
REPEATED = 20
"""The number of characters from which a line that was held out may not stand elsewhere in the text.
Shorter ones, such as greetings, are repeated in all writing."""
LETTERS_A_WORD = 2
"""Of scripts without spaces between words."""

Tell = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Parts:
    """The files of a text that was parted, a line for each unit.

    Attributes:
        train: the text to train on.
        valid: the text that chooses the best weights.
        test: the text that the finished model is measured on.
        lines: what a line of them is.
    """

    train: Path
    valid: Path
    test: Path
    lines: Lines

    @classmethod
    def within(cls, folder: Path, name: str, lines: Lines) -> "Parts":
        """Return the parts in a folder, named after the model."""
        train, valid, test = (folder / f"{name}-{part}.txt" for part in ("train", "valid", "test"))
        return cls(train, valid, test, lines)


def part(
    sources: Sequence[Source],
    folder: Path,
    name: str,
    tell: Tell = lambda *_: None,
    fewest_words: int = FEWEST_WORDS,
) -> Parts:
    """Write the parts of a text to files in a folder.

    A line that was held out and stands in the rest too is left out, since it measures memory.

    Args:
        sources: the text.
        folder: the folder, which exists.
        name: the name of the model.
        tell: called with (activity, bytes done, bytes in all).
        fewest_words: the words that the text must have.

    Raises:
        TextError: the text is too small, or repeats itself; says how much it has and needs.
    """
    words = characters = 0
    for unit in _units(sources, "counting the words", tell):
        words += words_in(unit)
        characters += len(unit)
    if words < fewest_words:
        raise TextError(
            f"the text has {words:,} words, and a package needs {fewest_words:,} at least: with "
            "fewer, its suggestions are not worth installing. Give more text; or train a model "
            "for yourself alone, by foreword train"
        )
    lines: Lines = "sentence" if lines_of(sources) == "sentence" else "paragraph"
    parts = Parts.within(folder, name, lines)
    every = min(EVERY, max(LEAST_EVERY, characters // (2 * FEWEST_CHARACTERS)))
    every = max(every, characters // MOST_CHARACTERS)
    passage = min(PASSAGE, characters // (2 * every))
    held_out: dict[Path, list[str]] = {parts.valid: [], parts.test: []}
    with _opened(parts.train) as train:
        number = length = 0
        for unit in _units(sources, "parting the text", tell):
            if number % every == every // 2:
                held_out[parts.valid].append(unit)
            elif number % every == every - 1:
                held_out[parts.test].append(unit)
            else:
                train.write(f"{unit}\n")
            length += len(unit)
            if length >= passage:
                number, length = number + 1, 0
    known = _known_of(parts.train, {_key(u) for units in held_out.values() for u in units})
    for path, units in held_out.items():
        new = [unit for unit in units if len(unit) < REPEATED or _key(unit) not in known]
        known |= {_key(unit) for unit in new}
        _write_held_out(path, new, sum(map(len, units)))
    return parts


def words_in(text: str) -> int:
    """Return about how many words a text has, in any script.

    >>> words_in("Don't stop – 12 times!"), words_in("今天天气很好")
    (4, 3)
    """
    spaced = sum(any(map(str.isalnum, run)) for run in text.split())
    unspaced = unspaced_letters(text)
    return spaced if not unspaced else max(spaced, unspaced // LETTERS_A_WORD)


def _units(sources: Sequence[Source], activity: str, tell: Tell) -> Iterator[str]:
    """Yield the units of a text that are not blank."""
    total = sum(source.size or 0 for source in sources) or None
    done = 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        tell(activity, done, total)

    for source in sources:
        for unit in whole_units(source.read(on_bytes)):
            if stripped := unit.strip():
                yield stripped


def _known_of(train: Path, keys: set[str]) -> set[str]:
    """Return those keys whose lines the training text has."""
    with train.open(encoding="utf-8") as file:
        return {key for line in file if (key := _key(line)) in keys}


def _key(line: str) -> str:
    return " ".join(line.casefold().split())


def _write_held_out(path: Path, units: Sequence[str], before: int) -> None:
    length = sum(map(len, units))
    if length < FEWEST_CHARACTERS:
        raise TextError(
            f"too little text can be held out to measure the model: {length:,} of {before:,} "
            f"characters are left without lines that also occur in the rest, and at least "
            f"{FEWEST_CHARACTERS:,} are needed. Give more text, or text that repeats itself less"
        )
    with _opened(path) as file:
        file.writelines(f"{unit}\n" for unit in units)


def _opened(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", errors="replace", newline="\n")
