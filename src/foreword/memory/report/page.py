"""The survey as one self-contained HTML file: maps, definitions, budgets, gradients."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from foreword.folder.architecture import DESCRIPTIONS
from foreword.memory.map import MapCell, cells_of, lags_of, places, tasks_of
from foreword.memory.networks import NETWORKS, WINDOW
from foreword.memory.report.chart import Line, chart
from foreword.memory.report.words import budget, short
from foreword.memory.tasks.registry import TASKS
from foreword.memory.trial import Result

INTRODUCTION = (
    "Each field of a map is a network on a task at a lag: how many of the seeds solved it, and the "
    "median number of updates that those needed. All networks of a task get about the same number "
    "of parameters, the same sequences and the same budget. A task counts as solved only on "
    "sequences that no network has seen."
)


def page(results: Sequence[Result]) -> str:
    """The whole file."""
    table = places(results)
    style = files("foreword.memory.report").joinpath("style.css").read_text("utf-8")
    style += "".join(
        f".c-{name} {{ color: light-dark({', '.join(told.colours)}); }}\n"
        for name, told in DESCRIPTIONS.items()
    )
    tasks = tasks_of(table)
    links = "".join(f'<li><a href="#{t}">{escape(TASKS[t].title)}</a></li>' for t in tasks)
    sections = "".join(_section(task, results, table) for task in tasks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>What recurrent cells remember</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>What recurrent cells remember</h1>\n<p>{INTRODUCTION}</p>\n"
        f'<p class="faint">{_effort(results)} Written by <code>foreword memory</code>.</p>\n'
        f'<nav aria-label="Tasks"><ul>{links}</ul></nav>\n{sections}</main>\n</body>\n</html>\n'
    )


def _effort(results: Sequence[Result]) -> str:
    seconds = sum(result.cpu_seconds for result in results)
    return f"{len(results):,} trials, {short(seconds)} seconds of one processor core."


def _section(task: str, results: Sequence[Result], table: Sequence[MapCell]) -> str:
    which = TASKS[task]
    own = [result for result in results if result.trial.task == task]
    paragraphs = which.definition.split("\n\n")[1:]
    definition = "".join(f"<p>{escape(' '.join(p.split()))}</p>\n" for p in paragraphs)
    facts = {
        "Source": which.source,
        "Solved when": which.criterion,
        "Lag": which.lag_is,
        "Training": _budgets(own),
        "Without memory": _naive(task, table),
    }
    listed = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>\n" for k, v in facts.items() if v)
    return (
        f'<section id="{task}" aria-labelledby="{task}-title">\n'
        f'<h2 id="{task}-title">{escape(which.title)}</h2>\n'
        f"{_map(task, own, table)}<dl>\n{listed}</dl>\n"
        f"<details open><summary>The task, exactly</summary>\n{definition}</details>\n"
        f"{_errors(task, table)}{_gradients(task, own)}</section>\n"
    )


def _budgets(own: Sequence[Result]) -> str:
    """Every budget, with its networks if there is more than one."""
    cells: dict[str, list[str]] = {}
    for result in sorted(own, key=lambda r: NETWORKS.index(r.trial.cell)):
        names = cells.setdefault(budget(result.trial), [])
        if result.trial.cell not in names:
            names.append(result.trial.cell)
    if len(cells) == 1:
        return f"{next(iter(cells))}."
    return "; ".join(f"{', '.join(names)}: {text}" for text, names in cells.items()) + "."


def _naive(task: str, table: Sequence[MapCell]) -> str:
    figures = [(lag, TASKS[task].naive(lag)) for lag in lags_of(table, task)]
    known = [(lag, figure) for lag, figure in figures if figure is not None]
    if not known:
        return ""
    values = list(dict.fromkeys(short(figure) for _, figure in known))
    if len(values) == 1:
        return f"{TASKS[task].measure} {values[0]}"
    return f"{TASKS[task].measure} " + ", ".join(f"{short(f)} (lag {lag})" for lag, f in known)


def _map(task: str, own: Sequence[Result], table: Sequence[MapCell]) -> str:
    lags, cells = lags_of(table, task), cells_of(table, task)
    caption = f"{TASKS[task].title}: seeds that solve it, and median updates, by network and lag."
    by_place = {(p.cell, p.lag): p for p in table if p.task == task}
    head = "".join(f'<th scope="col">{lag}</th>' for lag in lags)
    rows = ""
    for cell in cells:
        fields = "".join(_field(by_place.get((cell, lag))) for lag in lags)
        rows += f'<tr><th scope="row">{cell}{_size(cell, own)}</th>{fields}</tr>\n'
    return (
        f'<div class="wide"><table class="map"><caption>{escape(caption)}</caption>\n'
        f'<thead><tr><th scope="col">network, lag</th>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>\n"
    )


def _size(cell: str, own: Sequence[Result]) -> str:
    mine = [result for result in own if result.trial.cell == cell]
    parameters = sorted({result.parameters for result in mine})
    units = sorted({result.trial.hidden_size for result in mine})
    text = f"{_span(units)} units, {_span(parameters)} parameters"
    if cell == WINDOW:
        text = f"last {_span(sorted({r.trial.window for r in mine}))} inputs, {text}"
    return f' <span class="faint">{text}</span>'


def _span(numbers: Sequence[int]) -> str:
    if numbers[0] == numbers[-1]:
        return f"{numbers[0]:,}"
    return f"{numbers[0]:,} to {numbers[-1]:,}"


def _field(cell: MapCell | None) -> str:
    if cell is None:
        return '<td class="none">not tried</td>'
    more = [f"{short(cell.steps)} updates"] if cell.steps is not None else []
    if cell.diverged:
        more.append(f"{cell.diverged} diverged")
    more += [f"{name} {short(figure)}" for name, figure in cell.figures.items()]
    kind = ' class="dark"' if cell.share > 0.55 else ""
    below = "".join(f'<span class="steps">{escape(line)}</span>' for line in more)
    return f'<td{kind} style="--share: {cell.share:.2f}">{cell.solved} of {cell.tried}{below}</td>'


def _errors(task: str, table: Sequence[MapCell]) -> str:
    lags, cells = lags_of(table, task), cells_of(table, task)
    by_place = {(p.cell, p.lag): p for p in table if p.task == task}
    head = "".join(f'<th scope="col">{lag}</th>' for lag in lags)
    rows = ""
    for cell in cells:
        row = [by_place.get((cell, lag)) for lag in lags]
        fields = "".join(f"<td>{'' if p is None else short(p.error)}</td>" for p in row)
        rows += f'<tr><th scope="row">{cell}</th>{fields}</tr>\n'
    caption = f"Median over the seeds of the {TASKS[task].measure} on the test, by network and lag."
    return (
        '<details><summary>Errors</summary><div class="wide"><table>'
        f"<caption>{escape(caption)}</caption>\n"
        f'<thead><tr><th scope="col">network, lag</th>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div></details>\n"
    )


def _gradients(task: str, own: Sequence[Result]) -> str:
    """How far gradients reach, at the longest lag, for each cell's first seed."""
    longest = max(result.trial.lag for result in own)
    firsts: dict[str, Result] = {}
    for result in sorted(own, key=lambda r: NETWORKS.index(r.trial.cell)):
        if result.trial.lag == longest and result.gradients_before:
            firsts.setdefault(result.trial.cell, result)
    if not firsts:
        return ""
    lines, rows = [], ""
    for cell, result in firsts.items():
        state = "c" if "c" in result.gradients_before else "h"  # c carries gradients far
        for when, norms in (
            ("before", result.gradients_before[state]),
            ("after", result.gradients_after.get(state, ())),
        ):
            if not norms:
                continue
            name = f"{cell}, {state}" if when == "after" else ""
            lines.append(Line(name, f"c-{cell} {when}", norms))
            rows += (
                f'<tr><th scope="row">{cell}</th><td>{state}</td><td>{when}</td>'
                f"<td>{short(norms[0][1])}</td><td>{short(norms[-1][1])}</td></tr>\n"
            )
    title = f"Gradient norm by distance, {TASKS[task].title}, lag {longest}"
    caption = (
        f"Gradients at lag {longest}: the norm of the derivative of a sequence's last loss by the "
        "state that number of steps back. Dotted before training, solid after it; the first seed."
    )
    return (
        f"<figure>{chart(lines, title)}<figcaption>{escape(caption)}</figcaption></figure>\n"
        '<details><summary>Gradients as a table</summary><div class="wide"><table>'
        "<caption>Gradient norms at the last answer and farthest back.</caption>\n"
        '<thead><tr><th scope="col">network</th><th scope="col">state</th>'
        '<th scope="col">training</th><th scope="col">at the answer</th>'
        '<th scope="col">farthest back</th></tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div></details>\n"
    )
