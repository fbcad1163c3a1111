"""The everyday model's training text, in a repository's own package."""

import doctest
import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from foreword.errors import TextError
from foreword.folder.config import FolderConfig, ModelConfig
from foreword.folder.store import Folder
from foreword.text.tokenizer import Tokenizer, TokenizerConfig


@pytest.fixture(scope="module")
def text(everyday: Callable[[str], ModuleType]) -> ModuleType:
    return everyday("text")


@pytest.fixture
def small(text: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The texts in a folder, a hundred lines each, and chats of a few lines."""

    def chats(split: str) -> Iterator[str]:
        return (f"chat {number} for the {split} part" for number in range(100))

    monkeypatch.setattr(text, "chats", chats)
    monkeypatch.setattr(text, "examples", lambda: iter(["an example of how words are used"]))
    for one in text.TEXTS:
        with gzip.open(tmp_path / f"{one.name}.txt.gz", "wt", encoding="utf-8") as file:
            file.writelines(f"{one.name} dont  say {number} of these\n" for number in range(100))
    return text


def parts_of(text: ModuleType, folder: Path) -> list[list[str]]:
    paths = [folder / f"{split}.txt" for split in ("train", "valid", "test")]
    text.write_parts(folder, *paths)
    return [path.read_text("utf-8").splitlines() for path in paths]


def test_each_text_is_taken_as_often_as_it_is_told(small: ModuleType, tmp_path: Path) -> None:
    train, valid, test = parts_of(small, tmp_path)

    lines = Counter(line.split()[0] for line in [*train, *valid, *test])
    assert lines["an"] == 1
    for one in small.TEXTS:
        assert abs(lines[one.name] - 100 * one.taken) <= (0 if one.taken % 1 == 0 else 20)
    assert Counter(line for line in train if line.startswith("chat")) == {
        f"chat {number} for the train part": 2 for number in range(100)
    }
    assert "star" not in lines
    assert "casino" not in lines


def test_lines_are_mended_and_mixed_in_the_same_order_always(
    small: ModuleType, tmp_path: Path
) -> None:
    train, _, _ = parts_of(small, tmp_path)

    assert any(line.startswith("sgd don't say") for line in train)
    assert parts_of(small, tmp_path)[0] == train
    names = [line.split()[0] for line in train]
    first, last = Counter(names[: len(names) // 2]), Counter(names[len(names) // 2 :])
    assert all(first[name] > 0 and last[name] > 0 for name in ("chat", "tatoeba", "sgd"))


def test_a_line_that_is_held_out_is_held_out_wherever_it_stands(text: ModuleType) -> None:
    lines = [f"Shall we meet at {number} then?" for number in range(5000)]

    parts = Counter(map(text.split_of, lines))

    assert 2 <= parts["valid"] <= 25
    assert 2 <= parts["test"] <= 25
    assert [text.split_of(f" {line.upper()}") for line in lines] == [
        text.split_of(line) for line in lines
    ]


def test_greetings_are_never_held_out(text: ModuleType) -> None:
    assert {text.split_of(f"Hello number {number}") for number in range(3000)} == {"train"}


def test_listed_misspellings_have_a_meaning_that_is_none_itself(text: ModuleType) -> None:
    listed = text.misspelled()

    assert all(wrong == wrong.casefold() for wrong in listed)
    assert not [meant for meant in listed.values() if meant.casefold() in listed]


def test_words_run_together_and_slips_of_common_words_are_no_rare_words(
    text: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "examples", lambda: iter(["a zither is not a castle"]))
    monkeypatch.setattr(text, "lemmas", lambda: frozenset({"castle", "zebra", "zither"}))
    path = tmp_path / "train.txt"
    lines = [*["of the castle in the night"] * 40, *["ofthe zebra"] * 2, *["a night is"] * 200]
    path.write_text("\n".join(lines), "utf-8")
    words = ["<unk>", "<eos>", "the", "of", "in", "night", "a", "is", "not"]
    model = ModelConfig(name="rnn", vocab_size=len(words), embedding_size=4, hidden_size=4)
    config = FolderConfig(format_version=1, model=model, tokenizer=TokenizerConfig())
    weights = {"embedding.weight": np.random.default_rng(1).normal(size=(len(words), 4))}
    folder = Folder(config, weights, Tokenizer(words, TokenizerConfig()))

    assert text.rare_words(path, folder) == ["castle", "zebra", "zither"]


def test_the_examples_of_the_module_hold(
    text: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "index.noun").write_text("pony n 1\nstudy n 1\n", "latin-1")
    (tmp_path / "index.verb").write_text("make v 1\nstudy v 1\nhappen v 1\n", "latin-1")
    monkeypatch.setattr(text, "WORDNET", tmp_path)
    text.lemmas.cache_clear()
    result = doctest.testmod(text)
    text.lemmas.cache_clear()

    assert result.attempted > 2
    assert result.failed == 0


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("i dont know, im sure", "I don't know, I'm sure"),
        ("Dont! DONT", "Don't! Don't"),
        ("i’ll do what i'd do", "I'll do what I'd do"),
        ("well, its ill, were id", "well, its ill, were id"),
        ("@im i/o wii #lets i_m", "@im i/o wii #lets i_m"),
        ("Beleive it  or not, i recieved it", "Believe it or not, I received it"),
        ("everytime on the 22nd", "everytime on the 22nd"),
        ("teh_x becuase's hte2", "teh_x becuase's hte2"),
    ],
)
def test_only_what_has_no_other_reading_is_mended(
    text: ModuleType, written: str, meant: str
) -> None:
    assert text.mended(written) == meant


def test_examples_are_cut_from_glosses_and_long_ones_made_sentences(
    text: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "data.verb").write_text(
        "  1 This software and database is being provided to you, the LICENSEE, by  \n"
        '00001740 29 v 01 breathe 0 | draw air; "I can breathe better when the air is clean"; '
        '"clean air"; "he breathed deeply there"; "is it not so, then?"\n',
        encoding="latin-1",
    )

    assert list(text.examples(tmp_path)) == [
        "I can breathe better when the air is clean.",
        "he breathed deeply there",
        "Is it not so, then?",
    ]


def test_without_wordnet_it_is_said_what_to_install(text: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(TextError, match="wordnet-base"):
        list(text.examples(tmp_path))
