"""The architecture of a translation model as data, and the shapes of its weights. No torch.

A sentence is encoded once; a decoder then writes its translation, sub-word by sub-word. Both use
the cells of `foreword.cells`. `foreword.translation.model` has the equations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from foreword.cells import registry
from foreword.cells.cell import Cell
from foreword.folder.architecture import LARGEST_SIZE

Attention = Literal["none", "additive", "multiplicative"]
ATTENTIONS: tuple[Attention, ...] = ("none", "additive", "multiplicative")
MOST_LAYERS, MOST_HEADS = 16, 64


@dataclass(frozen=True, kw_only=True)
class TranslationConfig:
    """The architecture: everything that is needed to run a translation model's weights.

    Attributes:
        cell: the name of the recurrent cell of encoder and decoder.
        vocab_size: V, the number of sub-words, which both languages share.
        embedding_size: E, the dimension of the sub-word embeddings, which encoder, decoder and
            output layer share (Press & Wolf 2017).
        hidden_size: H, the units of each decoder layer and the width of the encoder's outputs.
        encoder_layers: the number of recurrent layers of the encoder.
        decoder_layers: the number of recurrent layers of the decoder. The attention looks from the
            first of them; the others read what it has seen.
        bidirectional: whether each encoder layer reads the sentence in both directions, with H / 2
            units each (Bahdanau et al. 2015).
        reverse_source: whether the encoder reads the sentence from its end to its beginning
            (Sutskever et al. 2014).
        attention: "none": the decoder begins in a state that is computed from the encoder's last
            one, and sees no more of the sentence (Sutskever et al. 2014; Cho et al. 2014).
            "additive": it scores each position by a small feed-forward network (Bahdanau et al.
            2015). "multiplicative": by a bilinear form (Luong et al. 2015, "general").
        heads: the number of parts of the encoder's outputs that are attended to on their own.
        input_feeding: whether the decoder also reads its last attentional vector (Luong et al.
            2015, section 3.3).
        cell_options: options of the cell by the names of their settings.
        name: "translation".
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    cell: str
    vocab_size: int
    embedding_size: int
    hidden_size: int
    encoder_layers: int = 1
    decoder_layers: int = 2
    bidirectional: bool = True
    reverse_source: bool = False
    attention: Attention = "multiplicative"
    heads: int = 1
    input_feeding: bool = False
    cell_options: Mapping[str, bool | int | float | str] = field(default_factory=dict, hash=False)
    name: Literal["translation"] = "translation"

    def __post_init__(self) -> None:
        """Raises ValueError, TypeError: a value is out of its range, or excludes another one."""
        for key, most in (
            ("vocab_size", LARGEST_SIZE),
            ("embedding_size", LARGEST_SIZE),
            ("hidden_size", LARGEST_SIZE),
            ("encoder_layers", MOST_LAYERS),
            ("decoder_layers", MOST_LAYERS),
            ("heads", MOST_HEADS),
        ):
            value = getattr(self, key)
            if type(value) is not int or not 1 <= value <= most:
                raise ValueError(f"{key} must be a whole number from 1 to {most:,}, not {value!r}")
        for key in ("bidirectional", "reverse_source", "input_feeding"):
            if type(getattr(self, key)) is not bool:
                raise ValueError(f"{key} must be true or false, not {getattr(self, key)!r}")
        if self.name != "translation":
            raise ValueError(f"name must be translation, not {self.name!r}")
        if self.cell not in registry.MODELS:
            raise ValueError(f"cell must be one of {', '.join(registry.MODELS)}, not {self.cell!r}")
        if self.attention not in ATTENTIONS:
            known = ", ".join(ATTENTIONS)
            raise ValueError(f"attention must be one of {known}, not {self.attention!r}")
        if not isinstance(self.cell_options, Mapping):
            raise TypeError(
                f"cell_options must be a table of options, not {self.cell_options!r:.80}"
            )
        registry.check_settings(self.cell, self.cell_options)
        if self.bidirectional and self.hidden_size % 2:
            raise ValueError(
                f"a bidirectional encoder shares hidden_size between two directions: "
                f"{self.hidden_size} must be even"
            )
        if self.hidden_size % self.heads:
            raise ValueError(
                f"hidden_size of {self.hidden_size} must be a multiple of heads, {self.heads}"
            )
        if self.attention == "none" and (self.heads > 1 or self.input_feeding):
            raise ValueError("without attention, heads must be 1 and input_feeding false")

    @cached_property
    def recurrent_cell(self) -> Cell:
        """The cell with its options."""
        return registry.cell_of(self.cell, self.cell_options)

    @property
    def encoder_units(self) -> int:
        """The units of an encoder layer in each direction."""
        return self.hidden_size // 2 if self.bidirectional else self.hidden_size

    @property
    def looks(self) -> bool:
        """Whether the decoder attends to the encoder's outputs."""
        return self.attention != "none"

    @property
    def lower_inputs(self) -> int:
        """The input size of the decoder's first layer."""
        return self.embedding_size * (2 if self.input_feeding else 1)

    @property
    def upper_inputs(self) -> int:
        """The input size of the decoder's second layer."""
        return self.hidden_size * (2 if self.looks else 1)


def expected_shapes(config: TranslationConfig) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a translation model's weights."""
    V, E, H = config.vocab_size, config.embedding_size, config.hidden_size
    states = config.recurrent_cell.state_sizes(H, 0)
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (V, E)}
    directions = ("", "_reverse") if config.bidirectional else ("",)
    encoder = [E, *[H] * (config.encoder_layers - 1)]
    shapes |= dict(_layers(config, "encoder", encoder, config.encoder_units, directions))
    shapes |= {
        "bridge.weight": (config.decoder_layers * sum(states), H),
        "bridge.bias": (config.decoder_layers * sum(states),),
    }
    shapes |= dict(_layers(config, "lower", [config.lower_inputs], H))
    if config.decoder_layers > 1:
        upper = [config.upper_inputs, *[H] * (config.decoder_layers - 2)]
        shapes |= dict(_layers(config, "upper", upper, H))
    if config.looks:
        shapes["attention.query"] = (H, H)
    if config.attention == "additive":
        shapes |= {"attention.key": (H, H), "attention.energy": (H,)}
    return shapes | {
        "combine.weight": (E, H * (2 if config.looks else 1)),
        "combine.bias": (E,),
        "output.bias": (V,),
    }


def _layers(
    config: TranslationConfig,
    name: str,
    inputs: list[int],
    units: int,
    directions: tuple[str, ...] = ("",),
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The weights of stacked recurrent layers with these input sizes."""
    for layer, size in enumerate(inputs):
        for direction in directions:
            for of_cell, shape in config.recurrent_cell.parameter_shapes(size, units).items():
                yield f"{name}.{of_cell}_l{layer}{direction}", shape
