"""A trial with every choice made, and its result: plain values, no networks."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from foreword.errors import SettingsError
from foreword.memory.networks import check_cell, count_parameters, hidden_size_for
from foreword.memory.tasks.registry import task_for

WINDOW_STEPS = 10
"""The default number of inputs of the MLP on a window."""


@dataclass(frozen=True)
class Trial:
    """One network on one task at one lag, and how it is trained.

    Attributes:
        task: a name of `foreword.memory.TASKS`.
        cell: a name of `foreword.memory.NETWORKS`.
        lag: the lag, in the task's own unit.
        seed: the seed of weights and sequences.
        hidden_size: the number of units.
        window: the number of inputs that mlp-window reads.
        steps: the largest number of updates.
        batch_size: the number of sequences per update.
        learning_rate: Adam's learning rate at the beginning.
        clip: the largest gradient norm.
        anneal: whether the learning rate falls to 0 along a cosine.
        check_every: the number of steps between two checks.
        forget_bias: the initial bias of the forget gate (GRU: the update gate), or None.
        chrono: whether these biases are spread over all times up to the lag instead.
        kernel: the kernel that runs the cell; None is the dispatcher's choice.
    """

    task: str
    cell: str
    lag: int
    seed: int
    hidden_size: int
    window: int
    steps: int
    batch_size: int
    learning_rate: float
    clip: float
    anneal: bool
    check_every: int
    forget_bias: float | None
    chrono: bool
    kernel: str | None

    @property
    def parameters(self) -> int:
        """The number of trainable parameters."""
        inputs, outputs = task_for(self.task).sizes(self.lag)
        return count_parameters(self.cell, inputs, outputs, self.hidden_size, self.window)


@dataclass(frozen=True)
class Result:
    """The result of a trial.

    Attributes:
        trial: the trial.
        solved: whether the task's criterion was met on fresh sequences.
        diverged: whether a loss or a gradient was not a number; then nothing was solved.
        steps: the number of updates.
        sequences: the number of sequences in them.
        seconds: the duration of training, including checks.
        cpu_seconds: the processor time.
        parameters: the number of trainable parameters.
        error: the task's measure on the test's fresh sequences, at the end.
        wrong: the fraction of wrong ones among those that the criterion counts.
        curve: (step, error, share wrong) at each check.
        figures: figures that only this task measures.
        gradients_before: (distance, norm) pairs by state, before training: the mean norm of the
            gradient of the loss of a sequence's last answer by the state that many steps back;
            empty for an MLP.
        gradients_after: the same after training.
    """

    trial: Trial
    solved: bool
    diverged: bool
    steps: int
    sequences: int
    seconds: float
    cpu_seconds: float
    parameters: int
    error: float
    wrong: float
    curve: tuple[tuple[int, float, float], ...]
    figures: dict[str, float]
    gradients_before: dict[str, tuple[tuple[int, float], ...]]
    gradients_after: dict[str, tuple[tuple[int, float], ...]]

    def as_json(self) -> dict[str, Any]:
        """Return the result as data for JSON, with null in place of NaN and infinity."""
        document: dict[str, Any] = finite(asdict(self))
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Result":
        """Return the result of `as_json`.

        Raises:
            KeyError, TypeError: the data are something else.
        """
        values = {field.name: document[field.name] for field in fields(cls)}
        values["trial"] = Trial(**values["trial"])
        values["error"], values["wrong"] = _number(values["error"]), _number(values["wrong"])
        values["curve"] = tuple((int(s), _number(e), _number(w)) for s, e, w in values["curve"])
        for name in ("gradients_before", "gradients_after"):
            values[name] = {
                state: tuple((int(d), _number(norm)) for d, norm in pairs)
                for state, pairs in values[name].items()
            }
        return cls(**values)


def finite(value: Any) -> Any:
    """Return data with None in place of every NaN and infinity, which JSON lacks."""
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def trial_for(
    task: str,
    cell: str = "lstm",
    lag: int | None = None,
    seed: int = 1,
    *,
    hidden_size: int | None = None,
    parameters: int | None = None,
    window: int = WINDOW_STEPS,
    steps: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    clip: float | None = None,
    anneal: bool | None = None,
    check_every: int | None = None,
    forget_bias: float | None = None,
    chrono: bool | None = None,
    kernel: str | None = None,
) -> Trial:
    """Return a trial whose open choices are those of the task's recipe.

    Args:
        task: the task's name.
        cell: the cell's name, or mlp-window.
        lag: the lag; None is the first of the task's own.
        seed: the seed of weights and sequences.
        hidden_size: the number of units; None: by the number of parameters.
        parameters: the number of parameters; None: that of an LSTM with the recipe's units.
        window: the number of inputs that mlp-window reads.
        steps: this and the following as in `Trial`; None is the recipe's.
        batch_size: see `Trial`.
        learning_rate: see `Trial`.
        clip: see `Trial`.
        anneal: see `Trial`.
        check_every: see `Trial`.
        forget_bias: see `Trial`.
        chrono: see `Trial`.
        kernel: see `Trial`.

    Raises:
        SettingsError: the task, cell or lag is unknown, or a number is out of range.
    """
    which = task_for(task)
    check_cell(cell)
    lag = which.lags[0] if lag is None else lag
    which.check_lag(lag)
    recipe = which.recipe
    inputs, outputs = which.sizes(lag)
    wanted = {"hidden size": hidden_size, "parameters": parameters, "window": window}
    wanted |= {"steps": steps, "batch size": batch_size, "check every": check_every}
    for name, number in {**wanted, "learning rate": learning_rate, "clip": clip}.items():
        if number is not None and number <= 0:
            raise SettingsError(f"{name} must be larger than 0, not {number}")
    if hidden_size is not None and parameters is not None:
        raise SettingsError("give the hidden size or the number of parameters, not both")
    if chrono and forget_bias is not None:
        raise SettingsError("chrono chooses the forget gates' biases: leave forget_bias out")
    if chrono is None:
        chrono = recipe.chrono and forget_bias is None
    if hidden_size is None:
        if parameters is None:
            parameters = count_parameters("lstm", inputs, outputs, recipe.units, window)
        hidden_size = hidden_size_for(cell, inputs, outputs, parameters, window)
    rate = recipe.learning_rates.get(cell, recipe.learning_rate)
    return Trial(
        task=task,
        cell=cell,
        lag=lag,
        seed=seed,
        hidden_size=hidden_size,
        window=window,
        steps=steps or recipe.steps,
        batch_size=batch_size or recipe.batch_size,
        learning_rate=learning_rate or rate,
        clip=clip or recipe.clip,
        anneal=recipe.anneal if anneal is None else anneal,
        check_every=check_every or recipe.check_every,
        forget_bias=None if chrono else recipe.forget_bias if forget_bias is None else forget_bias,
        chrono=chrono,
        kernel=kernel,
    )
