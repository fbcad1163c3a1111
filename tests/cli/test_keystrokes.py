import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.translator.models import write_random
from typer.testing import CliRunner

from foreword.cli.app import app
from foreword.errors import SettingsError
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.predictor.predictor import load
from foreword.translator.translator import Translator

LINES = "the cat sat\n\nI would like to\nlikely\n"


@pytest.fixture
def model(make_folder: Callable[..., Folder], tmp_path: Path) -> Path:
    folder = make_folder()
    path = tmp_path / "model"
    write_folder(path, folder.config, folder.weights, folder.tokenizer, "card")
    return path


def run(*arguments: object, stdin: str | None = None) -> str:
    done = CliRunner().invoke(app, ["keystrokes", *map(str, arguments)], input=stdin)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_figures_come_with_the_typist_they_hold_for(model: Path, tmp_path: Path) -> None:
    (tmp_path / "messages.txt").write_text(LINES)

    shown = run(model, tmp_path / "messages.txt", "--acceptance", 0, "--case", "exact")

    assert "3 messages, 8 words, 32 characters" in shown
    assert "3 slots, acceptance costs no key, a word taken brings its space" in shown
    assert "case exact" in shown


def test_json_holds_shares_and_choices(model: Path, tmp_path: Path) -> None:
    (tmp_path / "messages.txt").write_text(LINES)

    actual = json.loads(run(model, tmp_path / "messages.txt", "--json", "--slots", 20))

    assert actual["slots"] == 20
    assert actual["keystroke_savings"] == 1 - actual["keys"] / 32
    # Every word is known and in sight from the first, so it types as the oracle does.
    assert actual["keystroke_savings"] == actual["ceiling"]


def test_a_sample_is_drawn_by_its_seed(model: Path, tmp_path: Path) -> None:
    (tmp_path / "messages.txt").write_text("\n".join(str(n) * n for n in range(1, 10)))
    sample = (model, tmp_path / "messages.txt", "--json", "--messages", 3)

    one, same, other = (json.loads(run(*sample, "--seed", seed)) for seed in (1, 1, 2))

    assert one["messages"] == 3
    assert one["characters"] == same["characters"] != other["characters"]


def test_learning_stands_beside_not_learning(model: Path, tmp_path: Path) -> None:
    (tmp_path / "messages.txt").write_text("zebras graze\n" * 6)

    shown = run(model, tmp_path / "messages.txt", "--learn")
    actual = json.loads(run(model, tmp_path / "messages.txt", "--learn", "--json"))

    assert "learning as it goes" in shown
    assert actual["learning"]["keys"] < actual["keys"] == 72
    assert actual["learning"]["learned"]


def test_phrases_stand_beside_words(model: Path, tmp_path: Path) -> None:
    typed = "I would li"
    suggestions = load(model).suggest(typed, 3, complete=True, phrases=True)
    phrase = next(one for one in suggestions if " " in one.word)
    (tmp_path / "messages.txt").write_text(phrase.accepted(typed))

    shown = run(model, tmp_path / "messages.txt", "--phrases")
    actual = json.loads(run(model, tmp_path / "messages.txt", "--phrases", "--json"))

    assert "phrases" in shown
    assert actual["phrases"]["words_accepted"] < actual["words_accepted"]


def test_another_model_s_words_stand_beside_the_first_alone(model: Path, tmp_path: Path) -> None:
    (tmp_path / "messages.txt").write_text(LINES)

    shown = run(model, tmp_path / "messages.txt", "--with", model)
    actual = json.loads(run(model, tmp_path / "messages.txt", "--with", model, "--json"))

    assert "with /" in " ".join(shown.split())
    # It is the same model, whose words are the same.
    assert actual["with"]["keys"] == actual["keys"]


def test_letters_and_keypad_are_measured_beside_the_suggestions(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "messages.txt").write_text(LINES)
    both = (model, tmp_path / "messages.txt", "--letters", "--keypad")

    shown = " ".join(run(*both).split())  # lines may be wrapped
    actual = json.loads(run(*both, "--json"))
    plain = json.loads(run(*both[:2], "--json"))

    # 3 messages of 32 characters, each with its end; 14 different letters and the space.
    assert "of 35 characters with line ends" in shown
    assert "of 4 rows and columns" in shown
    assert f"{actual['letters']['bits_per_character']:.2f} bits per character" in shown
    assert actual["keypad"]["words"] == 8
    assert actual["keypad"]["known"] == 1.0
    assert actual["keypad"]["keystrokes_per_character"] >= 1.0
    assert actual["keys"] == plain["keys"]
    assert not {"letters", "keypad"} & set(plain)


def test_a_text_or_chats_but_not_both(model: Path) -> None:
    with pytest.raises(SettingsError, match="give a TEXT to type, or --chats"):
        run(model)
    with pytest.raises(SettingsError, match="not both"):
        run(model, "text.txt", "--chats", "test")


def test_translations_are_typed_with_their_sources_without_and_with_next_words(
    model: Path, tmp_path: Path
) -> None:
    translator = write_random(tmp_path / "de-en")
    sources = ["die Katze", "ein Hund", "die Matte"]
    # What the model itself would write; greedy search finds it in the ghost text at once.
    targets = [Translator.load(translator).translate(one, beams=1).text for one in sources]
    for code, lines in (("de", sources), ("en", targets)):
        (tmp_path / f"test.{code}").write_text("\n".join([*lines, ""]), encoding="utf-8")
    pairs = (translator, "--pairs", tmp_path / "test.de", tmp_path / "test.en", "--json")

    actual = json.loads(run(*pairs, "--ghost", "--against", model))

    assert actual["keys"] == len(targets)
    assert actual["characters"] == sum(map(len, targets))
    assert actual["without"]["keys"] > actual["keys"]
    assert actual["against"]["keys"] > actual["keys"]
    assert not actual["against"]["ghost"]
    with pytest.raises(SettingsError, match="cannot be combined"):
        run(*pairs, "--learn")
    with pytest.raises(SettingsError, match="cannot be combined"):
        run(*pairs, "--letters")
    with pytest.raises(SettingsError, match="give --pairs"):
        run(model, "text.txt", "--ghost")
