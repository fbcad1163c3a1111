"""The translation model: its shapes, its padding, its steps, its attention, its loss."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from foreword.cells.registry import MODELS
from foreword.folder.translation import TranslationConfig, expected_shapes
from foreword.translation.model import TranslationModel

KINDS: list[dict[str, Any]] = [
    {"attention": "none", "bidirectional": False, "reverse_source": True, "decoder_layers": 1},
    {"attention": "additive", "heads": 2, "encoder_layers": 2},
    {"attention": "multiplicative", "decoder_layers": 3},
    {"attention": "multiplicative", "input_feeding": True, "decoder_layers": 1, "heads": 2},
]
CASES = [("lstm", kind) for kind in KINDS] + [(cell, KINDS[k % 4]) for k, cell in enumerate(MODELS)]


def model_of(cell: str, kind: dict[str, Any]) -> TranslationModel:
    config = TranslationConfig(cell=cell, vocab_size=13, embedding_size=6, hidden_size=8, **kind)
    model = TranslationModel(config, generator=torch.Generator().manual_seed(1)).double().eval()
    with torch.no_grad():
        model.output.bias.uniform_(-1, 1, generator=torch.Generator().manual_seed(2))
    return model


def pairs() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Three pairs of 5, 1 and 3 source and 4, 2 and 1 target words; the padding is any word."""
    generator = torch.Generator().manual_seed(3)
    source = torch.randint(1, 13, (5, 3), generator=generator)
    inputs = torch.randint(1, 13, (4, 3), generator=generator)
    targets = torch.randint(1, 13, (4, 3), generator=generator)
    for b, length in enumerate((4, 2, 1)):
        targets[length:, b] = -1
    return source, torch.tensor([5, 1, 3]), inputs, targets


@pytest.mark.parametrize(("cell", "kind"), CASES)
def test_the_weights_are_those_that_the_configuration_says(cell: str, kind: Any) -> None:
    model = model_of(cell, kind)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    assert shapes == expected_shapes(model.config)


@pytest.mark.parametrize(("cell", "kind"), CASES)
def test_the_loss_of_a_padded_batch_is_the_sum_of_the_losses_of_its_pairs(
    cell: str, kind: Any
) -> None:
    model = model_of(cell, kind)
    source, lengths, inputs, targets = pairs()
    alone = []
    for b, length in enumerate(lengths):
        steps = int((targets[:, b] >= 0).sum())
        pair = source[:length, [b]], lengths[[b]], inputs[:steps, [b]], targets[:steps, [b]]
        alone.append(model.loss(*pair))
    torch.testing.assert_close(model.loss(source, lengths, inputs, targets), sum(alone))


@pytest.mark.parametrize(("cell", "kind"), CASES)
def test_one_step_after_another_gives_what_all_steps_at_once_give(cell: str, kind: Any) -> None:
    model = model_of(cell, kind)
    source, lengths, inputs, _ = pairs()
    memory, states = model.encode(source, lengths)
    whole, last, _ = model.features(inputs, states, memory)
    steps, fed = [], None
    for step in inputs.split(1):  # type: ignore[no-untyped-call]
        output, states, _ = model.features(step, states, memory, fed)
        fed = output[0]
        steps.append(output)
    torch.testing.assert_close(torch.cat(steps), whole)
    for one, other in zip(states, last, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", ["additive", "multiplicative"])
@pytest.mark.parametrize("heads", [1, 2])
def test_attention_is_the_weighted_mean_that_the_papers_define(name: Any, heads: int) -> None:
    """Computed again by loops over sentences, steps, heads and positions."""
    model = model_of("gru", {"attention": name, "heads": heads})
    attention = model.attention
    assert attention is not None
    source, lengths, _, _ = pairs()
    memory, _ = model.encode(source, lengths)
    states = torch.randn(2, 3, 8, dtype=torch.double, generator=torch.Generator().manual_seed(4))
    contexts, weights = attention(states, memory.outputs, memory.keys, memory.mask)
    D = 8 // heads
    for b, length in enumerate(lengths.tolist()):
        m = memory.outputs[:length, b]
        for t in range(2):
            q = attention.query @ states[t, b]
            for k in range(heads):
                part = slice(k * D, (k + 1) * D)
                if attention.key is None or attention.energy is None:
                    e = torch.stack([q[part] @ m_j[part] / math.sqrt(D) for m_j in m])
                else:
                    keys = m @ attention.key.T
                    e = torch.stack(
                        [attention.energy[part] @ torch.tanh(q[part] + key[part]) for key in keys]
                    )
                alpha = e.softmax(0)
                torch.testing.assert_close(weights[b, k, t, :length], alpha)
                assert (weights[b, k, t, length:] == 0).all()
                torch.testing.assert_close(contexts[t, b, part], alpha @ m[:, part])


def test_label_smoothing_is_that_of_torch() -> None:
    model = model_of("lstm", KINDS[2])
    source, lengths, inputs, targets = pairs()
    memory, states = model.encode(source, lengths)
    logits = model.scores(model.features(inputs, states, memory)[0]).flatten(0, 1)
    expected = F.cross_entropy(
        logits, targets.flatten(), ignore_index=-1, reduction="sum", label_smoothing=0.2
    )
    torch.testing.assert_close(
        model.loss(source, lengths, inputs, targets, smoothing=0.2), expected
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_target_word_teaches_the_first_source_word(kind: Any) -> None:
    model = model_of("lstm", kind)
    source, lengths = torch.tensor([[5], [6], [7]]), torch.tensor([3])
    targets = torch.tensor([[-1], [-1], [8]])
    model.loss(source, lengths, torch.tensor([[1], [2], [3]]), targets).backward()  # type: ignore[no-untyped-call]
    assert model.embedding.weight.grad is not None
    weights = model.encoder.get_parameter("weight_ih_l0").grad
    assert weights is not None
    assert weights.abs().sum() > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 7}, "7 must be even"),
        ({"heads": 3}, "multiple of heads"),
        ({"attention": "none", "heads": 2}, "without attention"),
        ({"attention": "none", "input_feeding": True}, "without attention"),
        ({"attention": "loud"}, "loud"),
        ({"cell": "lstn"}, "lstn"),
        ({"decoder_layers": 0}, "decoder_layers"),
        ({"bidirectional": 1}, "true or false"),
    ],
)
def test_what_cannot_be_built_is_refused(change: dict[str, Any], message: str) -> None:
    sizes = {"cell": "lstm", "vocab_size": 13, "embedding_size": 6, "hidden_size": 8}
    with pytest.raises(ValueError, match=message):
        TranslationConfig(**{**sizes, **change})
