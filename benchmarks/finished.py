"""How often the intended word is among three suggestions, at every letter of held-out text.

    python benchmarks/finished.py MODEL TEXT [--messages 60] [--in-process]

A line of TEXT is a message. It is cut after every character. Within a word, that word is intended;
at its last letter and after the following space, the next one is. An answer counts if accepting it
gives the intended text, apart from upper and lower case. Two tables are printed:

- by reading of the last letters: always unfinished, always finished, the rule that Foreword had
  before (finished if the vocabulary has it or nothing begins so), and both weighed by probability;
- by interface: Python's `suggest`, a typist, `predict`, `foreword predict`, HTTP, WebSocket and the
  language server, each a process of its own. All of them weigh, so that all rows should be equal.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import foreword
from foreword.predictor.predictor import Predictor
from foreword.text.corpus import find_sources
from foreword.text.tokenizer import UNK_ID

WORD = re.compile(r"\w+(?:['’]\w+)*")
LETTERS_AT_END = re.compile(r"[\w'’]*\Z")
KINDS = ("within", "at the end", "after the space")

Ask = Callable[[Sequence[str]], list[list[str]]]
"""For each text the fields after accepting each of three suggestions."""


class Cut(NamedTuple):
    """A text up to a place in a message, and what should stand there after accepting."""

    kind: str
    text: str
    meant: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a model folder, or an installed model's name")
    parser.add_argument("text", type=Path, help="held-out text, a message a line")
    parser.add_argument("--messages", type=int, default=60)
    parser.add_argument("--in-process", action="store_true", help="without the other processes")
    arguments = parser.parse_args()
    pieces = (p.text.strip() for source in find_sources([arguments.text]) for p in source.read())
    messages = [text for text in pieces if text][: arguments.messages]
    cuts = [cut for message in messages for cut in cuts_of(message)]
    counts = ", ".join(f"{sum(cut.kind == kind for cut in cuts):,} {kind}" for kind in KINDS)
    print(f"{len(messages)} messages of {arguments.text.name}: {counts}")
    predictor = foreword.load(arguments.model)
    table("the last letters are", readings(predictor), cuts)
    interfaces = in_process(predictor)
    if not arguments.in_process:
        interfaces |= {
            "foreword predict": lambda texts: command_line(arguments.model, texts),
            "HTTP": lambda texts: http(arguments.model, texts),
            "WebSocket": lambda texts: websocket(arguments.model, texts),
            "language server": lambda texts: language_server(arguments.model, texts),
        }
    table("interface", interfaces, cuts)


def cuts_of(message: str) -> Iterator[Cut]:
    """Every place of a message at which a word is meant."""
    words = list(WORD.finditer(message))
    for number, word in enumerate(words):
        for end in range(word.start() + 1, word.end()):
            yield Cut("within", message[:end], message[: word.end()])
        following = words[number + 1] if number + 1 < len(words) else None
        if following is None or message[word.end() : following.start()] != " ":
            continue
        meant = message[: following.end()]
        yield Cut("at the end", message[: word.end()], meant)
        yield Cut("after the space", message[: word.end() + 1], meant)


def table(title: str, asked: dict[str, Ask], cuts: Sequence[Cut]) -> None:
    texts = [cut.text for cut in cuts]
    print(f"\n{title:26}{''.join(f'{kind:>17}' for kind in KINDS)}{'all':>9}")
    for name, ask in asked.items():
        hits: dict[str, list[bool]] = {kind: [] for kind in KINDS}
        for cut, fields in zip(cuts, ask(texts), strict=True):
            accepted = {field.rstrip().casefold() for field in fields}
            hits[cut.kind].append(cut.meant.casefold() in accepted)
        every = [hit for some in hits.values() for hit in some]
        shares = "".join(f"{sum(h) / max(1, len(h)):>17.2%}" for h in hits.values())
        print(f"{name:26}{shares}{sum(every) / max(1, len(every)):>9.2%}")


def readings(predictor: Predictor) -> dict[str, Ask]:
    def ask(complete: Callable[[str], bool | None]) -> Ask:
        return lambda texts: [
            [s.accepted(text) for s in predictor.suggest(text, complete=complete(text))]
            for text in texts
        ]

    def rule_of_before(text: str) -> bool:
        letters = WORD.findall(text)
        if not letters or not text.endswith(letters[-1]):
            return False
        is_known = predictor.tokenizer.id_of(letters[-1]) != UNK_ID
        begins = letters[-1].casefold()
        return not is_known and any(w.casefold().startswith(begins) for w in vocabulary)

    vocabulary = predictor.tokenizer.words
    return {
        "always unfinished": ask(lambda _: True),
        "always finished": ask(lambda _: False),
        "by the rule of before": ask(rule_of_before),
        "weighed by probability": ask(lambda _: None),
    }


def in_process(predictor: Predictor) -> dict[str, Ask]:
    typist = predictor.typist()

    def predicted(text: str) -> list[str]:
        kept = text[: len(text) - len(LETTERS_AT_END.findall(text)[0])]
        words = [one.word for one in predictor.predict(text, 3)]
        return [field for word in words for field in (kept + word, f"{text.rstrip()} {word}")]

    return {
        "Python: suggest": lambda texts: [
            [s.accepted(text) for s in predictor.suggest(text)] for text in texts
        ],
        "Python: typist": lambda texts: [
            [s.accepted(text) for s in typist.suggest(text)] for text in texts
        ],
        "Python: predict": lambda texts: [predicted(text) for text in texts],
    }


def command_line(model: str, texts: Sequence[str]) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "foreword", "predict", model, "-", "-k", "3", "--json"],
        input="\n".join(texts) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        [
            answer["text"][: len(answer["text"]) - one["replaces"]] + one["text"]
            for one in answer["predictions"]
        ]
        for answer in answers
    ]


@contextmanager
def served(model: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "foreword", "serve", model, "--port", str(port)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([*command, "--rate", "100000"], stdout=log, stderr=log)
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def http(model: str, texts: Sequence[str]) -> list[list[str]]:
    answers = []
    with served(model) as port:
        for text in texts:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/v1/predict",
                json.dumps({"text": text}).encode(),
                {"content-type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:
                answers.append([one["text"] for one in json.load(answer)["suggestions"]])
    return answers


def websocket(model: str, texts: Sequence[str]) -> list[list[str]]:
    from websockets.sync.client import connect

    answers = []
    with served(model) as port, connect(f"ws://127.0.0.1:{port}/v1/type") as socket_:
        for number, text in enumerate(texts):
            socket_.send(json.dumps({"id": number, "text": text}))
            answer = json.loads(socket_.recv())
            answers.append([one["text"] for one in answer["suggestions"]])
    return answers


def language_server(model: str, texts: Sequence[str]) -> list[list[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "foreword", "lsp", model, "-k", "3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    to, from_ = process.stdin, process.stdout
    last = 0

    def send(method: str, params: object, *, is_request: bool = False) -> object:
        nonlocal last
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method, "params": params}
        if is_request:
            last += 1
            message["id"] = last
        body = json.dumps(message).encode()
        to.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        to.flush()
        while is_request:
            size = 0
            while line := from_.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            answer = json.loads(from_.read(size))
            if answer.get("id") == last and "method" not in answer:
                return answer["result"]
        return None

    send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, is_request=True)
    send("initialized", {})
    document = {"uri": "file:///message.txt", "languageId": "plaintext", "version": 1, "text": ""}
    send("textDocument/didOpen", {"textDocument": document})
    cuts = []
    for number, text in enumerate(texts):
        where = {"uri": document["uri"], "version": number + 2}
        change = {"textDocument": where, "contentChanges": [{"text": text}]}
        send("textDocument/didChange", change)
        column = len(text.encode("utf-16-le")) // 2
        position = {"textDocument": where, "position": {"line": 0, "character": column}}
        answer = send("textDocument/completion", position, is_request=True)
        edits = [item["textEdit"] for item in answer["items"]]  # type: ignore[index]
        cuts.append(
            [_cut(text, edit["range"]["start"]["character"]) + edit["newText"] for edit in edits]
        )
    send("shutdown", None, is_request=True)
    send("exit", None)
    process.wait(20)
    return cuts


def _cut(text: str, units: int) -> str:
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le")


if __name__ == "__main__":
    main()
