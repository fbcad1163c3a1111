"""The letters that the C library expects next, against Python's, for any text."""

import ctypes
import random

import numpy as np
import pytest
from tests.core.library import CModel, Letter, Library
from tests.core.test_typist import EVERYDAY
from tests.core.typed_texts import ROUNDING, model_of, random_words, texts_of
from tests.needs import needs

from foreword.folder.store import read_folder
from foreword.predictor.next_letter import Letters
from foreword.predictor.predictor import Predictor

pytestmark = needs("c_library")


def assert_same(ours: Letters, theirs: Letters, text: str) -> None:
    assert set(ours) == set(theirs), text
    shares = [[letters[letter] for letter in theirs] for letters in (ours, theirs)]
    np.testing.assert_allclose(*shares, rtol=ROUNDING, atol=1e-9, err_msg=text)
    ends = [letters.end_of_word for letters in (ours, theirs)]
    np.testing.assert_allclose(*ends, rtol=ROUNDING, err_msg=text)


@pytest.mark.parametrize(
    ("seed", "options"),
    [(0, {}), (1, {}), (2, {"case": "fold"}), (3, {"words": "spaces"}), (4, {"language": "tr"})],
)
def test_letters_are_those_of_python(library: Library, seed: int, options: dict) -> None:
    model = random_words(seed, (40, 150)[seed % 2], **options)
    draw = random.Random(seed)
    ours, theirs = CModel(library, model.files).typist(), model.predictor.typist()
    for text in ["", "q" * 500, *texts_of(draw, model, 20)]:
        ignore_case = draw.random() < 0.5
        letters = ours.letters(text, ignore_case=ignore_case)
        assert_same(letters, theirs.letters(text, ignore_case=ignore_case), text)


def test_a_model_without_rare_words_spells_unknown_ones(library: Library) -> None:
    model = model_of(["<unk>", "<eos>", "the", "then", ",", '"'])
    ours, theirs = CModel(library, model.files).typist(), model.predictor.typist()
    for text in ("", "th", "hen", 'then "', 'the "then', "the,", "the\n", "the "):
        assert_same(ours.letters(text), theirs.letters(text), text)


def test_the_everyday_model_expects_the_letters_that_it_does_in_python(library: Library) -> None:
    ours, theirs = CModel(library, EVERYDAY).typist(), Predictor(read_folder(EVERYDAY)).typist()
    for text in ("How are yo", "It costs 5 €", "p.m. ", "xqzv", "\u4f60\u597d", "I don't thi"):
        assert_same(ours.letters(text), theirs.letters(text), text)


def test_letters_come_in_order_and_leave_suggestions_as_they_are(library: Library) -> None:
    typist = CModel(library, random_words(0, 40).files).typist()
    letters, count = ctypes.POINTER(Letter)(), ctypes.c_size_t()
    before = typist.suggest("the snow")
    asked = (b"the snow", 0, ctypes.byref(letters), ctypes.byref(count), None)
    library.checked("typist_letters", typist.handle, *asked)
    shares = [one.probability for one in letters[: count.value]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert typist.suggest("the snow") == before


def test_what_stands_before_the_part_that_is_read_is_noticed_when_it_changes(
    library: Library,
) -> None:
    model = CModel(
        library, model_of(["<unk>", "<eos>", "how", "are", ".", "on"], case="fold").files
    )
    before, after = "on " * 682 + "arehow", "how are " * 300 + ". "
    of_line, within_line = f"{before}\n{after}", f"{before} {after}"
    typist = model.typist()
    # The first word of a line shows whether its writer begins sentences with a capital.
    assert typist.letters(of_line) != model.typist().letters(within_line)
    assert typist.letters(within_line) == model.typist().letters(within_line)
