"""Decide which chunks of a line may be learned. Knows a vocabulary; no files, no counts.

Words are allowed, rather than secrets forbidden: a word is allowed if the vocabulary has it, or its
letters look like a word, and nothing near it announces a secret. Numbers are not learned, except
years and short ordinals; capitals within a word only as names have them. A line is judged by chunks
between white space, each of which is learned as a whole or not at all. The rules should refuse too
much rather than too little; `benchmarks/screening.py` counts their errors.
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
"""The number of most frequent words that are no secret by themselves, even near a cue."""
LEAST_OF_KEY = 3
"""The least number of consecutive groups of equally many letters, not words, that form a key."""
LEAST_SPELLED = 4
"""The least number of consecutive single letters that spell a word."""
PARTS_OF_PHRASE = 4
"""The least number of joined words that form a passphrase (correct-horse-battery-staple)."""
LONGEST_CAPITALS = 5
"""The most letters of an abbreviation (NASA, HTTPS)."""
LONG = 18
"""The number of letters from which a word is checked for several words written as one."""

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
    """The properties of a chunk by itself.

    Attributes:
        kind: why it is refused in any context; None if it is not.
        is_number: whether it may be part of a number written with spaces.
        announces: whether it may be part of a cue.
        of_address: whether it may be part of an address written with spaces.
        of_key: the number of its letters if it may be a group of a key written with spaces, else
            0; -1 for a letter that is a word by itself.
    """

    kind: Kind | None
    is_number: bool
    announces: bool
    of_address: bool
    of_key: int

    @property
    def is_harmless(self) -> bool:
        """Whether it is allowed in any context, and announces nothing."""
        return self[:4] == (None, False, False, False) and self.of_key <= 0


@dataclass(frozen=True)
class Screened:
    """The refused chunks of a line.

    Attributes:
        refused: the kind of each chunk that is not learned, by ascending index.
        after: what the line leaves open for the next line.
    """

    refused: dict[int, Kind] = field(default_factory=dict)
    after: Open = field(default_factory=Open)


class Screen:
    """The rules for a vocabulary."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        """Take a model's words, the most frequent first; without them, fewer rules apply."""
        self._known = frozenset(words)
        self._common = frozenset(plain(word) for word in words[:COMMON])
        self._plausible = Plausible(words)
        self.form = lru_cache(maxsize=1 << 16)(self._form)
        self.traits = lru_cache(maxsize=1 << 16)(self._traits)

    # Words

    def refusal(self, word: str) -> Kind | None:
        """Return why a word is refused, or None. A number up to 31 may be an ordinal ("2.")."""
        if _YEAR.fullmatch(word) or _ORDINAL.fullmatch(word) or _NUMBERED.fullmatch(f"{word}."):
            return None
        return self.form(word)[0]

    def _form(self, chunk: str) -> tuple[Kind | None, bool]:
        """Return why a chunk is refused in any context, and whether it may be part of a number."""
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
        reason = next((kind for kind in kinds if kind is not None), None)
        if reason is None and (_is_passphrase(parts, core) or self._is_key(parts)):
            reason = "token"
        return reason, False

    def _of_part(self, part: str) -> Kind | None:
        """Return why the letters between joints are refused, or None."""
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
        """Whether groups of equally many letters are joined to a key: VKJQX-WPZLM."""
        return (
            len(parts) > 1
            and len({len(part) for part in parts}) == 1
            and not any(self._knows(part) for part in parts)
            and sum(self._is_of_key(part) for part in parts) > len(parts) / 2
        )

    def _is_likely(self, part: str) -> bool:
        return is_name(part) or self._plausible.of(part)

    def _knows(self, word: str) -> bool:
        """Whether the vocabulary has a word in some case."""
        known = self._known
        return word in known or word.lower() in known or word.capitalize() in known

    def _is_common(self, core: str) -> bool:
        return core in self._common or not self._common  # unknown without a vocabulary

    def _is_several(self, part: str) -> bool:
        """Whether four or more known words were written as one."""
        text = part.lower()
        fewest = [0, *[len(text)] * len(text)]
        for end in range(3, len(text) + 1):
            starts = range(max(0, end - 12), end - 2)
            counts = [fewest[start] + 1 for start in starts if self._knows(text[start:end])]
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
        """Return the chunks of a line that are not learned, and why.

        Args:
            chunks: the chunks of the line, separated by white space.
            before: what the line before left open.
        """
        traits = [self.traits(chunk) for chunk in chunks]
        refused = {
            index: trait.kind for index, trait in enumerate(traits) if trait.kind is not None
        }
        cues = Covered()
        if before or any(trait.announces for trait in traits):
            cues = covered(chunks, self._is_common, before or Open())
        if any(trait.is_number for trait in traits) or cues.born:
            self._numbers(chunks, traits, refused, cues)
        if any(trait.of_address for trait in traits):
            _mark_addresses(chunks, refused)
        if any(trait.of_key > 0 for trait in traits):
            _mark_keys(traits, refused)
        for index in cues.indices:
            if any(c.isalnum() for c in chunks[index]) or index - 1 in cues.indices:
                refused[index] = (
                    "keyword" if refused.get(index, "digits") == "digits" else refused[index]
                )
        return Screened(dict(sorted(refused.items())), cues.after)

    def _numbers(
        self,
        chunks: Sequence[str],
        traits: Sequence[Traits],
        refused: dict[int, Kind],
        cues: Covered,
    ) -> None:
        """Refuse numbers written with spaces and what stands in them, and allow years."""
        for run in _runs(chunks, traits):
            run = self._with_letters_beside(chunks, traits, run)
            core = " ".join(chunks[index] for index in run).strip(EDGES)
            together = re.sub(r"[\W_]", "", core)
            digits = sum(c.isdigit() for c in core)
            if len(run) > 1 and is_iban(together):
                refused.update(dict.fromkeys(run, "iban"))
            elif digits >= DIGITS:
                refused.update(dict.fromkeys(run, number_kind(core)))
            elif len(run) > 1:
                letters_beside = [p for p in run if traits[p].kind is None]
                refused.update(dict.fromkeys(letters_beside, "plate"))
            elif _is_year_or_ordinal(chunks, run[0]) and not (cues.born or run[0] in cues.near):
                del refused[run[0]]
        digits_at = [p for p in refused if any(c.isdigit() for c in chunks[p])]
        if cues.born and digits_at:
            # The month too, which stands among the numbers or beside them: June 3 1979.
            months = range(min(digits_at) - 1, max(digits_at) + 3)
            for index in months:
                if 0 <= index < len(chunks) and chunks[index][:1].isupper():
                    refused.setdefault(index, "digits")

    def _with_letters_beside(
        self,
        chunks: Sequence[str],
        traits: Sequence[Traits],
        run: list[int],
    ) -> list[int]:
        """Return a number with the letters before and after it, as of a plate or a country."""
        is_lone = len(run) == 1 and _is_year_or_ordinal(chunks, run[0])
        is_mixed = any(c.isalpha() for index in run for c in chunks[index])
        indices = [*run]
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
                indices.append(beside)
        return sorted(indices)

    def _is_of_key(self, core: str) -> bool:
        """Whether letters may be a group of a key: no known word, and unlikely as a word."""
        return (
            3 <= len(core) <= 8
            and core.isascii()
            and core.isalpha()
            and (core.islower() or core.isupper())
            and not self._knows(core)
            and not self._plausible.strictly(core)
        )


def _mark_addresses(chunks: Sequence[str], refused: dict[int, Kind]) -> None:
    """Refuse mail addresses written with spaces: anna (at) example (dot) org."""
    cores = [chunk.strip(EDGES).lower() for chunk in chunks]
    for index, core in enumerate(cores):
        has_dot = any(c in _OF_ADDRESSES for c in cores[index + 1 : index + 4])
        if core == "@" or (core == "at" and (has_dot or chunks[index][0] in "([{<")):
            end = index + 2
            while end + 1 < len(cores) and cores[end] in _OF_ADDRESSES:
                end += 2
            for inside in range(max(0, index - 1), min(end, len(cores))):
                refused[inside] = "email"


def _mark_keys(traits: Sequence[Traits], refused: dict[int, Kind]) -> None:
    """Refuse keys in groups of letters (xkqz wpvn tjlm bfgr), and words that are spelled out."""
    run: list[int] = []
    sizes = [*(abs(trait.of_key) for trait in traits), 0]
    for index, size in enumerate(sizes):
        if run and size == sizes[run[0]]:
            run.append(index)
            continue
        if run and len(run) >= (LEAST_SPELLED if sizes[run[0]] == 1 else LEAST_OF_KEY):
            refused.update(dict.fromkeys(run, "token"))
        run = [index] if size else []


def _runs(chunks: Sequence[str], traits: Sequence[Traits]) -> list[list[int]]:
    """Return the indices of each number written with spaces, with letters among its groups."""
    runs: list[list[int]] = []
    index, n = 0, len(chunks)
    while index < n:
        if not traits[index].is_number:
            index += 1
            continue
        run = [index]
        while chunks[run[-1]][-1] != ";":
            after = run[-1] + 1
            if after < n and traits[after].is_number:
                run.append(after)
            elif after + 1 < n and traits[after + 1].is_number and _may_be_group(chunks[after]):
                run += [after, after + 1]
            else:
                break
        runs.append(run)
        index = run[-1] + 1
    return runs


def _may_be_group(chunk: str) -> bool:
    """Whether a chunk between two numbers may belong to them: letters, or a joint."""
    if chunk in _JOINTS:
        return True
    if chunk in _LITTLE or chunk.lower() in _UNITS:
        return False
    return len(chunk) <= 4 and chunk.isascii() and chunk.isalpha()


def _is_year_or_ordinal(chunks: Sequence[str], index: int) -> bool:
    chunk = chunks[index]
    core = chunk.strip(".,;:!?)(\"'“”‘’…")
    if _YEAR.fullmatch(core) or _ORDINAL.fullmatch(core):
        return True
    return (
        bool(_NUMBERED.fullmatch(chunk))
        and index + 1 < len(chunks)
        and chunks[index + 1][:1].isalpha()
    )


def _is_passphrase(parts: Sequence[str], core: str) -> bool:
    """Whether several words are joined as in a passphrase, or a word is spelled out."""
    letters_alone = len(parts) >= PARTS_OF_PHRASE and "-" in core and max(map(len, parts)) == 1
    return letters_alone or (len(parts) >= PARTS_OF_PHRASE and min(map(len, parts)) >= 3)


def _is_of_letters(part: str) -> bool:
    """Whether all characters are letters, or marks and joiners that scripts set among them."""
    return part.isalpha() or (
        part[:1].isalpha()
        and all(c.isalpha() or c in _JOINERS or unicodedata.category(c)[0] == "M" for c in part)
    )


def _humps(part: str) -> list[str]:
    """Return the words of a hashtag: FoodIsLife."""
    return re.findall(r"[A-Z]?[^\WA-Z\d_]+|[A-Z]+|\d+|_+", part) or [part]
