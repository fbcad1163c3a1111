"""Typing in a window of GTK, on a desktop with IBus and without a screen."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.input_method.desktop import SECONDS, Desktop, desktop, running, wait_until
from tests.needs import needs
from typer.testing import CliRunner

import foreword
from foreword.cli.app import app
from foreword.predictor import personal
from foreword.predictor.mixed_typist import MixedTypist

pytestmark = needs("ibus")


@pytest.fixture(scope="module")
def own_words(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A personal file."""
    path = tmp_path_factory.mktemp("own") / "mine.personal"
    with personal.open(path, foreword.load(small_model).tokenizer, create=True) as layer:
        layer.learn("would Libby sit\nwould Libby sit\n")
    return path


@pytest.fixture(scope="module")
def with_ibus(
    small_model: Path, own_words: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desktop]:
    """A desktop on which `foreword ibus` is installed."""
    home = tmp_path_factory.mktemp("home")
    variables = {"XDG_DATA_HOME": str(home / "data"), "XDG_CONFIG_HOME": str(home / "config")}
    install = ["ibus", str(small_model), "--install", "--personal", str(own_words)]
    done = CliRunner(env=variables).invoke(app, install)
    assert done.exit_code == 0, done.output
    with desktop(home, home / "data/ibus/component") as started:
        yield started


def test_words_are_shown_and_taken_and_nothing_is_learned_untold(
    with_ibus: Desktop, small_model: Path, own_words: Path
) -> None:
    panel, held = with_ibus.panel, own_words.read_bytes()
    predictor = foreword.load(small_model)
    with personal.open(own_words, predictor.tokenizer, read_only=True) as layer:
        expected = predictor.typist(layer=layer).suggest("I would li", 5)
    words = tuple(one.word for one in expected)

    with with_ibus.fields() as fields:
        with_ibus.use("foreword-my-model")
        fields.write("text", "I would li")
        panel.wait_for(lambda panel: panel.words == words)
        assert "Libby" in words
        assert panel.labels == ("Alt+1.", "2.", "3.", "4.", "5.")[: len(words)]

        fields.key("alt+2")
        taken = expected[1].accepted("I would li")
        fields.wait_for("text", taken)
        fields.write("text", "cat,", after=" ")
        panel.wait_for(lambda panel: bool(panel.words))

        fields.key("Tab")
        fields.wait_for("focus", "address")
        panel.wait_for(lambda panel: panel.words == ())
        panel.history.clear()
        fields.write("address", "li")
        fields.key("Tab")
        fields.wait_for("focus", "password")
        fields.write("password", "li")
        panel.catch_up()
        assert not any(panel.history)

    assert own_words.read_bytes() == held


def test_what_is_written_is_learned_if_told_and_ctrl_c_ends_it(
    with_ibus: Desktop, small_model: Path, tmp_path: Path
) -> None:
    own_words = tmp_path / "learned.personal"
    command = [sys.executable, "-m", "foreword", "ibus", str(small_model), "--learn"]
    before = "xkb:us::eng"
    with with_ibus.fields() as fields:
        with_ibus.use(before)
        serving = running(
            [*command, "--personal", str(own_words)], with_ibus.variables, stderr=subprocess.PIPE
        )
        with serving as process:
            wait_until(lambda: with_ibus.ibus("engine") == "foreword-my-model-now")
            fields.write("text", "how are you")
            fields.key("Return", "Tab")
            fields.wait_for("focus", "address")
            fields.write("address", "the cat")
            fields.key("Return")
            fields.write("address", "x")
            process.send_signal(signal.SIGINT)
            process.wait(SECONDS)
            assert "Foreword (my-model)" in process.stderr.read().decode()
        assert with_ibus.ibus("engine") == before

    with personal.open(own_words) as layer:
        assert {held.word for held in layer.words()} == {"how", "are", "you"}


def test_phrases_and_the_words_of_two_models_are_shown(
    with_ibus: Desktop, small_model: Path, other_model: Path
) -> None:
    mixed = MixedTypist([foreword.load(small_model), foreword.load(other_model)])
    for options, typist in (
        (["--phrases"], foreword.load(small_model).typist()),
        (["--phrases", "--with", str(other_model)], mixed),
    ):
        words = tuple(one.word for one in typist.suggest("I would li", 5, phrases=True))
        command = [sys.executable, "-m", "foreword", "ibus", str(small_model), *options]
        with with_ibus.fields() as fields:
            with_ibus.use("xkb:us::eng")
            with running(command, with_ibus.variables) as process:
                wait_until(lambda: with_ibus.ibus("engine").endswith("-now"))
                fields.write("text", "I would li")
                with_ibus.panel.wait_for(lambda panel, words=words: panel.words == words)
                process.send_signal(signal.SIGINT)
                process.wait(SECONDS)
