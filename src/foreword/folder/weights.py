"""Which tensors a model has, by its configuration. Pure arithmetic; no torch, no files."""

import math

from foreword.folder.architecture import AnyConfig, ModelConfig, NgramConfig
from foreword.folder.quantised import SCALE, is_quantisable


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a model's weights.

    logits = features @ weight.T + decoder.bias, where weight is `decoder.weight`, or the
    embedding matrix if tied, and features are the last layer's outputs, or their projection to
    the embedding's size. A mixture's weights are between these outputs and a `decoder.weight` as
    wide as the embedding; see `foreword.nn.mixture`. An adaptive softmax has weights of its own,
    and `decoder.bias` is the words'; see `foreword.nn.adaptive`.
    """
    V, E, H = config.vocab_size, config.embedding_size, config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (V, E)}
    shapes |= _recurrent(config) if config.is_recurrent else _feed_forward(config)
    K, mixes = config.softmaxes, config.softmaxes > 1
    if mixes:
        shapes |= {
            "mixture.prior": (K, H),
            "mixture.weight": (K * E, H),
            "mixture.bias": (K * E,),
        }
    elif config.tied and E != H:
        shapes |= {"projection.weight": (E, H), "projection.bias": (E,)}
    if clusters := config.clusters:
        shapes |= {
            "adaptive.head": (config.adaptive_head + len(clusters), H),
            "adaptive.bias": (len(clusters),),
        }
        for k, cluster in enumerate(clusters):
            shapes[f"adaptive.down.{k}"] = (cluster.features, H)
            shapes[f"adaptive.up.{k}"] = (cluster.words, cluster.features)
    elif not config.tied:
        shapes["decoder.weight"] = (V, E if mixes else H)
    return shapes | {"decoder.bias": (V,)}


def expected_tensors(model: AnyConfig, kind: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The dtypes and shapes in `model.safetensors`.

    Args:
        model: the architecture.
        kind: "float32": all are; or "int8": matrices are, with a scale for each row. An n-gram
            model has its keys in int64, too.
    """
    if isinstance(model, NgramConfig):
        return _ngrams(model)
    tensors = {name: ("float32", shape) for name, shape in expected_shapes(model).items()}
    if kind == "int8":
        for name, (_, shape) in list(tensors.items()):
            if is_quantisable(name, shape):
                tensors[name] = "int8", shape
                tensors[name + SCALE] = "float32", shape[:1]
    return tensors


def count_numbers(model: AnyConfig, kind: str) -> int:
    """The number of trained numbers of a model; scales and an n-gram's keys do not count."""
    return sum(
        math.prod(shape)
        for name, (_, shape) in expected_tensors(model, kind).items()
        if not name.endswith((SCALE, ".keys"))
    )


def _ngrams(config: NgramConfig) -> dict[str, tuple[str, tuple[int, ...]]]:
    """As `foreword.ngrams.table` describes them."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {
        "ngrams.1.shares": ("float32", (config.vocab_size,))
    }
    contexts = config.vocab_size
    for length, count in enumerate(config.ngrams, 2):
        tensors |= {
            f"ngrams.{length}.keys": ("int64", (count,)),
            f"ngrams.{length}.shares": ("float32", (count,)),
            f"ngrams.{length}.left": ("float32", (contexts,)),
        }
        contexts = count
    return tensors


def _recurrent(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(config.num_layers):
        size = config.embedding_size if layer == 0 else config.hidden_size
        of_layer = config.cell.parameter_shapes(size, config.hidden_size)
        shapes |= {f"recurrent.{name}_l{layer}": shape for name, shape in of_layer.items()}
    return shapes


def _feed_forward(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    H, size = config.hidden_size, config.context_words * config.embedding_size
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(config.num_layers):
        shapes |= {f"hidden.{layer}.weight": (H, size), f"hidden.{layer}.bias": (H,)}
        size = H
    return shapes
