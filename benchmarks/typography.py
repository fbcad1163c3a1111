"""How well the word after a typographic mark is predicted, compared with a plain mark.

    python benchmarks/typography.py everyday-en [TEXT ...]

Without texts, the carried chats' part for testing is read. Two copies of each line are made: one
with plain marks only (... " -- - and '), and one as a careful typesetter writes it (… “ ” — ‑ and
’). The script counts how often the word after a mark, in any case, is among the three suggestions
for the text before it.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import foreword
from foreword.text.corpus import chat_source, find_sources

_PLAIN = str.maketrans({"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "—": "--", "…": "..."})
_MARKS = {"...": "…", "--": "—", "-": "‑", '"': "“”"}
_WORD = re.compile(r"\s*([^\W\d_]+(?:['’][^\W\d_]+)*)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", help="a folder, or an installed model's name")
    parser.add_argument("texts", nargs="*", type=Path, metavar="TEXT")
    arguments = parser.parse_args()
    typist = foreword.load(arguments.model).typist()
    counts: dict[str, int] = {}
    hits: dict[tuple[str, str], int] = {}
    for line in _lines(arguments.texts):
        for copy, text in (("plain", line), ("typographic", typographic(line))):
            for mark, before, word in _after_marks(text):
                suggestions = typist.suggest(before, 3, complete=False)
                hit = any(one.word.casefold() == word for one in suggestions)
                hits[mark, copy] = hits.get((mark, copy), 0) + hit
                if copy == "plain":
                    counts[mark] = counts.get(mark, 0) + 1
    sys.stdout.write("| after | words | plain: among three | typographic: among three |\n")
    sys.stdout.write("|---|---|---|---|\n")
    for mark, count in sorted(counts.items(), key=lambda item: -item[1]):
        shares = [f"{hits.get((mark, copy), 0) / count:.1%}" for copy in ("plain", "typographic")]
        sys.stdout.write(f"| {mark} | {count:,} | {shares[0]} | {shares[1]} |\n")


def typographic(line: str) -> str:
    """A line of plain marks with a typesetter's marks.

    >>> typographic("it's \\"so\\"... or -- self-made")
    'it’s “so”… or — self‑made'
    """
    parts = line.split('"')
    quoted = "".join(f"{'“' if n % 2 else '”'}{part}" for n, part in enumerate(parts))[1:]
    for plain, mark in (("...", "…"), ("--", "—"), ("-", "‑"), ("'", "’")):
        quoted = quoted.replace(plain, mark)
    return quoted


def _lines(texts: list[Path]) -> Iterator[str]:
    for source in find_sources(texts) if texts else [chat_source("test")]:
        for piece in source.read():
            yield piece.text.translate(_PLAIN)


def _after_marks(text: str) -> Iterator[tuple[str, str, str]]:
    """Each mark that a word follows, as the plain one; the text before the word; and the word."""
    plain = {typeset: mark for mark, both in _MARKS.items() for typeset in both}
    for match in re.finditer(r"\.\.\.|--|[-\"…—‑“”]", text):
        word = _WORD.match(text, match.end())
        if word is not None:
            mark = plain.get(match[0], match[0])
            yield mark, text[: word.start(1)], word[1].casefold().replace("’", "'")


if __name__ == "__main__":
    main()
