"""`foreword prepare`: from a text to its ids in a folder, which `train` reads. No torch."""

from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.console import errors, interruptible, print_json, results, table_of
from foreword.cli.options import takes_text_settings
from foreword.cli.watch import Watch
from foreword.training.leaves import TextLeaves
from foreword.training.prepare import prepare as prepare_text
from foreword.training.prepared import Part


@takes_text_settings
def prepare(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs, gzip files, or - for standard input. Default: the "
            "chats that come with the package."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="IDS", help="Folder to write the ids to."),
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Text to validate on. Default: the last part of the text."
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of processes that cut the text into words. Default: one per core.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the prepared text in IDS.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what IDS/prepared.json holds.")
    ] = False,
    *,
    leaves: TextLeaves,
) -> None:
    """Read your text once, into a folder that `foreword train IDS` reads.

    The model is the same as from the text itself. This helps with text of gigabytes, and if you
    train on the same text many times. Ctrl-C leaves nothing behind.
    """
    if out is None:
        raise typer.BadParameter("where should the ids go?", param_hint="--out")
    with interruptible(lambda: f"{out} is as it was before"), Watch() as display:
        about = prepare_text(
            text or (),
            out=out,
            valid=valid or (),
            processes=processes,
            overwrite=overwrite,
            report=display,
            **leaves,
        )
    if as_json:
        print_json(about.model_dump(mode="json"))
        return
    held_out = {} if about.valid is None else {"held out": _counted(about.valid)}
    results().print(table_of({"prepared": str(out), "text": _counted(about.train), **held_out}))
    errors.print(f"to train on it: foreword train {out} --out DIR", soft_wrap=True)


def _counted(part: Part) -> str:
    outside = part.unknown / part.words
    return f"{part.words:,} words in {part.lines:,} lines, {outside:.1%} outside the vocabulary"
