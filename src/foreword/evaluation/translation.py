"""Measure translations against references: BLEU, chrF and TER, by sacreBLEU. No torch.

BLEU (Papineni et al. 2002) counts the n-grams of words that a translation shares with its
reference, chrF (Popović 2015) those of characters, and TER (Snover et al. 2006) the edits that turn
one into the other. Figures compare only under the same signature (Post 2018).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foreword.errors import MissingExtraError, TextError


@dataclass(frozen=True)
class Quality:
    """The similarity of translations to their references.

    Attributes:
        bleu: 0 to 100; more is better.
        chrf: chrF2, 0 to 100; more is better.
        ter: edits per 100 words of the reference, 0 and above; less is better.
        signatures: by the name of each measure, how sacreBLEU computed it.
    """

    bleu: float
    chrf: float
    ter: float
    signatures: Mapping[str, str]


def measure(translations: Sequence[str], references: Sequence[str]) -> Quality:
    """Measure translations, each against one reference.

    Args:
        translations: raw text, neither cut into words nor folded to lower case.
        references: likewise, in the same order.

    Raises:
        MissingExtraError: sacreBLEU is not installed.
        TextError: there are no translations, or not as many as references.
    """
    _check(translations, references)
    metrics = _metrics()
    scores = {
        name: metric.corpus_score(list(translations), [list(references)]).score
        for name, metric in metrics.items()
    }
    signatures = {name: str(metric.get_signature()) for name, metric in metrics.items()}
    return Quality(**scores, signatures=signatures)


def ranges_of_lengths(sources: Sequence[str], parts: int = 4) -> dict[str, list[int]]:
    """Return the sentences of each range of lengths, from short to long.

    >>> ranges_of_lengths(["a b c", "a", "a b", "a b c d"], parts=2)
    {'1-2': [1, 2], '3-4': [0, 3]}

    Args:
        sources: the sentences; their words between spaces count.
        parts: the number of ranges of lengths, of about equally many sentences each.
    """
    lengths = np.array([len(source.split()) for source in sources])
    cuts = np.unique(np.quantile(lengths, np.linspace(0, 1, parts + 1)).astype(int))
    ranges = {}
    for k, high in enumerate(cuts[1:] if len(cuts) > 1 else cuts):
        low = cuts[k] if k == 0 else cuts[k] + 1
        ranges[f"{low}-{high}"] = np.flatnonzero((lengths >= low) & (lengths <= high)).tolist()
    return ranges


def _metrics() -> dict[str, Any]:
    try:
        from sacrebleu.metrics.bleu import BLEU
        from sacrebleu.metrics.chrf import CHRF
        from sacrebleu.metrics.ter import TER
    except ModuleNotFoundError as error:
        raise MissingExtraError("measuring translations", "translate") from error
    return {"bleu": BLEU(), "chrf": CHRF(), "ter": TER()}


def _check(translations: Sequence[str], references: Sequence[str]) -> None:
    if len(translations) != len(references):
        raise TextError(
            f"there are {len(translations):,} translations and {len(references):,} references"
        )
    if not translations:
        raise TextError("there are no translations to measure")
