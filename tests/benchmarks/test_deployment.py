"""Federated training with Flower on hosts of its own: one device is killed, and one lies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOWER = ROOT / "build" / "flower"


@pytest.mark.nightly  # The gate tests the same faults without Flower, in tests/federated.
def test_a_killed_device_and_one_that_lies_change_nothing_in_what_the_others_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import namespaces

    if (reason := namespaces.refusal()) is not None:
        pytest.skip(f"no namespaces ({reason})")
    if not FLOWER.is_dir():
        pytest.skip("no Flower (make build/flower)")
    done = subprocess.run(
        [sys.executable, "benchmarks/deployment.py", "--json", str(tmp_path / "done")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(FLOWER)},
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "done").read_text())
    assert told["same"]  # the weights are to the bit those of the honest answers
    assert told["perplexity"] < told["perplexity_before"]
    # Two rounds with two honest devices, and two with one. Three lies are changes of weights, and
    # are counted; one is no answer at all.
    assert (told["rounds"], told["received"], told["dropped"]) == (4, 6, 3)
    for fault in (
        "it holds NaN",
        "has shape (3, 5, 7)",
        "its norm is",
        "its answer cannot be read",
    ):
        assert any("is left out of this round" in line and fault in line for line in told["log"])
    assert "Failed to activate SuperNode" in told["stranger"]
