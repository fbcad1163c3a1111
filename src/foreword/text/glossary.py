"""Read a glossary: a file of terms, each with the term that translates it."""

from os import PathLike
from pathlib import Path

from foreword.errors import TextError
from foreword.text.decoding import UNICODE, characters
from foreword.text.forms.form import lines_of


def read_glossary(path: str | PathLike[str], encoding: str = UNICODE) -> dict[str, str]:
    """Return the terms of the target language by those of the source language.

    Each line has a term, a tab, and its translation; what follows a second tab is a remark. Blank
    lines and lines that begin with # are left out.

    Raises:
        TextError: the file cannot be read, a line has no translation, or two lines give the same
            term different ones; names the lines.
    """
    terms: dict[str, str] = {}
    lines: dict[str, int] = {}
    try:
        with Path(path).expanduser().open("rb") as stream:
            for number, line in enumerate(
                lines_of(characters(str(path), encoding, stream), str(path)), 1
            ):
                if not line.strip() or line.startswith("#"):
                    continue
                source, target, *_ = [cell.strip() for cell in f"{line}\t".split("\t")]
                if not source or not target:
                    raise TextError(
                        f"{path}, line {number}: a term, a tab and its translation are expected, "
                        f"but the line is “{line.strip()[:80]}”"
                    )
                if terms.setdefault(source, target) != target:
                    raise TextError(
                        f"{path}, lines {lines[source]} and {number}: “{source}” is to become both "
                        f"“{terms[source]}” and “{target}”. Leave out one of the lines"
                    )
                lines.setdefault(source, number)
    except OSError as error:
        raise TextError(f"{path}: cannot be read: {error.strerror}") from error
    if not terms:
        raise TextError(f"{path}: holds no terms")
    return terms
