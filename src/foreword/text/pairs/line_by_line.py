"""Read two files of which each line translates the same line of the other."""

from collections.abc import Iterator
from itertools import zip_longest

from foreword.errors import TextError
from foreword.text.forms.form import LONGEST_LINE, Opened
from foreword.text.pairs.languages import languages_of_names
from foreword.text.pairs.pairs import Unit

_SHOWN = 60


def read_lines(source: Opened, target: Opened) -> Iterator[Unit]:
    """Yield the lines of two files, pair by pair.

    Lines end at line feeds alone: the other line ends of Unicode occur within the sentences of
    parallel texts, and would shift one side against the other.

    Raises:
        TextError: one file has more lines than the other; names the first without a partner.
    """
    languages = languages_of_names(source.name, target.name)
    lines = zip_longest(_lines(source), _lines(target))
    count = 0
    for count, (left, right) in enumerate(lines, 1):
        if left is None or right is None:
            longer, shorter = (source, target) if right is None else (target, source)
            rest = [(count, left if right is None else right)]
            rest += [
                (number, line)
                for number, pair in enumerate(lines, count + 1)
                for line in pair
                if line is not None
            ]
            alone = next((item for item in rest if item[1] and item[1].strip()), None)
            if alone is None:
                return  # blank lines at the end of one file
            number, line = alone
            assert line is not None
            shown = line.strip()
            shown = shown[:_SHOWN] + "…" if len(shown) > _SHOWN else shown
            raise TextError(
                f"{longer.name}, line {number}: has no partner (“{shown}”): {longer.name} has "
                f"{rest[-1][0]:,} lines, but {shorter.name} has {count - 1:,}. Each line must "
                "translate the same line of the other file; find where a line is missing or too "
                "many"
            )
        yield Unit(count, languages, (left, right))


def _lines(text: Opened) -> Iterator[str]:
    held = ""
    for block in text.characters():
        *lines, held = (held + block).split("\n")
        yield from lines
        if len(held) > LONGEST_LINE:
            raise TextError(f"{text.name}: has a line of over {LONGEST_LINE:,} characters")
    if held:
        yield held
