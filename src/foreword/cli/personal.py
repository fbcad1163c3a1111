"""`foreword personal`: a person's own words beside a model: learn, look, forget. No torch."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from foreword.cli.arguments import Json
from foreword.cli.console import errors, json_lines, print_json, results, table_of
from foreword.cli.notes import empty, note
from foreword.cli.texts import reads_texts
from foreword.cli.watch import Watch
from foreword.errors import PersonalError, SettingsError
from foreword.text.choice import ReadingOptions
from foreword.visible import shown

if TYPE_CHECKING:
    from foreword.predictor.personal import Learned, Personal
    from foreword.text.tokenizer import Tokenizer

KEY = "FOREWORD_PERSONAL_KEY"


class _FileFirst(TyperGroup):
    """Verbs that follow the name of a file, which is easily forgotten."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb; if a verb is in the file's place, the error says where the file's name goes."""
        given = str(ctx.params.get("path", ""))
        if given in self.commands and args[0] not in self.commands:
            ctx.fail(
                f"The personal file's name comes before the verb: foreword personal FILE {given}"
            )
        return super().resolve_command(ctx, args)


personal = typer.Typer(
    cls=_FileFirst,
    no_args_is_help=True,
    help="A person's own words beside a model: learn, list, change, forget. Only `learn` and "
    f"`import` add words. The key of an encrypted file is read from {KEY}.",
)
Model = Annotated[
    Path, typer.Option("--model", "-m", metavar="DIR", help="The model that the words are for.")
]

KnownModel = Annotated[
    Path | None,
    typer.Option("--model", "-m", metavar="DIR", help="The model whose words are no secrets."),
]


@personal.callback()
def file(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The personal file.")],
) -> None:
    """Remembers the file."""
    context.obj = path


@personal.command()
@reads_texts
def learn(
    context: typer.Context,
    model: Model,
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="Files, folders, globs, or -. Default: -."),
    ] = None,
    *,
    reading: ReadingOptions,
    as_json: Json = False,
) -> None:
    """Learn a person's text. A missing file is created."""
    from foreword.predictor.personal import network_of
    from foreword.predictor.predictor import load
    from foreword.text.newlines import PARAGRAPH_END, whole_units
    from foreword.text.sources import read_sources

    _refuse_unusable(context.obj)  # before a model and a long text are read
    predictor = load(model)
    with Watch() as watch:
        sources = read_sources(
            texts or ["-"],
            predictor.tokenizer.config,
            words=predictor.tokenizer.words,
            say=watch.note,
            progress=watch.text_progress,
            **reading,
        )
    units = [unit for source in sources for unit in whole_units(source.read())]
    with opened(context.obj, predictor.tokenizer, create=True) as layer:
        _tell(layer.learn(PARAGRAPH_END.join(units), network_of(predictor)), as_json=as_json)


@personal.command("list")
def list_(
    context: typer.Context,
    beginning: Annotated[
        str, typer.Argument(metavar="LETTERS", help="List only words with this beginning.")
    ] = "",
    as_json: Json = False,
) -> None:
    """List the words that are held, the most frequent first."""
    with opened(context.obj) as layer:
        words = [held for held in layer.words() if held.word.startswith(beginning)]
        if not words and not as_json:
            note(empty(layer, context.obj) if not beginning else f"no word begins {beginning!r}")
    if as_json:
        print_json([asdict(held) for held in words])
        return
    for held in words:
        results().print(f"{held.count:>8,}  {shown(held.word)}")


@personal.command()
def forget(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORD", help="In every case of letters.")
    ] = None,
    everything: Annotated[bool, typer.Option("--everything", help="Forget everything.")] = False,
    suspects: Annotated[
        bool, typer.Option("--suspects", help="Forget what `audit` lists.")
    ] = False,
    model: KnownModel = None,
    as_json: Json = False,
) -> None:
    """Forget words and all sequences with them; what the file held of them is overwritten."""
    if not (words or everything or suspects):
        raise SettingsError("name the words to forget, or --suspects, or --everything")
    with opened(context.obj, _tokenizer_of(model)) as layer:
        count = layer.forget_everything() if everything else 0
        count += layer.forget_suspects() if suspects else 0
        count += sum(layer.forget(word) for word in words or [])
    if as_json:
        print_json({"forgotten": count})
    else:
        results().print(f"{count:,} words forgotten")


@personal.command()
def edit(
    context: typer.Context,
    word: Annotated[str, typer.Argument(help="A word as it is held.")],
    to: Annotated[str | None, typer.Option(help="New spelling of the word.")] = None,
    count: Annotated[int | None, typer.Option(help="New count of the word.")] = None,
) -> None:
    """Change the spelling or the count of a word."""
    if to is None and count is None:
        raise SettingsError("say how to write it (--to) or how often to count it (--count)")
    with opened(context.obj) as layer:
        layer.edit(word, to=to, count=count)


@personal.command()
def export(context: typer.Context) -> None:
    """Print what is held as lines of JSON."""
    with opened(context.obj) as layer:
        for line in layer.export():
            results().out(line, highlight=False)


@personal.command("import")
def import_(context: typer.Context, as_json: Json = False) -> None:
    """Add what `export` printed, from standard input: all of it, or nothing."""
    with opened(context.obj, create=True) as layer:
        _tell(layer.import_(json_lines()), as_json=as_json)


@personal.command()
def audit(context: typer.Context, model: KnownModel = None, as_json: Json = False) -> None:
    """Show what is held, what of it today's rules would refuse, and what was refused.

    The exit code is 1 where something that is held looks like a secret.
    """
    with opened(context.obj, _tokenizer_of(model)) as layer:
        report = layer.audit()
    if as_json:
        print_json(asdict(report))
    else:
        suspicious = [f"{s.shown}, {s.kind}, seen {s.count:,} times" for s in report.suspects]
        refused = ", ".join(f"{kind} {count:,}" for kind, count in sorted(report.refused.items()))
        rows = {
            "looks like a secret": "\n".join(suspicious) or "nothing",
            "was refused": refused or "nothing",
            "who may read it": "others too: chmod 600"
            if report.readable_by_others
            else "its owner",
        }
        results().print(table_of(_held(report.words, report.sequences, report.doubted) | rows))
    if report.suspects:
        errors.print("forget it: foreword personal FILE forget --suspects")
        raise typer.Exit(1)


@personal.command()
def info(context: typer.Context, as_json: Json = False) -> None:
    """Show how much is held."""
    with opened(context.obj) as layer:
        report = layer.audit()
        if not report.words and not as_json:
            note(empty(layer, context.obj))
    if as_json:
        numbers = {key: value for key, value in asdict(report).items() if isinstance(value, int)}
        print_json(numbers)
        return
    rows = {"learned from": f"{report.learned:,} words", "file": f"{report.bytes / 1e6:.2f} MB"}
    results().print(table_of(_held(report.words, report.sequences, report.doubted) | rows))


def _held(words: int, sequences: int, doubted: int) -> dict[str, str]:
    return {
        "words": f"{words:,}",
        "sequences": f"{sequences:,}",
        "said once": f"{doubted:,}, held as short hashes",
    }


def _tokenizer_of(model: Path | None) -> "Tokenizer | None":
    from foreword.predictor.predictor import load

    return None if model is None else load(model).tokenizer


def _tell(learned: "Learned", *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(learned))
        return
    refused = ", ".join(f"{kind} {count:,}" for kind, count in sorted(learned.refused.items()))
    results().print(f"{learned.words:,} words, {learned.new:,} of them new in the file")
    if not learned.words:
        note("there was no word to learn in it")
    if refused:
        results().print(f"refused, as it may be a secret or is not a word: {refused}")


def _refuse_unusable(path: Path) -> None:
    """Reports now the errors of opening or making the file."""
    try:
        if not path.exists():
            path.touch(0o600, exist_ok=False)
            path.unlink()
            return
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise PersonalError(f"{path}: cannot be written to: {told}") from error
    opened(path).close()


def opened(
    path: Path,
    tokenizer: "Tokenizer | None" = None,
    *,
    create: bool = False,
    read_only: bool = False,
) -> "Personal":
    """A personal file, with the key from the environment."""
    from foreword.predictor import personal as layers

    key = os.environ.get(KEY)
    return layers.open(path, tokenizer, create=create, read_only=read_only, key=key)
