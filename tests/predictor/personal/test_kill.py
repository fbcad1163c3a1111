"""SIGKILL at random moments, many times: the file opens and holds a prefix of what was learned."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.predictor.personal.conftest import MADE_UP, made_up

from foreword.predictor.personal import Personal

FORKING = (
    f"""
made_up = {MADE_UP}
"""
    """
import os, sys
from foreword.predictor.personal import Personal

def learn(file, first):
    layer = Personal.open(file, create=True)
    for number in range(int(first), 100_000):
        words = " ".join(f"{made_up(40 * number + i)} " * 2 for i in range(40))
        layer.learn(f"{words}\\nlearned learned\\n")
        print(number, flush=True)

def forget(file):
    layer = Personal.open(file)
    print("opened", flush=True)
    layer.forget("learned")

for line in sys.stdin:
    work, *arguments = line.rstrip("\\n").split("\\t")
    if (child := os.fork()) == 0:
        print(os.getpid(), flush=True)
        {"learn": learn, "forget": forget}[work](*arguments)
        os._exit(0)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""
)
"""Does each line of its standard input in a process of its own, forked when all is imported."""
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


Killed = Callable[..., list[str]]


@pytest.fixture(scope="module")
def killed() -> Iterator[Killed]:
    """Starts a piece of work, kills it some seconds after its first line, and returns its lines."""
    command = [sys.executable, "-c", FORKING]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as forking:

        def run(seconds: float, *work: object) -> list[str]:
            forking.stdin.write("\t".join(map(str, work)) + "\n")
            forking.stdin.flush()
            child = int(forking.stdout.readline())
            lines = [forking.stdout.readline()]
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it was done
                os.kill(child, signal.SIGKILL)
            while lines[-1] != "ended\n":
                lines.append(forking.stdout.readline())
                assert lines[-1], "the process that forks has ended"
            return lines[:-1]

        yield run


def test_a_kill_at_any_moment_leaves_a_prefix_of_what_was_learned(
    file: Path, killed: Killed
) -> None:
    moments = random.Random(7)
    held = 0
    cut_off = 0
    for _ in range(KILLS):
        numbers = killed(moments.uniform(0, 0.08), "learn", file, held)
        cut_off += file.with_name(f"{file.name}-journal").exists()
        acknowledged = int(numbers[-1]) + 1
        after = texts_held(file)
        assert after in (acknowledged, acknowledged + 1)
        held = after
    assert held > KILLS
    assert cut_off > 0  # some kills fell into a transaction, which the next opening undid


def test_a_kill_while_a_word_is_forgotten_leaves_it_whole_or_gone(
    file: Path, killed: Killed
) -> None:
    with Personal.open(file, create=True) as layer:
        layer.learn("".join(f"{made_up(i)} {made_up(i)} learned\n" for i in range(3000)))
    whole = file.read_bytes()
    moments = random.Random(3)
    outcomes = set()
    for _ in range(6):
        file.write_bytes(whole)
        killed(moments.uniform(0, 0.12), "forget", file)
        with Personal.open(file) as layer:
            layer.audit()
            words = {held.word for held in layer.words()}
            assert len(words - {"learned"}) == 3000
            outcomes.add("learned" in words)
            assert any("learned" in line for line in layer.export()) == ("learned" in words)
    assert outcomes
