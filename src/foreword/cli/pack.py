"""`foreword pack`: from a text to a package that pip installs."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from foreword.cli.arguments import Recipe, Texts
from foreword.cli.console import errors, interruptible, loading_torch, print_json, results, table_of
from foreword.cli.options import takes_settings
from foreword.cli.train import STOPPED
from foreword.cli.watch import Watch
from foreword.compression.compress import BOUND
from foreword.compression.ngrams import MOST
from foreword.folder.claim import refuse_unclaimable
from foreword.packaging.about import checked
from foreword.packaging.making import Making, folder_for, is_begun, making_beside, refusal_for
from foreword.training.leaves import Leaves
from foreword.training.settings import ENDS

SHARED = ("vocab_size", "model", "hidden_size", "seed", "threads", "device")
"""Settings that are options; all others are set by `--set`."""


@takes_settings(*ENDS, *SHARED, instead={"language": "--language"})
def pack(
    text: Texts = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the model, as in `foreword predict NAME`. The package is called "
            "foreword-NAME."
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(metavar="TAG", help="Language of the text: cy, tr, pt-BR and so on (BCP 47)."),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--licence",
            "--license",
            metavar="SPDX",
            help="Licence of the package and its model: CC0-1.0, CC-BY-SA-4.0 and so on.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder of the package. Default: foreword-NAME."
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="LINE", help="Where the text comes from; repeat it for more."),
    ] = None,
    attribution: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINE",
            help="Authors of the text, which most licences ask to name; repeat it for more.",
        ),
    ] = None,
    package_version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Version of the package. Default: 0.1.0.")
    ] = None,
    summary: Annotated[
        str | None,
        typer.Option(
            metavar="LINE", help="What the package is, in a sentence. Default: by the language."
        ),
    ] = None,
    recipe: Recipe = None,
    bound: Annotated[
        float, typer.Option(help="Largest relative rise of perplexity by compression.")
    ] = BOUND,
    rare_words: Annotated[
        bool,
        typer.Option(
            "--rare-words/--no-rare-words",
            help="Whether words that are too rare for the vocabulary are completed too, and new "
            "ones if the text lacks many.",
        ),
    ] = True,
    ngrams: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Number of n-grams of the text that the package also has, if they improve the "
            "model; 0: none. A million takes about 5 MB.",
        ),
    ] = MOST,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Continue what was interrupted; --name or --out tells which."
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace the package in DIR once the new one is complete."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    *,
    leaves: Leaves,
) -> None:
    """Make an installable package of a model from your text: train, compress, measure.

    Ctrl-C saves and stops; `--resume` continues from that point.
    """
    folder = folder_for(name, out)
    making = making_beside(folder)
    told: dict[str, Any] = {
        "name": name,
        "licence": licence,
        "sources": tuple(source or ()),
        "attributions": tuple(attribution or ()),
        "version": package_version,
        "summary": summary,
    }
    told = {key: value for key, value in told.items() if value is not None}
    # Errors are reported before PyTorch is loaded.
    about = Making.read(making).wish.about if resume else checked(language=language, **told)
    refuse_unclaimable(folder, "pack", refusal_for(about, replaces=resume or overwrite))
    with loading_torch():
        from foreword.packaging.pack import pack as make_package

    go_on = f"To continue: foreword pack --out {folder} --resume"

    def left() -> str:
        if is_begun(making):
            return f"{making} holds what was saved last. {go_on}"
        return f"training had not started, and nothing was written to {folder}"

    if language is not None:
        leaves["language"] = language
    with interruptible(left), Watch() as display:
        packed = make_package(
            text or (),
            out=out,
            **told,
            recipe=recipe,
            bound=bound,
            rare=rare_words,
            ngrams=ngrams,
            resume=resume,
            overwrite=overwrite,
            report=display,
            **leaves,
        )
    if packed.figures is None:
        errors.print(f"stopped and saved. {go_on}", soft_wrap=True)
        sys.exit(STOPPED.get(packed.stopped_by or "", 1))
    about = packed.about
    if as_json:
        record = packed.figures.record()
        print_json({"folder": str(folder), **about.model_dump(mode="json"), **record})
        return
    results().print(table_of({"package": str(folder), **packed.figures.rows()}))
    errors.print(
        f'to use it: pip install {_local(folder)}, and then: foreword predict {about.name} "..."',
        soft_wrap=True,
    )


def _local(folder: Path) -> str:
    """Return a folder in a form that pip does not take for the name of a project."""
    return str(folder) if folder.is_absolute() or folder.parts[:1] == ("..",) else f"./{folder}"
