"""Train a model folder from texts: `foreword.train`. Connects the packages; has no loop."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Unpack

from foreword.errors import SettingsError
from foreword.folder.claim import claimed
from foreword.folder.config import FolderConfig, TranslationFolderConfig
from foreword.folder.store import holds_model, read_folder
from foreword.folder.translation_store import holds_translation, read_translation
from foreword.text.corpus import Paths, paths_of
from foreword.text.subwords import Subwords
from foreword.text.tokenizer import Tokenizer
from foreword.training.adapting import Base
from foreword.training.board import writer_class
from foreword.training.checkpoint import Checkpoint, begun_by, has_begun, home, latest, usable
from foreword.training.corpus import Corpus, read_corpus
from foreword.training.keeping import Remembered, remember, remembered
from foreword.training.leaves import Leaves
from foreword.training.next_words import EACH, NextWordTask, Validation
from foreword.training.ngram import count_on
from foreword.training.pair_corpus import read_pair_corpus, refuse_two_kinds
from foreword.training.precision import keep_few_products
from foreword.training.prepared import with_settings_of
from foreword.training.preparing import regularised, with_threads
from foreword.training.progress import Note, Reporter, silent
from foreword.training.ranks import ALONE, Ranks, joined
from foreword.training.recipes import of_recipe, overridden
from foreword.training.session import Outcome, carry_out
from foreword.training.settings import TrainingSettings, settings_from
from foreword.training.target import refusal_for
from foreword.training.translations import TranslationTask

FREE = frozenset(
    {"minutes", "epochs", "steps", "patience", "threads", "save_seconds", "validations"}
)
"""Settings that may change when a run is resumed; a recipe does not change them."""


def train(
    texts: Paths = (),
    *,
    out: str | PathLike[str],
    valid: Paths = (),
    pairs: Paths = (),
    valid_pairs: Paths = (),
    continues: str | PathLike[str] | None = None,
    old_pairs: Paths = (),
    settings: TrainingSettings | None = None,
    recipe: str | PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    report: Reporter = silent,
    watch: bool = False,
    **leaves: Unpack[Leaves],
) -> Outcome[Any]:
    """Train a next-word model on texts, or a translation model on pairs, into the folder `out`.

    Args:
        texts: files, folders, globs, gzip files, `-`; one or several. None: the chats that come
            with the package. Or a folder that `foreword.prepare` has written, alone.
        out: the model folder. Ctrl-C and SIGTERM save to it and stop; `resume` continues.
        valid: texts to validate on. None: the last twentieth of `texts` is held out.
        pairs: sentences and their translations, instead of texts: two files line by line, or files
            that hold both, such as TMX, PO, XLIFF or TSV. They train a translation model.
        valid_pairs: pairs to validate on. None: some of `pairs` are held out.
        continues: a translation model to continue, such as with a translator's corrections as
            `pairs`. Its sub-words and its architecture stay. Each pass over the pairs also reads
            some of those that it was trained on, so that it does not forget; see the setting
            `new_share`. It is validated on both: the weights are kept that have learned the most
            and forgotten the least.
        old_pairs: the pairs that it was trained on. None: those that its folder remembers.
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
    keep_few_products()
    ranks = joined()
    if not ranks.is_first:
        report, watch = silent, False
    with ExitStack() as until_end:
        until_end.enter_context(ranks.reporting())
        packages = "foreword", "torch"
        ranks.refuse_others(
            {f"version of {name}": version(name).partition("+")[0] for name in packages}
        )
        folder, texts, valid = Path(out), paths_of(texts), paths_of(valid)
        pairs, valid_pairs = paths_of(pairs), paths_of(valid_pairs)
        refuse_two_kinds([*texts, *valid], [*pairs, *valid_pairs])
        if continues is not None and (not pairs or resume):
            raise SettingsError(
                "a model is continued on new pairs: give them with --pairs (`pairs`). A run that "
                "was interrupted continues with --resume alone (`resume=True`)"
            )
        if old_pairs and continues is None:
            raise SettingsError("old pairs are those of a model to continue: give --continue MODEL")
        if watch:
            writer_class()  # missing libraries are reported before a long text is read
        without = FREE if resume else frozenset()
        recipe_leaves = {k: v for k, v in of_recipe(recipe, settings).items() if k not in without}
        chosen: Mapping[str, Any] = overridden(recipe_leaves, leaves)
        is_repeated = _is_repeated(folder, ranks)

        def claim() -> None:
            if ranks.is_first:
                refusal = refusal_for(replaces=resume or overwrite or is_repeated)
                claim = claimed(folder, "train", refusal, lambda told: report(Note(told)))
                until_end.enter_context(claim)

        ranks.all_or_none(claim)
        resume = resume or is_repeated
        if ranks.launch.restarts > 0 and not resume:
            report(
                Note(
                    f"torchrun has restarted the processes, but {folder} has no checkpoint of this "
                    "run: it begins again. All hosts must share this folder"
                )
            )
        base = None
        if continues is not None:
            _refuse_several(ranks, "pairs")
            base = Base.read(continues, paths_of(old_pairs), valid_pairs, report)
            chosen = base.leaves(chosen)
        if pairs or (resume and holds_model(home(folder)) and holds_translation(home(folder))):
            _refuse_several(ranks, "pairs")
            return _train_pairs(
                folder, pairs, valid_pairs, base, settings, chosen, resume, watch, report, began
            )
        return _train(folder, texts, valid, settings, chosen, resume, watch, report, began, ranks)


def _is_repeated(folder: Path, ranks: Ranks) -> bool:
    """Return whether torchrun has restarted this run, which has a checkpoint in its folder.

    A host that has joined later counts no restarts, so the first process decides by the name of the
    run, or, if it has none, all of them by their restarts.
    """
    launch = ranks.launch
    (restarted,) = ranks.summed(float(launch.restarts > 0))
    if launch.run is None:
        is_repeated = restarted > 0 and has_begun(folder)
    else:
        is_repeated = begun_by(home(folder)) == launch.run
    return bool(ranks.of_first(float(is_repeated)))


def _train_pairs(
    folder: Path,
    pairs: Sequence[Any],
    valid: Sequence[Any],
    base: Base | None,
    settings: TrainingSettings | None,
    leaves: Mapping[str, Any],
    resume: bool,
    watch: bool,
    report: Reporter,
    began: float,
) -> Outcome[TranslationFolderConfig]:
    """Train a translation model in a folder that is claimed; see `train`."""
    checkpoint, chosen = _begun(folder, settings, leaves, resume=resume)
    subwords: Subwords | None = None
    old: Sequence[Any] = ()
    if resume:
        pairs, valid, old = remembered(home(folder), pairs, valid)
        subwords = read_translation(home(folder)).subwords
    elif base is not None:
        subwords, old, valid = base.folder.subwords, base.old, base.valid
    corpus = read_pair_corpus(pairs, valid, chosen, report, subwords, old)
    return carry_out(
        TranslationTask(corpus, chosen, base),
        out=folder,
        checkpoint=checkpoint,
        seconds=time.monotonic() - began,
        report=report,
        watch=watch,
        on_start=lambda model_home: remember(model_home, pairs, valid, old),
    )


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
    ranks: Ranks,
) -> Outcome[FolderConfig]:
    """Train in a folder that is claimed; see `train`."""
    # The parent of an existing folder may be read-only.
    scratch = folder if folder.is_dir() else folder.absolute().parent
    if not ranks.is_first:
        scratch = Path(gettempdir())

    def read() -> tuple[Checkpoint | None, TrainingSettings, Corpus, Remembered, Sequence[str]]:
        checkpoint, chosen = _begun(folder, settings, leaves, resume=resume)
        sources = Remembered(texts, valid)
        tokenizer: Tokenizer | None = None
        rare: Sequence[str] = ()
        if resume:
            sources = remembered(home(folder), texts, valid)
            before = read_folder(home(folder))
            tokenizer, rare = before.tokenizer, before.rare
        chosen = with_settings_of(sources.texts, chosen, leaves)
        corpus = read_corpus(sources.texts, sources.valid, chosen.text, scratch, report, tokenizer)
        return checkpoint, chosen, corpus, sources, rare

    checkpoint, chosen, corpus, sources, rare = ranks.all_or_none(read)
    with usable(folder):
        step = None if checkpoint is None else checkpoint.step
    ranks.refuse_others(
        {
            "text": dict(corpus.fingerprint),
            "vocabulary size": corpus.tokenizer.vocab_size,
            "step in its checkpoint": step,
            **chosen.leaves(),
        }
    )
    if chosen.model.model == "ngram":
        _refuse_several(ranks, "n-grams")
        seconds = time.monotonic() - began
        return Outcome(count_on(corpus, chosen, out=folder, report=report, seconds=seconds))
    if checkpoint is None:
        if ranks.count == 1:
            chosen = with_threads(corpus, chosen, report)
        chosen = regularised(corpus, chosen, time.monotonic() - began, report, ranks)
    return train_on(
        corpus,
        chosen,
        out=folder,
        checkpoint=checkpoint,
        seconds=time.monotonic() - began,
        report=report,
        watch=watch,
        on_start=lambda model_home: remember(model_home, sources.texts, sources.valid),
        rare=rare,
        ranks=ranks,
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
    ranks: Ranks = ALONE,
) -> Outcome[FolderConfig]:
    """Train on a corpus that has been read already; see `train`.

    Args:
        corpus: the text as ids.
        settings: settings, whose open choices the corpus decides.
        out: the model folder.
        checkpoint: the checkpoint to continue from.
        seconds: the part of the budget that is used up when a new run starts.
        report: called with all events.
        watch: as in `train`.
        on_start: called with the folder of a new run before it becomes valid, to add files to it.
        rare: words beyond the vocabulary, which are stored in the folder.
        validation: how the held-out text is read.
        ranks: the processes that train the model.
    """
    keep_few_products()
    return carry_out(
        NextWordTask(corpus, settings, rare, validation, ranks),
        out=out,
        checkpoint=checkpoint,
        seconds=seconds,
        report=report,
        watch=watch,
        on_start=on_start,
        ranks=ranks,
    )


def _refuse_several(ranks: Ranks, kind: str) -> None:
    """Refuse what only one process can do.

    Raises:
        SettingsError: there are several.
    """
    if ranks.count > 1:
        raise SettingsError(f"training on {kind} uses a single process: start it without torchrun")


def _begun(
    folder: Path, settings: TrainingSettings | None, leaves: Mapping[str, Any], *, resume: bool
) -> tuple[Checkpoint | None, TrainingSettings]:
    """Return the checkpoint to continue from, if any, and the settings."""
    if not resume:
        return None, settings_from(leaves, settings)
    checkpoint = latest(home(folder))
    with usable(folder):
        return checkpoint, _resumed_settings(checkpoint, leaves)


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
