"""A model made smaller, and what that costs."""

import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import MakeFolder
from tests.crashing import put, states_before_each_call

from foreword.compression.compress import compress, smaller
from foreword.compression.cost import cost_on
from foreword.errors import FolderError, SettingsError, TextError
from foreword.evaluation.perplexity import score
from foreword.folder.files import read_tensors, write_tensors
from foreword.folder.quantised import dense
from foreword.folder.saving import write_folder
from foreword.folder.store import read_config, read_folder
from foreword.models.build import from_folder
from foreword.predictor.engine import Engine
from foreword.predictor.generate import generate
from foreword.predictor.predictor import load
from foreword.text.tokenizer import EOS_ID, UNK_ID

TEXT = "the cat sat on a mat ; I would like the likely cat\nParis , don't like a mat !\n" * 4


@pytest.fixture
def model(tmp_path: Path, make_folder: MakeFolder) -> Path:
    folder = make_folder("lstm", hidden_size=40, embedding_size=24)
    write_folder(tmp_path / "model", folder.config, folder.weights, folder.tokenizer, "# Card\n")
    return tmp_path / "model"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def files_of(path: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("name", ["lstm", "gru", "mlp-last", "lstm-peephole"])
def test_cost_is_what_evaluation_by_torch_measures(name: str, make_folder: MakeFolder) -> None:
    folder = make_folder(name)
    ids = np.random.default_rng(1).integers(0, 19, size=200)
    truth = score(from_folder(folder), ids)

    actual = cost_on(Engine(folder.config.model, folder.weights), ids)

    assert actual.perplexity == pytest.approx(truth.perplexity, rel=1e-4)
    assert actual.top3 == pytest.approx(truth.top3 / 200, abs=0.011)


def test_an_adaptive_softmax_is_made_int8_and_keeps_its_words(
    tmp_path: Path, make_folder: MakeFolder
) -> None:
    options = {"adaptive_clusters": 2, "adaptive_head": 4, "tied": False}
    folder = make_folder("lstm", hidden_size=40, embedding_size=24, **options)
    folder = replace(folder, weights={k: v / 5 for k, v in folder.weights.items()})
    with pytest.raises(SettingsError, match="in clusters of fixed size"):
        smaller(folder, 15)

    small = smaller(folder)

    assert small.config.format_version == 4
    assert {small.weights[f"adaptive.{name}"].dtype for name in ("head", "down.0", "up.1")} == {
        np.dtype("int8")
    }
    ids = np.arange(19).repeat(4)
    truth = score(from_folder(folder), ids)
    actual = cost_on(Engine(small.model, small.weights), ids)
    assert actual.perplexity == pytest.approx(truth.perplexity, rel=0.02)


@pytest.mark.parametrize("options", [{"skip": True}, {"softmaxes": 3}, {"mogrifier_rounds": 3}])
def test_options_outlive_compression(
    options: dict[str, object], tmp_path: Path, make_folder: MakeFolder
) -> None:
    folder = make_folder("lstm", hidden_size=40, embedding_size=24, **options)
    weights = {name: values / 5 for name, values in folder.weights.items()}  # words nearly even
    write_folder(tmp_path / "m", folder.config, weights, folder.tokenizer, "# Card\n")
    (tmp_path / "text.txt").write_text(TEXT)

    actual = compress(tmp_path / "m", tmp_path / "small", [tmp_path / "text.txt"], vocab_size=15)

    small = read_folder(tmp_path / "small")
    assert small.config.network == replace(folder.config.network, vocab_size=15)
    assert small.config.weights == "int8"
    engine = Engine(small.model, small.weights)
    truth = score(from_folder(small), np.arange(15).repeat(4))
    assert cost_on(engine, np.arange(15).repeat(4)).perplexity == pytest.approx(
        truth.perplexity, rel=0.02
    )
    assert actual.perplexity_after < actual.perplexity_before * 1.02


def test_what_a_smaller_vocabulary_lacks_is_charged_for(make_folder: MakeFolder) -> None:
    folder = make_folder("gru", hidden_size=5)
    small = smaller(folder, 8)
    small.weights["decoder.bias"] = np.zeros(8, dtype=np.float32)
    for name, values in small.weights.items():
        if name != "decoder.bias":
            small.weights[name] = np.zeros_like(values)
    ids = np.array([2, 3, 9, EOS_ID, UNK_ID, 12, 13, 4])

    actual = cost_on(Engine(small.config.model, small.weights), ids, missing=11)

    # Eight even shares; that of <unk> is split 1 to 3 between <unk> and 11 words.
    nats = 8 * math.log(8) + math.log(4) + 3 * math.log(11 * 4 / 3)
    assert actual.perplexity == pytest.approx(math.exp(nats / 8))


def test_a_compressed_folder_predicts_as_the_model_did_at_a_quarter_of_its_size(
    model: Path, text: Path, tmp_path: Path
) -> None:
    before = files_of(model)

    actual = compress(model, tmp_path / "small", [text], bound=0.1)

    config = read_config(tmp_path / "small")
    weights = read_folder(tmp_path / "small").weights
    assert files_of(model) == before
    assert config.weights == "int8"
    assert config.compression == actual
    assert weights["embedding.weight"].dtype == np.int8
    assert sum(w.nbytes for w in weights.values()) < 0.32 * sum(
        w.nbytes for w in read_folder(model).weights.values()
    )
    whole, small = load(model), load(tmp_path / "small")
    state, other = whole.read("the cat"), small.read("the cat")
    np.testing.assert_allclose(small.probabilities(other), whole.probabilities(state), atol=0.05)
    assert "Compression" in (tmp_path / "small" / "README.md").read_text()
    # torch sees the same model.
    folder = read_folder(tmp_path / "small")
    assert np.array_equal(
        from_folder(folder).state_dict()["embedding.weight"].numpy(),
        dense(folder.weights)["embedding.weight"],
    )


def test_a_pruned_model_keeps_its_first_words(model: Path, text: Path, tmp_path: Path) -> None:
    compress(model, tmp_path / "small", [text], vocab_size=10, bound=100.0)
    small, whole = read_folder(tmp_path / "small"), read_folder(model)
    assert small.config.model.vocab_size == 10
    assert small.tokenizer.words == whole.tokenizer.words[:10]
    assert all(p.word in whole.tokenizer.words for p in load(tmp_path / "small").predict("the", 20))


def test_a_loss_over_the_bound_writes_nothing(model: Path, tmp_path: Path) -> None:
    # Of its own text nothing is a better model than itself.
    text = tmp_path / "own.txt"
    text.write_text(" ".join(generate(load(model), "the", max_words=600, seed=1)) + "\n")
    with pytest.raises(SettingsError, match=r"bound is 0\.1%: nothing was written"):
        compress(model, tmp_path / "small", [text], vocab_size=3, bound=0.001)
    assert not (tmp_path / "small").exists()


def test_nothing_is_replaced_unless_asked_for(model: Path, text: Path, tmp_path: Path) -> None:
    before = files_of(model)
    with pytest.raises(SettingsError, match="is the model itself"):
        compress(model, model, [text], overwrite=True)
    compress(model, tmp_path / "small", [text], bound=1.0)
    written = files_of(tmp_path / "small")
    with pytest.raises(SettingsError, match="--overwrite"):
        compress(model, tmp_path / "small", [text], bound=1.0)
    with pytest.raises(SettingsError, match="compressed already"):
        compress(tmp_path / "small", tmp_path / "smaller", [text])
    assert files_of(tmp_path / "small") == written
    assert files_of(model) == before
    compress(model, tmp_path / "small", [text], bound=1.0, vocab_size=12, overwrite=True)
    assert load(tmp_path / "small").config.model.vocab_size == 12


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocab_size": 2}, "vocab_size"),
        ({"vocab_size": 20}, "vocab_size"),
        ({"bound": -0.1}, "bound"),
        ({"bound": math.nan}, "bound"),
        ({"most_words": 0}, "most_words"),
        ({"chats": "valid"}, "not both"),
    ],
)
def test_settings_out_of_range_are_named(
    settings: dict[str, object], message: str, model: Path, text: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=message):
        compress(model, tmp_path / "small", [text], **settings)


def test_without_a_text_it_says_what_to_give(model: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--text FILE"):
        compress(model, tmp_path / "small")
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n")
    with pytest.raises(TextError, match="no words"):
        compress(model, tmp_path / "small", [empty])


def test_damaged_scales_and_foreign_kinds_are_refused(
    model: Path, text: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    compress(model, small, [text], bound=1.0)
    weights, metadata = read_tensors(small / "model.safetensors")
    scales = np.array(weights["embedding.weight_scale"])
    scales[0] = np.inf
    floats = weights["embedding.weight"].astype(np.float32)
    less = {k: v for k, v in weights.items() if k != "embedding.weight_scale"}
    for wrong, message in (
        (weights | {"embedding.weight_scale": scales}, "NaN or infinity"),
        (weights | {"embedding.weight_scale": scales[1:].copy()}, "has the shape"),
        (weights | {"embedding.weight": floats}, "is float32, not int8"),
        (less, "lacks embedding.weight_scale"),
    ):
        write_tensors(small / "model.safetensors", wrong, metadata)
        with pytest.raises(FolderError, match=message):
            read_folder(small)


def test_the_command_runs_without_torch(model: Path, text: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from foreword.cli.main import main\n"
        f"sys.argv = ['foreword', 'compress', {str(model)!r}, '--out', {str(tmp_path / 's')!r},"
        f" '--text', {str(text)!r}, '--bound', '1', '--json']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"perplexity_after"' in done.stdout
    assert load(tmp_path / "s").predict("the cat")


def test_the_loss_is_measured_on_one_persons_part_of_an_export(model: Path, tmp_path: Path) -> None:
    chat, messages = tmp_path / "chat.txt", list[str]()
    lines = TEXT.splitlines()
    message = [f"12/31/23, 9:15 PM - {'AB'[n % 2]}: {line}" for n, line in enumerate(lines)]
    chat.write_text("\n".join(message))
    part = tmp_path / "part.txt"
    part.write_text("\n".join(lines[::2]))

    actual = compress(model, tmp_path / "a", [chat], bound=9, speaker="A", say=messages.append)
    expected = compress(model, tmp_path / "b", [part], bound=9, lines="sentence")

    assert actual.perplexity_after == expected.perplexity_after
    assert "WhatsApp export: 4 messages of A" in messages[0]


def test_overwriting_that_is_killed_anywhere_leaves_the_old_model_or_the_small_one(
    model: Path, text: Path, tmp_path: Path
) -> None:
    root = put({}, tmp_path / "root")
    out = root / "m"
    shutil.copytree(model, out)
    (out / "training").mkdir()
    (out / "training" / "step-00000009.safetensors").write_bytes(b"9")
    (out / "notes.txt").write_text("mine")

    def run() -> None:
        compress(model, out, [text], bound=9.0, vocab_size=12, overwrite=True)

    states = states_before_each_call(root, run)
    actual = []
    for state in states:
        put(state, root)
        actual.append(read_folder(out).config.weights)
        assert (out / "notes.txt").read_text() == "mine"
    assert actual == sorted(actual)  # float32, then int8
    assert set(actual) == {"float32", "int8"}
    assert not (out / "training").exists()
