"""Write the files that a survey leaves in its folder, beside the results themselves."""

from collections.abc import Sequence
from pathlib import Path

from foreword.errors import MissingExtraError
from foreword.folder.files import atomic_write
from foreword.memory import records
from foreword.memory.map import places
from foreword.memory.report.page import page
from foreword.memory.report.picture import draw
from foreword.memory.trial import Result

PAGE = "index.html"
TABLE = "results.csv"


def write(results: Sequence[Result], folder: Path) -> tuple[list[Path], MissingExtraError | None]:
    """Write results.csv, index.html, map.svg and map.png.

    Returns:
        The files that were written, and what is missing if the map could not be drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records.write_csv(folder / TABLE, results)
    atomic_write(folder / PAGE, page(results).encode())
    written = [folder / TABLE, folder / PAGE]
    try:
        written += draw(places(results), folder)
    except MissingExtraError as error:
        return written, error
    return written, None
