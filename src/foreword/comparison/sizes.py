"""Find hidden sizes that give all architectures the same number of parameters. Pure arithmetic."""

from dataclasses import replace

from foreword.errors import SettingsError
from foreword.folder.config import ModelConfig
from foreword.models.build import count_parameters

LARGEST = 1 << 20


def same_size(config: ModelConfig, parameters: int) -> ModelConfig:
    """Return the configuration with the hidden size whose number of parameters is nearest.

    The embedding keeps its size, so that all architectures see words alike.

    Raises:
        SettingsError: even a single hidden unit has more parameters.
    """

    def count(hidden_size: int) -> int:
        return count_parameters(replace(config, hidden_size=hidden_size))

    if count(1) > parameters:
        raise SettingsError(
            f"{config.name} has {count(1):,} parameters with a single hidden unit, more than the "
            f"{parameters:,} allowed: the vocabulary of {config.vocab_size:,} words takes most. "
            "Allow more, or set a smaller vocab_size or embedding_size."
        )
    low, high = 1, LARGEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= parameters else (low, middle)
    nearest = min((low, high), key=lambda size: abs(count(size) - parameters))
    return replace(config, hidden_size=nearest)
