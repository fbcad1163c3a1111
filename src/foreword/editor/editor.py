"""What an editor gets for a place in a document: words to choose from, and ghost text.

Knows documents and the predictor, and no messages: those are for `foreword.editor.lsp`.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foreword.editor.document import Document, Encoding, Position, units
from foreword.errors import SettingsError
from foreword.predictor import personal
from foreword.predictor.layer import Layer
from foreword.predictor.predictor import load
from foreword.predictor.reading import STRIDE
from foreword.predictor.spacing import attaches_left
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist
from foreword.text.comments import COMMENT, Seen, prose_of, syntax_of
from foreword.text.joints import UNSEEN
from foreword.text.lines import with_newlines
from foreword.text.markup import markup_of
from foreword.text.newlines import PARAGRAPH_END, Known, Lines, as_units

SPARE = 8
"""Words that are asked for beyond k where some are not offered."""

_LETTERS_AT_END = re.compile(r"\w+\Z")


class Settings(BaseModel):
    """How an editor is served; what it may set itself is the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    """A model folder, or an installed model's name."""
    k: Annotated[int, Field(ge=1, le=100)] = 5
    """Words to choose from."""
    tolerant: bool = False
    """Think of slips even where words begin as typed."""
    offensive: bool = False
    """Suggest offensive words too."""
    blocked: tuple[str, ...] = ()
    """Words that are never suggested."""
    personal: Path | None = None
    """A personal file: its words are suggested too."""
    lines: Lines | None = None
    """What a line of a document is; None: what the document's language says."""

    def changed_by(self, given: Any) -> "Settings":
        """These with some replaced.

        Raises:
            SettingsError: what was given are no settings; names them.
        """
        if not isinstance(given, dict):
            raise SettingsError(f"the settings of foreword must be an object, not {given!r}")
        try:
            return Settings.model_validate(self.model_dump() | given)
        except ValidationError as error:
            told = "; ".join(
                f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()
            )
            raise SettingsError(f"the settings of foreword cannot be taken: {told}") from error


class Offer(NamedTuple):
    """A word for a place.

    Attributes:
        suggestion: as the predictor has it.
        start: where its text goes, up to `end`.
        end: the place that was asked for.
        replaced: what stands between them.
    """

    suggestion: Suggestion
    start: Position
    end: Position
    replaced: str


@dataclass(frozen=True)
class Question:
    """A place in a document as it was when it was asked about; the document may go on changing.

    Attributes:
        typist: of this document.
        text: before the place, as it is read: a space stands where a line end means no more, and
            for the marks of lists and quotations. Of a long document the end alone.
        after_wrap: whether the line goes on with the one before it, and has no word yet.
        rest: what stands after it in its line.
        place: inside the document.
        encoding: of its column.
        k: at most so many words.
    """

    typist: Typist
    text: str
    after_wrap: bool
    rest: str
    position: Position
    encoding: Encoding
    k: int

    def words(self) -> list[Offer]:
        """Words to choose from: for the one that is being typed, or the next.

        Editors list what begins as the word before the place does. So a word that follows that one
        takes its place together with it.
        """
        letters = _LETTERS_AT_END.search(self.text)
        typed = letters[0] if letters else ""
        return [offer if offer.replaced else self._with(typed, offer) for offer in self._offers()]

    def ghosts(self) -> list[Offer]:
        """Words whose rest may stand as ghost text at the place; none inside of a word."""
        if self.rest[:1].isalnum():
            return []
        offers = self._offers()
        return [offer for offer in offers if offer.suggestion.text.startswith(offer.replaced)]

    def ghosts_after(self, start: Position, chosen: str) -> list[Offer]:
        """Words to follow one that is chosen in a list, but not accepted yet, each with that one.

        Args:
            start: where the chosen text is to go, up to the place.
            chosen: the text.
        """
        width = self.position.column - start.column
        if start.line != self.position.line or width < 0:
            return []
        kept = self.text
        while width > 0 and kept:
            width -= units(kept[-1], self.encoding)
            kept = kept[:-1]
        replaced = self.text[len(kept) :]
        if not chosen.startswith(replaced):
            return []
        after = replace(self, text=kept + chosen, after_wrap=False)._offers(complete=False)
        return [
            Offer(
                suggestion._replace(text=chosen + suggestion.text), start, self.position, replaced
            )
            for suggestion, *_ in after
            if suggestion.replaces == 0
        ]

    def _with(self, typed: str, offer: Offer) -> Offer:
        """The same offer, in place of letters before the place that it repeats."""
        text = typed + offer.suggestion.text
        suggestion = offer.suggestion._replace(word=text, text=text, replaces=len(typed))
        column = self.position.column - units(typed, self.encoding)
        return Offer(suggestion, self.position._replace(column=column), self.position, typed)

    def _offers(self, *, complete: bool | None = None) -> list[Offer]:
        offers = []
        # A mark that belongs to the last word never stands at the beginning of the next line.
        k = self.k + SPARE if self.after_wrap else self.k
        for suggestion in self.typist.suggest(self.text, k, complete=complete):
            if self.after_wrap and attaches_left(suggestion.word):
                continue
            replaced = self.text[len(self.text) - suggestion.replaces :]
            column = self.position.column - units(replaced, self.encoding)
            offers.append(
                Offer(suggestion, self.position._replace(column=column), self.position, replaced)
            )
        return offers[: self.k]


class Editor:
    """A model, the documents that are open, and a typist for each.

    A typist remembers what it has read of its document: a key costs what is new.
    """

    def __init__(self, settings: Settings, key: str | None = None) -> None:
        """Loads the model.

        Args:
            settings: to begin with.
            key: of an encrypted personal file.

        Raises:
            ForewordError: the model or the personal file cannot be read; says why.
        """
        self._documents: dict[str, Document] = {}
        self._known: dict[str, Known] = {}
        self._comments: dict[str, Seen] = {}
        self._typists: dict[str, Typist] = {}
        self._layer: Layer | None = None
        self._key = key
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Goes on with other settings; with the old ones if these fail.

        Raises:
            ForewordError: as the constructor.
        """
        predictor = load(settings.model)
        layer = None
        if settings.personal is not None:
            layer = personal.open(
                settings.personal, predictor.tokenizer, read_only=True, key=self._key
            )
        self._predictor, self._layer, self.settings = predictor, layer, settings
        self._typists = {name: self._typist() for name in self._documents}
        self._known.clear()

    def open(self, name: str, document: Document) -> None:
        """A document that is edited from now on."""
        self._documents[name] = document
        self._known.pop(name, None)
        self._comments.pop(name, None)
        self._typists[name] = self._typist()

    def close(self, name: str) -> None:
        """Forgets a document."""
        self._documents.pop(name, None)
        self._typists.pop(name, None)
        self._known.pop(name, None)
        self._comments.pop(name, None)

    def document(self, name: str) -> Document | None:
        """The one of this name, if it is open."""
        return self._documents.get(name)

    def ask(self, name: str, position: Position) -> Question | None:
        """A question about a place in a document; None if that is not open."""
        if (document := self._documents.get(name)) is None:
            return None
        text, is_start = document.end_before(position, STRIDE)
        line_start = 1 + max(text.rfind("\n"), text.rfind("\r"))
        markup = markup_of(document.language, self.settings.lines)
        syntax = syntax_of(document.language) if self.settings.lines is None else None
        if syntax is not None:
            before, comments = document.before(position), self._comments.get(name)
            prose, in_prose, self._comments[name] = prose_of(before, syntax, comments)
            if in_prose:
                text, markup = prose[len(prose) - len(text) :], COMMENT
        seen = with_newlines(text)
        if markup is not None:
            seen, self._known[name] = as_units(
                text,
                markup,
                self._known.get(name),
                end=PARAGRAPH_END,
                is_start=is_start,
                hyphens=self._predictor.tokenizer.hyphens,
            )
        return Question(
            self._typists[name],
            seen,
            seen[line_start - 1 : line_start] in (" ", UNSEEN)
            and not seen[line_start:].strip(" " + UNSEEN),
            document.after(position),
            document.nearest(position),
            document.encoding,
            self.settings.k,
        )

    def _typist(self) -> Typist:
        return self._predictor.typist(
            tolerant=self.settings.tolerant,
            layer=self._layer,
            offensive=self.settings.offensive,
            blocked=self.settings.blocked,
        )
