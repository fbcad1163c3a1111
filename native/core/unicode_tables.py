"""Writes the tables of characters that native/core reads, as C++.

    python native/core/unicode_tables.py FOLDER

Properties, case and decompositions are those of this Python's `unicodedata` and `str`, so that the
core reads text as the Python that it is built for. What Foreword itself says of characters
(typographic marks, invisible characters, plain forms) stands in `foreword.text` and is read from
there. Needs the standard library alone.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

SOURCES = Path(__file__).parents[2] / "src"
CHARACTERS = [chr(code) for code in range(0x110000)]

# Unicode's emoji-data.txt, which unicodedata lacks: the property includes code points that are kept
# for emoji to come, and has not changed since Unicode 13. A test compares it with Oniguruma's.
PICTOGRAPHIC = """
a9 ae 203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 2388 23cf 23e9-23f3 23f8-23fa 24c2
25aa-25ab 25b6 25c0 25fb-25fe 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271d
2721 2728 2733-2734 2744 2747 274c 274e 2753-2755 2757 2763-2767 2795-2797 27a1 27b0 27bf
2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299 1f000-1f0ff 1f10d-1f10f 1f12f
1f16c-1f171 1f17e-1f17f 1f18e 1f191-1f19a 1f1ad-1f1e5 1f201-1f20f 1f21a 1f22f 1f232-1f23a
1f23c-1f23f 1f249-1f3fa 1f400-1f53d 1f546-1f64f 1f680-1f6ff 1f774-1f77f 1f7d5-1f7ff 1f80c-1f80f
1f848-1f84f 1f85a-1f85f 1f888-1f88f 1f8ae-1f8ff 1f90c-1f93a 1f93c-1f945 1f947-1faff 1fc00-1fffd
"""


def main() -> None:
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(SOURCES))
    from foreword.predictor import filter as offensive
    from foreword.predictor import letters, sentences, spacing
    from foreword.text import case, characters, lines, segments
    from foreword.text import spacing as custom

    write(
        folder / "unicode_tables.inc",
        *properties(characters, segments, letters),
        *case_mappings(),
        *decompositions(characters._KINDS),
        *compositions(),
    )
    write(
        folder / "text_tables.inc",
        replacements("MARKS", characters.MARKS.items()),
        replacements("PLAIN_MARKS", keyed(characters._TO_PLAIN)),
        variants(characters._VARIANTS),
        character_set("LINE_ENDS", lines.LINE_ENDS),
    )
    write(
        folder / "letter_tables.inc",
        replacements("LATIN", case.LATIN.items()),
        replacements("KEYS", keyed(letters._KEYS)),
    )
    write(
        folder / "spacing_tables.inc",
        character_set("NO_SPACE_BEFORE", custom.NO_SPACE_BEFORE),
        character_set("NO_SPACE_AFTER", custom.NO_SPACE_AFTER),
        character_set("USUAL_ENDS", custom._USUAL_ENDS),
        character_set("OF_ADDRESSES", spacing._OF_ADDRESSES),
    )
    write(
        folder / "sentence_tables.inc",
        texts("ABBREVIATIONS", sentences._KNOWN),
        texts("TITLES", sentences._TITLES),
        texts("SMALL_ABBREVIATIONS", sentences._SMALL),
        texts("BEFORE_MORE", sentences._BEFORE_MORE),
        texts("HEARTS", sentences.HEARTS),
    )
    write(folder / "filter_tables.inc", utf8_texts("OFFENSIVE", offensive.offensive_words()))


def write(file: Path, *tables: str) -> None:
    """Writes a file unless it is so already, for then nothing is compiled again."""
    head = f"// Written by {Path(__file__).name}, from Unicode {unicodedata.unidata_version}.\n"
    content = head + "\n".join(tables) + "\n"
    if not file.is_file() or file.read_text(encoding="ascii") != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="ascii")


def properties(characters: ModuleType, segments: ModuleType, letters: ModuleType) -> Iterable[str]:
    """Yields ranges of characters with the same properties, and these properties."""
    joining = joining_before()
    after_letter = [f"A{c}Σ".lower()[-1] == "ς" for c in CHARACTERS]
    after_digit = [f"1{c}Σ".lower()[-1] == "ς" for c in CHARACTERS]
    flags: dict[str, Iterable[bool]] = {
        "DECIMAL": map(str.isdecimal, CHARACTERS),
        "DIGIT": map(str.isdigit, CHARACTERS),
        "ALPHANUMERIC": map(str.isalnum, CHARACTERS),
        "UPPER": map(str.isupper, CHARACTERS),
        "LOWER": map(str.islower, CHARACTERS),
        "SPACE": map(str.isspace, CHARACTERS),
        "CASED": after_digit,
        "CASE_IGNORABLE": (a and not b for a, b in zip(after_letter, after_digit, strict=True)),
        "WIDE": (unicodedata.east_asian_width(c) in "WF" for c in CHARACTERS),
        "PICTOGRAPHIC": matching(f"[{pictographic()}]"),
        "JOINS_BEFORE": joining,
        "CHANGES_IN_NFC": (unicodedata.normalize("NFC", c) != c for c in CHARACTERS),
        "INVISIBLE": matching(characters._INVISIBLE),
        "HAS_PLAIN_FORM": matching(f"[{characters._FORMS}]"),
        "UNSPACED": matching(segments._UNSPACED.pattern),
        "LEFT_OUT": matching(letters._LEFT_OUT.pattern),
    }
    categories = list(map(unicodedata.category, CHARACTERS))
    bits = [0] * len(CHARACTERS)
    for bit, flag in enumerate(flags.values()):
        bits = [sum_ | is_so << bit for sum_, is_so in zip(bits, flag, strict=True)]
    records: dict[tuple[str, int, int], int] = {}
    ranges: list[int] = []
    pages: list[int] = []
    last = -1
    classes = map(unicodedata.combining, CHARACTERS)
    for code, record in enumerate(zip(categories, classes, bits, strict=True)):
        index = records.setdefault(record, len(records))
        if index != last:
            ranges.append(code << 11 | index)
        if code % 256 == 0:
            pages.append(len(ranges) - 1)
        last = index
    assert len(records) < 1 << 11
    for bit, name in enumerate(flags):
        yield f'static_assert({name} == 1u << {bit}, "unicode.hpp has other flags");'
    rows = (f"{{Category::{category}, {k}, {flag}}}" for category, k, flag in records)
    yield array("Properties", "RECORDS", rows)
    yield array("std::uint32_t", "RANGES", map(str, ranges))
    yield array("std::uint16_t", "PAGES", map(str, [*pages, len(ranges) - 1]))


def pictographic() -> str:
    """Returns the ranges as in a regular expression."""
    ends = (part.split("-") for part in PICTOGRAPHIC.split())
    return "".join("-".join(f"\\U{int(end, 16):08x}" for end in pair) for pair in ends)


def joining_before() -> list[bool]:
    """Returns whether composition may join each character with what stands before it."""
    seconds = {*map(chr, range(0x1161, 0x1176)), *map(chr, range(0x11A8, 0x11C3))}  # Hangul
    seconds |= {chr(second) for _, second in pairs()}
    first = [unicodedata.normalize("NFD", character)[0] for character in CHARACTERS]
    return [
        begins in seconds or unicodedata.combining(begins) > 0 or character in seconds
        for character, begins in zip(CHARACTERS, first, strict=True)
    ]


def pairs() -> dict[tuple[int, int], int]:
    """Returns what composes two characters."""
    composed = {}
    for code, character in enumerate(CHARACTERS):
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and parts[0][0] != "<":
            first, second = (int(part, 16) for part in parts)
            if unicodedata.normalize("NFC", chr(first) + chr(second)) == character:
                composed[first, second] = code
    return composed


def case_mappings() -> Iterable[str]:
    """Yields runs of characters whose counterpart is as far away, and those that become several."""
    mappings: dict[str, Callable[[str], str]] = {
        "LOWER": str.lower,
        "UPPER": str.upper,
        "TITLE": str.title,
        "FOLD": str.casefold,
    }
    for name, mapping in mappings.items():
        single, several = [], {}
        for code, mapped in enumerate(map(mapping, CHARACTERS)):
            if mapped == CHARACTERS[code]:
                continue
            if len(mapped) == 1:
                single.append((code, ord(mapped) - code))
            else:
                several[code] = mapped
        runs: list[list[int]] = []  # first, count, stride, distance
        for code, distance in single:
            if runs and runs[-1][3] == distance:
                first, count, stride, _ = runs[-1]
                if count == 1 and code - first in (1, 2):
                    runs[-1][1:3] = 2, code - first
                    continue
                if count > 1 and code == first + count * stride:
                    runs[-1][1] += 1
                    continue
            runs.append([code, 1, 1, distance])
        yield array("CaseRun", f"{name}_RUNS", (braced(run) for run in runs))
        rows = (f"{{{code}, {braced(ord(c) for c in text)}}}" for code, text in several.items())
        yield array("CaseSpecial", f"{name}_SPECIALS", rows)


def decompositions(forms: Iterable[str]) -> Iterable[str]:
    """Yields each decomposition of one step; the characters lie in UTF-16."""
    rows: list[str] = []
    pool: list[int] = []
    for code, character in enumerate(CHARACTERS):
        parts = unicodedata.decomposition(character).split()
        if not parts:
            continue
        tag = parts.pop(0)[1:-1] if parts[0][0] == "<" else ""
        kind = {"": "CANONICAL", "compat": "COMPAT"}.get(tag, "FORM" if tag in forms else "OTHER")
        text = "".join(chr(int(part, 16)) for part in parts).encode("utf-16-be")
        units = [text[k] << 8 | text[k + 1] for k in range(0, len(text), 2)]
        rows.append(f"{{{code}, {len(pool)}, {len(units)}, Decomposed::{kind}}}")
        pool += units
    assert len(pool) < 1 << 16
    yield array("Decomposition", "DECOMPOSITIONS", rows)
    yield array("std::uint16_t", "DECOMPOSED", map(str, pool))


def compositions() -> Iterable[str]:
    rows = (f"{{{a}, {b}, {c}}}" for (a, b), c in sorted(pairs().items()))
    yield array("Composition", "COMPOSITIONS", rows)


def matching(pattern: str) -> list[bool]:
    """Returns whether each character matches a regular expression."""
    matches = [False] * len(CHARACTERS)
    for match in re.finditer(pattern, "".join(CHARACTERS)):
        matches[slice(*match.span())] = [True] * len(match[0])
    return matches


def keyed(table: dict[int, str]) -> Iterable[tuple[str, str]]:
    return ((chr(code), text) for code, text in table.items())


def replacements(name: str, items: Iterable[tuple[str, str]]) -> str:
    """Returns what replaces each character."""
    rows = (f"{{{ord(character)}, U{escaped(text)}}}" for character, text in sorted(items))
    return array("Replacement", name, rows)


def variants(marks: Mapping[str, Sequence[str]]) -> str:
    """Returns each plain mark with what may stand for it, the likeliest first."""
    rows = (f"{{U{escaped(plain)}, U{escaped(mark)}}}" for plain in marks for mark in marks[plain])
    return array("Variant", "VARIANTS", rows)


def texts(name: str, items: Iterable[str]) -> str:
    """Returns some texts, in order."""
    return array("std::u32string_view", name, (f"U{escaped(text)}" for text in sorted(items)))


def utf8_texts(name: str, items: Iterable[str]) -> str:
    """Returns some texts in UTF-8, in order."""
    encoded = (text.encode().decode("latin-1") for text in sorted(items))
    return array("std::string_view", name, map(escaped, encoded))


def character_set(name: str, items: Iterable[str]) -> str:
    """Returns the single characters among some texts, as one text."""
    text = "".join(sorted(item for item in items if len(item) == 1))
    return f"constexpr std::u32string_view {name} = U{escaped(text)};"


def braced(numbers: Iterable[int]) -> str:
    """Returns an initialiser of C++."""
    return f"{{{', '.join(map(str, numbers))}}}"


def escaped(text: str) -> str:
    """Returns a string literal of C++ without its prefix."""

    def one(character: str) -> str:
        if character.isascii() and character.isalnum():
            return character
        code = ord(character)
        return f"\\{code:03o}" if code < 0x100 else f"\\U{code:08x}"

    return f'"{"".join(map(one, text))}"'


def array(kind: str, name: str, rows: Iterable[str]) -> str:
    """Returns the definition of an array."""
    each = list(rows)
    lines = (", ".join(each[k : k + 8]) for k in range(0, len(each), 8))
    body = ",\n".join(lines)
    return f"constexpr {kind} {name}[] = {{\n{body}}};"


if __name__ == "__main__":
    main()
