"""Needs Triton and a GPU; or, one row at a time in Python, Triton and `TRITON_INTERPRET=1`."""

import os

import pytest
import torch
from torch.nn import functional as F

from foreword.kernels import triton_softmax

interprets = os.environ.get("TRITON_INTERPRET") == "1"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not (torch.cuda.is_available() or interprets), reason="no CUDA device"),
]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize(
    ("low", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2), (torch.float16, 3e-3)]
)
@pytest.mark.parametrize(
    ("N", "V", "F_"), [(7, 5000, 16), (3, 4096, 8), (4, 10, 8), (70, 9001, 32)]
)
def test_losses_and_gradients_are_those_of_double_precision(
    N: int, V: int, F_: int, low: torch.dtype, close: float
) -> None:
    if DEVICE == "cpu" and low != torch.float32:
        pytest.skip("torch's products of mixed formats are for GPUs")
    generator = torch.Generator().manual_seed(N)
    features, weight = torch.randn(N, F_, generator=generator), torch.randn(V, F_)
    bias, targets = torch.randn(V), torch.randint(V, (N,), generator=generator)
    targets[1] = -1
    doubles = [x.double().requires_grad_() for x in (features, weight, bias)]
    expected = F.cross_entropy(F.linear(*doubles), targets, ignore_index=-1, reduction="sum")
    expected.backward()
    placed = (x.to(DEVICE) for x in (features, weight, bias, targets))
    loss, *gradients = triton_softmax.loss_and_gradients(*placed, low)
    assert abs(loss.item() - expected.item()) < close * abs(expected.item())
    for actual, double in zip(gradients, doubles, strict=True):
        difference = (actual.cpu().double() - double.grad).norm() / double.grad.norm()
        assert difference < close
    assert gradients[0][1].abs().sum() == 0
