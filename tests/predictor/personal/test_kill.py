"""SIGKILL at random moments, many times: the file opens and holds a prefix of what was learned."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.predictor.personal.conftest import MADE_UP, made_up

from foreword.predictor.personal import Personal

LEARNS = (
    f"""
made_up = {MADE_UP}
"""
    """
import sys
from foreword.predictor.personal import Personal
layer = Personal.open(sys.argv[1], create=True)
for number in range(int(sys.argv[2]), 100_000):
    words = " ".join(f"{made_up(40 * number + i)} " * 2 for i in range(40))
    layer.learn(f"{words}\\nlearned learned\\n")
    print(number, flush=True)
"""
)
KILLS = 12


def texts_held(file: Path) -> int:
    """How many texts the file holds, each of them whole."""
    with Personal.open(file) as layer:
        layer.audit()  # SQLite's own check, too
        counts = {held.word: held.count for held in layer.words()}
        learned = layer._held.memory.clock
    texts = counts.pop("learned", 0) // 2
    assert counts == {made_up(i): 2 for i in range(40 * texts)}
    assert learned == texts * (80 + 1 + 2 + 1)
    return texts


@pytest.mark.timeout(600)
def test_a_kill_at_any_moment_leaves_a_prefix_of_what_was_learned(file: Path) -> None:
    moments = random.Random(7)
    held = 0
    cut_off = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", LEARNS, str(file), str(held)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline()  # it has begun to learn
        time.sleep(moments.uniform(0, 0.08))
        process.kill()
        told = process.communicate()[0].split()
        process.wait()
        cut_off += file.with_name(f"{file.name}-journal").exists()
        acknowledged = int(told[-1]) + 1 if told else held + 1
        after = texts_held(file)
        assert after in (acknowledged, acknowledged + 1)
        held = after
    assert held > KILLS
    assert cut_off > 0  # some kills fell into a transaction, which the next opening undid


def test_a_kill_while_a_word_is_forgotten_leaves_it_whole_or_gone(file: Path) -> None:
    script = (
        "import sys\nfrom foreword.predictor.personal import Personal\n"
        "layer = Personal.open(sys.argv[1])\nprint(1, flush=True)\nlayer.forget('learned')\n"
    )
    with Personal.open(file, create=True) as layer:
        layer.learn("".join(f"{made_up(i)} {made_up(i)} learned\n" for i in range(3000)))
    whole = file.read_bytes()
    moments = random.Random(3)
    outcomes = set()
    for _ in range(6):
        file.write_bytes(whole)
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(file)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.12))
        process.kill()
        process.communicate()
        with Personal.open(file) as layer:
            layer.audit()
            words = {held.word for held in layer.words()}
            assert len(words - {"learned"}) == 3000
            outcomes.add("learned" in words)
            assert any("learned" in line for line in layer.export()) == ("learned" in words)
    assert outcomes
