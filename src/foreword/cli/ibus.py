"""`foreword ibus`: suggestions in all applications of a Linux desktop, by IBus. No torch."""

import os
from typing import Annotated

import typer

from foreword.cli.arguments import ModelName
from foreword.cli.console import interruptible, print_note, results
from foreword.cli.personal import KEY, opened
from foreword.cli.predict import Beside, Block, NoFilter, PersonalFile, Phrases, Tolerant
from foreword.errors import MissingExtraError, SettingsError
from foreword.input_method.component import Folders, install, next_steps, uninstall
from foreword.input_method.keys import MOST, KeyChoice


def ibus(
    folder: ModelName,
    k: Annotated[
        int, typer.Option("-k", "--words", min=1, max=MOST, help="Number of words to choose from.")
    ] = 5,
    keys: Annotated[
        KeyChoice,
        typer.Option(
            help="Keys that accept a word: a digit with alt, control or super; or function, F1 "
            "to F9."
        ),
    ] = "alt",
    tab: Annotated[bool, typer.Option("--tab", help="Tab accepts the first word too.")] = False,
    phrases: Phrases = False,
    tolerant: Tolerant = False,
    no_filter: NoFilter = False,
    block: Block = None,
    personal: PersonalFile = None,
    beside: Beside = None,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn",
            help="Learn what you write into the personal file, which is created if missing.",
        ),
    ] = False,
    is_to_install: Annotated[
        bool,
        typer.Option("--install", help="Install an input method of IBus for your account."),
    ] = False,
    is_to_uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Remove the installed input method.")
    ] = False,
    is_started: Annotated[
        bool,
        typer.Option("--ibus", help="Set by IBus when it starts the command; --install writes it."),
    ] = False,
) -> None:
    """Suggest in all applications of a Linux desktop, by IBus.

    Without --install it serves until Ctrl-C.
    """
    try:
        from foreword.input_method.serving import Settings, component_of, serve
    except ModuleNotFoundError as error:
        if error.name != "jeepney":
            raise
        raise MissingExtraError("foreword ibus", "ibus") from error

    if is_to_install + is_to_uninstall + is_started > 1:
        raise SettingsError("--install, --uninstall and --ibus exclude each other")
    settings = Settings(
        model=folder,
        k=k,
        keys=keys,
        tab=tab,
        phrases=phrases,
        tolerant=tolerant,
        offensive=no_filter,
        blocked=tuple(block or ()),
        personal=personal,
        beside=tuple(beside or ()),
        learns=learn,
    )
    folders = Folders.of(os.environ)
    if is_to_uninstall:
        removed = uninstall(component_of(settings), folders)
        for path in removed:
            results().print(f"removed {path}")
        if not removed:
            print_note(f"{component_of(settings).title} is not installed")
    elif is_to_install:
        from foreword.predictor.predictor import load

        tokenizer, *_ = [load(model).tokenizer for model in settings.models]
        if personal is not None:  # report faults of the file now
            opened(personal, tokenizer, create=learn, read_only=not learn).close()
        component = component_of(settings, tokenizer.config.language)
        for path in install(component, folders):
            results().print(f"wrote {path}")
        for step in next_steps(component, folders, os.environ):
            print_note(step)
    else:
        with interruptible(lambda: "IBus uses the input method that it used before"):
            serve(settings, os.environ.get(KEY), is_started=is_started, say=print_note)
