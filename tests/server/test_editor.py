"""What lies behind the messages: cancellation, and that only what changed is read."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

from foreword.predictor.state import State
from foreword.server.document import Document, Place
from foreword.server.editor import Editor, Settings
from foreword.server.lsp import Server, answering


class Written:
    """Messages that the server wrote."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.messages.append(json.loads(data))

    def close(self) -> None:
        pass


def test_a_request_that_is_cancelled_before_its_turn_is_not_computed(small_model: Path) -> None:
    server, written, gate = (
        answering(Server(Settings(model=str(small_model)))),
        Written(),
        threading.Event(),
    )
    server.protocol.set_writer(written, include_headers=False)

    def handle(method: str, params: Any, **more: Any) -> None:
        text = json.dumps({"jsonrpc": "2.0", "method": method, "params": params} | more)
        message = json.loads(text, object_hook=server.protocol.structure_message)
        server.protocol.handle_message(message)

    def ask(number: int) -> None:
        place = {"line": 0, "character": 8}
        params = {"textDocument": {"uri": "file:///a"}, "position": place}
        handle("textDocument/completion", params, id=number)

    async def edit() -> None:
        handle("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, id=1)
        document = {"uri": "file:///a", "languageId": "text", "version": 1, "text": "I would "}
        handle("textDocument/didOpen", {"textDocument": document})
        server._worker.submit(gate.wait)
        ask(2)
        ask(3)
        await asyncio.sleep(0)
        handle("$/cancelRequest", {"id": 2})
        gate.set()
        for _ in range(500):
            if len(written.messages) == 3:
                return
            await asyncio.sleep(0.01)

    asyncio.run(edit())
    server.shutdown()
    by_id = {message["id"]: message for message in written.messages}
    assert by_id[2]["error"]["code"] == -32800, "request cancelled"
    assert "error" not in by_id[3]
    assert by_id[3]["result"]["items"]


def test_a_key_reads_no_more_than_what_it_added(small_model: Path) -> None:
    editor = Editor(Settings(model=str(small_model)))
    advanced = []
    engine = editor._predictor._engine
    advance = engine.advance

    def counted(state: State, word: int) -> State:
        advanced.append(word)
        return advance(state, word)

    engine.advance = counted  # type: ignore[method-assign]
    document = Document("the cat sat on a mat .\n" * 100, "utf-16")
    editor.open("a", document)
    for column, letter in enumerate("I would li"):
        document.replace(Place(100, column), Place(100, column), letter)
        question = editor.ask("a", Place(100, column + 1))
        question.words()
        question.ghosts()
        if column == 0:
            advanced.clear()
    # "I" and "would" when they ended; ghost text takes "I" and "would" as words before the space.
    assert len(advanced) <= 4
