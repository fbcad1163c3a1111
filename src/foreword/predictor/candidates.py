"""Rank the words that may be meant at the cursor: by network, layer, slips and rare words.

Knows neither the text around the word nor how the word is written into it.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from foreword.predictor.apart import Apart, apart
from foreword.predictor.engine import Likely, shares_of
from foreword.predictor.filter import Filter
from foreword.predictor.layer import Layer, Opinion, opinion_of
from foreword.predictor.lexicon import BARE, Lexicon
from foreword.predictor.lockstep import Best, Scores, Work
from foreword.predictor.reading import Context, ModelReader
from foreword.predictor.slips import QWERTY, Layout, Near, one_edit, stem, two_edits
from foreword.predictor.spelling import Form, as_typed
from foreword.text.segments import is_unspaced
from foreword.text.tokenizer import EOS_ID, UNK_ID

HIDDEN = (UNK_ID, EOS_ID)
"""The ids that are never suggested, as nobody types them."""
_APART = EOS_ID
"""Stands for words that were typed without spaces, among ids."""
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
"""The share of the network's P(<unk>) for rare words. The rest is left to new ones."""
FOLLOWING = 0.06
"""How much less likely words outside the vocabulary are if some words begin as typed: so much that
they follow nearly all of these."""

Begun = tuple[np.ndarray, np.ndarray | None]
"""A result of `Lexicon.begun`."""
NO_WORDS: Begun = (np.zeros(0, dtype=np.int64), None)
NO_FACTORS = (np.ones(0, dtype=np.float32), np.zeros(0, dtype=np.int64))
"""A result of `Factors.over` if there are none."""

_PROBABILITY = itemgetter(0)


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


Ranked = list[tuple[float, list[Form]]]
"""Probabilities of words, each with the word's forms."""


_Scored = list[tuple[float, str, str]]
"""Probabilities of words, each with the word and its fold."""
_Beyond = list[tuple[float, str]]
"""P(word | a word outside the vocabulary), and the word."""


def ranked(
    reader: ModelReader,
    context: Context,
    typed: str,
    k: int,
    options: Options,
    *,
    is_weighed: bool = False,
    parted: Apart | None = None,
) -> Work[Ranked]:
    """Return the k + 1 most probable words with their forms; one may be the typed word itself.

    Args: as `suggest.suggestions`, and whether the typed word may be one that the vocabulary
        lacks, even if others begin so; and the words that it may consist of.
    """
    letters = as_typed(typed) if typed else ""
    fold = reader.lexicon.fold(letters)
    opinion = opinion_of(options.layer, reader, context, letters)
    spelled = {} if opinion is None else opinion.spelled
    blocks = options.filter.blocks
    after_abbreviation = context.words[-1:] == (".",) and not context.begins_sentence
    wanted = 2 * k + 4  # some words are forms of others, or blocked
    while True:
        scored = yield from _scored(
            reader,
            context,
            letters,
            wanted,
            options,
            opinion,
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


def parted_word(
    reader: ModelReader, context: Context, typed: str, blocks: Callable[[str], bool]
) -> Work[Apart | None]:
    """Return words that typed letters may consist of, if no word begins so."""
    letters = as_typed(typed) if typed else ""
    if not letters or len(reader.lexicon.begun(reader.lexicon.fold(letters))[0]):
        return None
    return (yield from apart(reader.engine, reader.lexicon, context.state, letters, blocks))


def _scored(
    reader: ModelReader,
    context: Context,
    letters: str,
    wanted: int,
    options: Options,
    opinion: Opinion | None,
    *,
    is_weighed: bool,
    parted: Apart | None,
) -> Work[_Scored]:
    """Return the `wanted` most probable forms, or fewer if there are no more; and a layer's.

    Args: as `ranked`.
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
    factors, raised = NO_FACTORS
    if opinion is not None and opinion.factors is not None:
        factors, raised = opinion.factors.over(lexicon)
        if letters:
            weights = factors[begun] if weights is None else weights * factors[begun]
    beyond: _Beyond = []
    of_beyond = 0.0
    if len(begun) and options.tolerant:
        near = list(one_edit(lexicon, fold, options.layout))
        new = _spelled(letters) if is_new else 0.0
        likely = yield from _by_slips(
            reader, context, near, wanted, ids, begun=(begun, weights), new=new
        )
    elif not letters:
        likely = yield Best(reader.engine, context.state, wanted, HIDDEN)
        likely = yield from _with_others(reader, context, likely, ids)
        likely = yield from _with_raised(reader, context, likely, factors, raised, wanted)
    elif len(begun):
        if weights is None:
            likely = yield Best(reader.engine, context.state, wanted, words=begun)
        else:
            likely = yield from _weighed(reader, context, begun, weights, wanted)
        likely = yield from _with_others(reader, context, likely, ids, factors)
        if is_new:
            likely = yield from _with_new(reader, context, likely, letters, factors)
    elif others:
        likely = []  # only the layer knows words that begin so
        beyond, of_beyond = _beyond(reader, fold, wanted), 1.0
    else:
        near = _corrections(reader, letters, options, is_weighed=is_weighed)
        known = _begun_of(lexicon.begun_slips(fold))
        beyond = _beyond(reader, fold, wanted)
        new = 0.0 if lexicon.forms(fold) else _spelled(letters)
        longer = sum(share for share, _ in beyond)
        likely = yield from _by_slips(
            reader,
            context,
            near,
            wanted,
            ids | {UNK_ID},
            begun=known,
            new=new + longer,
            parted=parted,
        )
        likely, of_beyond = _parted(likely, longer / max(new + longer, 1e-300))
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
    if beyond:
        each = of_beyond / sum(share for share, _ in beyond)
        scored += [(each * share, word, lexicon.fold(word)) for share, word in beyond]
    elif letters and len(begun) and len(likely) < wanted and not options.tolerant:
        scored = yield from _with_beyond(reader, context, letters, wanted, likely, scored, factors)
    return scored if opinion is None else _mixed(scored, opinion, lexicon)


def _begun_of(weights: dict[int, float]) -> Begun:
    """Return words and their weights in the form of `Lexicon.begun`."""
    return np.array(list(weights), dtype=np.int64), np.array(list(weights.values()))


def _beyond(reader: ModelReader, fold: str, wanted: int) -> _Beyond:
    """Return words outside the vocabulary that begin with folded letters and are longer."""
    rare = reader.rare.beginning(fold, wanted)
    words = [(LISTED / len(reader.rare), word) for word in rare]
    if reader.new_words is not None:
        words += [((1 - LISTED) * p, word) for p, word in reader.new_words.beginning(fold)]
    return words


def _parted(likely: Likely, part: float) -> tuple[Likely, float]:
    """Split off the part of `<unk>` that belongs to longer words outside the vocabulary."""
    unknown = dict(likely).get(UNK_ID, 0.0)
    left = [(i, share if i != UNK_ID else share * (1 - part)) for i, share in likely]
    return [(i, share) for i, share in left if share > 0], unknown * part


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


def _with_beyond(
    reader: ModelReader,
    context: Context,
    letters: str,
    wanted: int,
    begun: Likely,
    scored: _Scored,
    factors: np.ndarray,
) -> Work[_Scored]:
    """Append words outside the vocabulary that begin as typed to those of the vocabulary."""
    beyond = _beyond(reader, reader.lexicon.fold(letters), wanted)
    if not beyond:
        return scored
    _, unknown = (yield from _with_others(reader, context, begun, {UNK_ID}, factors))[-1]
    each = unknown * FOLLOWING
    total = 1 + each * sum(share for share, _ in beyond)
    forms = [(each * share, word, reader.lexicon.fold(word)) for share, word in beyond]
    return [(share / total, word, fold) for share, word, fold in [*forms, *scored]]


def _with_others(
    reader: ModelReader,
    context: Context,
    likely: Likely,
    others: set[int],
    factors: np.ndarray = NO_FACTORS[0],
) -> Work[Likely]:
    """Return P of the most probable words, and of others; all were multiplied by their factors."""
    if others and (missing := sorted(others.difference(index for index, _ in likely))):
        best, share = likely[0]
        scores = yield Scores(reader.engine, context.state, np.array([best, *missing]))
        shares = share * np.exp(scores[1:] - scores[0])
        if len(factors):
            shares *= factors[missing] / factors[best]
        likely = [*likely, *zip(missing, shares.tolist(), strict=True)]
    return likely


def _with_raised(
    reader: ModelReader,
    context: Context,
    likely: Likely,
    factors: np.ndarray,
    raised: np.ndarray,
    wanted: int,
) -> Work[Likely]:
    """Return the words of highest P times factor, and the others in `likely`.

    Args:
        reader: the model.
        context: the context before the word.
        likely: the `wanted` words of highest P, the highest first, and perhaps others.
        factors: the factor of every word, (V,).
        raised: the ids of words with a factor above 1.
        wanted: the number of words.
    """
    if not len(raised) or not likely:
        return likely
    best, share = likely[0]
    scores = yield Scores(reader.engine, context.state, np.append(best, raised))
    shares = share * np.exp(scores[1:] - scores[0])
    total = 1 + float(shares @ (factors[raised] - 1))
    shares *= factors[raised]
    top = np.argsort(-shares, kind="stable")[:wanted]
    merged = {i: p * float(factors[i]) for i, p in likely}
    merged.update(zip(raised[top].tolist(), shares[top].tolist(), strict=True))
    likeliest = sorted(merged.items(), key=lambda word: (-word[1], word[0]))
    return [(i, p / total) for i, p in likeliest]


def _with_new(
    reader: ModelReader, context: Context, likely: Likely, letters: str, factors: np.ndarray
) -> Work[Likely]:
    """Return P of the most probable words, and of a new word, with the id of `<unk>`."""
    with_unknown = yield from _with_others(reader, context, likely, {UNK_ID}, factors)
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
) -> Work[Likely]:
    """Return P given the typed letters by Bayes: P(word | context) P(typed | word), normalised.

    Args:
        reader: the model.
        context: the context before the word.
        near: the words that may be intended.
        wanted: the number of most probable words to return.
        others: further ids to return.
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
    return (yield from _weighed(reader, context, ids, weights[ids], wanted, others, parted))


def _weighed(
    reader: ModelReader,
    context: Context,
    ids: np.ndarray,
    weights: np.ndarray,
    wanted: int,
    others: Collection[int] = (),
    parted: Apart | None = None,
) -> Work[Likely]:
    """Return the words with the highest P(word | context) times weight, and `others`.

    Words typed without spaces are weighed by the first one, and have the id `_APART`.
    """
    named = ids
    if parted is not None:
        ids, weights = np.append(ids, parted.ids[0]), np.append(weights, parted.weight)
        named = np.append(named, _APART)
    shares = shares_of((yield Scores(reader.engine, context.state, ids))) * weights
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
