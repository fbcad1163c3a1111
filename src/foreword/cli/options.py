"""The options of `train`, `tune` and `compare` that are settings, made from the settings' tree."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from foreword.cli.signature import Verb, with_options
from foreword.cli.texts import OPTIONS as READING
from foreword.errors import SettingsError, did_you_mean
from foreword.training.catalogue import Setting, described, read_setting
from foreword.training.settings import Leaf, TextSettings

PANELS = {
    "text": "Text",
    "model": "Model",
    "dropout": "Model",
    "bptt": "Optimiser",
    "rate": "Optimiser",
    "run": "Run",
}
"""Headings of the help for groups of settings; the others are under Options."""
TAKE_FILES = ("--pairs", "--valid-pairs")
"""Options that take all files up to the next option."""
NEGATED = {"untied": "tied", "reset_before": "reset_after"}
"""Options of earlier versions that turned a setting off; others were called --no-NAME."""


def takes_settings(
    *names: str, instead: Mapping[str, str] = MappingProxyType({})
) -> Callable[[Verb], Verb]:
    """Adds settings to a verb, as its parameter `leaves`.

    Args:
        names: settings that get an option each, in addition to those on how texts are read. All
            others are set by `--set`.
        instead: settings that the verb does not have, and the options that replace them.
    """

    def gathered(options: dict[str, Any]) -> dict[str, Leaf]:
        leaves: dict[str, Leaf] = {}
        for text in options.pop("assignments", ()):
            name, value = read_setting(text)
            if name in instead:
                raise SettingsError(f"{name} cannot be set here: use {instead[name]}")
            if name in options:
                raise SettingsError(f"{name} is set by an option and by --set: leave one out")
            leaves[name] = value
        return {**options, **leaves}

    known = described()
    options = {name: _option(name, known[name], PANELS.get(known[name].group)) for name in names}
    repeated = typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set any setting, such as cell_clip=3; repeat it for more. `foreword settings` lists "
        "all of them with their ranges and defaults.",
    )
    assignments = Annotated[list[str] | None, repeated]
    return with_options("leaves", {**READING, **options, "assignments": assignments}, gathered)


def takes_text_settings(verb: Verb) -> Verb:
    """Adds to a verb an option for each setting of a text, as its parameter `leaves`."""
    known = described()
    others = [name for name in TextSettings.model_fields if name not in READING]
    options = {name: _option(name, known[name], PANELS["text"]) for name in others}
    return with_options("leaves", {**READING, **options})(verb)


def takes_group(
    panels: Mapping[str, str], settings: Mapping[str, Setting]
) -> Callable[[Verb], Verb]:
    """Adds to a verb an option for each of its own settings, as its parameter `leaves`.

    Args:
        panels: the headings of the help, by the name of the first setting under each.
        settings: by name.
    """
    options: dict[str, Any] = {}
    panel: str | None = None
    for name, setting in settings.items():
        panel = panels.get(name, panel)
        options[name] = _option(name, setting, panel)
    return with_options("leaves", options)


def _option(name: str, setting: Setting, panel: str | None) -> Any:
    kind: Any = Literal[setting.choices] if setting.choices else setting.type
    names = []
    if setting.type is bool:
        option = name.replace("_", "-")
        names = [f"--{option}/--no-{option}" if setting.default else f"--{option}"]
    return Annotated[kind | None, typer.Option(*names, help=setting.about, rich_help_panel=panel)]


class PairsCommand(TyperCommand):
    """A verb whose options `--pairs` and `--valid-pairs` take one or more files each."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Write `--pairs A B` as `--pairs A --pairs B`, the only form that Click knows."""
        return super().parse_args(ctx, spread(args))


def spread(args: list[str]) -> list[str]:
    """Repeat the option before each file that follows it.

    >>> spread(["--pairs", "a.de", "a.en", "--out", "m"])
    ['--pairs', 'a.de', '--pairs', 'a.en', '--out', 'm']
    """
    words: list[str] = []
    option = None
    for k, word in enumerate(args):
        if word == "--":
            return [*words, *args[k:]]
        if word.startswith("--"):
            option = word if word in TAKE_FILES else None
            words += [] if option else [word]
        else:
            words += [option, word] if option else [word]
    return words


class SettingsCommand(PairsCommand):
    """A verb with `--set`, whose error for a setting typed as an option shows the right form."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuses `--cell-clip 3` with the form that it must have."""
        args = spread(args)
        known = {name for p in self.params for name in (*p.opts, *p.secondary_opts)}
        for k, word in enumerate(args):
            if word == "--":
                break
            option, equals, value = word.partition("=")
            if not option.startswith("--") or option in known:
                continue
            after = args[k + 1] if k + 1 < len(args) and not args[k + 1].startswith("--") else None
            if assignment := _assignment(option[2:].replace("-", "_"), value if equals else after):
                ctx.fail(f"{option} is a setting and no option: write --set {assignment}")
            near = did_you_mean(option[2:].replace("-", "_"), described())
            if near and not did_you_mean(option, known):
                ctx.fail(f"there is no option {option}.{near} Settings are set by --set NAME=VALUE")
        return super().parse_args(ctx, args)


def _assignment(name: str, value: str | None) -> str | None:
    """The argument of `--set` for an option of that name; None if it is no setting."""
    positive = NEGATED.get(name, name.removeprefix("no_"))
    setting = described().get(positive)
    if setting is None:
        return None
    if setting.type is bool:
        return f"{positive}={'true' if positive == name else 'false'}"
    return f"{positive}={'VALUE' if value is None else value}"
