"""The difference between ONNX Runtime for Node and browsers and Foreword's predictor, for every
cell.

    python benchmarks/onnx_web.py [--package onnxruntime-web@1.30.0]

Exports small networks of random weights, in float32 and in int8, lets both read the same 20 words,
and prints for each the largest difference of ln P, divided by 1 + |ln P|. Installs the package by
npm into a temporary folder (148 MB). Needs Node 20 and npm.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper

from foreword.cells.registry import MODELS
from foreword.exporting.export import IR_VERSION, OPSET
from foreword.exporting.network import step_of
from foreword.folder.architecture import ModelConfig
from foreword.folder.quantised import dense, quantise
from foreword.folder.weights import expected_shapes
from foreword.predictor.engine import Engine

SIZES = {"vocab_size": 19, "embedding_size": 6, "hidden_size": 5}
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"num_layers": layers}) for name in MODELS for layers in (1, 2)),
    ("gru", {"reset_after": False}),
    ("lstm-peephole", {"cell_clip": 0.1}),
    ("lstm", {"mogrifier_rounds": 3}),
    ("lstm", {"softmaxes": 3}),
    ("lstm", {"tied": False, "adaptive_clusters": 2, "adaptive_head": 4}),
]
PROGRAM = """
import * as ort from "onnxruntime-web";
import fs from "node:fs";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const cases = JSON.parse(fs.readFileSync("cases.json"));
for (const { file, name, parts, layers, units, words, expected } of cases) {
  const session = await ort.InferenceSession.create(fs.readFileSync(file));
  const zeros = () =>
    new ort.Tensor("float32", new Float32Array(layers * units), [layers, 1, units]);
  let state = Object.fromEntries(parts.map((part) => [part, zeros()]));
  let worst = 0;
  for (const [step, word] of words.entries()) {
    const id = new ort.Tensor("int64", [BigInt(word)], [1]);
    const answer = await session.run({ word: id, ...state });
    state = Object.fromEntries(parts.map((part) => [part, answer["next_" + part]]));
    answer.log_probabilities.data.forEach((value, id) => {
      const truth = expected[step][id];
      worst = Math.max(worst, Math.abs(value - truth) / (1 + Math.abs(truth)));
    });
  }
  console.log(worst.toExponential(1), name);
}
"""


def case(
    folder: Path, number: int, name: str, options: dict[str, Any], kind: str
) -> dict[str, Any]:
    """Writes a network, and returns what Foreword makes of 20 words."""
    config = ModelConfig(name=name, **{"num_layers": 1, **SIZES, **options})
    random = np.random.default_rng(number)
    weights = {
        key: random.normal(scale=0.6, size=shape).astype(np.float32)
        for key, shape in expected_shapes(config).items()
    }
    if kind == "int8":
        weights = quantise(weights)
    step = step_of(config, weights, None)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(step.graph, opset_imports=opset, ir_version=IR_VERSION)
    (folder / f"{number}-{kind}.onnx").write_bytes(model.SerializeToString())
    engine = Engine(config, dense(weights))
    state, expected = engine.start(), []
    words = random.integers(0, config.vocab_size, 20).tolist()
    for word in words:
        state = engine.advance(state, word)
        expected.append(engine.log_probabilities(state).tolist())
    return {
        "file": f"{number}-{kind}.onnx",
        "name": f"{name} {options} {kind}",
        "parts": config.cell.states,
        "layers": config.num_layers,
        "units": config.hidden_size,
        "words": words,
        "expected": expected,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--package", default="onnxruntime-web@1.30.0")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        cases = [
            case(folder, number, name, options, kind)
            for number, (name, options) in enumerate(OPTIONS)
            for kind in ("float32", "int8")
        ]
        (folder / "cases.json").write_text(json.dumps(cases))
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "run.mjs").write_text(PROGRAM)
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", chosen.package]
        subprocess.run(install, cwd=folder, check=True)
        done = subprocess.run(
            ["node", "run.mjs"], cwd=folder, check=True, text=True, stdout=subprocess.PIPE
        )
    print(done.stdout, end="")
    worst = max(float(line.split(" ", 1)[0]) for line in done.stdout.splitlines())
    print(f"{worst:.1e} is the largest of {len(cases)} networks, by {chosen.package}")


if __name__ == "__main__":
    main()
