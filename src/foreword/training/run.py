"""Train a model folder from texts: `foreword.train`. Composes the rooms; holds no loop."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

import torch

from foreword.errors import SettingsError
from foreword.evaluation.perplexity import Score, score
from foreword.evaluation.report import evaluation_of
from foreword.folder.architecture import format_version
from foreword.folder.claim import claimed
from foreword.folder.config import Evaluation, FolderConfig, ModelConfig, TrainingRecord
from foreword.folder.saving import write_folder
from foreword.folder.store import read_folder
from foreword.folder.usage import misspellings_of
from foreword.kernels.threads import most_threads, threads_restored
from foreword.models.build import count_parameters
from foreword.models.model import NextWordModel
from foreword.text.corpus import Paths, paths_of
from foreword.training.board import Board, writer_class
from foreword.training.card import model_card
from foreword.training.checkpoint import Checkpoint, home, latest
from foreword.training.corpus import Corpus, read_corpus
from foreword.training.interrupt import StopWish, stop_on_signals
from foreword.training.keeping import Home, remember, remembered
from foreword.training.leaves import Leaves
from foreword.training.ngram import count_on
from foreword.training.preparing import new_run, regularised, watching_threads, with_threads
from foreword.training.progress import Event, Note, Reporter, TextProgress, silent
from foreword.training.recipes import find, overridden
from foreword.training.settings import TrainingSettings, settings_from
from foreword.training.target import refusal_for
from foreword.training.trainer import Run
from foreword.training.trainer import train as train_loop


@dataclass(frozen=True)
class Validation:
    """How the held-out text is read.

    Attributes:
        words: the most words read by each validation during training; None: all. The evaluation at
            the end reads all of them.
        streams: the number of streams that the text is cut into then; see `score`.
        last_streams: the number of streams of the evaluation at the end.
    """

    words: int | None = 10_000
    streams: int = 8
    last_streams: int = 1


BOARD = "watch"
"""The folder in a model folder that TensorBoard reads."""
FREE = frozenset(
    {"minutes", "epochs", "steps", "patience", "threads", "save_seconds", "validations"}
)
"""Settings that may change when a run is resumed; a recipe does not change them."""
KNOWN_BY_HEART = 2.0
"""The perplexity below which a text measures nothing, as no human writing is so predictable."""
LOOK_EVERY = 20
"""The number of steps between two looks into a model that is watched."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    config: FolderConfig
    """The content of `config.json`: sizes, training record, evaluation."""
    stopped_by: str | None = None
    """The signal, SIGINT or SIGTERM, that ended the run early; everything is saved."""
    is_staged: bool = False
    """Whether the folder still has the earlier model, since the run ended before its first
    validation. Resuming continues the run."""


def train(
    texts: Paths = (),
    *,
    out: str | PathLike[str],
    valid: Paths = (),
    settings: TrainingSettings | None = None,
    recipe: str | PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    report: Reporter = silent,
    watch: bool = False,
    **leaves: Unpack[Leaves],
) -> Outcome:
    """Train a next-word model on texts and write it to the folder `out`.

    Args:
        texts: files, folders, globs, gzip files, `-`; one or several. None: the chats that come
            with the package.
        out: the model folder. Ctrl-C and SIGTERM save to it and stop; `resume` continues.
        valid: texts to validate on. None: the last twentieth of `texts` is held out.
        settings: the tree of settings.
        recipe: instead of the tree, the name of a recipe that comes with the package, or a recipe's
            file: see `foreword.training.recipes`.
        resume: whether to continue from the checkpoint in `out`; only the budget may change.
        overwrite: whether to replace a model in `out`. It stays until the new one has been
            validated for the first time, or, without a held-out text, saved after a step.
        report: called with all events.
        watch: whether to write data for TensorBoard to `out`/watch: losses, gradients by layer and
            by distance, gates. The model is the same.
        **leaves: settings by name, such as `model="gru"`, `minutes=5`. They override the recipe.

    Returns:
        The content of `config.json`, and whether a signal ended the run early.

    Raises:
        TextError, SettingsError, FolderError, TrainingError: with what to do about it.
    """
    began = time.monotonic()
    folder, texts, valid = Path(out), paths_of(texts), paths_of(valid)
    if watch:
        writer_class()  # what is missing is said before a long text is read
    chosen: Mapping[str, Any] = leaves
    if recipe is not None:
        if settings is not None:
            raise SettingsError("give a recipe or a tree of settings, not both")
        of_recipe = find(recipe).settings
        if resume:
            of_recipe = {k: v for k, v in of_recipe.items() if k not in FREE}
        chosen = overridden(of_recipe, leaves)
    refusal = refusal_for(replaces=resume or overwrite)
    with claimed(folder, "train", refusal, lambda told: report(Note(told))):
        return _train(folder, texts, valid, settings, chosen, resume, watch, report, began)


def _train(
    folder: Path,
    texts: Sequence[Any],
    valid: Sequence[Any],
    settings: TrainingSettings | None,
    leaves: Mapping[str, Any],
    resume: bool,
    watch: bool,
    report: Reporter,
    began: float,
) -> Outcome:
    """Train in a folder that is claimed; see `train`."""
    if resume:
        model_home = home(folder)
        checkpoint = latest(model_home)
        chosen = _resumed_settings(checkpoint, leaves)
        texts, valid = remembered(model_home, texts, valid)
        before = read_folder(model_home)
        tokenizer, rare = before.tokenizer, before.rare
    else:
        checkpoint, tokenizer, rare = None, None, ()
        chosen = settings_from(leaves, settings)
    # Nothing may be writable beside a folder that is there.
    scratch = folder if folder.is_dir() else folder.absolute().parent
    corpus = read_corpus(texts, valid, chosen.text, scratch, report, tokenizer)
    if chosen.model.model == "ngram":
        seconds = time.monotonic() - began
        return Outcome(count_on(corpus, chosen, out=folder, report=report, seconds=seconds))
    if checkpoint is None:
        chosen = with_threads(corpus, chosen, report)
        chosen = regularised(corpus, chosen, time.monotonic() - began, report)
    return train_on(
        corpus,
        chosen,
        out=folder,
        checkpoint=checkpoint,
        seconds=time.monotonic() - began,
        report=report,
        watch=watch,
        on_start=lambda model_home: remember(model_home, texts, valid),
        rare=rare,
    )


def train_on(
    corpus: Corpus,
    settings: TrainingSettings,
    *,
    out: Path,
    checkpoint: Checkpoint | None = None,
    seconds: float = 0.0,
    report: Reporter = silent,
    watch: bool = False,
    on_start: Callable[[Path], None] = lambda _: None,
    rare: Sequence[str] = (),
    validation: Validation = Validation(),
) -> Outcome:
    """Train on a corpus that has been read already; see `train`.

    Args:
        corpus: the text as ids.
        settings: settings, whose open choices the corpus decides.
        out: the model folder.
        checkpoint: the checkpoint to continue from.
        seconds: the time of the budget that is spent at the start of a fresh run.
        report: called with all events.
        watch: as in `train`.
        on_start: called with the folder of a fresh run before it counts, to add files to it.
        rare: words beyond the vocabulary, which are stored in the folder.
        validation: how the held-out text is read.
    """
    settings = corpus.fill_in(settings)
    config = corpus.model_config(settings)
    model_home = Home(out, is_begun=checkpoint is not None)
    with _threads(settings.run.threads):
        run = new_run(corpus, config, settings, report, fresh=checkpoint is None)
        if checkpoint is None:
            run.start_at(seconds=seconds)
        else:
            before = checkpoint.document["text"]
            corpus.refuse_other(before, "this run was started with", "train anew")
            run.restore(checkpoint)
        report(Note(_summary(corpus, config)))

        def write(
            folder: Path,
            evaluation: Evaluation | None = None,
            *,
            finished: bool,
            ends: bool = False,
        ) -> Outcome:
            written = FolderConfig(
                format_version=format_version(config, "float32", corpus.tokenizer.config),
                model=config,
                tokenizer=corpus.tokenizer.config,
                training=_record(run, corpus, settings, finished),
                evaluation=evaluation,
            )
            known = misspellings_of(corpus.tokenizer, run.best) if ends else {}
            card = model_card(written)
            write_folder(folder, written, run.best, corpus.tokenizer, card, rare, known)
            return Outcome(written, is_staged=model_home.is_staged)

        def save(state: Checkpoint, best_changed: bool) -> None:
            state = Checkpoint(state.arrays, {**state.document, "text": corpus.fingerprint})
            if not model_home.is_begun:

                def fill(folder: Path) -> None:
                    write(folder, finished=False)
                    on_start(folder)
                    state.write(folder)

                model_home.begin(fill)
                return
            if best_changed:
                write(model_home.folder, finished=False)
            state.write(model_home.folder)
            if run.is_measured or (corpus.valid is None and run.position.best_step > 0):
                model_home.take_over()

        def validate(model: NextWordModel) -> Score:
            assert corpus.valid is not None
            return score(model, corpus.valid.ids[: validation.words], streams=validation.streams)

        with ExitStack() as until_end, stop_on_signals() as wish:
            tell = report
            if watch:
                board = until_end.enter_context(Board(out / BOARD, run.position.step))
                report(Note(f"to watch: tensorboard --logdir {out / BOARD}"))

                def tell(event: Event) -> None:
                    report(event)
                    board(event)

            finished = train_loop(
                run,
                validate=validate if corpus.valid is not None else None,
                save=save,
                should_stop=lambda: bool(wish),
                report=tell,
                look_every=LOOK_EVERY if watch else None,
                after_step=watching_threads(settings, report),
            )
            evaluation = None
            if finished:
                streams = validation.last_streams
                evaluation = _final_evaluation(run, corpus, wish, report, streams)
        if wish.signal is not None:
            stopped = write(model_home.folder, finished=False, ends=True)
            return replace(stopped, stopped_by=wish.signal.name)
        return write(model_home.folder, evaluation, finished=True, ends=True)


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Give torch this number of threads while active; None: as many as are available."""
    if number is not None:
        torch.set_num_threads(number)
        yield
        return
    with threads_restored():
        torch.set_num_threads(most_threads())
        yield


def _final_evaluation(
    run: Run, corpus: Corpus, wish: StopWish, report: Reporter, streams: int
) -> Evaluation | None:
    """Return the best weights' score on all held-out text; None without one, or without time."""
    if corpus.valid is None:
        return None
    run.load_best()

    def progress(done: int, total: int) -> None:
        report(TextProgress("evaluating", done, total))
        if wish:
            raise InterruptedError

    try:
        measured = score(run.model, corpus.valid.ids, streams=streams, progress=progress)
    except InterruptedError:
        return None
    evaluation = evaluation_of(measured, corpus.valid, corpus.valid_name)
    if evaluation.perplexity < KNOWN_BY_HEART:
        report(
            Note(
                f"a perplexity of {evaluation.perplexity:.2f} means that almost every word of the "
                "held-out text was known before it came, as in what a program wrote or what "
                "stands in the text twice. It says nothing of how well writing is predicted."
            )
        )
    return evaluation


def _resumed_settings(checkpoint: Checkpoint, leaves: Mapping[str, Any]) -> TrainingSettings:
    saved = TrainingSettings.checked(dict(checkpoint.document["settings"]))
    given = {k: v for k, v in leaves.items() if v is not None}
    flat = saved.leaves()
    for name, value in given.items():
        if name not in FREE and flat.get(name) != value:
            raise SettingsError(
                f"{name} is {flat.get(name)!r} in the run to resume and cannot become {value!r}. "
                "Leave it out, or train anew."
            )
    return settings_from({k: v for k, v in given.items() if k in FREE}, saved)


def _summary(corpus: Corpus, config: ModelConfig) -> str:
    held_out = f", {len(corpus.valid):,} held out" if corpus.valid is not None else ""
    return (
        f"{config.name}, {count_parameters(config):,} parameters; {len(corpus.train):,} words"
        f"{held_out}; vocabulary {corpus.tokenizer.vocab_size:,}, "
        f"{corpus.train.unknown / len(corpus.train):.1%} of the words outside"
    )


def _record(run: Run, corpus: Corpus, settings: TrainingSettings, finished: bool) -> TrainingRecord:
    return TrainingRecord(
        text=corpus.name,
        words=len(corpus.train),
        words_seen=run.position.words_seen,
        steps=run.position.step,
        epochs=round(run.windows.epochs, 3),
        seconds=round(run.position.seconds, 1),
        seed=settings.run.seed,
        settings=settings.public_leaves(),
        torch_version=torch.__version__,
        finished=finished,
    )
