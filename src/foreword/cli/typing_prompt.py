"""A prompt that predicts while the user types: ghost text and a line of suggestions. No torch."""

from collections.abc import Callable, Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggest
from prompt_toolkit.auto_suggest import Suggestion as Ghost
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent

from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist
from foreword.visible import shown


def accept(buffer: Buffer, suggestion: Suggestion) -> None:
    """Inserts a word at the cursor, and a space after it.

    >>> buffer = Buffer(document=Document("I would li"))
    >>> accept(buffer, Suggestion("like", 0.9, "like", replaces=2))
    >>> buffer.text
    'I would like '
    """
    buffer.delete_before_cursor(suggestion.replaces)
    buffer.insert_text(suggestion.text + " ")


def rest_of(suggestion: Suggestion, text: str) -> str:
    """The text that a suggestion adds; nothing if it changes the text before it.

    >>> rest_of(Suggestion("like", 0.9, "like", 2), "I would li")
    'ke'
    >>> rest_of(Suggestion("London", 0.9, "London", 3), "in lon")
    ''
    """
    accepted = suggestion.accepted(text)
    return accepted[len(text) :] if accepted.startswith(text) else ""


def suggestions_line(suggestions: Sequence[Suggestion]) -> StyleAndTextTuples:
    """The line below the prompt: numbers, words and their probabilities.

    >>> suggestions_line([Suggestion("<b>", 0.5, "<b>", 0)])
    [('bold', '1'), ('', ' <b> 50%')]
    """
    line: StyleAndTextTuples = []
    for rank, p in enumerate(suggestions, start=1):
        gap = [("", "   ")] if line else []
        line += [*gap, ("bold", str(rank)), ("", f" {shown(p.word)} {p.probability:.0%}")]
    return line or [("", "no word that the model knows begins so")]


class _Ghost(AutoSuggest):
    def __init__(self, ask: Callable[[str], list[Suggestion]]) -> None:
        self.ask = ask

    def get_suggestion(self, buffer: Buffer, document: Document) -> Ghost | None:
        del buffer
        suggestions = self.ask(document.text)[:1]
        return Ghost(shown(rest_of(suggestions[0], document.text))) if suggestions else None


def type_along(typist: Typist | MixedTypist, k: int, *, phrases: bool = False) -> None:
    """Reads lines until Ctrl-D. Tab accepts the first suggestion, Alt-1 to Alt-9 any.

    Args:
        typist: makes the suggestions.
        k: the number of suggestions to show.
        phrases: whether phrases are suggested too.
    """

    def ask(text: str) -> list[Suggestion]:
        return typist.suggest(text, k, phrases=phrases)

    keys = KeyBindings()

    def pick(buffer: Buffer, rank: int) -> None:
        suggestions = ask(buffer.document.text_before_cursor)
        if rank < len(suggestions):
            accept(buffer, suggestions[rank])

    @keys.add("tab")
    def _first(event: KeyPressEvent) -> None:
        pick(event.current_buffer, 0)

    for digit in range(1, 10):

        @keys.add("escape", str(digit))
        def _pick(event: KeyPressEvent, rank: int = digit - 1) -> None:
            pick(event.current_buffer, rank)

    session: PromptSession[str] = PromptSession(
        auto_suggest=_Ghost(ask), key_bindings=keys, complete_while_typing=False
    )

    def toolbar() -> StyleAndTextTuples:
        return suggestions_line(ask(session.default_buffer.document.text_before_cursor))

    while True:
        try:
            session.prompt("> ", bottom_toolbar=toolbar)
        except (EOFError, KeyboardInterrupt):
            return
