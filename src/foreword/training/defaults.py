"""Sizes, dropout and learning rate, where nobody has chosen them. Pure arithmetic."""

from foreword.folder.config import AnyModelName, ModelName
from foreword.training.settings import (
    DropoutSettings,
    ModelSettings,
    RateSettings,
    TrainingSettings,
)

SMALL, MEDIUM = 100_000, 1_000_000
"""Words of training text below which a model is made smaller and dropped out more."""
LEARNING_RATES: dict[ModelName, float] = {
    "mlp-last": 4e-3,
    "mlp-window": 6e-3,
    "rnn": 1e-3,
    "lstm": 6e-3,
    "lstm-peephole": 6e-3,
    "lstm-peephole-only": 6e-3,
    "lstm-coupled": 6e-3,
    "lstm-layernorm": 6e-3,
    "gru": 6e-3,
    "gru-layernorm": 6e-3,
}
"""By `benchmarks/learning_rates.py`, a little below what was best there, since long runs suit
smaller ones. The Elman network does not learn at a rate that suits the gated ones."""


def fill_in(settings: TrainingSettings, *, words: int) -> TrainingSettings:
    """The same settings, with every size and rate that was left open decided."""
    return settings.model_copy(
        update={
            "model": _sizes(settings.model, words),
            "dropout": _dropout(settings.dropout, words),
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


def _dropout(dropout: DropoutSettings, words: int) -> DropoutSettings:
    default = 0.4 if words < SMALL else 0.3 if words < MEDIUM else 0.2
    rate = default if dropout.dropout is None else dropout.dropout
    chosen = {
        name: rate if getattr(dropout, name) is None else getattr(dropout, name)
        for name in ("dropout_input", "dropout_hidden", "dropout_output")
    }
    return dropout.model_copy(update={"dropout": rate, **chosen})


def _rate(rate: RateSettings, model: AnyModelName) -> RateSettings:
    if rate.learning_rate is not None or model == "ngram":
        return rate
    return rate.model_copy(update={"learning_rate": LEARNING_RATES[model]})
