"""Read translations of programs: PO files of gettext."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from foreword.errors import MissingExtraError, TextError
from foreword.text.decoding import UNICODE, check_encoding
from foreword.text.forms.form import Head, Opened
from foreword.text.pairs.pairs import UNKNOWN, PairForm, Unit

_SOURCE = re.compile(r'^msgid\s+"', re.MULTILINE)
_TARGET = re.compile(r'^msgstr(\[0\])?\s+"', re.MULTILINE)
_CHARSET = re.compile(rb"charset=([\w.:-]+)")
_UNENDED = re.compile(r'\s*(?:msg\w+(?:\[\d+\])?\s*)?"(?:[^"\\]|\\.)*$')


def read_po(text: Opened) -> Iterator[Unit]:
    """Yield the messages that are translated, and not marked as fuzzy or obsolete.

    Of a message with a plural, the singular is paired with the first form of the translation, and
    the plural with the last one.

    Raises:
        TextError: the file is damaged; names the line.
        MissingExtraError: the library is not installed.
    """
    try:
        import polib
    except ImportError as error:
        raise MissingExtraError("Reading PO files", "translate") from error
    content = "".join(_with_declared_encoding(text).characters())
    for number, line in enumerate(content.split("\n"), 1):
        if _UNENDED.match(line):  # the library would drop the last character
            raise _damaged(text, number, "the closing quotation mark is missing")
    try:
        # With a line end, the content cannot be taken for the name of a file.
        file = polib.pofile(content + "\n")
    except (OSError, ValueError, IndexError, UnicodeError) as error:
        match = re.search(r"\(line (\d+)\)(?:: (.*))?", str(error))
        why = (match[2] or "it is no PO syntax") if match else str(error)
        raise _damaged(text, int(match[1]) if match else 1, why) from error
    languages = (
        file.metadata.get("X-Source-Language") or UNKNOWN,
        file.metadata.get("Language") or UNKNOWN,
    )
    for entry in file:
        if entry.obsolete:
            text.account.left_out["obsolete"] += 1
        elif entry.fuzzy:
            text.account.left_out["fuzzy"] += 1
        elif entry.msgid_plural:
            forms = [entry.msgstr_plural[number] for number in sorted(entry.msgstr_plural)]
            if not all(forms) or not forms:
                text.account.left_out["untranslated"] += 1
                continue
            if len(forms) > 1:
                yield Unit(entry.linenum, languages, (entry.msgid, forms[0]))
            yield Unit(entry.linenum, languages, (entry.msgid_plural, forms[-1]))
        elif not entry.msgstr:
            text.account.left_out["untranslated"] += 1
        else:
            yield Unit(entry.linenum, languages, (entry.msgid, entry.msgstr))


def _damaged(text: Opened, line: int, why: str) -> TextError:
    return TextError(
        f"{text.name}, line {line}: is not as PO files are: {why}. msgfmt --check tells more"
    )


def _with_declared_encoding(text: Opened) -> Opened:
    """Return the text with the encoding that its header declares, unless a person named one."""
    if text.encoding != UNICODE:
        return text
    with closing(text.open()) as stream:
        declared = _CHARSET.search(stream.read(1 << 14))
    if declared is None or declared[1] == b"CHARSET":  # a template's header
        return text
    encoding = declared[1].decode("ascii", "replace")
    check_encoding(encoding)
    return replace(text, encoding=encoding)


def _recognises(head: Head) -> bool:
    source = _SOURCE.search(head.text)
    return source is not None and _TARGET.search(head.text, source.end()) is not None


PO = PairForm("po", "PO file", _recognises, read_po)
