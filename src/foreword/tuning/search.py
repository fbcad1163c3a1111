"""Search for settings: `foreword.tune`. Trains on a text that is read once; Optuna proposes.

Optuna's next proposal depends only on the seed and the finished trials, so that an interrupted
search continues as if it had not been interrupted.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from foreword.errors import FolderError, MissingExtraError, SettingsError, TextError, TrainingError
from foreword.folder.adopting import whole
from foreword.folder.claim import claimed
from foreword.folder.files import atomic_write, writing
from foreword.kernels.threads import threads_within_quota
from foreword.text.corpus import Paths, paths_of
from foreword.training.corpus import Corpus, absolute, read_corpus
from foreword.training.interrupt import stop_on_signals
from foreword.training.leaves import LeavesWithoutEnd
from foreword.training.ngram import count_on
from foreword.training.preparing import regularised
from foreword.training.progress import Event, Note, Reporter, Validated, silent
from foreword.training.recipes import Recipe, find, overridden, write
from foreword.training.run import train_on
from foreword.training.settings import ENDS, PRIVATE, Leaf, TrainingSettings, settings_from
from foreword.tuning.folder import (
    BEST,
    JOURNAL,
    SCRATCH,
    SEARCH,
    TRIALS,
    mend_journal,
    refusal_for,
)
from foreword.tuning.space import Choice, Space, as_texts, default_space, rounded, space_of

if TYPE_CHECKING:
    import optuna

MINUTES_EACH = 2.0
STARTUP_TRIALS = 8
"""The number of random trials before finished ones guide the search."""
UNPRUNED_TRIALS, UNPRUNED_VALIDATIONS = 4, 2
"""The number of finished trials, and of its own validations, before a trial can be given up."""
FREE = ("threads", "save_seconds")
"""The settings that may differ when a search is resumed."""


@dataclass(frozen=True)
class Tried:
    """One trial.

    Attributes:
        number: from 1, in the order in which the trials finished.
        settings: the searched settings with their values.
        outcome: "done"; "pruned", given up since half of the others were better at that point; or
            "diverged".
        perplexity: on all of the held-out text, for a finished trial.
        validations: the perplexities during training, on the first words of that text.
        seconds: the duration of the trial.
    """

    number: int
    settings: dict[str, Leaf]
    outcome: str
    perplexity: float | None
    validations: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Tuning:
    """The result of a search.

    Attributes:
        trials: all finished trials, including those of earlier calls.
        best: the trial of the lowest perplexity; None if none was finished.
        recipe: the file with its settings.
        stopped_by: the signal, SIGINT or SIGTERM, that ended the search early; finished trials are
            kept.
    """

    trials: tuple[Tried, ...]
    best: Tried | None
    recipe: Path | None
    stopped_by: str | None = None


@dataclass(frozen=True)
class _Search:
    """What stays the same from trial to trial; stored in `search.json`."""

    settings: TrainingSettings
    space: Space
    texts: Sequence[Any]
    valid: Sequence[Any]

    def document(self, corpus: Corpus) -> dict[str, Any]:
        return {
            "settings": self.settings.model_dump(mode="json"),
            "search": as_texts(self.space),
            "texts": absolute(self.texts),
            "valid": absolute(self.valid),
            "text": corpus.fingerprint,
        }


@threads_within_quota()
def tune(
    texts: Paths = (),
    *,
    out: str | PathLike[str],
    valid: Paths = (),
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
    _optuna()
    folder = Path(out)
    each = {"minutes": minutes_each, "epochs": epochs_each, "steps": steps_each}
    if recipe is not None and settings is not None:
        raise SettingsError("give a recipe or a tree of settings, not both")
    of_recipe = {} if recipe is None else find(recipe).settings
    of_recipe = {name: value for name, value in of_recipe.items() if name not in ENDS}
    asked = _Asked(
        paths_of(texts), paths_of(valid), tuple(search), settings, of_recipe, each, leaves
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
    corpus = read_corpus(study.texts, study.valid, study.settings.text, folder, report)
    if corpus.valid is None:
        raise TextError("the text is too short to hold a part of it out: give --valid FILE")
    document = study.document(corpus)
    with writing(folder):
        if resume:
            before = json.loads((folder / SEARCH).read_text("utf-8"))["text"]
            corpus.refuse_other(before, "this search was begun with", "begin anew")
            atomic_write(folder / SEARCH, _json(document))
        else:
            # An older search is removed at once. Its recipe stays until there is a better one.
            with whole(folder) as draft:
                atomic_write(draft / SEARCH, _json(document))
                atomic_write(draft / TRIALS, _json(_told_of(study, corpus, (), None)))
                (draft / JOURNAL).touch()
        mend_journal(folder)
        with _quiet():
            return _searched(_Trials(folder), corpus, study, trials, report)


@dataclass(frozen=True)
class _Asked:
    """The arguments of a call."""

    texts: Sequence[Any]
    valid: Sequence[Any]
    search: Sequence[str]
    settings: TrainingSettings | None
    recipe: Mapping[str, Leaf]
    each: Mapping[str, float | None]
    leaves: Mapping[str, Any]


def _begun(asked: _Asked) -> _Search:
    """Return a new search, with all of its settings checked."""
    given = {name for name, value in asked.leaves.items() if value is not None}
    if ends := sorted(given & set(ENDS)):
        raise SettingsError(f"{ends[0]} is said for each trial: {ends[0]}_each")
    each = dict(asked.each)
    if all(value is None for value in each.values()):
        each["minutes"] = MINUTES_EACH
    base = settings_from(overridden(asked.recipe, asked.leaves), asked.settings)
    tree = base.model_dump()
    tree["budget"] |= dict.fromkeys(ENDS) | each
    base = TrainingSettings.checked(tree)
    if asked.search:
        space = space_of(asked.search, base)
        if twice := sorted(given & set(space)):
            raise SettingsError(f"{twice[0]} is both set and searched: leave one of them out")
    else:
        space = {k: v for k, v in default_space(base).items() if k not in given}
        if not space:
            raise SettingsError("everything is set: name what to search with --search")
    return _Search(base, space, asked.texts, asked.valid)


def _resumed(folder: Path, asked: _Asked) -> _Search:
    """Return the search in a folder. Arguments that are given again must be the same."""
    path = folder / SEARCH
    try:
        document = json.loads(path.read_text("utf-8"))
        settings = TrainingSettings.checked(document["settings"])
        space = space_of(document["search"], settings)
        texts, valid = document["texts"], document["valid"]
    except FileNotFoundError as error:
        raise FolderError(
            f"{folder} holds no search to go on with. Leave --resume out to begin one."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{path} is damaged ({error}). Begin anew with --overwrite.") from error
    flat, given = settings.leaves(), {**overridden(asked.recipe, asked.leaves), **asked.each}
    for name, value in given.items():
        if value is not None and name not in FREE and flat.get(name) != value:
            raise SettingsError(
                f"{name} is {flat.get(name)!r} in the search to go on with and cannot become "
                f"{value!r}: its trials would not compare. Leave it out, or begin anew."
            )
    kept = {name: value for name, value in asked.leaves.items() if name in FREE}
    if asked.search and space_of(asked.search, settings) != space:
        raise SettingsError(
            f"the search to go on with is of {', '.join(as_texts(space))}. Leave --search out, or "
            "begin anew."
        )
    settings = settings_from(kept, settings)
    return _Search(settings, space, asked.texts or texts, asked.valid or valid)


def _searched(
    kept: "_Trials", corpus: Corpus, search: _Search, trials: int, report: Reporter
) -> Tuning:
    """Run trials until enough are finished, or someone stops the search."""
    done = kept.tried()
    with stop_on_signals() as wish:
        while len(done) < trials and not wish:
            usual = _usual(corpus, search, report) if not done else None
            trial = kept.ask(search, len(done), usual)
            leaves = _suggested(trial, search.space)
            report(Note(f"trial {len(done) + 1} of {trials}: {_told(leaves)}"))
            signal = _try(kept, trial, leaves, corpus, search, report)
            if signal is not None:
                return kept.written(search, corpus, signal)
            kept.written(search, corpus)
            done = kept.tried()
            report(Note(_verdict(done)))
    return kept.written(search, corpus, None if wish.signal is None else wish.signal.name)


def _try(
    kept: "_Trials",
    trial: "optuna.Trial",
    leaves: Mapping[str, Leaf],
    corpus: Corpus,
    search: _Search,
    report: Reporter,
) -> str | None:
    """Train one trial and report it to Optuna, or return the signal that ended it early."""
    settings = settings_from(leaves, search.settings)
    began = time.monotonic()
    diary = _Diary(trial, report)

    def told(**outcome: Any) -> None:
        trial.set_user_attr("settings", dict(leaves))
        trial.set_user_attr("seconds", round(time.monotonic() - began, 1))
        kept.study.tell(trial, **outcome)

    states = _optuna().trial.TrialState
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=kept.folder) as scratch:
        out = Path(scratch) / "model"
        try:
            if settings.model.model == "ngram":
                config = count_on(corpus, settings, out=out, report=report)
            else:
                # Not fixed for all trials: in the recipe dropout stays open, unless it is searched.
                settings = regularised(corpus, settings, 0.0, report)
                outcome = train_on(corpus, settings, out=out, report=diary)
                if outcome.stopped_by is not None:
                    told(state=states.FAIL)
                    return outcome.stopped_by
                config = outcome.config
        except _optuna().TrialPruned:
            told(state=states.PRUNED)
            return None
        except TrainingError as error:
            report(Note(str(error)))
            trial.set_user_attr("diverged", True)
            told(state=states.PRUNED)
            return None
        except BaseException:
            told(state=states.FAIL)
            raise
    assert config.evaluation is not None
    told(values=config.evaluation.perplexity)
    return None


class _Diary:
    """Report validations to Optuna, and stop the run of a trial that is behind."""

    def __init__(self, trial: "optuna.Trial", report: Reporter) -> None:
        self.trial = trial
        self.report = report
        self.validations = 0

    def __call__(self, event: Event) -> None:
        self.report(event)
        if isinstance(event, Validated):
            # By the number of the validation, a share of the budget, since trials may differ in the
            # number of words per step.
            self.trial.report(event.perplexity, self.validations)
            self.validations += 1
            if self.trial.should_prune():
                raise _optuna().TrialPruned


class _Trials:
    """The trials of a folder, in Optuna's journal and in the files for people."""

    def __init__(self, folder: Path) -> None:
        optuna = _optuna()
        self.folder = folder
        self.study = optuna.create_study(
            storage=optuna.storages.JournalStorage(
                optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
            ),
            pruner=optuna.pruners.MedianPruner(UNPRUNED_TRIALS, UNPRUNED_VALIDATIONS),
            study_name="foreword",
            direction="minimize",
            load_if_exists=True,
        )
        states = optuna.trial.TrialState
        for trial in self.study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            self.study.tell(trial.number, state=states.FAIL)  # its process was killed

    def ask(self, search: _Search, done: int, usual: Mapping[str, Leaf] | None) -> "optuna.Trial":
        """Return the next trial; `usual` holds the values to try, if given."""
        drawn = np.random.SeedSequence(search.settings.run.seed, spawn_key=(done,))
        seed = int(drawn.generate_state(1)[0])
        self.study.sampler = _optuna().samplers.TPESampler(
            seed=seed, n_startup_trials=STARTUP_TRIALS
        )
        waiting = (_optuna().trial.TrialState.WAITING,)
        if usual is not None and not self.study.get_trials(deepcopy=False, states=waiting):
            self.study.enqueue_trial(dict(usual))
        asked: optuna.Trial = self.study.ask()
        return asked

    def tried(self) -> tuple[Tried, ...]:
        """Return the finished trials; interrupted ones will be tried again."""
        states = _optuna().trial.TrialState
        trials = self.study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))
        return tuple(
            Tried(
                number=number,
                settings=trial.user_attrs["settings"],
                outcome=(
                    "done"
                    if trial.state == states.COMPLETE
                    else "diverged"
                    if "diverged" in trial.user_attrs
                    else "pruned"
                ),
                perplexity=trial.value if trial.state == states.COMPLETE else None,
                validations=tuple(v for _, v in sorted(trial.intermediate_values.items())),
                seconds=trial.user_attrs["seconds"],
            )
            for number, trial in enumerate(trials, 1)
        )

    def written(self, search: _Search, corpus: Corpus, signal: str | None = None) -> Tuning:
        """Write `trials.json` and `best.toml`, and return the outcome so far."""
        done = self.tried()
        best = _best(done)
        atomic_write(self.folder / TRIALS, _json(_told_of(search, corpus, done, best)))
        recipe = None
        if best is not None:
            recipe = self.folder / BEST
            write(_recipe(search, corpus, best, len(done)), recipe)
        return Tuning(done, best, recipe, signal)


def _told_of(
    search: _Search, corpus: Corpus, done: Sequence[Tried], best: Tried | None
) -> dict[str, Any]:
    """Return the content of `trials.json`."""
    return {
        "text": corpus.name,
        "search": as_texts(search.space),
        "best": None if best is None else best.number,
        "trials": [asdict(trial) for trial in done],
    }


def _recipe(search: _Search, corpus: Corpus, best: Tried, trials: int) -> Recipe:
    """Return the best searched settings, and shared settings other than the defaults.

    The budget of a trial is left out: what is good in two minutes should be trained for longer.
    """
    usual = TrainingSettings.default().model_dump()
    tree = search.settings.model_dump()
    fixed = {
        leaf: value
        for group, leaves in tree.items()
        if group not in ("budget", "run")
        for leaf, value in leaves.items()
        if leaf not in PRIVATE
        and value is not None
        and (value != usual[group][leaf] or leaf == "model")
    }
    budget = search.settings.budget
    each = next(f"{getattr(budget, end):g} {end}" for end in ENDS if getattr(budget, end))
    return Recipe(
        about=f"Settings for {corpus.name}: the best of {trials} trials of {each} each, validation "
        f"perplexity {best.perplexity:.2f}.",
        source="foreword tune --search " + " --search ".join(as_texts(search.space)),
        settings=fixed | best.settings,
    )


def _usual(corpus: Corpus, search: _Search, report: Reporter) -> dict[str, Leaf]:
    """Return the searched settings with the values that `train` would choose, if allowed."""
    settings = search.settings
    if "dropout" in search.space:
        settings = regularised(corpus, settings, 0.0, report)
    flat = corpus.fill_in(settings).leaves()
    return {name: flat[name] for name, values in search.space.items() if values.holds(flat[name])}


def _suggested(trial: "optuna.Trial", space: Space) -> dict[str, Leaf]:
    suggested: dict[str, Leaf] = {}
    for name, values in space.items():
        if isinstance(values, Choice):
            chosen: Any = trial.suggest_categorical(name, values.values)
            suggested[name] = chosen
        elif isinstance(values.low, int) and isinstance(values.high, int):
            suggested[name] = trial.suggest_int(name, values.low, values.high, log=values.log)
        else:
            suggested[name] = trial.suggest_float(name, values.low, values.high, log=values.log)
    return {name: rounded(value) for name, value in suggested.items()}


def _best(trials: Sequence[Tried]) -> Tried | None:
    done = [trial for trial in trials if trial.perplexity is not None]
    return min(done, key=lambda trial: trial.perplexity or 0.0, default=None)


def _told(leaves: Mapping[str, Leaf]) -> str:
    return ", ".join(f"{name} {value}" for name, value in leaves.items())


def _verdict(done: Sequence[Tried]) -> str:
    last, best = done[-1], _best(done)
    how = last.outcome if last.perplexity is None else f"perplexity {last.perplexity:.2f}"
    if best is None:
        return f"trial {last.number}: {how}"
    if best.number == last.number:
        return f"trial {last.number}: {how}, best so far"
    return f"trial {last.number}: {how}; best so far {best.perplexity:.2f} (trial {best.number})"


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _optuna() -> Any:
    try:
        import optuna
        import tomli_w  # noqa: F401, for the recipe: better missed now than after an hour
    except ModuleNotFoundError as error:
        if error.name in ("optuna", "tomli_w"):
            raise MissingExtraError("tuning", "tune") from error
        raise
    return optuna


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Optuna's own log lines, except errors."""
    logging = _optuna().logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
