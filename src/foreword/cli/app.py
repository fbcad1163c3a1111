"""The `foreword` command: gathers the verbs, and turns errors into messages and exit codes."""

import os
import sys
from collections import UserDict
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from foreword.cli.console import errors, interruptible, print_error
from foreword.errors import ForewordError, MissingExtraError

MARKUP: Any = "markdown"
VERBS = {
    "train": "SettingsCommand",
    "prepare": "PairsCommand",
    "federate": None,
    "settings": None,
    "recipes": None,
    "evaluate": "PairsCommand",
    "keystrokes": "PairsCommand",
    "predict": None,
    "generate": None,
    "translate": None,
    "serve": None,
    "page": None,
    "compare": "SettingsCommand",
    "tune": "SettingsCommand",
    "compress": "PairsCommand",
    "pack": "SettingsCommand",
    "export": None,
    "info": None,
    "inspect": None,
    "memory": None,
    "personal": None,
    "lsp": None,
    "ibus": None,
    "check": None,
    "doctor": None,
}
"""The verbs in the order of the help, and the classes of `cli/options.py` that parse some of them.

Each is a function in the module of its name in `foreword.cli`; `personal` is a group of verbs.
"""


class _Commands(UserDict[str, Any]):
    """Click's command of each verb, which is imported when it is asked for."""

    def __getitem__(self, verb: str) -> Any:
        if self.data[verb] is None:
            self.data[verb] = _command(verb)
        return self.data[verb]


def _command(verb: str) -> Any:
    """Imports a verb."""
    function = getattr(import_module(f"foreword.cli.{verb}"), verb)
    if isinstance(function, typer.Typer):
        group = typer.main.get_group(function)
        group.name = verb
        return group
    parser = VERBS[verb]
    cls = None if parser is None else getattr(import_module("foreword.cli.options"), parser)
    alone = typer.Typer(add_completion=False, rich_markup_mode=MARKUP)
    alone.command(verb, cls=cls)(function)
    return typer.main.get_command(alone)


class _Verbs(TyperGroup):
    """The verbs; Ctrl-C ends each with a message, which Typer alone does not print."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands(dict.fromkeys(VERBS))

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        del ctx
        return list(VERBS)

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
    rich_markup_mode=MARKUP,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
        # The reader of the output has closed it, as `head` does: not an error. Python would report
        # it again when it flushes stdout at exit.
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
