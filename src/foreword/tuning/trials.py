"""The trials of a search: Optuna proposes them, they are trained, and their outcome is kept.

Optuna's next proposal depends only on the seed and the finished trials, so that an interrupted
search continues as if it had not been interrupted.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foreword.errors import FolderError, MissingExtraError, TrainingError
from foreword.folder.config import Evaluation, TranslationEvaluation
from foreword.folder.files import atomic_write
from foreword.training.corpus import Corpus, absolute
from foreword.training.interrupt import stop_on_signals
from foreword.training.ngram import count_on
from foreword.training.pair_corpus import PairCorpus
from foreword.training.preparing import regularised
from foreword.training.progress import Event, Note, Reporter, Validated
from foreword.training.recipes import Recipe, write
from foreword.training.run import train_on
from foreword.training.session import carry_out
from foreword.training.settings import ENDS, PRIVATE, Leaf, TrainingSettings, settings_from
from foreword.training.translations import TranslationTask
from foreword.tuning.folder import BEST, JOURNAL, SCRATCH, TRIALS
from foreword.tuning.space import Choice, Space, as_texts, rounded

if TYPE_CHECKING:
    import optuna

STARTUP_TRIALS = 8
"""The number of random trials before finished ones guide the search."""
UNPRUNED_TRIALS, UNPRUNED_VALIDATIONS = 4, 2
"""The number of finished trials, and of its own validations, before a trial can be given up."""


@dataclass(frozen=True)
class Tried:
    """One trial.

    Attributes:
        number: from 1, in the order in which the trials finished.
        settings: the searched settings with their values.
        outcome: "done"; "pruned", given up since half of the others were better at that point; or
            "diverged".
        perplexity: on all of the held-out text, for a finished trial.
        validations: the perplexities during training, on a sample of that text.
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
class Search:
    """What stays the same from trial to trial; stored in `search.json`."""

    settings: TrainingSettings
    space: Space
    texts: Sequence[Any]
    valid: Sequence[Any]
    translates: bool = False

    def document(self, corpus: Corpus | PairCorpus) -> dict[str, Any]:
        """Return the content of `search.json`."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "search": as_texts(self.space),
            "texts": absolute(self.texts),
            "valid": absolute(self.valid),
            "translates": self.translates,
            "text": corpus.fingerprint,
        }


def searched(
    kept: "Trials", corpus: Corpus | PairCorpus, search: Search, trials: int, report: Reporter
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
    kept: "Trials",
    trial: "optuna.Trial",
    leaves: Mapping[str, Leaf],
    corpus: Corpus | PairCorpus,
    search: Search,
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

    states = optuna_module().trial.TrialState
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=kept.folder) as scratch:
        out = Path(scratch) / "model"
        try:
            evaluation: Evaluation | TranslationEvaluation | None
            if isinstance(corpus, PairCorpus):
                translated = carry_out(TranslationTask(corpus, settings), out=out, report=diary)
                if translated.stopped_by is not None:
                    told(state=states.FAIL)
                    return translated.stopped_by
                evaluation = translated.config.evaluation
            elif settings.model.model == "ngram":
                evaluation = count_on(corpus, settings, out=out, report=report).evaluation
            else:
                # Not fixed for all trials: in the recipe dropout stays open, unless it is searched.
                settings = regularised(corpus, settings, 0.0, report)
                outcome = train_on(corpus, settings, out=out, report=diary)
                if outcome.stopped_by is not None:
                    told(state=states.FAIL)
                    return outcome.stopped_by
                evaluation = outcome.config.evaluation
        except optuna_module().TrialPruned:
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
    assert evaluation is not None
    told(values=evaluation.perplexity)
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
                raise optuna_module().TrialPruned


class Trials:
    """The trials of a folder, in Optuna's journal and in the files for people."""

    def __init__(self, folder: Path) -> None:
        """Read the trials of a folder.

        Raises:
            FolderError: its journal is damaged.
        """
        optuna = optuna_module()
        self.folder = folder
        journal = folder / JOURNAL
        try:
            self.study = optuna.create_study(
                storage=optuna.storages.JournalStorage(
                    optuna.storages.journal.JournalFileBackend(str(journal))
                ),
                pruner=optuna.pruners.MedianPruner(UNPRUNED_TRIALS, UNPRUNED_VALIDATIONS),
                study_name="foreword",
                direction="minimize",
                load_if_exists=True,
            )
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise FolderError(
                f"{journal} is damaged ({error!r:.200}). Begin anew with --overwrite."
            ) from error
        states = optuna.trial.TrialState
        for trial in self.study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            self.study.tell(trial.number, state=states.FAIL)  # its process was killed

    def ask(self, search: Search, done: int, usual: Mapping[str, Leaf] | None) -> "optuna.Trial":
        """Return the next trial; `usual` holds the values to try, if given."""
        drawn = np.random.SeedSequence(search.settings.run.seed, spawn_key=(done,))
        seed = int(drawn.generate_state(1)[0])
        self.study.sampler = optuna_module().samplers.TPESampler(
            seed=seed, n_startup_trials=STARTUP_TRIALS
        )
        waiting = (optuna_module().trial.TrialState.WAITING,)
        if usual is not None and not self.study.get_trials(deepcopy=False, states=waiting):
            self.study.enqueue_trial(dict(usual))
        asked: optuna.Trial = self.study.ask()
        return asked

    def tried(self) -> tuple[Tried, ...]:
        """Return the finished trials; interrupted ones will be tried again."""
        states = optuna_module().trial.TrialState
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

    def written(
        self, search: Search, corpus: Corpus | PairCorpus, signal: str | None = None
    ) -> Tuning:
        """Write `trials.json` and `best.toml`, and return the outcome so far."""
        done = self.tried()
        best = _best(done)
        atomic_write(self.folder / TRIALS, as_json(summary(search, corpus, done, best)))
        recipe = None
        if best is not None:
            recipe = self.folder / BEST
            write(_recipe(search, corpus, best, len(done)), recipe)
        return Tuning(done, best, recipe, signal)


def summary(
    search: Search, corpus: Corpus | PairCorpus, done: Sequence[Tried], best: Tried | None
) -> dict[str, Any]:
    """Return the content of `trials.json`."""
    return {
        "text": corpus.name,
        "search": as_texts(search.space),
        "best": None if best is None else best.number,
        "trials": [asdict(trial) for trial in done],
    }


def _recipe(search: Search, corpus: Corpus | PairCorpus, best: Tried, trials: int) -> Recipe:
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


def _usual(corpus: Corpus | PairCorpus, search: Search, report: Reporter) -> dict[str, Leaf]:
    """Return the searched settings with the values that `train` would choose, if allowed."""
    settings = search.settings
    if "dropout" in search.space and isinstance(corpus, Corpus):
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


def as_json(document: Any) -> bytes:
    """Return the bytes of a JSON file for people."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def optuna_module() -> Any:
    """Return Optuna.

    Raises:
        MissingExtraError: it, or what writes recipes, is not installed.
    """
    try:
        import optuna
        import tomli_w  # noqa: F401, for the recipe: better missed now than after an hour
    except ModuleNotFoundError as error:
        if error.name in ("optuna", "tomli_w"):
            raise MissingExtraError("tuning", "tune") from error
        raise
    return optuna


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Optuna's own log lines, except errors."""
    logging = optuna_module().logging
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)
