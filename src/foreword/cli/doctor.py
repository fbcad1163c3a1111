"""`foreword doctor`: which kernel runs each cell here, and why not another."""

import platform
from importlib.metadata import version
from typing import Any

from rich.table import Table

from foreword.cli.arguments import Json
from foreword.cli.console import print_json, results, table_of
from foreword.cli.notes import note
from foreword.folder.installed import installed_models


def doctor(
    as_json: Json = False,
) -> None:
    """Show what this machine supports, which kernel runs each cell, and why no other does."""
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        _without_torch(as_json=as_json)
        return
    from foreword.kernels import native
    from foreword.kernels.threads import most_threads

    machine = {
        "foreword": version("foreword"),
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "processor": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "native kernels": native.instruction_set() or f"none: {native.why_absent()}",
        "threads": str(most_threads()),
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    rows = [_row(name, device) for device in devices for name in _cells()]
    if as_json:
        print_json({"machine": machine, "kernels": rows})
        return
    results().print(table_of(machine))
    table = Table(box=None, pad_edge=False)
    table.add_column("cell", style="cyan", no_wrap=True)
    for heading in ("device", "training", "with lengths", "with zoneout"):
        table.add_column(heading, no_wrap=True)
    reasons: dict[str, list[str]] = {}
    for row in rows:
        table.add_row(*(str(value) for key, value in row.items() if key != "passed over"))
        for reason in row["passed over"]:
            reasons.setdefault(reason, []).append(row["cell"])
    results().print()
    results().print(table)
    results().print()
    for reason, names in reasons.items():
        concerned = "all cells" if len(names) == len(rows) else ", ".join(dict.fromkeys(names))
        results().print(f"not {reason} ({concerned})")


def _without_torch(*, as_json: bool) -> None:
    """The report for an installation without PyTorch."""
    from foreword import compiled

    machine = {
        "foreword": version("foreword"),
        "Python": platform.python_version(),
        "torch": "none",
        "processor": platform.machine(),
        "native code": "there" if compiled.loaded() is not None else "none: numpy predicts, slower",
        "installed models": ", ".join(installed_models()) or "none",
    }
    if as_json:
        print_json({"machine": machine, "kernels": []})
        return
    results().print(table_of(machine))
    note(
        "PyTorch is not installed. Predicting needs none (predict, generate, keystrokes, compress, "
        "personal, serve, lsp, ibus); train, evaluate, compare, tune, inspect, memory and check "
        "need it. "
        'Install it with: pip install "foreword[train]"'
    )


def _cells() -> tuple[str, ...]:
    from foreword.cells.registry import NAMES

    return NAMES


def _row(name: str, device: str) -> dict[str, Any]:
    from foreword.conformance.capabilities import OPTIONS, problem
    from foreword.kernels import dispatch

    asked = ("nothing more", "lengths", "zoneout")
    choices = [dispatch.choose(problem(name, OPTIONS[option], device=device)) for option in asked]
    passed_over = [
        f"{kernel}: {reason}" for choice in choices for kernel, reason in choice.passed_over.items()
    ]
    return {
        "cell": name,
        "device": device,
        "training": choices[0].kernel.name,
        "with lengths": choices[1].kernel.name,
        "with zoneout": choices[2].kernel.name,
        "passed over": list(dict.fromkeys(passed_over)),
    }
