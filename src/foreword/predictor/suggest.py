"""Suggest words at the cursor from network, layer, slips, filter, case and spaces.

Knows no earlier texts: what was read before comes in as a `Context`.
"""

import heapq
import logging
import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from foreword.predictor.apart import Apart, apart
from foreword.predictor.engine import Likely
from foreword.predictor.filter import Filter
from foreword.predictor.layer import Layer, Opinion
from foreword.predictor.letters import begins
from foreword.predictor.lexicon import BARE, Lexicon
from foreword.predictor.lockstep import Best, Work
from foreword.predictor.reading import Context, ModelReader
from foreword.predictor.slips import QWERTY, Layout, Near, one_edit, stem, two_edits
from foreword.predictor.spacing import join
from foreword.predictor.spelling import Form, as_typed, written
from foreword.text.segments import is_unspaced
from foreword.text.tokenizer import EOS_ID, UNK_ID

HIDDEN = (UNK_ID, EOS_ID)
"""The ids that are never suggested, as nobody types them."""
_APART = EOS_ID
"""Stands for words that were typed without spaces, among ids."""
LONGEST_TYPED = 256
"""The longest word, in letters, for which anything is suggested."""
WORDS_OF_A_LAYER = 64
"""The number of a layer's most probable words that are mixed in."""
STEM = 1e-5
"""P(typed | an intended word with the same stem), on the scale of the edits of `slips`."""
A_LETTER = 1 / 20
"""P of each further letter of a word outside the vocabulary."""
CLITIC = 1e-3
"""P(a clitic stands before a word that the vocabulary lacks with it), relative to 1; measured by
`benchmarks/clitics.py`."""
AFTER_CLITIC = 4
"""The least number of letters after a clitic for which slips are considered."""
LISTED = 0.5
"""The share of the network's P(<unk>) for rare words, if no word begins as typed."""
RARE = 0.03
"""The same if some words do: so small that rare words follow nearly all of them."""

MENDED = 0.5
"""The probability that a word typed in another form than it is written in (paris) is to be
corrected, rather than kept and followed by the next word."""
SLIP_MENDED = 0.8
"""The same for a known misspelling."""
UNLIKELY = 0.05
"""The least probability that letters are a whole word for which next words are offered. It saves
lookups and loses no intended word (`benchmarks/finished.py`)."""
ENOUGH = 8
"""A word that is probably finished is among this many best words."""

Begun = tuple[np.ndarray, np.ndarray | None]
"""A result of `Lexicon.begun`."""
NO_WORDS: Begun = (np.zeros(0, dtype=np.int64), None)

_PROBABILITY = itemgetter(0)
_probability_of = attrgetter("probability")
_log = logging.getLogger("foreword")


class Suggestion(NamedTuple):
    """A word to offer.

    Attributes:
        word: the word as it is written at the cursor, including its typed letters.
        probability: the probability that this word is intended, in any case; for a next word the
            model's own, for an unfinished one given the typed letters.
        text: what replaces the last `replaces` characters when the word is accepted. A space after
            it is up to the product: a mark that is accepted next removes it.
        replaces: the number of characters at the end of the text that are removed, often 0.
    """

    word: str
    probability: float
    text: str
    replaces: int

    def accepted(self, field: str) -> str:
        """Return the content of the field after this word was accepted.

        >>> Suggestion("like", 0.9, "like", 2).accepted("I would li")
        'I would like'
        """
        return field[: len(field) - self.replaces] + self.text


@dataclass(frozen=True)
class Options:
    """How to suggest.

    Attributes:
        filter: withholds words.
        tolerant: whether to consider slips even if words begin as typed.
        layout: the layout of the keys, for slips.
        layer: another opinion on the next word.
    """

    filter: Filter
    tolerant: bool = False
    layout: Layout = QWERTY
    layer: Layer | None = None


def suggestions(
    reader: ModelReader,
    context: Context,
    typed: str,
    end: str,
    k: int,
    options: Options,
    *,
    complete: bool | None = None,
    look_ahead: Callable[[str], Work[Context]],
) -> Work[list[Suggestion]]:
    """Return the k most probable words at the end of a text.

    Letters at the end can be read in two ways: as a whole word, which a next word follows, or as
    the beginning of a longer one. Both readings count by their probabilities: P(the word |
    context) P(next word | context, the word) for a next word, and P(longer word | context) for a
    longer word, each divided by the sum over all words that begin as typed.

    Args:
        reader: the model.
        context: the context before the word.
        typed: its raw letters at the end of the text; empty for a new word.
        end: the last characters of the text, up to `spacing.SEEN`.
        k: the largest number of words.
        options: how to suggest.
        complete: None weighs both readings; True takes the letters as unfinished.
        look_ahead: returns the context after the letters as a whole word.
    """
    is_weighed = complete is None and bool(typed)
    offered: list[Suggestion] = []
    finished = 1.0
    if len(typed) > LONGEST_TYPED:
        if not is_weighed:
            return []
    else:
        parted = yield from _apart(reader, context, typed, options.filter.blocks)
        ranked = yield from _ranked(
            reader, context, typed, k, options, is_weighed=is_weighed, parted=parted
        )
        offered, finished = _readings(reader, context, typed, end, ranked, is_weighed=is_weighed)
    # A next word is no more probable than the word before it: most letters need no look-ahead.
    if finished > max(UNLIKELY, offered[k - 1].probability if len(offered) >= k else 0.0):
        after = yield from look_ahead(typed)
        ranked = yield from _ranked(reader, after, "", k, options)
        following, _ = _readings(reader, after, "", end, ranked)
        offered += [
            suggestion._replace(probability=finished * suggestion.probability)
            for suggestion in following
        ]
        offered.sort(key=_probability_of, reverse=True)
        offered = _each_once(offered, reader.lexicon)
    return offered[:k]


def _each_once(offered: list[Suggestion], lexicon: Lexicon) -> list[Suggestion]:
    """Drop the less probable of two equal words: likely as a completion, and after a word."""
    seen: dict[str, Suggestion] = {}
    for suggestion in offered:
        seen.setdefault(lexicon.fold(suggestion.word), suggestion)
    return list(seen.values())


def finished_share(
    reader: ModelReader, context: Context, typed: str, end: str, options: Options
) -> Work[float]:
    """Return P(letters at the end of a text are a whole word | context).

    Args: as `suggestions`.
    """
    if len(typed) > LONGEST_TYPED:
        return 1.0
    ranked = yield from _ranked(reader, context, typed, ENOUGH, options, is_weighed=True)
    return _readings(reader, context, typed, end, ranked, is_weighed=True)[1]


def _apart(
    reader: ModelReader, context: Context, typed: str, blocks: Callable[[str], bool]
) -> Work[Apart | None]:
    """Return words that letters consist of, if no word begins so."""
    letters = as_typed(typed) if typed else ""
    if not letters or len(reader.lexicon.begun(reader.lexicon.fold(letters))[0]):
        return None
    return (yield from apart(reader.engine, reader.lexicon, context.state, letters, blocks))


_Ranked = list[tuple[float, list[Form]]]
"""Probabilities of words, each with the word's forms."""


def _readings(
    reader: ModelReader,
    context: Context,
    typed: str,
    end: str,
    ranked: _Ranked,
    *,
    is_weighed: bool = False,
) -> tuple[list[Suggestion], float]:
    """Return words ready for insertion, and P(the typed letters are a whole word)."""
    letters = as_typed(typed) if typed else ""
    lexicon = reader.lexicon
    style = context.style
    if "'" in letters or "״" in letters:
        style = style.after(typed, letters, quoting=context.quoting, spaced=False)
    is_plain = not context.begins_sentence and letters == lexicon.case.lower(letters)
    read_as = _read_as(reader, context, letters) if is_weighed else frozenset()
    mended = SLIP_MENDED if is_weighed and lexicon.is_slip(lexicon.fold(letters)) else MENDED
    offered: list[Suggestion] = []
    finished = 0.0
    for probability, forms in ranked:
        # Most words have one form.
        as_known = is_plain and len(forms) == 1
        word = forms[0][1] if as_known else written(forms, letters, context, lexicon)
        replaces = len(typed)
        share = probability
        if not typed:
            replaces, text = _joined(reader, context, end, word)
        else:
            text = style.written(word, quoting=context.quoting, spaced=False)
        is_typed_already = bool(typed) and (text == typed or word == letters)
        # "a lot" is offered for alot, which is read as it stands.
        if is_weighed and lexicon.fold(word).replace(" ", "") in read_as:
            left = 0.0 if is_typed_already else probability * mended
            finished += probability - left
            share = left
        elif is_typed_already and lexicon.forms(lexicon.fold(letters)):
            continue  # this word is in the text already
        if share > 0:
            offered.append(Suggestion(word, share, text, replaces))
    if finished:
        offered.sort(key=_probability_of, reverse=True)
    return offered, finished


def _joined(reader: ModelReader, context: Context, end: str, word: str) -> tuple[int, str]:
    """Return how many characters to remove from a text, and what to append, to add a word."""
    replaces, text = join(
        end,
        word,
        quoting=context.quoting,
        in_print=reader.in_print,
        spacing=reader.tokenizer.spacing,
    )
    spaced = text != word or not end[-1:].strip()
    mark = context.style.written(word, quoting=context.quoting, spaced=spaced and not replaces)
    return replaces, text[: len(text) - len(word)] + mark


def _read_as(reader: ModelReader, context: Context, letters: str) -> frozenset[str]:
    """Return the folds of the words that the typed letters, as a whole word, are read as."""
    index = reader.id_of(context.state, reader.tokenizer.normalise(letters))
    known = {reader.lexicon.folds[index]} if index != UNK_ID else set()
    return frozenset(known | {reader.lexicon.fold(letters)})


_Scored = list[tuple[float, str, str]]
"""Probabilities of words, each with the word and its fold."""


def _ranked(
    reader: ModelReader,
    context: Context,
    typed: str,
    k: int,
    options: Options,
    *,
    is_weighed: bool = False,
    parted: Apart | None = None,
) -> Work[_Ranked]:
    """Return the k + 1 most probable words with their forms; one may be the typed word itself.

    Args: as `suggestions`, and whether the typed word may be one that the vocabulary lacks, even
        if others begin so; and the words that it may consist of.
    """
    letters = as_typed(typed) if typed else ""
    fold = reader.lexicon.fold(letters)
    opinion = _opinion(reader, context, letters, options.layer)
    spelled = {} if opinion is None else opinion.spelled
    blocks = options.filter.blocks
    after_abbreviation = context.words[-1:] == (".",) and not context.begins_sentence
    wanted = 2 * k + 4  # some words are forms of others, or blocked
    while True:
        likeliest: Likely = []
        if not letters:
            likeliest = yield Best(reader.engine, context.state, wanted, HIDDEN)
        scored = _scored(
            reader,
            context,
            letters,
            wanted,
            options,
            opinion,
            likeliest,
            is_weighed=is_weighed,
            parted=parted,
        )
        words: dict[str, tuple[float, list[Form]]] = {}
        for share, form, folded in scored:
            if after_abbreviation and form == ".":
                continue  # its full stop ends the sentence, too
            form = spelled.get(form, form)
            known = words.get(folded)
            if known is not None:
                known[1].append((share, form))
                words[folded] = (known[0] + share, known[1])
            elif share > 0 and (not blocks(folded) or folded == fold):
                words[folded] = (share, [(share, form)])
        if len(words) > k or len(scored) < wanted:
            return sorted(words.values(), key=_PROBABILITY, reverse=True)[: k + 1]
        wanted *= 4


def _scored(
    reader: ModelReader,
    context: Context,
    letters: str,
    wanted: int,
    options: Options,
    opinion: Opinion | None,
    likeliest: Likely,
    *,
    is_weighed: bool,
    parted: Apart | None,
) -> _Scored:
    """Return the `wanted` most probable forms, or fewer if there are no more; and a layer's.

    Args: as `_ranked`, and the most probable of all words, if no letters were typed.
    """
    lexicon = reader.lexicon
    fold = lexicon.fold(letters)
    is_new = is_weighed and not lexicon.forms(fold)
    others = {} if opinion is None else opinion.words
    ids = {i for word in others if (i := lexicon.id_of(word)) is not None}
    begun, weights = lexicon.begun(fold) if letters else NO_WORDS
    clitic, words_after = lexicon.after_clitic(letters) or ("", begun[:0])
    if len(words_after):
        weights = np.ones(len(begun)) if weights is None else weights
        weights = np.append(weights, np.full(len(words_after), CLITIC))
        begun = np.append(begun, words_after)
    rare: list[str] = []
    of_rare = 0.0
    if len(begun) and options.tolerant:
        near = list(one_edit(lexicon, fold, options.layout))
        new = _spelled(letters) if is_new else 0.0
        likely = _by_slips(reader, context, near, wanted, ids, begun=(begun, weights), new=new)
    elif not letters:
        likely = _with_others(reader, context, likeliest, ids)
    elif len(begun):
        if weights is None:
            likely = reader.engine.best(context.state, wanted, begun)
        else:
            likely = _weighed(reader, context, begun, weights, wanted)
        likely = _with_others(reader, context, likely, ids)
        if is_new:
            likely = _with_new(reader, context, likely, letters)
    elif others:
        likely = []  # only the layer knows words that begin so
        rare, of_rare = reader.rare.beginning(fold, wanted), 1.0
    else:
        near = _corrections(reader, letters, options, is_weighed=is_weighed)
        known = _begun_of(lexicon.begun_slips(fold))
        rare = reader.rare.beginning(fold, wanted)
        new = 0.0 if lexicon.forms(fold) else _spelled(letters)
        listed = len(rare) * LISTED / max(len(reader.rare), 1)
        likely = _by_slips(
            reader,
            context,
            near,
            wanted,
            ids | {UNK_ID},
            begun=known,
            new=new + listed,
            parted=parted,
        )
        likely, of_rare = _parted(likely, listed / max(new + listed, 1e-300))
    words, folds, two = lexicon.words, lexicon.folds, lexicon.two_words
    of_parted = " ".join(two.get(i, words[i]) for i in parted.ids) if parted is not None else ""
    kept, after = lexicon.fold(clitic), set(words_after.tolist())
    scored = [
        (share, letters, fold)
        if i == UNK_ID
        else (share, of_parted, lexicon.fold(of_parted))
        if i == _APART and parted is not None
        else (share, clitic + words[i], kept + folds[i])
        if i in after
        else (share, two.get(i, words[i]), folds[i])
        for i, share in _spelled_right(reader, likely, after)
    ]
    if rare:
        scored += [(of_rare / len(rare), word, lexicon.fold(word)) for word in rare]
    elif letters and len(begun) and len(likely) < wanted and not options.tolerant:
        scored = _with_rare(reader, context, letters, wanted, likely, scored)
    return scored if opinion is None else _mixed(scored, opinion, lexicon)


def _begun_of(weights: dict[int, float]) -> Begun:
    """Return words and their weights in the form of `Lexicon.begun`."""
    return np.array(list(weights), dtype=np.int64), np.array(list(weights.values()))


def _parted(likely: Likely, listed: float) -> tuple[Likely, float]:
    """Split off the share of `<unk>` that belongs to listed rare words."""
    unknown = dict(likely).get(UNK_ID, 0.0)
    left = [(i, share if i != UNK_ID else share * (1 - listed)) for i, share in likely]
    return [(i, share) for i, share in left if share > 0], unknown * listed


def _spelled_right(reader: ModelReader, likely: Likely, kept: Collection[int]) -> Likely:
    """Replace misspellings by the intended words, except those in `kept`."""
    meant_by = reader.lexicon.meant_by
    if not any(index in meant_by for index, _ in likely):
        return likely
    shares: dict[int, float] = {}
    for index, share in likely:
        meant = index if index in kept else meant_by.get(index, index)
        shares[meant] = shares.get(meant, 0.0) + share
    return list(shares.items())


def _with_rare(
    reader: ModelReader,
    context: Context,
    letters: str,
    wanted: int,
    begun: Likely,
    scored: _Scored,
) -> _Scored:
    """Append rare words that begin as typed to those of the vocabulary."""
    rare = reader.rare.beginning(reader.lexicon.fold(letters), wanted)
    if not rare:
        return scored
    _, share = _with_others(reader, context, begun, {UNK_ID})[-1]
    each = share * RARE / len(reader.rare)
    total = 1 + each * len(rare)
    forms = [*((each, word, reader.lexicon.fold(word)) for word in rare), *scored]
    return [(share / total, word, fold) for share, word, fold in forms]


def _with_others(reader: ModelReader, context: Context, likely: Likely, others: set[int]) -> Likely:
    """Return P of the most probable words, and of others."""
    if others and (missing := sorted(others.difference(index for index, _ in likely))):
        best, share = likely[0]
        scores = reader.engine.logits(context.state, np.array([best, *missing]))
        shares = share * np.exp(scores[1:] - scores[0])
        likely = [*likely, *zip(missing, shares.tolist(), strict=True)]
    return likely


def _with_new(reader: ModelReader, context: Context, likely: Likely, letters: str) -> Likely:
    """Return P of the most probable words, and of a new word, with the id of `<unk>`."""
    with_unknown = _with_others(reader, context, likely, {UNK_ID})
    new = with_unknown[-1][1] * _spelled(letters)
    return [(index, share / (1 + new)) for index, share in [*likely, (UNK_ID, new)]]


def _spelled(letters: str) -> float:
    """Return P(these letters | a word outside the vocabulary)."""
    return max(A_LETTER ** len(letters), 1e-300)


def _by_slips(
    reader: ModelReader,
    context: Context,
    near: Iterable[Near],
    wanted: int,
    others: set[int],
    *,
    begun: Begun = NO_WORDS,
    new: float,
    parted: Apart | None = None,
) -> Likely:
    """Return P given the typed letters by Bayes: P(word | context) P(typed | word), normalised.

    Args:
        reader: the model.
        context: the context before the word.
        near: the words that may be intended.
        wanted: the number of most probable words to return.
        others: ids to return besides.
        begun: the words that begin as typed.
        new: P(typed | `<unk>`), if a word outside the vocabulary may be intended.
        parted: words that may be intended; their id is `_APART`.
    """
    weights = np.zeros(len(reader.lexicon.words))
    weights[begun[0]] = 1.0 if begun[1] is None else begun[1]
    for words in near:
        ids = reader.lexicon.ids[words.low : words.high]
        weights[ids] = np.maximum(weights[ids], words.weight)
    weights[UNK_ID] = new
    ids = np.flatnonzero(weights)
    return _weighed(reader, context, ids, weights[ids], wanted, others, parted)


def _weighed(
    reader: ModelReader,
    context: Context,
    ids: np.ndarray,
    weights: np.ndarray,
    wanted: int,
    others: Collection[int] = (),
    parted: Apart | None = None,
) -> Likely:
    """Return the words with the highest P(word | context) times weight, and `others`.

    Words typed without spaces are weighed by the first one, and have the id `_APART`.
    """
    named = ids
    if parted is not None:
        ids, weights = np.append(ids, parted.ids[0]), np.append(weights, parted.weight)
        named = np.append(named, _APART)
    shares = reader.engine.probabilities(context.state, ids) * weights
    shares /= max(shares.sum(), 1e-300)
    order = np.lexsort((ids, -shares))
    top = order[:wanted].tolist()
    if others:
        top += [index for index in order[wanted:].tolist() if int(named[index]) in others]
    return [(int(named[index]), float(shares[index])) for index in top]


def _corrections(
    reader: ModelReader, letters: str, options: Options, *, is_weighed: bool
) -> list[Near]:
    """Return the words that a word outside the vocabulary may intend: an edit away, or of its stem.

    Args: as `suggestions`, and whether the typed word may be intended as it stands. Each of its
        letters beyond the stem then makes this more likely.
    """
    # Letters without spaces may be several words, which other words must not replace.
    if not any(map(str.isalpha, letters)) or is_unspaced(letters):
        return []
    fold, lexicon = reader.lexicon.fold(letters), reader.lexicon
    near = [*one_edit(lexicon, fold, options.layout), *two_edits(lexicon, fold)]
    if (plain := lexicon.unaccented(fold)) != fold:
        near.append(Near(*lexicon.range(plain), BARE))
    if (parts := lexicon.after_clitic(letters)) is not None:
        # l'homme does not correct l'en, nor l'as l'z.
        return near if len(letters) - len(parts[0]) >= AFTER_CLITIC else []
    low, high = stem(lexicon, fold)
    weight = STEM
    if is_weighed and low < high:
        beyond = len(fold)
        while not lexicon.sorted_folds[low].startswith(fold[:beyond]):
            beyond -= 1
        weight *= _spelled(fold[beyond:])
    return [*near, Near(low, high, weight)]


def _mixed(scored: _Scored, opinion: Opinion, lexicon: Lexicon) -> _Scored:
    """Return (1 - w) P_network + w P_layer of each form."""
    weight = opinion.weight
    shares = {form: (1 - weight) * share for share, form, _ in scored}
    for form, share in opinion.words.items():
        shares[form] = shares.get(form, 0.0) + weight * share
    return [(share, form, lexicon.fold(form)) for form, share in shares.items()]


def _opinion(
    reader: ModelReader, context: Context, letters: str, layer: Layer | None
) -> Opinion | None:
    """Return a layer's opinion; None if there is no layer, it has no opinion, or it fails."""
    if layer is None:
        return None
    try:
        prefix = reader.tokenizer.normalise(letters) if letters else ""
        given = layer.opinion(context.words, prefix)
        return _checked(given, reader.lexicon.fold(letters), reader.lexicon)
    except Exception as error:  # a failing layer must not stop suggestions
        _warn_once(layer, error)
        return None


def _checked(given: Opinion, fold: str, lexicon: Lexicon) -> Opinion | None:
    if not 0 <= given.weight <= 1:
        raise ValueError(f"its weight is {given.weight}, not 0 to 1")
    total = math.fsum(given.words.values())
    if not total <= 1 + 1e-6 or min(given.words.values(), default=0.0) < 0:
        raise ValueError(f"its probabilities are no shares of 1: they sum to {total}")
    begin_so = [item for item in given.words.items() if begins(fold, lexicon.fold(item[0]))]
    likeliest = heapq.nlargest(WORDS_OF_A_LAYER, begin_so, key=lambda item: item[1])
    if not likeliest or not given.weight:
        return None
    words = dict(likeliest)
    spelled = {
        w: s for w, s in given.spelled.items() if w in words and lexicon.fold(s) == lexicon.fold(w)
    }
    return Opinion(float(given.weight), words, spelled)


_warned: set[tuple[type, type]] = set()


def _warn_once(layer: Layer, error: Exception) -> None:
    """Log that a kind of layer fails in some way, once, as it may fail at every keystroke."""
    kind = (type(layer), type(error))
    if kind not in _warned:
        _warned.add(kind)
        _log.warning(
            "suggestions go on without the layer %s, which failed: %s: %s",
            type(layer).__name__,
            type(error).__name__,
            error,
        )
