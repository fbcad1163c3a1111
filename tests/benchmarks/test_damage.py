import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "damage.py"


def test_damaged_personal_files_are_refused_by_name_or_can_be_used() -> None:
    command = [sys.executable, str(PROGRAM), "--cases", "24"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "wrong" not in done.stdout, done.stdout
    assert {"flipped", "overwritten", "edited", "altered"} <= {*done.stdout.split()}
