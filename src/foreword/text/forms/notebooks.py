"""Read notes in JSON: the prose of Jupyter's notebooks, and the notes of Google Keep."""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from foreword.text.forms.form import LONGEST_LINE, Form, Head, Opened, Passage
from foreword.text.forms.json_stream import NotJsonError, items
from foreword.text.forms.markdown import MARKDOWN


def _read_notebook(text: Opened) -> Iterator[Passage]:
    try:
        for item in items(text.characters()):
            if item.path != ("cells",) or not isinstance(item.value, dict):
                continue
            if item.value.get("cell_type") != "markdown":
                text.account.left_out["cells of code"] += 1
                continue
            source = item.value.get("source")
            written = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
            cell = partial(io.BytesIO, written.encode("utf-8", "replace"))
            yield from MARKDOWN.read(replace(text, open=cell, encoding="utf-8"))
    except NotJsonError as error:
        raise text.damaged(error, NOTEBOOK.label) from error


def _read_keep(text: Opened) -> Iterator[Passage]:
    with closing(text.open()) as stream:
        data = stream.read(LONGEST_LINE + 1)
    try:
        note: Any = json.loads(data[:LONGEST_LINE].decode(text.encoding))
    except (ValueError, RecursionError) as error:
        raise text.damaged(error, KEEP.label) from error
    if not isinstance(note, dict):
        raise text.damaged("it is not a JSON object", KEEP.label)
    if note.get("isTrashed"):
        text.account.left_out["notes in the trash"] += 1
        return
    rows = note.get("listContent") or ()
    lines = [str(note.get("textContent") or "")]
    lines += [str(row.get("text") or "") for row in rows if isinstance(row, dict)]
    for line in "\n".join(lines).splitlines():
        if line.strip():
            yield Passage(line)


def _recognises_notebook(head: Head) -> bool:
    named = head.named(".ipynb")
    return '"cell_type"' in head.text and (named or '"cells"' in head.text)


def _recognises_keep(head: Head) -> bool:
    text = head.text.lstrip("\ufeff \t\r\n")
    return (
        text.startswith("{")
        and '"isTrashed"' in text
        and ('"textContent"' in text or '"listContent"' in text)
    )


NOTEBOOK = Form(
    "notebook", "Jupyter notebook", "paragraphs", "code, output and markup",
    _recognises_notebook, _read_notebook, (".ipynb",),
)  # fmt: skip
KEEP = Form("keep", "Google Keep note", "lines", "titles and times", _recognises_keep, _read_keep)
