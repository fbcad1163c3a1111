"""Recipes: settings that belong together, with their source and their results, as TOML files.

It knows files and the tree of settings, does not train, and needs no torch. A recipe names only the
settings that it changes; the text decides the others:

    about = "For small texts on a laptop."
    source = "Chosen by hand."

    [settings]
    model = "gru"
    minutes = 5
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from foreword.errors import MissingExtraError, SettingsError
from foreword.folder.config import Data
from foreword.folder.files import atomic_write
from foreword.training.settings import ENDS, Leaf, TrainingSettings, settings_from

SUFFIX = ".toml"


class Reached(Data):
    """A result of a recipe, for a next-word model (`benchmarks/quality.py`) or a translator."""

    text: str
    """Names of the texts: training, validation, test."""
    machine: str
    date: str
    seconds: float
    """The minutes of training, including reading the text."""
    valid_perplexity: float
    """The perplexity of the network alone, over all of the validation text."""
    test_perplexity: dict[str, float] = Field(default_factory=dict)
    """Test perplexities by method; those with `cache` or `dynamic` adapt to the text.
    """
    bleu: dict[str, float] = Field(default_factory=dict)
    """BLEU of a translation model, by the pairs and the search."""
    command: str


class Recipe(Data):
    """The content of a recipe's file."""

    about: str
    """What it is for."""
    source: str
    """Where the settings come from."""
    settings: dict[str, Leaf]
    """The settings, by their names in `foreword.training.settings`."""
    reached: tuple[Reached, ...] = ()


def names() -> list[str]:
    """Names of the recipes that come with the package."""
    inside = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(SUFFIX) for name in inside if name.endswith(SUFFIX))


def find(recipe: str | PathLike[str]) -> Recipe:
    """A recipe that comes with the package, by its name, or any other, by its file.

    Raises:
        SettingsError: there is no such recipe, or its file is not valid; names the file,
            and the setting or the line.
    """
    path = Path(recipe)
    if path.suffix == SUFFIX or path.parent != Path():
        try:
            return parsed(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"the recipe {path} cannot be read: {error}") from error
    if str(recipe) not in names():
        raise SettingsError(
            f"there is no recipe {str(recipe)!r}. The recipes are: {', '.join(names())}; one of "
            f"your own is given by its file, which ends in {SUFFIX}"
        )
    return parsed((files(__name__) / f"{recipe}{SUFFIX}").read_text("utf-8"), str(recipe))


def parsed(text: str, name: str) -> Recipe:
    """The recipe in the text of a file, checked down to each setting's range.

    Args:
        text: TOML.
        name: that of the file, for errors.
    """
    try:
        recipe = Recipe.model_validate(tomllib.loads(text))
        settings_from(recipe.settings)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise SettingsError(f"recipe {name}: {'; '.join(faults)}") from error
    except (ValueError, RecursionError, SettingsError) as error:  # such as numbers of 5,000 digits
        raise SettingsError(f"recipe {name}: {error}") from error
    return recipe


def write(recipe: Recipe, path: Path) -> None:
    """Writes a recipe's file, or replaces one.

    Raises:
        SettingsError: a setting is unknown or out of range, or the file's name is not that of a
            recipe.
        MissingExtraError: there is no `tomli-w`.
    """
    if path.suffix != SUFFIX:
        raise SettingsError(f"a recipe's file ends in {SUFFIX}, which {path} does not")
    text = rendered(recipe)
    parsed(text, str(path))
    atomic_write(path, text.encode())


def rendered(recipe: Recipe) -> str:
    """The text of a recipe's file."""
    try:
        import tomli_w
    except ModuleNotFoundError as error:
        raise MissingExtraError("writing a recipe", "tune") from error
    return tomli_w.dumps(recipe.model_dump(exclude_defaults=True))


def of_recipe(
    recipe: str | PathLike[str] | None, settings: TrainingSettings | None
) -> Mapping[str, Leaf]:
    """Return a recipe's settings, or none without a recipe.

    Raises:
        SettingsError: a tree of settings is given too, or there is no such recipe.
    """
    if recipe is None:
        return {}
    if settings is not None:
        raise SettingsError("give a recipe or a tree of settings, not both")
    return find(recipe).settings


def overridden(settings: Mapping[str, Leaf], given: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's settings, overridden by others; None does not override.

    A new limit replaces all limits of the recipe.

    >>> overridden({"model": "gru", "minutes": 30, "epochs": 3}, {"minutes": 5, "seed": None})
    {'model': 'gru', 'minutes': 5}
    """
    given = {name: value for name, value in given.items() if value is not None}
    replaced = ENDS if any(name in given for name in ENDS) else ()
    return {name: value for name, value in settings.items() if name not in replaced} | given
