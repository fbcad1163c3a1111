"""From someone's text to a model folder: `foreword.train`. Composes the rooms; holds no loop."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch

from foreword.errors import SettingsError, TrainingError
from foreword.evaluation.perplexity import Score, score
from foreword.evaluation.report import evaluation_of
from foreword.folder.architecture import format_version
from foreword.folder.claim import claimed
from foreword.folder.config import Evaluation, FolderConfig, ModelConfig, TrainingRecord
from foreword.folder.files import atomic_write
from foreword.folder.store import read_folder, write_folder
from foreword.models.build import build, count_parameters, device_named
from foreword.models.model import NextWordModel, Regularisation
from foreword.nn.softmax import fast_precision
from foreword.text.corpus import Paths, paths_of
from foreword.text.windows import LineWindows, StreamWindows
from foreword.training.board import Board, writer_class
from foreword.training.card import model_card
from foreword.training.checkpoint import FOLDER, Checkpoint, latest
from foreword.training.corpus import Corpus, absolute, read_corpus
from foreword.training.defaults import leaves_dropout_open
from foreword.training.interrupt import StopWish, stop_on_signals
from foreword.training.ngram import count_on
from foreword.training.pace import SECONDS, expected_passes, paces_by_threads, words_per_second
from foreword.training.progress import Event, Note, Reporter, TextProgress, silent
from foreword.training.recipes import find, overridden
from foreword.training.settings import Budget, TrainingSettings, settings_from
from foreword.training.target import refusal_for
from foreword.training.threads import MUCH_BETTER, Threads, most_threads, threads_restored, told
from foreword.training.trainer import Run
from foreword.training.trainer import train as train_loop


@dataclass(frozen=True)
class Validation:
    """How the held-out text is read.

    Attributes:
        words: by each validation during training, at most; None: all. The evaluation at the end
            reads all of them.
        streams: into which the text is cut then; see `score`.
        last_streams: those of the evaluation at the end.
    """

    words: int | None = 10_000
    streams: int = 8
    last_streams: int = 1


SOURCES_FILE = "sources.json"
"""Where the texts came from, so that `--resume` finds them again. Private."""
BOARD = "watch"
"""The folder in a model folder that TensorBoard reads."""
FREE = frozenset(
    {"minutes", "epochs", "steps", "patience", "threads", "save_seconds", "validations"}
)
"""Settings that may change when a run is resumed; a recipe's do not change them."""
KNOWN_BY_HEART = 2.0
"""Perplexity below which a text is no measure: no writing of people is so predictable."""
LONG = 100
"""Steps below which a run takes all threads, rather than time what is best."""
LOOK_EVERY = 20
"""Steps between two looks into a model that is watched."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    config: FolderConfig
    """As written to `config.json`: sizes, training record, evaluation."""
    stopped_by: str | None = None
    """The signal, SIGINT or SIGTERM, that ended the run early; everything is saved."""


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
    **leaves: Any,
) -> Outcome:
    """Trains a next-word model on texts and writes it to the folder `out`.

    Args:
        texts: files, folders, globs, gzip, `-`; one or several. None: the chats that come with the
            package.
        out: the model folder. Ctrl-C and SIGTERM save there and stop; `resume` goes on.
        valid: texts to validate on. None: the last twentieth of `texts` is held out.
        settings: the tree of settings.
        recipe: instead of the tree, the name of a recipe that comes with the package, or a recipe's
            file: see `foreword.training.recipes`.
        resume: go on from the checkpoint in `out`; of the settings only the budget may change.
        overwrite: replace a model that is in `out` already.
        report: is told of all that happens.
        watch: write what TensorBoard draws to `out`/watch: losses, gradients by layer and by
            distance, gates. The model becomes the same.
        **leaves: settings by their leaves' names, such as `model="gru"`, `minutes=5`. They go
            before the recipe's.

    Returns:
        What was written to `config.json`, and whether a signal ended the run early.

    Raises:
        TextError, SettingsError, FolderError, TrainingError: with what to do about it.
    """
    began = time.monotonic()
    folder, texts, valid = Path(out), paths_of(texts), paths_of(valid)
    if watch:
        writer_class()  # what is missing is said before a long text is read
    if recipe is not None:
        if settings is not None:
            raise SettingsError("give a recipe or a tree of settings, not both")
        of_recipe = find(recipe).settings
        if resume:
            of_recipe = {k: v for k, v in of_recipe.items() if k not in FREE}
        leaves = overridden(of_recipe, leaves)
    refusal = refusal_for(replaces=resume or overwrite)
    with claimed(folder, "train", refusal, lambda told: report(Note(told))):
        return _train(folder, texts, valid, settings, leaves, resume, watch, report, began)


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
    """Trains in a folder that is claimed; see `train`."""
    if resume:
        checkpoint = latest(folder)
        chosen = _resumed_settings(checkpoint, leaves)
        texts, valid = _remembered(folder, texts, valid)
        before = read_folder(folder)
        tokenizer, rare = before.tokenizer, before.rare
    else:
        checkpoint, tokenizer, rare = None, None, ()
        chosen = settings_from(leaves, settings)
    scratch = folder.absolute().parent
    corpus = read_corpus(texts, valid, chosen.text, scratch, report, tokenizer)
    if chosen.model.model == "ngram":
        seconds = time.monotonic() - began
        return Outcome(count_on(corpus, chosen, out=folder, report=report, seconds=seconds))
    if checkpoint is None:
        chosen = _with_threads(corpus, chosen, report)
        chosen = regularised(corpus, chosen, time.monotonic() - began, report)
    return train_on(
        corpus,
        chosen,
        out=folder,
        checkpoint=checkpoint,
        seconds=time.monotonic() - began,
        report=report,
        watch=watch,
        on_start=lambda: _remember(folder, texts, valid),
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
    on_start: Callable[[], None] = lambda: None,
    rare: Sequence[str] = (),
    validation: Validation = Validation(),
) -> Outcome:
    """Trains on a corpus that has been read already; see `train`.

    Args:
        corpus: the text as ids.
        settings: what was left open is decided by the corpus.
        out: the model folder.
        checkpoint: where to go on from.
        seconds: what the budget's clock says at the start of a fresh run.
        report: is told of all that happens.
        watch: as in `train`.
        on_start: called once the model folder is there.
        rare: words beyond the vocabulary, which the folder has and keeps.
        validation: how the held-out text is read.
    """
    settings = corpus.fill_in(settings)
    if settings.run.threads is None:
        with threads_restored():
            torch.set_num_threads(most_threads())
            return _train_on(
                *(corpus, settings, out, checkpoint, seconds, report, watch, on_start, rare),
                validation,
            )
    torch.set_num_threads(settings.run.threads)
    return _train_on(
        corpus, settings, out, checkpoint, seconds, report, watch, on_start, rare, validation
    )


def _train_on(
    corpus: Corpus,
    settings: TrainingSettings,
    out: Path,
    checkpoint: Checkpoint | None,
    seconds: float,
    report: Reporter,
    watch: bool,
    on_start: Callable[[], None],
    rare: Sequence[str],
    validation: Validation,
) -> Outcome:
    """Trains with the number of threads that torch has now, at first; see `train_on`."""
    config = corpus.model_config(settings)
    run = _new_run(corpus, config, settings, report, fresh=checkpoint is None)
    if checkpoint is None:
        run.start_at(seconds=seconds)
    else:
        before = checkpoint.document["text"]
        corpus.refuse_other(before, "this run was started with", "train anew")
        run.restore(checkpoint)
    report(Note(_summary(corpus, config)))

    def write(*, finished: bool, evaluation: Evaluation | None = None) -> FolderConfig:
        written = FolderConfig(
            format_version=format_version(config, "float32", corpus.tokenizer.config),
            model=config,
            tokenizer=corpus.tokenizer.config,
            training=_record(run, corpus, settings, finished),
            evaluation=evaluation,
        )
        write_folder(out, written, run.best, corpus.tokenizer, model_card(written), rare)
        return written

    def save(checkpoint: Checkpoint, best_changed: bool) -> None:
        if checkpoint.step == 0 or best_changed:
            write(finished=False)
        if checkpoint.step == 0:
            on_start()
        text = {"text": corpus.fingerprint}
        Checkpoint(checkpoint.arrays, {**checkpoint.document, **text}).write(out)

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
            after_step=_watching_threads(settings, report),
        )
        evaluation = None
        if finished:
            streams = validation.last_streams
            evaluation = _final_evaluation(run, corpus, wish, report, streams)
    if wish.signal is not None:
        return Outcome(write(finished=False), wish.signal.name)
    return Outcome(write(finished=True, evaluation=evaluation))


def _final_evaluation(
    run: Run, corpus: Corpus, wish: StopWish, report: Reporter, streams: int
) -> Evaluation | None:
    """The best weights, measured on all of the held-out text; None if there is none, or no time."""
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


def _remember(folder: Path, texts: Sequence[Any], valid: Sequence[Any]) -> None:
    document = {"texts": absolute(texts), "valid": absolute(valid)}
    (folder / FOLDER).mkdir(exist_ok=True)
    atomic_write(folder / FOLDER / SOURCES_FILE, json.dumps(document, indent=2).encode())


def _remembered(
    folder: Path, texts: Sequence[Any], valid: Sequence[Any]
) -> tuple[Sequence[Any], Sequence[Any]]:
    path = folder / FOLDER / SOURCES_FILE
    try:
        document = json.loads(path.read_text("utf-8"))
        return texts or document["texts"], valid or document["valid"]
    except (OSError, ValueError, KeyError) as error:
        if texts:
            return texts, valid
        raise TrainingError(
            f"{path} cannot be read ({error}), so it is not known which text this run reads. "
            "Name the text again."
        ) from error


def _new_run(
    corpus: Corpus,
    config: ModelConfig,
    settings: TrainingSettings,
    report: Reporter,
    *,
    fresh: bool = False,
) -> Run:
    """A run before its first step; `fresh` if its weights count, and are not yet to be replaced."""
    device = device_named(settings.run.device)
    generator = torch.Generator().manual_seed(settings.run.seed)
    model = build(config, _regularisation(settings), generator)
    if fresh and settings.softmax.softmax_start == "frequencies":
        model.start_from(torch.from_numpy(corpus.train.counts(config.vocab_size)))
    model = model.to(device)
    if device.type != "cpu":
        # Initial weights are drawn on the CPU, the same for every device; masks on the device.
        generator = torch.Generator(device).manual_seed(settings.run.seed)
        model.use_generator(generator)
    windows = _windows(settings, corpus.train.ids)
    if isinstance(windows, StreamWindows) and windows.batch_size < settings.bptt.batch_size:
        report(
            Note(
                f"the text is short: {windows.batch_size} streams side by side instead of "
                f"{settings.bptt.batch_size}"
            )
        )
    precision = {
        "auto": fast_precision(device),
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
    }[settings.run.precision]
    return Run(model, windows, settings, generator, precision)


def _watching_threads(settings: TrainingSettings, report: Reporter) -> Callable[[int, float], None]:
    """Sets the number of threads as the run goes, if it may change."""
    is_open = settings.run.threads is None and settings.budget.minutes is not None
    if not is_open or settings.run.device != "cpu":
        return lambda _words, _seconds: None
    return Threads(torch.get_num_threads(), report).after_step


def _with_threads(corpus: Corpus, settings: TrainingSettings, report: Reporter) -> TrainingSettings:
    """The settings with a number of threads for the whole run, if its end does not depend on time.

    Its weights then depend on nothing but the settings, this number among them: so it stays the
    same when the run is resumed.
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


def _trial(corpus: Corpus, settings: TrainingSettings) -> Run:
    """A run whose steps are timed, and which is then forgotten."""
    trial = corpus.fill_in(settings).model_copy(
        update={
            "budget": Budget(steps=1_000_000),
            "bptt": settings.bptt.model_copy(update={"batch_ramp": 0.0, "window_ramp": 0.0}),
        }
    )
    return _new_run(corpus, corpus.model_config(trial), trial, silent)


def regularised(
    corpus: Corpus, settings: TrainingSettings, seconds: float, report: Reporter
) -> TrainingSettings:
    """The settings with dropout that suits the number of passes over the text, if it is open.

    How many there will be in some minutes is found out by steps of a model that is then forgotten.

    Args:
        corpus: the text as ids.
        settings: what was chosen, and the ends.
        seconds: of the minutes that are gone.
        report: is told what was chosen.
    """
    if not leaves_dropout_open(settings.dropout):
        return settings
    began, pace = time.monotonic(), None
    if settings.budget.minutes is not None:
        longest = min(SECONDS, 0.05 * 60 * settings.budget.minutes)
        run = _trial(corpus, settings)
        if settings.run.threads is None:
            pace = max(paces_by_threads(run, longest).values())
        else:
            torch.set_num_threads(settings.run.threads)
            pace = words_per_second(run, longest)
    seconds += time.monotonic() - began
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


def _summary(corpus: Corpus, config: ModelConfig) -> str:
    held_out = f", {len(corpus.valid):,} held out" if corpus.valid is not None else ""
    return (
        f"{config.name}, {count_parameters(config):,} parameters; {len(corpus.train):,} words"
        f"{held_out}; vocabulary {corpus.tokenizer.vocab_size:,}, "
        f"{corpus.train.unknown / len(corpus.train):.1%} of the words outside"
    )


def _regularisation(settings: TrainingSettings) -> Regularisation:
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
