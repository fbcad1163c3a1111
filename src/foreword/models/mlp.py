"""Feed-forward next-word models, the baseline for recurrence. The state is the window of words."""

import torch
from torch import Tensor, nn

from foreword.folder.config import ModelConfig
from foreword.models.model import Affine, NextWordModel, Regularisation, State
from foreword.nn.dropout import locked_dropout

PADDING_ID = 1
"""The id before the first word: `<eos>`, the end of the line before."""


class MLPModel(NextWordModel):
    """A multi-layer perceptron on the last n words (Bengio et al. 2003, without its shortcut).

    n is `context_words`: 1 for `mlp-last`. The words' embeddings are concatenated, the oldest
    first, and go through `num_layers` layers of `hidden_size` units with tanh or ReLU.
    """

    def __init__(
        self,
        config: ModelConfig,
        regularisation: Regularisation | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(config, regularisation, generator)
        H, inputs = config.hidden_size, config.context_words * config.embedding_size
        sizes = [inputs] + [H] * (config.num_layers - 1)
        self.hidden = nn.ModuleList(Affine(self._uniform(H, n, bound=n**-0.5)) for n in sizes)

    def start(self, batch_size: int) -> State:
        """Return a window of padding, (n - 1, B) word ids."""
        shape = (self.config.context_words - 1, batch_size)
        return (torch.full(shape, PADDING_ID, device=self.embedding.weight.device),)

    def hidden_states(self, embedded: Tensor, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the last layer's output for the window that ends at each step, (T, B, H)."""
        return self.layers(embedded, state)[-1], self.after(ids, state)

    def after(self, ids: Tensor, state: State) -> State:
        """Return the window after more words, (T, B) ids."""
        (earlier,) = state
        return (torch.cat([earlier, ids])[len(ids) :],)

    def layers(self, embedded: Tensor, state: State) -> list[Tensor]:
        """Return every layer's outputs, (T, B, H) each."""
        (earlier,) = state
        T, n = len(embedded), self.config.context_words
        words = torch.cat([self.embedding.of(earlier), embedded])
        hidden = torch.cat([words[k : k + T] for k in range(n)], dim=2)
        outputs: list[Tensor] = []
        activation = torch.tanh if self.config.nonlinearity == "tanh" else torch.relu
        for k, layer in enumerate(self.hidden):
            if k > 0:
                hidden = locked_dropout(
                    hidden, self.regularisation.hidden, self.training, self.generator
                )
            hidden = activation(layer(hidden))
            outputs.append(hidden)
        return outputs
