"""The catalogue of settings: what each is called, may be and does, by the tree of settings."""

from functools import cache
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, TypeAdapter, ValidationError

from foreword.errors import SettingsError
from foreword.training.settings import Leaf, TrainingSettings, unknown_setting


class Setting(NamedTuple):
    """One setting as it is described to people."""

    group: str
    type: type[Leaf]
    choices: tuple[str, ...]
    """All values that it may have; empty where it may have any in its range."""
    range: str
    """The bounds of a number, such as `>= 0, < 1`."""
    default: Leaf | None
    about: str
    """What it does, and its default."""

    @property
    def values(self) -> str:
        """The values that it may have, in short."""
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
    described = {}
    tree = TrainingSettings.default()
    for group in TrainingSettings.model_fields:
        properties = type(getattr(tree, group)).model_json_schema()["properties"]
        for name, schema in properties.items():
            value = schema["anyOf"][0] if "anyOf" in schema else schema  # the other one is null
            default = schema.get("default")
            about = " ".join(schema.get("description", "").split())
            if default is not None:
                about += f" Default: {shown(default)}."
            bounds = [f"{sign} {value[key]:.20g}" for key, sign in _BOUNDS.items() if key in value]
            described[name] = Setting(
                group,
                _TYPES[value["type"]],
                tuple(value.get("enum", ())),
                ", ".join(bounds),
                default,
                about,
            )
    return described


def shown(value: Leaf) -> str:
    """A value as `read_setting` reads it."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def read_setting(text: str) -> tuple[str, Leaf]:
    """The name and the value in a text of the form NAME=VALUE, checked by the setting's type.

    Raises:
        SettingsError: names the setting, its value and what it may be.

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
    if name not in fields:
        raise unknown_setting(name)
    field = fields[name]
    kind = Annotated[field.annotation, field]  # type: ignore[name-defined]
    try:
        checked: Leaf = TypeAdapter(kind, config=_FINITE).validate_python(value)
    except ValidationError as error:
        told = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name} = {value}: {told}") from error
    return name, checked
