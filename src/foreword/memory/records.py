"""Store results on disk, a line of JSON each, appended as they come, so that none is lost."""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path

from foreword.errors import FolderError
from foreword.folder.files import atomic_write, writing
from foreword.memory.trial import Result, Trial

NAME = "results.jsonl"
"""The file in the folder of a survey."""


def append(path: Path, result: Result) -> None:
    """Append one result to the file, and flush it to the disk.

    Raises:
        FolderError: the file cannot be written.
    """
    line = json.dumps(result.as_json(), allow_nan=False) + "\n"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            # A run that was killed may have left half a line; the next result begins a new one.
            if file.seek(0, os.SEEK_END) > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())


def read(path: Path) -> dict[Trial, Result]:
    """Return all results of the file, by their trials; empty without a file.

    Half a line, left by a run that was killed, is skipped.

    Raises:
        FolderError: a whole line is not a result, so the file belongs to something else.
    """
    if not path.exists():
        return {}
    results: dict[Trial, Result] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            if line.startswith(b'{"trial"'):
                continue
            raise _foreign(path, number) from None
        try:
            result = Result.from_json(document)
        except (KeyError, TypeError, ValueError):
            raise _foreign(path, number) from None
        results[result.trial] = result
    return results


def _foreign(path: Path, number: int) -> FolderError:
    return FolderError(
        f"{path}: line {number} is not a result of this version of foreword memory. Choose another "
        "--out, or remove the file."
    )


def write_csv(path: Path, results: Sequence[Result]) -> None:
    """Return the results as a table, a line each, without their curves."""
    text = StringIO()
    rows = [_row(result) for result in results]
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write(path, text.getvalue().encode())


def _row(result: Result) -> dict[str, object]:
    whole = asdict(result)
    trial, figures = whole.pop("trial"), whole.pop("figures")
    for name in ("curve", "gradients_before", "gradients_after"):
        del whole[name]
    return {**trial, **whole, **figures}
