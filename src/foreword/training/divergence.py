"""Detect divergence of training from one loss after the other. Knows nothing of models."""

import math
from dataclasses import dataclass, replace

EXPLODED_BY = 2.0
"""The nats above the best smoothed loss at which a loss counts as exploded: the perplexity is then
7.4 times as high."""
SMOOTHING = 0.98
SETTLED_AFTER = 20
"""The number of steps before a rising loss counts as an explosion; NaN always does."""


@dataclass(frozen=True)
class LossWatch:
    """The training loss so far, smoothed over about 50 steps, in nats per word."""

    smoothed: float | None = None
    best: float = math.inf
    steps: int = 0

    def seen(self, loss: float) -> "LossWatch":
        """Return the state after one more step's loss."""
        smoothed = (
            loss if self.smoothed is None else SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * loss
        )
        settled = self.steps + 1 >= SETTLED_AFTER
        best = min(self.best, smoothed) if settled else self.best
        return replace(self, smoothed=smoothed, best=best, steps=self.steps + 1)

    def divergence(self, loss: float, gradient_norm: float) -> str | None:
        """Return what is wrong with a step, or None. Called before the weights are changed."""
        if not math.isfinite(loss):
            return f"the loss became {loss}"
        if not math.isfinite(gradient_norm):
            return f"the gradient's norm became {gradient_norm}"
        exploded = self.smoothed is not None and self.smoothed > self.best + EXPLODED_BY
        if exploded and loss > self.best + EXPLODED_BY:
            return f"the loss exploded from {self.best:.2f} to {loss:.2f} nats per word"
        return None
