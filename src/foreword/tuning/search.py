"""Search for settings: `foreword.tune`. Checks what is asked and begins or resumes a search."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

from foreword.errors import FolderError, SettingsError, TextError
from foreword.folder.adopting import whole
from foreword.folder.claim import claimed
from foreword.folder.files import atomic_write, writing
from foreword.kernels.threads import threads_within_quota
from foreword.text.corpus import Paths, paths_of
from foreword.training.corpus import Corpus, read_corpus
from foreword.training.leaves import LeavesWithoutEnd
from foreword.training.pair_corpus import PairCorpus, read_pair_corpus, refuse_two_kinds
from foreword.training.prepared import with_settings_of
from foreword.training.progress import Note, Reporter, silent
from foreword.training.recipes import of_recipe, overridden
from foreword.training.settings import ENDS, Leaf, TrainingSettings, settings_from
from foreword.tuning.folder import JOURNAL, SCRATCH, SEARCH, TRIALS, mend_journal, refusal_for
from foreword.tuning.space import as_texts, default_space, space_of
from foreword.tuning.trials import (
    Search,
    Trials,
    Tuning,
    as_json,
    optuna_module,
    quiet,
    searched,
    summary,
)

MINUTES_EACH = 2.0
FREE = ("threads", "save_seconds")
"""The settings that may differ when a search is resumed."""


@threads_within_quota()
def tune(
    texts: Paths = (),
    *,
    out: str | PathLike[str],
    valid: Paths = (),
    pairs: Paths = (),
    valid_pairs: Paths = (),
    search: Sequence[str] = (),
    trials: int = 20,
    minutes_each: float | None = None,
    epochs_each: float | None = None,
    steps_each: int | None = None,
    settings: TrainingSettings | None = None,
    recipe: str | PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    report: Reporter = silent,
    **leaves: Unpack[LeavesWithoutEnd],
) -> Tuning:
    """Search for the settings that validate best on a text, and write them as a recipe.

    The first trial has the settings that `train` would choose. Trials that are behind half of the
    others at the same share of their budget are given up. Only the held-out text decides.

    Args:
        texts: as for `train`; empty for the carried chats. They are read once.
        out: the folder for `best.toml`, `trials.json` and what resuming needs. Ctrl-C and SIGTERM
            keep the finished trials.
        valid: as for `train`.
        pairs: sentence pairs instead of texts, as for `train`: a translation model is tuned.
        valid_pairs: as for `train`.
        search: what to search, such as `["learning_rate=1e-3..3e-2:log", "model=lstm,gru"]`. None:
            what suits the architecture, except settings in `leaves`.
        trials: the number of trials, including those of earlier calls.
        minutes_each: minutes per trial; 2 if it, `epochs_each` and `steps_each` are all None.
        epochs_each: passes over the text per trial.
        steps_each: steps per trial. Like `epochs_each`, it does not depend on the machine.
        settings: the tree of settings that all trials share.
        recipe: instead of the tree, a recipe's name or file, as for `train`. Its budget is ignored.
        resume: whether to continue the search in `out`, whose texts and settings need not be named.
        overwrite: whether to replace a search in `out`.
        report: called with all events.
        **leaves: settings that all trials share, by their names; `seed` is the seed of the search
            too.

    Raises:
        MissingExtraError: `foreword[tune]` is not installed.
        TextError, SettingsError, FolderError, TrainingError: with what to do about it.
    """
    optuna_module()
    folder = Path(out)
    each = {"minutes": minutes_each, "epochs": epochs_each, "steps": steps_each}
    recipe_leaves = {k: v for k, v in of_recipe(recipe, settings).items() if k not in ENDS}
    texts, valid = paths_of(texts), paths_of(valid)
    pairs, valid_pairs = paths_of(pairs), paths_of(valid_pairs)
    refuse_two_kinds([*texts, *valid], [*pairs, *valid_pairs])
    asked = _Asked(
        pairs or texts,
        valid_pairs or valid,
        bool(pairs),
        tuple(search),
        settings,
        recipe_leaves,
        each,
        leaves,
    )
    if trials < 1:
        raise SettingsError(f"trials must be at least 1, not {trials}")
    refusal = refusal_for(resume=resume, overwrite=overwrite)
    with claimed(folder, "tune", refusal, lambda told: report(Note(told))):
        return _tune(folder, asked, trials, resume=resume, report=report)


def _tune(folder: Path, asked: "_Asked", trials: int, *, resume: bool, report: Reporter) -> Tuning:
    """Search in a folder that is claimed; see `tune`."""
    study = _resumed(folder, asked) if resume else _begun(asked)
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(SCRATCH + "*"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    corpus: Corpus | PairCorpus
    if study.translates:
        corpus = read_pair_corpus(study.texts, study.valid, study.settings, report)
    else:
        corpus = read_corpus(study.texts, study.valid, study.settings.text, folder, report)
    if corpus.valid is None:
        option = "--valid-pairs" if study.translates else "--valid"
        raise TextError(f"the text is too short to hold out a part of it: give {option} FILE")
    document = study.document(corpus)
    with writing(folder):
        if resume:
            before = json.loads((folder / SEARCH).read_text("utf-8"))["text"]
            corpus.refuse_other(before, "this search was begun with", "begin anew")
            atomic_write(folder / SEARCH, as_json(document))
        else:
            # An older search is removed at once. Its recipe stays until there is a better one.
            with whole(folder) as draft:
                atomic_write(draft / SEARCH, as_json(document))
                atomic_write(draft / TRIALS, as_json(summary(study, corpus, (), None)))
                (draft / JOURNAL).touch()
        mend_journal(folder)
        with quiet():
            return searched(Trials(folder), corpus, study, trials, report)


@dataclass(frozen=True)
class _Asked:
    """The arguments of a call."""

    texts: Sequence[Any]
    valid: Sequence[Any]
    translates: bool
    search: Sequence[str]
    settings: TrainingSettings | None
    recipe: Mapping[str, Leaf]
    each: Mapping[str, float | None]
    leaves: Mapping[str, Any]


def _begun(asked: _Asked) -> Search:
    """Return a new search, with all of its settings checked."""
    given = {name for name, value in asked.leaves.items() if value is not None}
    if ends := sorted(given & set(ENDS)):
        raise SettingsError(f"{ends[0]} is set for each trial: use {ends[0]}_each")
    each = dict(asked.each)
    if all(value is None for value in each.values()):
        each["minutes"] = MINUTES_EACH
    base = settings_from(overridden(asked.recipe, asked.leaves), asked.settings)
    tree = base.model_dump()
    tree["budget"] |= dict.fromkeys(ENDS) | each
    base = TrainingSettings.checked(tree)
    if not asked.translates:
        base = with_settings_of(asked.texts, base, overridden(asked.recipe, asked.leaves))
    if asked.search:
        space = space_of(asked.search, base, translates=asked.translates)
        if twice := sorted(given & set(space)):
            raise SettingsError(f"{twice[0]} is both set and searched: leave one of them out")
    else:
        usual = default_space(base, translates=asked.translates)
        space = {k: v for k, v in usual.items() if k not in given}
        if not space:
            raise SettingsError("everything is set: name what to search with --search")
    return Search(base, space, asked.texts, asked.valid, asked.translates)


def _resumed(folder: Path, asked: _Asked) -> Search:
    """Return the search in a folder. Arguments that are given again must be the same."""
    path = folder / SEARCH
    try:
        document = json.loads(path.read_text("utf-8"))
        settings = TrainingSettings.checked(document["settings"])
        translates = bool(document.get("translates", False))
        space = space_of(document["search"], settings, translates=translates)
        texts, valid = document["texts"], document["valid"]
        document["text"].keys()  # compared later
    except FileNotFoundError as error:
        raise FolderError(
            f"{folder} holds no search to continue. Leave --resume out to begin one."
        ) from error
    except (AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        raise FolderError(f"{path} is damaged ({error}). Begin anew with --overwrite.") from error
    flat, given = settings.leaves(), {**overridden(asked.recipe, asked.leaves), **asked.each}
    for name, value in given.items():
        if value is not None and name not in FREE and flat.get(name) != value:
            raise SettingsError(
                f"{name} is {flat.get(name)!r} in the search to continue and cannot become "
                f"{value!r}: its trials would not be comparable. Leave it out, or begin anew."
            )
    kept = {name: value for name, value in asked.leaves.items() if name in FREE}
    if asked.search and space_of(asked.search, settings, translates=translates) != space:
        raise SettingsError(
            f"the search to continue is of {', '.join(as_texts(space))}. Leave --search out, or "
            "begin anew."
        )
    settings = settings_from(kept, settings)
    if asked.translates and not translates:
        raise SettingsError(f"the search in {folder} is of texts, not of pairs")
    return Search(settings, space, asked.texts or texts, asked.valid or valid, translates)
