"""Recurrent next-word models: the state is h, or h and c. Knows no words, files or loops."""

import torch
from torch import Tensor

from foreword.folder.config import ModelConfig
from foreword.models.model import NextWordModel, Regularisation, State
from foreword.nn.dropout import Noise
from foreword.nn.recurrent import Recurrent
from foreword.nn.trace import Trace


class RecurrentModel(NextWordModel):
    """A recurrent network of any cell between the embedding and the output layer."""

    def __init__(
        self,
        config: ModelConfig,
        regularisation: Regularisation | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(config, regularisation, generator)
        self.recurrent = Recurrent(
            config.cell.name,
            config.embedding_size,
            config.hidden_size,
            config.num_layers,
            dropout=self.regularisation.hidden if config.num_layers > 1 else 0.0,
            forget_bias=1.0,
            noise=Noise(locked=True, weight=self.regularisation.recurrent),
            skip=config.skip,
            generator=generator,
            **config.cell.chosen,
        )

    def use_generator(self, generator: torch.Generator) -> None:
        """Draw dropout masks from another generator, on the parameters' device."""
        super().use_generator(generator)
        self.recurrent.generator = generator

    def start(self, batch_size: int) -> State:
        """Return zeros, (num_layers, B, H) for each of the cell's states."""
        return self.recurrent.start(batch_size)

    def hidden_states(self, embedded: Tensor, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the output of the layers at each step, (T, B, H), and the state after the last.

        The output is the last layer's hidden state, or with `skip` the sum of all layers'.
        """
        del ids
        hidden, after = self.recurrent(embedded, state)
        return hidden, after if isinstance(after, tuple) else (after,)

    def traced(self, embedded: Tensor, state: State) -> tuple[Tensor, State, Trace]:
        """Return `hidden_states`, and a trace of the gates and states."""
        hidden, after, trace = self.recurrent(embedded, state, return_trace=True)
        return hidden, after if isinstance(after, tuple) else (after,), trace
