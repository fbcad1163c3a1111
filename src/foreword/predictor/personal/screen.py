"""What of a line of a person's text may be learned. Knows a vocabulary; no files, no counts.

A word is let in, rather than a secret kept out: if the vocabulary has it, or its letters look like
a word, and nothing near it announces a secret. Numbers are not learned, but for years and short
ordinals; capitals within a word only as names have them. A line is looked at chunk by chunk, as
white space separates it, and a chunk is learned whole or not at all. The rules are meant to refuse
too much rather than too little; `benchmarks/screening.py` counts their errors.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from foreword.predictor.personal.capitals import are_known, is_name
from foreword.predictor.personal.cues import Covered, Open, covered, may_announce, plain
from foreword.predictor.personal.plausible import Plausible
from foreword.predictor.personal.shapes import (
    DIGITS,
    EDGES,
    Kind,
    is_iban,
    looks_like,
    number_kind,
)

COMMON = 1_000
"""So many of the commonest words are no secret by themselves, though a cue stands near."""
LEAST_OF_KEY = 3
"""Groups of as many letters that are no words, one after the other, that are a key."""
LEAST_SPELLED = 4
"""Single letters, one after the other, that spell a word."""
PARTS_OF_PHRASE = 4
"""Words that are joined, from which on they are a password (correct-horse-battery-staple)."""
LONGEST_CAPITALS = 5
"""Letters of an abbreviation (NASA, HTTPS)."""
LONG = 18
"""Letters, from which on it is looked whether several words were written as one."""

_YEAR = re.compile(r"(?:19|20)\d\d(?:s|er)?")
_ORDINAL = re.compile(
    r"[1-9]\d?(?:st|nd|rd|th|er|re|e|ème|eme|nde?|de|ste|te|ten|:a|:e|[ºª°]|-[йяе])", re.IGNORECASE
)
_HYPHENED, _CAPITALS, _SMALL = (
    re.compile(letters) for letters in (r"[A-Z]{1,3}-[A-Z]{1,3}", "[A-Z]{2,4}", "[a-z]{2,4}")
)
"""Letters of licence plates, and of other numbers in groups."""
_NUMBERED = re.compile(r"[12]?\d\.|3[01]\.")
_PARTS = re.compile(r"[-'’/.,;:!?…&+()\[\]\"“”«»‘—–·\u200c\u200d\u05f3\u05f4]+")
_OF_ADDRESSES = frozenset(("@", "dot", "punkt", "."))
_JOINTS = frozenset("-–/.·")
_JOINERS = frozenset("\u200c\u200d\xad")
_EVERY_DAY = frozenset("aAiIyYeEoOuUàÀéèêóyıøæåöäüèxXвяиуоакс&")
_SHORT_UNITS = """
am pm ad bc ce bce eur usd gbp chf jpy kg km cm mm mb gb tb kb hz khz mhz ghz kw mw kwh mph kmh min
sec uhr tv pc cd dvd vs no nr st nd rd th ii iii iv vi
"""
_UNITS = frozenset(_SHORT_UNITS.split())
"""Short words that may stand beside a number."""
_LITTLE_WORDS = (
    "a and or to at in on of the is it by as if so my we he de la le et und y e o bis von"
)
_LITTLE = frozenset(_LITTLE_WORDS.split())
"""Words that may stand between two numbers."""


class Traits(NamedTuple):
    """A chunk by itself.

    Attributes:
        kind: why it is not let in, whatever stands beside it; None if it is.
        is_number: whether it may be a part of a number that is written with spaces.
        announces: whether it may be a part of a cue.
        of_address: whether it may be a part of an address that is written with spaces.
        of_key: letters, if it may be a group of a key that is written with spaces, else 0; -1 of a
            letter that is a word by itself.
    """

    kind: Kind | None
    is_number: bool
    announces: bool
    of_address: bool
    of_key: int

    @property
    def is_harmless(self) -> bool:
        """Whether it is let in whatever stands beside it, and announces nothing."""
        return self[:4] == (None, False, False, False) and self.of_key <= 0


@dataclass(frozen=True)
class Screened:
    """What of a line is refused.

    Attributes:
        refused: kinds of what is not learned, by the places of chunks, ascending.
        after: what the line leaves open for the next.
    """

    refused: dict[int, Kind] = field(default_factory=dict)
    after: Open = field(default_factory=Open)


class Screen:
    """The rules, for one vocabulary."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        """Takes the words that a model knows, the commonest first; without them, rules are left."""
        self._known = frozenset(words)
        self._common = frozenset(plain(word) for word in words[:COMMON])
        self._plausible = Plausible(words)
        self.form = lru_cache(maxsize=1 << 16)(self._form)
        self.traits = lru_cache(maxsize=1 << 16)(self._traits)

    # Words

    def refusal(self, word: str) -> Kind | None:
        """Why a word is not let in; None if it is. A number up to 31 may be an ordinal ("2.")."""
        if _YEAR.fullmatch(word) or _ORDINAL.fullmatch(word) or _NUMBERED.fullmatch(f"{word}."):
            return None
        return self.form(word)[0]

    def _form(self, chunk: str) -> tuple[Kind | None, bool]:
        """Why a chunk is not let in, whatever stands beside it; whether it may be of a number."""
        kind, is_number = looks_like(chunk)
        if kind is not None:
            return kind, is_number
        core = chunk.strip(EDGES)
        if not any(c.isalnum() for c in core):
            return None, False
        if self._knows(core):
            return None, False
        parts = [part for part in _PARTS.split(core) if part]
        if chunk.startswith("#"):
            parts = [hump for part in parts for hump in _humps(part)]
        kinds = [self._of_part(part) for part in parts]
        found = next((kind for kind in kinds if kind is not None), None)
        if found is None and (_is_passphrase(parts, core) or self._is_key(parts)):
            found = "token"
        return found, False

    def _of_part(self, part: str) -> Kind | None:
        """Why letters between joints are not let in."""
        if self._knows(part):
            return None
        if not _is_of_letters(part):
            return "unlikely"
        is_cased = part.lower() != part.upper()
        if is_cased and not (part.islower() or part.isupper() or part[1:].islower()):
            return None if are_known(part) and self._is_likely(part) else "unlikely"
        if part.isupper() and len(part) <= LONGEST_CAPITALS:
            return None
        if not self._is_likely(part):
            return "unlikely"
        return "token" if len(part) >= LONG and self._is_several(part) else None

    def _is_key(self, parts: Sequence[str]) -> bool:
        """Whether groups of as many letters each are joined to a key: VKJQX-WPZLM."""
        return (
            len(parts) > 1
            and len({len(part) for part in parts}) == 1
            and not any(self._knows(part) for part in parts)
            and sum(self._is_of_key(part) for part in parts) > len(parts) / 2
        )

    def _is_likely(self, part: str) -> bool:
        return is_name(part) or self._plausible.of(part)

    def _knows(self, word: str) -> bool:
        """Whether the vocabulary has it, in one case of letters or another."""
        known = self._known
        return word in known or word.lower() in known or word.capitalize() in known

    def _is_common(self, core: str) -> bool:
        return core in self._common or not self._common  # without a vocabulary nobody can tell

    def _is_several(self, part: str) -> bool:
        """Whether four and more known words were written as one."""
        text = part.lower()
        fewest = [0, *[len(text)] * len(text)]
        for end in range(3, len(text) + 1):
            starts = range(max(0, end - 12), end - 2)
            counts = [fewest[at] + 1 for at in starts if self._knows(text[at:end])]
            fewest[end] = min([fewest[end], *counts])
        return PARTS_OF_PHRASE <= fewest[-1] < len(text)

    # Lines

    def _traits(self, chunk: str) -> Traits:
        kind, is_number = self.form(chunk)
        core = chunk.strip(EDGES)
        small = core.lower()
        of_key = len(core) if self._is_of_key(core) else 0
        if len(core) == 1 and core.isalpha():
            of_key = -1 if core in _EVERY_DAY else 1
        return Traits(
            kind,
            is_number,
            may_announce(chunk),
            small in _OF_ADDRESSES or (small == "at" and core != chunk),
            of_key,
        )

    def screened(self, chunks: Sequence[str], before: Open | None = None) -> Screened:
        """What of a line is not learned, and why.

        Args:
            chunks: of the line, as white space separates them.
            before: what the line before has left open.
        """
        traits = [self.traits(chunk) for chunk in chunks]
        found = {place: one.kind for place, one in enumerate(traits) if one.kind is not None}
        cues = Covered()
        if before or any(one.announces for one in traits):
            cues = covered(chunks, self._is_common, before or Open())
        if any(one.is_number for one in traits) or cues.born:
            self._numbers(chunks, traits, found, cues)
        if any(one.of_address for one in traits):
            _mark_addresses(chunks, found)
        if any(one.of_key > 0 for one in traits):
            _mark_keys(traits, found)
        for place in cues.places:
            if any(c.isalnum() for c in chunks[place]) or place - 1 in cues.places:
                found[place] = "keyword" if found.get(place, "digits") == "digits" else found[place]
        return Screened(dict(sorted(found.items())), cues.after)

    def _numbers(
        self,
        chunks: Sequence[str],
        traits: Sequence[Traits],
        found: dict[int, Kind],
        cues: Covered,
    ) -> None:
        """Numbers that are written with spaces, and what stands in them; years that are let in."""
        for run in _runs(chunks, traits):
            run = self._with_letters_beside(chunks, traits, run)
            core = " ".join(chunks[place] for place in run).strip(EDGES)
            together = re.sub(r"[\W_]", "", core)
            digits = sum(c.isdigit() for c in core)
            if len(run) > 1 and is_iban(together):
                found.update(dict.fromkeys(run, "iban"))
            elif digits >= DIGITS:
                found.update(dict.fromkeys(run, number_kind(core)))
            elif len(run) > 1:
                letters_beside = [p for p in run if traits[p].kind is None]
                found.update(dict.fromkeys(letters_beside, "plate"))
            elif _is_year_or_ordinal(chunks, run[0]) and not (cues.born or run[0] in cues.near):
                del found[run[0]]
        digits_at = [p for p in found if any(c.isdigit() for c in chunks[p])]
        if cues.born and digits_at:
            # The month too, which stands among the numbers or beside them: June 3 1979.
            months = range(min(digits_at) - 1, max(digits_at) + 3)
            for place in months:
                if 0 <= place < len(chunks) and chunks[place][:1].isupper():
                    found.setdefault(place, "digits")

    def _with_letters_beside(
        self,
        chunks: Sequence[str],
        traits: Sequence[Traits],
        run: list[int],
    ) -> list[int]:
        """A number with the letters before and after it: of a plate, of a country."""
        is_lone = len(run) == 1 and _is_year_or_ordinal(chunks, run[0])
        is_mixed = any(c.isalpha() for place in run for c in chunks[place])
        found = [*run]
        for edge, step in ((run[0], -1), (run[-1], 1)):
            for beside in (edge + step, edge + 2 * step):
                before = beside if step < 0 else beside - 1
                if not 0 <= beside < len(chunks) or chunks[before][-1] in ",;.!?":
                    break
                if traits[beside].kind is not None or traits[beside].announces:
                    break
                core = chunks[beside].strip(EDGES)
                is_of = core.lower() not in _UNITS and (
                    _CAPITALS.fullmatch(core)
                    or (is_mixed and _SMALL.fullmatch(core) and not self._knows(core))
                )
                if not (_HYPHENED.fullmatch(core) or (is_of and not is_lone)):
                    break
                found.append(beside)
        return sorted(found)

    def _is_of_key(self, core: str) -> bool:
        """Whether letters may be a group of a key: no word that is known, and unlikely as one."""
        return (
            3 <= len(core) <= 8
            and core.isascii()
            and core.isalpha()
            and (core.islower() or core.isupper())
            and not self._knows(core)
            and not self._plausible.strictly(core)
        )


def _mark_addresses(chunks: Sequence[str], found: dict[int, Kind]) -> None:
    """Mail addresses that are written with spaces: anna (at) example (dot) org."""
    cores = [chunk.strip(EDGES).lower() for chunk in chunks]
    for place, core in enumerate(cores):
        has_dot = any(c in _OF_ADDRESSES for c in cores[place + 1 : place + 4])
        if core == "@" or (core == "at" and (has_dot or chunks[place][0] in "([{<")):
            end = place + 2
            while end + 1 < len(cores) and cores[end] in _OF_ADDRESSES:
                end += 2
            for at in range(max(0, place - 1), min(end, len(cores))):
                found[at] = "email"


def _mark_keys(traits: Sequence[Traits], found: dict[int, Kind]) -> None:
    """Keys in groups of letters (xkqz wpvn tjlm bfgr), and words that are spelled out."""
    run: list[int] = []
    sizes = [*(abs(one.of_key) for one in traits), 0]
    for place, size in enumerate(sizes):
        if run and size == sizes[run[0]]:
            run.append(place)
            continue
        if run and len(run) >= (LEAST_SPELLED if sizes[run[0]] == 1 else LEAST_OF_KEY):
            found.update(dict.fromkeys(run, "token"))
        run = [place] if size else []


def _runs(chunks: Sequence[str], traits: Sequence[Traits]) -> list[list[int]]:
    """Numbers that are written with spaces: places of their groups, and of letters among them."""
    runs: list[list[int]] = []
    at, n = 0, len(chunks)
    while at < n:
        if not traits[at].is_number:
            at += 1
            continue
        run = [at]
        while chunks[run[-1]][-1] != ";":
            after = run[-1] + 1
            if after < n and traits[after].is_number:
                run.append(after)
            elif after + 1 < n and traits[after + 1].is_number and _may_be_group(chunks[after]):
                run += [after, after + 1]
            else:
                break
        runs.append(run)
        at = run[-1] + 1
    return runs


def _may_be_group(chunk: str) -> bool:
    """Whether what stands between two numbers may be a part of one: letters, or a joint."""
    if chunk in _JOINTS:
        return True
    if chunk in _LITTLE or chunk.lower() in _UNITS:
        return False
    return len(chunk) <= 4 and chunk.isascii() and chunk.isalpha()


def _is_year_or_ordinal(chunks: Sequence[str], place: int) -> bool:
    chunk = chunks[place]
    core = chunk.strip(".,;:!?)(\"'“”‘’…")
    if _YEAR.fullmatch(core) or _ORDINAL.fullmatch(core):
        return True
    return (
        bool(_NUMBERED.fullmatch(chunk))
        and place + 1 < len(chunks)
        and chunks[place + 1][:1].isalpha()
    )


def _is_passphrase(parts: Sequence[str], core: str) -> bool:
    """Whether several words are joined as passwords are, or a word is spelled out."""
    letters_alone = len(parts) >= PARTS_OF_PHRASE and "-" in core and max(map(len, parts)) == 1
    return letters_alone or (len(parts) >= PARTS_OF_PHRASE and min(map(len, parts)) >= 3)


def _is_of_letters(part: str) -> bool:
    """Whether all are letters, and the marks and joiners that scripts have among them."""
    return part.isalpha() or (
        part[:1].isalpha()
        and all(c.isalpha() or c in _JOINERS or unicodedata.category(c)[0] == "M" for c in part)
    )


def _humps(part: str) -> list[str]:
    """The words of a tag: FoodIsLife."""
    return re.findall(r"[A-Z]?[^\WA-Z\d_]+|[A-Z]+|\d+|_+", part) or [part]
