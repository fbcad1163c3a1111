import json
import random

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import FolderError, SettingsError, TextError
from foreword.text.subwords import SLOT_CHARACTERS, SMALLEST, SPECIAL, Subwords, choose_size

LINES = [
    "Ein Mann in einem blauen Hemd steht auf einer Leiter und putzt ein Fenster.",
    "Zwei junge weiße Männer sind im Freien in der Nähe vieler Büsche.",
    "Ein Mann lächelt einen ausgestopften Löwen an.",
    "A man in a blue shirt is standing on a ladder cleaning a window.",
    "Two young, White males are outside near many bushes.",
    "A man is smiling at a stuffed lion (3 years old).",
]
SUBWORDS = Subwords.train(LINES, 400)


def pieces(text: str, subwords: Subwords = SUBWORDS) -> list[str]:
    return [subwords.bytes[index].decode("utf-8", "replace") for index in subwords.encode(text)]


@settings(max_examples=40, deadline=None)
@given(st.text() | st.text(" aé\n\u3000<⟨Ġ!1", max_size=12))
def test_any_text_survives_the_round_trip(text: str) -> None:
    assert SUBWORDS.decode(SUBWORDS.encode(text)) == text


@pytest.mark.parametrize("text", ["<pad> </s>", "".join(SPECIAL), "⟨end⟩", "Ġ Ċ"])
def test_text_that_spells_a_special_subword_is_ordinary(text: str) -> None:
    assert min(SUBWORDS.encode(text)) >= len(SPECIAL)
    assert SUBWORDS.decode(SUBWORDS.encode(text)) == text


def test_frequent_words_are_one_subword_with_the_space_before_them() -> None:
    assert pieces("Ein Mann (ein Mann!)")[:2] == [" Ein", " Mann"]


def test_letters_signs_and_digits_are_never_merged_with_each_other() -> None:
    subwords = Subwords.train(["x1,y 2024 2024 x1,y!! x1,y!! हिन्दी हिन्दी"] * 9, 500)

    assert pieces("x1,y 2024!! हिन्दी", subwords) == [
        *(" x", "1", ",", "y", " 2", "0", "2", "4", "!!", " हिन्दी")
    ]


def test_training_depends_on_neither_the_order_of_texts_nor_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shuffled = random.Random(1).sample(LINES, len(LINES))
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")

    assert Subwords.train(shuffled, 400).to_json() == SUBWORDS.to_json()


def test_the_size_is_at_most_what_was_asked_for() -> None:
    assert Subwords.train(LINES * 2, 300).size == 300
    assert Subwords.train(["a"], 400).size == SMALLEST
    with pytest.raises(SettingsError, match="too small: .* alone are 268"):
        Subwords.train(LINES, 200)


@pytest.mark.parametrize(("words", "size"), [(0, 512), (2_000, 832), (750_000, 5824)])
def test_the_size_grows_with_the_cube_root_of_the_words(words: int, size: int) -> None:
    assert choose_size(["a " * (words // 2)] * 2) == size


def test_the_file_alone_encodes_and_decodes_by_the_tokenizers_library() -> None:
    theirs = tokenizers.Tokenizer.from_str(SUBWORDS.to_json())
    text = "Zwei  Männer, 12 Löwen. 😂\n"

    assert theirs.encode(text).ids == SUBWORDS.encode(text)
    assert theirs.decode(SUBWORDS.encode(text)) == text


def test_what_was_written_is_read_again() -> None:
    read = Subwords.from_json(SUBWORDS.to_json(), path="subwords.json")

    assert (read.ids, read.merges) == (SUBWORDS.ids, SUBWORDS.merges)


def _changed(**changes: object) -> str:
    document = json.loads(SUBWORDS.to_json())
    return json.dumps(document | changes)


def _with_model(**changes: object) -> str:
    return _changed(model=json.loads(SUBWORDS.to_json())["model"] | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "has no merges"),
        (_with_model(merges=[["a", "bc"]]), "merge 1, .* is no pair of earlier sub-words"),
        (_with_model(merges=[["a", "b"], 3]), "merge 2, 3, is no pair"),
        (_with_model(merges=[["a", "b"]] * 2), "holds a merge twice"),
        (_with_model(dropout=0.1), "model differs"),
        (_with_model(vocab={"a": 0}), "model differs"),
        (_changed(added_tokens=[{"id": 0, "content": "a"}]), "added_tokens differs"),
        (_changed(pre_tokenizer=None), "pre_tokenizer differs"),
        (_changed(extra=1), "extra differs"),
    ],
)
def test_a_file_that_foreword_did_not_write_is_refused(text: str, message: str) -> None:
    with pytest.raises(FolderError, match=f"m/subwords.json.*{message}"):
        Subwords.from_json(text, path="m/subwords.json")


def test_a_slot_is_one_subword_wherever_it_stands() -> None:
    first, last = SLOT_CHARACTERS[0], SLOT_CHARACTERS[-1]
    text = f"{first} Ein {last}, Mann{first}{first}mann"

    ids = SUBWORDS.encode(text)

    assert [index for index in ids if index in SUBWORDS.slots] == [4, 11, 4, 4]
    assert SUBWORDS.decode(ids) == text


def test_text_that_is_no_unicode_is_refused_with_its_position() -> None:
    with pytest.raises(TextError, match=r"U\+DC80, is half of a surrogate pair"):
        SUBWORDS.encode("a b\udc80")
    with pytest.raises(TextError, match="character 3 of"):
        Subwords.train(["ab\ud800"], 400)


def test_bytes_that_are_no_text_decode_to_replacement_characters() -> None:
    half = SUBWORDS.encode("é😂")[:-1]

    assert SUBWORDS.decode(half).endswith("\ufffd")
