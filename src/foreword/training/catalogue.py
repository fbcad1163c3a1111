"""The catalogue of settings: names, allowed values and descriptions, from the tree of settings."""

from functools import cache
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from foreword.cells import registry
from foreword.cells.cell import Option
from foreword.errors import SettingsError
from foreword.training.settings import (
    CELL_OPTIONS,
    Leaf,
    Settings,
    TrainingSettings,
    unknown_setting,
)


class Setting(NamedTuple):
    """One setting as it is described to people."""

    group: str
    type: type[Leaf]
    choices: tuple[str, ...]
    """All values that it may have; empty if it may have any value in its range."""
    range: str
    """The bounds of a number, such as `>= 0, < 1`."""
    default: Leaf | None
    about: str
    """What it does, and its default."""

    @property
    def values(self) -> str:
        """A short description of its allowed values."""
        if self.choices:
            return ", ".join(self.choices)
        names = {bool: "true or false", int: "whole number", float: "number", str: "text"}
        return f"{names[self.type]} {self.range}".rstrip()


_FINITE = ConfigDict(allow_inf_nan=False)
_TYPES: dict[str, type[Leaf]] = {"boolean": bool, "integer": int, "number": float, "string": str}
_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


@cache
def described() -> dict[str, Setting]:
    """All settings by name, in the order of the tree.

    >>> described()["softmax_until"].range
    '>= 0, < 1'
    """
    described: dict[str, Setting] = {}
    tree = TrainingSettings.default()
    for group in TrainingSettings.model_fields:
        described |= described_group(group, type(getattr(tree, group)))
    for name, (_, _, option) in registry.SETTINGS.items():
        if name not in described:
            described[name] = _described(name, option)
    return described


def described_group(group: str, settings: type[Settings]) -> dict[str, Setting]:
    """The settings of one group by name, in their order."""
    described = {}
    for name, schema in settings.model_json_schema()["properties"].items():
        if name == CELL_OPTIONS:
            continue
        value = schema["anyOf"][0] if "anyOf" in schema else schema  # the other one is null
        default = schema.get("default")
        about = " ".join(schema.get("description", "").split())
        if default is not None:
            about += f" Default: {shown(default)}."
        bounds = [f"{sign} {_digits(value[key])}" for key, sign in _BOUNDS.items() if key in value]
        described[name] = Setting(
            group,
            _TYPES[value["type"]],
            tuple(value.get("enum", ())),
            ", ".join(bounds),
            default,
            about,
        )
    return described


def _described(name: str, option: Option) -> Setting:
    """An option of cells that is not a field of the tree."""
    cells = ", ".join(registry.having(registry.SETTINGS[name][1]))
    about = f"{option.about} For {cells}. Default: {shown(option.default)}."
    is_number = not option.choices and not isinstance(option.default, bool)
    bounds = f">= {_digits(option.least)}, <= {_digits(option.most)}" if is_number else ""
    kind = type(option.default)
    return Setting("model", kind, option.choices, bounds, option.default, about)


def _digits(bound: float) -> str:
    """A number as text: whole numbers with all digits, others with the shortest exact digits."""
    return str(bound) if isinstance(bound, int) else f"{bound:.15g}"


def shown(value: Leaf) -> str:
    """A value as `read_setting` reads it."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def read_setting(text: str) -> tuple[str, Leaf]:
    """The name and the value in a text of the form NAME=VALUE, checked by the setting's type.

    Raises:
        SettingsError: names the setting, its value and the allowed values.

    >>> read_setting("cell_clip=3"), read_setting("tied = no")
    (('cell_clip', 3.0), ('tied', False))
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    name = name.replace("-", "_")
    if not equals or not value:
        raise SettingsError(f"{text!r} is not of the form NAME=VALUE, such as dropout_hidden=0.2")
    fields = {
        leaf: field
        for group in TrainingSettings.default().groups()
        for leaf, field in type(group).model_fields.items()
    }
    if name in registry.SETTINGS and name not in fields:
        field = FieldInfo(annotation=type(registry.SETTINGS[name][2].default))
    elif name not in fields or name == CELL_OPTIONS:
        raise unknown_setting(name)
    else:
        field = fields[name]
    kind = Annotated[field.annotation, field]  # type: ignore[name-defined]
    try:
        checked: Leaf = TypeAdapter(kind, config=_FINITE).validate_python(value)
    except ValidationError as error:
        told = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name} = {value}: {told}") from error
    return name, checked
