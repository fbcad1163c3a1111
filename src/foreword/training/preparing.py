"""Prepare a run before its first step: its network, threads, dropout. Knows no folders."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from foreword.errors import SettingsError
from foreword.folder.config import ModelConfig
from foreword.kernels.threads import most_threads
from foreword.models.build import build, device_named
from foreword.models.model import NextWordModel, Regularisation
from foreword.text.windows import LineWindows, StreamWindows
from foreword.training.cooccurrence import embeddings
from foreword.training.corpus import Corpus
from foreword.training.defaults import leaves_dropout_open
from foreword.training.objective import NextWords
from foreword.training.pace import SECONDS, expected_passes, paces_by_threads, words_per_second
from foreword.training.precision import precision_of
from foreword.training.progress import Note, Reporter, silent
from foreword.training.ranks import ALONE, Ranks
from foreword.training.settings import Budget, TrainingSettings, settings_from
from foreword.training.threads import MUCH_BETTER, Threads, told
from foreword.training.trainer import Run
from foreword.training.word_parts import word_parts

LONG = 100
"""The number of steps below which a run takes all threads, rather than time alternatives."""


def new_run(
    corpus: Corpus,
    config: ModelConfig,
    settings: TrainingSettings,
    report: Reporter,
    *,
    fresh: bool = False,
    ranks: Ranks = ALONE,
) -> tuple[Run, NextWordModel]:
    """Return a run before its first step, and its model; `fresh` if no checkpoint follows.

    Raises:
        SettingsError: there are fewer streams than processes.
    """
    device = device_named(settings.run.device)
    generator = torch.Generator().manual_seed(settings.run.seed)
    model = build(config, regularisation(settings), generator)
    if fresh:
        _start(model, corpus, settings)
    if settings.model.share_parts:
        parts = word_parts(corpus.tokenizer.words)
        flat, offsets = torch.from_numpy(parts.parts), torch.from_numpy(parts.offsets)
        model.embedding.share(flat, offsets, parts.count)
    model = model.to(device)
    if device.type != "cpu":
        # Initial weights are drawn on the CPU, equal for every device; masks on the device.
        generator = torch.Generator(device).manual_seed(settings.run.seed)
        model.use_generator(generator)
    if not ranks.is_first:  # their masks are others; their initial weights are the first one's
        generator.manual_seed(ranks.seed(settings.run.seed, 0))
    windows = _windows(settings, corpus.train.ids)
    if isinstance(windows, StreamWindows) and windows.batch_size < settings.bptt.batch_size:
        report(
            Note(
                f"the text is short: {windows.batch_size} streams side by side instead of "
                f"{settings.bptt.batch_size}"
            )
        )
    if isinstance(windows, StreamWindows) and windows.batch_size < ranks.count:
        raise SettingsError(
            f"{windows.batch_size} streams are too few for {ranks.count} processes: give a larger "
            "batch_size, or start fewer processes"
        )
    precision = precision_of(settings, device)
    objective = NextWords(model, windows, settings, generator, precision, ranks)
    return Run(objective, settings, generator, ranks), model


def _start(model: NextWordModel, corpus: Corpus, settings: TrainingSettings) -> None:
    """Begin with what the counts of the text say about its words."""
    if settings.softmax.softmax_start == "frequencies":
        model.start_from(torch.from_numpy(corpus.train.counts(model.config.vocab_size)))
    if settings.model.embedding_start == "cooccurrences":
        model.embedding.start_from(vectors_of_text(corpus, settings))


def vectors_of_text(corpus: Corpus, settings: TrainingSettings) -> Tensor:
    """Return vectors of the words by those beside them in the text, from which embeddings begin."""
    assert settings.model.embedding_size is not None, "the length of the text fills it in"
    generator = torch.Generator().manual_seed(settings.run.seed)
    words, size = corpus.tokenizer.vocab_size, settings.model.embedding_size
    return embeddings(corpus.train.ids, words, size, generator)


def regularised(
    corpus: Corpus,
    settings: TrainingSettings,
    seconds: float,
    report: Reporter,
    ranks: Ranks = ALONE,
) -> TrainingSettings:
    """Return the settings with dropout that suits the number of passes, if it is not set.

    With a limit in minutes, a few timed steps of a temporary model estimate the number of passes.

    Args:
        corpus: the text as ids.
        settings: the chosen settings, and the limits.
        seconds: the part of the minutes that is spent already.
        report: called with a sentence on the choice.
        ranks: the processes that will train the model. Each of them times its part of a step.
    """
    if not leaves_dropout_open(settings.dropout):
        return settings
    began, pace = time.monotonic(), None
    if settings.budget.minutes is not None:
        longest = min(SECONDS, 0.05 * 60 * settings.budget.minutes)
        run = _trial(corpus, settings, ranks.count)
        if settings.run.threads is None:
            pace = max(paces_by_threads(run, longest).values())
        else:
            torch.set_num_threads(settings.run.threads)
            pace = words_per_second(run, longest)
        pace = ranks.of_first(pace * ranks.count)
    seconds = ranks.of_first(seconds + time.monotonic() - began)
    words = len(corpus.train)
    passes = expected_passes(settings.budget, settings.bptt, words, pace, seconds)
    filled = corpus.fill_in(settings, passes)
    measured = "" if pace is None else f", {pace:,.0f} words/s"
    report(
        Note(
            f"about {passes:.1f} passes over the text{measured}: dropout {filled.dropout.dropout:g}"
        )
    )
    return filled


def with_threads(corpus: Corpus, settings: TrainingSettings, report: Reporter) -> TrainingSettings:
    """Return the settings with a number of threads for the whole run, if it does not end by time.

    Its weights then depend only on the settings, including this number, which stays the same when
    the run is resumed.
    """
    budget = settings.budget
    is_short = budget.steps is not None and budget.steps < LONG
    if settings.run.threads is not None or budget.minutes is not None or is_short:
        return settings
    if settings.run.device != "cpu" or most_threads() == 1:
        return settings
    paces = paces_by_threads(_trial(corpus, settings))
    most = max(paces)
    chosen = 1 if paces[1] > MUCH_BETTER * paces[most] else most
    report(Note(f"{told(paces, chosen)}, for the whole run"))
    return settings_from({"threads": chosen}, settings)


def watching_threads(settings: TrainingSettings, report: Reporter) -> Callable[[int, float], None]:
    """Adjust the number of threads during the run, if it may change."""
    is_open = settings.run.threads is None and settings.budget.minutes is not None
    if not is_open or settings.run.device != "cpu":
        return lambda _words, _seconds: None
    return Threads(torch.get_num_threads(), report).after_step


def _trial(corpus: Corpus, settings: TrainingSettings, parts: int = 1) -> Run:
    """Return a temporary run whose steps are timed, on a part of the batch."""
    bptt = {
        "batch_ramp": 0.0,
        "window_ramp": 0.0,
        "batch_size": max(1, settings.bptt.batch_size // parts),
    }
    trial = corpus.fill_in(settings).model_copy(
        update={
            "budget": Budget(steps=1_000_000),
            "bptt": settings.bptt.model_copy(update=bptt),
        }
    )
    return new_run(corpus, corpus.model_config(trial), trial, silent)[0]


def regularisation(settings: TrainingSettings) -> Regularisation:
    """Return the dropout of training from the settings."""
    drop = settings.dropout
    return Regularisation(
        embedding=drop.dropout_embedding,
        input=drop.dropout_input or 0.0,
        hidden=drop.dropout_hidden or 0.0,
        output=drop.dropout_output or 0.0,
        contexts=drop.dropout_contexts,
        projected=drop.dropout_projected,
        recurrent=drop.dropout_recurrent,
        activation=settings.penalty.activation_penalty,
        temporal=settings.penalty.temporal_penalty,
    )


def _windows(settings: TrainingSettings, ids: np.ndarray) -> StreamWindows | LineWindows:
    bptt = settings.bptt
    if bptt.bptt == "sentence":
        return LineWindows(
            ids,
            batch_words=bptt.batch_size * bptt.window,
            max_length=bptt.window,
            seed=settings.run.seed,
        )
    return StreamWindows(
        ids,
        batch_size=bptt.batch_size,
        window=bptt.window,
        jitter=bptt.jitter,
        rotate=bptt.rotate,
        seed=settings.run.seed,
    )
