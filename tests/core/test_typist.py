"""The typist of the C library against Python's: the same words, in the same order, for any text."""

import json
import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.core.library import ROOT, CError, CModel, CTypist, Library, compiled_example, mixed
from tests.core.test_library import configured
from tests.core.typed_texts import KINDS, assert_same, model_of, random_words, texts_of
from tests.needs import needs

from foreword.folder.files import read_tensors
from foreword.folder.store import read_folder, sha256
from foreword.predictor.mixed_typist import MixedTypist
from foreword.predictor.predictor import Predictor
from foreword.predictor.slips import AZERTY, QWERTY, QWERTZ
from foreword.predictor.typist import Typist

pytestmark = needs("c_library")

EVERYDAY = ROOT / "packages/everyday-en/src/foreword_everyday_en/model"


def assert_typed_alike(ours: CTypist, theirs: Typist, texts: Sequence[str], k: int = 3) -> None:
    for text in texts:
        assert_same(ours.suggest(text, k), theirs.suggest(text, k), text)


@pytest.mark.parametrize(("seed", "options"), list(enumerate(KINDS)))
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


def test_a_mixture_suggests_what_it_does_in_python(library: Library) -> None:
    models = [random_words(seed, 60) for seed in (1, 2)]
    ours = mixed([CModel(library, model.files) for model in models])
    theirs = MixedTypist([model.predictor for model in models])
    draw = random.Random(1)
    for text in [text for model in models for text in texts_of(draw, model, 15)]:
        assert_same(ours.suggest(text, 4), theirs.suggest(text, 4), text)


def test_what_a_mixture_cannot_do_is_told(library: Library) -> None:
    model = CModel(library, random_words(1, 40).files)
    with pytest.raises(CError, match="at least two models, not 1"):
        mixed([model])
    typist = mixed([model, model])
    with pytest.raises(CError, match="only suggests words"):
        typist.letters("the ")
    with pytest.raises(CError, match="only suggests words"):
        typist.trace("the ")


def test_phrases_are_those_of_python(library: Library) -> None:
    ours = CModel(library, EVERYDAY).typist(phrases=True)
    theirs = Predictor(read_folder(EVERYDAY)).typist()
    sentence = "Thank you so much for the invitation. I wll be there"
    offered = [ours.suggest(sentence[:end]) for end in range(len(sentence) + 1)]
    for end, suggestions in enumerate(offered):
        text = sentence[:end]
        assert_same(suggestions, theirs.suggest(text, phrases=True), text)
    assert any(" " in one.word for suggestions in offered for one in suggestions)


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


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="no /proc/self/smaps (Linux)")
def test_of_the_file_of_weights_only_what_is_used_there_stays_in_memory(
    library: Library, tmp_path: Path
) -> None:
    folder = shutil.copytree(EVERYDAY, tmp_path / "model")
    model = CModel(library, folder)
    model.typist().suggest("how are ")
    _, after = Path("/proc/self/smaps").read_text().split(f"{folder / 'model.safetensors'}\n")
    mapped = dict(line.split(":", 1) for line in after.splitlines()[:4])
    resident, whole = (int(mapped[name].removesuffix("kB")) for name in ("Rss", "Size"))
    # The rows of the output, which are the words' embeddings; the other weights are packed.
    rows = read_tensors(folder / "model.safetensors")[0]["embedding.weight"].nbytes / 1024
    assert resident < rows + (whole - rows) / 4


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
