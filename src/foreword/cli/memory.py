"""`foreword memory`: the classic experiments on what each recurrent cell can remember."""

from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from foreword.cli.arguments import Json
from foreword.cli.console import as_text, errors, loading_torch, print_json, results
from foreword.errors import SettingsError
from foreword.folder.claim import refuse_unclaimable, unless_replacing

if TYPE_CHECKING:
    from foreword.memory.survey import Event, Survey

FILES = ("results.csv", "index.html", "map.svg", "map.png")
"""The files that are written beside the results themselves."""


def memory(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(metavar="TASK", help="Tasks to run. Default: a short tour."),
    ] = None,
    cells: Annotated[
        list[str] | None,
        typer.Option(
            "--cell", help="Cell to try, or mlp-window; repeat it for more. Default: six."
        ),
    ] = None,
    lags: Annotated[
        list[int] | None,
        typer.Option("--lag", help="Lag to try; repeat it for more. Default: the task's own."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Run seeds 1 to this number. Default: 3.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for the results; existing ones there are kept and continued.",
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the tasks with their sources and criteria.")
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Only try to reproduce the published results.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Number of processes, with one thread each.")
    ] = 2,
    hidden_size: Annotated[
        int | None,
        typer.Option(help="Units in each network. Default: by the number of parameters."),
    ] = None,
    parameters: Annotated[
        int | None,
        typer.Option(
            help="Number of parameters of each network. Default: that of the task's LSTM."
        ),
    ] = None,
    window: Annotated[
        int | None, typer.Option(help="Number of inputs that mlp-window reads.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Largest number of updates.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Number of sequences per update.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Adam's learning rate.")] = None,
    clip: Annotated[float | None, typer.Option(help="Largest gradient norm.")] = None,
    forget_bias: Annotated[
        float | None, typer.Option(help="Initial bias of the forget gates.")
    ] = None,
    chrono: Annotated[
        bool | None,
        typer.Option(
            "--chrono/--no-chrono", help="Spread the forget biases over all times up to the lag."
        ),
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(help="Kernel to run. Default: the dispatcher's choice.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find out at which lag each recurrent cell fails, on the classic tasks.

    Ctrl-C keeps the finished results; the same command with the same --out continues.
    """
    if out is not None and not listed:
        refuse_unclaimable(out, "memory", unless_replacing(FILES, _is_survey, "memory"))
    with loading_torch():
        from foreword.memory.published import trials as published_trials
        from foreword.memory.survey import planned_for, run_all

    if listed:
        _list(as_json)
        return
    choices = {
        "hidden_size": hidden_size,
        "parameters": parameters,
        "window": window,
        "steps": steps,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "clip": clip,
        "forget_bias": forget_bias,
        "chrono": chrono,
        "kernel": kernel,
    }
    given = {name: value for name, value in choices.items() if value is not None}
    if published and (tasks or cells or lags or seeds or given):
        raise SettingsError(
            "--published chooses tasks, cells, lags, seeds and settings itself: leave them out"
        )
    plan = published_trials() if published else planned_for(tasks, cells, lags, seeds, **given)
    with _Watch() as watch:
        survey = run_all(plan, out, workers, watch)
    written = [] if out is None else _written(survey, out)
    if as_json:
        _print_json(survey, published, written)
    elif published:
        results().print(_claims(survey))
    else:
        for table in _maps(survey):
            results().print(table)
    if survey.stopped:
        errors.print(_advice(survey, len(plan), out), soft_wrap=True)
        raise typer.Exit(130)


def _is_survey(folder: Path) -> bool:
    """Whether a folder has results; faults in them are reported when they are read."""
    return (folder / "results.jsonl").exists()


def _written(survey: "Survey", out: Path) -> list[Path]:
    from foreword.memory.report.files import write

    if not survey.results:
        return []
    written, missing = write(survey.results, out)
    if missing is not None:
        errors.print(f"no picture of the map: {missing}", soft_wrap=True)
    names = ", ".join(str(path) for path in written)
    errors.print(f"written: {names}", soft_wrap=True)
    return written


def _advice(survey: "Survey", planned: int, out: Path | None) -> str:
    done = f"stopped: {len(survey.results)} of {planned} are done"
    if out is None:
        return f"{done}; with --out they would be kept"
    return f"{done} and kept in {out}; the same command continues from there"


def _print_json(survey: "Survey", published: bool, written: list[Path]) -> None:
    from foreword.memory.map import places
    from foreword.memory.published import outcomes
    from foreword.memory.trial import finite

    document: dict[str, Any] = {
        "map": finite([asdict(cell) for cell in places(survey.results)]),
        "trials": [result.as_json() for result in survey.results],
        "files": [str(path) for path in written],
        "stopped": survey.stopped,
    }
    if published:
        document["published"] = [outcome.as_json() for outcome in outcomes(survey.results)]
    print_json(document)


def _list(as_json: bool) -> None:
    from foreword.memory.tasks.registry import TASKS

    if as_json:
        names = ("name", "title", "source", "criterion", "lag_is", "lags", "definition")
        print_json([{name: getattr(task, name) for name in names} for task in TASKS.values()])
        return
    for task in TASKS.values():
        results().print(as_text((task.name, "cyan"), f"  {task.title}. {task.source}"))
        results().print(f"    solved when {task.criterion}")
        lags = ", ".join(str(lag) for lag in task.lags)
        results().print(f"    lag: {task.lag_is}; {lags}")


def _maps(survey: "Survey") -> list[Table]:
    from foreword.memory.map import cells_of, lags_of, places, tasks_of
    from foreword.memory.tasks.registry import TASKS

    fields = places(survey.results)
    tables = []
    for task in tasks_of(fields):
        table = Table(box=None, pad_edge=False, title_justify="left", title_style="bold")
        table.title = f"{TASKS[task].title}: seeds that solve it, by lag"
        table.add_column("", style="cyan", no_wrap=True)
        lags = lags_of(fields, task)
        for lag in lags:
            table.add_column(str(lag), justify="right", no_wrap=True)
        by_place = {(p.cell, p.lag): p for p in fields if p.task == task}
        for cell in cells_of(fields, task):
            row = [by_place.get((cell, lag)) for lag in lags]
            table.add_row(cell, *("" if p is None else _field(p) for p in row))
        tables.append(table)
    return tables


def _field(cell: Any) -> Text:
    more = "".join(f", {name} {figure:.0f}" for name, figure in cell.figures.items())
    more += f", {cell.diverged} diverged" if cell.diverged else ""
    colour = "green" if cell.solved == cell.tried else "yellow" if cell.solved else "red"
    return as_text((f"{cell.solved}/{cell.tried}", colour), more)


def _claims(survey: "Survey") -> Table:
    from foreword.memory.published import outcomes

    table = Table(box=None, pad_edge=False)
    table.add_column("task", style="cyan", no_wrap=True)
    table.add_column("cell", no_wrap=True)
    table.add_column("lag", justify="right")
    for heading in ("published", "here", ""):
        table.add_column(heading)
    table.add_column("core seconds", justify="right")
    for outcome in outcomes(survey.results):
        claim = outcome.claim
        verdict = {True: ("yes", "green"), False: ("no", "red"), None: ("…", "")}[outcome.holds]
        seconds = sum(result.cpu_seconds for result in outcome.results)
        names = (claim.task, claim.cell, str(claim.lag), claim.says, outcome.summary)
        table.add_row(*names, as_text(verdict), f"{seconds:,.0f}")
    return table


class _Watch:
    """Shows the progress of a survey, and its latest check or result."""

    def __init__(self) -> None:
        columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
        self.progress = Progress(
            *columns,
            TextColumn("{task.description}"),
            console=errors,
            transient=True,
        )
        self.bar = self.progress.add_task("")

    def __enter__(self) -> "_Watch":
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.progress.stop()

    def __call__(self, event: "Event") -> None:
        trial = event.trial
        where = f"{trial.task} {trial.cell} lag {trial.lag} seed {trial.seed}"
        activity = where
        if event.check is not None:
            activity = f"{where}: step {event.check[0]:,}, error {event.check[1]:.3g}"
        self.progress.update(
            self.bar, completed=event.done, total=event.total, description=activity
        )
        result = event.result
        if result is None:
            return
        came = "solved" if result.solved else "diverged" if result.diverged else "not solved"
        self.progress.console.print(
            f"{where}: {came} after {result.steps:,} updates, {result.seconds:.0f} s, error "
            f"{result.error:.3g}",
            soft_wrap=True,
        )
