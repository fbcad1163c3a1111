import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_on_memory_shows_the_results_that_are_kept() -> None:
    specification = importlib.util.spec_from_file_location("memory", ROOT / "benchmarks/memory.py")
    assert specification is not None
    assert specification.loader is not None
    benchmark = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(benchmark)
    kept = json.loads((ROOT / "benchmarks/results/memory.json").read_text("utf-8"))
    page = (ROOT / "docs/how-to/memory.md").read_text("utf-8")
    for table in benchmark.tables(kept).split("\n\n"):
        assert table in page, "write what `benchmarks/memory.py --tables` prints into the page"
