"""What lies behind the messages: cancellation, and that only what changed is read."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from foreword.editor.document import Document, Position
from foreword.editor.editor import Editor, Settings
from foreword.editor.lsp import Server, answering
from foreword.errors import SettingsError
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.predictor import load
from foreword.predictor.state import State


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
        position = {"line": 0, "character": 8}
        params = {"textDocument": {"uri": "file:///a"}, "position": position}
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


def test_words_of_another_model_are_suggested_too(small_model: Path, other_model: Path) -> None:
    editor = Editor(Settings(model=str(small_model), k=9))
    alone = suggested(editor, "I ", "plaintext")
    editor.use(editor.settings.changed_by({"beside": [str(other_model)], "blocked": ["like"]}))

    mixed = MixedTypist([load(small_model), load(other_model)], blocked=["like"])
    expected = [one.text for one in mixed.suggest("I ", 9)]
    assert suggested(editor, "I ", "plaintext") == expected
    assert not set(expected) <= {*alone}


def test_a_translation_model_takes_no_model_beside_it(
    small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foreword.editor.editor.holds_translation", lambda path: True)
    with pytest.raises(SettingsError, match="takes no models beside it"):
        Editor(Settings(model=str(small_model), beside=(str(small_model),)))


def words_advanced_by(editor: Editor) -> list[int]:
    """The ids of the words that its network is advanced by from now on."""
    advanced: list[int] = []
    engine = editor._predictor._engine
    advance = engine.advance

    def counted(state: State, word: int) -> State:
        advanced.append(word)
        return advance(state, word)

    engine.advance = counted  # type: ignore[method-assign]
    return advanced


def test_a_key_reads_no_more_than_what_it_added(small_model: Path) -> None:
    editor = Editor(Settings(model=str(small_model)))
    advanced = words_advanced_by(editor)
    document = Document("the cat sat on a mat .\n" * 100, "utf-16")
    editor.open("a", document)
    for column, letter in enumerate("I would li"):
        document.replace(Position(100, column), Position(100, column), letter)
        question = editor.ask("a", Position(100, column + 1))
        question.words()
        question.ghosts()
        if column == 0:
            advanced.clear()
    # "I" and "would" when they ended; ghost text takes "I" and "would" as words before the space.
    assert len(advanced) <= 4


def suggested(editor: Editor, text: str, language: str) -> list[str]:
    """What is offered at the end of a text in a fresh document."""
    editor.open("fresh", Document(text, "utf-16", language))
    question = editor.ask("fresh", Position(1_000, 0))
    assert question is not None
    return [offer.suggestion.text for offer in question.words()]


@pytest.mark.parametrize(
    ("language", "before", "begin"),
    [
        ("markdown", "I would like\n", ""),
        ("markdown", "> I would like\n> ", ""),
        ("markdown", "- I would like\n  ", ""),
        ("latex", "I would like\r\n", ""),
        ("gitcommit", "How are you\n\nI would like\n", "How are you\n"),
        ("mail", "I would like\n", ""),
        ("plaintext", "I would like\n", ""),
        ("python", "    # I would like\n    # ", ""),
    ],
)
def test_a_line_that_was_wrapped_goes_on_with_the_words_that_follow_in_a_line(
    small_model: Path, language: str, before: str, begin: str
) -> None:
    editor = Editor(Settings(model=str(small_model), k=3))
    expected = [
        one.text
        for one in editor._predictor.suggest(f"{begin}I would like ", 12)
        if one.text not in (",", ".", "!")
    ]
    assert suggested(editor, before, language) == expected[:3]


@pytest.mark.parametrize(
    ("language", "before"),
    [
        ("markdown", "I would like\n\n"),
        ("markdown", "# I would like\n"),
        ("markdown", "I would like  \n"),
        ("latex", "\\section{Cats}\n"),
        ("gitcommit", "I would like\n"),
        ("plaintext", "I would like you.\n"),
        ("python", "x = 1\n"),
    ],
)
def test_a_line_end_that_ends_something_is_read_as_one(
    small_model: Path, language: str, before: str
) -> None:
    editor = Editor(Settings(model=str(small_model)))
    editor.open("a", Document(before, "utf-16", language))
    question = editor.ask("a", Position(9, 9))
    assert question is not None
    assert question.text.endswith("\u2029")
    assert not question.after_wrap


DOCSTRING = 'import os\n\n\ndef f(x: "str") -> int:\n    """Do it.\n\n    '


@pytest.mark.parametrize(
    ("language", "before"),
    [
        ("python", f"{DOCSTRING}I would like\n    "),
        ("python", "x = 'a # b'\n# I would like\n# "),
        ("typescript", 'const a = "// the";\n/**\n * I would like\n * '),
        ("rust", "fn f<'a>(x: &'a str) {}\n/// I would like\n/// "),
        ("sql", "select 'the -- cat';\n-- I would like\n-- "),
        ("elixir", '@doc """\nI would like\n'),
        ("lua", "x = 1 --[[ I would like\n"),
    ],
)
def test_a_comment_is_wrapped_prose_and_the_code_around_it_no_context(
    small_model: Path, language: str, before: str
) -> None:
    editor = Editor(Settings(model=str(small_model), k=3))
    start = "Do it.\n\n" if before.startswith(DOCSTRING) else ""
    assert suggested(editor, before, language) == suggested(
        editor, f"{start}I would like\n", "markdown"
    )


@pytest.mark.parametrize("is_prose", [True, False])
def test_of_a_long_program_text_a_comment_is_told_by_what_stands_far_before(
    small_model: Path, is_prose: bool
) -> None:
    editor = Editor(Settings(model=str(small_model), k=3))
    closed = '"""\nx = 1\n"""' if is_prose else '"""\nx = 1'
    text = f'"""{"How are you? " * 900}\n{closed}\n\nI would like\n'
    editor.open("a", Document(text, "utf-16", "python"))
    question = editor.ask("a", Position(9_999, 0))
    assert question is not None
    assert question.after_wrap is is_prose


def test_a_setting_tells_what_lines_are_in_any_document(small_model: Path) -> None:
    text = "I would like\n"
    wrapped, ended = (
        Editor(Settings(model=str(small_model), lines=lines)) for lines in ("wrapped", "sentence")
    )
    assert suggested(wrapped, text, "gitcommit") == suggested(wrapped, text, "markdown")
    assert suggested(ended, text, "gitcommit") == suggested(ended, text, "markdown")
    predictor = ended._predictor
    assert suggested(ended, text, "markdown") == [one.text for one in predictor.suggest(text, 5)]
    with pytest.raises(SettingsError, match="lines: Input should be 'sentence', 'paragraph' or"):
        ended.settings.changed_by({"lines": "verse"})


@pytest.mark.parametrize("language", ["markdown", "plaintext", "mail", "c", "r", "gitcommit"])
def test_typing_key_by_key_offers_what_a_fresh_document_does_and_the_range_fits(
    small_model: Path, language: str
) -> None:
    text = (
        "how are you\n\nI would like to sat on a mat like a cat and the cat\nwould like to. "
        "Paris\r\n- the cat\n  sat on\n> I would\n> li\n\n# // you\n# // are\nlike\u2028the"
    )
    typed, fresh = (Editor(Settings(model=str(small_model))) for _ in range(2))
    typed.open("a", Document("", "utf-16", language))
    for at, letter in enumerate(text):
        document = typed.document("a")
        assert document is not None
        end = document.nearest(Position(1_000, 0))
        document.replace(end, end, letter)
        question = typed.ask("a", Position(1_000, 0))
        assert question is not None
        offers = question.words()
        assert [one.suggestion.text for one in offers] == suggested(fresh, text[: at + 1], language)
        lines = text[: at + 1].replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for offer in offers:
            assert offer.start.line == offer.end.line == len(lines) - 1
            assert (
                lines[-1][offer.start.column : offer.end.column].strip() == offer.replaced.strip()
            )


def test_a_key_in_a_wrapped_paragraph_reads_no_more_than_what_it_added(small_model: Path) -> None:
    editor = Editor(Settings(model=str(small_model)))
    advanced = words_advanced_by(editor)
    document = Document("the cat sat on a mat and\n" * 100, "utf-16", "markdown")
    editor.open("a", document)
    for column, letter in enumerate("I would li"):
        document.replace(Position(100, column), Position(100, column), letter)
        question = editor.ask("a", Position(100, column + 1))
        assert question is not None
        question.words()
        if column == 0:
            advanced.clear()
    assert len(advanced) <= 2
