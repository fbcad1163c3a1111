"""Time of a new word and of a further letter in WebAssembly, beside the C library.

    python benchmarks/javascript.py [MODEL] [--texts 1000] [--timed 100] [--rounds 9]

First compares what `packages/javascript` suggests at every key of texts, in Node and in a page of
Chromium, with what Python suggests. Then the C library, Node and Chromium take turns at typing some
of the texts: at the end of each word alone, which gives the time of a new word, and at every key,
which gives that of the letters between. Prints medians, and each ratio to C within its round with
its quartiles. The texts are those of the carried chats' part for testing that are plain ASCII.
Needs a C compiler, the library that `make .venv/.dev` builds, Node 20 and Chromium.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import foreword
from c_library import EVERYDAY, ROOT, compiled
from foreword.text.corpus import chat_source
from machine import machine
from timing import ratio

SHORTEST, LONGEST = 20, 120
"""Characters of a text."""
IN_NODE = """
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { load } from "./foreword.js";
import { suggested, taken } from "./javascript.mjs";

const texts = readFileSync("texts.txt", "utf8").split("\\n");
const model = await load(new URL("model/", import.meta.url));
for await (const line of createInterface({ input: process.stdin })) {
    const [what, count] = JSON.parse(line);
    const some = texts.slice(0, count);
    const answer = what === "all" ? suggested(model, some) : taken(model, some, what === "keys");
    console.log(JSON.stringify(answer));
}
"""
IN_PAGE = """async ([what, count]) => {
    const { load } = await import("./foreword.js");
    const { suggested, taken } = await import("./javascript.mjs");
    globalThis.texts ??= (await (await fetch("texts.txt")).text()).split("\\n");
    globalThis.model ??= await load("model/");
    const some = texts.slice(0, count);
    return what === "all" ? suggested(model, some) : taken(model, some, what === "keys");
}"""

Ask = Callable[[str, int], Any]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path, default=EVERYDAY)
    parser.add_argument("--texts", type=int, default=1000, help="texts to compare")
    parser.add_argument("--timed", type=int, default=100, help="texts to time")
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    texts = texts_of(max(chosen.texts, chosen.timed))
    with tempfile.TemporaryDirectory() as path:
        folder = laid_out(Path(path), chosen.model, texts)
        timed = texts[: chosen.timed]
        with in_c(folder, timed) as c, in_node(folder) as node, in_chromium(folder) as chromium:
            print(machine())
            expected = of_python(chosen.model, texts[: chosen.texts])
            for name, ask in (("Node", node), ("Chromium", chromium)):
                compare(name, expected, ask("all", chosen.texts))
            ways = {"C": c, "Node": node, "Chromium": chromium}
            report(measured(ways, chosen.timed, chosen.rounds), timed)


def texts_of(count: int) -> list[str]:
    """Texts from all parts of the chats, in which a byte is a character."""
    with chat_source("test").open() as file:
        lines = [line.strip() for line in file.read().decode().splitlines()]
    fitting = [line for line in lines if line.isascii() and SHORTEST <= len(line) <= LONGEST]
    return random.Random(1).sample(fitting, count)


def laid_out(folder: Path, model: Path, texts: list[str]) -> Path:
    (folder / "texts.txt").write_text("\n".join(texts))
    (folder / "node.mjs").write_text(IN_NODE)
    (folder / "index.html").write_text("<!doctype html><title>Typing</title>")
    (folder / "model").symlink_to(model.resolve())
    for source in ("packages/javascript/foreword.js", "packages/javascript/foreword.wasm"):
        (folder / Path(source).name).symlink_to(ROOT / source)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "javascript.mjs").write_bytes((ROOT / "benchmarks/javascript.mjs").read_bytes())
    return folder


@contextmanager
def asked(command: list[Any], folder: Path, form: Callable[[str, int], str]) -> Iterator[Ask]:
    """A program that answers a line by a line."""
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(what: str, count: int) -> Any:
        process.stdin.write(form(what, count) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    try:
        yield ask
    finally:
        process.communicate()


@contextmanager
def in_c(folder: Path, texts: list[str]) -> Iterator[Ask]:
    timed = folder / "timed.txt"
    timed.write_text("\n".join(texts))
    program = compiled("javascript", folder)
    with asked([program, "model", timed], folder, lambda what, _: what) as ask:
        yield ask


@contextmanager
def in_node(folder: Path) -> Iterator[Ask]:
    command = ["node", "--preserve-symlinks", "--preserve-symlinks-main", "node.mjs"]
    with asked(command, folder, lambda what, count: json.dumps([what, count])) as ask:
        yield ask


@contextmanager
def in_chromium(folder: Path) -> Iterator[Ask]:
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        raise SystemExit("there is no chromium on the PATH")
    handler = partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield lambda what, count: page.evaluate(IN_PAGE, [what, count])
        browser.close()
    server.shutdown()


def of_python(model: Path, texts: list[str]) -> list[list[Any]]:
    """What Python suggests at every key: words, texts after accepting, probabilities."""
    typist = foreword.load(model, threads=1).typist()
    return [
        [
            [[one.word, one.accepted(typed), one.probability] for one in typist.suggest(typed, 3)]
            for typed in (text[:end] for end in range(1, len(text) + 1))
        ]
        for text in texts
    ]


def compare(name: str, expected: list[list[Any]], actual: list[list[Any]]) -> None:
    keys = [
        pair for texts in zip(expected, actual, strict=True) for pair in zip(*texts, strict=True)
    ]
    words = [([one[:2] for one in ours], [one[:2] for one in theirs]) for ours, theirs in keys]
    other = sum(ours != theirs for ours, theirs in words)
    worst = max(
        abs(mine[2] - its[2]) / mine[2]
        for (ours, theirs), (a, b) in zip(keys, words, strict=True)
        if a == b
        for mine, its in zip(ours, theirs, strict=True)
    )
    print(
        f"{name:9} {len(expected):,} texts, {len(keys):,} keys: {other} with other suggestions "
        f"than Python's; probabilities differ by at most {worst:.1e} of their value"
    )


def measured(ways: dict[str, Ask], texts: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Nanoseconds of each way, of words alone and of all keys, by round; the first is left out."""
    totals: dict[str, dict[str, list[float]]] = {name: {"words": [], "keys": []} for name in ways}
    order = random.Random(1)
    for k in range(rounds + 1):
        for name, ask in order.sample(list(ways.items()), len(ways)):
            for what, times in totals[name].items():
                nanoseconds = float(ask(what, texts))
                if k > 0:  # in the first round engines still compile
                    times.append(nanoseconds)
    return totals


def report(totals: dict[str, dict[str, list[float]]], texts: list[str]) -> None:
    words = sum(text.count(" ") for text in texts)
    letters = sum(map(len, texts)) - words
    each = {
        name: {
            "a new word": [total / words / 1000 for total in times["words"]],
            "a further letter": [
                (total - alone) / letters / 1000
                for total, alone in zip(times["keys"], times["words"], strict=True)
            ],
        }
        for name, times in totals.items()
    }
    for what in ("a new word", "a further letter"):
        for name, times in each.items():
            told = f"{what:17} {name:9} {statistics.median(times[what]):8.1f} µs"
            if name != "C":
                middle, low, high = ratio(times[what], each["C"][what])
                told += f", {middle:.2f} times that of C, quartiles {low:.2f} to {high:.2f}"
            print(told)


if __name__ == "__main__":
    main()
