"""The commands as a user runs them, on real text."""

import json
import math
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import foreword

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_training_leaves_a_model_that_beats_guessing_by_frequency(
    model: Path, chats: Path, foreword_command: Command
) -> None:
    info = json.loads(foreword_command("info", model, "--json").stdout)
    evaluation = info["evaluation"]

    # What knowing the words' frequencies alone would give on this text is around 250.
    assert evaluation["perplexity"] < 190
    assert evaluation["top1"] < evaluation["top3"] < evaluation["top5"]
    assert info["training"]["finished"] is True
    assert info["training"]["epochs"] == 2
    assert info["model"]["name"] == "lstm"
    assert str(chats.parent) not in json.dumps(info)  # names of texts, not where they lie


def test_info_and_the_card_tell_people_what_the_model_is(
    model: Path, foreword_command: Command
) -> None:
    output = foreword_command("info", model).stdout
    card = (model / "README.md").read_text(encoding="utf-8")
    for part in ("lstm", "perplexity", "chats.txt", "parameters"):
        assert part in output
        assert part in card


def test_evaluating_the_held_out_text_again_gives_what_training_wrote(
    model: Path, chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    written = json.loads((model / "config.json").read_text())["evaluation"]
    lines = chats.read_text(encoding="utf-8").splitlines()
    characters = sum(map(len, lines))
    held_out: list[str] = []
    while sum(map(len, held_out)) < 0.05 * characters:
        held_out.insert(0, lines[len(lines) - len(held_out) - 1])
    (tmp_path / "held-out.txt").write_text("\n".join(held_out), encoding="utf-8")

    actual = json.loads(
        foreword_command("evaluate", model, tmp_path / "held-out.txt", "--json").stdout
    )

    assert actual["words"] == written["words"]
    assert actual["perplexity"] == pytest.approx(written["perplexity"], rel=1e-5)


def test_evaluate_prints_every_measure_and_resets_at_sentences_when_told(
    model: Path, chats: Path, foreword_command: Command
) -> None:
    output = foreword_command("evaluate", model, chats).stdout
    for part in ("perplexity", "nats", "bits", "top 1", "top 3", "top 5", "reciprocal", "words/s"):
        assert part in output
    carried = json.loads(foreword_command("evaluate", model, chats, "--json").stdout)
    reset = json.loads(
        foreword_command("evaluate", model, chats, "--json", "--reset", "sentence").stdout
    )
    assert reset["words"] == carried["words"]
    assert reset["perplexity"] != carried["perplexity"]
    assert carried["cross_entropy_nats"] == pytest.approx(math.log(carried["perplexity"]))


def test_predict_agrees_with_the_library_and_completes_unfinished_words(
    model: Path, foreword_command: Command
) -> None:
    done = foreword_command("predict", model, "I would like to", "-k", 3, "--json")
    actual = json.loads(done.stdout)
    expected = foreword.load(model).suggest("I would like to", k=3)
    assert [p["word"] for p in actual["predictions"]] == [p.word for p in expected]
    assert [p["probability"] for p in actual["predictions"]] == [p.probability for p in expected]

    completed = foreword_command("predict", model, "How are yo").stdout
    assert "you" in completed


def test_predict_tells_letters_as_the_library_does(model: Path, foreword_command: Command) -> None:
    document = json.loads(
        foreword_command("predict", model, "How are y", "--letters", "--json").stdout
    )
    letters = foreword.load(model).letters("How are y")
    assert document["letters"] == dict(letters)
    assert document["end_of_word"] == letters.end_of_word
    shown = foreword_command("predict", model, "How are y", "--letters", "-k", 2).stdout
    assert [line.split()[0] for line in shown.splitlines()[1:]] == list(letters)[:2]


def test_predict_keeps_blocked_and_offensive_words_back(
    model: Path, foreword_command: Command
) -> None:
    def words(*options: str) -> list[str]:
        done = foreword_command("predict", model, "How are ", "-k", 40, "--json", *options)
        return [p["word"].lower() for p in json.loads(done.stdout)["predictions"]]

    unblocked = words("--no-filter")
    first, second = unblocked[:2]
    assert set(words("--block", first, "--block", second)).isdisjoint({first, second})


def test_predict_suggests_phrases(model: Path, foreword_command: Command) -> None:
    def words(*options: object) -> list[str]:
        done = foreword_command("predict", model, "How a", "-k", 3, "--json", *options)
        return [p["word"] for p in json.loads(done.stdout)["predictions"]]

    expected = foreword.load(model).suggest("How a", 3, phrases=True)
    assert words("--phrases") == [one.word for one in expected] != words()


def test_predict_with_the_same_model_again_changes_no_word(
    model: Path, foreword_command: Command
) -> None:
    def words(*options: object) -> list[str]:
        done = foreword_command("predict", model, "How are ", "-k", 5, "--json", *options)
        return [p["word"] for p in json.loads(done.stdout)["predictions"]]

    assert words("--with", model) == words("--with", model, "--with", model) == words()


def test_predict_answers_every_line_of_standard_input(
    model: Path, foreword_command: Command
) -> None:
    lines = "how are\n\nétrange 😂\nI li"
    out = foreword_command("predict", model, "--json", stdin=lines).stdout.splitlines()
    assert [json.loads(line)["text"] for line in out] == lines.split("\n")
    assert foreword_command("predict", model, "-", "--json", stdin=lines).stdout.splitlines() == out


def test_predict_runs_without_torch(model: Path, fresh_command: Command, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('torch', name='torch')")
    for verb in (["predict", model, "how are"], ["generate", model, "how"], ["info", model]):
        fresh_command(*verb, PYTHONPATH=str(tmp_path))
    failed = fresh_command(
        "evaluate", model, "--chats", "valid", expect=1, PYTHONPATH=str(tmp_path)
    )
    assert 'pip install "foreword[train]"' in failed.stderr


def test_generate_continues_and_repeats_with_its_seed(
    model: Path, foreword_command: Command
) -> None:
    options = ["--words", 12, "--seed", 3, "--lines"]
    one = foreword_command("generate", model, "I really like", *options).stdout
    same = foreword_command("generate", model, "-", *options, stdin="I really like").stdout
    as_json = json.loads(
        foreword_command("generate", model, "I really like", *options, "--json").stdout
    )
    assert one.startswith("I really like")
    assert len(one) > len("I really like\n")
    assert one == same == "I really like" + as_json["continuation"] + "\n"


def test_results_go_to_standard_output_and_progress_to_standard_error(
    chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    done = foreword_command(
        *("train", chats, "--out", tmp_path / "m", "--steps", 12, "--hidden-size", 8, "--json")
    )
    outcome = json.loads(done.stdout)
    assert outcome["training"]["steps"] == 12
    assert "training" in done.stderr
    assert "validation perplexity" in done.stderr
    assert "\x1b[" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    "name",
    [
        *("mlp-last", "mlp-window", "rnn", "lstm-peephole", "lstm-peephole-only"),
        *("lstm-coupled", "lstm-layernorm", "gru", "gru-layernorm"),
    ],
)
def test_every_architecture_trains_and_predicts(
    name: str, chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    out = tmp_path / "m"
    foreword_command(
        *("train", chats, "--out", out, "--model", name, "--steps", 25, "--set", "num_layers=2"),
        *("--set", "embedding_size=12", "--hidden-size", 16, "--vocab-size", 300),
        *("--set", "dropout_recurrent=0.1", "--set", "dropout_embedding=0.1"),
    )
    predictor = foreword.load(out)
    assert predictor.config.model.name == name
    assert len(predictor.predict("how are", k=3)) == 3
    shares = predictor.probabilities(predictor.read("how are"))
    assert float(shares.sum()) == pytest.approx(1.0, abs=1e-5)


def test_an_adaptive_softmax_goes_all_the_way_through(
    chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    out, small = tmp_path / "m", tmp_path / "small"
    sizes = ("--hidden-size", 32, "--vocab-size", 300, "--set", "adaptive_clusters=2")
    asked = ("train", chats, "--out", out, *sizes)
    assert "set tied to false" in foreword_command(*asked, "--steps", 25, expect=1).stderr
    refused = foreword_command(*asked, "--set", "tied=no", "--steps", 25, expect=1).stderr
    assert "adaptive_head is 4,096: at most 150" in " ".join(refused.split())
    ramps = ("--set", "batch_ramp=0.5", "--set", "window_ramp=0.5")
    asked = (*asked, "--set", "tied=no", "--set", "adaptive_head=40", *ramps)
    foreword_command(*asked, "--steps", 25)
    foreword_command("train", "--out", out, "--resume", "--steps", 60)
    shares = foreword.load(out).probabilities(foreword.load(out).read("how are"))
    assert float(shares.sum()) == pytest.approx(1.0, abs=1e-5)
    assert "adaptive softmax, 40 words and 2 clusters" in foreword_command("info", out).stdout
    assert "40 words, the others in 2 clusters" in (out / "README.md").read_text("utf-8")
    short = tmp_path / "short.txt"
    short.write_text(chats.read_text("utf-8")[:2000], "utf-8")
    foreword_command("compress", out, "--out", small, "--text", short)
    assert len(foreword.load(small).predict("how are", k=3)) == 3
    actual = json.loads(foreword_command("evaluate", out, chats, "--json").stdout)
    assert actual["perplexity"] < 300
    foreword_command("evaluate", out, short, "--tune", short, "--cache", "tune")


def test_options_of_a_network_go_all_the_way_through(
    chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    out, small = tmp_path / "m", tmp_path / "small"
    sizes = ("--set", "num_layers=2", "--hidden-size", 16, "--vocab-size", 300)
    settings = ("embedding_size=12", "softmaxes=2", "dropout_contexts=0.2", "mogrifier_rounds=3")
    mixture = [word for setting in settings for word in ("--set", setting)]
    few = ("--set", "validations=1")
    foreword_command(
        "train", chats, "--out", out, "--set", "skip=yes", *mixture, *sizes, *few, "--steps", 25
    )
    foreword_command("train", "--out", out, "--resume", "--steps", 30)
    predictor = foreword.load(out)
    assert predictor.config.network.skip
    shares = predictor.probabilities(predictor.read("how are"))
    assert float(shares.sum()) == pytest.approx(1.0, abs=1e-5)
    output = foreword_command("info", out).stdout
    card = (out / "README.md").read_text(encoding="utf-8")
    for part in ("the sum of all layers", "2 softmaxes", "3 Mogrifier rounds"):
        assert part in output
        assert part in card
    short = tmp_path / "short.txt"
    short.write_text(chats.read_text("utf-8")[:10_000], "utf-8")
    foreword_command("compress", out, "--out", small, "--text", short)
    assert len(foreword.load(small).predict("how are", k=3)) == 3
    actual = json.loads(foreword_command("evaluate", out, short, "--json").stdout)
    assert actual["perplexity"] < 300
    alone = ("train", chats, "--out", tmp_path / "n", "--set", "skip=yes")
    refused = foreword_command(*alone, expect=1).stderr
    assert "set num_layers to 2 or more" in refused


def test_an_ngram_model_is_counted_and_used_as_any_other(
    chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    out = tmp_path / "m"
    options = ("--model", "ngram", "--set", "ngram_order=3", "--vocab-size", 300)
    foreword_command("train", chats, "--out", out, *options)
    predictor = foreword.load(out)
    assert predictor.config.evaluation is not None
    assert len(predictor.predict("how ar", k=1)) == 1
    assert predictor.predict("how", k=1)[0].word in {"are", "about"}
    state = predictor.read("how are")
    assert predictor.state_from_bytes(state.to_bytes()) == state
    assert float(predictor.probabilities(state).sum()) == pytest.approx(1.0, abs=1e-5)
    assert foreword_command("generate", out, "how", "--seed", 1).stdout
    assert "ngram of 3 words" in foreword_command("info", out).stdout

    (tmp_path / "text.txt").write_text("how are you ?\nfine\n")
    actual, nats = foreword.evaluate(out, [tmp_path / "text.txt"]), 0.0
    state = predictor.start()
    for word in ["how", "are", "you", "?", "<eos>", "fine", "<eos>"]:
        index = 1 if word == "<eos>" else predictor.tokenizer.id_of(word)
        nats -= predictor.log_probabilities(state)[index]
        state = predictor.advance(state, word)
    assert actual.words == 7
    assert actual.cross_entropy_nats == pytest.approx(nats / 7, rel=1e-5)

    refused = foreword_command("compress", out, "--out", tmp_path / "c", expect=1).stderr
    assert "no matrices for int8" in refused
    refused = foreword_command("inspect", out, "how are", "--out", tmp_path / "i", expect=1)
    assert "no network to inspect" in refused.stderr


def test_full_backpropagation_over_sentences_trains(
    chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    foreword_command(
        *("train", chats, "--out", tmp_path / "m", "--set", "bptt=sentence", "--epochs", 1),
        *("--hidden-size", 16, "--vocab-size", 300, "--learning-rate", 0.02),
    )
    info = json.loads(foreword_command("info", tmp_path / "m", "--json").stdout)
    assert info["training"]["epochs"] >= 1
    assert info["evaluation"]["perplexity"] < 150


def test_pretokenised_text_counts_as_the_literature_does(
    tmp_path: Path, foreword_command: Command
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(" \n = A title = \n \n the <unk> sat , . \n" * 300)
    foreword_command(
        *("train", text, "--valid", text, "--pretokenised", "--out", tmp_path / "m"),
        *("--steps", 5, "--hidden-size", 8),
    )
    info = json.loads(foreword_command("info", tmp_path / "m", "--json").stdout)
    assert info["training"]["words"] == 300 * (4 + 4 + 5)
    assert info["evaluation"]["words"] == 300 * (4 + 4 + 5)
    assert info["model"]["vocab_size"] == 2 + len({"=", "A", "title", "the", "sat", ",", "."})


def test_wrapped_text_is_found_out_said_and_read_in_paragraphs(
    chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    messages = [line for line in chats.read_text("utf-8").split("\n") if len(line) > 20]
    paragraphs = [" ".join(messages[at : at + 6]) for at in range(0, 600, 6)]
    text = tmp_path / "book.txt"
    text.write_text("\n\n".join(textwrap.fill(one, 72) for one in paragraphs), "utf-8")
    small = ("--steps", 3, "--hidden-size", 8, "--set", "min_count=1")
    actual = foreword_command("train", text, "--valid", text, "--out", tmp_path / "a", *small)
    assert "book.txt is wrapped at 72 columns" in actual.stderr
    summary = ("--lines", "sentence", "--out", tmp_path / "b")
    other = foreword_command("train", text, "--valid", text, *summary, *small)
    assert "wrapped" not in other.stderr
    info, info_b = (
        json.loads(foreword_command("info", tmp_path / name, "--json").stdout) for name in "ab"
    )
    assert (info["tokenizer"]["lines"], info_b["tokenizer"]["lines"]) == ("wrapped", "sentence")
    lines = sum(bool(line.strip()) for line in text.read_text("utf-8").split("\n"))
    words = info_b["training"]["words"] - lines
    assert words < info["training"]["words"] < words + 1.5 * len(paragraphs)
    again = foreword_command("evaluate", tmp_path / "a", text, "--json")
    assert json.loads(again.stdout)["perplexity"] == pytest.approx(info["evaluation"]["perplexity"])
    for options in ([], ["--lines", "sentence"]):
        foreword_command("keystrokes", tmp_path / "a", text, "--messages", 1, *options)
        foreword_command("evaluate", tmp_path / "b", text, *options)


def test_compare_trains_all_with_the_same_parameters_and_draws(
    chats: Path, tmp_path: Path, foreword_command: Command
) -> None:
    done = foreword_command(
        *("compare", chats, "--out", tmp_path / "c", "--minutes", 0.15, "--json"),
        *("--embedding-size", 16, "--vocab-size", 500),
        *("--model", "mlp-last", "--model", "rnn", "--model", "lstm"),
    )
    rows = json.loads(done.stdout)["rows"]
    assert [row["model"] for row in rows] == ["mlp-last", "rnn", "lstm"]
    sizes = [row["parameters"] for row in rows]
    assert max(sizes) / min(sizes) < 1.02
    curves = (tmp_path / "c" / "curves.csv").read_text().splitlines()
    assert curves[0] == "model,words_seen,seconds,perplexity,top3"
    # The picture is drawn from the curves, the table from the rows: the best points are the rows.
    for row in rows:
        points = [line.split(",") for line in curves if line.startswith(row["model"] + ",")]
        assert min(float(point[3]) for point in points) == row["perplexity"]
    assert len(curves) > 6
    assert (tmp_path / "c" / "table.csv").read_text().count("\n") == 4
    picture = (tmp_path / "c" / "comparison.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


def test_help_and_version_are_there(foreword_command: Command) -> None:
    output = foreword_command("--help").stdout
    for verb in ("train", "evaluate", "predict", "generate", "compare", "info"):
        assert verb in output
        assert foreword_command(verb, "--help").stdout
    assert foreword_command("--version").stdout.startswith("foreword 0.")
