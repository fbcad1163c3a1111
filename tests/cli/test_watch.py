import io

import pytest

from foreword.cli import watch as watch_module
from foreword.cli.console import PlainConsole
from foreword.cli.watch import Watch
from foreword.training.progress import Note, StepProgress, TextProgress, Validated

STEP = StepProgress(
    step=50,
    words_seen=123_456,
    epochs=0.5,
    words_per_second=7890.0,
    loss=4.605,
    gradient_norm=0.7,
    learning_rate=0.01,
    done=0.25,
    seconds=60.0,
    seconds_left=180.0,
)


def shown(*, terminal: bool, monkeypatch: pytest.MonkeyPatch, events: list[object]) -> str:
    screen = io.StringIO()
    console = PlainConsole(file=screen, force_terminal=terminal, width=140)
    monkeypatch.setattr(watch_module, "errors", console)
    with Watch() as watch:
        for event in events:
            watch(event)  # type: ignore[arg-type]
        if terminal:
            watch.progress.refresh()
    return screen.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_step_shows_words_speed_loss_perplexity_and_time_left(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = shown(terminal=terminal, monkeypatch=monkeypatch, events=[STEP])
    for part in ("training", "25%", "123,456 words", "7,890/s", "4.605", "100.0", "3:00 left"):
        assert part in output


def test_without_a_terminal_lines_come_seldom_and_hold_no_escape_codes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = shown(terminal=False, monkeypatch=monkeypatch, events=[STEP] * 50)
    assert output.count("\n") == 1
    assert "\x1b" not in output


def test_notes_and_validations_are_always_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        TextProgress("reading the text", 5, 10),
        Note("diverged [at] step 3"),
        Validated(1, 1000, 61.0, 98.76, 0.345, best=True),
    ]
    output = shown(terminal=False, monkeypatch=monkeypatch, events=events)
    for part in ("reading the text  50%", "diverged [at] step 3", "98.8", "34.5%", "1:01", "best"):
        assert part in output
