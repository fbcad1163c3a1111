"""Look up vocabulary words by their letters, in any case. Knows no models and no texts."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial

import numpy as np

from foreword.predictor.letters import has_marks, is_korean, leaves_out, skeleton, without_accents
from foreword.text.case import Case
from foreword.text.characters import stand_ins
from foreword.text.misspellings import frame

FAR_COMMONER = 4
"""How many times more frequent than its lower case a capitalised form must be to be the usual
one."""

LONGEST_CLITIC, WORDS_AFTER_CLITIC = 5, 5
"""The most letters of a clitic, and the least number of different words after it."""
BARE = 0.3
"""P(an apostrophe or accents are not typed), relative to 1 for the letters as in the word."""
SLIP, BEGUN_SLIP = 2e-2, 1e-3
"""P(the typed letters are, or begin, a known misspelling | the intended word). If the training text
has the misspelling more often than that, the first is the ratio of frequencies there."""

ACCENTED = 100
"""A language has accents if at least one word in this number has one."""
ALPHABET, HEAD = 64, 3
"""The number of letters that a slip may leave out or replace, and of first letters that tell
whether a word may begin so."""
REMEMBERED = 4096
"""The number of words whose readings are cached, since users type the same few words."""

_LAST = "\U0010ffff"


class Lexicon:
    """Finds words by letters: by a common beginning, or as the forms of one word.

    >>> lexicon = Lexicon(["<unk>", "<eos>", "Like", "likely", "like", "mat"], hidden=2)
    >>> low, high = lexicon.range("li")
    >>> lexicon.ids[low:high].tolist(), lexicon.forms("like")
    ([2, 4, 3], [2, 4])
    >>> lexicon.beginning("li").tolist(), lexicon.beginning("LI").tolist()
    ([4, 3], [2, 4, 3])

    Attributes:
        words: the words by id.
        case: the case rules of their language.
        folds: each word folded by `Case.fold`, by id.
        sorted_folds: the folds in order; `ids` has the same order.
        longest: the number of letters of the longest word.
        meant_by: the ids of intended words, by the ids of misspellings.
        two_words: the two words that each word stands for which was run together, by its id.
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
        """Sort the words.

        Args:
            words: the words by id, the most frequent first.
            hidden: the number of first ids that are no words and never returned.
            known: the ids of the words, if such a mapping exists already.
            misspellings: misspellings with the intended word, or with two, and a space between; one
                that is not among the words, with one.
            case: the case rules of the language; None: those that the words show.
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
        misspellings = misspellings or {}
        slips = {
            self._known[wrong]: meant
            for wrong, meant in misspellings.items()
            if wrong in self._known
        }
        self._absent_slips = sorted(
            (_fold(wrong, self.case), self._known[meant])
            for wrong, meant in misspellings.items()
            if wrong not in self._known
        )
        self.two_words = {index: meant for index, meant in slips.items() if " " in meant}
        self.meant_by = {
            index: self._known[meant]
            for index, meant in slips.items()
            if index not in self.two_words
        }
        self._slips = Slips(self.folds, self.meant_by, len(words), self.two_words)
        self._slip_folds = self._slips.known.union(fold for fold, _ in self._absent_slips)
        # The number of first letters of each word that equal those of its fold; for most words,
        # all.
        self._plain = np.full(len(order), np.iinfo(np.int32).max, dtype=np.int32)
        for position, index in enumerate(order):
            if self.folds[index] != self.words[index]:
                self._plain[position] = _in_common(self.folds[index], self.words[index])
        self._bare = Bare(self.folds, hidden)
        self._readings: dict[str, np.ndarray] = {}
        # Users type the same few beginnings, and each lookup takes 30 comparisons of strings. (A
        # cached method would keep this object alive in a reference cycle.)
        self._range = lru_cache(maxsize=REMEMBERED)(partial(_range, self.sorted_folds))
        self._begun = lru_cache(maxsize=REMEMBERED)(
            partial(_begun, self.folds, self.sorted_folds, self.ids, self._bare, self._slips)
        )

    def fold(self, word: str) -> str:
        """Return a form that is the same for all cases of a word."""
        return self.case.fold(word)

    def range(self, prefix: str) -> tuple[int, int]:
        """Return the range [low, high) of the words that begin with a folded prefix."""
        if len(prefix) > self.longest:  # too rare to cache
            return _range(self.sorted_folds, prefix)
        return self._range(prefix)

    def end(self, prefix: str, low: int, high: int) -> int:
        """Return the end of the words with a prefix, which begin at `low` and end by `high`."""
        return _end(self.sorted_folds, prefix, low, high)

    def begun(self, fold: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the words that begin with folded letters, and P(typed so | word); None: all are 1.

        Included are words that begin so except for apostrophes and accents that were not typed, or
        for the end of a Korean syllable, which may begin the next one. Known misspellings are left
        out; if there are any words, those intended by misspellings that begin so are added; see
        `begun_slips`.

        >>> lexicon = Lexicon(["<unk>", "<eos>", "don't", "donut", "dontcha"], hidden=2)
        >>> [lexicon.words[index] for index in lexicon.begun("dont")[0]]
        ['dontcha', "don't"]
        """
        return (self._begun.__wrapped__ if len(fold) > self.longest else self._begun)(fold)

    def begun_slips(self, fold: str) -> dict[int, float]:
        """Return the words intended by misspellings with this beginning, by id.

        Each has its P(typed so | word). Only these include misspellings that are not among the
        words: where words begin as typed, those are likelier.

        >>> words = ["<unk>", "<eos>", "they", "the", "teh", "tehy"]
        >>> slips = {"teh": "the", "tehy": "they", "hteir": "they"}
        >>> lexicon = Lexicon(words, hidden=2, misspellings=slips)
        >>> lexicon.begun_slips("teh"), lexicon.begun("te")[0].tolist()
        ({3: 0.75, 2: 0.001}, [])
        >>> lexicon.begun_slips("hte")
        {2: 0.02}
        """
        words = self._slips.begun(fold)
        for wrong, meant in self._absent_slips[bisect_left(self._absent_slips, (fold, -1)) :]:
            if not wrong.startswith(fold):
                break
            # At most as frequent as the rarest word.
            share = max(SLIP, meant / len(self.words)) if wrong == fold else SLIP
            words.setdefault(meant, share)
        return words

    def after_clitic(self, letters: str) -> tuple[str, np.ndarray] | None:
        """Return the clitic that letters begin with (l', dell'), and the words that may follow it.

        The vocabulary shows what a clitic is: letters before an apostrophe and before many words. A
        word may follow if it begins as some of these do: l' stands before vowels. None without a
        clitic, or without a letter after it.
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
        """Map each folded clitic, without apostrophe, to the first letters of words after it."""
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

    def has(self, fold: str) -> bool:
        """Whether folded letters are a word, except for apostrophes and accents not typed."""
        return fold in self._letters

    @cached_property
    def _letters(self) -> frozenset[str]:
        return frozenset([*self.sorted_folds, *self._bare.skeletons])

    def known(self, folds: Iterable[str]) -> frozenset[str]:
        """Return the folded letters that are words, as by `has`."""
        return self._letters.intersection(folds)

    def may_begin(self, fold: str) -> bool:
        """Whether a word begins with folded letters, as far as its first `HEAD` letters show."""
        return fold[:HEAD] in self._heads

    @cached_property
    def _heads(self) -> frozenset[str]:
        return frozenset(fold[:k] for fold in self._letters for k in range(HEAD + 1))

    @cached_property
    def letters(self) -> str:
        """The commonest letters of the words, at most `ALPHABET`."""
        counts = Counter("".join(self.sorted_folds))
        return "".join([c for c, _ in counts.most_common() if c.isalpha()][:ALPHABET])

    def unaccented(self, fold: str) -> str:
        """Return folded letters without accents if the vocabulary hardly has any."""
        return fold if self._has_accents else without_accents(fold)

    @cached_property
    def _has_accents(self) -> bool:
        accented = sum(without_accents(fold) != fold for fold in self.sorted_folds)
        return accented * ACCENTED > len(self.sorted_folds)

    def framed(self, letters: str) -> Sequence[int]:
        """Return the positions in `sorted_folds` of right words with a `misspellings.frame`."""
        return self._frames.get(letters, ())

    @cached_property
    def _frames(self) -> dict[str, list[int]]:
        frames: dict[str, list[int]] = {}
        for position, fold in enumerate(self.sorted_folds):
            if self._slips.is_right[self.ids[position]]:
                frames.setdefault(frame(fold), []).append(position)
        return frames

    def is_slip(self, fold: str) -> bool:
        """Whether folded letters are a known misspelling."""
        return fold in self._slip_folds

    def beginning(self, prefix: str) -> np.ndarray:
        """Return the ids of words that begin with letters in this case, or if none, in any case."""
        fold = self.fold(prefix)
        low, high = self.range(fold)
        ids = self.ids[low:high]
        right = self._slips.is_right[ids]
        if prefix == fold:
            exact = ids[right & (self._plain[low:high] >= len(prefix))]
        else:
            matching = [i for i in ids[right].tolist() if self.words[i].startswith(prefix)]
            exact = np.array(matching, dtype=np.int64)
        if len(exact):
            return exact
        return ids[right] if right.any() else self.begun(fold)[0]

    def forms(self, fold: str) -> list[int]:
        """Return the ids of the words that differ only in case, the most frequent first."""
        low, high = _equal(self.sorted_folds, fold)
        return list(map(int, self.ids[low:high]))

    def has_own_capital(self, fold: str) -> bool:
        """Whether a word usually has a capital (Paris, I), and not only at the start of sentences.

        Frequency is about 1/rank (Zipf), and the vocabulary is sorted by frequency.
        """
        forms = self.forms(fold)
        lower = self.id_of(fold)
        return bool(forms) and (lower is None or forms[0] * FAR_COMMONER <= lower)

    def id_of(self, word: str) -> int | None:
        """Return the id of a word in exactly this case; None if the vocabulary lacks it."""
        index = self._known.get(word, -1)
        return index if index >= self._hidden else None

    def meant(self, index: int) -> int:
        """Return the id of the word that a misspelling intends; other words keep theirs."""
        return self.meant_by.get(index, index)

    def readings(self, word: str) -> np.ndarray:
        """Return the ids of the words that a typed word may stand for: itself, and commoner forms.

        Forms differ in case, or have the apostrophes and accents that were not typed. A misspelling
        stands for the intended word. If the vocabulary lacks a word, all its forms count; for a
        mark it lacks, the most likely other spelling. The result may be empty.

        >>> lexicon = Lexicon(["<unk>", "<eos>", "don't", "snow", "Don't", "dont"], hidden=2)
        >>> [lexicon.readings(word).tolist() for word in ("dont", "don't", "Dont", "SNOW", "cat")]
        [[5, 2, 4], [2], [2, 4, 5], [3], []]
        """
        candidates = self._readings.get(word)
        if candidates is None:
            candidates = self._read(word)
            candidates.flags.writeable = False
            if len(self._readings) >= REMEMBERED:
                self._readings = {}
            if len(word) <= self.longest:  # longer ones are too rare to cache
                self._readings[word] = candidates
        return candidates

    def _read(self, word: str) -> np.ndarray:
        own = self.id_of(word)
        if own is not None and (meant := self.meant(own)) != own:
            return np.array([meant], dtype=np.int64)
        fold = self.fold(word)
        candidates = [index for index in self.forms(fold) if index != own]
        candidates += self._bare.equal(fold, self.folds)
        candidates.sort()
        if own is not None:
            candidates = [own, *(index for index in candidates if index < own)]
        elif not candidates:
            marks = (self.id_of(mark) for mark in stand_ins(word))
            candidates = [index for index in marks if index is not None][:1]
            clitic, apostrophe, rest = word.partition("'")
            if not candidates and apostrophe and self.fold(clitic) in self._clitics:
                return self.readings(rest)
            if not candidates:  # naïve, where the vocabulary has naive
                candidates = self.forms(self.unaccented(fold))
        return np.array(candidates, dtype=np.int64)


class Bare:
    """Words with apostrophes, accents or Korean syllables, sorted by their skeletons.

    Attributes:
        skeletons: the skeletons of these words only, in order.
        ids: the indices of the words in the original list, in the same order.
    """

    def __init__(self, folds: Sequence[str], hidden: int = 0) -> None:
        """Take all words, folded; the first `hidden` are left out."""
        skeletons = [
            (bare, index)
            for index, fold in enumerate(folds)
            if (not fold.isascii() or "'" in fold) and index >= hidden
            if (bare := skeleton(fold)) != fold and bare
        ]
        skeletons.sort()
        self.skeletons = [bare for bare, _ in skeletons]
        self.ids = [index for _, index in skeletons]

    def equal(self, fold: str, folds: Sequence[str]) -> list[int]:
        """Return the indices of words that equal letters except for what was not typed."""
        low, high = _equal(self.skeletons, skeleton(fold))
        return [i for i in self.ids[low:high] if folds[i] != fold and leaves_out(fold, folds[i])]

    def begun(self, fold: str, folds: Sequence[str]) -> list[int]:
        """Return the indices of words that begin with letters except for what was not typed."""
        low, high = _range(self.skeletons, skeleton(fold))
        ids = [index for index in self.ids[low:high] if not folds[index].startswith(fold)]
        if has_marks(fold):
            ids = [index for index in ids if leaves_out(fold, folds[index])]
        return ids


class Slips:
    """Known misspellings in order, with the intended words.

    Attributes:
        known: the misspellings, folded.
        is_right: whether each word is no misspelling, (V,) bool.
    """

    def __init__(
        self, folds: Sequence[str], meant: Mapping[int, int], V: int, others: Iterable[int]
    ) -> None:
        """Take the ids of misspellings among V words.

        Args:
            folds: the folded words by id.
            meant: the ids of intended words, by the ids of misspellings.
            V: the number of words.
            others: the ids of misspellings that are offered as the two words they stand for.
        """
        wrong = sorted(meant, key=folds.__getitem__)
        self._folds = [folds[index] for index in wrong]
        self._meant = [meant[index] for index in wrong]
        # Frequency is about 1/rank (Zipf), and the vocabulary is sorted by frequency.
        self._shares = [max(SLIP, min(1.0, meant[index] / index)) for index in wrong]
        self.known = frozenset([*self._folds, *(folds[index] for index in others)])
        self.is_right = np.ones(V, dtype=bool)
        self.is_right[wrong] = False

    def begun(self, fold: str) -> dict[int, float]:
        """Return `Lexicon.begun_slips`."""
        low, high = _range(self._folds, fold)
        weights: dict[int, float] = {}
        for index in range(low, high):  # the shortest misspellings come first
            weight = self._shares[index] if self._folds[index] == fold else BEGUN_SLIP
            weights.setdefault(self._meant[index], weight)
        return weights


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
    begun = np.concatenate([exact, np.array(list(others), dtype=np.int64)])
    weights = np.ones(len(begun))
    weights[len(exact) :] = list(others.values())
    begun.flags.writeable = weights.flags.writeable = False
    return begun, weights


class RareWords:
    """Words beyond the vocabulary, which have no probabilities.

    >>> RareWords(["Matterhorn", "matting"]).beginning("matt", 5)
    ['Matterhorn', 'matting']

    Attributes:
        words: the words, sorted by their letters in lower case.
    """

    def __init__(self, words: Sequence[str], case: Case | None = None) -> None:
        """Take the words, and the case rules of their language."""
        case = case or Case()
        pairs = sorted((_fold(word, case), word) for word in words)
        self.words = [word for _, word in pairs]
        self._folds = [fold for fold, _ in pairs]
        self._bare = Bare(self._folds)

    def __len__(self) -> int:
        return len(self.words)

    def has(self, fold: str) -> bool:
        """Whether folded letters are one of the words."""
        low, high = _equal(self._folds, fold)
        return low < high

    def beginning(self, fold: str, most: int) -> list[str]:
        """Return the first `most` words that begin with a folded prefix and are longer.

        Words that begin so except for apostrophes and accents that were not typed come last.
        """
        words: list[str] = []
        for index in range(bisect_left(self._folds, fold), len(self._folds)):
            if len(words) == most or not self._folds[index].startswith(fold):
                break
            if self._folds[index] != fold:
                words.append(self.words[index])
        words += [self.words[index] for index in self._bare.begun(fold, self._folds)]
        return words[:most]


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
    """Return the number of letters that two words share at the beginning."""
    return next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(b))


def _fold(word: str, case: Case) -> str:
    folded = case.fold(word)
    return (
        word if folded == word else folded
    )  # most words equal their fold, which is then stored once
