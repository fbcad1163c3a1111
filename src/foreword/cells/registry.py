"""Cells by their names. A cell is added by defining it in a module of this folder."""

import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import foreword.cells
from foreword.cells.cell import Cell, OptionValue


def _defined() -> dict[str, type[Cell]]:
    """All cells of this folder's modules, in the order of their publication."""
    kinds = []
    for module in sorted(pkgutil.iter_modules(foreword.cells.__path__), key=lambda m: m.name):
        if module.name != "registry":
            defined = vars(import_module(f"foreword.cells.{module.name}")).values()
            kinds += [
                kind
                for kind in defined
                if isinstance(kind, type)
                and issubclass(kind, Cell)
                and kind.__module__ == f"foreword.cells.{module.name}"
                and hasattr(kind, "name")
            ]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.year)}


CELLS: Mapping[str, type[Cell]] = _defined()
"""The classes of all cells."""
NAMES = tuple(CELLS)
MODELS = tuple(name for name, kind in CELLS.items() if kind.setting_of is None)
"""The cells that models are named after; a setting turns them into the other ones."""
SETTINGS = {
    setting: (kind, name, kind.options[name])
    for kind in CELLS.values()
    for setting, name in kind.settings().items()
}
"""The options of all cells by their settings: the cell, the option's name, the option."""


def cell_for(name: str, *, projected: bool = False, **options: OptionValue) -> Cell:
    """The cell of this name.

    Args:
        name: one of `NAMES`.
        projected: whether the hidden state is a projection.
        **options: of the cell, as its `options` describe them.

    Raises:
        ValueError: there is no such cell, it has no such option, or the value is not allowed.

    >>> cell_for("lstm-coupled").gates
    ('f', 'g', 'o')
    >>> cell_for("rnn", nonlinearity="relu").chosen
    {'nonlinearity': 'relu'}
    """
    if name not in CELLS:
        raise ValueError(f"there is no cell {name!r}; the cells are {', '.join(NAMES)}")
    for option in options:
        if option not in CELLS[name].options:
            cells = ", ".join(having(option))
            raise ValueError(f"{option} is {f'for {cells}, not {name}' if cells else 'no option'}")
    return CELLS[name](projected=projected, **options)


def settings_of(model: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are options of a model's cell; none for a model without a cell."""
    kind = _kind(model, settings)
    its_own = {} if kind is None else kind.settings()
    return {key: value for key, value in settings.items() if key in its_own}


def settings_in(holder: object) -> dict[str, Any]:
    """The options of all cells that something has as attributes, by the names of their settings."""
    return {key: getattr(holder, key) for key in SETTINGS if hasattr(holder, key)}


def cell_of(model: str, settings: Mapping[str, Any]) -> Cell:
    """The cell of a model by its name and settings.

    Args:
        model: one of `MODELS`.
        settings: by name; those that do not belong to this model's cell are ignored.
    """
    kind = _kind(model, settings)
    if kind is None:
        raise KeyError(model)
    its_own = kind.settings()
    return kind(**{its_own[key]: value for key, value in settings.items() if key in its_own})


def check_settings(model: str, settings: Mapping[str, Any]) -> None:
    """Refuses a setting that is out of range, or that the model's cell does not have.

    Options that are not numbers (the activation function, the position of the reset gate) are
    accepted for every model, even if its cell does not use them.

    Raises:
        ValueError: with the setting's name and what it is for.
    """
    kind = _kind(model, settings)
    for key, value in settings.items():
        if key not in SETTINGS:
            raise ValueError(f"{key} is an option of no cell")
        owner, name, option = SETTINGS[key]
        is_variant = owner.variant_setting is not None
        if key == owner.variant_setting:
            option = replace(option, least=0)
        if kind is not None and name in kind.options:
            (option if is_variant else kind.options[name]).checked(key, value)
        elif is_variant and value != 0:
            option.checked(key, value)
            if model != owner.setting_of:
                raise ValueError(f"{key} is for the model {owner.setting_of}, not {model}")
            raise ValueError(f"{key} has no meaning without {owner.variant_setting}: set both")
        elif not is_variant:
            option.checked(key, value)
            if not isinstance(value, bool | str) and value != option.default:
                suffix = f" with {kind.variant_setting}" if kind and kind.variant_setting else ""
                raise ValueError(f"{key} is for {', '.join(having(name))}, not {model}{suffix}")


def usual(model: str, key: str) -> Any:
    """The value of a setting in a new model unless another one is chosen.

    >>> usual("lstm-peephole", "cell_clip"), usual("lstm", "cell_clip")
    (5.0, 0.0)
    """
    _, name, option = SETTINGS[key]
    its_own = CELLS[model].options.get(name) if model in CELLS else None
    return option.default if its_own is None or its_own.usual is None else its_own.usual


def _kind(model: str, settings: Mapping[str, Any]) -> type[Cell] | None:
    for variant in CELLS.values():
        if variant.setting_of == model and settings.get(variant.variant_setting or "", 0):
            return variant
    return CELLS.get(model)


def having(option: str) -> tuple[str, ...]:
    """The names of the cells that have an option.

    >>> having("cell_clip")
    ('lstm', 'lstm-peephole', 'lstm-peephole-only')
    """
    return tuple(name for name, kind in CELLS.items() if option in kind.options)


def describe(cell: Cell) -> str:
    """A cell with its options as text, from which `from_description` makes it again.

    >>> describe(cell_for("rnn", nonlinearity="relu"))
    'rnn nonlinearity=relu'
    """
    words = [cell.name, *(f"{name}={value}" for name, value in cell.chosen.items())]
    return " ".join([*words, "projected"] if cell.projected else words)


def from_description(text: str) -> Cell:
    """The cell that `describe` described."""
    name, *words = text.split()
    options: dict[str, OptionValue] = {}
    for word in words:
        if word != "projected":
            option, value = word.split("=")
            kind = type(CELLS[name].options[option].default)
            options[option] = value == "True" if kind is bool else kind(value)
    return CELLS[name](projected="projected" in words, **options)
