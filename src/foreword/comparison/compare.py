"""Trains every architecture on one text with one budget, and keeps how each got on. No plots."""

import csv
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from io import StringIO
from pathlib import Path
from typing import Any, Protocol, Unpack

from foreword.comparison.sizes import same_size
from foreword.errors import SettingsError, TextError
from foreword.folder.adopting import HIDDEN
from foreword.folder.architecture import DESCRIPTIONS
from foreword.folder.config import AnyModelName, Evaluation, ModelConfig, ModelName
from foreword.folder.files import atomic_write
from foreword.folder.weights import count_numbers
from foreword.kernels import dispatch
from foreword.kernels.threads import threads_within_quota
from foreword.models.build import count_parameters
from foreword.text.corpus import Paths, paths_of
from foreword.training.corpus import Corpus, read_corpus
from foreword.training.leaves import LeavesWithoutEnd
from foreword.training.next_words import Validation
from foreword.training.ngram import count_on
from foreword.training.prepared import with_settings_of
from foreword.training.progress import Event, Note, Reporter, StepProgress, Validated, silent
from foreword.training.run import train_on
from foreword.training.settings import TrainingSettings, settings_from

VALIDATIONS = 12
"""Points of each curve."""
HELD_OUT = 30_000
"""Words of the held-out text that all are measured on, at each point of a curve and at the end."""
MEASURE = Validation(words=None, streams=8, last_streams=8)
"""One measure for the curves and the table: a network's row is the best point of its curve."""
LEAST_SECONDS = 3.0
"""Of each network's training, below which nothing is learned that could be compared."""
ARCHITECTURES: tuple[AnyModelName, ...] = (*DESCRIPTIONS, "ngram")
COMPARED = (*(name for name, told in DESCRIPTIONS.items() if told.is_compared), "ngram")
"""Those of a comparison unless others are named: what the kernel that all share can run. Layer
normalisation would run by autograd, which says nothing about its speed."""


@dataclass(frozen=True)
class Point:
    """One validation of one architecture."""

    model: str
    words_seen: int
    seconds: float
    perplexity: float
    top3: float


@dataclass(frozen=True)
class Row:
    """How one architecture ended."""

    model: str
    parameters: int
    hidden_size: int
    words_seen: int
    words_per_second: float
    """In training."""
    perplexity: float
    top1: float
    top3: float


@dataclass(frozen=True)
class Comparison:
    """All of them."""

    rows: tuple[Row, ...]
    points: tuple[Point, ...]
    stopped: bool
    """Whether Ctrl-C ended it before its time."""


class Compared(Protocol):
    """A comparison of next-word models, or of translation models."""

    @property
    def rows(self) -> Sequence[Any]:
        """A row an architecture."""

    @property
    def points(self) -> Sequence[Point]:
        """Their validations."""


def refuse_too_little(minutes: float, models: Sequence[str]) -> None:
    """Refuses a time that leaves a network too little.

    Raises:
        SettingsError: says what the least is for these.
    """
    networks = sum(name != "ngram" for name in models)
    least = math.ceil(networks * LEAST_SECONDS / 6) / 10
    if minutes * 60 < networks * LEAST_SECONDS:
        raise SettingsError(
            f"{minutes:g} minutes are too few for {networks} networks: they share them, "
            f"{minutes * 60 / networks:.1f} s each. Give {least:g} at least (--minutes "
            f"{least:g}), {2 * networks} to see differences, or name fewer with --model"
        )


OWN = {
    "model": ": name them with models (--model)",
    "hidden_size": ": give parameters, the number that each has (--parameters)",
}
"""Settings that no two networks share, and what to give in their place."""


@threads_within_quota()
def compare(
    texts: Paths = (),
    *,
    minutes: float,
    models: Sequence[AnyModelName] = COMPARED,
    parameters: int | None = None,
    valid: Paths = (),
    report: Reporter = silent,
    scratch: Path | None = None,
    **leaves: Unpack[LeavesWithoutEnd],
) -> Comparison:
    """Trains each network for the same share of `minutes`, with as many parameters as the others.

    The n-gram model is counted beside them: it takes what time and numbers it takes. All are
    measured on the first `HELD_OUT` words of the held-out text; a network's row is the best point
    of its curve.

    Args:
        texts: as for `train`; none: the carried chats.
        minutes: for all of them together; reading the text and evaluation are not counted.
        models: architectures, in this order.
        valid: as for `train`.
        parameters: of each. None: those of an LSTM of the size that suits the text.
        report: is told of all that happens.
        scratch: a folder in which the networks lie meanwhile, hidden; made if it is missing. None:
            the system's for temporary files.
        **leaves: settings that all share.

    Raises:
        SettingsError: a setting cannot be shared by all networks, or is out of range.
    """
    if own := sorted(OWN.keys() & leaves.keys()):
        raise SettingsError(f"{own[0]} differs between the networks that are compared{OWN[own[0]]}")
    share = minutes / max(1, sum(name != "ngram" for name in models))
    settings = settings_from({"validations": VALIDATIONS, **leaves, "minutes": share})
    settings = with_settings_of(paths_of(texts), settings, leaves)
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{HIDDEN}-compare-", dir=scratch) as hidden:
        folder = Path(hidden)
        corpus = read_corpus(paths_of(texts), paths_of(valid), settings.text, folder, report)
        if corpus.valid is not None and len(corpus.valid) > HELD_OUT:
            name = f"{corpus.valid_name}, the first {HELD_OUT:,} words"
            corpus = replace(corpus, valid=corpus.valid.first(HELD_OUT), valid_name=name)
        yardstick = corpus.model_config(settings, "lstm")
        allowed = parameters or count_parameters(yardstick)
        rows: list[Row] = []
        points: list[Point] = []
        for name in models:
            if name == "ngram":
                row, point = _ngram(corpus, settings, folder / name, report)
                rows.append(row)
                points.append(point)
                continue
            config = same_size(_as(yardstick, name, settings.model.context_words), allowed)
            diary = Diary(name, report)
            report(Note(f"{name}: {share:.1f} minutes, hidden size {config.hidden_size}"))
            chosen = settings_from(
                {
                    "model": name,
                    "hidden_size": config.hidden_size,
                    "embedding_size": config.embedding_size,
                    "skip": config.skip,
                    "mogrifier_rounds": config.mogrifier_rounds,
                    "mogrifier_rank": config.mogrifier_rank,
                    "cell_clip": config.cell_clip,
                    "cell_options": config.cell_options,
                },
                settings,
            )
            # One kernel for all: no cell shall win because somebody has fused it.
            with dispatch.use("portable"):
                outcome = train_on(
                    corpus, chosen, out=folder / name, report=diary, validation=MEASURE
                )
            points += diary.points
            if outcome.stopped_by is not None or outcome.config.evaluation is None:
                return Comparison(tuple(rows), tuple(points), stopped=True)
            rows.append(_row(name, config, diary, outcome.config.evaluation))
    return Comparison(tuple(rows), tuple(points), stopped=False)


def write_csv(comparison: Compared, folder: Path) -> list[Path]:
    """`table.csv`, a line an architecture, and `curves.csv`, a line a validation."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    tables: tuple[tuple[str, type, Sequence[Any]], ...] = (
        ("table.csv", type(comparison.rows[0]) if comparison.rows else Row, comparison.rows),
        ("curves.csv", Point, comparison.points),
    )
    for name, kind, items in tables:
        text = StringIO()
        writer = csv.DictWriter(text, [f.name for f in fields(kind)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(item) for item in items)
        atomic_write(folder / name, text.getvalue().encode())
        written.append(folder / name)
    return written


def _ngram(
    corpus: Corpus, settings: TrainingSettings, out: Path, report: Reporter
) -> tuple[Row, Point]:
    config = count_on(corpus, settings, out=out, report=report)
    evaluation, record = config.evaluation, config.training
    if evaluation is None or record is None:
        raise TextError("the text is too short to hold out a part of it: give --valid FILE")
    row = Row(
        model="ngram",
        parameters=count_numbers(config.model, config.weights),
        hidden_size=0,
        words_seen=record.words_seen,
        words_per_second=record.words_seen / max(record.seconds, 1e-9),
        perplexity=evaluation.perplexity,
        top1=evaluation.top1,
        top3=evaluation.top3,
    )
    return row, Point(
        "ngram", record.words_seen, record.seconds, evaluation.perplexity, evaluation.top3
    )


def _as(config: ModelConfig, name: ModelName, context_words: int) -> ModelConfig:
    return config.as_kind(name, context_words if name == "mlp-window" else 1)


def _row(name: str, config: ModelConfig, diary: "Diary", evaluation: Evaluation) -> Row:
    return Row(
        model=name,
        parameters=count_parameters(config),
        hidden_size=config.hidden_size,
        words_seen=diary.words_seen,
        words_per_second=diary.words_seen / diary.seconds if diary.seconds else 0.0,
        perplexity=evaluation.perplexity,
        top1=evaluation.top1,
        top3=evaluation.top3,
    )


class Diary:
    """A reporter that keeps the validations of one run and passes everything on."""

    def __init__(self, name: str, report: Reporter) -> None:
        self.name = name
        self.report = report
        self.points: list[Point] = []
        self.words_seen = 0
        self.seconds = 0.0

    def __call__(self, event: Event) -> None:
        """Keep what an event tells, and pass it on."""
        if isinstance(event, StepProgress):
            self.words_seen, self.seconds = event.words_seen, event.seconds
        elif isinstance(event, Validated):
            self.points.append(
                Point(self.name, event.words_seen, event.seconds, event.perplexity, event.top3)
            )
        self.report(event)
