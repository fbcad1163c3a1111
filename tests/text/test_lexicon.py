"""Translations of words, learned from made-up pairs whose translations are known."""

import itertools

import pytest

from foreword.text import lexicon
from foreword.text.lexicon import learn_lexicon

WORDS = {"Hund": "dog", "Katze": "cat", "Pferd": "horse", "Kuh": "cow", "Maus": "mouse"}
PAIRS = [
    (f"ein {one} sieht {other}", f"a {WORDS[one]} sees {WORDS[other]}")
    for one, other in itertools.permutations(WORDS, 2)
]


def test_words_are_given_with_their_translations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "COMMON", 2)  # ein, sieht, a, sees
    assert learn_lexicon(*zip(*PAIRS, strict=True)) == WORDS


def test_a_word_without_a_usual_translation_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "SMALLEST_SHARE", 0.6)
    renamed = [(s, t.replace("dog", "hound")) for s, t in PAIRS]
    known = learn_lexicon(*zip(*PAIRS, *renamed, strict=True))

    assert "Hund" not in known
    assert known["Katze"] == "cat"


def test_pairs_without_words_have_no_translations() -> None:
    assert learn_lexicon(["!", ""], ["?", "."]) == {}
