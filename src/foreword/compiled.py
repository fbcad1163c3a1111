"""Load the compiled module, and choose its instruction set. No torch."""

import importlib
import os
from functools import lru_cache
from typing import Any

from foreword.errors import SettingsError

MODULE = "foreword._native"
"""The name of the compiled module."""
VARIABLE = "FOREWORD_ISA"
"""The environment variable that chooses an instruction set below the processor's best."""


@lru_cache(maxsize=1)
def loaded() -> Any | None:
    """Return the module, or None if it was not built.

    Raises:
        SettingsError: FOREWORD_ISA names an instruction set that this processor lacks.
    """
    try:
        module: Any = importlib.import_module(MODULE)
    except ImportError:
        return None
    if wanted := os.environ.get(VARIABLE):
        if wanted not in module.instruction_sets():
            raise SettingsError(
                f"{VARIABLE}: this processor has no {wanted!r}; it has "
                f"{', '.join(module.instruction_sets())}"
            )
        module.use_instruction_set(wanted)
    return module


def part(name: str) -> Any:
    """Return a class or function of the module, which was built.

    Raises:
        SettingsError: the module was built for an older Foreword, which had no such part.
    """
    try:
        return getattr(loaded(), name)
    except AttributeError:
        raise SettingsError(
            f"the compiled module {MODULE} is of an older Foreword and has no {name}: install "
            "Foreword again, which compiles it"
        ) from None


@lru_cache
def has(name: str) -> bool:
    """Whether the module was built and has a part; the first time, the log says what it lacks."""
    module = loaded()
    if module is not None and not hasattr(module, name):
        import logging  # half a megabyte, which nothing else needs where only predictions are made

        logging.getLogger("foreword").warning(
            "the compiled module %s is of an older Foreword and has no %s, so that Python does its "
            "work more slowly: install Foreword again, which compiles it",
            MODULE,
            name,
        )
    return hasattr(module, name)


def instruction_set() -> str | None:
    """Return the instruction set in use; None without the module."""
    module = loaded()
    return None if module is None else str(module.instruction_set())


def why_absent() -> str | None:
    """Return why the module is missing; None if it is present."""
    if loaded() is None:
        return "it was not built: that takes a C++ compiler when Foreword is installed"
    return None
