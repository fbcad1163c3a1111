"""Where a translation is typed in PO and XLIFF files, and what is suggested there."""

from pathlib import Path

import pytest
from tests.translator.models import write_random

from foreword.editor.document import Document, Position
from foreword.editor.editor import Editor, Settings
from foreword.editor.targets import target_at
from foreword.translator.translator import Translator

ENTRY = '#: a.c:3\nmsgctxt "menu"\nmsgid "the \\"cat\\" sat"\n'
PLURAL = 'msgid "one file"\nmsgid_plural "%d files"\nmsgstr[0] "a"\n'
WRAPPED = 'msgid ""\n"the cat "\n"sat\\n"\n"on a mat"\n'
UNIT = '<trans-unit id="1"><source>the <g id="1">cat</g> &amp;\n  dog</source>\n'


@pytest.mark.parametrize(
    ("before", "source", "typed"),
    [
        (ENTRY + 'msgstr "', 'the "cat" sat', ""),
        (ENTRY + 'msgstr "die \\"Ka', 'the "cat" sat', 'die "Ka'),
        (ENTRY.replace("\n", "\r\n") + 'msgstr "die', 'the "cat" sat', "die"),
        (ENTRY + 'msgstr ""\n"die Katze "\n"sa', 'the "cat" sat', "die Katze sa"),
        (PLURAL.removesuffix('msgstr[0] "a"\n') + 'msgstr[0] "e', "one file", "e"),
        (PLURAL + 'msgstr[1] "%d D', "%d files", "%d D"),
        (WRAPPED + 'msgstr "die', "the cat sat", "die"),
        (WRAPPED + 'msgstr ""\n"die Katze\\n"\n"auf', "on a mat", "auf"),
        (ENTRY + 'msgstr "a"\n\nmsgid "dog"\nmsgstr "H', "dog", "H"),
    ],
)
def test_a_msgstr_has_the_source_above_it(before: str, source: str, typed: str) -> None:
    target = target_at("file:///de.po", "", before)
    assert target is not None
    assert (target.source, target.typed) == (source, typed)


@pytest.mark.parametrize(
    "before",
    [
        "",
        ENTRY,
        'msgid "the ca',
        'msgid ""\n"the ca',
        ENTRY + 'msgstr "done"',
        ENTRY + 'msgstr "done"\n',
        'msgid ""\nmsgstr ""\n"Language: ',
        '"loose',
        "# a comment",
        WRAPPED + 'msgstr "a\\nb\\nc',
    ],
)
def test_nothing_is_a_translation_elsewhere_in_a_po_file(before: str) -> None:
    assert target_at("de.po", "", before) is None


@pytest.mark.parametrize(
    ("before", "typed"),
    [
        (UNIT + "<target>", ""),
        (UNIT + '<target state="new">der <g id="1">Hu', 'der <g id="1">Hu'),
        (UNIT + "<target>\n   der\n   Hund ", "der Hund "),
        (UNIT + "<target/>", None),
        (UNIT + "<target>a</target>", None),
        (UNIT + "<target>a <g id", None),
        (UNIT, None),
        ("<target>", None),
        (UNIT + "<target>a</target></trans-unit><trans-unit><target>", None),
    ],
)
def test_a_target_has_the_source_of_its_unit(before: str, typed: str | None) -> None:
    target = target_at("de.xlf", "xml", f"<xliff><file>{before}")
    assert (target and target.typed) == typed
    assert target is None or target.source == 'the <g id="1">cat</g> &amp; dog'


def test_an_editor_completes_translations_with_the_source_in_sight(tmp_path: Path) -> None:
    folder = write_random(tmp_path / "de-en")
    editor = Editor(Settings(model=str(folder), k=3))
    lines = ['msgid "die \\"Katze\\" {name}"', 'msgstr "the \\"ca"']
    editor.open("en.po", Document("\n".join(lines), "utf-16", "po"))
    position = Position(1, len(lines[1]) - 1)

    question = editor.ask("en.po", position)

    assert question is not None
    typist = Translator.load(folder).typist('die "Katze" {name}')
    words = typist.suggest('the "ca', 3)
    offers = question.words()
    assert [one.suggestion.probability for one in offers] == [one.probability for one in words]
    for offer, word in zip(offers, words, strict=True):
        written = lines[1][: offer.start.column] + offer.suggestion.text
        assert written == 'msgstr "' + word.accepted('the "ca').replace('"', '\\"')
    (ghost, *_) = question.ghosts()
    assert ghost.suggestion.text == typist.rest('the "ca').replace('"', '\\"')
    assert "{name}" in ghost.suggestion.text
    assert (ghost.start, ghost.end) == (position, position)
    assert editor.ask("en.po", Position(0, 9)) is None


def test_next_words_are_suggested_outside_of_translations(
    tmp_path: Path, small_model: Path
) -> None:
    folder = write_random(tmp_path / "de-en")
    editor = Editor(Settings(model=str(small_model), translator=str(folder)))
    text = UNIT + "<target>the </target><note>the </note>"
    editor.open("en.xlf", Document(text, "utf-16", "xml"))
    columns = [text.splitlines()[-1].index(end) for end in ("</target>", "</note>")]
    inside, outside = (editor.ask("en.xlf", Position(2, column)) for column in columns)
    assert inside is not None
    assert outside is not None
    assert inside.text == "the "
    assert outside.text.endswith("<note>the ")
