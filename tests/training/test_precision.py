"""What training keeps of its matrix products."""

import os
import subprocess
import sys

import pytest
import torch

from foreword.training.precision import CACHES, KEPT, keep_few_products

MANY_SHAPES = """
import resource, sys
import torch
from foreword.training.precision import keep_few_products

keep_few_products()
torch.set_num_threads(1)
weight, bias, x = torch.zeros(640, 192), torch.zeros(640), torch.zeros(1100, 192)


def most_megabytes():
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


begin = most_megabytes()
for rows in range(600, 1000):
    torch.ops.mkldnn._linear_pointwise(x[:rows], weight, bias, "none", [], "")
print(most_megabytes() - begin)
"""


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch has no oneDNN")
def test_products_of_many_shapes_take_little_memory() -> None:
    run = subprocess.run(
        [sys.executable, "-c", MANY_SHAPES], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 200  # MB


def test_a_limit_of_the_user_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHES[0], raising=False)
    monkeypatch.setenv(CACHES[1], "5")
    keep_few_products()
    assert [os.environ[name] for name in CACHES] == [str(KEPT), "5"]
