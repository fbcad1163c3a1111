"""What the folder of a search holds, and which folder may become one. No torch."""

import contextlib
import json
from pathlib import Path

from foreword.folder.adopting import current, is_hidden
from foreword.folder.claim import Refusal

SEARCH, JOURNAL, TRIALS, BEST = "search.json", "journal.log", "trials.json", "best.toml"
"""The searched settings and the text, Optuna's record, the finished trials, and the recipe of the
best."""
SCRATCH = ".trial-"
"""The beginning of the name of the folder in which a trial trains."""


def refusal_for(*, resume: bool, overwrite: bool) -> Refusal:
    """Refuse folders that hold something else, and a search that is neither resumed nor replaced.

    A folder holds a search if it has a search's `search.json`. A search that was stopped before it
    had read its text leaves nothing.
    """

    def refusal(folder: Path) -> str | None:
        names = {entry.name for entry in folder.iterdir() if not is_hidden(entry.name)}
        search = current(folder, SEARCH)
        if not names and not search.exists():
            return None
        if not _is_search(search):
            if resume and SEARCH in names:
                return None  # what is wrong with it is said by whoever reads it
            return "exists and holds no search. Choose another, so that nothing in it is lost"
        if resume or overwrite:
            return None
        return (
            "holds a search already. Use --resume to continue it, --overwrite to replace it, or "
            "another folder."
        )

    return refusal


def mend_journal(folder: Path) -> None:
    """Make Optuna's record readable and writable after a kill or on a full disk.

    An incomplete last line is cut off, as whatever came after it would be lost too. The lock of a
    killed process is removed, since it would be waited for; the folder has a lock of its own.
    """
    for lock in folder.glob(f"{JOURNAL}.lock*"):
        lock.unlink()
    with contextlib.suppress(FileNotFoundError), (folder / JOURNAL).open("r+b") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)


def _is_search(file: Path) -> bool:
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and {"settings", "search", "texts"} <= document.keys()
