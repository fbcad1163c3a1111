"""Write a comparison into a folder: table, curves and picture, all of them or none."""

from collections.abc import Callable
from pathlib import Path

from foreword.comparison.compare import Comparison, write_csv
from foreword.comparison.pairs import PairComparison
from foreword.comparison.plot import plot, plot_pairs
from foreword.errors import MissingExtraError
from foreword.folder.adopting import whole
from foreword.folder.files import writing

PICTURE = "comparison.png"


def write(
    comparison: Comparison | PairComparison, folder: Path, text: str, tell: Callable[[str], None]
) -> list[Path]:
    """Write `table.csv`, `curves.csv` and, if matplotlib is installed, `comparison.png`.

    Args:
        comparison: the results.
        folder: the folder, which is made if it is missing. Files of an older comparison are
            replaced.
        text: the name of the text, for the picture.
        tell: called with the reason if there is no picture.

    Returns:
        The files that were written.

    Raises:
        FolderError: the disk is full, or the folder cannot be written to.
    """
    with writing(folder):
        with whole(folder) as draft:
            written = write_csv(comparison, draft)
            if comparison.rows:
                try:
                    if isinstance(comparison, Comparison):
                        plot(comparison, draft / PICTURE, text)
                    else:
                        plot_pairs(comparison, draft / PICTURE, text)
                    written.append(draft / PICTURE)
                except MissingExtraError as error:
                    tell(f"no plot: {error}")
        if draft / PICTURE not in written:
            (folder / PICTURE).unlink(missing_ok=True)
    return [folder / path.name for path in written]
