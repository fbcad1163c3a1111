"""The lexical model for Keyman, run as the worker of Keyman's engine does."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MakeFolder
from tests.core.test_library import made
from tests.needs import needs
from tests.predictor.test_compiled_network import random_model
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.errors import SettingsError
from foreword.exporting.keyman import export_keyman
from foreword.folder.saving import write_folder

KEYS = [
    ("", {"insert": "", "deleteLeft": 0}),
    ("I would l", {"insert": "i", "deleteLeft": 0}),
    ("the cat", {"insert": " ", "deleteLeft": 0}),
    ("the caz", {"insert": "t", "deleteLeft": 1}),
    ("😀 lik", {"insert": "e", "deleteLeft": 0}),
    ("lik😀", {"insert": "", "deleteLeft": 1}),
    ("how are", {"insert": "", "deleteLeft": 0}),
]
"""Texts before a keystroke, and what the keystroke does."""


def applied(text: str, transform: dict[str, Any]) -> str:
    """A text after a transform, which counts characters as Keyman does."""
    return text[: len(text) - transform["deleteLeft"]] + transform["insert"]


def in_keyman(script: Path, **asked: Any) -> dict[str, Any]:
    finished = subprocess.run(
        ["node", Path(__file__).with_name("in_keyman.mjs")],
        input=json.dumps(
            {"keystrokes": [], "phrases": [], "casings": [], **asked, "script": str(script)}
        ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    answered: dict[str, Any] = json.loads(finished.stdout)
    return answered


@needs("npm")
def test_a_suggestion_takes_the_place_of_the_keystroke_and_the_text_is_as_in_python(
    small_model: Path, tmp_path: Path
) -> None:
    script = tmp_path / "me.en.small.model.js"
    export_keyman(small_model, script)
    keystrokes = [
        [transform, {"left": text, "startOfBuffer": True, "endOfBuffer": True}]
        for text, transform in KEYS
    ]
    answered = in_keyman(script, keystrokes=keystrokes)
    typist = foreword.load(small_model).typist()
    for (text, transform), predicted in zip(KEYS, answered["predicted"], strict=True):
        typed = applied(text, transform)
        expected = typist.suggest(typed, 12)
        assert expected
        actual = [
            (one["sample"]["displayAs"], applied(text, one["sample"]["transform"]))
            for one in predicted
        ]
        assert actual == [(one.word, one.accepted(typed)) for one in expected]
        assert [one["p"] for one in predicted] == pytest.approx(
            [one.probability for one in expected], rel=1e-3
        )
    # A whole word is written, as by Keyman's own models.
    first = answered["predicted"][1][0]["sample"]
    assert first["transform"] == {"insert": first["displayAs"], "deleteLeft": 1}
    assert answered["configuration"]["leftContextCodePoints"] == 64
    assert answered["punctuation"]["insertAfterWord"] == " "


@needs("npm")
def test_words_are_broken_and_cased_by_the_language_of_the_model(
    tmp_path: Path,
) -> None:
    _, files = made(*random_model("gru", (5, 2, 3, 1)), language="tr")
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    script = tmp_path / "me.tr.small.model.js"
    export_keyman(tmp_path, script)
    answered = in_keyman(
        script,
        phrases=["Don’t, 12 e\u0301t!?", ""],
        casings=[("upper", "ırmak iz"), ("initial", "izmir"), ("lower", "IŞIK")],
    )
    (broken, nothing) = answered["broken"]
    assert [span["text"] for span in broken] == ["Don’t", ",", "12", "e\u0301t", "!?"]
    assert [(span["start"], span["end"], span["length"]) for span in broken][:2] == [
        (0, 5, 5),
        (5, 6, 1),
    ]
    assert nothing == []
    assert answered["cased"] == ["IRMAK İZ", "İzmir", "ışık"]


def test_the_command_writes_a_file_that_keyman_knows(small_model: Path, tmp_path: Path) -> None:
    def run(*arguments: object, expect: int = 0) -> str:
        given = ["export", str(small_model), *map(str, arguments), "--keyman"]
        done = CliRunner().invoke(app, given)
        assert done.exit_code == expect
        return done.output if done.exception is None else str(done.exception)

    script = tmp_path / "me.en.small.model.js"
    assert "MB" in run(script)
    assert script.is_file()
    assert "exists already" in run(script, expect=1)
    assert "named AUTHOR.LANGUAGE.NAME.model.js" in run(tmp_path / "small.js", expect=1)
    assert "--best and --vocabulary are for ONNX" in run(script, "--best", 3, expect=1)


def test_a_model_that_the_module_does_not_run_is_refused(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder("slstm")
    write_folder(tmp_path / "model", folder.config, folder.weights, folder.tokenizer, "")
    with pytest.raises(SettingsError, match="the kind slstm, which cannot run in Keyman"):
        export_keyman(tmp_path / "model", tmp_path / "me.en.small.model.js")
