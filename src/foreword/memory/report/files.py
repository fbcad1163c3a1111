"""Write the files that a survey leaves in its folder, beside the results themselves."""

from collections.abc import Sequence
from pathlib import Path

from foreword.errors import MissingExtraError
from foreword.folder.adopting import whole
from foreword.folder.files import atomic_write, writing
from foreword.memory import records
from foreword.memory.map import places
from foreword.memory.report.page import page
from foreword.memory.report.picture import draw
from foreword.memory.trial import Result

PAGE = "index.html"
TABLE = "results.csv"


def write(results: Sequence[Result], folder: Path) -> tuple[list[Path], MissingExtraError | None]:
    """Write results.csv, index.html, map.svg and map.png: all of them, or none.

    Returns:
        The files that were written, and what is missing if the map could not be drawn.

    Raises:
        FolderError: the disk is full, or the folder cannot be written to.
    """
    missing = None
    with writing(folder), whole(folder) as draft:
        records.write_csv(draft / TABLE, results)
        atomic_write(draft / PAGE, page(results).encode())
        written = [TABLE, PAGE]
        try:
            written += [path.name for path in draw(places(results), draft)]
        except MissingExtraError as error:
            missing = error
    return [folder / name for name in written], missing
