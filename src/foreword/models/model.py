"""What a next-word model is: (ids, state) -> (logits, new state). Knows no words or files."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.folder.config import Data, ModelConfig
from foreword.kernels.dispatch import use
from foreword.nn.adaptive import Adaptive
from foreword.nn.dropout import embedding_dropout, locked_dropout
from foreword.nn.mixture import Mixture, log_mixture, mixture_cross_entropy
from foreword.nn.sampled import Sampling, draw
from foreword.nn.softmax import linear_cross_entropy

State = tuple[Tensor, ...]
"""What a model remembers of the words so far; a value: models return a new one."""


Scorer = Callable[[Tensor], Tensor]
"""Of some places of a window, (R,) of T B with time first, the logits of the words after them,
(R, V), computed when asked for: those of a whole window would be hundreds of megabytes."""


class LanguageModel(nn.Module, ABC):
    """Whatever scores every next word of B streams, and remembers what it needs in a state."""

    @abstractmethod
    def start(self, batch_size: int) -> State:
        """The state before the first word of `batch_size` streams."""

    @abstractmethod
    def scorer(self, ids: Tensor, state: State) -> tuple[Scorer, State]:
        """What scores the words after `ids` (T, B), and the state after them."""

    def forward(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (T, B, V) of the word after each of `ids` (T, B), and the state after them."""
        scores, state = self.scorer(ids, state)
        return scores(torch.arange(ids.numel(), device=ids.device)).view(*ids.shape, -1), state

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where its numbers are."""


class Regularisation(Data):
    """What holds a network back while it trains; evaluation does none of it.

    What is dropped is a probability. Penalties are added to the mean loss (Merity et al. 2017,
    "Revisiting activation regularization for language RNNs").
    """

    embedding: float = 0.0
    """Whole words of the embedding matrix (Gal & Ghahramani 2016)."""
    input: float = 0.0
    """Embedded inputs, one mask for all time steps (locked, or variational, dropout)."""
    hidden: float = 0.0
    """Between layers, locked."""
    output: float = 0.0
    """The last layer's outputs, locked."""
    contexts: float = 0.0
    """Those of a mixture of softmaxes, locked (Yang et al. 2018)."""
    projected: float = 0.0
    """What a projection makes of them for the output layer, locked."""
    recurrent: float = 0.0
    """DropConnect on the recurrent weights (Merity et al. 2018)."""
    activation: float = 0.0
    """Times the mean square of the last layer's outputs after dropout."""
    temporal: float = 0.0
    """Times the mean square of the difference of its outputs, before dropout, of two steps."""


class Table(nn.Module):
    """The embedding matrix (V, E)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)


class Affine(nn.Module):
    """x @ weight.T + bias; weight (F, G), bias (F,)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(weight.new_zeros(len(weight)))

    def forward(self, x: Tensor) -> Tensor:
        """(..., G) to (..., F)."""
        return F.linear(x, self.weight, self.bias)


class Decoder(nn.Module):
    """The output layer's bias (V,), and its weight (V, F) unless that is the embedding matrix."""

    def __init__(self, bias: Tensor, weight: Tensor | None) -> None:
        super().__init__()
        self.bias = nn.Parameter(bias)
        self.weight = None if weight is None else nn.Parameter(weight)


class NextWordModel(LanguageModel):
    """A network: embeds words, lets a subclass make features of them, and scores every next word.

    Shapes: T time steps, B streams, V words, E `embedding_size`, F the features' size. The output
    layer is `features @ weight.T + bias`, where `weight` is the embedding matrix if tied (Press &
    Wolf 2017; Inan et al. 2017); or a mixture of softmaxes over that weight, which then is as wide
    as the embedding, tied or not (Yang et al. 2018; see `foreword.nn.mixture`); or an adaptive
    softmax with weights of its own (Grave et al. 2017; see `foreword.nn.adaptive`).
    """

    def __init__(
        self,
        config: ModelConfig,
        regularisation: Regularisation | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.regularisation = regularisation or Regularisation()
        self.generator = generator
        """Source of the initial weights and of the dropout masks."""
        V, E, H = config.vocab_size, config.embedding_size, config.hidden_size
        K, mixes = config.softmaxes, config.softmaxes > 1
        self.embedding = Table(self._uniform(V, E, bound=E**-0.5))
        projects = config.tied and E != H and not mixes
        self.projection = Affine(self._uniform(E, H, bound=H**-0.5)) if projects else None
        F = E if mixes else H
        has_matrix = not config.tied and not config.clusters
        untied = self._uniform(V, F, bound=F**-0.5) if has_matrix else None
        self.decoder = Decoder(torch.zeros(V), untied)
        weights = [self._uniform(rows, H, bound=H**-0.5) for rows in (K, K * E) if mixes]
        self.mixture = Mixture(*weights) if mixes else None
        self.adaptive = self._adaptive(config) if config.clusters else None

    def _adaptive(self, config: ModelConfig) -> Adaptive:
        H, clusters = config.hidden_size, config.clusters
        return Adaptive(
            self._uniform(config.adaptive_head + len(clusters), H, bound=H**-0.5),
            [self._uniform(c.features, H, bound=H**-0.5) for c in clusters],
            [self._uniform(c.words, c.features, bound=c.features**-0.5) for c in clusters],
        )

    def _uniform(self, *shape: int, bound: float) -> Tensor:
        return torch.empty(shape).uniform_(-bound, bound, generator=self.generator)

    @torch.no_grad()
    def start_from(self, counts: Tensor) -> None:
        """Sets the output layer's biases so that without features its P is the words' frequencies.

        A network that begins with all words equally likely spends its first steps on learning
        which are common (Karpathy 2019, "A recipe for training neural networks": "init well").

        Args:
            counts: of each word in the training text, (V,); each is counted once more, so that
                none is impossible.
        """
        logs = (counts + 1).double().log()
        self.decoder.bias.copy_(logs - logs.logsumexp(0))
        if self.adaptive is not None:
            self.adaptive.start_from(self.decoder.bias)

    def use_generator(self, generator: torch.Generator) -> None:
        """Draws dropout masks from another generator, on the parameters' device."""
        self.generator = generator

    @property
    def device(self) -> torch.device:
        """Of the parameters."""
        return self.decoder.bias.device

    @abstractmethod
    def hidden_states(self, embedded: Tensor, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (T, B, H) for the embedded words (T, B, E), and the state after them."""

    def scorer(self, ids: Tensor, state: State) -> tuple[Scorer, State]:
        """What scores the words after `ids` (T, B), and the state after them."""
        features, state = self.features(ids, state)
        return lambda places: self.scores(features.flatten(0, 1)[places]), state

    def scores(self, features: Tensor) -> Tensor:
        """Logits (..., V) of what the output layer sees, (..., F); of mixture or clusters ln P."""
        if self.adaptive is not None:
            return self.adaptive.log_probabilities(features, self.decoder.bias)
        if self.mixture is not None:
            contexts, log_prior = self.mixture(features)
            return log_mixture(contexts, log_prior, *self.output_layer())
        return F.linear(features, *self.output_layer())

    def loss(
        self, ids: Tensor, targets: Tensor, state: State, precision: torch.dtype = torch.float32
    ) -> tuple[Tensor, State]:
        """Sum of -log P(target) over a window, in nats, and the state after it.

        Args:
            ids: (T, B).
            targets: (T, B), the word after each; one of -1 is not counted.
            state: the state before the window. Detach it to truncate backpropagation through
                time at the window's start.
            precision: of the recurrent layers' and the output layer's products. States, gates,
                sums and weights are float32 all the same; see `foreword.nn.use` and
                `linear_cross_entropy`.
        """
        loss, _, state = self.training_loss(ids, targets, state, precision)
        return loss, state

    def training_loss(
        self,
        ids: Tensor,
        targets: Tensor,
        state: State,
        precision: torch.dtype = torch.float32,
        sampling: Sampling | None = None,
    ) -> tuple[Tensor, Tensor | float, State]:
        """As `loss`, and between the two the penalty that is to be added to the mean loss.

        With `sampling` the loss is an estimate, by a sample of the vocabulary.
        """
        with use(products="bfloat16" if precision == torch.bfloat16 else None):
            hidden, dropped, state = self.outputs(ids, state)
        features, targets = self._seen(dropped), targets.flatten()
        penalty = self._penalty(hidden, dropped)
        if self.adaptive is not None:
            loss = self.adaptive.cross_entropy(
                features.flatten(0, 1), self.decoder.bias, targets, precision=precision
            )
            return loss, penalty, state
        weight, bias = self.output_layer()
        if sampling is not None:
            sample = draw(targets, len(weight), sampling, self.generator)
            if sample is not None:
                weight = F.embedding(sample.words, weight)
                bias, targets = bias[sample.words] + sample.log_weights, sample.targets
        loss = self._cross_entropy(features, weight, bias, targets, precision)
        return loss, penalty, state

    def _cross_entropy(
        self,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        precision: torch.dtype,
    ) -> Tensor:
        """Sum of -log P(target), (T B,), of what the output layer sees, (T, B, F)."""
        if self.mixture is None:
            return linear_cross_entropy(
                features.flatten(0, 1), weight, bias, targets, precision=precision
            )
        contexts, log_prior = self.mixture(features, precision)
        dropped = locked_dropout(
            contexts.flatten(2), self.regularisation.contexts, self.training, self.generator
        )
        return mixture_cross_entropy(
            dropped.view_as(contexts).flatten(0, 1),
            log_prior.flatten(0, 1),
            weight,
            bias,
            targets,
            precision=precision,
        )

    def _penalty(self, hidden: Tensor, dropped: Tensor) -> Tensor | float:
        held = self.regularisation
        penalty: Tensor | float = 0.0
        if not self.training:
            return penalty
        if held.activation > 0:
            penalty = penalty + held.activation * dropped.square().mean()
        if held.temporal > 0 and len(hidden) > 1:
            penalty = penalty + held.temporal * hidden.diff(dim=0).square().mean()
        return penalty

    def features(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """What the output layer sees, (T, B, F), and the state after `ids` (T, B)."""
        _, dropped, state = self.outputs(ids, state)
        return self._seen(dropped), state

    def _seen(self, dropped: Tensor) -> Tensor:
        if self.projection is None:
            return dropped
        share = self.regularisation.projected
        return locked_dropout(self.projected(dropped), share, self.training, self.generator)

    def outputs(self, ids: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """The last layer's outputs (T, B, H), what dropout leaves of them, and the state after."""
        drop = self.regularisation
        table = embedding_dropout(
            self.embedding.weight, drop.embedding, self.training, self.generator
        )
        embedded = F.embedding(ids, table)
        embedded = locked_dropout(embedded, drop.input, self.training, self.generator)
        hidden, state = self.hidden_states(embedded, ids, state)
        dropped = locked_dropout(hidden, drop.output, self.training, self.generator)
        return hidden, dropped, state

    def projected(self, hidden: Tensor) -> Tensor:
        """What the output layer sees (..., F) of the last layer's outputs (..., H)."""
        return hidden if self.projection is None else self.projection(hidden)

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """Weight (V, F), of a mixture (V, E), and bias (V,) of an output layer without clusters."""
        weight = self.decoder.weight if self.decoder.weight is not None else self.embedding.weight
        return weight, self.decoder.bias


def detach(state: State) -> State:
    """The same state, cut off from its history: here backpropagation through time is truncated."""
    return tuple(part.detach() for part in state)
