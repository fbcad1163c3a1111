"""The interface of a next-word model: (ids, state) -> (logits, new state). Knows no words."""

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
from foreword.nn.sampled import Sample, Sampling, draw
from foreword.nn.softmax import linear_cross_entropy

State = tuple[Tensor, ...]
"""What a model remembers of the words so far; a value: models return a new one."""


Scorer = Callable[[Tensor], Tensor]
"""Maps positions in a window, (R,) of T B with time first, to the logits of the words after them,
(R, V). They are computed on demand, as those of a whole window would take hundreds of megabytes."""


class LanguageModel(nn.Module, ABC):
    """Scores every next word of B streams, and remembers what it needs in a state."""

    @abstractmethod
    def start(self, batch_size: int) -> State:
        """Return the state before the first word of `batch_size` streams."""

    @abstractmethod
    def scorer(self, ids: Tensor, state: State) -> tuple[Scorer, State]:
        """Return the scorer of the words after `ids` (T, B), and the state after them."""

    def forward(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Return logits (T, B, V) of the word after each of `ids` (T, B), and the state after."""
        scores, state = self.scorer(ids, state)
        return scores(torch.arange(ids.numel(), device=ids.device)).view(*ids.shape, -1), state

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """The device that holds the model's numbers."""


class Regularisation(Data):
    """Regularisation of a network during training; evaluation applies none of it.

    Dropout is given by its probability. Penalties are added to the mean loss (Merity et al. 2017,
    "Revisiting activation regularization for language RNNs").
    """

    embedding: float = 0.0
    """Dropout of whole words of the embedding matrix (Gal & Ghahramani 2016)."""
    input: float = 0.0
    """Dropout of embedded inputs, one mask for all time steps (locked, or variational, dropout)."""
    hidden: float = 0.0
    """Locked dropout between layers."""
    output: float = 0.0
    """Locked dropout of the last layer's outputs."""
    contexts: float = 0.0
    """Locked dropout of the contexts of a mixture of softmaxes (Yang et al. 2018)."""
    projected: float = 0.0
    """Locked dropout of the projection before the output layer."""
    recurrent: float = 0.0
    """DropConnect on the recurrent weights (Merity et al. 2018)."""
    activation: float = 0.0
    """The factor of the mean square of the last layer's outputs after dropout."""
    temporal: float = 0.0
    """The factor of the mean square difference of its outputs, before dropout, between steps."""


class Embedding(nn.Module):
    """The embedding matrix (V, E); while it is trained, words may share vectors of their parts.

    With parts, the vector of a word is its row of `weight` plus the sum of the vectors of its
    parts, divided by the square root of their number. A folder has plain rows, which are their
    sums (`foreword.models.build.weights_of`).
    """

    parts: nn.Parameter | None
    """The vectors of the parts (P, E); None while words share nothing."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.register_parameter("parts", None)

    def share(self, parts: Tensor, offsets: Tensor, count: int) -> None:
        """Let words share the vectors of their parts, if there are any; they are zero at first.

        Args:
            parts: the numbers of the parts, word after word, (N,).
            offsets: the beginning of each word's parts in `parts`, and their end, (V + 1,).
            count: the number of different parts.
        """
        if count == 0:
            return
        self.parts = nn.Parameter(self.weight.new_zeros(count, self.weight.shape[1]))
        lengths = offsets.diff()
        self._shares = parts, offsets[:-1], lengths, lengths.clamp_min(1).rsqrt()[:, None]

    def table(self) -> Tensor:
        """Return the vectors of all words, (V, E)."""
        if self.parts is None:
            return self.weight
        parts, begins, _, scales = self._shares
        shared = F.embedding_bag(parts, self.parts, begins, mode="sum")
        return torch.addcmul(self.weight, shared, scales)

    def of(self, words: Tensor) -> Tensor:
        """Return the vectors of words, (..., E) for ids of any shape."""
        if self.parts is None:
            return F.embedding(words, self.weight)
        different, places = words.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        return F.embedding(places, self.rows(different))

    def rows(self, words: Tensor) -> Tensor:
        """Return the vectors of different words (S,), as (S, E)."""
        if self.parts is None:
            return F.embedding(words, self.weight)
        parts, begins, lengths, scales = self._shares
        lengths = lengths[words]
        ends = lengths.cumsum(0)
        shift = begins[words] - (ends - lengths)
        chosen = parts[torch.arange(int(lengths.sum())) + shift.repeat_interleave(lengths)]
        shared = F.embedding_bag(chosen, self.parts, ends - lengths, mode="sum")
        return torch.addcmul(F.embedding(words, self.weight), shared, scales[words])

    @torch.no_grad()
    def start_from(self, embeddings: Tensor) -> None:
        """Set the matrix to others, scaled to its mean square; if all are 0, it stays as it is."""
        if embeddings.any():
            scale = self.weight.square().mean() / embeddings.square().mean()
            self.weight.copy_(embeddings * scale.sqrt())


class Affine(nn.Module):
    """x @ weight.T + bias; weight (F, G), bias (F,)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(weight.new_zeros(len(weight)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., G) to (..., F)."""
        return F.linear(x, self.weight, self.bias)


class Decoder(nn.Module):
    """The output layer's bias (V,), and its weight (V, F) unless that is the embedding matrix."""

    def __init__(self, bias: Tensor, weight: Tensor | None) -> None:
        super().__init__()
        self.bias = nn.Parameter(bias)
        self.weight = None if weight is None else nn.Parameter(weight)

    @torch.no_grad()
    def start_from(self, counts: Tensor) -> None:
        """Set the biases to the logarithms of frequencies; 1 is added to each count, (V,)."""
        logs = (counts + 1).double().log()
        self.bias.copy_(logs - logs.logsumexp(0))


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
        """The source of initial weights and dropout masks."""
        V, E, H = config.vocab_size, config.embedding_size, config.hidden_size
        K, mixes = config.softmaxes, config.softmaxes > 1
        self.embedding = Embedding(self._uniform(V, E, bound=E**-0.5))
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
        """Set the output layer's biases so that P without features is the words' frequencies.

        A network that begins with equal probabilities spends its first steps on learning which
        words are frequent (Karpathy 2019, "A recipe for training neural networks": "init well").

        Args:
            counts: the count of each word in the training text, (V,); 1 is added to each, so that
                no word is impossible.
        """
        self.decoder.start_from(counts)
        if self.adaptive is not None:
            self.adaptive.start_from(self.decoder.bias)

    def use_generator(self, generator: torch.Generator) -> None:
        """Draw dropout masks from another generator, on the parameters' device."""
        self.generator = generator

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return self.decoder.bias.device

    @abstractmethod
    def hidden_states(self, embedded: Tensor, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Return outputs (T, B, H) for the embedded words (T, B, E), and the state after them."""

    def scorer(self, ids: Tensor, state: State) -> tuple[Scorer, State]:
        """Return the scorer of the words after `ids` (T, B), and the state after them."""
        features, state = self.features(ids, state)
        return lambda positions: self.scores(features.flatten(0, 1)[positions]), state

    def scores(self, features: Tensor) -> Tensor:
        """Return logits (..., V) for features (..., F); for a mixture or clusters, ln P."""
        if self.adaptive is not None:
            return self.adaptive.log_probabilities(features, self.decoder.bias)
        if self.mixture is not None:
            contexts, log_prior = self.mixture(features)
            return log_mixture(contexts, log_prior, *self.output_layer())
        return F.linear(features, *self.output_layer())

    def loss(
        self, ids: Tensor, targets: Tensor, state: State, precision: torch.dtype = torch.float32
    ) -> tuple[Tensor, State]:
        """Return the sum of -log P(target) over a window, in nats, and the state after it.

        Args:
            ids: (T, B).
            targets: (T, B), the word after each; -1 is not counted.
            state: the state before the window. Detach it to truncate backpropagation through time
                at the window's start.
            precision: the precision of the products in the recurrent layers and the output layer.
                States, gates, sums and weights stay float32; see `foreword.nn.use` and
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
        margin: float = 0.0,
    ) -> tuple[Tensor, Tensor | float, State]:
        """Return the results of `loss`, with a penalty between them to be added to the mean loss.

        With `sampling` the loss is estimated from a sample of the vocabulary. `margin` changes its
        gradients as in `linear_cross_entropy`; a mixture and clusters have none.
        """
        sample = None
        if sampling is not None:
            sample = draw(targets.flatten(), self.config.vocab_size, sampling, self.generator, ids)
        table, vectors = self._table(ids, sample)
        with use(products="bfloat16" if precision == torch.bfloat16 else None):
            hidden, dropped, state = self.outputs(ids, state, vectors)
        features, targets = self._seen(dropped), targets.flatten()
        penalty = self._penalty(hidden, dropped)
        if self.adaptive is not None:
            loss = self.adaptive.cross_entropy(
                features.flatten(0, 1), self.decoder.bias, targets, precision=precision
            )
            return loss, penalty, state
        weight, bias = self._scorers(table, sample)
        targets = targets if sample is None else sample.targets
        loss = self._cross_entropy(features, weight, bias, targets, precision, margin)
        return loss, penalty, state

    def _table(self, ids: Tensor, sample: Sample | None) -> tuple[Tensor, Tensor]:
        """Return the embeddings of the sample, or of all words, and from it those of `ids`.

        Both at once, since the gradient of each would be a matrix of the whole vocabulary.
        """
        if sample is None and not self.config.tied:  # the output layer has weights of its own
            return self.embedding.weight, self.embedding.of(ids)
        if sample is None:
            table = self.embedding.table()
            return table, F.embedding(ids, table)
        table = self.embedding.rows(sample.words)
        return table, F.embedding(torch.searchsorted(sample.words, ids), table)

    def _scorers(self, table: Tensor, sample: Sample | None) -> tuple[Tensor, Tensor]:
        """Return the output layer's weight and bias for the words of a table of `_table`."""
        own, bias = self.decoder.weight, self.decoder.bias
        if sample is None:
            return table if own is None else own, bias
        weight = table if own is None else F.embedding(sample.words, own)
        return weight, bias[sample.words] + sample.log_weights

    def _cross_entropy(
        self,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        precision: torch.dtype,
        margin: float,
    ) -> Tensor:
        """Return -log P(target), summed, for features (T, B, F) and targets (T B,)."""
        if self.mixture is None:
            return linear_cross_entropy(
                features.flatten(0, 1), weight, bias, targets, precision=precision, margin=margin
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
        """Return the input of the output layer, (T, B, F), and the state after `ids` (T, B)."""
        _, dropped, state = self.outputs(ids, state)
        return self._seen(dropped), state

    def _seen(self, dropped: Tensor) -> Tensor:
        if self.projection is None:
            return dropped
        share = self.regularisation.projected
        return locked_dropout(self.projected(dropped), share, self.training, self.generator)

    def outputs(
        self, ids: Tensor, state: State, vectors: Tensor | None = None
    ) -> tuple[Tensor, Tensor, State]:
        """Return the last outputs (T, B, H), the same after dropout, and the state after.

        Args:
            ids: the words (T, B).
            state: the state before them.
            vectors: their embeddings (T, B, E), if they are known.
        """
        drop = self.regularisation
        embedded = embedding_dropout(
            self.embedding.of(ids) if vectors is None else vectors,
            ids,
            self.config.vocab_size,
            drop.embedding,
            self.training,
            self.generator,
        )
        embedded = locked_dropout(embedded, drop.input, self.training, self.generator)
        hidden, state = self.hidden_states(embedded, ids, state)
        dropped = locked_dropout(hidden, drop.output, self.training, self.generator)
        return hidden, dropped, state

    def projected(self, hidden: Tensor) -> Tensor:
        """Return the input of the output layer, (..., F), for the last layer's outputs (..., H)."""
        return hidden if self.projection is None else self.projection(hidden)

    def output_layer(self) -> tuple[Tensor, Tensor]:
        """Return weight (V, F), or (V, E) of a mixture, and bias (V,), if there are no clusters."""
        own = self.decoder.weight
        return self.embedding.table() if own is None else own, self.decoder.bias


def detach(state: State) -> State:
    """Return the state without its history, which truncates backpropagation through time."""
    return tuple(part.detach() for part in state)
