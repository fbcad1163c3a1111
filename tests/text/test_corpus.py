import gzip
import io
import os
import re
import sys
import threading
from collections import Counter
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreword.errors import MissingExtraError, TextError
from foreword.text import corpus, decoding, lines
from foreword.text.corpus import chat_source, find_sources, messages_by_sender, text_source
from foreword.text.lines import Piece


def lines_of(source: corpus.Source) -> list[str]:
    actual, begun = [], ""
    for piece in source.read():
        begun += piece.text
        if piece.ends_line:
            actual.append(begun)
            begun = ""
    assert begun == ""
    return actual


def one(path: Path, **options: str) -> corpus.Source:
    (source,) = find_sources([path], **options)
    return source


def file(folder: Path, data: bytes, name: str = "text.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_lines_end_at_either_kind_of_newline_and_the_last_needs_none(tmp_path: Path) -> None:
    source = one(file(tmp_path, b"one\r\ntwo\n\nthree"))
    assert lines_of(source) == ["one", "two", "", "three"]
    assert lines_of(source) == ["one", "two", "", "three"]  # again


@settings(deadline=None)
@given(
    st.text(
        st.sampled_from("ab \r\n\v\x85\u2028")
        | st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
        max_size=200,
    )
)
def test_reading_in_blocks_gives_what_splitting_the_text_gives(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", 7)
        patch.setattr(lines, "LONGEST_PIECE", 7)
        actual = lines_of(text_source("text", text))
    expected = re.split("\r\n|[\n\v\f\r\x85\u2028\u2029]", text.removeprefix("\ufeff"))
    assert actual == (expected[:-1] if expected[-1] == "" else expected)


def test_a_line_of_ten_megabytes_comes_in_parts_cut_at_spaces() -> None:
    line = "word " * 2_000_000
    pieces = list(text_source("long", line + "\nnext\n").read())
    assert [p.ends_line for p in pieces[-2:]] == [True, True]
    assert pieces[-1] == Piece("next", ends_line=True)
    assert len(pieces) >= 9
    assert all(len(p.text) <= lines.LONGEST_PIECE for p in pieces)
    assert all(p.text.endswith(" ") for p in pieces[:-1])
    assert "".join(p.text for p in pieces[:-1]) == line


@pytest.mark.parametrize("space", ["\t", "\u3000", "\u00a0"])
def test_a_long_line_is_cut_at_white_space_of_any_kind(space: str) -> None:
    line = f"word{space}" * 500_000
    pieces = list(text_source("long", line).read())
    assert len(pieces) >= 2
    assert all(p.text.startswith("word") and p.text.endswith(space) for p in pieces)
    assert "".join(p.text for p in pieces) == line


def test_a_word_of_three_megabytes_is_cut_rather_than_held() -> None:
    pieces = list(text_source("long", "x" * 3_000_000).read())
    assert sum(len(p.text) for p in pieces) == 3_000_000
    assert max(len(p.text) for p in pieces) <= lines.LONGEST_PIECE


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = file(tmp_path, gzip.compress("gezipptes Wörtchen\n".encode()), "odd-name")
    assert lines_of(one(path)) == ["gezipptes Wörtchen"]


def test_folders_globs_and_files_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file(tmp_path, b"b\n", "b.txt")
    file(tmp_path, b"a\n", "a.md")
    file(tmp_path / "deep", gzip.compress(b"c\n"), "c.txt.gz")
    file(tmp_path, b"\0", "picture.png")

    from_folder = [line for s in find_sources([tmp_path]) for line in lines_of(s)]
    from_glob = [line for s in find_sources([f"{tmp_path}/*.txt"]) for line in lines_of(s)]
    from_both = find_sources([tmp_path / "b.txt", f"{tmp_path}/**/*.gz"])

    assert from_folder == ["a", "b", "c"]
    assert from_glob == ["b"]
    assert [Path(s.name).name for s in from_both] == ["b.txt", "c.txt.gz"]


def test_standard_input_can_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    (source,) = find_sources(["-"])
    assert lines_of(source) == ["one", "two"]
    assert lines_of(source) == ["one", "two"]
    assert source.name == "standard input"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_can_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"one\ntwo\n"], daemon=True)
    writer.start()
    source = one(pipe)
    writer.join(timeout=10)
    assert not writer.is_alive()
    assert lines_of(source) == ["one", "two"]
    assert lines_of(source) == ["one", "two"]


def test_bytes_are_counted_up_to_the_size(tmp_path: Path) -> None:
    for data in (b"x\n" * 900_000, gzip.compress(b"xyz\n" * 100_000)):
        source = one(file(tmp_path, data))
        counts: list[int] = []
        for _ in source.read(counts.append):
            pass
        assert sum(counts) == source.size == len(data)


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (b"fine\nal\xe9\n", ["text.txt, line 2, byte 7", "0xe9", "not utf-8", "--encoding"]),
        (b"fine\ncut \xe2\x82", ["line 2, byte 9", "0xe2"]),
        (b"a\nb\0c\n", ["line 2", "NUL", "binary"]),
        (b"\xef\xbb\xbfab\xff", ["line 1, byte 5", "0xff"]),
        (b"one\ntwo\0\n", ["line 2, byte 7", "NUL"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["text.txt, line 3, byte 8", "binary"]),
        (gzip.compress(b"hello\n" * 1000)[:-9], ["text.txt", "gzip", "cut short"]),
        (gzip.compress(b"hello\n")[:-8] + b"12345678", ["text.txt", "gzip", "damaged"]),
        (b"\x1f\x8b" + b"rubbish", ["text.txt", "gzip", "damaged"]),
    ],
    # Not of the bytes: those of gzip hold the second in which they were written.
    ids=[
        *("latin-1", "cut letter", "NUL", "after a BOM", "NUL in line 2", "picture"),
        *("gzip cut short", "gzip damaged", "gzip of rubbish"),
    ],
)
def test_unreadable_bytes_are_named_with_their_place(
    data: bytes, messages: list[str], tmp_path: Path
) -> None:
    source = one(file(tmp_path, data))
    with pytest.raises(TextError) as caught:
        list(source.read())
    for message in messages:
        assert message in str(caught.value)


def test_wide_text_that_nothing_shows_names_the_encodings_that_need_no_mark(tmp_path: Path) -> None:
    source = one(file(tmp_path, "你好".encode("utf-16-le")), encoding="utf-16")
    with pytest.raises(TextError, match=r"text.txt, line 1, byte 0: .*--encoding utf-16-le"):
        list(source.read())


def test_a_nul_in_wide_text_is_a_binary_file_too(tmp_path: Path) -> None:
    source = one(file(tmp_path, "a\nb\0".encode("utf-16")), encoding="utf-16")
    with pytest.raises(TextError, match="line 2: holds a NUL"):
        list(source.read())


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=6), st.integers(1, 9))
def test_the_place_of_a_wrong_byte_does_not_depend_on_the_blocks(
    lengths: list[int], block: int
) -> None:
    before = "".join("é" * length + "\n" for length in lengths).encode()
    data = before + b"ab\xff"
    source = corpus.Source("text", len(data), lambda: io.BytesIO(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", block)
        with pytest.raises(TextError, match=f"line {len(lengths) + 1}, byte {len(before) + 2}:"):
            list(source.read())


@pytest.mark.parametrize(
    ("text", "encoding", "line"),
    [
        ("one\rtwo\r", "utf-8", 3),
        ("one\r\ntwo\r\n", "utf-8", 3),
        ("one\u2028still one\x85still\n", "utf-8", 2),
        ("\u0a0a one\n", "utf-16", 2),  # whose two bytes both are those of a newline
    ],
)
@pytest.mark.parametrize("block", [2, 3, 1 << 20])
def test_lines_in_messages_are_counted_as_editors_count_them(
    text: str, encoding: str, line: int, block: int
) -> None:
    data = text.encode(encoding) + (b"\xff" if encoding == "utf-8" else b"\x00\xdc\x00\x00")
    source = corpus.Source("text", len(data), lambda: io.BytesIO(data), encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK_BYTES", block)
        with pytest.raises(TextError, match=f"line {line}, byte"):
            list(source.read())


def test_other_encodings_are_read_when_named(tmp_path: Path) -> None:
    for encoding in ("latin-1", "cp1252", "utf-16", "utf-16-le"):
        path = file(tmp_path, "Größe\nzwei\n".encode(encoding))
        assert lines_of(one(path, encoding=encoding)) == ["Größe", "zwei"]


def test_the_mark_that_editors_put_before_utf8_is_skipped(tmp_path: Path) -> None:
    assert lines_of(one(file(tmp_path, b"\xef\xbb\xbfhello\n"))) == ["hello"]


@pytest.mark.parametrize("path", ["missing.txt", "no-*.txt", "empty-folder"])
def test_paths_that_lead_nowhere_are_named(path: str, tmp_path: Path) -> None:
    (tmp_path / "empty-folder").mkdir()
    with pytest.raises(TextError, match=path.replace("*", r"\*")):
        find_sources([tmp_path / path])


def test_a_name_that_is_empty_or_too_long_is_refused() -> None:
    with pytest.raises(TextError, match="empty"):
        find_sources([""])
    with pytest.raises(TextError, match="^x{200}: cannot be read"):
        find_sources(["x" * 5000])


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", "undefined", "\0"])
def test_what_is_no_encoding_of_text_is_refused(encoding: str) -> None:
    with pytest.raises(TextError, match=r"there is no encoding .* Try utf-8"):
        find_sources(["-"], encoding=encoding)


def test_chats_that_are_not_installed_are_named_with_the_command_that_brings_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(corpus, "distribution", missing)
    with pytest.raises(MissingExtraError, match=r'chat corpus .*pip install "foreword\[train\]"'):
        chat_source("train")


def test_reading_the_chats_does_not_import_their_package() -> None:
    list(chat_source("test").read())
    assert "chitchat_dataset" not in sys.modules


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert lines_of(one(file(tmp_path, b""))) == []


def test_the_carried_chats_are_split_by_chat_without_overlap() -> None:
    parts = {split: lines_of(chat_source(split)) for split in ("train", "valid", "test")}
    total = sum(map(len, parts.values()))
    assert total > 250_000
    assert 0.88 < len(parts["train"]) / total < 0.92
    assert "Hello" in parts["train"]
    assert all("\n" not in line and line.strip() for line in parts["valid"])
    # Long messages are hardly ever said twice: few of them may stand in two parts.
    long = {split: {line for line in lines if len(line) > 60} for split, lines in parts.items()}
    assert len(long["train"] & long["test"]) < 0.01 * len(long["test"])


def test_the_messages_of_all_senders_are_the_lines_of_the_chats() -> None:
    people = messages_by_sender("test")
    assert len(people) > 100
    messages = [message for of_sender in people.values() for message in of_sender]
    assert Counter(messages) == Counter(lines_of(chat_source("test")))
