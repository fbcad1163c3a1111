"""The time of a keystroke in Foreword's predictor and in ONNX Runtime, with random weights.

    python benchmarks/predictor.py [--rounds 200] [--users 1000] [--json FILE]

An LSTM of 512 units over 20,000 words in int8: with embeddings of 512 and an output of its own, and
with embeddings of 192 that the output is tied to (the sizes that training takes by itself). A
keystroke inside a word scores the words that begin so; one that ends a word is a step of the
network and the best three of all words. ONNX Runtime runs the same float32 weights, and its own
dynamic int8; its graph ends in the best three and the sum of the softmax, and where they are all
that is wanted its step stands alone: it computes nothing more than we do.

Every round runs each of them once, in random order: first a call that fills the caches again, then
timed ones. Median, 99th percentile, and the median ratio of the rounds' medians. Loading and memory
are those of fresh processes. Run nothing else on the machine meanwhile.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from foreword.compiled import instruction_set
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.quantised import quantise
from foreword.folder.weights import expected_shapes
from foreword.predictor.engine import Engine
from foreword.predictor.lexicon import Lexicon
from foreword.text.tokenizer import SPECIAL, Tokenizer, TokenizerConfig

V, H, K = 20_000, 512, 3
SHAPES = {"embedding 512, own output": (512, False), "embedding 192, tied": (192, True)}
BURST = 10
Run = Callable[[], object]


def vocabulary() -> list[str]:
    """Words of 3 to 9 letters, as often with each beginning as chance will have it."""
    draw, words = random.Random(1), dict.fromkeys(SPECIAL)
    while len(words) < V:
        words["".join(draw.choices("etaoinshrdlucmfwypvbgk", k=draw.randint(3, 9)))] = None
    return list(words)


def model(embedding: int, tied: bool) -> tuple[ModelConfig, dict[str, np.ndarray]]:
    config = ModelConfig(
        name="lstm", vocab_size=V, embedding_size=embedding, hidden_size=H, tied=tied
    )
    draw = np.random.default_rng(1)
    shapes = expected_shapes(config).items()
    return config, {k: draw.normal(scale=0.05, size=s).astype(np.float32) for k, s in shapes}


def starting(lexicon: Lexicon, prefix: str) -> np.ndarray:
    """Ids of the words that begin so."""
    low, high = lexicon.range(prefix)
    return lexicon.ids[low:high]


def our_runs(engine: Engine, lexicon: Lexicon) -> dict[str, Run]:
    state = engine.advance(engine.start(), 7)
    hidden = (0, 1)

    def new_word() -> object:  # as a typist asks
        engine.call_up()
        return engine.best(engine.advance(state, 11), K, None, hidden)

    return {
        "step": lambda: engine.advance(state, 11),
        "new word": new_word,
        "all words scored": lambda: engine.best(state, K, None, hidden),
        "first letter": lambda: engine.best(state, K, starting(lexicon, "l")),
        "second letter": lambda: engine.best(state, K, starting(lexicon, "li")),
    }


def onnx_runs(
    config: ModelConfig, weights: dict[str, np.ndarray], lexicon: Lexicon, *, int8: bool
) -> dict[str, Run]:
    """The same by ONNX Runtime; empty where it is not installed."""
    try:
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        return {}

    def gates(array: np.ndarray) -> np.ndarray:  # i, f, g, o to i, o, f, c
        blocks = np.split(array, 4)
        return np.concatenate([blocks[k] for k in (0, 3, 1, 2)])

    part = {k.removeprefix("recurrent.").removesuffix("_l0"): v for k, v in weights.items()}
    output = weights["embedding.weight" if config.tied else "decoder.weight"]
    constants = {
        "E": weights["embedding.weight"],
        "W": gates(part["weight_ih"])[None],
        "R": gates(part["weight_hh"])[None],
        "B": np.concatenate([gates(part["bias_ih"]), gates(part["bias_hh"])])[None],
        "O": np.ascontiguousarray(output.T),
        "rows": output,
        "b": weights["decoder.bias"],
        "k": np.array([K]),
        "flat": np.array([1, H]),
        "hidden": np.array([[0, 1]]),
        "low": np.full((1, 2), -1e30, dtype=np.float32),
    }
    if "projection.weight" in weights:
        constants["P"] = np.ascontiguousarray(weights["projection.weight"].T)
        constants["p"] = weights["projection.bias"]
    node = helper.make_node
    step = [
        node("Gather", ["E", "word"], ["x"]),
        node("LSTM", ["x", "W", "R", "B", "", "h", "c"], ["", "h2", "c2"], hidden_size=H),
    ]

    def head(h: str) -> list[object]:
        nodes = [node("Reshape", [h, "flat"], ["seen"])]
        if "P" in constants:
            nodes += [
                node("MatMul", ["seen", "P"], ["projected"]),
                node("Add", ["projected", "p"], ["features"]),
            ]
        else:
            nodes.append(node("Identity", ["seen"], ["features"]))
        return nodes

    last = [
        node("ReduceLogSumExp", ["scores"], ["sum"], keepdims=0),
        node("ScatterElements", ["scores", "hidden", "low"], ["shown"], axis=1),
        node("TopK", ["shown", "k"], ["best", "ids"]),
    ]
    scores = [
        node("MatMul", ["features", "O"], ["products"]),
        node("Add", ["products", "b"], ["scores"]),
    ]
    some = [
        node("Gather", ["rows", "choice"], ["chosen"]),
        node("Transpose", ["chosen"], ["columns"], perm=[1, 0]),
        node("MatMul", ["features", "columns"], ["products"]),
        node("Gather", ["b", "choice"], ["biases"]),
        node("Add", ["products", "biases"], ["scores"]),
        node("ReduceLogSumExp", ["scores"], ["sum"], keepdims=0),
        node("TopK", ["scores", "k"], ["best", "ids"]),
    ]
    real, whole = TensorProto.FLOAT, TensorProto.INT64
    kinds = {"word": (whole, (1, 1)), "choice": (whole, ("n",))}
    kinds |= dict.fromkeys(("h", "c"), (real, (1, 1, H)))
    results = {"h2": real, "c2": real, "best": real, "ids": whole, "sum": real}
    graphs = {
        "step": (step, ["word", "h", "c"], ["h2", "c2"]),
        "new word": (
            [*step, *head("h2"), *scores, *last],
            ["word", "h", "c"],
            ["h2", "c2", "best", "ids", "sum"],
        ),
        "all words scored": ([*head("h"), *scores, *last], ["h"], ["best", "ids", "sum"]),
        "some words": ([*head("h"), *some], ["h", "choice"], ["best", "ids", "sum"]),
    }
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    # Its threads would go on spinning while others are timed.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    def session(name: str) -> object:
        nodes, inputs, outputs = graphs[name]
        used = {i for n in nodes for i in n.input}
        graph = helper.make_graph(
            nodes,
            "next-word",
            [helper.make_tensor_value_info(k, *kinds[k]) for k in inputs],
            [helper.make_tensor_value_info(k, results[k], None) for k in outputs],
            [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        data = quantised(made) if int8 else made.SerializeToString()
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    draw = np.random.default_rng(2)
    h, c = (draw.uniform(-0.5, 0.5, (1, 1, H)).astype(np.float32) for _ in range(2))
    word = np.array([[11]])
    sessions = {name: session(name) for name in graphs}
    every = {"word": word, "h": h, "c": c}

    def among(prefix: str) -> Run:
        return lambda: sessions["some words"].run(
            None, {"h": h, "choice": starting(lexicon, prefix)}
        )

    if not int8:
        check(config, weights, sessions["new word"].run(None, every), every)
    return {
        "step": lambda: sessions["step"].run(None, every),
        "new word": lambda: sessions["new word"].run(None, every),
        "all words scored": lambda: sessions["all words scored"].run(None, {"h": h}),
        "first letter": among("l"),
        "second letter": among("li"),
    }


def quantised(made: object) -> bytes:
    """ONNX Runtime's dynamic int8 of a graph: its LSTM, products and embeddings."""
    import logging

    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "a.onnx", Path(folder) / "b.onnx"
        onnx.save(made, str(before))
        quantize_dynamic(str(before), str(after), per_channel=True, weight_type=QuantType.QInt8)
        logging.disable(logging.NOTSET)
        return after.read_bytes()


def check(
    config: ModelConfig, weights: dict[str, np.ndarray], outputs: list[np.ndarray], inputs: dict
) -> None:
    """Both compute one model."""
    engine = Engine(config, weights)
    state = type(engine.start())((inputs["h"][0].copy(), inputs["c"][0].copy()), 0)
    ours = engine.best(engine.advance(state, int(inputs["word"][0, 0])), K, None, (0, 1))
    _, _, best, ids, total = outputs
    if [word for word, _ in ours] != ids[0].tolist():
        raise AssertionError(f"ONNX Runtime finds {ids[0].tolist()}, but we {ours}")
    np.testing.assert_allclose([p for _, p in ours], np.exp(best[0] - total), rtol=1e-3)


def timed(
    runs: dict[tuple[str, str], Run], rounds: int
) -> dict[tuple[str, str], list[list[float]]]:
    """Microseconds of each call, by round."""
    order, times = random.Random(1), {key: [] for key in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for key, run in order.sample(list(runs.items()), len(runs)):
            run()
            calls = []
            for _ in range(BURST):
                began = time.perf_counter()
                run()
                calls.append(1e6 * (time.perf_counter() - began))
            times[key].append(calls)
    return times


def keystrokes(rounds: int) -> list[dict[str, object]]:
    rows = []
    words = vocabulary()
    lexicon = Lexicon(words, hidden=2)
    for shape, (embedding, tied) in SHAPES.items():
        config, weights = model(embedding, tied)
        runs = {}
        for who, made in (
            ("ours int8", our_runs(Engine(config, quantise(weights)), lexicon)),
            ("ours float32", our_runs(Engine(config, weights), lexicon)),
            ("onnxruntime", onnx_runs(config, weights, lexicon, int8=False)),
            ("onnxruntime int8", onnx_runs(config, weights, lexicon, int8=True)),
        ):
            runs |= {(who, what): run for what, run in made.items()}
        times = timed(runs, rounds)
        mine = {what: times["ours int8", what] for who, what in runs if who == "ours int8"}
        for (who, what), calls in times.items():
            ratios = [
                statistics.median(a) / statistics.median(b)
                for a, b in zip(calls, mine[what], strict=True)
            ]
            every = sorted(call for some in calls for call in some)
            rows.append(
                {
                    "model": shape,
                    "work": what,
                    "by": who,
                    "median_us": statistics.median(every),
                    "p99_us": every[int(0.99 * len(every))],
                    "times_ours": statistics.median(ratios),
                }
            )
    print(f"{'model':27}{'work':18}{'by':18}{'median us':>10}{'p99 us':>10}{'x ours':>8}")
    for row in sorted(rows, key=lambda row: (row["model"], row["work"])):
        print(
            f"{row['model']:27}{row['work']:18}{row['by']:18}{row['median_us']:10.1f}"
            f"{row['p99_us']:10.1f}{row['times_ours']:8.2f}"
        )
    sizes = {prefix: len(starting(lexicon, prefix)) for prefix in ("l", "li")}
    print("words that begin so:", ", ".join(f"{p} {n}" for p, n in sizes.items()))
    return rows


def batches(users: int, rounds: int) -> list[dict[str, object]]:
    """A step and the best three of a range of words for each of many users."""
    rows = []
    words = vocabulary()
    lexicon, draw = Lexicon(words, hidden=2), random.Random(3)
    for shape, (embedding, tied) in SHAPES.items():
        config, weights = model(embedding, tied)
        small = quantise(weights)
        for threads in (1, len(os.sched_getaffinity(0))):
            engine = Engine(config, small, threads=threads)
            ids = [draw.randrange(2, V) for _ in range(users)]
            ranges = [starting(lexicon, words[draw.randrange(2, V)][:2]) for _ in range(users)]
            states = engine.advance_many([engine.start()] * users, ids)
            taken = []
            for _ in range(rounds):
                began = time.perf_counter()
                states = engine.advance_many(states, ids)
                engine.best_many(states, K, ranges)
                taken.append(time.perf_counter() - began)
            rate = users / statistics.median(taken)
            rows.append(
                {"model": shape, "users": users, "threads": threads, "keystrokes_per_s": rate}
            )
            print(f"{shape:27}{users} users, {threads} threads: {rate:12,.0f} keystrokes/s")
    return rows


FRESH = """
import json, sys, time
began = time.perf_counter()
import foreword
foreword.load
imported = time.perf_counter()
model = foreword.load(sys.argv[1])
loaded = time.perf_counter()
model.suggest("I would li", k=3)
first = time.perf_counter()
model.suggest("I would like ", k=3)
memory = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(json.dumps({"import_ms": 1e3 * (imported - began), "load_ms": 1e3 * (loaded - imported),
    "first_suggestion_ms": 1e3 * (first - imported), "memory_mb": int(memory) / 1024,
    "torch": "torch" in sys.modules}))
"""
ALONE = """
import json, time
began = time.perf_counter()
import {0}
print(json.dumps({{"import_ms": 1e3 * (time.perf_counter() - began)}}))
"""


def fresh(code: str, *arguments: str, times: int = 12) -> dict[str, float]:
    """Medians over fresh processes, the first of which (it compiles what it imports) left out."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    runs = []
    for _ in range(times + 1):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment,
            capture_output=True,
            check=True,
        )
        runs.append(json.loads(done.stdout))
    return {key: statistics.median(run[key] for run in runs[1:]) for key in runs[0]}


def loading() -> list[dict[str, object]]:
    """Import, load and memory, of a process that does nothing else."""
    # Not above: `revisions.py` uses the rest of this script with older libraries.
    from foreword.folder.saving import write_folder

    rows = []
    words = vocabulary()
    for shape, (embedding, tied) in SHAPES.items():
        config, weights = model(embedding, tied)
        tokenizer = Tokenizer(words, TokenizerConfig())
        about = FolderConfig(
            model=config, tokenizer=tokenizer.config, weights="int8", format_version=2
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            write_folder(path, about, quantise(weights), tokenizer, "")
            size = (path / "model.safetensors").stat().st_size / 1e6
            row = {"model": shape, "weights_mb": size, **fresh(FRESH, str(path))}
        rows.append(row)
        print(
            f"{shape:27}weights {size:.1f} MB: import {row['import_ms']:.0f} ms, load "
            f"{row['load_ms']:.1f} ms, to the first suggestion {row['first_suggestion_ms']:.1f} "
            f"ms, process {row['memory_mb']:.0f} MB"
        )
    for module in ("numpy", "pydantic", "tokenizers"):
        row = {"model": module, **fresh(ALONE.format(module))}
        rows.append(row)
        print(f"{module + ' alone':27}import {row['import_ms']:.0f} ms")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    machine = {
        "machine": platform.machine(),
        "instructions": instruction_set(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
    }
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    figures = {
        "machine": machine,
        "keystrokes": keystrokes(arguments.rounds),
        "batches": batches(arguments.users, max(5, arguments.rounds // 4)),
        "loading": loading(),
    }
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
