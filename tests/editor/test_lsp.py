"""The language server as an editor meets it: messages over standard input and output."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import foreword
from foreword.editor import lsp
from foreword.editor.editor import Offer
from foreword.predictor import personal
from foreword.predictor.predictor import Predictor
from foreword.predictor.suggest import Suggestion

URI = "file:///note.txt"


class Client:
    """Writes and reads messages as the protocol frames them."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "foreword", "lsp", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.errors = b""
        self.told: list[dict[str, Any]] = []
        self.last = 0

    def send(self, method: str, params: Any, **more: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params} | more).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        length = 0
        while line := self.process.stdout.readline().strip():
            name, value = line.split(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, self.wait()
        return json.loads(self.process.stdout.read(length))

    def request(self, method: str, params: Any) -> int:
        self.last += 1
        self.send(method, params, id=self.last)
        return self.last

    def answer(self, number: int) -> dict[str, Any]:
        while (message := self.read()).get("id") != number or "method" in message:
            self.told.append(message)
        return message

    def ask(self, method: str, params: Any = None) -> Any:
        answer = self.answer(self.request(method, params))
        assert "error" not in answer, answer
        return answer["result"]

    def initialize(self, **params: Any) -> dict[str, Any]:
        made = self.ask(
            "initialize", {"processId": None, "rootUri": None, "capabilities": {}} | params
        )
        self.send("initialized", {})
        return made["capabilities"]

    def open(self, text: str, uri: str = URI, language: str = "plaintext") -> None:
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": document})

    def edit(self, *changes: dict[str, Any], uri: str = URI) -> None:
        document = {"uri": uri, "version": 2}
        self.send(
            "textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)}
        )

    def at(self, line: int, column: int, uri: str = URI) -> dict[str, Any]:
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}

    def words(self, line: int, column: int, uri: str = URI) -> list[dict[str, Any]]:
        return self.ask("textDocument/completion", self.at(line, column, uri))["items"]

    def ghosts(self, line: int, column: int, **context: Any) -> list[dict[str, Any]]:
        params = self.at(line, column) | {"context": {"triggerKind": 2} | context}
        return self.ask("textDocument/inlineCompletion", params)["items"]

    def stop(self) -> int:
        self.ask("shutdown")
        self.send("exit", None)
        return self.wait()

    def wait(self) -> int:
        """For its end, with nothing more to say to it."""
        _, self.errors = self.process.communicate(timeout=120)
        return self.process.returncode


def change(line: int, start: int, end: int, text: str) -> dict[str, Any]:
    places = ({"line": line, "character": column} for column in (start, end))
    return {"range": dict(zip(("start", "end"), places, strict=True)), "text": text}


def labels(expected: list[Suggestion], text: str) -> list[str]:
    """What a list of words shows: words to follow the one before them stand together with that."""
    letters = re.search(r"\w*\Z", text)
    assert letters is not None
    return [one.word if one.replaces else letters[0] + one.text for one in expected]


@pytest.fixture(scope="module")
def predictor(small_model: Path) -> Predictor:
    return foreword.load(small_model)


@pytest.fixture(scope="module")
def started(small_model: Path) -> Iterator[Client]:
    client = Client(str(small_model), "-k", "4")
    client.capabilities = client.initialize()
    yield client
    assert client.stop() == 0
    assert client.errors == b""


@pytest.fixture
def client(started: Client) -> Iterator[Client]:
    yield started
    started.send("textDocument/didClose", {"textDocument": {"uri": URI}})
    started.send("workspace/didChangeConfiguration", {"settings": {"foreword": {}}})


@pytest.mark.parametrize(("line", "column"), [(-1, 0), (0, -1), (0, 2**40), (2**40, 0), ("a", 0)])
def test_a_position_that_is_none_is_answered_with_an_error(
    client: Client, line: Any, column: Any
) -> None:
    client.open("I would li")
    for method in ("textDocument/completion", "textDocument/inlineCompletion"):
        params = client.at(line, column) | {"context": {"triggerKind": 2}}
        answer = client.answer(client.request(method, params))
        assert answer["error"]["code"] == -32602, "invalid params (JSON-RPC 2.0)"
        assert "Traceback" not in json.dumps(answer)
    assert client.words(0, 10)


def test_a_change_at_no_position_is_told_of_and_changes_nothing(client: Client) -> None:
    client.open("I would li")
    client.edit(change(0, -1, 2**40, "x"))
    assert client.words(0, 10)
    expected = [one for one in client.told if one["method"] == "window/logMessage"]
    assert "didChange" in expected[-1]["params"]["message"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"Content-Length: 111111111111111111111\r\n\r\n", -32700),
        (b"Content-Length: 99999999999\r\n\r\n{}", -32700),
        (b"Content-Length: -1\r\n\r\n", -32700),
        (b"Content-Length: two\r\n\r\n{}", -32700),
        (b"no header at all\r\n\r\n", -32700),
        (b"\xff\xfe\x00 neither\r\n\r\n", -32700),
        (b"X: " + b"y" * 20_000 + b"\r\n\r\n{}", -32700),
        (b"A: b\r\n" * 100 + b"\r\n", -32700),
        (b"Content-Type: a\r\n\r\n", -32700),
        (b"Content-Length: 3\r\n\r\n{]}", -32700),
        (b'Content-Length: 4\r\n\r\n"\xff\xfe"', -32700),
        (b"Content-Length: 50000\r\n\r\n" + b"[" * 50_000, -32700),
        (b"Content-Length: 5000\r\n\r\n" + b"1" * 5_000, -32700),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b"Content-Length: 2\r\n\r\n{}", -32600),
    ],
    ids=range(15),
)
def test_what_is_no_message_is_answered_and_the_next_one_is_read(
    client: Client, sent: bytes, code: int
) -> None:
    client.process.stdin.write(sent)
    client.open("I would li")
    client.process.stdin.flush()
    answer = client.read()
    assert (answer["id"], answer["error"]["code"]) == (None, code)
    assert client.words(0, 10)


def test_headers_may_be_written_in_other_ways(client: Client) -> None:
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": "a",
            "method": "textDocument/completion",
            "params": client.at(0, 0),
        }
    ).encode()
    client.open("")
    head = b"content-type: application/vscode-jsonrpc\r\ncontent-length:%d\n\n" % len(body)
    client.process.stdin.write(head + body)
    client.process.stdin.flush()
    assert client.answer("a")["result"]["items"]  # type: ignore[arg-type]


def test_it_says_what_it_can(started: Client) -> None:
    can = started.capabilities
    assert can["positionEncoding"] == "utf-16"
    assert can["textDocumentSync"]["change"] == 2, "incremental"
    assert can["completionProvider"]["triggerCharacters"] == [" "]
    assert can["inlineCompletionProvider"] == {}


@pytest.mark.parametrize("text", ["I would li", "I would ", "the cat, ", "Par", "lik", "teh", ""])
def test_the_words_to_choose_from_are_the_predictors(
    client: Client, predictor: Predictor, text: str
) -> None:
    client.open(text)
    actual = client.words(0, len(text))
    expected = predictor.suggest(text, 4)
    assert [item["label"] for item in actual] == labels(expected, text)
    assert [item["sortText"] for item in actual] == sorted(item["sortText"] for item in actual)
    for item, one in zip(actual, expected, strict=True):
        start, end = item["textEdit"]["range"]["start"], item["textEdit"]["range"]["end"]
        assert (end["line"], end["character"]) == (0, len(text))
        assert text[: start["character"]] + item["textEdit"]["newText"] == one.accepted(text)
        assert item["detail"] == f"{one.probability:.1%}"
        replaced = text[start["character"] :]
        assert item.get("filterText", item["label"]).startswith(replaced), (
            "editors drop it otherwise"
        )


def test_a_word_in_another_case_of_turkish_letters_passes_the_editors_filter() -> None:
    suggestion = Suggestion("izmir", 0.5, "izmir", 2)
    item = lsp._item(Offer(suggestion, (0, 0), (0, 2), "İz"), rank=0)
    assert item.filter_text == "İzmir"


def test_ghost_text_goes_on_from_what_stands_there(client: Client, predictor: Predictor) -> None:
    for text in ("I would li", "I would like", "I would like ", "the c"):
        client.open(text)
        expected = predictor.suggest(text, 4, complete=None)
        accepted = [one.accepted(text) for one in expected]
        actual = client.ghosts(0, len(text))
        starts = [item["range"]["start"]["character"] for item in actual]
        assert [
            text[:start] + item["insertText"] for start, item in zip(starts, actual, strict=True)
        ] == [whole for whole in accepted if whole.startswith(text)]
        assert actual
        assert all(item["range"]["end"]["character"] == len(text) for item in actual)


def test_there_is_no_ghost_inside_of_a_word(client: Client) -> None:
    client.open("I would likely")
    assert client.ghosts(0, len("I would li")) == []
    client.open("I would li .")
    assert client.ghosts(0, len("I would li")) != []


def test_with_a_word_chosen_in_the_list_ghost_text_goes_on_after_it(
    client: Client, predictor: Predictor
) -> None:
    client.open("I would li")
    chosen = {"range": change(0, 8, 10, "")["range"], "text": "like"}
    actual = client.ghosts(0, 10, selectedCompletionInfo=chosen)
    expected = predictor.suggest("I would like", 4, complete=False)
    assert [item["insertText"] for item in actual] == ["like" + one.text for one in expected]
    assert all(item["range"] == chosen["range"] for item in actual)


def test_what_is_edited_is_what_is_answered_for(client: Client, predictor: Predictor) -> None:
    client.open("the cat\r\nI wo")
    client.edit(change(1, 2, 4, "😀 would li"))
    client.edit(change(0, 0, 7, "how are"), change(0, 7, 7, " you"))
    text = "how are you\r\nI 😀 would li"
    (line, column) = 1, len("I 😀 would li".encode("utf-16-le")) // 2
    actual = [item["label"] for item in client.words(line, column)]
    assert actual == labels(predictor.suggest(text, 4), text)
    start = client.words(line, column)[0]["textEdit"]["range"]["start"]
    assert start == {"line": 1, "character": column - 2}
    client.edit({"text": "Par"})
    assert client.words(0, 3)[0]["label"] == "Paris"


def test_lines_are_what_the_document_s_language_or_a_setting_says(
    client: Client, predictor: Predictor
) -> None:
    def words() -> list[str]:
        return [item["label"] for item in client.words(1, 0)]

    marks = {",", ".", "!"}
    goes_on = [one.word for one in predictor.suggest("how are ", 12) if one.word not in marks][:4]
    begins = [one.word for one in predictor.suggest("how are\n", 4)]
    assert goes_on != begins
    client.open("how are\n", language="markdown")
    assert words() == goes_on
    client.edit({"text": "how are\r\n"})
    assert words() == goes_on
    client.open("how are\n", language="gitcommit")
    assert words() == begins
    configured = {"settings": {"foreword": {"lines": "wrapped"}}}
    client.send("workspace/didChangeConfiguration", configured)
    assert words() == goes_on
    client.edit({"text": "how are\n\n"})
    assert [item["label"] for item in client.words(2, 0)] == begins


def test_documents_do_not_disturb_each_other(client: Client, predictor: Predictor) -> None:
    client.open("I would ")
    client.open("the c", "file:///other.txt")
    for _ in range(2):
        for uri, text in ((URI, "I would "), ("file:///other.txt", "the c")):
            actual = [item["label"] for item in client.words(0, len(text), uri)]
            assert actual == labels(predictor.suggest(text, 4), text)


def test_a_document_that_is_not_open_has_no_suggestions(client: Client) -> None:
    assert client.words(0, 0, "file:///closed.txt") == []
    client.edit(change(0, 0, 0, "x"), uri="file:///closed.txt")
    assert client.words(0, 1, "file:///closed.txt") == []


def test_a_long_document_is_answered_for_where_one_types(
    client: Client, predictor: Predictor
) -> None:
    lines = ["the cat sat on a mat ."] * 50_000
    client.open("\n".join(lines))
    client.edit(change(25_000, 0, len(lines[0]), "I would li"))
    text = "\n".join([*lines[:25_000], "I would li"])
    actual = [item["label"] for item in client.words(25_000, len("I would li"))]
    assert actual == labels(predictor.suggest(text, 4), text)


def test_columns_are_counted_as_both_sides_have_agreed(
    small_model: Path, predictor: Predictor
) -> None:
    client = Client(str(small_model))
    can = client.initialize(capabilities={"general": {"positionEncodings": ["utf-8", "utf-16"]}})
    assert can["positionEncoding"] == "utf-8"
    text = "é 😀 li"
    client.open(text)
    actual = client.words(0, len(text.encode()))
    assert [item["label"] for item in actual] == labels(predictor.suggest(text, 5), text)
    assert actual[0]["textEdit"]["range"]["start"]["character"] == len("é 😀 ".encode())
    client.stop()


def test_settings_of_the_editor_come_on_top_of_the_command_line(
    client: Client, tmp_path: Path, predictor: Predictor
) -> None:
    def configure(**settings: Any) -> list[str]:
        options = {"settings": {"foreword": settings}}
        client.send("workspace/didChangeConfiguration", options)
        return [item["label"] for item in client.words(0, len("I would li"))]

    client.open("I would li")
    every = configure()
    assert len(every) == 3
    assert configure(k=1) == every[:1]
    assert configure(blocked=[every[0]]) == [w for w in every if w != every[0]]
    phrases = predictor.suggest("I would li", 4, phrases=True)
    assert configure(phrases=True) == labels(phrases, "I would li")
    assert any(" " in word for word in configure(phrases=True))
    file = tmp_path / "mine.sqlite"
    with personal.open(file, predictor.tokenizer, create=True) as layer:
        layer.learn("I would lisbon\n" * 20, personal.network_of(predictor))
    assert "lisbon" in configure(personal=str(file))
    assert configure() == every


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"k": 0}, "k: Input should be greater than or equal to 1"),
        ({"words": 3}, "words: Extra inputs are not permitted"),
        ({"model": "no-such-folder"}, "no-such-folder"),
        ("many", "must be an object, not 'many'"),
    ],
)
def test_wrong_settings_are_told_and_the_old_ones_kept(
    client: Client, wrong: Any, text: str
) -> None:
    client.open("I would li")
    before = client.words(0, 10)
    client.told.clear()
    client.send("workspace/didChangeConfiguration", {"settings": {"foreword": wrong}})
    assert client.words(0, 10) == before
    (message,) = [m["params"] for m in client.told if m["method"] == "window/showMessage"]
    assert message["type"] == 1
    assert text in message["message"]


def test_an_editor_may_give_settings_at_the_start_or_be_asked_for_them(small_model: Path) -> None:
    client = Client(str(small_model))
    client.initialize(
        initializationOptions={"k": 2}, capabilities={"workspace": {"configuration": True}}
    )
    asked = client.read()
    assert asked["method"] == "workspace/configuration"
    assert asked["params"]["items"] == [{"section": "foreword"}]
    client.open("I would ")
    assert len(client.words(0, 8)) == 2
    body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": [{"k": 3}]}).encode()
    client.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    client.process.stdin.flush()
    assert len(client.words(0, 8)) == 3
    client.stop()


def test_a_missing_model_is_an_error_that_says_so() -> None:
    client = Client("no-such-folder")
    assert client.wait() == 1
    assert b"no-such-folder" in client.errors


def test_it_ends_when_the_editor_has_gone(small_model: Path) -> None:
    client = Client(str(small_model))
    client.initialize()
    assert client.wait() == 0
