"""How matrix products are computed in training: their precision, and what is kept of them."""

import os

import torch

from foreword.nn.softmax import fast_precision
from foreword.training.settings import TrainingSettings

CACHES = "LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
"""The variables from which torch and oneDNN take how many products they keep, 1,024 by default."""
KEPT = 64
"""More than one step has. With windows of many lengths, 1,024 products take gigabytes."""


def keep_few_products() -> None:
    """Limit the products that oneDNN keeps, each for one shape, unless the user has set a limit.

    Works only before the first product of the process.
    """
    for name in CACHES:
        os.environ.setdefault(name, str(KEPT))


def precision_of(settings: TrainingSettings, device: torch.device) -> torch.dtype:
    """Return the precision of matrix products in training."""
    return {
        "auto": fast_precision(device),
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
    }[settings.run.precision]
