"""Seconds in which one and several processes prepare a text, and how many times faster several are.

    python benchmarks/prepare.py [TEXT] [--megabytes 1000] [--processes 2] [--rounds 3]

The text consists of the lines of TEXT (by default of the carried chats), repeated in a new random
order until there are enough megabytes. So its words are as frequent as in TEXT, but a real text of
that length would have more different ones. In turn it is prepared by one process with one thread;
by several processes with one thread each; and by one process with as many threads as the tokenizers
library uses by itself, which is how `foreword train` reads a text. The files that they write are
compared, and must be the same. Run nothing else on the machine meanwhile.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from foreword.text.corpus import chat_source
from machine import machine

FILES = ("prepared.json", "tokenizer.json", "spacing.json", "train.npy", "valid.npy")


def write_text(source: bytes, target: Path, size: int) -> None:
    """Write the lines of a text again and again, in a new order each time, to a size in bytes."""
    lines = [line + b"\n" for line in source.split(b"\n") if line]
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
    parser.add_argument("text", type=Path, nargs="?", help="a file in UTF-8")
    parser.add_argument("--megabytes", type=float, default=1000.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
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
        source = chosen.text.read_bytes() if chosen.text else chat_source("train").open().read()
        write_text(source, text, round(chosen.megabytes * 1e6))
        for _ in range(chosen.rounds):
            for way, (processes, threads) in ways.items():
                out = Path(folder) / way.replace(" ", "-")
                taken[way].append(seconds_of(text, out, processes, threads=threads))
        outs = [Path(folder) / way.replace(" ", "-") for way in ways]
        equal = all(same(outs[0], out) for out in outs)
    middle = {way: statistics.median(each) for way, each in taken.items()}
    print(machine())
    name = chosen.text.name if chosen.text else "the carried chats"
    print(f"{chosen.megabytes:g} MB: the lines of {name}, repeated in random order")
    for way, seconds in middle.items():
        ratio = middle["1 process, 1 thread"] / seconds
        print(f"{way:<34}{seconds:9.1f} s{ratio:7.2f} times as fast as one thread")
    print("all wrote the same files" if equal else "THE FILES DIFFER")


if __name__ == "__main__":
    main()
