"""`foreword lsp`: suggestions in an editor, over standard input and output. No torch."""

import os
from typing import Annotated

import typer

from foreword.cli.personal import KEY
from foreword.cli.predict import Beside, Block, NoFilter, PersonalFile, Phrases, Tolerant
from foreword.errors import MissingExtraError
from foreword.text.newlines import Lines


def lsp(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="DIR",
            help="A model folder of either kind, or an installed model's name.",
        ),
    ],
    translator: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Translation model, which suggests translations in PO and XLIFF files.",
        ),
    ] = None,
    k: Annotated[
        int, typer.Option("-k", "--words", min=1, max=100, help="Number of words to choose from.")
    ] = 5,
    phrases: Phrases = False,
    tolerant: Tolerant = False,
    no_filter: NoFilter = False,
    block: Block = None,
    personal: PersonalFile = None,
    beside: Beside = None,
    lines: Annotated[
        Lines | None,
        typer.Option(
            help="What a line of a document is: wrapped reads a line end inside a paragraph "
            "as a space. Default: by the document's language.",
        ),
    ] = None,
) -> None:
    """Serve an editor by the Language Server Protocol.

    The editor starts this command, and can override these options.
    """
    try:
        from foreword.editor.lsp import serve
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        raise MissingExtraError("foreword lsp", "lsp") from error

    from foreword.editor.editor import Settings

    serve(
        Settings(
            model=folder,
            translator=translator,
            k=k,
            phrases=phrases,
            tolerant=tolerant,
            offensive=no_filter,
            blocked=tuple(block or ()),
            personal=personal,
            beside=tuple(beside or ()),
            lines=lines,
        ),
        key=os.environ.get(KEY),
    )
