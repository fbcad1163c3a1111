"""Suggestions for the word that is being typed: network, layer, slips, filter, case and spaces.

Knows no earlier texts: what was read before is a `Context` that comes in.
"""

import heapq
import logging
import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from foreword.predictor.engine import Likely
from foreword.predictor.filter import Filter
from foreword.predictor.layer import Layer, Opinion
from foreword.predictor.letters import begins
from foreword.predictor.lexicon import Lexicon
from foreword.predictor.lockstep import Best, Work
from foreword.predictor.reading import Context, Reader
from foreword.predictor.slips import QWERTY, Layout, Near, one_edit, stem
from foreword.predictor.spacing import join
from foreword.predictor.spelling import Form, as_typed, written
from foreword.text.segments import is_unspaced
from foreword.text.tokenizer import EOS_ID, UNK_ID

HIDDEN = (UNK_ID, EOS_ID)
"""Never suggested: neither is a word that anyone would type."""
LONGEST_TYPED = 256
"""Nothing is suggested for a longer word."""
WORDS_OF_A_LAYER = 64
"""A layer's likeliest words are mixed in, at most so many."""
STEM = 1e-5
"""P(typed | a word meant that shares its stem), beside the edits of `slips`."""
A_LETTER = 1 / 20
"""P of each further letter of a word that the vocabulary lacks."""
CLITIC = 1e-3
"""P(a clitic stands before a word that the vocabulary does not have with it), beside 1; measured by
`benchmarks/clitics.py`."""
AFTER_CLITIC = 4
"""Letters after a clitic, at least, of which a slip is thought."""
LISTED = 0.5
"""The share of rare words in what the network gives to <unk>, where no word begins as typed."""
RARE = 0.03
"""The same where some do: so little that rare words follow nearly all of these."""

MENDED = 0.5
"""Of a word that is typed in another form than it is written in (paris), the probability that it is
to be mended rather than left as it is and gone on from."""
SLIP_MENDED = 0.8
"""The same of a known misspelling."""
UNLIKELY = 0.05
"""After letters that are a whole word less often, no next words are offered: fewer are looked for,
and none that is meant is missed (`benchmarks/finished.py`)."""
ENOUGH = 8
"""A word that is likelier to be finished than not is among so many."""

Begun = tuple[np.ndarray, np.ndarray | None]
"""What `Lexicon.begun` gives."""
NO_WORDS: Begun = (np.zeros(0, dtype=np.int64), None)

_PROBABILITY = itemgetter(0)
_probability_of = attrgetter("probability")
_log = logging.getLogger("foreword")


class Suggestion(NamedTuple):
    """A word to offer.

    Attributes:
        word: as it is written here, its typed letters included.
        probability: that this word is meant, its forms in other cases included: of a next word the
            model's own; of an unfinished one that given what is typed.
        text: what stands at the end of the field after accepting, in place of its last `replaces`
            characters. A space after it is the product's: a mark that is accepted next removes it.
        replaces: so many characters at the end of the text are taken away; often 0.
    """

    word: str
    probability: float
    text: str
    replaces: int

    def accepted(self, field: str) -> str:
        """The field after accepting.

        >>> Suggestion("like", 0.9, "like", 2).accepted("I would li")
        'I would like'
        """
        return field[: len(field) - self.replaces] + self.text


@dataclass(frozen=True)
class Options:
    """How to suggest.

    Attributes:
        filter: words that are kept back.
        tolerant: think of slips too where words begin as typed.
        layout: of the keys, for slips.
        layer: who else has an opinion.
    """

    filter: Filter
    tolerant: bool = False
    layout: Layout = QWERTY
    layer: Layer | None = None


def suggestions(
    reader: Reader,
    context: Context,
    typed: str,
    end: str,
    k: int,
    options: Options,
    *,
    complete: bool | None = None,
    look_ahead: Callable[[str], Work[Context]],
) -> Work[list[Suggestion]]:
    """The k likeliest words where a text ends.

    Letters at the end of a text can be read in two ways: as a whole word, which a next word
    follows, or as the beginning of a longer one. Both readings come in by their probabilities:
    P(the word | context) P(next word | context, the word) for a next word, and P(longer word |
    context) for a longer word, each divided by the sum over all words that begin as typed.

    Args:
        reader: the model.
        context: before the word.
        typed: raw letters of it, at the end of the text; empty for a whole new word.
        end: the last characters of the text, `spacing.SEEN` or all.
        k: at most so many.
        options: how.
        complete: None weighs both readings; True takes the letters as unfinished in any case.
        look_ahead: gives the context after the letters as a whole word.
    """
    is_weighed = complete is None and bool(typed)
    offered: list[Suggestion] = []
    finished = 1.0
    if len(typed) > LONGEST_TYPED:
        if not is_weighed:
            return []
    else:
        ranked = yield from _ranked(reader, context, typed, k, options, is_weighed=is_weighed)
        offered, finished = _readings(reader, context, typed, end, ranked, is_weighed=is_weighed)
    # A next word is no likelier than the word before it: most letters need no look ahead.
    if finished > max(UNLIKELY, offered[k - 1].probability if len(offered) >= k else 0.0):
        after = yield from look_ahead(typed)
        ranked = yield from _ranked(reader, after, "", k, options)
        following, _ = _readings(reader, after, "", end, ranked)
        offered += [one._replace(probability=finished * one.probability) for one in following]
        offered.sort(key=_probability_of, reverse=True)
        offered = _each_once(offered, reader.lexicon)
    return offered[:k]


def _each_once(offered: list[Suggestion], lexicon: Lexicon) -> list[Suggestion]:
    """Without the less likely one of two that look the same: likely for like, and after it."""
    seen: dict[str, Suggestion] = {}
    for one in offered:
        seen.setdefault(lexicon.fold(one.word), one)
    return list(seen.values())


def finished_share(
    reader: Reader, context: Context, typed: str, end: str, options: Options
) -> Work[float]:
    """P(letters at the end of a text are a finished word | context); see `suggestions`.

    Args: as `suggestions`.
    """
    if len(typed) > LONGEST_TYPED:
        return 1.0
    ranked = yield from _ranked(reader, context, typed, ENOUGH, options, is_weighed=True)
    return _readings(reader, context, typed, end, ranked, is_weighed=True)[1]


_Ranked = list[tuple[float, list[Form]]]
"""Words by their probabilities, each with its forms."""


def _readings(
    reader: Reader,
    context: Context,
    typed: str,
    end: str,
    ranked: _Ranked,
    *,
    is_weighed: bool = False,
) -> tuple[list[Suggestion], float]:
    """Words ready to be put at the end of a text, and P(what stands there is a finished word)."""
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
        # Most words of most texts have one form.
        as_known = is_plain and len(forms) == 1
        word = forms[0][1] if as_known else written(forms, letters, context, lexicon)
        replaces = len(typed)
        share = probability
        if not typed:
            replaces, text = _joined(reader, context, end, word)
        else:
            text = style.written(word, quoting=context.quoting, spaced=False)
        stands_there = bool(typed) and (text == typed or word == letters)
        if is_weighed and lexicon.fold(word) in read_as:
            left = 0.0 if stands_there else probability * mended
            finished += probability - left
            share = left
        elif stands_there and lexicon.forms(lexicon.fold(letters)):
            continue  # it stands there already
        if share > 0:
            offered.append(Suggestion(word, share, text, replaces))
    if finished:
        offered.sort(key=_probability_of, reverse=True)
    return offered, finished


def _joined(reader: Reader, context: Context, end: str, word: str) -> tuple[int, str]:
    """How a whole word follows a text: characters to take away, and what then to append."""
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


def _read_as(reader: Reader, context: Context, letters: str) -> frozenset[str]:
    """Folds of the words that typed letters are read as, if no more are typed."""
    index = reader.id_of(context.state, reader.tokenizer.normalise(letters))
    known = {reader.lexicon.folds[index]} if index != UNK_ID else set()
    return frozenset(known | {reader.lexicon.fold(letters)})


_Scored = list[tuple[float, str, str]]
"""Probabilities with words and what these are when folded."""


def _ranked(
    reader: Reader,
    context: Context,
    typed: str,
    k: int,
    options: Options,
    *,
    is_weighed: bool = False,
) -> Work[_Ranked]:
    """The likeliest k + 1 words, each with its forms; one of them may be what is typed already.

    Args: as `suggestions`; and whether what is typed may be a word that the vocabulary lacks, even
        if others begin so.
    """
    letters = as_typed(typed) if typed else ""
    fold = reader.lexicon.fold(letters)
    opinion = _opinion(reader, context, letters, options.layer)
    spelled = {} if opinion is None else opinion.spelled
    blocks = options.filter.blocks
    wanted = 2 * k + 4  # some are forms of others, or blocked
    while True:
        likeliest: Likely = []
        if not letters:
            likeliest = yield Best(reader.engine, context.state, wanted, HIDDEN)
        scored = _scored(
            reader, context, letters, wanted, options, opinion, likeliest, is_weighed=is_weighed
        )
        words: dict[str, tuple[float, list[Form]]] = {}
        for share, form, folded in scored:
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
    reader: Reader,
    context: Context,
    letters: str,
    wanted: int,
    options: Options,
    opinion: Opinion | None,
    likeliest: Likely,
    *,
    is_weighed: bool,
) -> _Scored:
    """The `wanted` likeliest forms, or fewer if there are no more; and those of a layer.

    Args: as `_ranked`; and the likeliest of all words, where no letters are there.
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
        found = _by_slips(reader, context, near, wanted, ids, begun=(begun, weights), new=new)
    elif not letters:
        found = _with_others(reader, context, likeliest, ids)
    elif len(begun):
        if weights is None:
            found = reader.engine.best(context.state, wanted, begun)
        else:
            found = _weighed(reader, context, begun, weights, wanted)
        found = _with_others(reader, context, found, ids)
        if is_new:
            found = _with_new(reader, context, found, letters)
    elif others:
        found = []  # the layer knows words that begin so, and the network none
        rare, of_rare = reader.rare.beginning(fold, wanted), 1.0
    else:
        near = _corrections(reader, letters, options, is_weighed=is_weighed)
        known = _of(lexicon.begun_slips(fold))
        rare = reader.rare.beginning(fold, wanted)
        new = 0.0 if lexicon.forms(fold) else _spelled(letters)
        listed = len(rare) * LISTED / max(len(reader.rare), 1)
        found = _by_slips(
            reader, context, near, wanted, ids | {UNK_ID}, begun=known, new=new + listed
        )
        found, of_rare = _parted(found, listed / max(new + listed, 1e-300))
    words, folds = lexicon.words, lexicon.folds
    kept, after = lexicon.fold(clitic), set(words_after.tolist())
    scored = [
        (share, letters, fold)
        if i == UNK_ID
        else (share, clitic + words[i], kept + folds[i])
        if i in after
        else (share, words[i], folds[i])
        for i, share in _spelled_right(reader, found, after)
    ]
    if rare:
        scored += [(of_rare / len(rare), word, lexicon.fold(word)) for word in rare]
    elif letters and len(begun) and len(found) < wanted and not options.tolerant:
        scored = _with_rare(reader, context, letters, wanted, found, scored)
    return scored if opinion is None else _mixed(scored, opinion, lexicon)


def _of(weights: dict[int, float]) -> Begun:
    """Words and their weights, as `Lexicon.begun` gives them."""
    return np.array(list(weights), dtype=np.int64), np.array(list(weights.values()))


def _parted(found: Likely, listed: float) -> tuple[Likely, float]:
    """Without the share of `<unk>` that listed rare words have, and that share."""
    unknown = dict(found).get(UNK_ID, 0.0)
    left = [(i, share if i != UNK_ID else share * (1 - listed)) for i, share in found]
    return [(i, share) for i, share in left if share > 0], unknown * listed


def _spelled_right(reader: Reader, found: Likely, kept: Collection[int]) -> Likely:
    """With the words that are meant in place of misspellings, but for some that are kept."""
    meant_by = reader.lexicon.meant_by
    if not any(index in meant_by for index, _ in found):
        return found
    shares: dict[int, float] = {}
    for index, share in found:
        meant = index if index in kept else meant_by.get(index, index)
        shares[meant] = shares.get(meant, 0.0) + share
    return list(shares.items())


def _with_rare(
    reader: Reader,
    context: Context,
    letters: str,
    wanted: int,
    begun: Likely,
    scored: _Scored,
) -> _Scored:
    """With rare words that begin as typed, after those of the vocabulary that do."""
    rare = reader.rare.beginning(reader.lexicon.fold(letters), wanted)
    if not rare:
        return scored
    _, share = _with_others(reader, context, begun, {UNK_ID})[-1]
    each = share * RARE / len(reader.rare)
    total = 1 + each * len(rare)
    found = [*((each, word, reader.lexicon.fold(word)) for word in rare), *scored]
    return [(share / total, word, fold) for share, word, fold in found]


def _with_others(reader: Reader, context: Context, found: Likely, others: set[int]) -> Likely:
    """P of the likeliest words, and of others."""
    if others and (missing := sorted(others.difference(index for index, _ in found))):
        best, share = found[0]
        scores = reader.engine.logits(context.state, np.array([best, *missing]))
        shares = share * np.exp(scores[1:] - scores[0])
        found = [*found, *zip(missing, shares.tolist(), strict=True)]
    return found


def _with_new(reader: Reader, context: Context, found: Likely, letters: str) -> Likely:
    """P of the likeliest words, and of a new word, which has the id of `<unk>`."""
    with_unknown = _with_others(reader, context, found, {UNK_ID})
    new = with_unknown[-1][1] * _spelled(letters)
    return [(index, share / (1 + new)) for index, share in [*found, (UNK_ID, new)]]


def _spelled(letters: str) -> float:
    """P(these letters | a word that the vocabulary lacks)."""
    return max(A_LETTER ** len(letters), 1e-300)


def _by_slips(
    reader: Reader,
    context: Context,
    near: Iterable[Near],
    wanted: int,
    others: set[int],
    *,
    begun: Begun = NO_WORDS,
    new: float,
) -> Likely:
    """P given what is typed, by Bayes: P(word | context) P(typed | word), over all these words.

    Args:
        reader: the model.
        context: before the word.
        near: which words may be meant.
        wanted: so many of the likeliest.
        others: ids that are wanted besides.
        begun: words that begin as typed.
        new: P(typed | `<unk>`), if a word that the vocabulary lacks may be meant.
    """
    weights = np.zeros(len(reader.lexicon.words))
    weights[begun[0]] = 1.0 if begun[1] is None else begun[1]
    for words in near:
        ids = reader.lexicon.ids[words.low : words.high]
        weights[ids] = np.maximum(weights[ids], words.weight)
    weights[UNK_ID] = new
    ids = np.flatnonzero(weights)
    return _weighed(reader, context, ids, weights[ids], wanted, others)


def _weighed(
    reader: Reader,
    context: Context,
    ids: np.ndarray,
    weights: np.ndarray,
    wanted: int,
    others: Collection[int] = (),
) -> Likely:
    """The likeliest of some words by P(word | context) times its weight; and others among them."""
    shares = reader.engine.probabilities(context.state, ids) * weights
    shares /= max(shares.sum(), 1e-300)
    order = np.lexsort((ids, -shares))
    top = order[:wanted].tolist()
    if others:
        top += [place for place in order[wanted:].tolist() if int(ids[place]) in others]
    return [(int(ids[place]), float(shares[place])) for place in top]


def _corrections(reader: Reader, letters: str, options: Options, *, is_weighed: bool) -> list[Near]:
    """Words that may be meant by one that the vocabulary lacks: an edit away, or of its stem.

    Args: as `suggestions`; and whether the typed word may be meant as it stands. Its letters beyond
        the stem then speak for it, one by one.
    """
    # Letters that no space separates may be several words: others never take their place.
    if not any(map(str.isalpha, letters)) or is_unspaced(letters):
        return []
    fold, lexicon = reader.lexicon.fold(letters), reader.lexicon
    near = list(one_edit(lexicon, fold, options.layout))
    if (parts := lexicon.after_clitic(letters)) is not None:
        # l'homme is no correction of l'en, and l'as none of l'z.
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
    """(1 - w) P_network + w P_layer of each form."""
    weight = opinion.weight
    shares = {form: (1 - weight) * share for share, form, _ in scored}
    for form, share in opinion.words.items():
        shares[form] = shares.get(form, 0.0) + weight * share
    return [(share, form, lexicon.fold(form)) for form, share in shares.items()]


def _opinion(reader: Reader, context: Context, letters: str, layer: Layer | None) -> Opinion | None:
    """What a layer says; None if there is none, it has nothing to say, or it fails."""
    if layer is None:
        return None
    try:
        prefix = reader.tokenizer.normalise(letters) if letters else ""
        given = layer.opinion(context.words, prefix)
        return _checked(given, reader.lexicon.fold(letters), reader.lexicon)
    except Exception as error:  # whatever it is, typing goes on
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
    """Tells of a kind of layer that fails in a way; once, since it may at every keystroke."""
    kind = (type(layer), type(error))
    if kind not in _warned:
        _warned.add(kind)
        _log.warning(
            "suggestions go on without the layer %s, which failed: %s: %s",
            type(layer).__name__,
            type(error).__name__,
            error,
        )
