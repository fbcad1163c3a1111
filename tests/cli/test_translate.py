"""`foreword translate`: what it prints, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.translator.models import write_random
from typer.testing import CliRunner, Result

from foreword.cli.app import app
from foreword.errors import FolderError, TextError
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.translator.translator import Translator


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random(tmp_path_factory.mktemp("models") / "model")


def run(*arguments: object, stdin: str | None = None) -> Result:
    done = CliRunner().invoke(app, ["translate", *map(str, arguments)], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_text_is_translated_as_the_library_does(model: Path) -> None:
    translator = Translator.load(model)
    assert (
        run(model, "the", "cat.\nA dog").stdout
        == translator.translate("the cat.\nA dog").text + "\n"
    )
    greedy = run(model, "the cat", "--beams", 1).stdout
    assert greedy == translator.translate("the cat", beams=1).text + "\n"


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_every_line_of_standard_input_has_a_line(model: Path, arguments: list[str]) -> None:
    lines = run(model, *arguments, stdin="the cat\n\n😀\na dog").stdout.split("\n")
    assert len(lines) == 5
    assert lines[1:3] == ["", "😀"]
    assert lines[3] == Translator.load(model).translate("a dog").text


def test_json_tells_all_that_is_known(model: Path) -> None:
    (line,) = run(model, "the cat", "--json", "-n", 2).stdout.splitlines()
    document = json.loads(line)
    expected = Translator.load(model).translate("the cat", n=2)
    assert document["source"] == "the cat"
    assert document["text"] == expected.text
    assert document["alternatives"][0]["text"] == expected.alternatives[0].text
    assert [word["sources"] for word in document["words"]] == [
        list(word.sources) for word in expected.words
    ]


def test_the_n_best_come_with_their_scores_and_alignments(model: Path) -> None:
    lines = run(
        model, "the cat 😀", "--n-best", 3, "--alignments", "--beams", 2
    ).stdout.splitlines()
    columns = [line.split("\t") for line in lines]
    assert [len(line) for line in columns] == [3, 2, 2]
    scores = [float(line[0]) for line in columns]
    assert scores == sorted(scores, reverse=True)
    last = len(columns[0][1].split()) - 1
    assert columns[0][2].split()[-1] == f"2-{last}"  # the emoji comes from the third word


def test_what_is_too_uncertain_is_left_out_and_counted(model: Path) -> None:
    done = run(model, "--abstain", 1, "--prefix", "the ", stdin="the cat\n😀\n")
    assert done.stdout == "\n😀\n"
    assert "1 of 2 texts have no translation" in done.stderr


def test_a_next_word_model_is_refused_with_what_would_translate(
    make_folder: Callable[..., Folder], tmp_path: Path
) -> None:
    folder = make_folder()
    write_folder(tmp_path / "model", folder.config, folder.weights, folder.tokenizer, "card")
    with pytest.raises(FolderError, match="foreword train --pairs"):
        run(tmp_path / "model", "text")


def test_a_glossary_is_read_from_a_file(model: Path, tmp_path: Path) -> None:
    terms = tmp_path / "terms.tsv"
    terms.write_text("cat\tzebra\n", "utf-8")
    assert "zebra" in run(model, "the cat", "--glossary", terms).stdout
    terms.write_text("cat\tzebra\ncat\tdog\n", "utf-8")
    with pytest.raises(TextError, match="lines 1 and 2"):
        run(model, "the cat", "--glossary", terms)


def test_it_says_how_much_the_memory_has_translated(model: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory.tsv"
    memory.write_text("the cat\tdie Katze\nthe dog\tder Hund\n")
    done = run(model, "--memory", memory, stdin="the cat\nthe bird\nthe dog\n")
    assert done.stdout.splitlines()[::2] == ["die Katze", "der Hund"]
    assert "2 lines or sentences were translated by the memory" in done.stderr
    (line,) = run(model, "the cat", "--memory", memory, "--json").stdout.splitlines()
    assert json.loads(line)["from_memory"] == ["the cat"]


def test_what_a_memory_and_a_glossary_hold_is_written_with_escapes(
    model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file.tsv"
    file.write_text("the cat\tdie\x9b31mKatze\u202e\n", "utf-8")
    assert run(model, "the cat", "--memory", file).stdout == "die\\x9b31mKatze\\u202e\n"
    assert "die\\x9b31mKatze\\u202e" in run(model, "the cat", "--glossary", file).stdout
