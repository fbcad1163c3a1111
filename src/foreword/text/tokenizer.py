"""Text to words to ids and back. Knows nothing about files or networks."""

import json
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

import numpy as np

from foreword.errors import FolderError
from foreword.text import segments
from foreword.text.case import Case, checked_language
from foreword.text.characters import MARKS, OWN, folded, folded_with_offsets, is_folded
from foreword.text.joints import Hyphens, hyphens_of_vocabulary
from foreword.text.model_files import RESTORE, parsed
from foreword.text.newlines import Lines, in_units
from foreword.text.spacing import USUAL, Spacing, SpacingCounter
from foreword.text.vocabulary import Vocabulary
from foreword.visible import UNSAFE, first_unsafe, is_plain, shown

if TYPE_CHECKING:
    import tokenizers
    from tokenizers import normalizers, pre_tokenizers

    from foreword.text.lines import Piece

UNK, EOS = "<unk>", "<eos>"
UNK_ID, EOS_ID = 0, 1
SPECIAL = (UNK, EOS)
NEWER = ("lines", "segmenter", "language", "new_words")
"""The keys of the configuration that came with format version 5."""

DOTTED = (("I\u0307", "i"), ("İ", "i"), ("I", "ı"))
"""The capitals of Turkish and Azeri with rules of their own, and their small letters."""

_LETTERS = r"[\p{L}\p{M}\p{N}_]++"
INSIDE = frozenset("'’\xb7\u05f3\u05f4\u200c\u200d\xad")
"""Characters that may stand between a word's letters: the apostrophe, the middle dot (Catalan),
geresh and gershayim (Hebrew), the joiners of Persian and Indic scripts, the soft hyphen."""
_INSIDE = "[" + "".join(rf"\x{{{ord(character):X}}}" for character in sorted(INSIDE)) + "]"
# Includes variation selectors (which are marks), skin tones, and the tags of regional flags.
_EMOJI = r"\p{Extended_Pictographic}[\p{M}\x{1F3FB}-\x{1F3FF}\x{E0020}-\x{E007F}]*+"
# One alternative per kind of word, tried in this order. Possessive repetitions never backtrack, so
# that the time is linear in the length of the text.
_WORDS = (
    r"[0-9#*]\x{FE0F}?\x{20E3}",  # keycaps
    r"\p{Regional_Indicator}{2}",  # flags of countries
    rf"{_EMOJI}(?:\x{{200D}}{_EMOJI})*+",
    r"\p{N}++(?:[.,:\x{66B}\x{66C}]\p{N}++)++",  # 3.14  1,000  10:30
    rf"{_LETTERS}(?:{_INSIDE}{_LETTERS})*+",  # words, don't, rock'n'roll
    r"([^\p{L}\p{M}\p{N}_\s\p{Cc}\p{Cf}])\1*+",  # a mark, or a run of the same: ... !!! --
)
WORD_PATTERN = rf"(?:{'|'.join(_WORDS)})\p{{M}}*+"  # combining marks stay with what they follow


@dataclass(frozen=True, kw_only=True)
class TokenizerConfig:
    """How text becomes words.

    Attributes:
        words: "unicode" separates words, numbers, marks and emoji, in any language that sets spaces
            between words; "spaces" splits at white space only, for text that is tokenised already.
        case: "keep" distinguishes upper and lower case, "fold" makes everything lower case.
        lines: what a line was in the training text, and is in all text that the model reads:
            "sentence" (or a message), "paragraph", or "wrapped", a part of a paragraph that was cut
            at a width; see `foreword.text.newlines`.
        segmenter: "icu" separates words in scripts without spaces between them (Chinese, Thai), and
            needs the extra `foreword[segment]`; "none" leaves such text whole.
        language: the language's code (BCP 47), whose case rules apply; empty if no such rule is
            known to matter. See `foreword.text.case`.
        new_words: whether texts have many words that the training text lacked, such as further
            forms of its words. Then these are completed too; see `foreword.predictor.new_words`.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    words: Literal["unicode", "spaces"] = "unicode"
    case: Literal["keep", "fold"] = "keep"
    lines: Lines = "sentence"
    segmenter: Literal["none", "icu"] = "none"
    language: str = ""
    new_words: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError: an option has an unknown value."""
        if self.words not in ("unicode", "spaces"):
            raise ValueError(f"words must be unicode or spaces, not {self.words!r}")
        if self.case not in ("keep", "fold"):
            raise ValueError(f"case must be keep or fold, not {self.case!r}")
        if self.lines not in get_args(Lines):
            raise ValueError(f"lines must be one of {', '.join(get_args(Lines))}")
        if self.words == "spaces" and self.lines != "sentence":
            raise ValueError(
                "each line of text that is cut already (pretokenised) counts one <eos>: lines must "
                f"be sentence, not {self.lines}"
            )

        if self.segmenter not in ("none", "icu"):
            raise ValueError(f"segmenter must be none or icu, not {self.segmenter!r}")
        if self.words == "spaces" and self.segmenter != "none":
            raise ValueError("text that is cut already (pretokenised) has no segmenter")
        checked_language(self.language)

    @property
    def options(self) -> dict[str, str | bool]:
        """The options that came with format version 5 and differ from the default, by key."""
        usual = TokenizerConfig()
        return {key: value for key in NEWER if (value := getattr(self, key)) != getattr(usual, key)}


@dataclass(frozen=True)
class Word:
    """A word of a text: normalised, with its id and its offsets in the raw text, in characters."""

    text: str
    id: int
    start: int
    end: int


class Tokenizer:
    """A vocabulary and the rules that divide text into its words. Immutable and thread-safe.

    Text is put into Unicode's composed form (NFC), case is kept or folded, typographic marks become
    plain ones, special letter forms (ligatures, full width) plain letters, and invisible characters
    are dropped, as `foreword.text.characters` defines. A typographic mark that is a word of the
    vocabulary stays.

    Words then are: letters, digits and underscores, with apostrophes between them (don't,
    snake_case); numbers with their points, commas and colons (3.14, 10:30); each emoji, joined ones
    and flags as one; every other mark, including @ # - and /, a run of the same as one (... or
    !!!). Control and formatting characters outside words are dropped.

    >>> tokenizer = Tokenizer(["<unk>", "<eos>", "don't", "stop", "!!"], TokenizerConfig())
    >>> [(word.text, word.id, word.start, word.end) for word in tokenizer.split("Don’t stop!!")]
    [("Don't", 0, 0, 5), ('stop', 3, 6, 10), ('!!', 4, 10, 12)]
    """

    def __init__(
        self,
        words: Sequence[str] | Vocabulary,
        config: TokenizerConfig,
        *,
        marks: Collection[str] = (),
        spacing: Spacing = USUAL,
    ) -> None:
        """Set the vocabulary.

        Args:
            words: the words by id; the first are `<unk>` and `<eos>`.
            config: how text becomes words.
            marks: typographic marks that stay unchanged, besides those among `words`.
            spacing: where spaces stand around marks in the training text.

        Raises:
            MissingExtraError: the configuration names a segmenter that is not installed.
        """
        if config.segmenter == "icu":
            segments.require()
        self.spacing = spacing
        self.vocabulary = words if isinstance(words, Vocabulary) else Vocabulary(words)
        self.config = config
        self.marks = frozenset(marks).union(mark for mark in MARKS if mark in self.vocabulary)

    def with_config(self, config: TokenizerConfig) -> Self:
        """Return a tokeniser with the same vocabulary and another configuration."""
        return type(self)(self.vocabulary, config, marks=self.marks, spacing=self.spacing)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words by id."""
        return self.vocabulary.words

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """The ids by word."""
        return self.vocabulary.ids

    @cached_property
    def _backend(self) -> "tokenizers.Tokenizer":
        # Prediction in C++ does without, and without loading the library.
        import tokenizers
        from tokenizers import models

        backend = tokenizers.Tokenizer(models.WordLevel(dict(self.ids), unk_token=UNK))
        backend.normalizer = _normaliser(self.config)
        backend.pre_tokenizer = _splitter(self.config)
        return backend

    @cached_property
    def hyphens(self) -> Hyphens | None:
        """Decides which hyphens at the ends of wrapped lines are not part of a word."""
        return hyphens_of_vocabulary(self.words) if self.config.words == "unicode" else None

    @property
    def vocab_size(self) -> int:
        """The number of words, including `<unk>` and `<eos>`."""
        return len(self.vocabulary)

    @cached_property
    def case(self) -> Case:
        """The case rules of the configured language, or else those that the vocabulary shows."""
        return Case(self.config.language) if self.config.language else Case.of(self.words)

    def normalise(self, text: str) -> str:
        """Return the text in the form that the vocabulary uses."""
        if self.config.case == "keep" and is_folded(text):
            return text
        return self._normalised(self._folded(text))

    def _normalised(self, text: str) -> str:
        normalizer = self._backend.normalizer
        assert normalizer is not None
        return str(normalizer.normalize_str(text))

    def _folded(self, text: str) -> str:
        return text if self.config.words == "spaces" else folded(text, self.marks)

    def _parted(self, text: str) -> str:
        """Return the folded text, with boundaries between words of scripts without spaces."""
        text = self._folded(text)
        if self.config.segmenter == "none":
            return text
        return segments.parted(text, segments.boundaries(text))

    def id_of(self, word: str) -> int:
        """Return the word's id, or that of `<unk>` if the vocabulary lacks it."""
        return self.ids.get(self.normalise(word), UNK_ID)

    def word_of(self, index: int) -> str:
        """Return the word with this id."""
        return self.words[index]

    def encode(self, text: str) -> list[int]:
        """Return the ids of the text's words. No `<eos>` is added."""
        return list(self._backend.encode(self._parted(text), add_special_tokens=False).ids)

    def encode_lines(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return the ids of many texts, (words,) each; faster than one by one."""
        plain = [self._parted(text) for text in texts]
        encoded = self._backend.encode_batch_fast(plain, add_special_tokens=False)
        return [np.asarray(encoding.ids, dtype=np.uint32) for encoding in encoded]

    def split(self, text: str) -> list[Word]:
        """Return the text's words with their ids and offsets."""
        if text.isalpha() and text.isascii():  # a single word, as most pieces between spaces are
            word = self.normalise(text)
            return [Word(word, self.ids.get(word, UNK_ID), 0, len(text))]
        if is_folded(text) or self.config.words == "spaces":
            return self._split(text)
        plain, starts = folded_with_offsets(text, self.marks)
        if self.config.segmenter == "icu":
            cuts = segments.boundaries(plain)
            plain = segments.parted(plain, cuts)
            starts = sorted([*starts, *(starts[cut] for cut in cuts)])
        # Invisible characters after a word belong to it.
        return [
            Word(
                word.text,
                word.id,
                starts[word.start],
                max(starts[word.end], starts[word.end - 1] + 1),
            )
            for word in self._split(plain)
        ]

    def _split(self, text: str) -> list[Word]:
        """Return the words of a folded text."""
        encoded = self._backend.encode(text, add_special_tokens=False)
        words = []
        starts = [start for start, _ in encoded.offsets] + [len(text)]
        for number, (index, (start, end)) in enumerate(
            zip(encoded.ids, encoded.offsets, strict=True)
        ):
            # The offsets of a composed letter end before the last of its characters.
            while end < starts[number + 1] and _is_composed_into_the_letter_before(text[end]):
                end += 1
            word = self.words[index] if index != UNK_ID else self._normalised(text[start:end])
            words.append(Word(word, index, start, end))
        return words

    def read(self, text: str, last: int = EOS_ID) -> Iterator[Word]:
        r"""Yield what a model reads of a text: its words, and an `<eos>` where a unit ends.

        A unit is a line, or a paragraph if lines are wrapped. As in training, a blank line has no
        `<eos>` of its own, unless the text is tokenised already (`words="spaces"`).

        Args:
            text: the text.
            last: the id of the word before it.

        >>> tokenizer = Tokenizer(["<unk>", "<eos>", "hello"], TokenizerConfig())
        >>> [(word.text, word.start) for word in tokenizer.read("hello you\n\nhello")]
        [('hello', 0), ('you', 6), ('<eos>', 9), ('hello', 11)]
        """
        offset = 0
        units = in_units(text, self.config.lines, self.hyphens)
        for number, line in enumerate(units.split("\n")):
            if number > 0:
                if self.config.words == "spaces" or last != EOS_ID:
                    yield Word(EOS, EOS_ID, offset - 1, offset)
                last = EOS_ID
            for word in self.split(line):
                yield Word(word.text, word.id, offset + word.start, offset + word.end)
                last = word.id
            offset += len(line) + 1

    def cut(self, text: str) -> list[str]:
        """Return the text's words, normalised, whether or not the vocabulary has them."""
        splitter = self._backend.pre_tokenizer
        assert splitter is not None
        plain = self._normalised(self._parted(text))
        return [word for word, _ in splitter.pre_tokenize_str(plain)]

    @classmethod
    def learn(
        cls,
        pieces: "Iterable[Piece]",
        config: TokenizerConfig,
        *,
        vocab_size: int | None = None,
        min_count: int = 1,
        count: "Count | None" = None,
    ) -> "Tokenizer":
        """Learn the most frequent words of a text, in memory bounded by their number.

        Words that are equally frequent are in the order of their characters.

        Args:
            pieces: the text.
            config: how text becomes words.
            vocab_size: the most words, including the two special ones.
            min_count: the least number of occurrences of a word.
            count: counts the words; None: `word_counts`, in this process.
        """
        spaces = SpacingCounter()

        def texts() -> Iterator[str]:
            for piece in pieces:
                spaces.add(piece.text)
                yield piece.text

        counts = (count or word_counts)(texts(), config)
        frequent = (word for word, times in counts.items() if times >= min_count)
        words = sorted(frequent, key=lambda word: (-counts[word], word))[:vocab_size]
        # Tokenised text may hold anything; characters that control a terminal are no word.
        ordinary = [word for word in words if word not in SPECIAL and is_plain(word)]
        if vocab_size is not None:
            ordinary = ordinary[: max(0, vocab_size - len(SPECIAL))]
        spacing = spaces.spacing(ordinary) if config.words == "unicode" else USUAL
        return cls([*SPECIAL, *ordinary], config, spacing=spacing)

    def to_json(self) -> str:
        """Return the content of `tokenizer.json`, in Hugging Face's format.

        It holds no regular expression. It alone encodes text of plain characters whose words are
        separated by spaces; separating words from marks and replacing typographic marks is done by
        this class, depending on `config.words`.
        """
        return json.dumps(_document(self.ids, self.config), ensure_ascii=False)

    @classmethod
    def from_json(
        cls, text: str, config: TokenizerConfig, *, path: str, spacing: Spacing = USUAL
    ) -> "Tokenizer":
        """Read what `to_json` wrote, and nothing else.

        Raises:
            FolderError: the text is anything else; names the file at `path`.
        """
        document = parsed(text, path)
        # Any other spelling of the key differs from the document that is compared with below.
        if "Regex" in text and _has_key(document, "Regex"):
            raise FolderError(
                f"{path} holds a regular expression, which could make the program hang; "
                f"Foreword writes none. {RESTORE}"
            )
        vocabulary = _vocabulary(document, path)
        if document != _document(vocabulary, config):
            expected = _document(vocabulary, config)
            wrong = [
                key for key in {*document, *expected} if document.get(key) != expected.get(key)
            ]
            raise FolderError(
                f"{path} was not written by Foreword for this model: {', '.join(wrong)} "
                f"differs from what it would have written. {RESTORE}"
            )
        return cls(sorted(vocabulary, key=vocabulary.__getitem__), config, spacing=spacing)


Count = Callable[[Iterable[str], TokenizerConfig], Mapping[str, int]]
"""Counts the words of texts; see `word_counts`."""


def word_counts(texts: Iterable[str], config: TokenizerConfig) -> dict[str, int]:
    """Return how often each word occurs in texts, in memory bounded by the number of words.

    >>> word_counts(["to be, or", "not to be"], TokenizerConfig())["be"]
    2
    """
    from tokenizers import trainers

    cutter = Tokenizer(SPECIAL, config, marks=OWN)
    # No word is frequent enough for the vocabulary that the library learns: the trainer's state
    # has the counts, which are wanted here.
    trainer = trainers.WordLevelTrainer(
        min_frequency=1 << 62, special_tokens=[], show_progress=False
    )
    cutter._backend.train_from_iterator(map(cutter._parted, texts), trainer)
    counts: dict[str, int] = json.loads(trainer.__getstate__())["WordLevelTrainer"]["words"]
    return counts


def _normaliser(config: TokenizerConfig) -> "normalizers.Normalizer":
    from tokenizers import normalizers

    # Case first: some letters with marks have a composed form only in lower case.
    steps: list[normalizers.Normalizer] = []
    if config.case == "fold":
        steps += [normalizers.Replace(capital, small) for capital, small in _first(config)]
        steps.append(normalizers.Lowercase())
    steps.append(normalizers.NFC())
    if config.words == "unicode":
        steps.append(normalizers.Replace("’", "'"))
    return normalizers.Sequence(steps)


def _first(config: TokenizerConfig) -> tuple[tuple[str, str], ...]:
    """Return the capitals with small letters of their own in this language."""
    return DOTTED if Case(config.language).dotless else ()


def _splitter(config: TokenizerConfig) -> "pre_tokenizers.PreTokenizer":
    import tokenizers
    from tokenizers import pre_tokenizers

    at_spaces = pre_tokenizers.WhitespaceSplit()
    if config.words == "spaces":
        return at_spaces
    # Inverted: whatever is not a word is removed.
    words = pre_tokenizers.Split(tokenizers.Regex(WORD_PATTERN), "removed", invert=True)
    return pre_tokenizers.Sequence([at_spaces, words])


def _is_composed_into_the_letter_before(character: str) -> bool:
    """Whether NFC may combine a character with the one before it: marks, Hangul parts."""
    return unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"


def _document(vocabulary: Mapping[str, int], config: TokenizerConfig) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    if config.case == "fold":
        steps += [
            {"type": "Replace", "pattern": {"String": capital}, "content": small}
            for capital, small in _first(config)
        ]
        steps.append({"type": "Lowercase"})
    steps.append({"type": "NFC"})
    if config.words == "unicode":
        steps.append({"type": "Replace", "pattern": {"String": "’"}, "content": "'"})
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNK},
    }


def _has_key(document: Any, key: str) -> bool:
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if key in part and part is not _vocabulary_of(document):
                return True
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return False


def _vocabulary_of(document: Any) -> Any:
    model = document.get("model") if isinstance(document, dict) else None
    return model.get("vocab") if isinstance(model, dict) else None


def _vocabulary(document: Any, path: str) -> dict[str, int]:
    vocabulary = _vocabulary_of(document)
    if not isinstance(vocabulary, dict):
        raise FolderError(f"{path} has no vocabulary. {RESTORE}")
    try:
        "".join(vocabulary).encode()
    except UnicodeEncodeError as error:
        raise FolderError(
            f"{path} has a word that is no text (half of a surrogate pair). {RESTORE}"
        ) from error
    if not is_plain(" ".join(vocabulary)):
        word = first_unsafe(vocabulary)
        if word is not None:
            raise FolderError(
                f"{path}: the word with the id {vocabulary[word]!r:.40}, {shown(word)!r:.200}, "
                f"holds {UNSAFE}. {RESTORE}"
            )
    ids = list(vocabulary.values())
    if not set(map(type, ids)) <= {int} or sorted(ids) != list(range(len(ids))):
        raise FolderError(f"{path}: the words' ids are not 0 to {len(ids) - 1}. {RESTORE}")
    for index, word in enumerate(SPECIAL):
        if vocabulary.get(word) != index:
            raise FolderError(
                f"{path}: {word} has the id {vocabulary.get(word)}, not {index}. {RESTORE}"
            )
    return vocabulary
