"""`foreword tune`: searches for the settings that suit a text, and writes them as a recipe."""

import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.arguments import JsonOutcome, TextsOrChats, Valid, ValidPairs
from foreword.cli.console import errors, interruptible, loading_torch, print_json, results, table_of
from foreword.cli.options import takes_settings
from foreword.cli.train import SHARED, STOPPED
from foreword.cli.watch import Watch
from foreword.folder.claim import refuse_unclaimable
from foreword.training.leaves import LeavesWithoutEnd
from foreword.training.settings import ENDS
from foreword.tuning.folder import SEARCH, refusal_for

_SEARCH = "Search"


@takes_settings(*SHARED, instead={name: f"--{name}-each" for name in ENDS})
def tune(
    text: TextsOrChats = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for best.toml, trials.json and the record of the search.",
        ),
    ] = None,
    valid: Valid = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Tune a translation model on two files line by line, or on files that hold both "
            "languages.",
        ),
    ] = None,
    valid_pairs: ValidPairs = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="SETTING=VALUES",
            help="Setting to search, as LOW..HIGH, LOW..HIGH:log or A,B,C; repeat it for "
            "more. Default: rate, decay and dropout, and what else suits the "
            "architecture.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(
            min=1, help="Number of trials, including earlier ones.", rich_help_panel=_SEARCH
        ),
    ] = 20,
    minutes_each: Annotated[
        float | None,
        typer.Option(help="Minutes per trial. Default: 2 minutes.", rich_help_panel=_SEARCH),
    ] = None,
    epochs_each: Annotated[
        float | None, typer.Option(help="Passes over the text per trial.", rich_help_panel=_SEARCH)
    ] = None,
    steps_each: Annotated[
        int | None, typer.Option(help="Optimiser steps per trial.", rich_help_panel=_SEARCH)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search in DIR.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the search in DIR.")
    ] = False,
    as_json: JsonOutcome = False,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Settings of all trials from a recipe, which options and --set override; see "
            "`foreword recipes`.",
        ),
    ] = None,
    *,
    leaves: LeavesWithoutEnd,
) -> None:
    """Search for the settings that suit your text.

    The settings that you set are the same for all trials. Ctrl-C keeps the finished trials;
    `--resume` continues.
    """
    if out is None:
        raise typer.BadParameter("name the folder for the search", param_hint="--out")
    refuse_unclaimable(out, "tune", refusal_for(resume=resume, overwrite=overwrite))
    with loading_torch():
        from foreword.tuning.search import tune as run

    def left() -> str:
        if not (out / SEARCH).exists():
            return f"no trial had started, and nothing was written to {out}"
        return f"{out} holds the finished trials. To continue: {_again(out)}"

    with interruptible(left), Watch() as display:
        result = run(
            text or (),
            out=out,
            valid=valid or (),
            pairs=pairs or (),
            valid_pairs=valid_pairs or (),
            search=search or (),
            trials=trials,
            minutes_each=minutes_each,
            epochs_each=epochs_each,
            steps_each=steps_each,
            resume=resume,
            overwrite=overwrite,
            report=display,
            recipe=recipe,
            **leaves,
        )
    if as_json:
        best = None if result.best is None else asdict(result.best)
        recipe = None if result.recipe is None else str(result.recipe)
        print_json({"best": best, "recipe": recipe, "trials": [asdict(t) for t in result.trials]})
    elif result.best is not None:
        rows = {name: str(value) for name, value in result.best.settings.items()}
        perplexity = f"{result.best.perplexity:.2f} on the held-out text"
        results().print(table_of({"perplexity": perplexity, **rows, "recipe": str(result.recipe)}))
        errors.print(f"to train with it: foreword train ... --recipe {result.recipe}")
    else:
        errors.print("no trial was finished: there is nothing to recommend yet")
    if result.stopped_by is not None:
        errors.print(f"stopped; the finished trials are kept. To continue: {_again(out)}")
        sys.exit(STOPPED.get(result.stopped_by, 1))


def _again(out: Path) -> str:
    return shlex.join(["foreword", "tune", "--out", str(out), "--resume"])
