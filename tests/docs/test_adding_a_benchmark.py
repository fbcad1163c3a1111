"""The script on the page that adds a benchmark runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/add-a-benchmark.md"


def test_the_script_of_the_page_prints_its_figures(tmp_path: Path) -> None:
    code = re.findall(r"```py\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[0]
    (tmp_path / "reading.py").write_text(code, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("I would like to go home.\n" * 20, encoding="utf-8")
    command = [sys.executable, "reading.py", "everyday-en", "notes.txt", "--rounds", "4"]
    paths = os.environ | {"PYTHONPATH": str(ROOT / "benchmarks")}
    done = subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("words/s") == 2
