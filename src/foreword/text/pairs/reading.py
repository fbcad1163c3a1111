"""Read pairs of sentences from files, whatever their form, and choose their two languages."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import numpy as np

from foreword.errors import ForewordError, SettingsError, TextError, did_you_mean
from foreword.text.corpus import Paths, files_of, paths_of
from foreword.text.decoding import UNICODE, check_encoding
from foreword.text.finding import LeftOut
from foreword.text.forms.archives import ZIP_MAGIC
from foreword.text.forms.form import Account, Opened, Passage
from foreword.text.input_files import File
from foreword.text.pairs.carried import CARRIED, carried_units
from foreword.text.pairs.gettext import PO
from foreword.text.pairs.languages import code, language
from foreword.text.pairs.line_by_line import read_lines
from foreword.text.pairs.pairs import UNKNOWN, PairForm, Pairs, Unit
from foreword.text.pairs.table import TABLE
from foreword.text.pairs.tmx import TMX
from foreword.text.pairs.xliff import XLIFF
from foreword.text.reading import head_of
from foreword.text.spool import Spool

FORMS = (TMX, XLIFF, PO, TABLE)
"""The formats of files that each hold pairs, in the order in which they are tried."""
LINES = "lines"
"""The name of the form of two files, line by line."""
FORM_NAMES = (LINES, *(form.name for form in FORMS))


def read_pairs(
    paths: Paths,
    *,
    languages: tuple[str, str] | None = None,
    form: str | None = None,
    encoding: str = UNICODE,
    columns: str | None = None,
) -> Pairs:
    """Read sentences and their translations.

    Files are two of plain text, of which each line translates the same line of the other, or any
    number that each hold pairs: TMX, XLIFF, PO, and tables. In folders, the latter are read.

    Args:
        paths: files, folders, globs, `-` for standard input, or the name of a part of the carried
            pairs (`foreword.text.pairs.carried`).
        languages: the codes of the language to translate from and of that to translate into; None
            for those in the files, if there are two, in the order of the files.
        form: the form of all files, one of `FORM_NAMES`; None to recognise it by the content.
        encoding: the encoding of texts that are not Unicode; XML declares its own.
        columns: two columns of a table, by name or number, such as "2,4"; None to detect them.

    Raises:
        TextError: a file cannot be read, or holds no pairs; names file and line.
        SettingsError: the files hold more than two languages, or not those that were named.
        MissingExtraError: the library for a form is not installed.
    """
    check_encoding(encoding)
    if form is not None and form not in FORM_NAMES:
        raise SettingsError(
            f"there is no form {form!r} of pairs; the forms are {', '.join(FORM_NAMES)}."
            + did_you_mean(form, FORM_NAMES)
        )
    if languages is not None and code(languages[0]) == code(languages[1]):
        raise SettingsError(
            f"pairs are of two languages, and not of {languages[0]} and {languages[1]}"
        )
    reader = _Reader(form, encoding, columns)
    given = paths_of(paths)
    spool = Spool()
    for path in map(str, given):
        if path in CARRIED:
            reader.add(path, "carried sentences", carried_units(path))
            continue
        if path.startswith("carried:") and not Path(path).exists():
            raise TextError(
                f"there are no pairs {path}; the carried pairs are {', '.join(CARRIED)}"
            )
        for file in files_of(path, spool, reader.left_out):
            reader.read(file)
    reader.end()
    if not reader.units:
        omissions = reader.left_out.summary()
        raise TextError(
            f"{', '.join(map(str, given))}: no pairs of sentences are here"
            + (f". Not read: {omissions}" if omissions else "")
        )
    return _paired(reader, languages)


class _Reader:
    """Reads files one after the other into units."""

    def __init__(self, form: str | None, encoding: str, columns: str | None) -> None:
        self._form, self._encoding, self._columns = form, encoding, columns
        self._first: File | None = None  # the first of two files of lines
        self.left_out = LeftOut()
        self.units: list[tuple[int, Unit]] = []
        self.files: list[str] = []
        self.labels: Counter[str] = Counter()
        self.account = Account()

    def read(self, file: File) -> None:
        """Read a file, or keep it until its partner comes."""
        try:
            form = self._form_of(file)
            if form is not None:
                self.add(file.name, form.label, form.read(self._opened(file)))
            elif not file.is_named:
                self.left_out.add("of no form of pairs", file.name)
            elif self._first is None:
                self._first = file
            else:
                first, self._first = self._first, None
                lines = read_lines(self._opened(first), self._opened(file))
                self.add(f"{first.name} and {file.name}", "lines", lines)
        except (ForewordError, OSError) as error:
            if file.is_named or isinstance(error, SettingsError):
                raise
            self.left_out.add("that cannot be read", f"{file.name}: {error}")

    def end(self) -> None:
        """Check that no file waits for its partner.

        Raises:
            TextError: one does.
        """
        if self._first is not None:
            raise TextError(
                f"{self._first.name}: holds no translations that can be recognised (as TMX, XLIFF, "
                "PO or a table have them), and has no partner. Plain text is given in two files, "
                "of which each line translates the same line of the other"
            )

    def _form_of(self, file: File) -> PairForm | None:
        head = head_of(file, self._encoding)
        if head.data.startswith(ZIP_MAGIC):
            raise TextError(f"{file.name}: is packed. Unpack it, and name the files in it")
        if self._form is not None:
            return next((form for form in FORMS if form.name == self._form), None)
        form = next((form for form in FORMS if form.recognises(head)), None)
        if form is None and head.text.lstrip().startswith("<?xml"):
            raise TextError(
                f"{file.name}: is XML, but neither a translation memory (TMX) nor XLIFF. Export it "
                "as one of these, or as a table"
            )
        return form

    def _opened(self, file: File) -> Opened:
        return Opened(file.name, file.unpacked, self._encoding, self._columns, self.account)

    def add(self, name: str, label: str, units: Iterator[Unit]) -> None:
        """Take the units of a file."""
        number = len(self.files)
        self.files.append(name)
        self.labels[label] += 1
        self.units += ((number, unit) for unit in units)


def _paired(reader: _Reader, languages: tuple[str, str] | None) -> Pairs:
    """Return the texts of two languages of all units."""
    kinds = Counter(unit.languages for _, unit in reader.units)
    chosen = languages or _languages_held(kinds)
    sides = {tags: _sides(tags, chosen) for tags in kinds}
    if not any(sides.values()):
        raise SettingsError(
            f"no pairs are of {chosen[0]} and {chosen[1]}: the files hold {_held(kinds)}"
        )
    sources, targets, files, lines = [], [], [], []
    for file, unit in reader.units:
        both = sides[unit.languages]
        if both is not None:
            sources.append(Passage(unit.texts[both[0]]).line)
            targets.append(Passage(unit.texts[both[1]]).line)
            files.append(file)
            lines.append(unit.line)
        else:
            reader.account.left_out["of other languages"] += 1
    return Pairs(
        sources=sources,
        targets=targets,
        languages=(code(chosen[0]), code(chosen[1])),
        note=_note(reader, len(sources), chosen),
        files=tuple(reader.files),
        file_numbers=np.array(files, np.int32),
        lines=np.array(lines, np.int64),
    )


def _languages_held(kinds: Counter[tuple[str, ...]]) -> tuple[str, str]:
    """Return the two languages of the units, in the order that most of them have.

    Raises:
        SettingsError: there are more.
    """
    usual = max(kinds, key=lambda tags: (UNKNOWN not in tags, kinds[tags]))
    source = usual[0]
    others = [tag for tag in usual[1:] if tag == UNKNOWN or language(tag) != language(source)]
    target = (others or usual[1:])[0]
    chosen = {language(source), language(target)}
    if any(tag != UNKNOWN and language(tag) not in chosen for tags in kinds for tag in tags):
        raise SettingsError(
            f"the files hold more than two languages: {_held(kinds)}. Name the language to "
            "translate from and that to translate into, as in --languages de,en"
        )
    return source, target


def _sides(tags: Sequence[str], languages: tuple[str, str]) -> tuple[int, int] | None:
    """Return which of a unit's texts are of the two languages; None if not both are there.

    A text of exactly this language and country is preferred to one of only the language, and this
    to one whose language the file does not name.
    """
    source, target = languages
    likeness = {
        (left, right): (_likeness(tags[left], source), _likeness(tags[right], target))
        for left, right in permutations(range(len(tags)), 2)
    }
    ways = [way for way, both in likeness.items() if min(both) > 0]
    return max(ways, key=lambda way: sum(likeness[way]), default=None)


def _likeness(tag: str, wanted: str) -> int:
    if UNKNOWN in (tag, wanted):
        return 3 if tag == wanted else 1
    if code(tag) == code(wanted):
        return 3
    return 2 if language(tag) == language(wanted) else 0


def _held(kinds: Counter[tuple[str, ...]]) -> str:
    counts: Counter[str] = Counter()
    for tags, count in kinds.items():
        for tag in tags:
            counts[code(tag) if tag else "an unnamed language"] += count
    return ", ".join(f"{tag} ({count:,})" for tag, count in counts.most_common(20))


def _note(reader: _Reader, count: int, languages: tuple[str, str]) -> str:
    names = [code(tag) if tag else "an unnamed language" for tag in languages]
    of = f"of {names[0]} and {names[1]}" if any(languages) else "of sentences"
    forms = ", ".join(
        label if number == 1 else f"{number} {label} files"
        for label, number in reader.labels.most_common()
    )
    left = reader.account.left_out.most_common()
    omissions = ", ".join(f"{number:,} {reason}" for reason, number in left)
    unread = reader.left_out.summary()
    return (
        f"{forms}: {count:,} pairs {of}"
        + (f"; left out: {omissions}" if omissions else "")
        + (f"; not read: {unread}" if unread else "")
    )
