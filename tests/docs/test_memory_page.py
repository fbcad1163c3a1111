import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_page_on_memory_shows_the_results_that_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import memory as benchmark

    kept = json.loads((ROOT / "benchmarks/results/memory.json").read_text("utf-8"))
    page = (ROOT / "docs/how-to/memory.md").read_text("utf-8")
    for table in benchmark.tables(kept).split("\n\n"):
        assert table in page, "write what `benchmarks/memory.py --tables` prints into the page"
