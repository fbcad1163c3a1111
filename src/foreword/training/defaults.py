"""Default sizes, dropout and learning rate. Pure arithmetic."""

import math

from foreword.folder.architecture import DESCRIPTIONS, AnyModelName
from foreword.training.settings import (
    DropoutSettings,
    ModelSettings,
    RateSettings,
    TrainingSettings,
)

TRANSLATION_DROPOUT, TRANSLATION_RATE = 0.3, 0.004
"""The default sizes of translation models, from one run of thirty minutes (twenty passes) on 29,000
pairs of captions, German to English, which reached BLEU 42.0 on the validation pairs (beam 4). Ten
minutes with a dropout of 0.2, less than four passes, had reached 37.3.
"""
SMALL, MEDIUM = 100_000, 1_000_000
"""The number of words of training text below which a model is made smaller."""
SHORT = 75_000
"""The same as SMALL for next-word models: with 93,000 words of Spanish, 192 units were much better
than 96 (docs/explanation/decisions.md)."""

READ_AGAIN = 2.0
"""The number of passes from which on words share parts, and targets have a margin, chosen on
WikiText-2; other texts may gain in fewer (docs/explanation/decisions.md)."""
MARGIN = 0.04
"""The adversarial margin at the end of a run (docs/explanation/decisions.md)."""


def fill_in(
    settings: TrainingSettings, *, words: int, passes: float | None = None
) -> TrainingSettings:
    """The same settings, with values for every size and rate that was open.

    Args:
        settings: None leaves a choice open.
        words: those of the training text.
        passes: how often it will be read, if that is known.
    """
    return settings.model_copy(
        update={
            "model": _sizes(settings.model, words).model_copy(
                update={"share_parts": _shares_parts(settings, passes)}
            ),
            "dropout": _dropout(settings.dropout, words, passes),
            "penalty": settings.penalty.model_copy(
                update={"adversarial_margin": _margin(settings, passes)}
            ),
            "rate": _rate(settings.rate, settings.model.model),
        }
    )


def _sizes(model: ModelSettings, words: int) -> ModelSettings:
    """If one of the two sizes is missing it equals the other; if both are, both are chosen.

    A long text has a large vocabulary, whose output layer takes time in proportion to the
    embedding's size. So the hidden state is then the larger of the two.
    """
    embedding, hidden = (96, 96) if words < SHORT else (192, 192) if words < MEDIUM else (192, 512)
    if model.embedding_size is not None or model.hidden_size is not None:
        embedding = model.embedding_size or model.hidden_size or embedding
        hidden = model.hidden_size or embedding
    return model.model_copy(update={"embedding_size": embedding, "hidden_size": hidden})


def _shares_parts(settings: TrainingSettings, passes: float | None) -> bool:
    if settings.run.device != "cpu":
        return False
    if settings.model.share_parts is not None:
        return settings.model.share_parts
    return passes is None or passes >= READ_AGAIN


def _margin(settings: TrainingSettings, passes: float | None) -> float:
    model, given = settings.model, settings.penalty.adversarial_margin
    if settings.run.device != "cpu" or model.softmaxes > 1 or model.adaptive_clusters > 0:
        return 0.0
    if given is not None:
        return given
    return MARGIN if passes is not None and passes >= READ_AGAIN else 0.0


def fill_in_translation(settings: TrainingSettings, *, words: int) -> TrainingSettings:
    """The same for translation.

    Args:
        settings: None leaves a choice open.
        words: those of the translations that are trained on.
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
    """Whether any dropout rate depends on the text and on how often it will be read."""
    return dropout.dropout is None and None in (
        dropout.dropout_input,
        dropout.dropout_hidden,
        dropout.dropout_output,
    )


def dropout_for(words: int, passes: float | None) -> float:
    """The dropout for a text that is read in this number of passes; if unknown, by its length.

    It is 0.1, and beyond a certain number of passes 0.2 more for each doubling, up to 0.5. This is
    a rule of thumb from few runs. With 30,000 words, 0.1 was the best of 0.1, 0.25 and 0.4 for 10
    passes, and 0.4 for 30 passes (`benchmarks/dropout.py`). With 2 million words and a larger
    network, 8 passes overfitted with 0.2, and less with 0.31 (the recipe text-cpu). So the number
    of passes at which the rise begins falls with the sixth root of the number of words. In between,
    where the network is already larger but the text is not much longer, it begins at two passes:
    for 160,000 words and 8 passes, 0.4 was much better than 0.12 (docs/explanation/decisions.md).

    >>> [dropout_for(30_000, passes) for passes in (3, 10, 20, 30, 40, 500)]
    [0.1, 0.1, 0.3, 0.42, 0.5, 0.5]
    >>> [dropout_for(160_000, passes) for passes in (1, 2, 4, 8, 16)]
    [0.1, 0.1, 0.2, 0.4, 0.5]
    >>> [dropout_for(2_000_000, passes) for passes in (1, 4, 8.3, 15, 40)]
    [0.1, 0.1, 0.25, 0.42, 0.5]
    """
    if passes is None:
        return 0.4 if words < SMALL else 0.3 if words < MEDIUM else 0.2
    begins = 2.0 if SHORT <= words < MEDIUM else 7 * (30_000 / words) ** (1 / 6)
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
