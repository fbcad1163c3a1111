"""What strangers wrote, in names, records, texts and words, does nothing to the terminal."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.table import Table
from typer.testing import CliRunner

from foreword.cli.app import app
from foreword.cli.console import PlainConsole, as_text
from foreword.cli.typing_prompt import suggestions_line
from foreword.cli.watch import Watch
from foreword.folder.config import TrainingRecord
from foreword.folder.saving import write_folder
from foreword.folder.store import Folder
from foreword.predictor.suggest import Suggestion
from foreword.visible import is_plain, shown_lines

HOSTILE = "\x1b]52;c;eA==\x07\x9b31m\u202e[/b][red]"
ESCAPED = "\\x1b]52;c;eA==\\x07\\x9b31m\\u202e[/b][red]"


@pytest.fixture
def model(tmp_path: Path, make_folder: Callable[..., Folder]) -> Path:
    folder = make_folder()
    record = TrainingRecord(
        text=f"{HOSTILE}.txt", words=1, words_seen=1, steps=1, epochs=1.0, seconds=1.0, seed=1,
        settings={}, torch_version="2", finished=True,
    )  # fmt: skip
    config = folder.config.model_copy(update={"training": record})
    write_folder(tmp_path / "m", config, folder.weights, folder.tokenizer, "")
    return tmp_path / "m"


def output_of(*arguments: object, stdin: str = "") -> str:
    runner = CliRunner(env={"COLUMNS": "400", "FORCE_COLOR": "", "NO_COLOR": "1"})
    done = runner.invoke(app, [str(a) for a in arguments], input=stdin, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert is_plain(done.output.replace("\n", ""))
    return done.output


def test_info_shows_markup_in_a_record_as_text(model: Path) -> None:
    assert f"{ESCAPED}.txt, 1 words" in output_of("info", model)


@pytest.mark.parametrize("verb", ["predict", "generate"])
def test_a_text_is_shown_with_escapes(verb: str, model: Path) -> None:
    assert ESCAPED in output_of(verb, model, HOSTILE)


def test_json_holds_the_same_text_without_a_character_that_a_terminal_obeys(model: Path) -> None:
    printed = output_of("predict", model, "--json", stdin=HOSTILE + "\n")
    assert json.loads(printed.split("\n")[0])["text"] == HOSTILE


def test_a_console_prints_strings_as_text_in_tables_too(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    console = PlainConsole(width=300)
    console.print(table)
    console.print(as_text((HOSTILE, "bold"), HOSTILE), HOSTILE)
    printed = capsys.readouterr().out
    assert printed.count(ESCAPED) == 6
    assert is_plain(printed.replace("\n", ""))


def test_progress_and_notes_name_a_strangers_file_as_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Watch() as watch:
        watch.note(f"read {HOSTILE}")
        watch.text_progress(f"reading {HOSTILE}", 1, 2)
    printed = capsys.readouterr().err
    assert printed.count(ESCAPED) == 2
    assert shown_lines(printed) == printed


def test_the_line_below_the_prompt_shows_words_as_text() -> None:
    line = suggestions_line([Suggestion("<b>\x1b\x07&", 0.5, "", 0)])
    assert [part[1] for part in line] == ["1", " <b>\\x1b\\x07& 50%"]


def test_a_servers_log_has_one_line_a_record() -> None:
    from foreword.server.running import OneLine

    record = logging.LogRecord("x", logging.INFO, "", 0, "text: %s", ("a\nGET /\x1b[2J",), None)
    assert OneLine("%(message)s").format(record) == "text: a\\nGET /\\x1b[2J"
