"""Suggestions for the word that is being typed: network, layer, slips, filter, case and spaces.

Knows no earlier texts: what was read before is a `Context` that comes in.
"""

import heapq
import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from foreword.predictor.engine import Likely
from foreword.predictor.filter import Filter
from foreword.predictor.layer import Layer, Opinion
from foreword.predictor.lockstep import Best, Work
from foreword.predictor.reading import Context, Reader
from foreword.predictor.slips import QWERTY, Layout, Near, one_edit, stem
from foreword.predictor.spacing import join
from foreword.predictor.spelling import Form, as_typed, written
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
RARE = 0.03
"""The share that all rare words have together in what the network gives to <unk>: so little that
they follow nearly all words of the vocabulary that begin as typed."""

_PROBABILITY = itemgetter(0)
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
    reader: Reader, context: Context, typed: str, end: str, k: int, options: Options
) -> Work[list[Suggestion]]:
    """The k likeliest words in a context.

    Args:
        reader: the model.
        context: before the word.
        typed: raw letters of it, at the end of the text; empty for a whole new word.
        end: the last two characters of the text or more.
        k: at most so many.
        options: how.
    """
    if len(typed) > LONGEST_TYPED:
        return []
    letters = as_typed(typed) if typed else ""
    lexicon = reader.lexicon
    curly = context.curly if "'" not in letters else "’" in typed
    is_plain = not context.begins_sentence and letters == letters.lower()
    offered: list[Suggestion] = []
    for probability, forms in (yield from _ranked(reader, context, letters, k, options)):
        # Most words of most texts have one form.
        as_known = is_plain and len(forms) == 1
        word = forms[0][1] if as_known else written(forms, letters, context, lexicon)
        text = word.replace("'", "’") if curly and len(word) > 1 else word
        replaces = len(typed)
        if not typed:
            replaces, text = join(end, text, quoting=context.quoting, in_print=reader.in_print)
        elif text == typed and lexicon.forms(letters.casefold()):
            continue  # it stands there already
        offered.append(Suggestion(word, probability, text, replaces))
    return offered[:k]


_Scored = list[tuple[float, str, str]]
"""Probabilities with words and what these are when folded."""


def _ranked(
    reader: Reader, context: Context, letters: str, k: int, options: Options
) -> Work[list[tuple[float, list[Form]]]]:
    """The likeliest k + 1 words, each with its forms; one of them may be what is typed already."""
    fold = letters.casefold()
    opinion = _opinion(reader, context, letters, options.layer)
    spelled = {} if opinion is None else opinion.spelled
    blocks = options.filter.blocks
    wanted = 2 * k + 4  # some are forms of others, or blocked
    while True:
        likeliest: Likely = []
        if not letters:
            likeliest = yield Best(reader.engine, context.state, wanted, HIDDEN)
        scored = _scored(reader, context, letters, wanted, options, opinion, likeliest)
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
) -> _Scored:
    """The `wanted` likeliest forms, or fewer if there are no more; and those of a layer.

    Args: as `suggestions`; and the likeliest of all words, where no letters are there.
    """
    lexicon = reader.lexicon
    others = {} if opinion is None else opinion.words
    ids = {i for word in others if (i := lexicon.id_of(word)) is not None}
    low, high = lexicon.range(letters.casefold()) if letters else (0, 0)
    if low < high and options.tolerant:
        near = [Near(low, high, 1.0), *one_edit(lexicon, letters.casefold(), options.layout)]
        found = _by_slips(reader, context, near, wanted, ids, spelled=None)
    elif not letters:
        found = _with_others(reader, context, likeliest, ids)
    elif low < high:
        found = reader.engine.best(context.state, wanted, lexicon.ids[low:high])
        found = _with_others(reader, context, found, ids)
    elif others:
        found = []  # the layer knows words that begin so, and the network none
    else:
        near = _corrections(reader, letters, options)
        found = _by_slips(reader, context, near, wanted, ids, spelled=letters)
    words, folds = lexicon.words, lexicon.folds
    scored = [
        (share, words[i], folds[i]) if i != UNK_ID else (share, letters, letters.casefold())
        for i, share in found
    ]
    if letters and (low == high or (len(found) < wanted and not options.tolerant)):
        scored = _with_rare(reader, context, letters, wanted, found if low < high else None, scored)
    return scored if opinion is None else _mixed(scored, opinion)


def _with_rare(
    reader: Reader,
    context: Context,
    letters: str,
    wanted: int,
    begun: Likely | None,
    scored: _Scored,
) -> _Scored:
    """With rare words that begin as typed: after those of the vocabulary, before corrections.

    Args: as `suggestions`; `begun` has the vocabulary's words that begin so, None if there are none
        and `scored` are corrections.
    """
    rare = reader.rare.beginning(letters.casefold(), wanted)
    if not rare:
        return scored
    each = 1.0
    if begun is not None:
        _, share = _with_others(reader, context, begun, {UNK_ID})[-1]
        each = share * RARE / len(reader.rare)
    total = bool(scored) + each * len(rare)
    found = [*((each, word, word.casefold()) for word in rare), *scored]
    return [(share / total, word, fold) for share, word, fold in found]


def _with_others(reader: Reader, context: Context, found: Likely, others: set[int]) -> Likely:
    """P of the likeliest words, and of others."""
    if others and (missing := sorted(others.difference(index for index, _ in found))):
        best, share = found[0]
        scores = reader.engine.logits(context.state, np.array([best, *missing]))
        shares = share * np.exp(scores[1:] - scores[0])
        found = [*found, *zip(missing, shares.tolist(), strict=True)]
    return found


def _by_slips(
    reader: Reader,
    context: Context,
    near: Iterable[Near],
    wanted: int,
    others: set[int],
    *,
    spelled: str | None,
) -> Likely:
    """P given what is typed, by Bayes: P(word | context) P(typed | word), over all these words.

    Args:
        reader: the model.
        context: before the word.
        near: which words may be meant.
        wanted: so many of the likeliest.
        others: ids that are wanted besides.
        spelled: a word that the vocabulary lacks, which may be meant as it stands; it has the id
            of `<unk>`.
    """
    weights = np.zeros(len(reader.lexicon.words))
    for words in near:
        ids = reader.lexicon.ids[words.low : words.high]
        weights[ids] = np.maximum(weights[ids], words.weight)
    if spelled is not None:
        weights[UNK_ID] = max(A_LETTER ** len(spelled), 1e-300)
    ids = np.flatnonzero(weights)
    shares = reader.engine.probabilities(context.state, ids) * weights[ids]
    shares /= max(shares.sum(), 1e-300)
    order = np.lexsort((ids, -shares))
    top = order[:wanted].tolist()
    top += [place for place in order[wanted:].tolist() if int(ids[place]) in others]
    return [(int(ids[place]), float(shares[place])) for place in top]


def _corrections(reader: Reader, letters: str, options: Options) -> list[Near]:
    """Words that may be meant by one that the vocabulary lacks: an edit away, or of its stem."""
    if not any(map(str.isalpha, letters)):
        return []
    fold = letters.casefold()
    near = list(one_edit(reader.lexicon, fold, options.layout))
    return [*near, Near(*stem(reader.lexicon, fold), STEM)]


def _mixed(scored: _Scored, opinion: Opinion) -> _Scored:
    """(1 - w) P_network + w P_layer of each form."""
    weight = opinion.weight
    shares = {form: (1 - weight) * share for share, form, _ in scored}
    for form, share in opinion.words.items():
        shares[form] = shares.get(form, 0.0) + weight * share
    return [(share, form, form.casefold()) for form, share in shares.items()]


def _opinion(reader: Reader, context: Context, letters: str, layer: Layer | None) -> Opinion | None:
    """What a layer says; None if there is none, it has nothing to say, or it fails."""
    if layer is None:
        return None
    try:
        prefix = reader.tokenizer.normalise(letters) if letters else ""
        given = layer.opinion(context.words, prefix)
        return _checked(given, letters.casefold())
    except Exception as error:  # whatever it is, typing goes on
        _warn_once(layer, error)
        return None


def _checked(given: Opinion, fold: str) -> Opinion | None:
    if not 0 <= given.weight <= 1:
        raise ValueError(f"its weight is {given.weight}, not 0 to 1")
    total = math.fsum(given.words.values())
    if not total <= 1 + 1e-6 or min(given.words.values(), default=0.0) < 0:
        raise ValueError(f"its probabilities are no shares of 1: they sum to {total}")
    begin_so = [item for item in given.words.items() if item[0].casefold().startswith(fold)]
    likeliest = heapq.nlargest(WORDS_OF_A_LAYER, begin_so, key=lambda item: item[1])
    if not likeliest or not given.weight:
        return None
    words = dict(likeliest)
    spelled = {
        w: s for w, s in given.spelled.items() if w in words and s.casefold() == w.casefold()
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
