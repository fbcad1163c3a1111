"""The modules beside the everyday model's package, which no installation has."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

PACKAGE = Path(__file__).parents[2] / "packages/everyday-en"
NAMES = ("cleaning", "sources", "text", "train")


@pytest.fixture(scope="module")
def everyday() -> Iterator[Callable[[str], ModuleType]]:
    """Imports one of them by its name, for a test module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PACKAGE)
        for name in NAMES:
            patch.delitem(sys.modules, name, raising=False)
        yield import_module
        for name in NAMES:
            sys.modules.pop(name, None)
