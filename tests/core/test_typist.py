"""The typist of the C library against Python's: the same words, in the same order, for any text."""

import json
import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.core.library import ROOT, CError, CModel, CTypist, Library, compiled_example
from tests.core.test_library import configured
from tests.needs import needs
from tests.predictor.test_compiled_network import random_model
from tests.predictor.test_core import SPACINGS, STYLES, TYPED
from tests.predictor.test_core import vocabulary as vocabulary_of

from foreword.folder.architecture import format_version
from foreword.folder.config import FolderConfig
from foreword.folder.saving import _files
from foreword.folder.store import Folder, read_folder, sha256
from foreword.predictor.predictor import Predictor
from foreword.predictor.slips import AZERTY, QWERTY, QWERTZ
from foreword.predictor.suggest import Suggestion
from foreword.predictor.typist import Typist
from foreword.text.spacing import USUAL, Spacing
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

pytestmark = needs("c_library")

EVERYDAY = ROOT / "packages/everyday-en/src/foreword_everyday_en/model"
ROUNDING = 2e-5
"""The relative difference of probabilities that float32 may make."""


@dataclass(frozen=True)
class Model:
    """A model in Python, and the files that the library reads."""

    predictor: Predictor
    files: dict[str, bytes]


def model_of(
    vocabulary: Sequence[str],
    *,
    seed: int = 0,
    rare: Sequence[str] = (),
    misspellings: dict[str, str] | None = None,
    spacing: Spacing = USUAL,
    **options: str,
) -> Model:
    """A model with these words and random weights."""
    config, weights = random_model("lstm", (len(vocabulary), 6, 12, 1), seed=seed)
    # Larger than training begins with, so that words differ clearly in probability.
    weights = {name: 4 * values for name, values in weights.items()}
    tokenizer = Tokenizer(vocabulary, TokenizerConfig(**options), spacing=spacing)
    whole = FolderConfig(
        format_version=format_version(config, "float32", tokenizer.config),
        model=config,
        tokenizer=tokenizer.config,
    )
    files = _files(whole, weights, tokenizer, "", rare, misspellings or {})
    folder = Folder(whole, weights, tokenizer, tuple(rare), misspellings or {})
    return Model(
        Predictor(folder, threads=1), {name: b"".join(parts) for name, parts in files.items()}
    )


def random_words(seed: int, size: int, **options: str) -> Model:
    """A model of hostile words, some of which are misspellings, and with rare words."""
    draw = random.Random(seed)
    words = vocabulary_of(draw, size)
    if options.get("case") == "fold":
        words = list(dict.fromkeys(word.lower() for word in words))
    wrong = draw.sample(words[2:], 4)
    meant = [word for word in words[2:] if word not in wrong]
    misspellings = {one: draw.choice(meant) for one in wrong[:3]}
    misspellings[wrong[3]] = f"{draw.choice(meant)} {draw.choice(meant)}"
    absent = {f"{draw.choice(words[2:])}{end}" for end in ("q", "qé", "'q")}.difference(words)
    misspellings |= {one: draw.choice(meant) for one in sorted(absent)}
    rare = sorted({f"{word}{end}" for word in meant[:40] for end in ("x", "ety", "'é")})
    rare = sorted({word for word in rare if word not in words}, key=lambda w: (w.casefold(), w))
    spacing = replace(SPACINGS[seed % 2], style=STYLES[seed % 2], abbreviations={"dr": (9, 1)})
    return model_of(
        words, seed=seed, rare=rare, misspellings=misspellings, spacing=spacing, **options
    )


def assert_same(ours: list[Suggestion], theirs: list[Suggestion], text: str) -> None:
    assert [one._replace(probability=0) for one in ours] == [
        one._replace(probability=0) for one in theirs
    ], text
    shares = [[one.probability for one in offered] for offered in (ours, theirs)]
    np.testing.assert_allclose(*shares, rtol=ROUNDING, err_msg=text)


def assert_typed_alike(ours: CTypist, theirs: Typist, texts: Sequence[str], k: int = 3) -> None:
    for text in texts:
        assert_same(ours.suggest(text, k), theirs.suggest(text, k), text)


PARTS = (
    *TYPED,
    *("The", "teh", "dont", "Lik", "tomorow", "O'B", "STRA", "l'", "L'e", "dell'o", "SNO", "i"),
    *(
        "lik",
        "snwo",
        "likelysnow",
        "theylike",
        "naiv",
        "Naïve",
        "déj",
        "dej",
        "하",
        "학ㅛ",
        "한국어",
    ),
    *(
        "天气，",
        "ไทย",
        "。",
        "😀",
        "❤️",
        "👩‍🚀",
        "!",
        "?",
        "¿",
        "(",
        "“",
        "”",
        "–",
        "-",
        "--",
        "...",
    ),
    *("\r\n", "\n\n", "\u2029", "\u2064", "1.5", "10:", "http://a.b", "@", "#tag", "\u200b"),
    *(" ", " ", " ", " ", " ", " ", ", ", ". ", "! "),
)


def texts_of(draw: random.Random, model: Model, count: int) -> list[str]:
    """Texts of words of the model and other parts, with the keys that type some of their ends."""
    words = model.predictor.tokenizer.words[2:]
    texts: list[str] = []
    for _ in range(count):
        parts = draw.choices(PARTS, k=draw.randrange(5))
        parts += [f"{draw.choice(words)} " for _ in range(draw.randrange(4))]
        draw.shuffle(parts)
        word = draw.choice((str, str.lower, str.title, str.upper))(draw.choice(words))
        text = "".join(parts) + slipped(draw, word)
        texts += [text[:end] for end in range(max(0, len(text) - draw.randrange(4)), len(text) + 1)]
    return texts


def slipped(draw: random.Random, word: str) -> str:
    """The word, or one with a slip."""
    at = draw.randrange(len(word) + 1)
    slips = (word, word, word[:at] + word[at + 1 :], word[:at] + "e" + word[at:])
    return draw.choice(
        (*slips, word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :])
    )


@pytest.mark.parametrize(
    ("seed", "options"),
    [
        (0, {}),
        (1, {}),
        (2, {"case": "fold"}),
        (3, {"words": "spaces"}),
        (4, {"language": "tr"}),
        (5, {"lines": "paragraph", "language": "nl"}),
    ],
)
def test_suggestions_are_those_of_python(library: Library, seed: int, options: dict) -> None:
    model = random_words(seed, (40, 150)[seed % 2], **options)
    draw = random.Random(seed)
    ours = CModel(library, model.files).typist()
    assert_typed_alike(ours, model.predictor.typist(), texts_of(draw, model, 60))


@pytest.mark.parametrize(("layout", "keys"), [(0, QWERTY), (1, QWERTZ), (2, AZERTY)])
def test_options_are_those_of_python(library: Library, layout: int, keys: object) -> None:
    words = ("the", "that", "shit", "Sheet", "shut's", "then", "thaw", "tea")
    model = model_of(["<unk>", "<eos>", *words])
    given = {"tolerant": layout > 0, "offensive": layout > 1, "blocked": ["Shut", "TEA"]}
    ours = CModel(library, model.files).typist(layout=layout, **given)
    theirs = model.predictor.typist(layout=keys, **given)
    texts = ["", "s", "sh", "shi", "shr", "tha", "thz", "tez", "qtha", "Shut", "tehn", "sheer"]
    assert_typed_alike(ours, theirs, texts, k=9)


def test_the_everyday_model_suggests_what_it_does_in_python(library: Library) -> None:
    ours, theirs = CModel(library, EVERYDAY).typist(), Predictor(read_folder(EVERYDAY)).typist()
    sentence = "How are you? i definatly dont know alot, itwas Dr. Smih's idea"
    assert_typed_alike(ours, theirs, [sentence[:end] for end in range(len(sentence) + 1)])
    edits = [
        *(
            "How are you? i dont",
            "how ar",
            "",
            "It costs 5 €",
            "I met Wh",
            "p.m. ",
            "xqzv",
            "Xqzv ",
        ),
        *("THIS IS GRE", "“I do", "thisisgood ", "recieved teh ", "I ❤ ", "😀 th", "the\nthe\n\n"),
        *("one two-thre", "a" * 300, "jump" * 12, "schön", "été ", "\u4f60\u597d"),
    ]
    assert_typed_alike(ours, theirs, edits, k=5)


def test_the_end_of_a_long_text_is_read(library: Library) -> None:
    model = random_words(6, 60)
    draw = random.Random(6)
    text = ""
    while len(text) < 6200:
        text += draw.choice((*model.predictor.tokenizer.words[2:], "\n")) + " "
    ours = CModel(library, model.files).typist()
    ends = [4000, 4095, 4096, 4097, 6143, 6144, 6150]
    assert_typed_alike(ours, model.predictor.typist(), [text[:end] for end in ends])


FEW_WORDS = ("<unk>", "<eos>", "I", "would", "like", "how", "are")


def test_bytes_that_are_no_text_are_read_as_one_character_each(library: Library) -> None:
    model = CModel(library, model_of(FEW_WORDS).files)
    (first, *_) = model.typist().suggest(b"\xff\xe2\x82 I would li", 1)
    assert (first.word, first.text, first.replaces) == ("like", "like", 2)
    assert model.typist().suggest(b"\xff\xff ") == model.typist().suggest("\ufffd\ufffd ")


def test_typists_outlive_their_model_and_do_not_share_what_they_read(library: Library) -> None:
    model = CModel(library, model_of(FEW_WORDS).files)
    one, other = model.typist(), model.typist()
    library.model_free(model.handle)
    del model.handle
    before = one.suggest("how are ")
    other.suggest("I would ")
    assert one.suggest("how are ") == before


def test_a_typist_goes_on_after_an_error(library: Library) -> None:
    typist = CModel(library, model_of(FEW_WORDS).files).typist()
    before = typist.suggest("how are ")
    with pytest.raises(CError, match="k must be at least 1"):
        typist.suggest("I would ", 0)
    assert typist.suggest("how are ") == before


def test_a_layout_that_there_is_not_is_refused(library: Library) -> None:
    model = CModel(library, model_of(FEW_WORDS).files)
    with pytest.raises(CError, match="no layout of keys with the number 3"):
        model.typist(layout=3)


@pytest.mark.parametrize("options", [{"segmenter": "icu"}, {"lines": "wrapped"}])
def test_a_model_whose_text_the_library_cannot_cut_has_no_typist(
    library: Library, options: dict[str, str]
) -> None:
    model = CModel(library, model_of(["<unk>", "<eos>", "a"], **options).files)
    with pytest.raises(CError, match=r"ICU|wrapped"):
        model.typist()


MARK = {"before": [1, 0], "after_word": [1, 0], "after_space": [1, 0]}
MARK = {**MARK, "space_before": " ", "space_after": " ", "ends": None}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rare.txt", "b\na\n", r"rare.txt cannot be used: line 2 is not in alphabetical order"),
        ("rare.txt", "a\nb\u202e\n", "line 2 holds a character that a terminal would obey"),
        ("spacing.json", "{", "spacing.json is not JSON"),
        ("spacing.json", {"version": 2, "marks": {}}, "version 2; this Foreword reads up to 1"),
        ("spacing.json", {"version": True, "marks": {}}, "its version must be 1"),
        ("spacing.json", {"version": 1}, "it lacks marks"),
        ("spacing.json", {"version": 1, "marks": {}, "x": 1}, "unknown key x"),
        ("spacing.json", {"version": 1, "marks": {"!" * 9: MARK}}, "is no mark"),
        ("spacing.json", {"version": 1, "marks": {"!": {**MARK, "ends": 1}}}, "ends must be"),
        ("spacing.json", {"version": 1, "marks": {"!": {**MARK, "before": [1]}}}, "two whole"),
        ("spacing.json", {"version": 1, "marks": {"!": {**MARK, "before": [1, -1]}}}, "two whole"),
        ("spacing.json", {"version": 1, "marks": {"!": {**MARK, "space_after": "x"}}}, "one space"),
        ("spacing.json", {"version": 1, "marks": {}, "style": {"dash": "x"}}, "no such mark"),
        ("spacing.json", {"version": 1, "marks": {}, "abbreviations": {"a b": [1, 1]}}, "no word"),
        ("misspellings.json", {"version": 1}, "it lacks misspellings"),
        ("misspellings.json", {"version": 1, "misspellings": {"a": "c"}}, "c is no word of the"),
        ("misspellings.json", {"version": 1, "misspellings": {"c": "a b"}}, "c is not in the"),
        ("misspellings.json", {"version": 1, "misspellings": {"c d": "a"}}, "c d is not in the"),
        ("misspellings.json", {"version": 1, "misspellings": {"": "a"}}, "is not in the"),
        ("misspellings.json", {"version": 1, "misspellings": {"<unk>": "a"}}, "<unk> is no word"),
        ("misspellings.json", {"version": 1, "misspellings": {"a": "b c"}}, "c is no word of the"),
        ("misspellings.json", {"version": 1, "misspellings": {"a": 1}}, "is no text"),
        (
            "misspellings.json",
            {"version": 1, "misspellings": {"a": "b", "b": "a"}},
            "a misspelling itself",
        ),
    ],
)
def test_a_file_on_words_that_cannot_be_used_is_refused_with_the_reason(
    library: Library, name: str, content: object, message: str
) -> None:
    files = model_of(["<unk>", "<eos>", "a", "b"]).files
    data = (content if isinstance(content, str) else json.dumps(content)).encode()
    checksums = json.loads(files["config.json"])["checksums"] | {name: sha256(data)}
    model = CModel(library, configured({**files, name: data}, {"checksums": checksums}))
    with pytest.raises(CError, match=message):
        model.typist()


@needs("compiler")
def test_the_example_types(tmp_path: Path, small_model: Path) -> None:
    program, text = compiled_example("typing", tmp_path), "how a"
    run = subprocess.run([program, small_model, text], capture_output=True, text=True, check=True)
    typist = Predictor(read_folder(small_model)).typist()
    *_, last = keys = [typist.suggest(text[:end]) for end in range(1, len(text) + 1)]
    expected = [
        f"{text[:end]}:" + "".join(f" {one.word} ({one.probability:.0%})" for one in offered)
        for end, offered in enumerate(keys, 1)
    ]
    expected = [line.replace("%)", " %)") for line in expected]
    assert run.stdout.splitlines() == [*expected, last[0].accepted(text)]
    assert len((ROOT / "native/examples/typing.c").read_text().splitlines()) <= 60
