"""The precision of matrix products in training, by the settings and the device."""

import torch

from foreword.nn.softmax import fast_precision
from foreword.training.settings import TrainingSettings


def precision_of(settings: TrainingSettings, device: torch.device) -> torch.dtype:
    """Return the precision of matrix products in training."""
    return {
        "auto": fast_precision(device),
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
    }[settings.run.precision]
