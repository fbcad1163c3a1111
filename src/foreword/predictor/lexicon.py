"""The vocabulary in alphabetical order, case aside. Knows words; no models, no texts."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partial

import numpy as np

from foreword.predictor.letters import has_marks, is_korean, leaves_out, skeleton
from foreword.text.case import Case
from foreword.text.characters import stand_ins

FAR_COMMONER = 4
"""A form with a capital is the word's own if it is so many times commoner than lower case."""

LONGEST_CLITIC, WORDS_AFTER_CLITIC = 5, 5
"""Letters of a clitic at most, and different words that the vocabulary has after it at least."""
BARE = 0.3
"""P(an apostrophe or accents are not typed), beside 1 for letters as the word has them."""
SLIP, BEGUN_SLIP = 2e-2, 1e-3
"""P(letters are typed that are, or begin, a known misspelling | the word that is meant)."""

REMEMBERED = 4096
"""Words whose readings are kept, since everyone types the same few."""

_LAST = "\U0010ffff"


class Lexicon:
    """Words by their letters: those of one beginning are a range, the forms of one word a group.

    >>> lexicon = Lexicon(["<unk>", "<eos>", "Like", "likely", "like", "mat"], hidden=2)
    >>> low, high = lexicon.range("li")
    >>> lexicon.ids[low:high].tolist(), lexicon.forms("like")
    ([2, 4, 3], [2, 4])
    >>> lexicon.beginning("li").tolist(), lexicon.beginning("LI").tolist()
    ([4, 3], [2, 4, 3])

    Attributes:
        words: by id.
        case: of letters, as the words' language has it.
        folds: each word as `Case.fold` has it, by id.
        sorted_folds: the folds in order; `ids` are in the same order.
        longest: letters of the longest word.
        meant_by: the ids of the words that are meant, by those of misspellings.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        hidden: int,
        known: Mapping[str, int] | None = None,
        misspellings: Mapping[str, str] | None = None,
        case: Case | None = None,
    ) -> None:
        """Sorts the words.

        Args:
            words: by id, the commonest first.
            hidden: so many of the first ids are no words, and never found.
            known: the words' ids, where such a mapping is there already.
            misspellings: words, and those that are meant.
            case: of the words' language; None: as the words show it.
        """
        self.words = tuple(words)
        self.case = case or Case.of(words)
        self.folds = tuple(_fold(word, self.case) for word in words)
        order = sorted(range(hidden, len(words)), key=self.folds.__getitem__)
        self.sorted_folds = [self.folds[index] for index in order]
        self.ids = np.array(order, dtype=np.int64)
        self.ids.flags.writeable = False
        self.longest = max(map(len, self.sorted_folds), default=0)
        self._hidden = hidden
        self._known = known or {word: index for index, word in enumerate(words)}
        self.meant_by = {
            self._known[wrong]: self._known[meant] for wrong, meant in (misspellings or {}).items()
        }
        self._slips = Slips(self.folds, self.meant_by, len(words))
        # Letters at each word's beginning that are as in its fold; of most words all.
        self._plain = np.full(len(order), np.iinfo(np.int32).max, dtype=np.int32)
        for place, index in enumerate(order):
            if self.folds[index] != self.words[index]:
                self._plain[place] = _in_common(self.folds[index], self.words[index])
        self._bare = Bare(self.folds, hidden)
        self._readings: dict[str, np.ndarray] = {}
        # Everyone types the same few beginnings, and looking one up is 30 comparisons of strings.
        # (A cache of a method of ours would hold us in a cycle.)
        self._range = lru_cache(maxsize=REMEMBERED)(partial(_range, self.sorted_folds))
        self._begun = lru_cache(maxsize=REMEMBERED)(
            partial(_begun, self.folds, self.sorted_folds, self.ids, self._bare, self._slips)
        )

    def fold(self, word: str) -> str:
        """What the forms of a word in all cases have in common."""
        return self.case.fold(word)

    def range(self, prefix: str) -> tuple[int, int]:
        """Where the words stand that begin with a folded prefix: [low, high)."""
        if len(prefix) > self.longest:  # not worth remembering
            return _range(self.sorted_folds, prefix)
        return self._range(prefix)

    def end(self, prefix: str, low: int, high: int) -> int:
        """Where those end that begin with a prefix, given that [low, high) holds them."""
        return _end(self.sorted_folds, prefix, low, high)

    def begun(self, fold: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Words that begin with folded letters, in any case, and P(typed so | each); None: 1 each.

        They come with those words that begin so but for apostrophes and accents that were not
        typed, and for the end of a Korean syllable, which may be the next one's beginning. Known
        misspellings are not among them; if there are any words, those that are meant by
        misspellings that begin so are; see `begun_slips`.

        >>> lexicon = Lexicon(["<unk>", "<eos>", "don't", "donut", "dontcha"], hidden=2)
        >>> [lexicon.words[index] for index in lexicon.begun("dont")[0]]
        ['dontcha', "don't"]
        """
        return (self._begun.__wrapped__ if len(fold) > self.longest else self._begun)(fold)

    def begun_slips(self, fold: str) -> dict[int, float]:
        """Words that are meant by misspellings that begin with folded letters, by their ids.

        With P(typed so | each).

        >>> words = ["<unk>", "<eos>", "they", "the", "teh", "tehy"]
        >>> lexicon = Lexicon(words, hidden=2, misspellings={"teh": "the", "tehy": "they"})
        >>> lexicon.begun_slips("teh"), lexicon.begun("te")[0].tolist()
        ({3: 0.02, 2: 0.001}, [])
        """
        return self._slips.begun(fold)

    def after_clitic(self, letters: str) -> tuple[str, np.ndarray] | None:
        """A clitic that letters begin with (l', dell'), and words that may follow it and begin so.

        Clitics are found in the vocabulary: what stands before an apostrophe and before many words.
        Words follow that begin as some of these do: l' stands before vowels. None if there is no
        clitic, or no letter after it.
        """
        clitic, apostrophe, rest = letters.partition("'")
        first = self._clitics.get(self.fold(clitic))
        if not apostrophe or not rest or first is None:
            return None
        ids = self.begun(self.fold(rest))[0]
        may_follow = [
            "'" not in self.folds[index] and skeleton(self.folds[index])[:1] in first
            for index in ids.tolist()
        ]
        return clitic + apostrophe, ids[np.array(may_follow, dtype=bool)]

    @cached_property
    def _clitics(self) -> dict[str, frozenset[str]]:
        """Clitics, folded and without the apostrophe; and how the words after each begin."""
        followers: dict[str, set[str]] = {}
        for fold in self.folds[self._hidden :]:
            clitic, apostrophe, rest = fold.partition("'")
            if apostrophe and len(rest) >= 3 and 0 < len(clitic) <= LONGEST_CLITIC:
                followers.setdefault(clitic, set()).add(rest)
        return {
            clitic: frozenset(skeleton(rest)[:1] for rest in rests)
            for clitic, rests in followers.items()
            if len(rests) >= WORDS_AFTER_CLITIC
        }

    def is_slip(self, fold: str) -> bool:
        """Whether folded letters are a known misspelling."""
        return fold in self._slips.known

    def beginning(self, prefix: str) -> np.ndarray:
        """Ids of the words that begin with letters in this case; if none does, in any case."""
        fold = self.fold(prefix)
        low, high = self.range(fold)
        ids = self.ids[low:high]
        right = self._slips.is_right[ids]
        if prefix == fold:
            exact = ids[right & (self._plain[low:high] >= len(prefix))]
        else:
            found = [i for i in ids[right].tolist() if self.words[i].startswith(prefix)]
            exact = np.array(found, dtype=np.int64)
        if len(exact):
            return exact
        return ids[right] if right.any() else self.begun(fold)[0]

    def forms(self, fold: str) -> list[int]:
        """Ids of the words that are the same but for case, the commonest first."""
        low, high = _equal(self.sorted_folds, fold)
        return list(map(int, self.ids[low:high]))

    def has_own_capital(self, fold: str) -> bool:
        """Whether a word is written with a capital anywhere (Paris, I), not in some places only.

        Frequency is about 1/rank (Zipf), and the vocabulary is in the order of frequency.
        """
        forms = self.forms(fold)
        lower = self.id_of(fold)
        return bool(forms) and (lower is None or forms[0] * FAR_COMMONER <= lower)

    def id_of(self, word: str) -> int | None:
        """A word's id, in this case of letters; None if it is none."""
        index = self._known.get(word, -1)
        return index if index >= self._hidden else None

    def meant(self, index: int) -> int:
        """The id of the word that is meant where this one is a misspelling; else its own."""
        return self.meant_by.get(index, index)

    def readings(self, word: str) -> np.ndarray:
        """Ids of the words that a typed word may stand for: itself, and commoner forms of it.

        Forms are the same in another case, or have the apostrophes and accents that were not typed.
        A misspelling stands for the word that is meant.
        Of a word that the vocabulary lacks all forms count, of a mark the likeliest other spelling;
        there may be none.

        >>> lexicon = Lexicon(["<unk>", "<eos>", "don't", "snow", "Don't", "dont"], hidden=2)
        >>> [lexicon.readings(word).tolist() for word in ("dont", "don't", "Dont", "SNOW", "cat")]
        [[5, 2, 4], [2], [2, 4, 5], [3], []]
        """
        found = self._readings.get(word)
        if found is None:
            found = self._read(word)
            found.flags.writeable = False
            if len(self._readings) >= REMEMBERED:
                self._readings = {}
            if len(word) <= self.longest:  # longer ones are not worth remembering
                self._readings[word] = found
        return found

    def _read(self, word: str) -> np.ndarray:
        own = self.id_of(word)
        if own is not None and (meant := self.meant(own)) != own:
            return np.array([meant], dtype=np.int64)
        fold = self.fold(word)
        found = [index for index in self.forms(fold) if index != own]
        found += self._bare.equal(fold, self.folds)
        found.sort()
        if own is not None:
            found = [own, *(index for index in found if index < own)]
        elif not found:
            marks = (self.id_of(mark) for mark in stand_ins(word))
            found = [index for index in marks if index is not None][:1]
            clitic, apostrophe, rest = word.partition("'")
            if not found and apostrophe and self.fold(clitic) in self._clitics:
                return self.readings(rest)
        return np.array(found, dtype=np.int64)


class Bare:
    """Words that have apostrophes, accents or Korean syllables, by their letters without these.

    Attributes:
        skeletons: of these words alone, in order.
        ids: places of the words in the list that they come from, in the same order.
    """

    def __init__(self, folds: Sequence[str], hidden: int = 0) -> None:
        """Takes all words, folded; the first `hidden` are left out."""
        found = [
            (bare, place)
            for place, fold in enumerate(folds)
            if (not fold.isascii() or "'" in fold) and place >= hidden
            if (bare := skeleton(fold)) != fold and bare
        ]
        found.sort()
        self.skeletons = [bare for bare, _ in found]
        self.ids = [place for _, place in found]

    def equal(self, fold: str, folds: Sequence[str]) -> list[int]:
        """Places of the words that letters are but for what was left out."""
        low, high = _equal(self.skeletons, skeleton(fold))
        return [i for i in self.ids[low:high] if folds[i] != fold and leaves_out(fold, folds[i])]

    def begun(self, fold: str, folds: Sequence[str]) -> list[int]:
        """Places of the words that begin with letters but for what was left out of these."""
        low, high = _range(self.skeletons, skeleton(fold))
        ids = [index for index in self.ids[low:high] if not folds[index].startswith(fold)]
        if has_marks(fold):
            ids = [index for index in ids if leaves_out(fold, folds[index])]
        return ids


class Slips:
    """Known misspellings in order, and the words that are meant.

    Attributes:
        known: the misspellings, folded.
        is_right: by id, whether a word is none, (V,) bool.
    """

    def __init__(self, folds: Sequence[str], meant: Mapping[int, int], V: int) -> None:
        """Takes the ids of misspellings among V words, and those of the words meant."""
        wrong = sorted(meant, key=folds.__getitem__)
        self._folds = [folds[index] for index in wrong]
        self._meant = [meant[index] for index in wrong]
        self.known = frozenset(self._folds)
        self.is_right = np.ones(V, dtype=bool)
        self.is_right[wrong] = False

    def begun(self, fold: str) -> dict[int, float]:
        """See `Lexicon.begun_slips`."""
        low, high = _range(self._folds, fold)
        found: dict[int, float] = {}
        for place in range(low, high):  # the shortest come first
            weight = SLIP if self._folds[place] == fold else BEGUN_SLIP
            found.setdefault(self._meant[place], weight)
        return found


def _begun(
    folds: Sequence[str],
    sorted_folds: Sequence[str],
    ids: np.ndarray,
    bare: Bare,
    slips: Slips,
    fold: str,
) -> tuple[np.ndarray, np.ndarray | None]:
    low, high = _range(sorted_folds, fold)
    exact = ids[low:high]
    exact = exact[slips.is_right[exact]]
    others = {
        index: 1.0 if is_korean(folds[index]) else BARE
        for index in (bare.begun(fold, folds) if fold else [])
        if slips.is_right[index]
    }
    if len(exact) or others:
        known = {*exact.tolist(), *others}
        meant = slips.begun(fold) if fold else {}
        others |= {index: weight for index, weight in meant.items() if index not in known}
    if not others:
        return exact, None
    found = np.concatenate([exact, np.array(list(others), dtype=np.int64)])
    weights = np.ones(len(found))
    weights[len(exact) :] = list(others.values())
    found.flags.writeable = weights.flags.writeable = False
    return found, weights


class RareWords:
    """Words beyond the vocabulary, which have letters and no probabilities.

    >>> RareWords(["Matterhorn", "matting"]).beginning("matt", 5)
    ['Matterhorn', 'matting']
    """

    def __init__(self, words: Sequence[str], case: Case | None = None) -> None:
        """Takes words, and the case of letters in their language."""
        case = case or Case()
        found = sorted((_fold(word, case), word) for word in words)
        self._words = [word for _, word in found]
        self._folds = [fold for fold, _ in found]
        self._bare = Bare(self._folds)

    def __len__(self) -> int:
        return len(self._words)

    def beginning(self, fold: str, most: int) -> list[str]:
        """The first words, at most so many, that begin with a folded prefix and have more.

        After them stand those that begin so but for apostrophes and accents that were not typed.
        """
        found: list[str] = []
        for place in range(bisect_left(self._folds, fold), len(self._folds)):
            if len(found) == most or not self._folds[place].startswith(fold):
                break
            if self._folds[place] != fold:
                found.append(self._words[place])
        found += [self._words[place] for place in self._bare.begun(fold, self._folds)]
        return found[:most]


def _equal(folds: Sequence[str], fold: str) -> tuple[int, int]:
    low = high = bisect_left(folds, fold)
    while high < len(folds) and folds[high] == fold:
        high += 1
    return low, high


def _range(folds: Sequence[str], prefix: str) -> tuple[int, int]:
    low = bisect_left(folds, prefix)
    return low, _end(folds, prefix, low, len(folds))


def _end(folds: Sequence[str], prefix: str, low: int, high: int) -> int:
    bound = prefix.rstrip(_LAST)  # nothing is greater than the last character
    if not bound:
        return high
    return bisect_left(folds, bound[:-1] + chr(ord(bound[-1]) + 1), low, high)


def _in_common(a: str, b: str) -> int:
    """How many letters two words have in common from their beginning."""
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(b))


def _fold(word: str, case: Case) -> str:
    folded = case.fold(word)
    return word if folded == word else folded  # most are; kept once
