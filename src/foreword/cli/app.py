"""The `foreword` command: gathers the verbs, and turns errors into messages and exit codes."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from foreword.cli import (
    check,
    compare,
    compress,
    doctor,
    evaluate,
    export,
    federate,
    generate,
    ibus,
    info,
    inspect,
    keystrokes,
    lsp,
    memory,
    pack,
    personal,
    predict,
    prepare,
    recipes,
    serve,
    settings,
    train,
    translate,
    tune,
)
from foreword.cli.console import errors, interruptible, print_error
from foreword.cli.options import PairsCommand, SettingsCommand
from foreword.errors import ForewordError, MissingExtraError


class _Verbs(TyperGroup):
    """The verbs; Ctrl-C ends each with a sentence. Typer alone says nothing."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        with interruptible():
            return super().invoke(ctx)


app = typer.Typer(
    name="foreword",
    cls=_Verbs,
    help="Next-word prediction with recurrent neural networks, trained on your own text.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train", cls=SettingsCommand)(train.train)
app.command("prepare", cls=PairsCommand)(prepare.prepare)
app.command("federate")(federate.federate)
app.command("settings")(settings.settings)
app.command("recipes")(recipes.recipes)
app.command("evaluate", cls=PairsCommand)(evaluate.evaluate)
app.command("keystrokes", cls=PairsCommand)(keystrokes.keystrokes)
app.command("predict")(predict.predict)
app.command("generate")(generate.generate)
app.command("translate")(translate.translate)
app.command("serve")(serve.serve)
app.command("compare", cls=SettingsCommand)(compare.compare)
app.command("tune", cls=SettingsCommand)(tune.tune)
app.command("compress", cls=PairsCommand)(compress.compress)
app.command("pack", cls=SettingsCommand)(pack.pack)
app.command("export")(export.export)
app.command("info")(info.info)
app.command("inspect")(inspect.inspect)
app.command("memory")(memory.memory)
app.add_typer(personal.personal, name="personal")
app.command("lsp")(lsp.lsp)
app.command("ibus")(ibus.ibus)
app.command("check")(check.check)
app.command("doctor")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"foreword {version('foreword')}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


def run() -> None:
    """Runs the command line."""
    try:
        app()
    except ForewordError as error:
        print_error(str(error))
        sys.exit(1)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        print_error(str(MissingExtraError(_verb(), "train")))
        sys.exit(1)
    except KeyboardInterrupt:
        errors.print("stopped")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has closed it, as `head` does: not an error. Python would
        # complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MemoryError as error:
        print_error(str(error) or "there is not enough memory for this")
        sys.exit(1)
    except OSError as error:
        print_error(str(error))
        sys.exit(1)


def _verb() -> str:
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    return f"foreword {names[0]}" if names else "this command"
