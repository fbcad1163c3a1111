"""The translation model: (source, target so far) -> scores of the next sub-word. No files, no loop.

    M       = Encoder(x_1 .. x_S)                        outputs, (S, H)
    s_0     = tanh(W_b f + b_b)                          f: the encoder's last outputs
    h_t     = Lower(e(y_t-1), s_t-1)                     the decoder's first layer
    c_t     = attention(h_t, M)                          see `foreword.translation.attention`
    g_t     = Upper([h_t; c_t], s_t-1)                   its other layers; without them, g_t = h_t
    a_t     = tanh(W_a [g_t; c_t] + b_a)                 (Luong et al. 2015, equation 5)
    P(y_t)  = softmax(Emb a_t + b)                       Emb: the embedding matrix, (V, E)

Nothing that the attention has seen returns to the first layer, so each layer runs over all steps of
the reference translation at once, by the kernels of `foreword.kernels`. With `input_feeding` the
first layer also reads a_t-1, as in Luong et al., and the decoder runs step by step.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.folder.translation import TranslationConfig
from foreword.kernels.dispatch import use
from foreword.models.model import Affine, Decoder, Embedding, Regularisation
from foreword.nn.dropout import Noise, embedding_dropout, locked_dropout
from foreword.nn.recurrent import Recurrent
from foreword.nn.softmax import IGNORED, linear_cross_entropy
from foreword.translation.attention import Attention

States = tuple[Tensor, ...]
"""The decoder's, (L, B, size) for each of the cell's states."""


class Memory(NamedTuple):
    """The encoder's results for the source sentences.

    Attributes:
        outputs: the encoder's, (S, B, H).
        keys: the keys with which queries are compared, (S, B, H).
        mask: (B, S), true at the positions of each sentence.
    """

    outputs: Tensor
    keys: Tensor
    mask: Tensor


class TranslationModel(nn.Module):
    """Encoder, attention and decoder. S source steps, T target steps, B sentences; time first."""

    def __init__(
        self,
        config: TranslationConfig,
        regularisation: Regularisation | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.regularisation = regularisation or Regularisation()
        self.generator = generator
        V, E, H = config.vocab_size, config.embedding_size, config.hidden_size
        self.embedding = Embedding(self._uniform(V, E, bound=E**-0.5))
        self.encoder = self._layers(
            E, config.encoder_units, config.encoder_layers, bidirectional=config.bidirectional
        )
        states = config.recurrent_cell.state_sizes(H, 0)
        self._state_sizes = [size for size in states for _ in range(config.decoder_layers)]
        self.bridge = Affine(self._uniform(sum(self._state_sizes), H, bound=H**-0.5))
        self.lower = self._layers(config.lower_inputs, H, 1)
        above = config.decoder_layers - 1
        self.upper = self._layers(config.upper_inputs, H, above) if above else None
        self.attention = Attention(config, generator) if config.looks else None
        wide = H * (2 if config.looks else 1)
        self.combine = Affine(self._uniform(E, wide, bound=wide**-0.5))
        self.output = Decoder(torch.zeros(V), None)

    def _uniform(self, *shape: int, bound: float) -> Tensor:
        return torch.empty(shape).uniform_(-bound, bound, generator=self.generator)

    def _layers(
        self, inputs: int, units: int, layers: int, *, bidirectional: bool = False
    ) -> Recurrent:
        return Recurrent(
            self.config.cell,
            inputs,
            units,
            layers,
            dropout=self.regularisation.hidden if layers > 1 else 0.0,
            bidirectional=bidirectional,
            forget_bias=1.0,
            noise=Noise(locked=True, weight=self.regularisation.recurrent),
            generator=self.generator,
            **self.config.recurrent_cell.chosen,
        )

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return self.output.bias.device

    def use_generator(self, generator: torch.Generator) -> None:
        """Draw dropout masks from another generator, on the parameters' device."""
        self.generator = generator
        for layers in (self.encoder, self.lower, self.upper):
            if layers is not None:
                layers.generator = generator

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Memory, States]:
        """Return the memory for the attention, and the decoder's first state.

        Args:
            source: (S, B) sub-words, padded with any.
            lengths: (B,), the number of sub-words of each sentence, at least 1.
        """
        return self.encode_embedded(self.embedded(source), lengths)

    def encode_embedded(self, x: Tensor, lengths: Tensor) -> tuple[Memory, States]:
        """Return the result of `encode` for the embedded sub-words (S, B, E)."""
        drop, config = self.regularisation, self.config
        steps = torch.arange(len(x), device=x.device)
        if config.reverse_source:
            order = (lengths - 1 - steps[:, None]).clamp_min(0)
            x = x.gather(0, order[..., None].expand_as(x))
        outputs, _ = self.encoder(x, lengths=lengths)
        is_inside = steps < lengths[:, None]
        last = outputs[lengths - 1, torch.arange(len(lengths), device=x.device)]
        if config.bidirectional:
            forward, backward = config.encoder_units, outputs[0, :, config.encoder_units :]
            last = torch.cat([last[:, :forward], backward], 1)
        outputs = locked_dropout(outputs, drop.hidden, self.training, self.generator)
        keys = outputs if self.attention is None else self.attention.keys(outputs)
        parts = torch.split(torch.tanh(self.bridge(last)), self._state_sizes, 1)
        layers = config.decoder_layers
        states = tuple(torch.stack(parts[k : k + layers]) for k in range(0, len(parts), layers))
        return Memory(outputs, keys, is_inside), states

    def embedded(self, ids: Tensor) -> Tensor:
        """Return the embeddings (..., E) of sub-words, with dropout in training."""
        drop = self.regularisation
        embedded = embedding_dropout(
            F.embedding(ids, self.embedding.weight),
            ids,
            self.config.vocab_size,
            drop.embedding,
            self.training,
            self.generator,
        )
        return locked_dropout(embedded, drop.input, self.training, self.generator)

    def features(
        self, inputs: Tensor, states: States, memory: Memory, fed: Tensor | None = None
    ) -> tuple[Tensor, States, Tensor | None]:
        """Return a_t (T, B, E), the states after the last step, and the attention (B, K, T, S).

        Args:
            inputs: (T, B), the sub-word before each step; the start at the first.
            states: the decoder's before them.
            memory: of `encode`.
            fed: a_t of the step before the first, (B, E), with input feeding; None: 0.
        """
        embedded = self.embedded(inputs)
        if not self.config.input_feeding:
            return self._steps(embedded, states, memory)
        B, E = inputs.shape[1], self.config.embedding_size
        fed = embedded.new_zeros(B, E) if fed is None else fed
        outputs: list[Tensor] = []
        weights: list[Tensor] = []
        for step in torch.split(embedded, 1):
            output, states, looked = self._steps(torch.cat([step, fed[None]], 2), states, memory)
            assert looked is not None, "what is fed has looked"
            fed = output[0]
            outputs.append(output)
            weights.append(looked)
        return torch.cat(outputs), states, torch.cat(weights, 2)

    def _steps(
        self, x: Tensor, states: States, memory: Memory
    ) -> tuple[Tensor, States, Tensor | None]:
        drop, training = self.regularisation, self.training
        g, after = self.lower(x, _hidden(states, slice(0, 1)))
        looked, context = None, None
        if self.attention is not None:
            context, looked = self.attention(g, memory.outputs, memory.keys, memory.mask)
        after = _as_states(after)
        if self.upper is not None:
            read = g if context is None else torch.cat([g, context], 2)
            read = locked_dropout(read, drop.hidden, training, self.generator)
            g, above = self.upper(read, _hidden(states, slice(1, None)))
            after = tuple(map(torch.cat, zip(after, _as_states(above), strict=True)))
        seen = g if context is None else torch.cat([g, context], 2)
        seen = locked_dropout(seen, drop.hidden, training, self.generator)
        combined = torch.tanh(self.combine(seen))
        return locked_dropout(combined, drop.output, training, self.generator), after, looked

    def scores(self, features: Tensor) -> Tensor:
        """Return logits (..., V) for a_t (..., E)."""
        return F.linear(features, self.embedding.weight, self.output.bias)

    def loss(
        self,
        source: Tensor,
        lengths: Tensor,
        inputs: Tensor,
        targets: Tensor,
        *,
        smoothing: float = 0.0,
        precision: torch.dtype = torch.float32,
    ) -> Tensor:
        """Return the sum of the loss over the targets that count, in nats.

        Args:
            source: (S, B), padded.
            lengths: (B,), of the source sentences.
            inputs: (T, B), the sub-word before each target.
            targets: (T, B); -1 is not counted.
            smoothing: the share of probability that the targets give to all sub-words equally
                (label smoothing, Szegedy et al. 2016).
            precision: of matrix products in the recurrent layers and the output layer.
        """
        with use(products="bfloat16" if precision == torch.bfloat16 else None):
            memory, states = self.encode(source, lengths)
            features, _, _ = self.features(inputs, states, memory)
        counted = targets.flatten() != IGNORED
        features, ids = features.flatten(0, 1)[counted], targets.flatten()[counted]
        weight, bias = self.embedding.weight, self.output.bias
        loss = linear_cross_entropy(features, weight, bias, ids, precision=precision)
        if smoothing == 0.0:
            return loss
        # -sum_v (1/V) ln P(v) differs from -ln P(y) by the logit of y less the mean logit.
        mean = features.sum(0) @ weight.mean(0) + len(ids) * bias.mean()
        logits = (features * F.embedding(ids, weight)).sum() + bias[ids].sum()
        return loss + smoothing * (logits - mean)


def _hidden(states: States, layers: slice) -> Tensor | States:
    """The states of some layers, in the form of torch's layers."""
    parts = tuple(part[layers].contiguous() for part in states)
    return parts if len(parts) > 1 else parts[0]


def _as_states(hidden: Tensor | States) -> States:
    return hidden if isinstance(hidden, tuple) else (hidden,)
