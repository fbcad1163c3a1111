from dataclasses import replace

import numpy as np
import pytest

from foreword.errors import SettingsError
from foreword.text.pairs.cleaning import CleaningRules, clean
from foreword.text.pairs.pairs import Pairs

USUAL = [(f"{'a' * (9 + n % 7)} {n}.", f"{'b' * (10 + n % 6)} {n}!") for n in range(200)]


def pairs_of(*pairs: tuple[str, str]) -> Pairs:
    sources, targets = ([pair[side] for pair in pairs] for side in (0, 1))
    numbers = np.zeros(len(pairs), np.int32)
    return Pairs(sources, targets, ("de", "en"), "", ("a.tmx",), numbers, np.arange(len(pairs)) + 1)


def test_good_pairs_stay_with_their_places() -> None:
    kept, left_out = clean(pairs_of(("", "x"), *USUAL))

    assert (len(kept), left_out) == (200, {"empty on one side": 1})
    assert kept.where(0) == "a.tmx, line 2"


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (("", "nothing"), "empty on one side"),
        (("OK", "ok"), "the same on both sides"),
        (("a " * 201, "b " * 190), "longer than 200 words"),
        (("漢" * 1700, "b " * 190), "longer than 200 words"),
        (USUAL[3], "repeated"),
        (
            ("@@", "Young girls weave corn stalks into elaborate designs " * 2),
            "of very unequal lengths",
        ),
    ],
)
def test_a_bad_pair_is_left_out_for_its_reason(pair: tuple[str, str], reason: str) -> None:
    kept, left_out = clean(pairs_of(*USUAL, pair))

    assert left_out == {reason: 1}
    assert list(kept.sources) == [source for source, _ in USUAL]


def test_the_usual_ratio_of_lengths_is_that_of_the_text() -> None:
    longer = [(source, target * 3) for source, target in USUAL]

    assert clean(pairs_of(*longer))[1] == {}


def test_few_pairs_are_not_judged_by_their_lengths() -> None:
    assert clean(pairs_of(("a", "b" * 99), ("c d", "e f")))[1] == {}


def test_rules_can_be_lifted() -> None:
    rules = CleaningRules(same=False, repeated=False, spread=0)

    assert clean(pairs_of(("OK", "OK"), ("OK", "OK")), rules)[1] == {}
    with pytest.raises(SettingsError, match="at least 1 word, not 0"):
        CleaningRules(longest=0)


def test_a_side_in_another_language_is_left_out_on_request() -> None:
    good = ("Ein Mann läuft durch den Schnee.", "A man is running through the snow.")
    french = ("Un homme court dans la neige avec son chien.", "A man runs in the snow.")
    swapped = ("A woman is reading a newspaper.", "Eine Frau liest in einer Zeitung.")
    short = ("Ciao Anna", "Hello Anna!")
    pairs = pairs_of(good, french, swapped, short)
    kept, left_out = clean(pairs, CleaningRules(languages=True))
    assert left_out == {"in another language": 2}
    assert list(kept.sources) == [good[0], short[0]]
    assert len(clean(pairs)[0]) == 4


@pytest.mark.parametrize(("language", "fault"), [("", "set both"), ("tlh", "does not know 'tlh'")])
def test_languages_must_be_known_to_leave_out_others(language: str, fault: str) -> None:
    pairs = replace(pairs_of(("Ein Mann.", "A man.")), languages=(language, "en"))
    with pytest.raises(SettingsError, match=fault):
        clean(pairs, CleaningRules(languages=True))
