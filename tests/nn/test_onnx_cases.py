"""The published node tests of ONNX for RNN, LSTM and GRU, on our layers."""

import importlib
import warnings
from typing import Any

import numpy as np
import pytest
import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from onnx import helper, numpy_helper
    from onnx.backend.test.case import node as published

from foreword.nn import Recurrent

ORDERS = {"RNN": ("h", "h"), "LSTM": ("ifgo", "iofg"), "GRU": ("rzn", "zrn")}
"""Gates in our order and in ONNX's."""


def collected() -> dict[str, Any]:
    """Import ONNX's modules of these layers alone; those of all operators take 10 s."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in ORDERS:
            importlib.import_module(f"{published.__name__}.{kind.lower()}")
    return {
        case.name: case
        for case in published._NodeTestCases
        if case.model.graph.node[-1].op_type in ORDERS and case.kind == "node"
    }


CASES = collected()


def rows(weight: np.ndarray, kind: str) -> torch.Tensor:
    """From ONNX's order of gates to ours."""
    ours, theirs = ORDERS[kind]
    blocks = dict(zip(theirs, np.split(weight, len(theirs)), strict=True))
    return torch.from_numpy(np.concatenate([blocks[gate] for gate in ours]))


def layer_and_inputs(case: Any) -> tuple[Recurrent, dict[str, np.ndarray], bool]:
    node = case.model.graph.node[-1]
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    kind, H = node.op_type, attributes["hidden_size"]
    ((values, _),) = case.data_sets
    names = list(node.input)
    remaining = iter(values)
    inputs = {
        slot: next(remaining)
        for slot, name in zip(["X", "W", "R", "B", "lengths", "h", "c", "P"], names, strict=False)
        if name
    }
    inputs = {
        k: v if isinstance(v, np.ndarray) else numpy_helper.to_array(v) for k, v in inputs.items()
    }
    D, _, I = inputs["W"].shape  # noqa: E741
    cell = {"RNN": "rnn", "LSTM": "lstm", "GRU": "gru"}[kind]
    if "P" in inputs:
        cell = "lstm-peephole"
    options = {}
    if cell == "gru":
        options["reset_after"] = bool(attributes.get("linear_before_reset", 0))
    layer = Recurrent(cell, I, H, bidirectional=D == 2, **options)
    n = len(ORDERS[kind][0])
    state = {}
    for d, suffix in enumerate(["_l0", "_l0_reverse"][:D]):
        B = inputs["B"][d] if "B" in inputs else np.zeros(2 * n * H, dtype=np.float32)
        state["weight_ih" + suffix] = rows(inputs["W"][d], kind)
        state["weight_hh" + suffix] = rows(inputs["R"][d], kind)
        state["bias_ih" + suffix] = rows(B[: n * H], kind)
        state["bias_hh" + suffix] = rows(B[n * H :], kind)
        if "P" in inputs:
            p_i, p_o, p_f = np.split(inputs["P"][d], 3)
            state["weight_peephole" + suffix] = torch.from_numpy(np.stack([p_i, p_f, p_o]))
    layer.load_state_dict(state)
    return layer, inputs, attributes.get("layout", 0) == 1


def is_backwards(name: str) -> bool:
    """Whether a case is read backwards only, which torch's layers cannot."""
    attributes = CASES[name].model.graph.node[-1].attribute
    return any(a.name == "direction" and a.s == b"reverse" for a in attributes)


def test_all_published_cases_were_found() -> None:
    assert len(CASES) >= 14
    assert {"test_lstm_with_peepholes", "test_gru_seq_length"} <= set(CASES)


@pytest.mark.parametrize("name", [name for name in CASES if not is_backwards(name)])
def test_published_case(name: str) -> None:
    case = CASES[name]
    node = case.model.graph.node[-1]
    layer, inputs, batch_first = layer_and_inputs(case)
    x = torch.from_numpy(np.array(inputs["X"]))
    if batch_first:
        x = x.transpose(0, 1)
    lengths = torch.from_numpy(np.array(inputs["lengths"])) if "lengths" in inputs else None
    hx: Any = None
    if "h" in inputs:
        hx = torch.from_numpy(np.array(inputs["h"]))
        if "c" in inputs:
            hx = hx, torch.from_numpy(np.array(inputs["c"]))

    outputs, last = layer(x, hx, lengths=lengths)

    T, B, D = x.shape[0], x.shape[1], 2 if layer.bidirectional else 1
    actual = {
        "Y": outputs.view(T, B, D, -1).permute(0, 2, 1, 3),
        "Y_h": last[0] if isinstance(last, tuple) else last,
    }
    if batch_first:
        actual = {"Y": actual["Y"].permute(2, 0, 1, 3), "Y_h": actual["Y_h"].transpose(0, 1)}
    ((_, expected),) = case.data_sets
    wanted = iter(expected)
    for slot, output in zip(("Y", "Y_h"), node.output, strict=False):
        if output:
            truth = next(wanted)
            truth = truth if isinstance(truth, np.ndarray) else numpy_helper.to_array(truth)
            np.testing.assert_allclose(actual[slot].detach().numpy(), truth, rtol=1e-4, atol=1e-5)
