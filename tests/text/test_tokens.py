import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import TextError
from foreword.text import cutting
from foreword.text import tokens as tokens_module
from foreword.text.corpus import find_sources, text_source
from foreword.text.tokenizer import EOS_ID, Tokenizer, TokenizerConfig
from foreword.text.tokens import tokenise

LETTERS = ("a", "b", "c")


def tokenizer(words: str = "unicode") -> Tokenizer:
    return Tokenizer(["<unk>", "<eos>", *LETTERS], TokenizerConfig(words=words))


def test_every_line_ends_in_eos_and_blank_lines_are_left_out() -> None:
    tokens = tokenise([text_source("text", "a b\n\n  \nz c\n")], tokenizer())
    assert tokens.ids.tolist() == [2, 3, EOS_ID, 0, 4, EOS_ID]
    assert (tokens.lines, tokens.unknown, len(tokens)) == (2, 1, 6)


def test_blank_lines_of_pretokenised_text_count_as_the_literature_counts_them() -> None:
    tokens = tokenise([text_source("text", " \n = a = \n \n b \n")], tokenizer("spaces"))
    assert tokens.ids.tolist() == [1, 0, 2, 0, 1, 1, 3, 1]


def test_texts_follow_each_other_and_a_last_line_needs_no_newline() -> None:
    tokens = tokenise([text_source("one", "a"), text_source("two", "b\nc")], tokenizer())
    assert tokens.ids.tolist() == [2, 1, 3, 1, 4, 1]


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_words_are_counted_however_much_is_read_at_once(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "COUNTED_AT_ONCE", at_once)
    tokens = tokenise([text_source("text", "a b a\nz a\n")], tokenizer()).counts(6)
    assert tokens.tolist() == [1, 2, 3, 1, 0, 0]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([*LETTERS, "z"]), max_size=5), max_size=8), st.integers(1, 20)
)
def test_ids_and_checksum_do_not_depend_on_the_batches(lines: list[list[str]], size: int) -> None:
    source = text_source("text", "".join(" ".join(line) + "\n" for line in lines))
    expected = [
        index
        for line in lines
        if line
        for index in [*(LETTERS.index(w) + 2 if w in LETTERS else 0 for w in line), EOS_ID]
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "BATCH_CHARACTERS", size)
        tokens = tokenise([source], tokenizer())
    assert tokens.ids.tolist() == expected
    assert tokens.sha256 == hashlib.sha256(np.array(expected, dtype="<u4").tobytes()).hexdigest()


def test_a_line_in_parts_gets_one_eos() -> None:
    line = "a b c " * 200_000
    tokens = tokenise([text_source("long", line + "\nb\n")], tokenizer())
    assert tokens.lines == 2
    assert len(tokens) == 600_000 + 1 + 2


def test_ids_lie_in_a_file_that_is_gone_from_the_folder(tmp_path: Path) -> None:
    tokens = tokenise([text_source("text", "a b c\n")], tokenizer(), directory=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert isinstance(tokens.ids, np.memmap)
    assert not tokens.ids.flags.writeable


def test_ids_take_two_bytes_while_the_vocabulary_allows() -> None:
    large = Tokenizer(["<unk>", "<eos>", *map(str, range(70_000))], TokenizerConfig())
    assert tokenise([text_source("text", "a\n")], tokenizer()).ids.dtype == np.uint16
    tokens = tokenise([text_source("text", "69999\n")], large)
    assert tokens.ids.tolist() == [70_001, EOS_ID]


def test_an_empty_text_has_no_ids() -> None:
    assert len(tokenise([text_source("empty", "")], tokenizer())) == 0
    assert len(tokenise([], tokenizer())) == 0


def test_a_file_of_one_word_is_that_word_and_a_line_end() -> None:
    assert tokenise([text_source("one", "b")], tokenizer()).ids.tolist() == [3, EOS_ID]


def test_a_process_killed_while_it_reads_leaves_no_text_behind(tmp_path: Path) -> None:
    seen: list[list[Path]] = []
    source = text_source("text", "a b c\n" * 1000)
    tokenise(
        [source],
        tokenizer(),
        directory=tmp_path,
        progress=lambda done, total: seen.append(list(tmp_path.iterdir())),
    )
    # Nothing to find at any moment, so nothing is left when the process dies then.
    assert seen
    assert all(files == [] for files in seen)


def test_progress_reaches_the_whole_size(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("a b c\n" * 1000)
    seen: list[tuple[int, int | None]] = []
    tokenise(
        find_sources([path]), tokenizer(), progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (6000, 6000)


def test_a_binary_file_among_named_texts_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a b\n")
    (tmp_path / "b.txt").write_bytes(b"\x7fELF\0\0")
    with pytest.raises(TextError, match="b.txt"):
        tokenise(
            find_sources([tmp_path / "a.txt", tmp_path / "b.txt"]),
            tokenizer(),
            directory=tmp_path,
        )
