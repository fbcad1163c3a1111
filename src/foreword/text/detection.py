"""Detect the language of a text by py3langid, a small detector of some hundred languages."""

from collections.abc import Collection
from functools import cache
from typing import Any

from foreword.errors import MissingExtraError


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingExtraError("Detecting languages", "translate") from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def detect(text: str) -> tuple[str, float]:
    """Return the likeliest language of a text, and its probability.

    Raises:
        MissingExtraError: the detector is not installed.
    """
    code, probability = _identifier().classify(text)
    return str(code), float(probability)


def detectable() -> Collection[str]:
    """Return the codes of the languages that the detector knows.

    Raises:
        MissingExtraError: the detector is not installed.
    """
    return frozenset(map(str, _identifier().nb_classes))
