"""The WebAssembly module in Node against Python: the same states, words and refusals."""

import importlib.util
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from tests.core.library import ROOT
from tests.core.test_library import SIZES, WORDS, beginning, made
from tests.core.test_typist import EVERYDAY
from tests.core.typed_texts import Model, model_of, random_words, texts_of
from tests.needs import needs
from tests.predictor.test_compiled_network import CELLS, random_model

from foreword.folder.quantised import quantise
from foreword.folder.store import Folder, read_folder
from foreword.predictor.engine import Engine
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.predictor import Predictor
from foreword.predictor.slips import AZERTY
from foreword.predictor.state import State
from foreword.predictor.state_bytes import decode, encode
from foreword.predictor.typist import Typist

PACKAGE = ROOT / "packages/javascript"
TEXTS = (
    "I would like to ",
    "see the naïve café's “menu”, Mr. O’Neil!\nThanks; how are",
    " you doing?\n\nwell ",
    "Ünknown wordz 12.5 😀 e\u0301t ",
)
Answer = dict[str, Any]


def answers(models: list[Answer]) -> list[Answer]:
    """What each model says of its steps and its texts, in one Node."""
    finished = subprocess.run(
        ["node", Path(__file__).with_name("in_node.mjs")],
        input=json.dumps(models),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    answered: list[Answer] = json.loads(finished.stdout)
    return answered


def written(files: dict[str, bytes], folder: Path) -> str:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return str(folder)


def check(answer: Answer, folder: Folder, engine: Engine, state: State) -> None:
    """Compares what the module says of a state with what Python says."""
    ours = decode(bytes.fromhex(answer["bytes"]), state, folder.model, folder.checksum)
    assert ours.last == state.last
    for part, expected in zip(ours.parts, state.parts, strict=True):
        np.testing.assert_allclose(part, expected, atol=1e-4)
    probabilities = np.array(answer["probabilities"])
    np.testing.assert_allclose(probabilities, engine.probabilities(state), rtol=1e-3)
    ranked = [int(word) for word in np.argsort(-probabilities, kind="stable") if word > 1]
    assert [one["id"] for one in answer["best"]] == ranked[:7]
    words = [folder.tokenizer.words[one["id"]] for one in answer["best"]]
    assert [one["word"] for one in answer["best"]] == words


def test_the_module_was_built_from_the_sources_that_are_here() -> None:
    spec = importlib.util.spec_from_file_location("build", ROOT / "native/wasm/build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    module = (PACKAGE / "foreword.wasm").read_bytes()
    assert build.checksum().encode() in module, "run `make wasm`, and commit what it builds"
    assert len(module) <= 600 * 1024


def test_the_npm_package_has_the_version_of_foreword() -> None:
    package = json.loads((PACKAGE / "package.json").read_text("utf-8"))
    assert f'\nversion = "{package["version"]}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert all((PACKAGE / name).is_file() for name in package["files"])


@needs("npm")
def test_every_cell_has_the_states_and_probabilities_of_python(tmp_path: Path) -> None:
    models, folders = [], []
    for cell in CELLS:
        for kind in ("float32", "int8"):
            config, weights = random_model(cell, SIZES)
            folder, files = made(config, quantise(weights) if kind == "int8" else weights)
            where = written(files, tmp_path / f"{cell}-{kind}")
            models.append({"folder": where, "steps": WORDS})
            folders.append(folder)
    for folder, answered in zip(folders, answers(models), strict=True):
        engine = Engine(folder.model, folder.weights, threads=1)
        state = beginning(engine)
        for word, answer in zip(WORDS, answered["states"], strict=True):
            state = engine.advance(state, word)
            check(answer, folder, engine, state)


@needs("npm")
def test_the_everyday_model_reads_a_text_as_in_python() -> None:
    folder = read_folder(EVERYDAY)
    engine = Engine(folder.model, folder.weights, threads=1)
    state = beginning(engine)
    (answered,) = answers([{"folder": str(EVERYDAY), "steps": TEXTS}])
    for text, answer in zip(TEXTS, answered["states"], strict=True):
        for word in folder.tokenizer.read(text, state.last):
            state = engine.advance(state, word.id)
        check(answer, folder, engine, state)


@needs("npm")
def test_what_is_wrong_is_told_and_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    folder, files = made(*random_model("lstm", (5, 2, 3, 1)))
    engine = Engine(folder.model, folder.weights, threads=1)
    begin = beginning(engine)
    of_python = encode(begin, folder.checksum).hex()
    changed = {**files, "tokenizer.json": files["tokenizer.json"] + b" "}
    shorter = {name: data for name, data in files.items() if name != "model.safetensors"}
    _, of_icu = made(*random_model("lstm", (5, 2, 3, 1)), segmenter="icu")
    whole = written(files, tmp_path / "whole")
    models = [
        {"folder": whole, "begin": of_python, "steps": [5, "a\0b", 2]},
        {"folder": whole, "begin": of_python[:-2] + "00", "steps": []},
        {"folder": written(changed, tmp_path / "changed"), "steps": []},
        {"folder": written(shorter, tmp_path / "shorter"), "steps": []},
        {"folder": written(of_icu, tmp_path / "icu"), "steps": ["wört2", "wört3", 2]},
    ]
    answered, *refused, by_icu = answers(models)
    (unknown, with_nul, known) = answered["states"]
    assert "no word with the id 5: the model has 5 words" in unknown["error"]
    assert "U+0000" in with_nul["error"]
    assert unknown["bytes"] == with_nul["bytes"] == of_python
    check(known, folder, engine, engine.advance(begin, 2))
    messages = ("its checksum differs", "tokenizer.json has been changed", "cannot be read")
    for answer, message in zip(refused, messages, strict=True):
        assert answer["error"].startswith("ForewordError: ")
        assert message in answer["error"]
    first, again, by_id = by_icu["states"]
    assert "ICU" in first["error"]
    assert "ICU" in again["error"]
    assert "best" in by_id


def check_suggestions(
    answer: Answer, typist: Typist | MixedTypist, texts: list[str], *, phrases: bool = False
) -> None:
    """Compares what the module suggests at each text with what Python suggests."""
    for text, offered in zip(texts, answer["suggestions"], strict=True):
        expected = typist.suggest(text, 4, phrases=phrases)
        words = [(one["word"], one["accepted"]) for one in offered]
        assert words == [(one.word, one.accepted(text)) for one in expected], text
        shares = [one["probability"] for one in offered]
        np.testing.assert_allclose(shares, [one.probability for one in expected], rtol=1e-3)


@needs("npm")
def test_suggestions_are_those_of_python(tmp_path: Path) -> None:
    words = ("the", "that", "shit", "Sheet", "shut's", "then", "thaw", "tea")
    models: list[Model] = [random_words(seed, 60) for seed in (0, 1)]
    models.append(model_of(["<unk>", "<eos>", *words]))
    texts = [texts_of(random.Random(seed), models[seed], 30) for seed in (0, 1)]
    texts.append(["", "s", "sh", "shi", "tha", "thz", "tez", "Shut", "tehn", "😀 sheer"])
    options = {"tolerant": True, "offensive": True, "blocked": ["Shut", "TEA"]}
    asked = [
        {"folder": written(model.files, tmp_path / str(k)), "typed": texts[k], "count": 4}
        for k, model in enumerate(models)
    ]
    asked[-1]["options"] = {**options, "layout": "azerty"}
    sentence = "How are you? i definatly dont know alot, itwas Dr. Smih's idea"
    typed = [sentence[:end] for end in range(0, len(sentence) + 1, 2)]
    asked.append({"folder": str(EVERYDAY), "typed": typed, "count": 4})
    asked.append({**asked[-1], "options": {"phrases": True}})
    *of_random, of_few, of_everyday, of_phrases = answers(asked)
    for answer, model, some in zip(of_random, models, texts, strict=False):
        check_suggestions(answer, model.predictor.typist(), some)
    of_options = models[-1].predictor.typist(**options, layout=AZERTY)
    check_suggestions(of_few, of_options, texts[-1])
    everyday = Predictor(read_folder(EVERYDAY), threads=1)
    check_suggestions(of_everyday, everyday.typist(), typed)
    check_suggestions(of_phrases, everyday.typist(), typed, phrases=True)
    assert any(" " in one["word"] for offered in of_phrases["suggestions"] for one in offered)


@needs("npm")
def test_a_mixture_suggests_what_it_does_in_python(tmp_path: Path) -> None:
    models = [random_words(seed, 60) for seed in (1, 2)]
    folders = [written(model.files, tmp_path / str(k)) for k, model in enumerate(models)]
    texts = [text for model in models for text in texts_of(random.Random(1), model, 15)]
    asked = {"folders": folders, "typed": texts, "count": 4}
    of_two, of_one = answers([asked, {**asked, "folders": folders[:1]}])
    check_suggestions(of_two, MixedTypist([model.predictor for model in models]), texts)
    assert "at least two models, not 1" in of_one["error"]


@needs("npm")
def test_letters_are_those_of_python(tmp_path: Path) -> None:
    models = [random_words(seed, 60) for seed in (0, 1)]
    texts = [["", *texts_of(random.Random(seed), models[seed], 10)] for seed in (0, 1)]
    asked = [
        {
            "folder": written(model.files, tmp_path / str(k)),
            "spelled": texts[k],
            "ignoreCase": k == 1,
        }
        for k, model in enumerate(models)
    ]
    for k, (answer, model) in enumerate(zip(answers(asked), models, strict=True)):
        typist = model.predictor.typist()
        for text, ours in zip(texts[k], answer["letters"], strict=True):
            theirs, next_letters = typist.letters(text, ignore_case=k == 1), dict(ours["next"])
            assert set(next_letters) == set(theirs), text
            shares = [*(next_letters[letter] for letter in theirs), ours["endOfWord"]]
            expected = [*theirs.values(), theirs.end_of_word]
            np.testing.assert_allclose(shares, expected, rtol=1e-3, atol=1e-7, err_msg=text)
