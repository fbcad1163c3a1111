"""Words/s of training beside busy programs: with one thread, with all, and by default.

    benchmarks/busy.py --seconds 8 --rounds 3

Short runs take turns, so that other programs on the machine affect all of them equally. A busy
program is a loop that keeps a core of its own, or with more programs than cores, a part of one.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

import foreword
from foreword.cores import available
from foreword.training.progress import Event, Note

WAYS = ("one thread", "all threads", "by itself")


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """So many programs that do nothing but keep a core."""
    running = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)
    ]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def words_per_second(way: str, seconds: float, hidden_size: int) -> tuple[float, list[str]]:
    """Of a run of so many seconds on the carried chats, and what it said of threads."""
    threads = {"one thread": 1, "all threads": available(), "by itself": None}[way]
    torch.set_num_threads(available())
    messages: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Note) and " thread" in event.text:
            messages.append(event.text)

    from foreword.text.corpus import chat_source

    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "chats.txt"
        text.write_text("\n".join(piece.text for piece in chat_source("valid").read()), "utf-8")
        settings = {"minutes": seconds / 60, "hidden_size": hidden_size, "dropout": 0.1}
        more = {"validations": 1, "save_seconds": 1e6, "threads": threads}
        done = foreword.train(text, out=Path(folder) / "m", report=note, **settings, **more)
    record = done.config.training
    assert record is not None
    return record.words_seen / record.seconds, messages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of a run, reading included")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hidden-size", type=int, default=512)
    parser.add_argument("--busy", type=int, nargs="*", default=[0, 1, 2], help="programs")
    chosen = parser.parse_args()
    print(f"torch {torch.__version__}, {available()} cores")
    for programs in chosen.busy:
        paces: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(chosen.rounds):
            for way in WAYS:
                with busy(programs):
                    pace, messages = words_per_second(way, chosen.seconds, chosen.hidden_size)
                paces[way].append(pace)
                if way == "by itself":
                    print(f"    {'; '.join(messages) or 'nothing said'}")
        print(f"{programs} busy programs:")
        for way, speeds in paces.items():
            ratio = statistics.median(
                a / b for a, b in zip(speeds, paces["all threads"], strict=True)
            )
            runs = ", ".join(f"{pace:,.0f}" for pace in speeds)
            print(
                f"  {way:12} {statistics.median(speeds):8,.0f} words/s, {ratio:.2f} of all: {runs}"
            )


if __name__ == "__main__":
    main()
