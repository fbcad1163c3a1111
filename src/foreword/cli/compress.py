"""`foreword compress`: a smaller copy of a model, and what it costs. No torch."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from foreword.cli.arguments import Json, ModelFolder
from foreword.cli.console import interruptible, print_json, results, table_of
from foreword.cli.info import compression_rows, ngrams_rows
from foreword.cli.texts import reads_texts
from foreword.cli.watch import Watch
from foreword.compression.compress import BOUND, MOST_WORDS
from foreword.compression.compress import compress as run
from foreword.compression.ngrams import MOST
from foreword.folder.store import folder_bytes
from foreword.text.choice import ReadingOptions


@reads_texts
def compress(
    folder: ModelFolder,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", help="Folder to write the smaller model to."),
    ],
    text: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Text to measure the loss on. Default: the chats that the model was validated on.",
        ),
    ] = None,
    chats: Annotated[
        Literal["train", "valid", "test"] | None,
        typer.Option(help="Use a part of the carried chats instead."),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Measure the loss of a translation model on two files line by line (--pairs "
            "val.de val.en), or on files that hold both languages.",
        ),
    ] = None,
    vocab_size: Annotated[
        int | None, typer.Option(help="Number of most frequent words to keep.")
    ] = None,
    bound: Annotated[float, typer.Option(help="Largest relative rise of perplexity.")] = BOUND,
    words: Annotated[
        int, typer.Option(help="Largest number of words of the text to read.")
    ] = MOST_WORDS,
    ngrams_of: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Text that the model was trained on: its n-grams are added if they improve the "
            "predictions.",
        ),
    ] = None,
    ngrams: Annotated[
        int, typer.Option(help="Number of these n-grams; a million takes about 5 MB.")
    ] = MOST,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing model.")
    ] = False,
    *,
    reading: ReadingOptions,
    as_json: Json = False,
) -> None:
    """Write a model in int8, a quarter of its size, and measure the cost.

    If perplexity rises by more than the bound, nothing is written.
    """
    with interruptible(lambda: f"nothing was written to {out}"), Watch() as watch:
        result = run(
            folder,
            out,
            text or (),
            chats=chats,
            pairs=pairs or (),
            vocab_size=vocab_size,
            bound=bound,
            most_words=words,
            ngrams_of=ngrams_of or (),
            ngrams=ngrams,
            overwrite=overwrite,
            say=watch.note,
            progress=watch.text_progress,
            **reading,
        )
    size = folder_bytes(out)
    if as_json:
        print_json({**result.model_dump(mode="json"), "bytes_after": size})
        return
    sizes = f"{result.bytes / 1e6:.1f} MB before, {size / 1e6:.1f} MB after"
    rows = {**compression_rows(result), **ngrams_rows(out), "size": sizes}
    results().print(table_of(rows))
