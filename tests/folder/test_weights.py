"""The names and shapes of tensors, against torch's own layers and counts done by hand."""

from math import prod

import pytest
from torch import nn

from foreword.folder.config import ModelConfig
from foreword.folder.weights import expected_shapes


def config(name: str, **sizes: object) -> ModelConfig:
    fixed = {"vocab_size": 11, "embedding_size": 3, "hidden_size": 5, "num_layers": 2}
    return ModelConfig(name=name, **{**fixed, **sizes})


@pytest.mark.parametrize(("name", "layer"), [("lstm", nn.LSTM), ("gru", nn.GRU), ("rnn", nn.RNN)])
def test_recurrent_tensors_are_those_of_torch(name: str, layer: type[nn.RNNBase]) -> None:
    theirs = {f"recurrent.{k}": tuple(v.shape) for k, v in layer(3, 5, 2).state_dict().items()}
    ours = expected_shapes(config(name))
    assert {k: v for k, v in ours.items() if k.startswith("recurrent.")} == theirs


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("lstm-peephole", {"weight_ih": (20, 3), "weight_hh": (20, 5), "weight_peephole": (3, 5)}),
        ("lstm-peephole-only", {"weight_ih": (20, 3), "weight_hh": (15, 5), "bias_hh": (15,)}),
        ("lstm-coupled", {"weight_ih": (15, 3), "weight_hh": (15, 5), "bias_ih": (15,)}),
        ("lstm-layernorm", {"norm_ih": (20,), "norm_hh": (20,), "norm_c": (5,), "bias_c": (5,)}),
        ("gru-layernorm", {"weight_hh": (15, 5), "norm_ih": (15,), "norm_hh": (15,)}),
    ],
)
def test_tensors_of_cells_that_torch_lacks(name: str, rows: dict[str, tuple[int, ...]]) -> None:
    ours = expected_shapes(config(name))
    assert {k: ours[f"recurrent.{k}_l0"] for k in rows} == rows


def test_the_output_layer_depends_on_what_is_tied() -> None:
    output = ("projection.weight", "projection.bias", "decoder.weight", "decoder.bias")

    def actual(**sizes: object) -> dict[str, tuple[int, ...]]:
        shapes = expected_shapes(config("gru", **sizes))
        return {name: shapes[name] for name in output if name in shapes}

    assert actual() == {
        "projection.weight": (3, 5),
        "projection.bias": (3,),
        "decoder.bias": (11,),
    }
    assert actual(embedding_size=5) == {"decoder.bias": (11,)}
    assert actual(tied=False) == {"decoder.weight": (11, 5), "decoder.bias": (11,)}


@pytest.mark.parametrize("tied", [True, False])
def test_a_mixture_stands_between_the_layers_and_weights_as_wide_as_the_embedding(
    tied: bool,
) -> None:
    shapes = expected_shapes(config("gru", softmaxes=4, tied=tied))
    assert "projection.weight" not in shapes
    assert shapes["mixture.prior"] == (4, 5)
    assert shapes["mixture.weight"] == (4 * 3, 5)
    assert shapes["mixture.bias"] == (4 * 3,)
    assert shapes.get("decoder.weight") == (None if tied else (11, 3))


def test_an_adaptive_softmax_has_narrower_clusters_that_are_each_as_many_times_larger() -> None:
    options = {"adaptive_clusters": 2, "adaptive_head": 100, "tied": False}
    shapes = expected_shapes(config("lstm", vocab_size=10_000, hidden_size=80, **options))
    assert "decoder.weight" not in shapes
    assert shapes["decoder.bias"] == (10_000,)
    # 100, 1,000, 10,000: the head, and two clusters whose features are a fourth and a 16th of 80.
    assert {k: v for k, v in shapes.items() if k.startswith("adaptive.")} == {
        "adaptive.head": (102, 80),
        "adaptive.bias": (2,),
        "adaptive.down.0": (20, 80),
        "adaptive.up.0": (900, 20),
        "adaptive.down.1": (5, 80),
        "adaptive.up.1": (9_000, 5),
    }


def test_a_window_of_words_widens_the_first_layer_alone() -> None:
    shapes = expected_shapes(config("mlp-window", context_words=4))
    assert shapes["hidden.0.weight"] == (5, 12)
    assert shapes["hidden.1.weight"] == (5, 5)
    # embedding 33, layers 5 * 12 + 5 and 5 * 5 + 5, projection 3 * 5 + 3, bias 11
    assert sum(prod(shape) for shape in shapes.values()) == 33 + 65 + 30 + 18 + 11
