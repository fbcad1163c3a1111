"""Files that exports may write to. Knows no models."""

from pathlib import Path

from foreword.errors import SettingsError


def refuse_existing(target: Path, *, overwrite: bool) -> None:
    """Check a file that is about to be written.

    Raises:
        SettingsError: it is a folder, or exists and `overwrite` is false.
    """
    if target.is_dir():
        raise SettingsError(f"{target} is a folder: name a file")
    if target.exists() and not overwrite:
        raise SettingsError(f"{target} exists already. Use --overwrite to replace it")
