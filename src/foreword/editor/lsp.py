"""A language server: an editor's messages, answered. Knows pygls and the editor, no networks.

The Language Server Protocol 3.18: `textDocument/inlineCompletion` for ghost text, and
`textDocument/completion` for a list of words, which every editor has.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.io_ import StdoutWriter
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.language_server import lsp_method

from foreword.editor.document import Document, Encoding, Position
from foreword.editor.editor import Editor, Offer, Question, Settings
from foreword.editor.framing import MessageError, Messages
from foreword.errors import ForewordError
from foreword.text.case import fold_in_any_language as fold

SECTION = "foreword"
"""The section of an editor's settings."""

INTERNAL_ERROR = -32603


def _why(error: BaseException) -> str:
    """Return the innermost reasons of an error, on one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(map(_why, error.exceptions)))
    return f"{error}" or type(error).__name__


class _Protocol(LanguageServerProtocol):
    """pygls' protocol, with this package's documents in place of its own."""

    _server: "Server"

    def take(self, given: dict[str, Any]) -> None:
        """Handle a message; one with wrong parameters is refused."""
        try:
            self.handle_message(self.structure_message(given))
        except Exception as error:
            told = _why(error)
            if "method" in given and "id" in given:
                code = error.code if isinstance(error, JsonRpcInvalidParams) else INTERNAL_ERROR
                self.refuse(given["id"], code, told)
            else:
                self.notify(
                    types.WINDOW_LOG_MESSAGE,
                    types.LogMessageParams(
                        type=types.MessageType.Error,
                        message=f"{given.get('method', 'an answer')} was not taken: {told}",
                    ),
                )

    def refuse(self, message_id: str | int | None, code: int, message: str) -> None:
        """Answer with an error."""
        self._send_data(
            {
                "jsonrpc": "2.0",
                "id": message_id,
                "error": {"code": code, "message": message},
            }
        )

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        given = params.text_document
        self._server.editor.open(
            given.uri, Document(given.text, self._server.encoding, given.language_id)
        )

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        editor, name = self._server.editor, params.text_document.uri
        for change in params.content_changes:
            document = editor.document(name)
            if isinstance(change, types.TextDocumentContentChangeWholeDocument):
                language = "" if document is None else document.language
                editor.open(name, Document(change.text, self._server.encoding, language))
            elif document is not None:
                document.replace(
                    _position_of(change.range.start), _position_of(change.range.end), change.text
                )

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        self._server.editor.close(params.text_document.uri)


class Server(LanguageServer):
    """Serves one editor."""

    def __init__(self, settings: Settings, key: str | None = None) -> None:
        """Load the model.

        Args:
            settings: the settings that the editor's own override.
            key: the key of an encrypted personal file.

        Raises:
            ForewordError: the model or the personal file cannot be read; says why.
        """
        super().__init__("foreword", version("foreword"), protocol_cls=_Protocol)
        self._told = settings
        self.editor = Editor(settings, key)
        # With one thread, a request that is cancelled while another is computed has not begun.
        self._worker = ThreadPoolExecutor(max_workers=1)

    @property
    def encoding(self) -> Encoding:
        """The units of columns: UTF-16 unless both sides support another."""
        chosen = self.workspace.position_encoding
        return {"utf-8": "utf-8", "utf-32": "utf-32"}.get(str(chosen), "utf-16")  # type: ignore[return-value]

    async def answer(self, params: Any, find: Callable[[Question], list[Offer]]) -> list[Offer]:
        """Return the result of a request on the current document."""
        question = self.editor.ask(params.text_document.uri, _position_of(params.position))
        if question is None:
            return []
        return await asyncio.get_running_loop().run_in_executor(self._worker, find, question)

    def configure(self, given: Any) -> None:
        """Apply an editor's settings over those of the command line; report wrong ones."""
        try:
            wanted = self._told.changed_by(given)
            if wanted != self.editor.settings:
                self.editor.use(wanted)
        except ForewordError as error:
            self.window_show_message(
                types.ShowMessageParams(type=types.MessageType.Error, message=str(error))
            )


def serve(settings: Settings, key: str | None = None) -> None:
    """Serve one editor over standard input and output, until it disconnects.

    Args:
        settings: the settings that the editor's own override.
        key: the key of an encrypted personal file.

    Raises:
        ForewordError: the model or the personal file cannot be read; says why.
    """
    server = answering(Server(settings, key))
    server.protocol.set_writer(StdoutWriter(sys.stdout.buffer))
    # Unreadable messages are answered; pygls would also print a traceback.
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_no_misunderstanding)
    try:
        asyncio.run(_answer(server, Messages(sys.stdin.buffer)))
    except (BrokenPipeError, KeyboardInterrupt, SystemExit):
        pass  # the editor has disconnected, or has said so
    finally:
        server.shutdown()  # type: ignore[no-untyped-call]


def _is_no_misunderstanding(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Unable to deserialize message")


async def _answer(server: Server, messages: Messages) -> None:
    """Answer an editor's messages until they end, and answer anything else with an error."""
    loop, protocol = asyncio.get_running_loop(), cast("_Protocol", server.protocol)
    reading = ThreadPoolExecutor(max_workers=1)
    while True:
        try:
            given = await loop.run_in_executor(reading, messages.next)
        except MessageError as error:
            protocol.refuse(error.message_id, error.code, str(error))
            continue
        if given is None:
            return
        protocol.take(given)


def answering(server: Server) -> Server:
    """Return the server with its handlers."""

    @server.feature(types.INITIALIZED)
    async def started(_: types.InitializedParams) -> None:
        await _configured(server, None)

    @server.feature(types.INITIALIZE)
    def start(params: types.InitializeParams) -> None:
        if params.initialization_options is not None:
            server.configure(params.initialization_options)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        await _configured(server, params.settings)

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" "])
    )
    async def complete(params: types.CompletionParams) -> types.CompletionList:
        answer = await server.answer(params, Question.words)
        items = [_item(offer, rank) for rank, offer in enumerate(answer)]
        # The list is incomplete: each further letter makes other words likely.
        return types.CompletionList(is_incomplete=True, items=items)

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def complete_inline(
        params: types.InlineCompletionParams,
    ) -> types.InlineCompletionList:
        chosen = params.context.selected_completion_info

        def find(question: Question) -> list[Offer]:
            if chosen is None:
                return question.ghosts()
            return question.ghosts_after(_position_of(chosen.range.start), chosen.text)

        answer = await server.answer(params, find)
        return types.InlineCompletionList(items=[_ghost(offer) for offer in answer])

    return server


async def _configured(server: Server, given: Any) -> None:
    """Read settings as editors send them: whole, under this server's name, or on request."""
    if isinstance(given, dict):
        given = given.get(SECTION, given if SECTION not in given else None)
    workspace = server.client_capabilities.workspace
    if given is None and workspace is not None and workspace.configuration:
        (given,) = await server.workspace_configuration_async(
            types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)])
        )
    if given is not None:
        server.configure(given)


def _item(offer: Offer, rank: int) -> types.CompletionItem:
    """Return a list item. Editors sort by `sort_text` and match by `filter_text`.

    A `filter_text` that equals the label is left out, as the protocol allows: with one, Neovim 0.7
    offers nothing for "{na", since it then matches only the letters before the cursor.
    """
    typed, suggestion = offer.replaced, offer.suggestion
    begins_so = fold(suggestion.word).startswith(fold(typed))
    matched = typed + suggestion.word[len(typed) :] if begins_so else typed
    return types.CompletionItem(
        label=suggestion.word,
        detail=f"{suggestion.probability:.1%}",
        kind=types.CompletionItemKind.Text,
        sort_text=f"{rank:03}",
        filter_text=None if matched == suggestion.word else matched,
        preselect=rank == 0,
        text_edit=types.TextEdit(range=_range(offer), new_text=suggestion.text),
    )


def _ghost(offer: Offer) -> types.InlineCompletionItem:
    return types.InlineCompletionItem(insert_text=offer.suggestion.text, range=_range(offer))


def _range(offer: Offer) -> types.Range:
    return types.Range(types.Position(*offer.start), types.Position(*offer.end))


def _position_of(position: types.Position) -> Position:
    return Position(position.line, position.character)
