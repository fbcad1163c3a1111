"""Typing a translation: suggestions against sums over every way to spell a word."""

import math
import re
from typing import Any

import numpy as np
import pytest
from tests.translator.models import write_random
from tests.translator.test_search import END, ENDS, PIECES, START, network_of

from foreword.errors import SettingsError
from foreword.translator import typist as typing
from foreword.translator.demands import Ids, Pieces, is_writable
from foreword.translator.translator import Translator
from foreword.translator.typist import TranslationTypist

SOURCE = (3, 4)
A, JOINED_B, B, AB = 3, 4, 5, 6
"""The sub-words " a", "b", " b" and " ab"."""


def encode(text: str) -> list[int]:
    """The usual sub-words of "a", "b" and "ab"."""
    return [{"a": A, "b": B, "ab": AB}[word] for word in text.split()]


def probability(seed: int, ids: Ids) -> np.ndarray:
    """P of each sub-word after some, read anew."""
    network = network_of(seed)
    memory, states = network.encode(np.array([*SOURCE, END])[:, None], np.array([3]))
    for index in (START, *ids):
        step = network.step(np.array([index]), states, memory)
        states = step.states
    return np.exp(network.log_probabilities(step.features)[0].astype(np.float64))


def ends_word(seed: int, ids: Ids) -> float:
    """The probability that the word is over: what comes next is not "b". The start never comes."""
    p = probability(seed, ids)
    return float(p[[END, A, B, AB]].sum())


@pytest.mark.parametrize("seed", range(3))
def test_a_word_has_the_probability_of_all_its_spellings_given_the_letters(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typing, "SMALLEST_SHARE", 1e-9)
    typist = TranslationTypist(network_of(seed), ENDS, Pieces(PIECES), encode, SOURCE)
    first = probability(seed, (B,))
    after_a = probability(seed, (B, A))
    begins = first[A] + first[AB]
    a = first[A] * ends_word(seed, (B, A)) / begins
    ab = first[A] * after_a[JOINED_B] * ends_word(seed, (B, A, JOINED_B))
    ab = (ab + first[AB] * ends_word(seed, (B, AB))) / begins
    suggestions = {one.text: one for one in typist.suggest("b a", k=9)}
    assert suggestions["ab"].probability == pytest.approx(ab, rel=1e-4)
    assert suggestions["ab"].accepted("b a") == "b ab"
    following = suggestions[" b"]
    next_b = probability(seed, (B, A))[[A, B, AB]]
    wanted = next_b[1] * ends_word(seed, (B, A, B)) / next_b.sum()
    assert following.probability == pytest.approx(a * wanted, rel=1e-4)
    assert following.accepted("b a") == "b a b"


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_a_phrase_has_the_probability_of_its_words_one_after_the_other(seed: int) -> None:
    typist = TranslationTypist(network_of(seed), ENDS, Pieces(PIECES), encode, SOURCE)
    words = {one.word: one.probability for one in typist.suggest("b ", k=9)}
    phrases = [one for one in typist.suggest("b ", k=9, phrases=True) if " " in one.word]
    assert phrases
    for phrase in phrases:
        first, *others = phrase.word.split()
        before = (B, *encode(first))
        chance = words[first] / ends_word(seed, before)
        for word in others:
            for index in {"a": (A,), "b": (B,), "ab": (AB,)}[word]:
                chance *= probability(seed, before)[index]
                before = (*before, index)
        chance *= ends_word(seed, before)
        assert phrase.probability == pytest.approx(chance, rel=1e-3)
        assert phrase.accepted("b ") == f"b {phrase.word}"


def test_answers_depend_on_the_text_alone() -> None:
    network = network_of(4)

    def new() -> TranslationTypist:
        return TranslationTypist(network, ENDS, Pieces(PIECES), encode, SOURCE)

    typist = new()
    for text in ("", "a", "a ", "a b", "a ", "b a", ""):
        one = [(s.text, round(s.probability, 5)) for s in typist.suggest(text)]
        other = [(s.text, round(s.probability, 5)) for s in new().suggest(text)]
        assert one == other


def test_a_typist_that_remembers_little_answers_alike_and_does_not_read_the_text_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, rows = network_of(4), []
    whole = network.step

    def counted(ids: np.ndarray, *more: Any) -> Any:
        rows.append(len(ids))
        return whole(ids, *more)

    monkeypatch.setattr(network, "step", counted)
    answers, read = [], []
    for kept in (500, 8):
        typist = TranslationTypist(network, ENDS, Pieces(PIECES), encode, SOURCE, kept=kept)
        rows.clear()
        answers.append([typist.suggest("a " * count) for count in range(20)])
        read.append(len(rows))

    assert answers[0] == answers[1]
    assert read[1] <= 1.5 * read[0]


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    return Translator.load(write_random(tmp_path_factory.mktemp("models") / "model"))


@pytest.mark.parametrize("text", ["", "the ", "the ca", "Xyz", "the cat, ", "\ud800 "])
def test_suggestions_continue_what_is_typed(translator: Translator, text: str) -> None:
    typist = translator.typist("die Katze saß")
    suggestions = typist.suggest(text, k=5)
    assert 0 < len(suggestions) <= 5
    assert all(one.accepted(text).startswith(text) for one in suggestions)
    assert math.fsum(one.probability for one in suggestions) <= 1 + 1e-6
    assert len({one.accepted(text) for one in suggestions}) == len(suggestions)


def test_the_rest_makes_the_greedy_translation_with_that_prefix(translator: Translator) -> None:
    typist = translator.typist("die Katze saß")
    for text in ("", "the ", "the ca"):
        whole = translator.translate("die Katze saß", prefix=text, beams=1).text
        assert text + typist.rest(text) == whole


@pytest.mark.parametrize("text", ["a\x1b", "a\nb", "\x00", "a\x7f b", "%s %s", "\ufffd", "x" * 500])
@pytest.mark.parametrize("source", ["the cat", "the {n} %s cat <b>"])
def test_whatever_is_typed_the_rest_is_a_text(
    translator: Translator, source: str, text: str
) -> None:
    """No translation holds a control character; then there is none."""
    rest = translator.typist(source).rest(text)
    assert rest.isprintable()
    assert rest == "" or is_writable(text)


def test_a_typist_takes_a_line_and_offers_at_least_a_word(translator: Translator) -> None:
    with pytest.raises(SettingsError, match="single line"):
        translator.typist("a\nb")
    with pytest.raises(SettingsError, match="k must be"):
        translator.typist("a").suggest("", k=0)
    assert translator.typist("").suggest("the ")


def test_placeholders_of_the_source_are_suggested_each_once(translator: Translator) -> None:
    typist = translator.typist('die <a href="x"> Katze {name}')
    for text, wanted in (("the {na", "{name}"), ("the <", '<a href="x">')):
        (first,) = [one for one in typist.suggest(text, k=9) if one.word == wanted]
        assert first.accepted(text) == f"the {wanted}"
    assert "{name}" not in {one.word for one in typist.suggest("{name} {na", k=9)}
    for text in ("", "the {na", '<a href="x"> the'):
        whole = text + typist.rest(text)
        assert (whole.count("{name}"), whole.count('<a href="x">')) == (1, 1)


def test_a_suggested_name_is_not_joined_to_other_words(translator: Translator) -> None:
    typist = translator.typist("Łódź lag <b>auf</b> der Katze")
    for text in ("Łó", "the Ł", "", "the "):
        for one in typist.suggest(text, k=20, phrases=True):
            assert not re.search(r"\wŁódź|Łódź\w", one.accepted(text))
    assert typist.suggest("the Łó")[0].word == "Łódź"
    for text in ("", "the "):
        assert "</b>" not in {one.word for one in typist.suggest(text, k=20)}


def test_a_placeholder_with_spaces_is_completed_wherever_its_letters_end(
    translator: Translator,
) -> None:
    typist = translator.typist('die <a href="x"> Katze, Łódź Żuk Ćwik')
    for text in ("the Ł", "the Łódź ", "the Łódź Ż", "the Łódź Żuk Ćwi"):
        assert typist.suggest(text)[0].accepted(text) == "the Łódź Żuk Ćwik"
        assert (text + typist.rest(text)).count("Łódź Żuk Ćwik") == 1
    assert typist.suggest("<a hr")[0].accepted("<a hr") == '<a href="x">'
    assert "Łódź Żuk Ćwik" not in {one.accepted("Ł") for one in typist.suggest("Łódź Ćwi", 9)}


def test_alternatives_are_other_words_after_the_same_beginning(translator: Translator) -> None:
    typist = translator.typist("die Katze saß")
    text = "the (cat's mat"
    start, end, others = typist.alternatives(text, 6, k=4)
    assert text[start:end] == "cat's"
    wanted = [one.accepted("the (") for one in typist.suggest("the (", k=4)]
    assert [one.accepted(text[:end]) for one in others] == wanted
    assert "the (cat's" not in wanted
    assert typist.alternatives(text, 3).suggestions == []


def test_a_look_is_the_attention_before_a_word_summed_over_each_source_word() -> None:
    class Pointing(type(network_of(1))):  # type: ignore[misc]
        """Looks at one sub-word of the source after each other one of the translation."""

        def step(self, ids: np.ndarray, states: Any, memory: Any) -> Any:
            looked = {START: 0, A: 1, B: 2}
            attention = np.stack([np.eye(3)[looked[int(index)]] for index in ids])[:, None]
            return super().step(ids, states, memory)._replace(attention=attention)

    network = network_of(1)
    network.__class__ = Pointing
    typist = TranslationTypist(network, ENDS, Pieces(PIECES), encode, (A, B))
    a, b, following = typist.looks("a b")
    assert a == (0, 1, (1.0, 0.0))
    assert b == (2, 3, (0.0, 1.0))
    assert following == (3, 3, (0.0, 0.0))  # at the end of the source, which is no word
    assert typist.words("a b") == [(0, 1), (2, 3)]


def test_a_source_that_is_too_long_is_refused(translator: Translator) -> None:
    with pytest.raises(SettingsError, match="sub-words, but at most 512"):
        translator.typist("Katze " * 10_000)


@pytest.mark.parametrize("seed", range(3))
def test_what_follows_a_word_is_left_out_only_where_likelier_words_fill_the_list(
    seed: int,
) -> None:
    typist = TranslationTypist(network_of(seed), ENDS, Pieces(PIECES), encode, SOURCE)
    for text in ("a", "b", "b a", "a ab"):
        everything = typist.suggest(text, k=9)
        for k in (1, 2):
            few = typist.suggest(text, k)
            assert [one.text for one in few] == [one.text for one in everything[:k]]
            for one, other in zip(few, everything, strict=False):
                assert one.probability == pytest.approx(other.probability, rel=0.05)
