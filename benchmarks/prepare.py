"""Seconds in which one and several processes prepare a text, and how many times faster several are.

    python benchmarks/prepare.py TEXT [--megabytes 1000] [--processes 2] [--rounds 3] [--json FILE]

The text is TEXT's lines, again and again until there are as many megabytes, each time in an order
that is drawn anew: its words are as frequent as in TEXT, but there are no new ones, as a real text
of that length would have. In turn it is prepared by one process of one thread; by several processes
of one thread each; and by one process with the threads that the tokenizers library takes by itself,
as `foreword train` reads a text. The kept files are compared: they must be the same. Give the
machine's cores to nothing else meanwhile.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

FILES = ("prepared.json", "tokenizer.json", "spacing.json", "train.npy", "valid.npy")


def write_text(source: Path, target: Path, size: int) -> None:
    """Write the lines of a text again and again, in another order each time, to a size in bytes."""
    lines = [line + b"\n" for line in source.read_bytes().split(b"\n") if line]
    draw = random.Random(1)
    left = size
    with target.open("wb") as file:
        while left > 0:
            draw.shuffle(lines)
            for line in lines:
                left -= file.write(line)
                if left <= 0:
                    break


def seconds_of(text: Path, out: Path, processes: int, *, threads: bool) -> float:
    """Return how long `foreword prepare` takes, its start included."""
    command = [sys.executable, "-m", "foreword", "prepare", str(text), "--out", str(out)]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": str(threads).lower()}
    began = time.perf_counter()
    subprocess.run(
        [*command, "--processes", str(processes), "--overwrite", "--lines", "sentence"],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def same(first: Path, second: Path) -> bool:
    """Whether two folders hold the same files."""
    return all(
        subprocess.run(["cmp", "-s", first / name, second / name], check=False).returncode == 0
        for name in FILES
    )


def main() -> None:
    """Measure all, round after round, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("text", type=Path, help="a file of lines in UTF-8")
    parser.add_argument("--megabytes", type=float, default=1000.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    several = f"{chosen.processes} processes, 1 thread each"
    ways = {
        "1 process, 1 thread": (1, False),
        several: (chosen.processes, False),
        "1 process, its own threads": (1, True),
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        write_text(chosen.text, text, round(chosen.megabytes * 1e6))
        for _ in range(chosen.rounds):
            for way, (processes, threads) in ways.items():
                out = Path(folder) / way.replace(" ", "-")
                taken[way].append(seconds_of(text, out, processes, threads=threads))
        outs = [Path(folder) / way.replace(" ", "-") for way in ways]
        equal = all(same(outs[0], out) for out in outs)
    middle = {way: statistics.median(each) for way, each in taken.items()}
    print(machine())
    print(f"{chosen.megabytes:g} MB of {chosen.text.name}'s lines, repeated in other orders")
    for way, seconds in middle.items():
        ratio = middle["1 process, 1 thread"] / seconds
        print(f"{way:<34}{seconds:9.1f} s{ratio:7.2f} times as fast as one thread")
    print("all wrote the same files" if equal else "THE FILES DIFFER")
    if chosen.json:
        chosen.json.write_text(json.dumps({"seconds": taken, "same": equal}, indent=2) + "\n")


if __name__ == "__main__":
    main()
