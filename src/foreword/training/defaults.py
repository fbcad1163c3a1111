"""Sizes, dropout and learning rate, where nobody has chosen them. Pure arithmetic."""

import math

from foreword.folder.architecture import DESCRIPTIONS, AnyModelName
from foreword.training.settings import (
    DropoutSettings,
    ModelSettings,
    RateSettings,
    TrainingSettings,
)

TRANSLATION_DROPOUT, TRANSLATION_RATE = 0.3, 0.004
"""Of translation models where nobody chooses: those of one run of thirty minutes on 29,000 pairs of
captions, German to English, twenty passes, which reached BLEU 42.0 on the validation pairs (beam
4). Ten minutes with a dropout of 0.2, less than four passes, had reached 37.3."""
SMALL, MEDIUM = 100_000, 1_000_000
"""Words of training text below which a model is made smaller."""


def fill_in(
    settings: TrainingSettings, *, words: int, passes: float | None = None
) -> TrainingSettings:
    """The same settings, with every size and rate that was left open decided.

    Args:
        settings: of which None are open.
        words: of the training text.
        passes: how often it will be read, if that is known.
    """
    return settings.model_copy(
        update={
            "model": _sizes(settings.model, words),
            "dropout": _dropout(settings.dropout, words, passes),
            "rate": _rate(settings.rate, settings.model.model),
        }
    )


def _sizes(model: ModelSettings, words: int) -> ModelSettings:
    """Of two sizes the one that is not given equals the other; of none, both are chosen.

    A long text has a large vocabulary, whose output layer costs time in proportion to the
    embedding's size. So there the hidden state is made the larger of the two.
    """
    embedding, hidden = (96, 96) if words < SMALL else (192, 192) if words < MEDIUM else (192, 512)
    if model.embedding_size is not None or model.hidden_size is not None:
        embedding = model.embedding_size or model.hidden_size or embedding
        hidden = model.hidden_size or embedding
    return model.model_copy(update={"embedding_size": embedding, "hidden_size": hidden})


def fill_in_translation(settings: TrainingSettings, *, words: int) -> TrainingSettings:
    """The same for translation.

    Args:
        settings: of which None are open.
        words: of the translations that are trained on.
    """
    model = settings.model
    embedding, hidden = (
        (128, 192) if words < SMALL else (256, 384) if words < MEDIUM else (320, 512)
    )
    if model.embedding_size is not None or model.hidden_size is not None:
        embedding = model.embedding_size or model.hidden_size or embedding
        hidden = model.hidden_size or embedding
    dropout = settings.dropout
    if dropout.dropout is None:
        dropout = dropout.model_copy(update={"dropout": TRANSLATION_DROPOUT})
    rate = _rate(settings.rate, model.model)
    if settings.rate.learning_rate is None and rate.learning_rate is not None:
        highest = min(rate.learning_rate, TRANSLATION_RATE)
        rate = rate.model_copy(update={"learning_rate": highest})
    return settings.model_copy(
        update={
            "model": model.model_copy(update={"embedding_size": embedding, "hidden_size": hidden}),
            "dropout": _dropout(dropout, words, None),
            "rate": rate,
        }
    )


def leaves_dropout_open(dropout: DropoutSettings) -> bool:
    """Whether any rate is left to the text and to how often it will be read."""
    return dropout.dropout is None and None in (
        dropout.dropout_input,
        dropout.dropout_hidden,
        dropout.dropout_output,
    )


def dropout_for(words: int, passes: float | None) -> float:
    """Of a text that is read so often; where that is not known, by its length.

    0.1, and from some number of passes on 0.2 more for each doubling, up to 0.5. A rule of thumb,
    from few runs: of 30,000 words, of 0.1, 0.25 and 0.4, 10 passes wanted the least and 30 passes
    the most (`benchmarks/dropout.py`); of 2 million and a larger network, 8 passes overfitted
    with 0.2, and with 0.31 less (the recipe text-cpu). So the number at which it begins falls with
    the sixth root of the words.

    >>> [dropout_for(30_000, passes) for passes in (3, 10, 20, 30, 40, 500)]
    [0.1, 0.1, 0.3, 0.42, 0.5, 0.5]
    >>> [dropout_for(2_000_000, passes) for passes in (1, 4, 8.3, 15, 40)]
    [0.1, 0.1, 0.25, 0.42, 0.5]
    """
    if passes is None:
        return 0.4 if words < SMALL else 0.3 if words < MEDIUM else 0.2
    begins = 7 * (30_000 / words) ** (1 / 6)
    return round(min(0.5, max(0.1, 0.2 * math.log2(max(passes, 1.0) / begins))), 2)


def _dropout(dropout: DropoutSettings, words: int, passes: float | None) -> DropoutSettings:
    rate = dropout_for(words, passes) if dropout.dropout is None else dropout.dropout
    chosen = {
        name: rate if getattr(dropout, name) is None else getattr(dropout, name)
        for name in ("dropout_input", "dropout_hidden", "dropout_output")
    }
    return dropout.model_copy(update={"dropout": rate, **chosen})


def _rate(rate: RateSettings, model: AnyModelName) -> RateSettings:
    if rate.learning_rate is not None or model == "ngram":
        return rate
    return rate.model_copy(update={"learning_rate": DESCRIPTIONS[model].learning_rate})
