"""Forward and backward time of Foreword's layers beside torch.nn's, ONNX Runtime's and Flax's.

    python benchmarks/layers.py [--shapes 20,35,650 ...] [--rounds 9] [--threads 2] [--json FILE]

Shapes are B,T,H with as many inputs as hidden units. In every round each layer runs once, in an
order drawn anew, so that what else the machine does falls on all of them alike. Ratios are those of
a round's times, the peer's by ours: above 1, ours is faster. Their median is printed, and the
quartiles as the spread. ONNX Runtime and Flax (a compiled scan) take part where they are installed.
"""

import argparse
import json
import platform
import random
import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import foreword.nn as ours

LAYERS: dict[str, tuple[Callable[..., nn.Module], Callable[..., nn.Module]]] = {
    "rnn": (ours.RNN, nn.RNN),
    "gru": (ours.GRU, nn.GRU),
    "lstm": (ours.LSTM, nn.LSTM),
    "lstm-peephole": (ours.PeepholeLSTM, ours.LSTM),
    "lstm-coupled": (ours.CoupledLSTM, ours.LSTM),
    "lstm-peephole-only": (ours.PeepholeOnlyLSTM, ours.LSTM),
}
"""Each with its peer: torch's namesake, or, where torch has none, our LSTM."""
SHAPES = ["20,35,200", "20,35,650", "64,64,512"]


def onnx_forward(layer: nn.Module, name: str, x: Tensor) -> Callable[[], object] | None:
    """ONNX Runtime on the same weights; None where it is not installed or has no such layer."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import onnxruntime
        from onnx import TensorProto, helper
    except ImportError:
        return None
    if name not in ("rnn", "gru", "lstm"):
        return None
    order = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 3, 1, 2]}[name]
    weights = {k: w.detach().numpy() for k, w in layer.named_parameters()}

    def rows(key: str) -> np.ndarray:
        blocks = np.split(weights[key], len(order))
        return np.concatenate([blocks[k] for k in order])

    inputs = {
        "W": rows("weight_ih_l0")[None],
        "R": rows("weight_hh_l0")[None],
        "B": np.concatenate([rows("bias_ih_l0"), rows("bias_hh_l0")])[None],
    }
    more = {"linear_before_reset": 1} if name == "gru" else {}
    node = helper.make_node(
        name.upper(), ["X", "W", "R", "B"], ["Y"], hidden_size=x.shape[2], **more
    )
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)],
        [helper.make_tensor(k, TensorProto.FLOAT, v.shape, v.ravel()) for k, v in inputs.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Its threads would go on spinning while the others are timed.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    data = {"X": x.numpy()}
    return lambda: session.run(None, data)


def flax_runs(name: str, x: Tensor) -> dict[str, Callable[[], object]]:
    """Flax's scan over its cell, compiled, with weights of its own; empty if not installed."""
    try:
        import jax
        from flax import linen
    except ImportError:
        return {}
    cells = {
        "rnn": linen.SimpleCell,
        "gru": linen.GRUCell,
        "lstm": linen.OptimizedLSTMCell,
    }
    if name not in cells:
        return {}
    layer = linen.RNN(cells[name](features=x.shape[2]), time_major=True)
    data = jax.numpy.asarray(x.numpy())
    weights = layer.init(jax.random.PRNGKey(0), data)
    d_y = jax.numpy.ones(x.shape)
    only_forward = jax.jit(layer.apply)
    both = jax.jit(
        jax.grad(lambda weights, data: (layer.apply(weights, data) * d_y).sum(), argnums=(0, 1))
    )
    return {
        "fwd": lambda: jax.block_until_ready(only_forward(weights, data)),
        "fwd+bwd": lambda: jax.block_until_ready(both(weights, data)),
    }


def forward(layer: nn.Module, x: Tensor) -> Callable[[], object]:
    def run() -> object:
        with torch.no_grad():
            return layer(x)

    return run


def forward_and_backward(layer: nn.Module, x: Tensor) -> Callable[[], object]:
    x = x.clone().requires_grad_()
    d_y = torch.randn_like(layer(x)[0])

    def run() -> None:
        x.grad = None
        layer.zero_grad(set_to_none=True)
        layer(x)[0].backward(d_y)

    return run


def times(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    for run in runs.values():
        run()
        run()
    found: dict[str, list[float]] = {name: [] for name in runs}
    order = random.Random(1)
    for _ in range(rounds):
        # Whoever comes after a peer finds the caches as that one left them.
        for name, run in order.sample(list(runs.items()), len(runs)):
            began = time.perf_counter()
            run()
            found[name].append(1000 * (time.perf_counter() - began))
    return found


def ratio(peer: list[float], mine: list[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles([a / b for a, b in zip(peer, mine, strict=True)], n=4)
    return middle, low, high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    parser.add_argument("--layers", nargs="+", default=list(LAYERS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--kernel", help="one of Foreword's; default: what it would choose")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"torch {torch.__version__}, {platform.machine()} {capability}, ", end="")
    print(f"{arguments.threads} threads, float32; milliseconds, median of {arguments.rounds}")
    print(f"{'layer':20}{'B, T, H':>14}  {'what':8}{'ours':>9}{'peer':>9}{'ratio':>7}   spread")
    rows = []
    for shape in arguments.shapes:
        B, T, H = (int(n) for n in shape.split(","))
        x = torch.randn(T, B, H)
        for name in arguments.layers:
            make, make_peer = LAYERS[name]
            mine, peer = make(H, H), make_peer(H, H)
            if isinstance(peer, nn.RNNBase):
                mine.load_state_dict(peer.state_dict())
            against = type(peer).__module__.split(".")[0]
            flax = flax_runs(name, x)
            onnx = onnx_forward(peer, name, x)
            for what, prepare in (("fwd", forward), ("fwd+bwd", forward_and_backward)):
                runs = {"ours": prepare(mine, x), against: prepare(peer, x)}
                if what in flax:
                    runs["flax"] = flax[what]
                if what == "fwd" and onnx is not None:
                    runs["onnxruntime"] = onnx
                with ours.use(arguments.kernel) if arguments.kernel else nullcontext():
                    found = times(runs, arguments.rounds)
                for other in found:
                    if other == "ours":
                        continue
                    middle, low, high = ratio(found[other], found["ours"])
                    row = {
                        "layer": name,
                        "shape": shape,
                        "what": what,
                        "against": other,
                        "ours_ms": statistics.median(found["ours"]),
                        "peer_ms": statistics.median(found[other]),
                        "ratio": middle,
                        "low": low,
                        "high": high,
                    }
                    rows.append(row)
                    print(
                        f"{name:20}{shape:>14}  {what:8}{row['ours_ms']:9.2f}"
                        f"{row['peer_ms']:9.2f}{middle:7.2f}   {low:.2f} to {high:.2f}  {other}",
                        flush=True,
                    )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
