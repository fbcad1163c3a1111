"""`foreword check`: whether a kernel, or anyone's layer, computes what the equations say."""

from collections import defaultdict
from typing import Annotated, Any

import typer
from rich.progress import track
from rich.table import Table

from foreword.cli.arguments import Json
from foreword.cli.console import as_text, errors, print_json, results
from foreword.errors import SettingsError, did_you_mean


def check(
    layer: Annotated[
        str | None,
        typer.Argument(
            help="Layer with torch's signature, as module:class, such as torch.nn:LSTM."
        ),
    ] = None,
    cell: Annotated[
        list[str] | None, typer.Option(help="Check only this cell; repeat it for more.")
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(help="Check this kernel of Foreword's. Default: portable.")
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(help="Check only float64, float32 or bfloat16; repeat it for more."),
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, help="Number of random sizes for each combination.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Check a kernel or a layer against the cells' equations, values and gradients."""
    from foreword.cells.registry import NAMES
    from foreword.conformance.cases import DTYPES, cases
    from foreword.conformance.check import KernelSubject, Result, layer_subject
    from foreword.conformance.check import check as run
    from foreword.kernels.threads import threads_within_quota

    for option, given, known in (("cell", cell, NAMES), ("dtype", dtype, tuple(DTYPES))):
        for name in given or ():
            if name not in known:
                raise SettingsError(
                    f"there is no {option} {name!r}; there are {', '.join(known)}."
                    f"{did_you_mean(name, known)}"
                )
    if layer is not None and kernel is not None:
        raise SettingsError("check a layer or a kernel, not both")
    if layer is not None and not cell:
        raise SettingsError(f"say which cell {layer} is, for example --cell lstm")
    subject = KernelSubject(kernel or "portable") if layer is None else layer_subject(layer)
    wanted = list(cases(tuple(cell or NAMES), tuple(dtype or DTYPES), repeats))
    results_by_case: dict[tuple[str, str], list[Result]] = defaultdict(list)
    steps = track(run(subject, wanted), "checking", len(wanted), console=errors, transient=True)
    with threads_within_quota():
        for result in steps:
            results_by_case[result.case.name, result.case.dtype].append(result)
    rows = [_row(*key, results_by_case[key]) for key in results_by_case]
    if as_json:
        print_json({"subject": layer or kernel or "portable", "rows": rows})
    else:
        results().print(_table(rows))
        for why, names in _reasons(rows).items():
            results().print(f"cannot: {', '.join(names)}: {why}")
    if any(row["differ"] for row in rows):
        raise typer.Exit(1)


def _row(name: str, dtype: str, results: list[Any]) -> dict[str, Any]:
    ran = [result for result in results if result.refusal is None]
    refusals = sorted({result.refusal for result in results if result.refusal is not None})
    return {
        "cell": name,
        "dtype": dtype,
        "agree": sum(result.agrees for result in ran),
        "differ": sum(not result.agrees for result in ran),
        "cannot": len(results) - len(ran),
        "values": max((result.values for result in ran), default=None),
        "gradients": max((result.gradients for result in ran), default=None),
        "why": "; ".join(refusals),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("cell", style="cyan", no_wrap=True)
    table.add_column("dtype", no_wrap=True)
    for heading in ("agree", "differ", "cannot", "values", "gradients"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        numbers = [str(row[k]) for k in ("agree", "differ", "cannot")]
        agree, differ, cannot = numbers
        differing = as_text((differ, "bold red" if row["differ"] else ""))
        sizes = ["" if row[k] is None else f"{row[k]:.1e}" for k in ("values", "gradients")]
        table.add_row(row["cell"], row["dtype"], agree, differing, cannot, *sizes)
    return table


def _reasons(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Why something cannot be done, and the cells that it concerns."""
    cases_by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row["why"] and row["cell"] not in cases_by_reason.setdefault(row["why"], []):
            cases_by_reason[row["why"]].append(row["cell"])
    return cases_by_reason
