"""Misspellings found in a vocabulary whose words come with vectors of their use."""

import numpy as np
import pytest

from foreword.text.case import Case
from foreword.text.misspellings import COMMON, OF_NETWORKS, OF_NGRAMS, Rule, find

Pair = tuple[str, str]

SYLLABLES = [f"{a}{b}{c}" for a in "bcdfghklmnp" for b in "aeiou" for c in "bdfgklmnprstvwxyz"]
OTHERS = [a + b for a in SYLLABLES[:17] for b in SYLLABLES[::11]]
"""Words of six letters, more than are common, by which no real word is one slip away."""


def actual(
    *pairs: Pair, alike: float, rule: Rule = OF_NETWORKS, before: int = 0, after: int = 0
) -> dict[str, str]:
    """What is found where the first of each pair is rare, the second common.

    Args:
        pairs: of words.
        alike: how alike the two are used, 0 to 1.
        rule: which counts.
        before: other words that are commoner than the common ones.
        after: of others, those that are rarer than the rare ones.
    """
    rare, common = zip(*pairs, strict=True)
    last = len(OTHERS) - after
    words = ["<unk>", "<eos>", *OTHERS[:before], *common, *OTHERS[before:last], *rare]
    words += OTHERS[last:]
    vectors = np.random.default_rng(1).normal(size=(len(words), 60))
    for one, other in pairs:
        position = words.index(one)
        vectors[position] = alike * vectors[words.index(other)] + (1 - alike) * vectors[position]
    return find(words, vectors, Case.of(words), rule)


SLIPS = (
    *(("becuase", "because"), ("wierd", "weird"), ("teh", "the"), ("recieve", "receive")),
    *(("begining", "beginning"), ("untill", "until"), ("goverment", "government")),
    *(("quelqeu", "quelque"), ("Freind", "friend"), ("hillarious", "hilarious")),
)


@pytest.mark.parametrize("rule", [OF_NETWORKS, OF_NGRAMS])
def test_a_word_one_slip_away_from_a_far_commoner_one_used_alike_is_a_misspelling(
    rule: Rule,
) -> None:
    assert actual(*SLIPS, alike=0.6, rule=rule) == dict(SLIPS)


def test_a_word_two_common_slips_away_is_a_misspelling_if_it_is_used_alike() -> None:
    pairs = (("definetly", "definitely"), ("dissapointed", "disappointed"))
    assert actual(*pairs, alike=0.6) == dict(pairs)
    assert actual(*pairs, alike=0.0, before=300) == {}


def test_words_that_differ_by_two_other_letters_or_by_an_ending_are_none() -> None:
    pairs = (("superhuman", "superman"), ("rereading", "reading"), ("illnesses", "illness"))
    assert actual(*pairs, alike=0.6) == {}


def test_a_word_that_is_used_otherwise_is_none() -> None:
    pairs = (
        *(("tow", "two"), ("form", "from"), ("trail", "trial"), ("casual", "causal")),
        *(("angel", "angle"), ("diner", "dinner"), ("quite", "quiet"), ("untied", "united")),
    )
    assert actual(*pairs, alike=0.0, before=300) == {}


def test_endings_apostrophes_and_british_spellings_are_none() -> None:
    pairs = (
        *(("cats", "cat"), ("liked", "like"), ("its", "it's"), ("we're", "were"), ("an", "a")),
        *(("favourite", "favorite"), ("travelled", "traveled"), ("realise", "realize")),
        *(("computer's", "computers"), ("colour", "color"), ("marvellous", "marvelous")),
    )
    assert actual(*pairs, alike=0.6) == {}


def test_common_words_are_none() -> None:
    after = len(OTHERS) - COMMON + 10
    assert actual(("wierd", "weird"), alike=0.9, after=after) == {}


def test_words_that_differ_as_many_others_do_are_inflected() -> None:
    # The last pair alone is far apart in how common it is.
    stems = [f"{syllable}ar" for syllable in SYLLABLES[:30]]
    forms = [form for stem in stems for form in (f"{stem}ons", f"{stem}ions")]
    words = ["<unk>", "<eos>", "avons", *OTHERS, *forms, "avions"]
    vectors = np.random.default_rng(1).normal(size=(len(words), 60))
    vectors[-1] = vectors[2]

    def misspelt(rows: list[int]) -> dict[str, str]:
        return find([words[row] for row in rows], vectors[rows], Case(), OF_NETWORKS)

    assert misspelt([*range(len(words))]) == {}
    uninflected = [row for row, word in enumerate(words) if not word.endswith("arions")]
    assert misspelt(uninflected) == {"avions": "avons"}


def test_a_misspelling_of_a_misspelling_stands_for_the_word_meant() -> None:
    pairs = (("definately", "definitely"), ("definatley", "definately"))
    words = ["<unk>", "<eos>", "definitely", *OTHERS[:COMMON], "definately"]
    words += [*OTHERS[COMMON:], *SYLLABLES, "definatley"]
    vectors = np.random.default_rng(1).normal(size=(len(words), 60))
    for one, other in pairs:
        vectors[words.index(one)] += 2 * vectors[words.index(other)]

    assert find(words, vectors, Case(), OF_NETWORKS) == dict.fromkeys(
        ("definately", "definatley"), "definitely"
    )


def test_a_word_without_a_vector_is_told_by_its_letters() -> None:
    words = ["<unk>", "<eos>", "government", *OTHERS]
    vectors = np.random.default_rng(1).normal(size=(len(words), 60))

    misspelt = find([*words, "governmnet", "governance"], vectors, Case(), OF_NETWORKS)

    assert misspelt == {"governmnet": "government"}
