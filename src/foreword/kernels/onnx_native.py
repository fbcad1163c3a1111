"""ONNX's own recurrent operators as a kernel for `torch.onnx.export(dynamo=True)`.

They work for any number of steps. While a model is exported, tensors have shapes but no values.
"""

import torch
from torch import Tensor

from foreword.cells.operations import row_blocks
from foreword.kernels.onnx_operators import PEEPHOLES, Blocks, operator_of
from foreword.kernels.problem import Problem, Run


def refusal(problem: Problem) -> str | None:
    """Why ONNX's operators cannot run it; None if they can."""
    if operator_of(problem.cell) is None:
        return f"ONNX has no {problem.cell.name} with these options"
    return None if problem.extras.is_plain else "ONNX changes nothing between the steps"


def run(problem: Problem) -> Run:
    """Adds the operator to the graph; returns outputs and the last state."""
    operator, x, weights = operator_of(problem.cell), problem.x, problem.weights
    assert operator is not None
    W, R, b_ih, b_hh = (
        _arranged(weights[name], operator.blocks)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    inputs = [x, W[None], R[None], torch.cat([b_ih, b_hh])[None], None]
    inputs += [part[None] for part in problem.state]
    if "weight_peephole" in weights:
        inputs.append(_arranged(weights["weight_peephole"], PEEPHOLES).reshape(1, -1))
    T, B, H = *x.shape[:2], weights["weight_hh"].shape[1]
    outputs, *last = torch.onnx.ops.symbolic_multi_out(
        operator.name,
        inputs,
        {"hidden_size": H, **operator.attributes},
        dtypes=[x.dtype for _ in range(1 + len(problem.state))],
        shapes=[(T, 1, B, H), *((1, B, H) for _ in problem.state)],
    )
    return Run(outputs[:, 0], tuple(part[0] for part in last))


def _arranged(matrix: Tensor, blocks: Blocks) -> Tensor:
    """Blocks of rows in ONNX's order, some of them negated."""
    rows = row_blocks(matrix, max(block for block, _ in blocks) + 1)
    return torch.cat([rows[block] if sign > 0 else -rows[block] for block, sign in blocks])
