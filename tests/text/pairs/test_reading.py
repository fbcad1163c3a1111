import gzip
from pathlib import Path

import pytest

from foreword.errors import SettingsError, TextError
from foreword.text.forms.form import Head
from foreword.text.pairs import gettext
from foreword.text.pairs.pairs import Pairs
from foreword.text.pairs.reading import read_pairs

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en" datatype="plaintext"/><body>
<tu><note>greeting</note>
  <tuv xml:lang="de-DE"><seg>Hallo <bpt i="1">{\\b </bpt>Welt<ept i="1">}</ept>!</seg></tuv>
  <tuv xml:lang="en-GB"><seg>Hello <hi>world</hi>!</seg></tuv></tu>
<tu><tuv lang="EN"><seg><ph>&lt;b&gt;</ph>A cat
   sleeps &amp; eats.</seg></tuv>
  <tuv lang="DE"><seg>Eine Katze schläft &amp; frisst.</seg></tuv></tu>
<tu><tuv lang="en"><seg>Alone.</seg></tuv></tu>
</body></tmx>
"""
XLIFF_1 = """<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file source-language="en" target-language="fr" original="a"><body><group>
<trans-unit id="1"><source>Open <g id="1">the</g> file <x id="2" equiv-text="{{name}}"/></source>
  <target>Ouvrir <g id="1">le</g> fichier <x id="2" equiv-text="{{name}}"/></target>
  <alt-trans><source>No</source><target>Non</target></alt-trans><note>Menu</note></trans-unit>
<trans-unit id="2"><source>Close</source>
  <target state="needs-review-translation">x</target></trans-unit>
<trans-unit id="3"><source>Save</source></trans-unit>
<trans-unit id="4" translate="no"><source>KDE</source><target>kde</target></trans-unit>
<trans-unit id="5"><source>One. Two.</source>
  <seg-source><mrk mtype="seg" mid="0">One.</mrk> <mrk mtype="seg" mid="1">Two.</mrk></seg-source>
  <target><mrk mtype="seg" mid="0">Un.</mrk>
  <mrk mtype="seg" mid="1">Deux.</mrk></target></trans-unit>
</group></body></file></xliff>
"""
XLIFF_2 = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0"
srcLang="en-US" trgLang="fr-FR">
<file id="f"><unit id="1"><originalData><data id="d">&lt;b&gt;</data></originalData>
<segment state="final"><source>Hello <pc id="1">big</pc> <ph id="2" dataRef="d"/>world.</source>
  <target>Bonjour le <pc id="1">grand</pc> monde.</target></segment>
<ignorable><source> </source><target> </target></ignorable>
<segment state="initial"><source>Later</source><target>Later</target></segment></unit>
<unit id="2" translate="no">
<segment><source>a</source><target>b</target></segment></unit></file></xliff>
"""
PO = r"""msgid ""
msgstr ""
"Language: de\n"
"Content-Type: text/plain; charset=iso-8859-1\n"

#: main.c
msgid "Open "
"file"
msgstr "Datei öffnen"

#, fuzzy
msgid "Close"
msgstr "Schlossen"

msgid "Quit"
msgstr ""

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d Datei"
msgstr[1] "%d Dateien"

#~ msgid "old"
#~ msgstr "alt"
"""


def written(folder: Path, **contents: str) -> list[Path]:
    paths = []
    for name, content in contents.items():
        path = folder / name.replace("__", ".")
        path.write_text(content, "utf-8")
        paths.append(path)
    return paths


def both(pairs: Pairs) -> list[tuple[str, str]]:
    return list(zip(pairs.sources, pairs.targets, strict=True))


def test_two_files_are_paired_line_by_line(tmp_path: Path) -> None:
    de, en = written(
        tmp_path,
        train__de="Ein Hund.\r\n\nZwei\x85\u2028Katzen.\n\n",
        train__en="A dog.\n\nTwo cats.",
    )

    pairs = read_pairs([de, en])

    assert both(pairs) == [("Ein Hund.", "A dog."), ("", ""), ("Zwei Katzen.", "Two cats.")]
    assert pairs.languages == ("de", "en")
    assert pairs.note == "lines: 3 pairs of de and en"
    assert pairs.where(2) == f"{de} and {en}, line 3"


def test_the_names_of_files_tell_which_is_the_source(tmp_path: Path) -> None:
    files = written(tmp_path, train__de="Hund\n", train__en="dog\n")

    assert both(read_pairs(files, languages=("en", "de"))) == [("dog", "Hund")]
    with pytest.raises(SettingsError, match=r"of fr and en: the files hold de \(1\), en \(1\)"):
        read_pairs(files, languages=("fr", "en"))


def test_files_whose_names_tell_no_language_are_given_source_first(tmp_path: Path) -> None:
    files = written(tmp_path, train__src="Hund\n", train__tgt="dog\n")

    assert read_pairs(files).languages == ("", "")
    assert both(read_pairs(files, languages=("de", "en"))) == [("Hund", "dog")]


def test_compressed_files_and_other_encodings_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.de.gz").write_bytes(gzip.compress("Männer\n".encode("cp1252")))
    (tmp_path / "a.en").write_bytes(b"men\n")

    pairs = read_pairs([tmp_path / "a.de.gz", tmp_path / "a.en"], encoding="cp1252")

    assert both(pairs) == [("Männer", "men")]


def test_files_of_unequal_lengths_are_refused_with_the_first_line_alone(tmp_path: Path) -> None:
    de, en = written(tmp_path, a__de="eins\nzwei\ndrei\nvier\n", a__en="one\ntwo\n")

    with pytest.raises(TextError) as refused:
        read_pairs([de, en])

    assert f"{de}, line 3: has no partner (“drei”): {de} has 4 lines, but {en} has 2" in str(
        refused.value
    )


def test_a_text_without_a_partner_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TextError, match=r"a\.de: .* has no partner"):
        read_pairs(written(tmp_path, a__de="eins\n"))


def test_anki_tables_have_pairs_and_attributions(tmp_path: Path) -> None:
    lines = 'Go.\tVa !\tCC-BY 2.0 (France)\n"Run!\tCours !\tCC-BY 2.0 (x)\n'
    (path,) = written(tmp_path, fra__txt=lines)

    pairs = read_pairs(path)

    assert both(pairs) == [("Go.", "Va !"), ('"Run!', "Cours !")]
    assert pairs.where(1) == f"{path}, line 2"


def test_tables_of_numbered_sentences_have_pairs_in_between(tmp_path: Path) -> None:
    (path,) = written(
        tmp_path, links__tsv="1\tHallo Welt\t77\tHello world\n2\tNein, danke\t8\tNo!\n"
    )

    assert both(read_pairs(path))[0] == ("Hallo Welt", "Hello world")


def test_a_header_names_columns_and_languages(tmp_path: Path) -> None:
    (path,) = written(
        tmp_path, a__csv='id,en,de,note\n1,"A dog, big",Ein Hund,so so good\n2,x y,z,\n'
    )

    pairs = read_pairs(path)

    assert (pairs.languages, both(pairs)[0]) == (("en", "de"), ("A dog, big", "Ein Hund"))
    assert both(read_pairs(path, columns="de,en"))[0] == ("Ein Hund", "A dog, big")
    assert both(read_pairs(path, columns="3,2"))[1] == ("z", "x y")
    with pytest.raises(SettingsError, match=r"a\.csv: has no column 'fr'"):
        read_pairs(path, columns="fr,en")


def test_a_table_that_does_not_show_its_pairs_is_refused(tmp_path: Path) -> None:
    (path,) = written(tmp_path, a__tsv="A dog.\tEin Hund.\tUn chien.\nHi.\tHallo.\tSalut.\n")

    with pytest.raises(TextError, match="3 of its columns hold sentences.*1: A dog.*--columns 1,2"):
        read_pairs(path)
    assert both(read_pairs(path, columns="1,3"))[1] == ("Hi.", "Salut.")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_translation_memories_are_read_without_their_codes(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "memory.xml"
    path.write_bytes(TMX.replace("UTF-8", encoding).encode(encoding))

    pairs = read_pairs(path)

    assert both(pairs) == [
        ("Hello world!", "Hallo Welt!"),
        ("<b>A cat sleeps & eats.", "Eine Katze schläft & frisst."),
    ]
    assert pairs.note == ("TMX: 2 pairs of en-GB and de-DE; left out: 1 in one language only")
    assert [pairs.where(0), pairs.where(1)] == [f"{path}, line 4", f"{path}, line 7"]
    assert both(read_pairs(path, languages=("de", "en")))[0] == ("Hallo Welt!", "Hello world!")


def test_of_a_memory_of_three_languages_two_are_to_be_named(tmp_path: Path) -> None:
    unit = "<tu>{}</tu>".format(
        "".join(f'<tuv xml:lang="{tag}"><seg>{tag}!</seg></tuv>' for tag in ("en", "de", "fr"))
    )
    (path,) = written(tmp_path, m__tmx=f"<tmx><body>{unit}</body></tmx>")

    with pytest.raises(SettingsError, match=r"en \(1\), de \(1\), fr \(1\).*--languages"):
        read_pairs(path)
    assert both(read_pairs(path, languages=("fra", "ger"))) == [("fr!", "de!")]


def test_localisation_files_are_read_with_what_is_finished(tmp_path: Path) -> None:
    (path,) = written(tmp_path, a__xlf=XLIFF_1)

    pairs = read_pairs(path)

    assert both(pairs) == [
        ("Open the file {{name}}", "Ouvrir le fichier {{name}}"),
        ("One.", "Un."),
        ("Two.", "Deux."),
    ]
    assert pairs.languages == ("en", "fr")
    assert "left out: 1 unfinished, 1 untranslated, 1 not to be translated" in pairs.note


def test_localisation_files_of_version_2_are_read(tmp_path: Path) -> None:
    (path,) = written(tmp_path, a__xlf=XLIFF_2)

    pairs = read_pairs(path)

    assert both(pairs) == [("Hello big world.", "Bonjour le grand monde.")]
    assert pairs.languages == ("en-US", "fr-FR")


def test_messages_of_programs_are_read_in_their_own_encoding(tmp_path: Path) -> None:
    path = tmp_path / "de.po"
    path.write_bytes(PO.encode("latin-1"))

    pairs = read_pairs(path, languages=("en", "de"))

    assert both(pairs) == [
        ("Open file", "Datei öffnen"),
        ("%d file", "%d Datei"),
        ("%d files", "%d Dateien"),
    ]
    assert "left out: 1 fuzzy, 1 untranslated, 1 obsolete" in pairs.note
    assert both(read_pairs(path, languages=("de", "en")))[0] == ("Datei öffnen", "Open file")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tmx", TMX.replace("</seg>", "", 1), r"a\.tmx: .* line 5"),
        ("a.tmx", TMX[:400], r"a\.tmx: .* line \d+"),
        ("a.tmx", TMX.replace('"tmx14.dtd"', '"x" [<!ENTITY a "b">]'), "line 2 declares an entity"),
        ("a.xlf", XLIFF_1.replace("</body>", ""), r"a\.xlf: .*mismatched tag: line \d+"),
        ("a.po", PO + '\nmsgid "Print\nmsgstr "Drucken"\n', r"a\.po, line 26: .*quotation mark"),
        ("a.po", PO + '\nmsgid "a"\nwrong\n', r"a\.po, line 27: .*no PO syntax"),
        ("a.xml", '<?xml version="1.0"?><html/>', "neither a translation memory"),
        ("a.tmx", "<tmx><body/></tmx>", "no pairs of sentences are here"),
    ],
)
def test_damaged_files_are_refused_with_file_and_line(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1" if name == "a.po" else "utf-8"))

    with pytest.raises(TextError, match=message):
        read_pairs(tmp_path / name)


def test_a_folder_gives_the_pairs_of_all_its_files_but_hidden_ones(tmp_path: Path) -> None:
    written(
        tmp_path, a__xlf=XLIFF_1, b__xlf=XLIFF_2, notes__txt="No pairs\n", __hidden__xlf=XLIFF_1
    )

    pairs = read_pairs(tmp_path)

    assert len(pairs) == 4
    assert "2 XLIFF files: 4 pairs" in pairs.note
    assert "1 with names that begin with a dot (.hidden.xlf)" in pairs.note
    assert "1 of no form of pairs" in pairs.note


def test_an_unknown_form_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no form 'tmxx' .* Did you mean tmx"):
        read_pairs(written(tmp_path, a__tmx=TMX), form="tmxx")


def test_many_beginnings_of_messages_are_not_each_searched_to_the_end() -> None:
    # Each beginning of so many, searched to the end, would be 200 thousand million characters.
    text = 'msgid "\n' * 200_000
    assert not gettext.PO.recognises(Head("many.po", text.encode(), text, whole=True))
