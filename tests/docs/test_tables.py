"""The tables of the reference are made from Foreword when the documentation is built."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from foreword.cells.registry import MODELS, NAMES
from foreword.training.catalogue import described

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    path = ROOT / "docs/hooks/tables.py"
    spec = importlib.util.spec_from_file_location("documentation_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("page", "names"),
    [("kernels", NAMES), ("architectures", MODELS), ("settings", tuple(described()))],
)
def test_a_page_s_table_has_every_row(hook: ModuleType, page: str, names: tuple[str, ...]) -> None:
    text = (ROOT / f"docs/reference/{page}.md").read_text("utf-8")
    assert hook.MARKER.findall(text) == [page]
    filled = hook.on_page_markdown(text)
    rows = {line.split("|")[1].strip(" `") for line in filled.splitlines() if line[:1] == "|"}
    assert set(names) <= rows


def test_every_line_of_a_table_has_as_many_columns_as_its_heading(hook: ModuleType) -> None:
    for table in hook.TABLES.values():
        for part in table().split("\n\n"):
            counts = {line.replace("\\|", "").count("|") for line in part.splitlines()}
            assert len(counts) == 1, part
