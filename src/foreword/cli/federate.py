"""`foreword federate`: a model from many people's text, which stays with them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword.cli.console import errors, interruptible, loading_torch, print_json, results, table_of
from foreword.cli.info import canary_rows, evaluation_rows
from foreword.cli.options import takes_group
from foreword.cli.train import STOPPED
from foreword.cli.watch import Watch
from foreword.federated.settings import FederatedSettings
from foreword.folder.claim import refuse_unclaimable
from foreword.training.catalogue import described_group
from foreword.training.checkpoint import refuse_without_checkpoint, saved
from foreword.training.target import refusal_for

PANELS = {
    "rounds": "Rounds",
    "person_words": "Clients",
    "server": "Server",
    "noise": "Differential privacy",
    "canaries": "Canaries",
    "validations": "Run",
}
"""Headings of the help, by the first setting under each."""


@takes_group(PANELS, described_group("federated", FederatedSettings))
def federate(
    people: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders of files, or files, each of which is the text of one person. Default: "
            "the chats that come with the package, by their senders."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder to write the model to."),
    ] = None,
    continues: Annotated[
        str | None,
        typer.Option("--continue", metavar="MODEL", help="Model that training begins from."),
    ] = None,
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate", help="Run all clients on this machine, which reads everybody's text."
        ),
    ] = False,
    valid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Text to measure the model on. Default: none; for the chats that come with the "
            "package, those held out.",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in DIR.")] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace the model in DIR once some rounds of the new one are saved.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    *,
    leaves: dict[str, Any],
) -> None:
    """Train on many people's text by collecting changes of the model, not the text.

    In each round some people's copies of the model learn from their own text; the server adds up
    how the weights have changed. Ctrl-C saves and stops; `--resume` continues from that point.
    """
    if out is None:
        raise typer.BadParameter("where should the model go?", param_hint="--out")
    if not simulate:
        raise typer.BadParameter(
            "give it, to try federated training on text that lies here. Other devices take part "
            "by Flower: docs/how-to/federated.md",
            param_hint="--simulate",
        )
    refuse_unclaimable(out, "federate", refusal_for(replaces=resume or overwrite))
    if resume:
        refuse_without_checkpoint(out)
    before = saved(out)
    with loading_torch():
        from foreword.federated.simulation import federate as federate_model

    again = f"foreword federate --simulate --out {out} --resume"

    def left() -> str:
        if saved(out) == before:
            return f"training had not begun, and nothing was written to {out}"
        return f"{out} holds what was saved last. To go on: {again}"

    with interruptible(left), Watch() as display:
        outcome = federate_model(
            people or (),
            continues=continues,
            out=out,
            valid=valid or (),
            resume=resume,
            overwrite=overwrite,
            report=display,
            **leaves,
        )
    config = outcome.config
    if as_json:
        print_json({"folder": str(out), **config.model_dump(mode="json")})
    else:
        measured = config.evaluation
        rows = {} if measured is None else evaluation_rows(measured)
        if config.training is not None and config.training.federated is not None:
            rows |= canary_rows(config.training.federated)
        results().print(table_of({"model": str(out), **rows}))
    if outcome.stopped_by is not None:
        before_it = f" {out} still has the model of before." if outcome.is_staged else ""
        errors.print(f"stopped and saved.{before_it} To go on: {again}")
        sys.exit(STOPPED.get(outcome.stopped_by, 1))
