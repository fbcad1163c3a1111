"""A pytest plugin that compares a layer of the tested project with the cells' equations.

    pytest -p foreword.conformance.plugin --foreword-layer my.module:LSTM --foreword-cell lstm

Each combination of options becomes a test; options that the layer lacks are skipped, with a reason.
"""

from typing import Any

import pytest

from foreword.cells.registry import NAMES
from foreword.conformance.cases import Case, cases
from foreword.conformance.check import check, layer_subject


def pytest_addoption(parser: Any) -> None:
    """`--foreword-layer`, `--foreword-cell`, `--foreword-dtype`."""
    group = parser.getgroup("foreword", "conformance of recurrent layers")
    group.addoption("--foreword-layer", help="module:class, with torch's signature")
    group.addoption("--foreword-cell", choices=NAMES, default="lstm", help="which cell it is")
    group.addoption(
        "--foreword-dtype", action="append", help="float64, float32 or bfloat16; repeat for each"
    )


def pytest_collection_modifyitems(session: Any, config: Any, items: list[Any]) -> None:
    """Adds a test for each case."""
    layer = config.getoption("--foreword-layer")
    if layer is None:
        return
    dtypes = tuple(config.getoption("--foreword-dtype") or ("float64", "float32"))
    items.extend(
        _Item.from_parent(session, name=_name(case), layer=layer, case=case)
        for case in cases((config.getoption("--foreword-cell"),), dtypes, repeats=1)
    )


def _name(case: Case) -> str:
    flags = ("bidirectional", "bias", "ragged")
    shown = [case.name.replace(" ", "-"), case.dtype, f"layers{case.num_layers}"]
    return f"foreword[{'-'.join(shown + [f for f in flags if getattr(case, f)])}]"


class _Item(pytest.Item):
    def __init__(self, *, layer: str, case: Case, **more: Any) -> None:
        super().__init__(**more)
        self.layer = layer
        self.case = case

    def runtest(self) -> None:
        (result,) = check(layer_subject(self.layer), [self.case])
        if result.refusal is not None:
            pytest.skip(result.refusal)
        if not result.agrees:
            raise AssertionError(
                f"{self.layer} differs from the equations of {self.case.name}: values by "
                f"{result.values:.2e}, gradients by {result.gradients:.2e}, for {self.case}"
            )

    def repr_failure(self, excinfo: Any, style: Any = None) -> str:
        del style
        return str(excinfo.value)

    def reportinfo(self) -> tuple[str, int, str]:
        return self.layer, 0, self.name
