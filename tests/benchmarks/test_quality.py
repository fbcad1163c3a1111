import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from foreword.evaluation.evaluate import evaluate
from foreword.text.corpus import chat_source
from foreword.training.recipes import find

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
RECIPE = """about = "small"
source = "by hand"

[settings]
pretokenised = true
embedding_size = 8
hidden_size = 8
batch_size = 4
validations = 1
steps = 40
learning_rate = 0.02
"""
Texts = dict[str, Path]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    folder = tmp_path_factory.mktemp("texts")
    lines = [piece.text.strip().lower() for piece in chat_source("valid").read()]
    common = {w for w, _ in Counter(" ".join(lines).split()).most_common(60)}
    lines = [" ".join(w if w in common else "<unk>" for w in line.split()) for line in lines]
    actual = {}
    for name, part in (("train", lines[:600]), ("valid", lines[600:700]), ("test", lines[700:800])):
        actual[name] = folder / f"{name}.txt"
        actual[name].write_text("\n".join(part) + "\n", encoding="utf-8")
    actual["recipe"] = folder / "small.toml"
    actual["recipe"].write_text(RECIPE, encoding="utf-8")
    return actual


@pytest.fixture
def quality(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import quality

    return quality


@pytest.fixture
def run(quality: Any, texts: Texts, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    def run(*arguments: object, names: tuple[str, ...]) -> list[dict[str, Any]]:
        paths = [texts[name] for name in ("recipe", *names)]
        quality.main([*map(str, [*paths, *arguments, "--json", tmp_path / "kept.json"])])
        actual: list[dict[str, Any]] = json.loads((tmp_path / "kept.json").read_text("utf-8"))
        return actual

    return run


ALL = ("train", "valid", "test")


def test_a_record_holds_each_method_and_marks_what_adapts(
    run: Callable[..., Any], texts: Texts, tmp_path: Path
) -> None:
    out = tmp_path / "models"
    options = ["--ngram", "--out", out, "--set", "hidden_size=12", "--keep", texts["recipe"]]
    (record,) = run(*options, names=ALL)

    columns = {c["name"].replace("tempered ", ""): c for c in record["test"]}
    adapting = {name for name, column in columns.items() if column["adapts"]}
    assert adapting == {"network + cache", "network + n-gram + cache"}
    assert set(columns) - adapting == {"network", "network + n-gram", "n-gram"}
    assert all(1 < column["perplexity"] < 62 for column in columns.values())
    network = evaluate(out / "network", [texts["test"]])
    first = record["test"][0]
    assert (first["name"], first["settings"]["temperature"]) == ("network", 1.0)
    assert first["perplexity"] == pytest.approx(network.perplexity, rel=1e-5)
    assert record["test words"] == network.words
    assert record["settings"]["hidden_size"] == 12
    assert record["steps"] == 40
    assert record["texts"] == ["train.txt", "valid.txt", "test.txt"]
    assert record["command"].startswith("python benchmarks/quality.py ")
    assert str(tmp_path) not in record["command"]
    (reached,) = find(texts["recipe"]).reached
    assert reached.test_perplexity["network"] == round(first["perplexity"], 2)

    records = run("--trained", out / "network", names=ALL)
    assert records[0] == record
    assert records[1]["test"][0] == first
    assert records[1]["valid perplexity"] == record["valid perplexity"]


@pytest.fixture
def steps_of_a_second(quality: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The peer, on a clock by which a step of training takes 1 s and a measurement 100 s."""
    import word_language_model as peer

    now, measured, clipped = 0.0, peer.evaluate_peer, torch.nn.utils.clip_grad_norm_

    def step(*arguments: Any) -> object:
        nonlocal now
        now += 1.0
        return clipped(*arguments)

    def measure(*arguments: Any) -> object:
        nonlocal now
        now += 100.0
        return measured(*arguments)

    monkeypatch.setattr(peer, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(peer.nn.utils, "clip_grad_norm_", step)
    monkeypatch.setattr(peer, "evaluate_peer", measure)
    return peer


def test_a_curve_has_a_training_for_each_time_beside_one_of_the_peer(
    run: Callable[..., Any], steps_of_a_second: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "curve.png"
    (record,) = run(
        *("--curve", "0.04,0.02", "--peer", "--picture", picture), names=("train", "valid")
    )
    assert [point["minutes"] for point in record["curve"]] == [0.02, 0.04]
    assert [point["settings"]["minutes"] for point in record["curve"]] == [0.02, 0.04]
    assert "test" not in record
    peers = record["word_language_model"]
    assert [p["seconds"] for p in peers] == [2.0, 3.0]  # the first steps after 1.2 and 2.4 s
    assert 0 < peers[0]["words seen"] < peers[1]["words seen"]
    assert all(math.isfinite(p["valid perplexity"]) for p in peers)
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_being_asked_on_the_way_changes_nothing_for_the_peer(
    steps_of_a_second: Any, texts: Texts
) -> None:
    peer = steps_of_a_second
    words = peer.Words.of(texts["train"])
    train, valid = words.ids(texts["train"]), words.ids(texts["valid"])
    once = peer.train_peer(train, valid, words.count, [5.0])
    often = peer.train_peer(train, valid, words.count, [2.0, 4.0, 5.0])
    assert [point.seconds for point in often.points] == [2.0, 4.0, 5.0]
    assert often.points[0].words < often.points[1].words
    assert often.points[-1] == once.points[-1]


@pytest.mark.parametrize(
    "arguments",
    [["r", "a", "b"], ["r", "a", "b", "c", "--curve", "1"], ["r", "a", "b", "c", "--peer"]],
)
def test_contradicting_arguments_are_refused(quality: Any, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        quality.main(arguments)
    assert refused.value.code == 2
