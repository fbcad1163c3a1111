"""Runs the tutorial's commands and writes what they print into it.

python benchmarks/write_tutorial.py

A block of `sh` with a block of `text` right after it is run, in one empty folder for all of them;
the block of text gets their output. It takes about three minutes, and figures depend on the
machine, since training lasts two minutes on any machine.
"""

import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "tutorial" / "first-model.md"
PAIR = re.compile(
    r"^```sh\n(?P<commands>[^`]*)^```\n\n```text\n(?P<shown>.*?)^```$", re.DOTALL | re.MULTILINE
)


PROGRESS = re.compile(r"(loading|finding|reading|training|evaluating) .*\d")
"""Lines of which a terminal shows the last one, in the place of those before."""


def printed(commands: str, folder: str) -> str:
    """What a shell's commands print on a terminal of 80 columns, without colours."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1", "PATH": path}
    done = subprocess.run(
        ["bash", "-ec", commands],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{commands}failed:\n{done.stdout}")
    lines = [line.rstrip() for line in done.stdout.strip("\n").splitlines()]
    kept = [a for a, b in pairwise([*lines, ""]) if not PROGRESS.match(a) or _said(a) != _said(b)]
    return "\n".join(kept) + "\n"


def _said(line: str) -> str:
    """What a line is about."""
    return re.split(r"[\d%]", line)[0]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:

        def written(pair: re.Match[str]) -> str:
            shown = printed(pair["commands"], folder)
            print(pair["commands"], shown, sep="\n", flush=True)
            return f"```sh\n{pair['commands']}```\n\n```text\n{shown}```"

        PAGE.write_text(PAIR.sub(written, PAGE.read_text("utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
