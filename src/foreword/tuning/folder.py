"""What a search's folder holds, and which folder may become one. No torch."""

import contextlib
import json
from pathlib import Path

from foreword.folder.adopting import current, is_hidden
from foreword.folder.claim import Refusal

SEARCH, JOURNAL, TRIALS, BEST = "search.json", "journal.log", "trials.json", "best.toml"
"""What is searched on which text, Optuna's record, the trials that are done, and the recipe of the
best."""
SCRATCH = ".trial-"
"""Begins the name of the folder in which a trial trains."""


def refusal_for(*, resume: bool, overwrite: bool) -> Refusal:
    """Refuses folders that hold something else, and a search unless it is gone on with or replaced.

    A folder holds a search if it has a `search.json` of one. A search that was stopped before it
    had read its text has left nothing.
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
            "holds a search already. Use --resume to go on with it, --overwrite to replace it, or "
            "another folder."
        )

    return refusal


def mend_journal(folder: Path) -> None:
    """Makes Optuna's record one that can be read and written, after a kill or on a full disk.

    The end of a line that was not written whole is cut off: whatever came after it would be lost,
    too. A lock that a killed process had would be waited for; the folder has one of its own.
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
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and {"settings", "search", "texts"} <= document.keys()
