"""A model's architecture as data, without pydantic, which prediction does not need.

As a part of `FolderConfig` it is checked by pydantic like the rest; made alone, by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from foreword.cells import registry
from foreword.cells.cell import Cell
from foreword.text.tokenizer import TokenizerConfig


@dataclass(frozen=True)
class Description:
    """The description of an architecture for people, and the style of its curves.

    Attributes:
        about: what it is and who published it; follows "predicts with".
        colours: of its curves on light and on dark paper.
        line: of its curves, as Matplotlib writes it.
        learning_rate: the default of the peak learning rate in training.
        is_compared: whether `foreword compare` trains it by default.
    """

    about: str
    colours: tuple[str, str]
    line: str
    learning_rate: float
    is_compared: bool = True


DESCRIPTIONS: Final = MappingProxyType(
    {
        "mlp-last": Description(
            "a feed-forward network on the last word", ("#7b8794", "#9aa5b1"), ":", 4e-3
        ),
        "mlp-window": Description(
            "a feed-forward network on a window of the last words (Bengio et al. 2003)",
            ("#57606a", "#b4bec8"),
            ":",
            6e-3,
        ),
    }
    | {
        name: Description(cell.about, cell.colours, cell.line, cell.learning_rate, cell.is_compared)
        for name in registry.MODELS
        for cell in (registry.CELLS[name],)
    }
)
"""The networks by their names. Those of recurrent ones stand in `foreword.cells`."""
MODELS: Final = tuple(DESCRIPTIONS)
if TYPE_CHECKING:
    ModelName = str
    AnyModelName = str
else:  # for pydantic and Typer, which check what they are given
    ModelName = Literal[MODELS]
    AnyModelName = Literal[(*MODELS, "ngram")]
LARGEST_SIZE: Final = 1 << 24
MOST_CLUSTERS: Final = 8
NARROWER: Final = 4
"""By this factor each cluster of an adaptive softmax has fewer features than the one before."""
MOST: Final = {
    "vocab_size": LARGEST_SIZE,
    "embedding_size": LARGEST_SIZE,
    "hidden_size": LARGEST_SIZE,
    "num_layers": 64,
    "context_words": 1024,
    "softmaxes": 64,
}
OPTIONS: Final[dict[str, Any]] = {
    "skip": False,
    "softmaxes": 1,
    "mogrifier_rounds": 0,
    "mogrifier_rank": 0,
    "adaptive_clusters": 0,
    "adaptive_head": 0,
    "cell_clip": 0.0,
    "cell_options": {},
}
"""Keys that came with format version 4, and their values in models that are without. Earlier
versions are written without the keys, so that the Forewords that know those alone read them.
`cell_options` came later, and is written only where there are such options."""


@dataclass(frozen=True)
class Cluster:
    """Of an adaptive softmax: ids `first` and on, so many words, by so many features."""

    first: int
    words: int
    features: int


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The architecture: everything that is needed to run a model's weights.

    With tied embeddings the output layer uses the embedding matrix, and a projection from
    `hidden_size` to `embedding_size` stands between them where the two differ.

    Attributes:
        name: of the cell, or of the MLP.
        vocab_size: words, `<unk>` and `<eos>` included.
        embedding_size: features of a word.
        hidden_size: units of a layer.
        num_layers: 1 to 64.
        context_words: how many last words an MLP sees: 1 for `mlp-last`. Recurrent models leave it
            at 1.
        nonlinearity: of the MLPs and the Elman RNN.
        reset_after: GRU: the reset gate acts after the recurrent product (torch, cuDNN) or before
            it (2014).
        tied: the output layer's weights are the embedding's.
        skip: recurrent models of two layers or more: the output layer sees the sum of all layers'
            outputs, not the last one's alone (Melis, Dyer & Blunsom 2018).
        softmaxes: 1 to 64; of several, the prediction is their mixture (Yang et al. 2018), and the
            output layer's weights are as wide as the embedding, tied or not.
        mogrifier_rounds: of `lstm`, 0 to 16: how often its input and hidden state modulate each
            other before each step (Melis, Kocisky & Blunsom 2020); 0 is the plain LSTM.
        mogrifier_rank: of the matrices that do it, where they are products of two; 0: they are not.
        adaptive_clusters: 0 to 8: the rarer words are in so many clusters (adaptive softmax, Grave
            et al. 2017; see `clusters`); 0: one softmax over all words. Not tied, not with several
            softmaxes.
        adaptive_head: the commonest words, which are in none of the clusters; 0 without clusters.
        cell_clip: of LSTMs, see their `options`: the largest |c|, beyond which it is clipped (Sak,
            Senior & Beaufays 2014); 0: any.
        cell_options: those options of the cell that have no key of their own here.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    name: ModelName
    vocab_size: int
    embedding_size: int
    hidden_size: int
    num_layers: int = 1
    context_words: int = 1
    nonlinearity: Literal["tanh", "relu"] = "tanh"
    reset_after: bool = True
    tied: bool = True
    skip: bool = False
    softmaxes: int = 1
    mogrifier_rounds: int = 0
    mogrifier_rank: int = 0
    adaptive_clusters: int = 0
    adaptive_head: int = 0
    cell_clip: float = 0.0
    cell_options: Mapping[str, bool | int | float | str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Raises ValueError: a value is out of range, or an unknown name."""
        for key, most in MOST.items():
            _check(key, getattr(self, key), 1, most)
        for key, known in (("name", MODELS), ("nonlinearity", ("tanh", "relu"))):
            if getattr(self, key) not in known:
                raise ValueError(f"{key} must be one of {', '.join(known)}")
        for key in ("reset_after", "tied", "skip"):
            if type(getattr(self, key)) is not bool:
                raise ValueError(f"{key} must be true or false")
        if self.name != "mlp-window" and self.context_words != 1:
            raise ValueError(f"{self.name} sees one word at a time: context_words must be 1")
        registry.check_settings(self.name, self._cell_settings)
        _check("adaptive_clusters", self.adaptive_clusters, 0, MOST_CLUSTERS)
        _check("adaptive_head", self.adaptive_head, 0, LARGEST_SIZE)
        if (self.adaptive_clusters == 0) != (self.adaptive_head == 0):
            raise ValueError("adaptive_clusters and adaptive_head are both 0, or neither is")
        if self.adaptive_clusters and (self.tied or self.softmaxes > 1):
            raise ValueError(
                "adaptive_clusters have output weights of their own, in one softmax: tied must "
                "be false"
            )
        if any(cluster.words < 1 for cluster in self.clusters):
            raise ValueError(
                f"adaptive_head of {self.adaptive_head:,} leaves too few of {self.vocab_size:,} "
                f"words for {self.adaptive_clusters} clusters"
            )
        if self.skip and (self.num_layers < 2 or not self.is_recurrent):
            raise ValueError(
                "skip sums the outputs of several recurrent layers: it needs num_layers of 2 or "
                f"more, not {self.name} with {self.num_layers}"
            )

    @property
    def is_recurrent(self) -> bool:
        """Whether the model carries a hidden state."""
        return not self.name.startswith("mlp")

    @cached_property
    def cell(self) -> Cell:
        """The recurrent cell with its options.

        Raises:
            KeyError: the model is not recurrent.
        """
        return registry.cell_of(self.name, self._cell_settings)

    @property
    def _cell_settings(self) -> dict[str, Any]:
        return {**registry.settings_in(self), **self.cell_options}

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """Of an adaptive softmax, from the commonest words on: each as many times larger.

        Cluster k of n begins at the word head (V / head)^((k - 1) / n), and has a fourth of the
        features of the one before, the first of `hidden_size`.
        """
        head, n, V = self.adaptive_head, self.adaptive_clusters, self.vocab_size
        if n == 0 or head == 0:
            return ()
        begins = [round(head * (V / head) ** (k / n)) for k in range(n + 1)]
        return tuple(
            Cluster(first, last - first, max(1, self.hidden_size // NARROWER ** (k + 1)))
            for k, (first, last) in enumerate(pairwise(begins))
        )

    def as_kind(self, name: ModelName, context_words: int = 1) -> "ModelConfig":
        """Another architecture of the same sizes, with the options that it supports."""
        its_own = registry.settings_of(name, self._cell_settings)
        chosen = {
            key: its_own.get(key, none) for key, none in OPTIONS.items() if key in registry.SETTINGS
        }
        if name != self.name:
            chosen["cell_clip"] = registry.usual(name, "cell_clip")
        return replace(
            self,
            name=name,
            context_words=context_words,
            skip=self.skip and not name.startswith("mlp"),
            cell_options={k: v for k, v in self.cell_options.items() if k in its_own},
            **chosen,
        )

    @property
    def options(self) -> dict[str, Any]:
        """Its options that are new in format version 4, by their keys."""
        return {
            key: value for key, none in OPTIONS.items() if (value := getattr(self, key)) != none
        }


@dataclass(frozen=True, kw_only=True)
class NgramConfig:
    """An n-gram model: everything that is needed to look its tables up.

    Attributes:
        vocab_size: words, `<unk>` and `<eos>` included.
        order: n, 1 to 16: the n - 1 last words are seen.
        ngrams: how many there are, of two words up to `order`.
        name: "ngram".
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    vocab_size: int
    order: int
    ngrams: tuple[int, ...]
    name: Literal["ngram"] = "ngram"

    def __post_init__(self) -> None:
        """Raises ValueError: a value is out of range, or an unknown name."""
        for key, most in (("vocab_size", LARGEST_SIZE), ("order", 16)):
            _check(key, getattr(self, key), 1, most)
        for count in self.ngrams:
            _check("ngrams", count, 0, (1 << 31) - 1)
        if len(self.ngrams) != self.order - 1:
            raise ValueError(f"order {self.order} has {self.order - 1} numbers of n-grams")
        if self.name != "ngram":
            raise ValueError("name must be ngram")


AnyConfig = ModelConfig | NgramConfig
FormatVersion = Literal[1, 2, 3, 4, 5]


def format_version(model: AnyConfig, weights: str, tokenizer: TokenizerConfig) -> FormatVersion:
    """The format version of a folder whose weights are stored as "float32" or "int8".

    1: a network in float32. 2: in int8. 3: an n-gram model. 4: a network with `options`. 5: any
    model whose tokeniser has `options`.
    """
    if tokenizer.options:
        return 5
    if isinstance(model, NgramConfig):
        return 3
    if model.options:
        return 4
    return 2 if weights == "int8" else 1


def described(document: dict[str, Any]) -> AnyConfig:
    """The architecture in `config.json`.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    if document["name"] == "ngram":
        return NgramConfig(**{**document, "ngrams": tuple(document["ngrams"])})
    return ModelConfig(**document)


def _check(key: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{key} must be a whole number from {least} to {most:,}, not {value!r}")
