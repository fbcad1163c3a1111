"""Write an inspection into a folder: the page, the figures, the numbers as CSV."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from foreword.errors import MissingExtraError, SettingsError
from foreword.folder.adopting import whole
from foreword.folder.files import atomic_write, writing
from foreword.inspect.findings import Findings
from foreword.inspect.page import html

PAGE, FIGURES, NUMBERS = "index.html", "figures", "numbers"


def write(findings: Findings, document: dict[str, Any], folder: Path) -> list[Path]:
    """Write everything, or nothing; files of the same names are replaced.

    Args:
        findings: the numbers.
        document: the same for the page and the figures.
        folder: the folder, which is made if it is missing.

    Raises:
        FolderError: the disk is full, or the folder cannot be written to.
        MissingExtraError: matplotlib is not installed; the page and the numbers are written.
        SettingsError: the folder is a file, or a model folder.
    """
    if folder.is_file() or (folder / "config.json").exists():
        kind = "a file" if folder.is_file() else "a model folder"
        raise SettingsError(f"{folder} is {kind}: name another folder for the inspection")
    missing = None
    with writing(folder), whole(folder) as draft:
        (draft / NUMBERS).mkdir()
        written = [draft / PAGE]
        atomic_write(draft / PAGE, html(document).encode("utf-8"))
        for name, rows in tables(findings).items():
            path = draft / NUMBERS / f"{name}.csv"
            atomic_write(path, _csv(rows))
            written.append(path)
        try:
            from foreword.inspect.figures import draw
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith("matplotlib"):
                raise
            missing = error
        else:
            written += draw(document, draft / FIGURES)
    if missing is not None:
        raise MissingExtraError("drawing figures", "plot") from missing
    return [folder / path.relative_to(draft) for path in written]


def tables(findings: Findings) -> dict[str, Iterable[Sequence[Any]]]:
    """All numbers by the name of their table, the first row being the heading.

    `words` has a row for each word; `layer0.f` and similar ones a row for each word and a column
    for each unit; `gradients` a row for each model, layer, state and distance; the headings explain
    the others.
    """
    traced = findings.traced
    words = traced.reading.words
    p = traced.predictions
    word_of = traced.subject.tokenizer.word_of
    rows: list[Sequence[Any]] = [("position", "word", "id", "predicted", "came_log_p", "rank")]
    for t, word in enumerate(words):
        came = "" if np.isnan(p.came[t]) else p.came[t]
        likeliest = word_of(int(p.top[t, 0]))
        rows.append((t, word, traced.reading.ids[t], likeliest, came, p.rank[t] or ""))
    made: dict[str, Iterable[Sequence[Any]]] = {"words": rows}
    for layer in traced.layers:
        for name, values in layer.arrays.items():
            made[f"layer{layer.layer}.{name}"] = _by_unit(words, values)
    if findings.flow is not None:
        made["gradients"] = [
            ("model", "kind", "layer", "state", "distance", "norm"),
            *(
                (curve.label, curve.kind, curve.layer, state, d, norm)
                for curve in findings.flow.curves
                for state, norms in curve.norms.items()
                for d, norm in enumerate(norms)
            ),
        ]
    if findings.spectra:
        made["jacobians"] = [
            ("layer", "position", "word", "number", "singular_value"),
            *(
                (layer.layer, step.at, step.word, k, value)
                for layer in findings.spectra
                for step in layer.steps
                for k, value in enumerate(step.singular_values)
            ),
        ]
    made["attributions"] = [
        ("predicted_after", "position", "word", "integrated_nats", "erased_nats"),
        *(
            (
                a.at,
                a.first + k,
                words[a.first + k],
                "" if a.integrated is None else a.integrated[k],
                erased,
            )
            for a in findings.attributions
            for k, erased in enumerate(a.erased)
        ),
    ]
    made["contrasts"] = [
        ("change", "position", "other_position", "word", "divergence_bits"),
        *(
            (c.label, first, second, words[first], bits)
            for c in findings.contrasts
            for (first, second), bits in zip(c.pairs, c.divergence, strict=True)
        ),
    ]
    return made


def _by_unit(words: Sequence[str], values: np.ndarray) -> Iterable[Sequence[Any]]:
    yield ("position", "word", *(f"unit{k}" for k in range(values.shape[1])))
    for t, (word, row) in enumerate(zip(words, values, strict=True)):
        yield (t, word, *row)


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerows([_exact(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8")


def _exact(cell: Any) -> Any:
    """Format numbers with the digits that their precision has."""
    return str(cell) if isinstance(cell, np.generic) else cell
