"""Read translation memories: TMX 1.4b and earlier (LISA)."""

from collections.abc import Iterator

from foreword.text.forms.form import Opened
from foreword.text.pairs.languages import language
from foreword.text.pairs.pairs import PairForm, Unit
from foreword.text.pairs.segments import Segment, parts_of, root_is


def read_tmx(text: Opened) -> Iterator[Unit]:
    """Yield the units of a translation memory, in all languages that each has.

    Raises:
        TextError: the file is damaged; names the line.
    """
    source = ""  # the language of the originals: of the whole file, or of a unit
    unit_source, line = "", 0
    texts: dict[str, str] = {}
    tag = ""
    segment: Segment | None = None
    for event in parts_of(text):
        if event.kind == "begin":
            if event.name == "header":
                source = event.has.get("srclang", "")
            elif event.name == "tu":
                unit_source, line = event.has.get("srclang", source), event.line
                texts = {}
            elif event.name == "tuv":
                tag = event.has.get("lang", "")
            elif event.name == "seg":
                segment = Segment()
                continue
        elif event.kind == "end":
            if event.name == "seg" and segment is not None:
                texts.setdefault(tag, segment.text)
                segment = None
            elif event.name == "tu":
                if len(texts) < 2:
                    text.account.left_out["in one language only"] += 1
                    continue
                # The original first, the others as they come.
                order = sorted(texts, key=lambda held: language(held) != language(unit_source))
                yield Unit(line, tuple(order), tuple(map(texts.__getitem__, order)))
        if segment is not None:
            segment.add(event)


TMX = PairForm("tmx", "TMX", root_is("tmx"), read_tmx)
