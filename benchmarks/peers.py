"""Layers of other libraries with our weights, each as a function that runs it once."""

import logging
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from timing import Within

Run = Callable[[], object]
TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM, "lstm-projected": nn.LSTM}
ONNX = ("rnn", "gru", "lstm", "lstm-peephole", "lstm-coupled")
_ORDERS = {"RNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 3, 1, 2]}


def torch_layer(name: str, layer: nn.Module) -> nn.Module | None:
    """torch's layer of the same name with the same weights; None if torch has none."""
    if name not in TORCH:
        return None
    more = {"proj_size": layer.proj_size} if layer.proj_size else {}
    peer = TORCH[name](layer.input_size, layer.hidden_size, **more)
    peer.load_state_dict(layer.state_dict())
    return peer


def torch_int8(peer: nn.Module, x: Tensor) -> Run | None:
    """torch's dynamic quantisation; None where it has none."""
    if isinstance(peer, nn.RNN) or peer.proj_size:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = torch.ao.quantization.quantize_dynamic(
                nn.Sequential(peer), {nn.LSTM, nn.GRU}, dtype=torch.qint8
            )
    except (RuntimeError, NotImplementedError, AttributeError):
        return None

    return Within(lambda: made(x), torch.no_grad)


def onnx_runs(name: str, layer: nn.Module, x: Tensor, *, int8: bool) -> dict[str, Run]:
    """ONNX Runtime in float32, and in int8 where it has that; empty where it is not installed.

    Our peephole and coupled LSTMs are options of its LSTM.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import onnxruntime
        from onnx import TensorProto, helper
    except ImportError:
        return {}
    weights = {k: w.detach().numpy() for k, w in layer.named_parameters()}
    kind = name.partition("-")[0].upper()
    if name not in ONNX:
        return {}

    def rows(key: str) -> np.ndarray:
        value = weights[key]
        if name == "lstm-coupled":  # i = 1 - f = sigmoid(-a_f)
            f = np.split(value, 3)[0]
            value = np.concatenate([-f, value])
        blocks = np.split(value, len(_ORDERS[kind]))
        return np.concatenate([blocks[k] for k in _ORDERS[kind]])

    inputs = {
        "W": rows("weight_ih_l0")[None],
        "R": rows("weight_hh_l0")[None],
        "B": np.concatenate([rows("bias_ih_l0"), rows("bias_hh_l0")])[None],
    }
    more = {"GRU": {"linear_before_reset": 1}}.get(kind, {})
    if name == "lstm-coupled":
        more = {"input_forget": 1}
    names = ["X", *inputs]
    if name == "lstm-peephole":
        p_i, p_f, p_o = weights["weight_peephole_l0"]
        inputs["P"] = np.concatenate([p_i, p_o, p_f])[None]
        names += ["", "", "", "P"]
    node = helper.make_node(kind, names, ["Y"], hidden_size=x.shape[2], **more)
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
    options.log_severity_level = 3
    # Its threads would go on spinning while the others are timed.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    data = {"X": x.numpy()}

    def session(model: bytes | str) -> Run:
        loaded = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda: loaded.run(None, data)

    runs = {"onnxruntime": session(model.SerializeToString())}
    with torch.no_grad():
        expected = layer(x)[0].numpy()
    difference = float(np.abs(runs["onnxruntime"]()[0][:, 0] - expected).max())
    if difference > 1e-3:
        raise AssertionError(f"ONNX Runtime computes another {name}: off by {difference}")
    if int8 and kind == "LSTM" and (quantised := _quantised(model)) is not None:
        runs["onnxruntime int8"] = session(quantised)
    return runs


def _quantised(model: object) -> bytes | None:
    """The model with `DynamicQuantizeLSTM`."""
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic

        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
            before, after = Path(folder) / "a.onnx", Path(folder) / "b.onnx"
            onnx.save(model, str(before))
            options = {"op_types_to_quantize": ["LSTM"], "weight_type": QuantType.QInt8}
            quantize_dynamic(str(before), str(after), per_channel=True, **options)
            graph = onnx.load(str(after))
            kinds = {node.op_type for node in graph.graph.node}
            return graph.SerializeToString() if "DynamicQuantizeLSTM" in kinds else None
    except Exception as error:  # another version's way to quantise: this peer does not take part
        print(f"no int8 of ONNX Runtime: {type(error).__name__}: {error}")
        return None
    finally:
        logging.disable(logging.NOTSET)


def flax_runs(name: str, x: Tensor) -> dict[str, Run]:
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
        "forward": lambda: jax.block_until_ready(only_forward(weights, data)),
        "training": lambda: jax.block_until_ready(both(weights, data)),
    }
