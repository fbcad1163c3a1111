"""Everything together: what is chosen, what is said, what is refused."""

import base64
import itertools
import json
import zlib

import numpy as np
import pytest
from tests.conftest import MakeFolder

import foreword
from foreword.cells.registry import CELLS, MODELS
from foreword.errors import SettingsError, TextError
from foreword.inspect import Change, inspection, ranked
from foreword.inspect.document import packed
from foreword.predictor.engine import Engine
from foreword.predictor.predictor import Predictor

TEXT = "the cat sat on a mat ; I would like to , don't !"


def unpacked(text: str, low: float, high: float, units: int) -> np.ndarray:
    values = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)
    return low + values.reshape(-1, units).astype(np.float64) * (high - low) / 255


def test_maps_come_back_to_within_half_a_step() -> None:
    values = np.random.default_rng(0).uniform(-2, 2, (7, 5))
    np.testing.assert_allclose(unpacked(packed(values, -2, 2), -2, 2, 5), values, atol=2 / 255)
    assert unpacked(packed(np.array([[-9.0, 9.0]]), -2, 2), -2, 2, 2).tolist() == [[-2, 2]]


@pytest.mark.parametrize(
    "name",
    [
        *("rnn", "lstm", "lstm-peephole", "lstm-peephole-only", "lstm-coupled", "gru"),
        *("lstm-layernorm", "gru-layernorm", "slstm", "rg-lru", "sru", "qrnn"),
    ],
)
def test_the_document_holds_what_the_trace_holds(name: str, make_folder: MakeFolder) -> None:
    actual = inspection(Predictor(make_folder(name)), TEXT)
    document = json.loads(json.dumps(actual.document(), allow_nan=False))
    assert document["words"] == list(actual.traced.reading.words)
    assert document["came"][-1] is None
    assert document["came"][3] == pytest.approx(
        float(np.exp(actual.traced.predictions.came[3])), rel=1e-3
    )
    for layer, arrays in zip(document["layers"], actual.traced.layers, strict=True):
        maps = layer["gates"] + layer["states"]
        assert [m["name"] for m in maps] == list(arrays.arrays)
        for m in maps:
            values = unpacked(m["data"], m["low"], m["high"], len(layer["units"]))
            step = (m["high"] - m["low"]) / 255
            np.testing.assert_allclose(values, arrays.arrays[m["name"]], atol=step * 0.51)
        assert layer["memory"] == CELLS[name]().memory
        assert len(layer["ranking"]) == 5
    # Its own, and those of every recurrent network untrained, in two layers each.
    assert len(document["gradients"]["curves"]) == 2 * (1 + len(MODELS))
    assert {c["kind"] for c in document["contrasts"]} == {"dropped", "replaced", "reset"}
    assert document["attributions"][-1]["at"] == len(document["words"]) - 2


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"skip": True}, "the sum of all layers'"),
        ({"softmaxes": 3}, "a mixture of 3 softmaxes"),
        ({"mogrifier_rounds": 2, "mogrifier_rank": 3}, "what modulates is not shown"),
    ],
)
def test_options_are_told_and_the_rest_is_shown(
    options: dict[str, object], note: str, make_folder: MakeFolder
) -> None:
    folder = make_folder("lstm", **options)
    actual = inspection(Predictor(folder), TEXT)
    assert any(note in message for message in actual.notes)
    engine, shares = Engine(folder.model, folder.weights), []
    state = engine.start()
    for current, after in itertools.pairwise(actual.traced.reading.ids):
        state = engine.advance(state, int(current))
        shares.append(float(engine.probabilities(state)[after]))
    np.testing.assert_allclose(np.exp(actual.traced.predictions.came[:-1]), shares, rtol=1e-3)
    json.dumps(actual.document(), allow_nan=False)
    for one in actual.attributions:
        assert one.log_probability == pytest.approx(np.log(shares[one.at]), rel=1e-3)


def test_the_default_changes_are_at_the_word_whose_erasure_costs_most(
    make_folder: MakeFolder,
) -> None:
    actual = inspection(Predictor(make_folder("lstm")), TEXT)
    dropped = actual.contrasts[0].at
    largest = max(
        cost
        for a in actual.attributions
        for k, cost in enumerate(a.erased)
        if 1 <= a.first + k < a.at
    )
    assert any(
        a.erased[dropped - a.first] == largest
        for a in actual.attributions
        if a.first <= dropped < a.at
    )


def test_asked_for_changes_are_the_ones_that_are_made(make_folder: MakeFolder) -> None:
    changes = [Change("replaced", 2, "mat"), Change("reset", 5)]
    actual = inspection(Predictor(make_folder("gru")), TEXT, changes=changes)
    assert [(c.kind, c.at) for c in actual.contrasts] == [("replaced", 2), ("reset", 5)]


def test_a_long_text_is_shown_in_part_and_that_is_said(make_folder: MakeFolder) -> None:
    text = " ".join(["the cat sat on a mat ;"] * 7200)
    actual = inspection(Predictor(make_folder("lstm")), text, words=30, skip=40_000)
    assert len(actual.traced.reading) == 31
    assert actual.notes[0] == (
        "The text has 50,400 words; this shows 30 of them, after the first 40,000."
    )
    # What was read before is remembered.
    assert any(part.abs().max() > 0 for part in actual.traced.before)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn", "mlp-last"])
def test_a_text_of_one_word(name: str, make_folder: MakeFolder) -> None:
    document = inspection(Predictor(make_folder(name)), "cat").document()
    assert document["words"] == ["<eos>", "cat"]
    assert len(document["attributions"]) == 1
    assert document["contrasts"] == []


@pytest.mark.parametrize("name", ["mlp-last", "mlp-window"])
def test_an_mlp_has_no_gates_and_the_page_is_told_so(name: str, make_folder: MakeFolder) -> None:
    options = {"context_words": 4} if name == "mlp-window" else {}
    actual = inspection(Predictor(make_folder(name, **options)), TEXT)
    assert "no gates, no memory" in actual.notes[0]
    document = actual.document()
    assert document["gradients"] is None
    assert document["jacobians"] == []
    assert document["layers"][0]["memory"] is None
    assert [s["name"] for s in document["layers"][1]["states"]] == ["h"]
    assert {c["kind"] for c in document["contrasts"]} <= {"dropped", "replaced", "reset"}


def test_a_large_model_shows_some_units_over_all_holding_times(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.inspect.document.LARGEST_MAPS", 8000)
    actual = inspection(Predictor(make_folder("lstm", hidden_size=60)), TEXT)
    document = actual.document()
    maps = [m for layer in document["layers"] for m in layer["gates"] + layer["states"]]
    assert sum(len(zlib.decompress(base64.b64decode(m["data"]))) for m in maps) <= 8000
    layer = document["layers"][0]
    assert 30 < len(layer["units"]) < 60
    assert sorted(layer["orders"]["holding time"]) == list(range(len(layer["units"])))
    longest = ranked(actual.traced.layers[0], actual.traced.reading.words)
    assert {longest[0].unit, longest[-1].unit} <= set(layer["units"])
    assert any("Layer 1 has 60 units" in note for note in document["notes"])


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("", {}, TextError, "the text has no words"),
        (TEXT, {"words": 0}, SettingsError, "words must be 1 to 2,000"),
        (TEXT, {"skip": 99}, SettingsError, "cannot skip 99 words: the text has 14"),
        (TEXT, {"changes": [Change("dropped", 40)]}, SettingsError, "no word 40 to change"),
    ],
)
def test_what_cannot_be_looked_at_is_said(
    text: str,
    options: dict[str, object],
    error: type[Exception],
    message: str,
    make_folder: MakeFolder,
) -> None:
    with pytest.raises(error, match=message):
        inspection(Predictor(make_folder("lstm")), text, **options)  # type: ignore[arg-type]


def test_without_captum_it_is_said_how_to_install_it(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "captum.attr", None)
    actual = inspection(Predictor(make_folder("lstm")), TEXT)
    assert any('pip install "foreword[inspect]"' in note for note in actual.notes)
    assert actual.document()["attributions"][0]["integrated"] is None


def test_a_missing_folder_is_told(tmp_path: object) -> None:
    with pytest.raises(foreword.FolderError):
        inspection(f"{tmp_path}/none", TEXT)


def test_in_a_notebook_it_shows_itself_as_the_page(make_folder: MakeFolder) -> None:
    shown = inspection(Predictor(make_folder("gru")), "the cat sat")._repr_html_()
    assert shown.startswith("<iframe")
    assert "srcdoc=" in shown
    assert "&quot;the&quot;,&quot;cat&quot;,&quot;sat&quot;" in shown.replace(", ", ",")
