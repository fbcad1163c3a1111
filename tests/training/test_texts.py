import json
from pathlib import Path

import pytest

from foreword.evaluation.evaluate import evaluate
from foreword.training.progress import Event, Note, Validated
from foreword.training.run import train

SAID = "see you at the old bridge tonight and bring the others with you"


def test_one_persons_part_is_trained_on_and_its_name_stays_at_home(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text(
        "".join(
            f"12/31/23, 9:{n % 60:02} PM - {who}: {SAID if who == 'Anna Meier' else 'nonsense'}\n"
            for n in range(60)
            for who in ("Anna Meier", "Tom")
        )
    )
    notes: list[Event] = []
    out = tmp_path / "model"
    train(
        [chat], out=out, steps=1, hidden_size=4, speaker="anna meier", threads=1,
        report=notes.append,
    )  # fmt: skip

    messages = [note.text for note in notes if isinstance(note, Note)]
    assert any(
        "WhatsApp export: 60 messages of anna meier, of 120 by 2 people" in t for t in messages
    )
    given_away = [p for p in out.rglob("*") if p.is_file() and "training" not in p.parts]
    assert not any(b"anna meier" in p.read_bytes().lower() for p in given_away)
    assert "nonsense" not in (out / "tokenizer.json").read_text("utf-8")
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert config["training"]["settings"]["speaker"] is None


def test_a_text_known_by_heart_is_no_measure_of_quality(tmp_path: Path) -> None:
    text = tmp_path / "log.txt"
    text.write_text("ping pong\n" * 8_000)
    notes: list[Event] = []
    train(
        [text], out=tmp_path / "model", epochs=2, hidden_size=8, learning_rate=0.05, threads=1,
        report=notes.append,
    )  # fmt: skip

    messages = [note.text for note in notes if isinstance(note, Note)]
    assert any("almost all lines look alike" in note for note in messages)
    assert any("says nothing of how well writing is predicted" in note for note in messages)


def test_what_is_trained_sentence_by_sentence_is_measured_so(tmp_path: Path) -> None:
    text, valid = tmp_path / "text.txt", tmp_path / "valid.txt"
    text.write_text("one two three\nfour five six seven\n" * 200)
    valid.write_text("two three four\nfive six\n" * 100)
    seen: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, Validated):
            seen.append(event.perplexity)

    outcome = train(
        [text], valid=[valid], out=tmp_path / "model", bptt="sentence", steps=20, hidden_size=8,
        learning_rate=0.05, threads=1, report=watch,
    )  # fmt: skip

    apart = evaluate(tmp_path / "model", [valid], reset="sentence")
    carried = evaluate(tmp_path / "model", [valid])
    assert outcome.config.evaluation.reset == "sentence"
    assert outcome.config.evaluation.perplexity == pytest.approx(apart.perplexity, rel=1e-4)
    assert min(seen) == pytest.approx(apart.perplexity, rel=1e-4)
    assert carried.perplexity != pytest.approx(apart.perplexity, rel=1e-2)
