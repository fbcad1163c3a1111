"""Real kills, before calls that only the C library sees: those of SQLite."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.needs import needs

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "kills.py"


@needs("compiler")
@pytest.mark.skipif(sys.platform != "linux", reason="calls are counted on Linux alone")
def test_a_personal_file_is_the_old_or_the_new_one_before_whichever_call_a_kill_comes() -> None:
    command = [sys.executable, str(PROGRAM), "personal", "--every", "11"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    actual = re.findall(r"personal: .*: (\d+) kills; left: (.*)", done.stdout)
    assert len(actual) == 3
    assert all(int(kills) >= 3 for kills, _ in actual)
    assert "new" in actual[1][1]
    assert "old" in actual[1][1]
