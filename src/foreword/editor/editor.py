"""The suggestions at a position in a document: words to choose from, and ghost text.

Knows documents and the predictor, and no messages: those are for `foreword.editor.lsp`.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foreword.editor.document import Document, Encoding, Position, units
from foreword.editor.targets import Target, target_at
from foreword.errors import SettingsError
from foreword.folder.installed import find_folder
from foreword.folder.translation_store import holds_translation
from foreword.predictor import personal
from foreword.predictor.layer import Layer
from foreword.predictor.mixed_typist import MixedTypist, typist_of
from foreword.predictor.predictor import Predictor, load
from foreword.predictor.reading import STRIDE
from foreword.predictor.spacing import attaches_left
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist
from foreword.text.comments import COMMENT, Seen, prose_of, syntax_of
from foreword.text.joints import UNSEEN
from foreword.text.lines import with_newlines
from foreword.text.markup import markup_of
from foreword.text.newlines import PARAGRAPH_END, Known, Lines, as_units
from foreword.translator.line_typist import AnyTypist
from foreword.translator.translator import Translator

SPARE = 8
"""The number of additional words requested, as some are not offered."""

_LETTERS_AT_END = re.compile(r"\w+\Z")


class Settings(BaseModel):
    """The settings of a language server, which the editor may change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    """A model folder, or the name of an installed model, of either kind."""
    translator: str | None = None
    """A translation model, for translations in PO and XLIFF files."""
    k: Annotated[int, Field(ge=1, le=100)] = 5
    """The number of words to choose from."""
    phrases: bool = False
    """Whether to suggest phrases beside words."""
    tolerant: bool = False
    """Whether to consider slips even if words begin as typed."""
    offensive: bool = False
    """Whether to suggest offensive words too."""
    blocked: tuple[str, ...] = ()
    """Words that are never suggested."""
    personal: Path | None = None
    """A personal file, whose words are suggested too."""
    beside: tuple[str, ...] = ()
    """Models of other languages, whose words are suggested too."""
    lines: Lines | None = None
    """What a line of a document is; None: decided by the document's language."""

    def changed_by(self, given: Any) -> "Settings":
        """Return the settings with some of them replaced.

        Raises:
            SettingsError: unknown or wrong settings; names them.
        """
        if not isinstance(given, dict):
            raise SettingsError(f"the settings of foreword must be an object, not {given!r}")
        try:
            return Settings.model_validate(self.model_dump() | given)
        except ValidationError as error:
            told = "; ".join(
                f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()
            )
            raise SettingsError(f"the settings of foreword cannot be used: {told}") from error


class Offer(NamedTuple):
    """A word for a position.

    Attributes:
        suggestion: the predictor's suggestion.
        start: the position from which its text replaces the document's, up to `end`.
        end: the requested position.
        replaced: the text between them.
    """

    suggestion: Suggestion
    start: Position
    end: Position
    replaced: str


@dataclass(frozen=True)
class Question:
    """A position in a document at the time of a request; the document may change later.

    Attributes:
        typist: the typist of this document.
        text: the text before the position as it is read: spaces replace line ends inside a
            paragraph, and the marks of lists and quotations. Only the end of a long document.
        after_wrap: whether the line continues the one before it, and has no word yet.
        rest: the text after the position in its line.
        position: inside the document.
        encoding: the units of its column.
        k: the largest number of words.
        phrases: whether to suggest phrases beside words.
    """

    typist: Typist | MixedTypist | AnyTypist
    text: str
    after_wrap: bool
    rest: str
    position: Position
    encoding: Encoding
    k: int
    phrases: bool

    def words(self) -> list[Offer]:
        """Return words to choose from: for the word being typed, or the next one.

        Editors list what begins with the word before the cursor. So a following word replaces that
        word together with it.
        """
        letters = _LETTERS_AT_END.search(self.text)
        typed = letters[0] if letters else ""
        return [offer if offer.replaced else self._with(typed, offer) for offer in self._offers()]

    def ghosts(self) -> list[Offer]:
        """Return words whose rest can be ghost text at the position; none inside a word."""
        if self.rest[:1].isalnum():
            return []
        offers = self._offers()
        return [offer for offer in offers if offer.suggestion.text.startswith(offer.replaced)]

    def ghosts_after(self, start: Position, chosen: str) -> list[Offer]:
        """Return words that follow one chosen in a list, but not accepted yet, each with that word.

        Args:
            start: the position from which the chosen text is to be inserted.
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
        """Return the same offer, replacing the letters before the position that it repeats."""
        text = typed + offer.suggestion.text
        suggestion = offer.suggestion._replace(word=text, text=text, replaces=len(typed))
        column = self.position.column - units(typed, self.encoding)
        return Offer(suggestion, self.position._replace(column=column), self.position, typed)

    def _suggestions(self, k: int, complete: bool | None) -> list[Suggestion]:
        return self.typist.suggest(self.text, k, complete=complete, phrases=self.phrases)

    def _offers(self, *, complete: bool | None = None) -> list[Offer]:
        offers = []
        # A mark that belongs to the last word is never at the beginning of the next line.
        k = self.k + SPARE if self.after_wrap else self.k
        for suggestion in self._suggestions(k, complete):
            if self.after_wrap and attaches_left(suggestion.word):
                continue
            replaced = self.text[len(self.text) - suggestion.replaces :]
            column = self.position.column - units(replaced, self.encoding)
            offers.append(
                Offer(suggestion, self.position._replace(column=column), self.position, replaced)
            )
        return offers[: self.k]


@dataclass(frozen=True)
class TranslationQuestion(Question):
    """A position in a translation: `text` is the translation before it, and `after_wrap` false.

    Attributes:
        target: the translation, which tells how text is written in the file.
    """

    typist: AnyTypist
    target: Target

    def ghosts(self) -> list[Offer]:
        """Return the rest of the translation, and words; only where the translation ends."""
        if self.rest.lstrip()[:1] not in ("", '"', "<"):
            return []
        rest, at = self.target.written(self.typist.rest(self.text)), self.position
        whole = [Offer(Suggestion(rest, 1.0, rest, 0), at, at, "")] if rest else []
        return [*whole, *super().ghosts()][: self.k]

    def _offers(self, *, complete: bool | None = None) -> list[Offer]:
        written = self.target.written
        offers = []
        for suggestion in self._suggestions(self.k, complete):
            replaced = written(self.text[len(self.text) - suggestion.replaces :])
            column = self.position.column - units(replaced, self.encoding)
            if column >= 0:
                escaped = suggestion._replace(text=written(suggestion.text), replaces=len(replaced))
                start = self.position._replace(column=column)
                offers.append(Offer(escaped, start, self.position, replaced))
        return offers


class Editor:
    """A model, the open documents, and a typist for each.

    A typist remembers what it has read of its document, so that a key costs only what is new.
    """

    def __init__(self, settings: Settings, key: str | None = None) -> None:
        """Load the model.

        Args:
            settings: the initial settings.
            key: the key of an encrypted personal file.

        Raises:
            ForewordError: the model or the personal file cannot be read; says why.
        """
        self._documents: dict[str, Document] = {}
        self._known: dict[str, Known] = {}
        self._comments: dict[str, Seen] = {}
        self._typists: dict[str, Typist | MixedTypist] = {}
        self._translations: dict[str, tuple[str, AnyTypist]] = {}
        self._layer: Layer | None = None
        self._key = key
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Change the settings, or keep the old ones if these fail.

        Raises:
            ForewordError: as the constructor.
        """
        is_translator = holds_translation(find_folder(settings.model))
        if is_translator and settings.beside:
            raise SettingsError(
                f"{settings.model} is a translation model, which takes no models beside it: name "
                "a next-word model first, and give this one as translator"
            )
        predictor = None if is_translator else load(settings.model)
        others = [load(model) for model in settings.beside]
        folder = settings.translator or (settings.model if is_translator else None)
        translator = None if folder is None else Translator.load(folder)
        layer = None
        if settings.personal is not None:
            if predictor is None:
                raise SettingsError(
                    f"{settings.model} is a translation model, which has no personal words: "
                    "leave personal out"
                )
            layer = personal.open(
                settings.personal, predictor.tokenizer, read_only=True, key=self._key
            )
        self._predictor, self._layer, self.settings = predictor, layer, settings
        self._others = others
        self._translator = translator
        self._typists.clear()
        self._translations.clear()
        self._known.clear()

    def open(self, name: str, document: Document) -> None:
        """Open a document."""
        self._documents[name] = document
        self._known.pop(name, None)
        self._comments.pop(name, None)
        self._typists.pop(name, None)

    def close(self, name: str) -> None:
        """Close a document."""
        self._documents.pop(name, None)
        self._typists.pop(name, None)
        self._translations.pop(name, None)
        self._known.pop(name, None)
        self._comments.pop(name, None)

    def document(self, name: str) -> Document | None:
        """Return the document of this name, if it is open."""
        return self._documents.get(name)

    def ask(self, name: str, position: Position) -> Question | None:
        """Return a question about a position in a document.

        None if it is not open, or if the only model translates and no translation is typed there.
        """
        if (document := self._documents.get(name)) is None:
            return None
        if self._translator is not None:
            target = target_at(name, document.language, document.before(position))
            typist = None if target is None else self._translating(name, target.source)
            if target is not None and typist is not None:
                return TranslationQuestion(
                    typist,
                    target.typed,
                    False,
                    document.after(position),
                    document.nearest(position),
                    document.encoding,
                    self.settings.k,
                    self.settings.phrases,
                    target,
                )
        if self._predictor is None:
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
            self._typist(name, self._predictor),
            seen,
            seen[line_start - 1 : line_start] in (" ", UNSEEN)
            and not seen[line_start:].strip(" " + UNSEEN),
            document.after(position),
            document.nearest(position),
            document.encoding,
            self.settings.k,
            self.settings.phrases,
        )

    def _typist(self, name: str, predictor: Predictor) -> Typist | MixedTypist:
        if name not in self._typists:
            self._typists[name] = typist_of(
                [predictor, *self._others],
                tolerant=self.settings.tolerant,
                layer=self._layer,
                offensive=self.settings.offensive,
                blocked=self.settings.blocked,
            )
        return self._typists[name]

    def _translating(self, name: str, source: str) -> AnyTypist | None:
        """Return the typist of a source in a document; None if the source is too long for one."""
        known, typist = self._translations.get(name, (None, None))
        if known != source and self._translator is not None:
            try:
                typist = self._translator.typist(source)
            except SettingsError:
                return None
            self._translations[name] = source, typist
        return typist
