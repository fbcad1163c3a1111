"""`foreword train`: from a text to a model folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.arguments import JsonOutcome, Recipe, Valid
from foreword.cli.console import errors, interruptible, loading_torch, print_json, results, table_of
from foreword.cli.info import evaluation_rows, translation_rows
from foreword.cli.options import takes_settings
from foreword.cli.watch import Watch
from foreword.folder.claim import refuse_unclaimable
from foreword.training.checkpoint import refuse_without_checkpoint, saved
from foreword.training.launch import launch
from foreword.training.leaves import Leaves
from foreword.training.settings import ENDS
from foreword.training.target import refusal_for

STOPPED = {"SIGINT": 130, "SIGTERM": 143}

SHARED = (
    *("pretokenised", "vocab_size"),
    *("model", "hidden_size", "dropout", "learning_rate", "window"),
    *("seed", "threads", "device"),
)
"""Settings that are options of `train` and `tune`; all others are set by `--set`."""


@takes_settings(*ENDS, *SHARED)
def train(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs, gzip files, or - for standard input; or a folder that "
            "`foreword prepare` has written. Default: the chats that come with the package."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder to write the model to."),
    ] = None,
    valid: Valid = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Train a translation model on two files line by line (--pairs train.de "
            "train.en), on files that hold both languages (TMX, PO, XLIFF, TSV), or on the carried "
            "German and English sentences (--pairs carried).",
        ),
    ] = None,
    valid_pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Pairs to validate on. Default: some of the pairs are held out."
        ),
    ] = None,
    continues: Annotated[
        str | None,
        typer.Option(
            "--continue",
            metavar="MODEL",
            help="Continue training this translation model with new --pairs, such as "
            "corrections; some of its old pairs are read again, so that it does not forget "
            "them.",
        ),
    ] = None,
    old_pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="With --continue: the old pairs. Default: those that MODEL names.",
        ),
    ] = None,
    recipe: Recipe = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in DIR.")] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace the model in DIR once the new one has been validated."
        ),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Write DIR/watch for TensorBoard: losses, gradients by layer and distance, gates.",
        ),
    ] = False,
    as_json: JsonOutcome = False,
    *,
    leaves: Leaves,
) -> None:
    """Train on your own text.

    Ctrl-C saves and stops; `--resume` continues from that point.
    """
    if out is None:
        raise typer.BadParameter("name the folder for the model", param_hint="--out")
    started = launch()
    if started.count == 1 and not started.may_be_repeated:  # before PyTorch is loaded
        refuse_unclaimable(out, "train", refusal_for(replaces=resume or overwrite))
        if resume:
            refuse_without_checkpoint(out)
    if not started.is_first:
        errors.quiet = True
    before = saved(out)
    with loading_torch():
        from foreword.training.peers import FirstLostError
        from foreword.training.run import train as train_model

    def left() -> str:
        if saved(out) == before:
            return f"training had not started, and nothing was written to {out}"
        return f"{out} holds the last saved state. To continue: foreword train --out {out} --resume"

    with interruptible(left), Watch() as display:
        try:
            outcome = train_model(
                text or (),
                out=out,
                valid=valid or (),
                pairs=pairs or (),
                valid_pairs=valid_pairs or (),
                continues=continues,
                old_pairs=old_pairs or (),
                recipe=recipe,
                resume=resume,
                overwrite=overwrite,
                report=display,
                watch=watch,
                **leaves,
            )
        except FirstLostError:
            errors.quiet = False
            raise
    from foreword.folder.config import TranslationFolderConfig

    config = outcome.config
    if not started.is_first:
        return
    if as_json:
        print_json({"folder": str(out), **config.model_dump(mode="json")})
    elif isinstance(config, TranslationFolderConfig):
        results().print(table_of({"model": str(out), **translation_rows(config.evaluation)}))
    elif config.evaluation is not None:
        results().print(table_of({"model": str(out), **evaluation_rows(config.evaluation)}))
    else:
        results().print(table_of({"model": str(out)}))
    if outcome.stopped_by is not None:
        before_it = ""
        if outcome.is_staged:
            before_it = f" {out} still has the old model: the new one has not been validated yet."
        errors.print(
            f"stopped and saved.{before_it} To continue: foreword train --out {out} --resume"
        )
        sys.exit(STOPPED.get(outcome.stopped_by, 1))
