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
    measured = json.loads((tmp_path / "events").read_text())
    on_a_host, in_a_file = measured["rendezvous on a host"], measured["rendezvous in a file"]
    # Hosts that are killed, join and are cut off; then one that goes on alone after the first host
    # was killed, with the rendezvous on itself.
    assert [event["processes"] for event in on_a_host["events"]] == [2, 3, 2, 1]
    assert [event["processes"] for event in in_a_file["events"]] == [1]
    for trial in (on_a_host, in_a_file):
        assert all(event["from_step"] > 0 for event in trial["events"])  # each from a checkpoint
        assert trial["stopped"] >= trial["events"][-1]["from_step"]
    # Without the host of the rendezvous the run ends at once, with one error that says what to do.
    (error,) = on_a_host["end"]["errors"]
    assert error.startswith("process 0 on host1 does not answer")
    assert "If --rdzv-endpoint names host1, name another host" in error
    # Of a process whose disk is full, the first one says which host and folder it is.
    full = measured["full disk"]
    (error,) = full["errors"]["7"]
    assert error.startswith(
        f"error: process 1 on host8: {full['disk']}: the text's words cannot be"
    )
    assert full["errors"]["8"] == []
