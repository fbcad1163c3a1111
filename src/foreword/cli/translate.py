"""`foreword translate`: a text in another language. No torch."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from foreword.cli.arguments import JsonLines
from foreword.cli.console import input_blocks, print_json
from foreword.cli.notes import note
from foreword.text.glossary import read_glossary
from foreword.translator.translation import Translation
from foreword.translator.translator import MOST_BEAMS, Translator
from foreword.visible import shown, shown_lines


def translate(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a translation model.")],
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT",
            help="The text to translate. Default, and with -: lines of standard input.",
        ),
    ] = None,
    beams: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST_BEAMS,
            help="Number of hypotheses of beam search; 1 is greedy search, the fastest.",
        ),
    ] = 4,
    n: Annotated[
        int,
        typer.Option(
            "--n-best",
            "-n",
            min=1,
            help="Number of translations of each line, the best first, each after its score.",
        ),
    ] = 1,
    prefix: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="How each translation begins. Its last word may be unfinished, unless a space "
            "follows.",
        ),
    ] = None,
    glossary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File of terms and their translations: a term, a tab and its translation "
            "on each line.",
        ),
    ] = None,
    memory: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Translation memory (TMX, PO, XLIFF, a table): lines and sentences that it holds "
            "are translated so. Repeat it for more; later ones win.",
        ),
    ] = None,
    abstain: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="P",
            help="Print an empty line rather than a translation of which a smaller share of words "
            "than P is expected to be right.",
        ),
    ] = None,
    alignments: Annotated[
        bool,
        typer.Option(
            "--alignments",
            help="Print after each translation, past a tab, which word of the text each word "
            "comes from, as pairs 0-0 1-2 of numbers: the text's, then the translation's.",
        ),
    ] = False,
    as_json: JsonLines = False,
) -> None:
    """Translate a text, or standard input line by line.

    Line breaks, blank lines and text without letters stay as they are. Each line is printed as soon
    as it is translated.
    """
    terms = None if glossary is None else read_glossary(glossary)
    translator = Translator.load(folder)
    remembers = None
    if memory:
        from foreword.text.pairs.memory import TranslationMemory  # so translating starts without it

        languages = translator.folder.source_language, translator.folder.target_language
        remembers = TranslationMemory.read(memory, languages if all(languages) else None)
    asked, withheld, remembered = 0, 0, 0
    for block in [[" ".join(texts)]] if texts and texts != ["-"] else input_blocks():
        translations = translator.translate(
            block,
            beams=max(beams, n),
            n=n,
            prefix=prefix,
            glossary=terms,
            memory=remembers,
            abstain=abstain,
        )
        for text, translation in zip(block, translations, strict=True):
            asked, withheld = asked + 1, withheld + translation.abstained
            remembered += len(translation.from_memory)
            if as_json:
                print_json({"source": text, **asdict(translation)})
                continue
            for line in _printed(translation, n_best=n > 1, alignments=alignments):
                sys.stdout.write(line + "\n")
        sys.stdout.flush()
    if remembers is not None:
        note(f"{remembered:,} lines or sentences were translated by the memory")
    if withheld:
        note(
            f"{withheld:,} of {asked:,} texts have no translation, since its confidence would be "
            f"below {abstain}"
        )


def _printed(translation: Translation, *, n_best: bool, alignments: bool) -> Iterator[str]:
    pairs = ""
    if alignments:
        aligned = sorted((source, word) for word, source in translation.alignment)
        pairs = "\t" + " ".join(f"{source}-{word}" for source, word in aligned)
    if not n_best:
        yield shown_lines(translation.text) + pairs
        return
    yield f"{translation.score:.4f}\t{shown(translation.text)}{pairs}"
    for other in translation.alternatives:
        yield f"{other.score:.4f}\t{shown(other.text)}"
