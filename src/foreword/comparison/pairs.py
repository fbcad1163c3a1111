"""Trains translation models of several cells and attentions on the same pairs. No plots."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Unpack

import numpy as np

from foreword.comparison.compare import OWN, Diary, Point
from foreword.errors import SettingsError, TextError
from foreword.folder.adopting import HIDDEN
from foreword.folder.config import ModelName
from foreword.folder.translation import Attention, TranslationConfig, expected_shapes
from foreword.kernels.threads import threads_within_quota
from foreword.text.corpus import Paths, paths_of
from foreword.training.leaves import LeavesWithoutEnd
from foreword.training.pair_corpus import read_pair_corpus
from foreword.training.progress import Note, Reporter, silent
from foreword.training.session import carry_out
from foreword.training.settings import TrainingSettings, settings_from
from foreword.training.translations import TranslationTask

CELLS: tuple[ModelName, ...] = ("rnn", "lstm", "gru")
"""The cells of a comparison unless others are named."""
LARGEST = 1 << 14
"""The most units that are tried."""


@dataclass(frozen=True)
class PairRow:
    """How one network ended.

    Attributes:
        model: its cell.
        attention: how its decoder looks at the sentence.
        parameters: the number of its weights.
        hidden_size: the units of each layer.
        words_seen: target sub-words that it was trained on.
        words_per_second: of them, in training.
        perplexity: per sub-word, of the best weights on the held-out pairs.
        bleu: of greedy translations of them; None without sacreBLEU, as `chrf`.
        chrf: likewise, chrF2.
    """

    model: str
    attention: str
    parameters: int
    hidden_size: int
    words_seen: int
    words_per_second: float
    perplexity: float
    bleu: float | None
    chrf: float | None

    @property
    def name(self) -> str:
        """How it is called in tables and pictures."""
        return name_of(self.model, self.attention)


@dataclass(frozen=True)
class PairComparison:
    """All of them: rows, the validations of each, and whether a signal ended it early."""

    rows: tuple[PairRow, ...]
    points: tuple[Point, ...]
    stopped: bool = False


@threads_within_quota()
def compare_pairs(
    pairs: Paths,
    *,
    minutes: float,
    models: Sequence[ModelName] = CELLS,
    attentions: Sequence[Attention] = ("none", "additive", "multiplicative"),
    parameters: int | None = None,
    valid_pairs: Paths = (),
    report: Reporter = silent,
    scratch: Path | None = None,
    **leaves: Unpack[LeavesWithoutEnd],
) -> PairComparison:
    """Train a network of each cell with each attention for the same time, with equal parameters.

    Args:
        pairs: as for `train`.
        minutes: for all of them together; reading and evaluation are not counted.
        models: the cells.
        attentions: see the setting `attention`.
        parameters: of each network. None: those of an LSTM with multiplicative attention of the
            size that suits the text.
        valid_pairs: as for `train`.
        report: called with all events.
        scratch: a folder for the networks, hidden. None: the system's for temporary files.
        **leaves: settings that all share.

    Raises:
        SettingsError: a setting cannot be shared, or no pairs can be held out.
    """
    own = OWN | {"attention": ": name them with attentions (--attention)"}
    if differing := sorted(own.keys() & leaves.keys()):
        raise SettingsError(
            f"{differing[0]} differs between the networks that are compared{own[differing[0]]}"
        )
    kinds = list(product(models, attentions))
    base = settings_from({"validations": 10, **leaves, "minutes": minutes / max(1, len(kinds))})
    corpus = read_pair_corpus(paths_of(pairs), paths_of(valid_pairs), base, report)
    if corpus.valid is None:
        raise TextError("there are too few pairs to hold some out: give --valid-pairs FILE")
    yardstick = corpus.model_config(
        corpus.fill_in(settings_from({"model": "lstm", "attention": "multiplicative"}, base))
    )
    allowed = parameters or _count(yardstick)
    rows: list[PairRow] = []
    points: list[Point] = []
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{HIDDEN}-compare-", dir=scratch) as hidden:
        for cell, attention in kinds:
            name = name_of(cell, attention)
            chosen = settings_from({"model": cell, "attention": attention}, base)
            settings = _of_size(corpus.model_config(corpus.fill_in(chosen)), allowed, chosen)
            units = settings.model.hidden_size
            report(Note(f"{name}: {base.budget.minutes:.1f} minutes, hidden size {units}"))
            diary = Diary(name, report)
            task = TranslationTask(corpus, settings)
            outcome = carry_out(task, out=Path(hidden) / name.replace(" ", "-"), report=diary)
            points += diary.points
            evaluation = outcome.config.evaluation
            if outcome.stopped_by is not None or evaluation is None:
                return PairComparison(tuple(rows), tuple(points), stopped=True)
            rows.append(
                PairRow(
                    model=cell,
                    attention=attention,
                    parameters=_count(task.config),
                    hidden_size=task.config.hidden_size,
                    words_seen=diary.words_seen,
                    words_per_second=diary.words_seen / max(diary.seconds, 1e-9),
                    perplexity=evaluation.perplexity,
                    bleu=evaluation.bleu,
                    chrf=evaluation.chrf,
                )
            )
    return PairComparison(tuple(rows), tuple(points))


def name_of(cell: str, attention: str) -> str:
    """Return how a network is called, such as "gru, no attention"."""
    return f"{cell}, {'no' if attention == 'none' else attention} attention"


def _of_size(
    config: TranslationConfig, parameters: int, settings: TrainingSettings
) -> TrainingSettings:
    """Return the settings with the hidden size whose number of parameters is nearest."""
    step = int(np.lcm(2, config.heads))
    sizes = range(step, LARGEST, step)
    low, high = 0, len(sizes) - 1
    while high - low > 1:
        middle = (low + high) // 2
        is_small = _count(replace(config, hidden_size=sizes[middle])) <= parameters
        low, high = (middle, high) if is_small else (low, middle)
    nearest = min(
        (sizes[low], sizes[high]),
        key=lambda size: abs(_count(replace(config, hidden_size=size)) - parameters),
    )
    return settings_from(
        {"hidden_size": nearest, "embedding_size": config.embedding_size}, settings
    )


def _count(config: TranslationConfig) -> int:
    return sum(int(np.prod(shape)) for shape in expected_shapes(config).values())
