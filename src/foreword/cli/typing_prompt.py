"""A prompt that predicts while one types: ghost text and a line of suggestions. No torch."""

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent

from foreword.predictor.predictor import Prediction, Predictor
from foreword.predictor.spacing import attaches_left


def completion(text: str, word: str) -> str:
    """What to type after `text` so that it ends in `word`.

    >>> completion("I would li", "like"), completion("I would", "like")
    ('ke', ' like')
    """
    typed = text.rsplit(maxsplit=1)[-1] if text and not text[-1].isspace() else ""
    if typed and word.lower().startswith(typed.lower()) and len(word) > len(typed):
        return word[len(typed) :]
    glue = "" if not text or text[-1].isspace() or attaches_left(word) else " "
    return glue + word


class _Ghost(AutoSuggest):
    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        del buffer
        found = self.predictor.predict(document.text, k=1)
        return Suggestion(completion(document.text, found[0].word)) if found else None


def type_along(predictor: Predictor, k: int) -> None:
    """Reads lines until Ctrl-D. Tab accepts the ghost text, Alt-1 to Alt-9 a suggestion."""
    keys = KeyBindings()

    def suggestions(text: str) -> list[Prediction]:
        return predictor.predict(text, k=k)

    @keys.add("tab")
    def _accept(event: KeyPressEvent) -> None:
        accept(event.current_buffer, 0)

    def accept(buffer: Buffer, rank: int) -> None:
        found = suggestions(buffer.text)
        if rank >= len(found):
            return
        word = found[rank].word
        if attaches_left(word) and buffer.text.endswith(" "):
            buffer.delete_before_cursor(1)  # the space that came with the word before
        buffer.insert_text(completion(buffer.text, word) + " ")

    for digit in range(1, 10):

        @keys.add("escape", str(digit))
        def _pick(event: KeyPressEvent, rank: int = digit - 1) -> None:
            accept(event.current_buffer, rank)

    session: PromptSession[str] = PromptSession(
        auto_suggest=_Ghost(predictor), key_bindings=keys, complete_while_typing=False
    )

    def toolbar() -> HTML:
        found = suggestions(session.default_buffer.text)
        shown = [
            HTML("<b>{}</b> {} {}").format(rank, p.word, f"{p.probability:.0%}").value
            for rank, p in enumerate(found, start=1)
        ]
        return HTML("   ".join(shown) or "no word that the model knows begins so")

    while True:
        try:
            session.prompt("> ", bottom_toolbar=toolbar)
        except (EOFError, KeyboardInterrupt):
            return
