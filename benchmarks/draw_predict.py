"""Draws `docs/images/predict.svg`: what `foreword predict` prints, as a picture of a terminal.

python benchmarks/draw_predict.py MODEL_FOLDER
"""

import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

OPENINGS = ["I would like to", "I would li", "How are"]


def main() -> None:
    console = Console(record=True, width=64, file=open("/dev/null", "w"), force_terminal=True)  # noqa: SIM115, PTH123
    for opening in OPENINGS:
        console.print(Text.assemble(("$ ", "green"), f'foreword predict my-model "{opening}"'))
        done = subprocess.run(
            ["foreword", "predict", sys.argv[1], opening],
            capture_output=True,
            text=True,
            check=True,
        )
        for number, line in enumerate(done.stdout.splitlines()):
            console.print(Text(line, style="bold" if number == 0 else "cyan"))
    picture = console.export_svg(title="foreword predict")
    # No fonts from elsewhere: the picture shall not ask the network for anything.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    (Path(__file__).parents[1] / "docs/images/predict.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
