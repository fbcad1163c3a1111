"""Divide text into sub-words by byte-pair encoding, and join them again without a loss.

Knows nothing about files, languages or networks.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from foreword.errors import FolderError, SettingsError, TextError
from foreword.text.model_files import RESTORE, parsed

SLOTS = 8
"""The number of sub-words that stand for parts of a text that are copied, not translated."""
SPECIAL = ("⟨pad⟩", "⟨unknown⟩", "⟨start⟩", "⟨end⟩", *(f"⟨slot {i}⟩" for i in range(SLOTS)))
"""The special sub-words by id. No merge yields them: bytes are spelled by other characters."""
FIRST_SLOT = SPECIAL.index("⟨slot 0⟩")
SLOT_CHARACTERS = "".join(chr(0xD800 + slot) for slot in range(SLOTS))
"""The character of each slot in a string: halves of surrogate pairs, which no Unicode text has."""

LETTERS = tuple(sorted(pre_tokenizers.ByteLevel.alphabet()))
"""The characters that spell the 256 bytes, in the order of their ids."""
_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_BYTES = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(0x100 + number): byte
    for number, byte in enumerate(sorted(set(range(256)) - set(_PRINTABLE)))
}
"""The byte that each of the letters spells: itself if it is printable, else as GPT-2 numbered."""
SMALLEST = len(SPECIAL) + len(LETTERS)
"""The number of sub-words before any pair is merged."""
# A run of letters or of signs with the space before it, or one digit, or one white space.
# Possessive repetitions never backtrack, so that the time is linear in the length of the text.
_PIECES = r" ?[\p{L}\p{M}]++| ?\p{N}| ?[^\s\p{L}\p{M}\p{N}]++|\s"
_CACHED_WORDS = 1 << 16
_LONGEST_CACHED = 64
_SURROGATES = re.compile("([\ud800-\udfff])")


def choose_size(texts: Iterable[str]) -> int:
    """Return how many sub-words suit a text: 64 times the cube root of its number of words.

    The size is a multiple of 64 from 512 to 16,000: 832 for 2,000 words, 5,824 for 750,000 words,
    16,000 from about 16 million words on.
    """
    words = sum(len(text.split()) for text in texts)
    return min(16_000, max(512, 64 * round(math.cbrt(words))))


class Subwords:
    """A vocabulary of sub-words for one or several languages. Immutable and thread-safe.

    A text is divided into runs of letters, runs of signs, and single digits, each with the space
    before it; a space is added before every text. Each piece is spelled in bytes, which are merged
    pair by pair in the order that training found. Every Unicode text survives
    `decode(encode(text))` unchanged, whatever the training text was.
    """

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        """Set the merges, in the order in which they apply.

        Args:
            merges: pairs of sub-words, spelled by `LETTERS`. A pair may use earlier merges only.
        """
        self.merges = tuple(merges)
        tokens = dict.fromkeys(LETTERS) | dict.fromkeys(left + right for left, right in merges)
        self.ids: Mapping[str, int] = {
            token: index for index, token in enumerate((*SPECIAL, *tokens))
        }
        self.bytes = (
            *(b"" for _ in SPECIAL),
            *(bytes(_BYTES[letter] for letter in token) for token in tokens),
        )
        """The bytes of each sub-word by id; the special ones have none."""
        self._backend = tokenizers.Tokenizer(models.BPE(dict(self.ids), list(self.merges)))
        self._backend.pre_tokenizer = self._splitter = _splitter()
        self._cached = lru_cache(_CACHED_WORDS)(self._ids_of_word)

    @property
    def size(self) -> int:
        """The number of sub-words, including the special ones."""
        return len(self.ids)

    pad, unknown, start, end = range(FIRST_SLOT)
    slots = range(FIRST_SLOT, len(SPECIAL))

    @classmethod
    def train(cls, texts: Iterable[str], size: int) -> "Subwords":
        """Learn the merges of the most frequent pairs.

        The same texts give the same merges, in whatever order they come.

        Args:
            texts: the sentences; for translation those of both languages.
            size: the most sub-words, including the special ones and the 256 bytes.

        Raises:
            SettingsError: the size is too small for the special sub-words and the bytes.
        """
        if size < SMALLEST:
            raise SettingsError(
                f"a vocabulary of {size} sub-words is too small: the bytes and special sub-words "
                f"alone are {SMALLEST}"
            )
        backend = tokenizers.Tokenizer(models.BPE())
        backend.pre_tokenizer = _splitter()
        trainer = trainers.BpeTrainer(
            vocab_size=size - len(SPECIAL),
            min_frequency=2,
            special_tokens=[],
            initial_alphabet=list(LETTERS),
            show_progress=False,
        )
        backend.train_from_iterator((" " + _text(text) for text in texts), trainer)
        merges = json.loads(backend.to_str())["model"]["merges"]
        return cls([(left, right) for left, right in merges])

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text's sub-words, without a start or an end.

        Raises:
            TextError: the text holds half of a surrogate pair that is none of `SLOT_CHARACTERS`.
        """
        if not text:
            return []
        words = text.split(" ")
        is_usual = max(map(len, words)) <= _LONGEST_CACHED  # long words would fill the memory
        ids = self._cached if is_usual else self._ids_of_word
        return list(chain.from_iterable(map(ids, words)))

    def encode_batch(self, texts: Iterable[str]) -> list[list[int]]:
        """Return the ids of each text."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of sub-words; special ones have none, and a slot its character.

        Bytes that are not UTF-8, as a network may put together, become U+FFFD.
        """
        ids = tuple(ids)
        if min(ids, default=FIRST_SLOT) >= len(SPECIAL):  # no slots, as usual
            whole = b"".join([self.bytes[index] for index in ids])
            return whole.decode("utf-8", "replace").removeprefix(" ")
        texts, run = [], b""
        for index in ids:
            if index in self.slots:
                texts += [run.decode("utf-8", "replace"), SLOT_CHARACTERS[index - FIRST_SLOT]]
                run = b""
            else:
                run += self.bytes[index]
        texts.append(run.decode("utf-8", "replace"))
        return "".join(texts).removeprefix(" ")

    def pieces(self, word: str) -> list[list[int]]:
        """Return the ids of the bytes of a word and the space before it, by piece.

        Pairs are merged within a piece. A slot is a piece of its own.
        """
        pieces = []
        for part in _SURROGATES.split(" " + word):
            if slot := _slot(part):
                pieces.append([slot])
            else:
                cut = self._splitter.pre_tokenize_str(_text(part))
                pieces += [[self.ids[letter] for letter in piece] for piece, _ in cut]
        return pieces

    def _ids_of_word(self, word: str) -> tuple[int, ...]:
        """Return the ids of the sub-words of a word and the space before it."""
        ids: list[int] = []
        for part in _SURROGATES.split(" " + word):
            if slot := _slot(part):
                ids.append(slot)
            else:
                ids += self._backend.encode(_text(part), add_special_tokens=False).ids
        return tuple(ids)

    def to_json(self) -> str:
        """Return the vocabulary in the format of Hugging Face's `tokenizer.json`."""
        return json.dumps(_document(self.ids, self.merges), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, path: str) -> "Subwords":
        """Read what `to_json` wrote, and nothing else.

        Raises:
            FolderError: the text is anything else; names the file at `path`.
        """
        document = parsed(text, path)
        merges = _merges(document, path)
        subwords = cls(merges)
        expected = _document(subwords.ids, merges)
        if document != expected:
            wrong = [
                key for key in {*document, *expected} if document.get(key) != expected.get(key)
            ]
            raise FolderError(
                f"{path} was not written by Foreword: {', '.join(sorted(wrong))} differs from what "
                f"it would have written. {RESTORE}"
            )
        return subwords


def _splitter() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def _slot(part: str) -> int:
    """Return the id of the slot that a character represents; 0 for any other text."""
    return FIRST_SLOT + SLOT_CHARACTERS.index(part) if part and part in SLOT_CHARACTERS else 0


def _text(text: str) -> str:
    """Return a text that is Unicode.

    Raises:
        TextError: it holds half of a surrogate pair.
    """
    wrong = _SURROGATES.search(text)
    if wrong:
        raise TextError(
            f"character {wrong.start() + 1} of the text, U+{ord(wrong[0]):04X}, is half of a "
            "surrogate pair, which is no Unicode text. Decode the text anew, or leave it out"
        )
    return text


def _document(vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Prepend", "prepend": " "},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": _PIECES},
                    "behavior": "Isolated",
                    "invert": False,
                },
                {
                    "type": "ByteLevel",
                    "add_prefix_space": False,
                    "trim_offsets": True,
                    "use_regex": False,
                },
            ],
        },
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {
                    "type": "ByteLevel",
                    "add_prefix_space": False,
                    "trim_offsets": True,
                    "use_regex": False,
                },
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": dict(vocabulary),
            "merges": [list(pair) for pair in merges],
        },
    }


def _merges(document: Any, path: str) -> list[tuple[str, str]]:
    model = document.get("model") if isinstance(document, dict) else None
    merges = model.get("merges") if isinstance(model, dict) else None
    if not isinstance(merges, list):
        raise FolderError(f"{path} has no merges of sub-words. {RESTORE}")
    known = set(LETTERS)
    for number, pair in enumerate(merges, 1):
        if (
            not isinstance(pair, list)
            or len(pair) != 2
            or not all(isinstance(part, str) and part in known for part in pair)
        ):
            raise FolderError(
                f"{path}: merge {number}, {pair!r:.80}, is no pair of earlier sub-words. {RESTORE}"
            )
        known.add(pair[0] + pair[1])
    if len(set(map(tuple, merges))) < len(merges):
        raise FolderError(f"{path} holds a merge twice. {RESTORE}")
    return [(left, right) for left, right in merges]
