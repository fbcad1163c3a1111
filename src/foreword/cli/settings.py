"""`foreword settings`: every setting of training, with its range and default."""

from typing import Annotated

import typer
from rich.table import Table

from foreword.cli.arguments import Json
from foreword.cli.console import print_json, results
from foreword.errors import SettingsError, did_you_mean
from foreword.training.catalogue import described


def settings(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Show only these settings. Default: all."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the settings that `--set` and recipes take, with their ranges and defaults."""
    known = described()
    chosen = [name.replace("-", "_") for name in names or known]
    for name in chosen:
        if name not in known:
            raise SettingsError(f"there is no setting {name!r}.{did_you_mean(name, known)}")
    if as_json:
        documents = [known[name]._asdict() | {"type": known[name].type.__name__} for name in chosen]
        print_json([{"name": name, **told} for name, told in zip(chosen, documents, strict=True)])
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", style="cyan", no_wrap=True)
    table.add_column("values")
    table.add_column("what it does")
    for name in chosen:
        table.add_row(name, known[name].values, known[name].about)
    results().print(table)
