"""Train a model folder from texts: `foreword.train`. Composes the rooms; holds no loop."""

import time
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from foreword.errors import SettingsError
from foreword.folder.claim import claimed
from foreword.folder.config import FolderConfig
from foreword.folder.store import read_folder
from foreword.text.corpus import Paths, paths_of
from foreword.training.board import writer_class
from foreword.training.checkpoint import Checkpoint, home, latest
from foreword.training.corpus import Corpus, read_corpus
from foreword.training.keeping import remember, remembered
from foreword.training.leaves import Leaves
from foreword.training.next_words import EACH, NextWordTask, Validation
from foreword.training.ngram import count_on
from foreword.training.preparing import regularised, with_threads
from foreword.training.progress import Note, Reporter, silent
from foreword.training.recipes import find, overridden
from foreword.training.session import Outcome, carry_out
from foreword.training.settings import TrainingSettings, settings_from
from foreword.training.target import refusal_for

FREE = frozenset(
    {"minutes", "epochs", "steps", "patience", "threads", "save_seconds", "validations"}
)
"""Settings that may change when a run is resumed; a recipe does not change them."""


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
) -> Outcome[FolderConfig]:
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
) -> Outcome[FolderConfig]:
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
    validation: Validation = EACH,
) -> Outcome[FolderConfig]:
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
    return carry_out(
        NextWordTask(corpus, settings, rare, validation),
        out=out,
        checkpoint=checkpoint,
        seconds=seconds,
        report=report,
        watch=watch,
        on_start=on_start,
    )


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
