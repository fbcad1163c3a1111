import io
import zipfile
from pathlib import Path

import pytest

from foreword.errors import SettingsError, TextError
from foreword.text.corpus import find_sources


def lines_of(*paths: str | Path) -> list[str]:
    return [piece.text for source in find_sources(paths) for piece in source.read()]


def notes_of(*paths: str | Path, **options: str) -> list[str]:
    notes: list[str] = []
    find_sources(paths, tell=notes.append, **options)  # type: ignore[arg-type]
    return notes


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    for name in (
        *("note.md", "deep/other.txt", ".trash/deleted.md", ".obsidian/a.txt", ".hidden.txt"),
        *("node_modules/x/readme.md", "note.md~", "#note.md#", "deep/.git/b.txt", "__MACOSX/c.txt"),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name.strip('#~')}\n")
    (folder / "picture.png").write_bytes(b"\x89PNG\0")
    (folder / "script.py").write_text("import os\n")
    (folder / "broken.txt").write_bytes(b"\x7fELF\0\0")
    (folder / "old.txt").write_bytes("Grüße aus Köln\n".encode("cp1252"))
    return folder


def test_names_that_begin_with_a_dot_and_what_programs_keep_are_never_read(vault: Path) -> None:
    assert lines_of(vault) == ["deep/other.txt", "note.md"]


def test_what_begins_with_a_dot_is_read_where_it_is_named_itself(vault: Path) -> None:
    assert lines_of(vault / ".trash") == [".trash/deleted.md"]
    assert lines_of(vault / ".hidden.txt") == [".hidden.txt"]
    assert lines_of(f"{vault}/.tra*/*.md") == [".trash/deleted.md"]


@pytest.mark.parametrize("pattern", ["**/*.md", "*.md", "**/*", "*"])
def test_globs_do_not_match_what_begins_with_a_dot(pattern: str, vault: Path) -> None:
    actual = lines_of(f"{vault}/{pattern}")
    assert "note.md" in actual
    assert not any(
        ".trash" in line or ".hidden" in line or "node_modules" in line for line in actual
    )
    assert len(actual) == len(set(actual))


def test_what_was_not_read_is_told_by_reason(vault: Path) -> None:
    message = notes_of(vault)[-1]
    assert message.startswith("not read: ")
    for part in (
        "4 with names that begin with a dot",
        "1 .png (picture.png)",
        "1 .py (script.py)",
        "2 that cannot be read",
        "broken.txt: line 1, byte 4: holds a NUL",
        "old.txt: line 1, byte 2: 0xfc is not utf-8",
        "--encoding cp1252",
    ):
        assert part in message


def test_a_file_that_is_named_is_refused_instead(vault: Path) -> None:
    with pytest.raises(TextError, match="NUL"):
        lines_of(vault / "broken.txt")


def test_links_are_not_followed_out_of_a_folder_or_in_circles(vault: Path) -> None:
    outside = vault.parent / "outside"
    outside.mkdir()
    (outside / "private.txt").write_text("private\n")
    (vault / "link").symlink_to(outside)
    (vault / "private.txt").symlink_to(outside / "private.txt")
    (vault / "circle").symlink_to(vault)
    (vault / "again.txt").symlink_to(vault / "deep/other.txt")
    (vault / "deleted.md").symlink_to(vault / ".trash/deleted.md")
    (vault / "nowhere.txt").symlink_to(vault / "gone.txt")

    for named in (vault, f"{vault}/**/*"):
        actual = lines_of(named)
        assert sorted(actual) == ["deep/other.txt", "note.md"]
    assert "2 links that lead out of the folder (" in notes_of(vault)[-1]
    assert lines_of(vault / "private.txt") == ["private"]
    assert lines_of(vault / "link") == ["private"]


def test_a_folder_without_texts_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\0")
    with pytest.raises(TextError, match=r"no texts .* 1 \.png \(a\.png\)"):
        find_sources([tmp_path])


def test_a_zip_file_is_read_as_a_folder_is(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.txt", "inner\n")
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("b.txt", "b\n")
        archive.writestr("../a.txt", "a\n")
        archive.writestr(".hidden.txt", "hidden\n")
        archive.writestr("__MACOSX/._b.txt", "junk\n")
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("c.png", b"\x89PNG\0")
    assert lines_of(path) == ["a", "b"]
    assert not (tmp_path.parent / "a.txt").exists()
    message = notes_of(path)[-1]
    assert "1 .png (all.zip/c.png)" in message
    assert "1 .zip (all.zip/inner.zip)" in message


def test_a_zip_file_without_texts_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("c.png", b"\x89PNG\0")
    with pytest.raises(TextError, match=r"all.zip: holds no text that can be read \(1 .png"):
        find_sources([path])
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(TextError, match=r"all.zip: the archive is damaged"):
        find_sources([path])


def test_a_form_that_there_is_not_lists_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'word'.*whatsapp, mbox"):
        find_sources([tmp_path], read_as="word")


def test_more_files_than_a_process_may_open_are_read(tmp_path: Path) -> None:
    for number in range(1100):
        (tmp_path / f"{number:04}.html").write_text(f"<html><p>page {number}</p></html>")
    actual = lines_of(tmp_path)
    assert actual[0] == "page 0"
    assert len(actual) == 1100
    assert any(note.startswith("HTML page, 1,100 files") for note in notes_of(tmp_path))


def test_plain_text_has_no_speakers(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("some words\n")
    with pytest.raises(TextError, match=r"--speaker Ann: .*a.txt names nobody"):
        find_sources([path], speaker="Ann")


def test_mojibake_is_told_with_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("plain\nI donâ€™t know, itâ€™s a cafÃ©\n" + "more\n" * 10, encoding="utf-8")
    (message,) = notes_of(path)
    assert "a.txt: 3 places" in message
    assert "in line 2: “I donâ€™t know" in message
    assert "ftfy" in message


def test_wide_text_is_told_as_what_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("hello there\nyou\n".encode("utf-16-le"))
    assert notes_of(path) == ["a.txt: read as UTF-16-LE, as its zero bytes show"]


def test_lines_that_all_look_alike_are_told(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(
        "".join(f"2024-01-01 12:00:{n:02} INFO request {n}\n" for n in range(300)), "utf-8"
    )
    (message,) = notes_of(path)
    assert "log.txt: almost all lines look alike (100% of 300)" in message
    path.write_text("".join(f"{chr(97 + n % 26) * 9} {n} words\n" for n in range(300)), "utf-8")
    assert notes_of(path) == []
