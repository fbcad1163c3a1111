"""Parse the JSON files of a model folder that describe its words. Knows no words."""

import json
from typing import Any

from foreword.errors import FolderError

RESTORE = "Restore the file from where the model came from, or train the model anew."


def parsed(text: str, path: str) -> Any:
    """Return the parsed JSON of a file.

    Raises:
        FolderError: the text is not JSON; names the file at `path`.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{path} is not JSON ({error}). {RESTORE}") from error


def versioned(text: str, path: str, newest: int) -> Any:
    """Return the parsed JSON of a file that has a version.

    Raises:
        FolderError: the text is not JSON, or its version is above `newest`.
    """
    document = parsed(text, path)
    version = document.get("version") if isinstance(document, dict) else None
    if type(version) is int and version > newest:
        raise FolderError(
            f"{path} has version {version}; this Foreword reads up to {newest}. It was made by a "
            "newer Foreword: pip install --upgrade foreword"
        )
    return document
