"""Draws the figures of the explanations while the documentation is built, by Foreword's commands.

What a command draws is kept in `build/figures` until the code or the command changes. The figures
for which networks are trained take five minutes of processor time. With FOREWORD_FIGURES=untrained
they stay blank, as in the gate (`make test`); `make docs` draws them all.
"""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build" / "figures"
FOLDER = "explanation/figures"
"""Where pages find them."""

UNTRAINED = os.environ.get("FOREWORD_FIGURES") == "untrained"
"""Whether the figures for which networks are trained stay blank."""
BLANK = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

LEAST_HOLD = 20
"""Words for which the unit that is shown as a capacitor keeps a charge."""

TALK, BRACKETED = (
    (ROOT / f"benchmarks/inspected/{name}.txt").read_text("utf-8").strip()
    for name in ("talk", "bracketed")
)
"""What is inspected; written for this page, so that no model has read it before. The second is for
a model that reads brackets."""


@dataclass(frozen=True)
class Drawing:
    """Commands, run in an empty folder, and what they draw there, by the figures' names."""

    commands: tuple[str, ...]
    figures: dict[str, str]
    is_trained: bool = True
    """Whether the commands train networks."""


DRAWINGS = (
    Drawing(
        ("python benchmarks/draw_cells.py cells",),
        {f"{name}.svg": f"cells/{name}.svg" for name in ("unrolled", "rnn", "lstm", "gru")}
        | {"peephole.svg": "cells/lstm-peephole.svg"},
        is_trained=False,
    ),
    Drawing(("python benchmarks/draw_gradients.py .",), {"exploding.svg": "exploding.svg"}),
    Drawing(
        (
            "foreword memory temporal-order-2 --cell mlp-window --cell rnn --cell lstm --cell gru "
            "--lag 20 --lag 50 --lag 100 --seeds 1 --steps 1500 --out memory",
        ),
        {"memory.svg": "memory/map.svg"},
    ),
    Drawing(
        (
            "foreword train --out model --steps 1500 --vocab-size 1000 --hidden-size 64 "
            "--dropout 0 --learning-rate 0.015",
            f"foreword inspect model {shlex.quote(TALK)} --out seen",
        ),
        {
            f"{name}.svg": f"seen/figures/{name}.svg"
            for name in ("gates", "gradients", "attributions", "contrast-3")
        },
    ),
    Drawing(
        (
            "python benchmarks/bracketed_chats.py chats.txt",
            "foreword train chats.txt --out model --steps 600 --vocab-size 1000 --hidden-size 64 "
            "--dropout 0 --window 70 --learning-rate 0.015",
            f"foreword inspect model {shlex.quote(BRACKETED)} --out seen",
        ),
        {"unit.svg": "seen/figures/unit.svg"},
    ),
)


def on_files(files: Files, config: Any) -> Files:
    """Adds the figures to the site."""
    for drawing in DRAWINGS:
        if drawing.is_trained and UNTRAINED:
            for name in drawing.figures:
                files.append(File.generated(config, f"{FOLDER}/{name}", content=BLANK))
            continue
        for name, path in draw(drawing).items():
            if name == "unit.svg":
                _check_that_it_holds(path)
            files.append(File.generated(config, f"{FOLDER}/{name}", abs_src_path=str(path)))
    return files


def draw(drawing: Drawing) -> dict[str, Path]:
    """The drawing's files by the figures' names; runs its command if they are not there yet."""
    folder = KEPT / _key(drawing)
    files = {name: folder / path for name, path in drawing.figures.items()}
    if not all(path.exists() for path in files.values()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for command in drawing.commands:
            _run(command, folder)
        missing = [str(path) for path in files.values() if not path.exists()]
        if missing:
            raise PluginError(f"{drawing.commands} have not drawn {', '.join(missing)}")
    return files


def _check_that_it_holds(path: Path) -> None:
    """The page calls this unit a capacitor that holds for tens of words."""
    said = re.search(r"for up to (\d+) words", path.read_text("utf-8"))
    if said is None or int(said[1]) < LEAST_HOLD:
        hold = "no hold" if said is None else f"a hold of {said[1]} words"
        raise PluginError(f"{path} shows {hold}; {LEAST_HOLD} are the least that the page tells of")


def _run(command: str, folder: Path) -> None:
    program, *words = shlex.split(command)
    start = [sys.executable]
    start += ["-m", "foreword"] if program == "foreword" else [str(ROOT / words.pop(0))]
    done = subprocess.run([*start, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise PluginError(f"{command} failed:\n{done.stderr}")


def _key(drawing: Drawing) -> str:
    """Of the commands and of all code that they may run."""
    words = (shlex.split(command) for command in drawing.commands)
    scripts = {ROOT / script for program, script, *_ in words if program == "python"}
    digest = hashlib.sha256(repr(drawing).encode())
    native = filter(Path.is_file, (ROOT / "native").iterdir())
    code = [*(ROOT / "src").rglob("*.py"), *native]
    for path in sorted([*code, *scripts]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
