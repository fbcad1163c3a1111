"""Read localisation files: XLIFF 1.2 and 2.x (OASIS)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from foreword.text.forms.form import Opened
from foreword.text.forms.xml_stream import Event
from foreword.text.pairs.pairs import UNKNOWN, PairForm, Unit
from foreword.text.pairs.segments import Segment, parts_of, root_is

_ASIDE = frozenset(
    {"alt-trans", "matches", "glossary", "note", "notes", "originalData", "bin-unit", "ignorable"}
)
"""Elements whose sources and targets are no sentences of the document."""
_UNFINISHED = ("new", "needs-", "initial")
"""The beginnings of the states of targets that are not translated, or must be reviewed."""
_UNIT = ("trans-unit", "segment")
"""The element of a sentence in XLIFF 1.2 and 2.x."""
_INHERITS = ("file", "group", "unit", "trans-unit")
"""Elements that may declare that their content must not be translated."""


def read_xliff(text: Opened) -> Iterator[Unit]:
    """Yield the sentences that are translated and not marked as unfinished.

    A unit that is divided into segments (`seg-source`) gives one pair for each segment.

    Raises:
        TextError: the file is damaged; names the line.
    """
    languages = (UNKNOWN, UNKNOWN)
    unit: _Unit | None = None
    aside = 0
    translates = [True]
    for event in parts_of(text):
        if event.kind != "text" and event.name in _ASIDE:
            aside += 1 if event.kind == "begin" else -1
            continue
        if aside:
            continue
        if event.kind == "begin":
            if event.name in ("xliff", "file"):
                has = event.has
                languages = (
                    has.get("source-language") or has.get("srcLang") or languages[0],
                    has.get("target-language") or has.get("trgLang") or languages[1],
                )
            if event.name in _INHERITS:
                translates.append(translates[-1] and event.has.get("translate") != "no")
            if event.name in _UNIT:
                unit = _Unit(event.line, event.has.get("state", ""))
                continue
        if unit is not None:
            unit.add(event)
            if event.kind == "end" and event.name in _UNIT:
                for line, source, target in unit.pairs():
                    if not translates[-1]:
                        text.account.left_out["not to be translated"] += 1
                    elif not target.strip():
                        text.account.left_out["untranslated"] += 1
                    elif unit.state.startswith(_UNFINISHED):
                        text.account.left_out["unfinished"] += 1
                    else:
                        yield Unit(line, languages, (source, target))
                unit = None
        if event.kind == "end" and event.name in _INHERITS:
            translates.pop()


@dataclass
class _Unit:
    """The content of a unit: its source and target, whole and by segment."""

    line: int
    state: str
    sides: dict[str, Segment] = field(default_factory=dict)
    segments: dict[tuple[str, str], Segment] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    _side: str = ""
    _open: list[str] = field(default_factory=list)
    """The ids of the open `mrk` elements; empty for those that are no segments."""

    def add(self, event: Event) -> None:
        if event.kind != "text" and event.name in ("source", "seg-source", "target"):
            self._side = event.name if event.kind == "begin" else ""
            if event.kind == "begin":
                self.sides[event.name] = Segment()
                self.state = event.has.get("state", self.state)
            return
        if not self._side:
            return
        if event.kind == "begin" and event.name == "mrk":
            mid = event.has.get("mid", "") if event.has.get("mtype") == "seg" else ""
            self._open.append(mid)
            if mid:
                self.segments[self._side, mid] = Segment()
                self.lines.setdefault(mid, event.line)
        elif event.kind == "end" and event.name == "mrk":
            self._open.pop()
        else:
            self.sides[self._side].add(event)
            for mid in filter(None, self._open):
                self.segments[self._side, mid].add(event)

    def pairs(self) -> Iterator[tuple[int, str, str]]:
        """Yield the line, the source and the target of each sentence."""
        mids = [mid for side, mid in self.segments if side == "seg-source"]
        if mids and any(side == "target" for side, _ in self.segments):
            for mid in mids:
                source = self.segments["seg-source", mid]
                target = self.segments.get(("target", mid), Segment())
                yield self.lines[mid], source.text, target.text
        else:
            yield (
                self.line,
                self.sides.get("source", Segment()).text,
                self.sides.get("target", Segment()).text,
            )


XLIFF = PairForm("xliff", "XLIFF", root_is("xliff"), read_xliff)
