"""Hosts that are killed, cut off, and join, in namespaces of this machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.nightly  # The gate tests one machine, and what is said of processes that are lost.
def test_training_goes_on_when_a_host_is_killed_or_cut_off_or_joins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import namespaces

    if (reason := namespaces.refusal()) is not None:
        pytest.skip(f"no namespaces ({reason})")
    command = [sys.executable, str(BENCHMARKS / "hosts.py"), "--json", str(tmp_path / "events")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    *events, stopped = json.loads((tmp_path / "events").read_text())
    assert [event["processes"] for event in events] == [2, 3, 2]
    assert all(event["from_step"] > 0 for event in events)  # each from a checkpoint
    assert stopped["steps"] >= events[-1]["from_step"]
