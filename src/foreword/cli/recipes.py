"""`foreword recipes`: settings that belong together, with their sources and results."""

from typing import Annotated

import typer
from rich.table import Table

from foreword.cli.arguments import Json
from foreword.cli.console import print_json, results, table_of
from foreword.training.recipes import Reached, Recipe, find, names


def recipes(
    recipe: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Show only this recipe, by its name or file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the recipes that `train --recipe` takes, or show one."""
    recipes_by_name = {name: find(name) for name in ([recipe] if recipe is not None else names())}
    if as_json:
        print_json([{"name": n, **r.model_dump(mode="json")} for n, r in recipes_by_name.items()])
        return
    results().print(
        _list(recipes_by_name) if recipe is None else table_of(_rows(recipes_by_name[recipe]))
    )


def _list(recipes_by_name: dict[str, Recipe]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("recipe", style="cyan", no_wrap=True)
    table.add_column("for")
    table.add_column("reached")
    for name, recipe in recipes_by_name.items():
        reached = "\n".join(_in_short(r) for r in recipe.reached) or "not measured yet"
        table.add_row(name, recipe.about, reached)
    return table


def _rows(recipe: Recipe) -> dict[str, str]:
    settings = "\n".join(f"{name} = {value}" for name, value in recipe.settings.items())
    reached = "\n\n".join(_in_full(r) for r in recipe.reached) or "not measured yet"
    return {
        "for": recipe.about,
        "source": recipe.source,
        "settings": settings,
        "reached": reached,
    }


def _in_short(reached: Reached) -> str:
    if reached.bleu:
        quality = ", ".join(f"BLEU {bleu:.1f} ({name})" for name, bleu in reached.bleu.items())
    else:
        first = next(iter(reached.test_perplexity.values()))
        quality = f"test {first:.1f}, validation {reached.valid_perplexity:.1f}"
    return f"{quality}, in {_minutes(reached)}"


def _in_full(reached: Reached) -> str:
    lines = [
        f"{reached.text}, {reached.machine}, {_minutes(reached)}, {reached.date}",
        f"validation perplexity {reached.valid_perplexity:.2f}",
        *(f"test perplexity {p:.2f}, {name}" for name, p in reached.test_perplexity.items()),
        *(f"BLEU {bleu:.1f}, {name}" for name, bleu in reached.bleu.items()),
        reached.command,
    ]
    return "\n".join(lines)


def _minutes(reached: Reached) -> str:
    return f"{reached.seconds / 60:.1f} minutes"
