"""What `config.json` holds, as typed data. Knows nothing about torch, files or training loops."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foreword.text.tokenizer import TokenizerConfig

FORMAT_VERSION: Final = 3
"""The newest that is read. What is written is the oldest that holds it."""

ModelName = Literal[
    "mlp-last",
    "mlp-window",
    "rnn",
    "lstm",
    "lstm-peephole",
    "lstm-peephole-only",
    "lstm-coupled",
    "gru",
]
"""The networks."""
AnyModelName = Literal[ModelName, "ngram"]
Size = Annotated[int, Field(gt=0, le=1 << 24)]


class Data(BaseModel):
    """Frozen data that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ModelConfig(Data):
    """The architecture: everything that is needed to run a model's weights.

    With tied embeddings the output layer uses the embedding matrix, and a projection from
    `hidden_size` to `embedding_size` stands between them where the two differ.
    """

    name: ModelName
    vocab_size: Size
    embedding_size: Size
    hidden_size: Size
    num_layers: Annotated[int, Field(ge=1, le=64)] = 1
    context_words: Annotated[int, Field(ge=1, le=1024)] = 1
    """How many last words an MLP sees: 1 for `mlp-last`. Recurrent models leave it at 1."""
    nonlinearity: Literal["tanh", "relu"] = "tanh"
    """Of the MLPs and the Elman RNN."""
    reset_after: bool = True
    """GRU: the reset gate acts after the recurrent product (torch, cuDNN) or before it (2014)."""
    tied: bool = True

    @model_validator(mode="after")
    def _context_fits_the_architecture(self) -> Self:
        if self.name != "mlp-window" and self.context_words != 1:
            raise ValueError(f"{self.name} sees one word at a time: context_words must be 1")
        return self

    @property
    def is_recurrent(self) -> bool:
        """Whether the model carries a hidden state."""
        return not self.name.startswith("mlp")


class NgramConfig(Data):
    """An n-gram model: everything that is needed to look its tables up."""

    name: Literal["ngram"] = "ngram"
    vocab_size: Size
    order: Annotated[int, Field(ge=1, le=16)]
    """n: the n - 1 last words are seen."""
    ngrams: tuple[Annotated[int, Field(ge=0, lt=1 << 31)], ...]
    """How many there are, of two words up to `order`."""

    @model_validator(mode="after")
    def _every_length_is_counted(self) -> Self:
        if len(self.ngrams) != self.order - 1:
            raise ValueError(f"order {self.order} has {self.order - 1} numbers of n-grams")
        return self


class TrainingRecord(Data):
    """How the model was trained; for `foreword info` and the model card."""

    text: str
    """Names of the training texts, as given, without their folders."""
    words: int
    """Words of one pass over the training text, `<eos>` included."""
    words_seen: int
    steps: int
    epochs: float
    seconds: float
    seed: int
    settings: dict[str, str | int | float | bool | None]
    torch_version: str
    finished: bool
    """False where training was interrupted and can be resumed."""


class Evaluation(Data):
    """How good the model is on a text that it was not trained on."""

    text: str
    words: int
    """Predicted words, `<eos>` and `<unk>` included."""
    perplexity: float
    cross_entropy_nats: float
    cross_entropy_bits: float
    top1: float
    top3: float
    top5: float
    mean_reciprocal_rank: float
    out_of_vocabulary: float
    """Share of the words that the vocabulary lacks, 0 to 1."""
    words_per_second: float
    reset: Literal["never", "sentence"] = "never"


class FolderConfig(Data):
    """The whole of `config.json`, but for its checksum."""

    format: Literal["foreword"] = "foreword"
    format_version: Literal[1, 2, 3] = 1
    """2: weights in int8. 3: an n-gram model."""
    weights: Literal["float32", "int8"] = "float32"
    model: Annotated[ModelConfig | NgramConfig, Field(discriminator="name")]
    tokenizer: TokenizerConfig
    training: TrainingRecord | None = None
    evaluation: Evaluation | None = None
    compression: "Compression | None" = None

    @model_validator(mode="after")
    def _version_says_what_is_stored(self) -> Self:
        needed = {2: self.weights == "int8", 3: self.model.name == "ngram"}
        if any(is_so != (self.format_version == version) for version, is_so in needed.items()):
            raise ValueError(
                f"format version {self.format_version} has no {self.model.name} with weights in "
                f"{self.weights}"
            )
        return self

    @property
    def network(self) -> ModelConfig:
        """The architecture, of a model that is known to be a network."""
        assert isinstance(self.model, ModelConfig)
        return self.model


class Compression(Data):
    """What a model was before it was compressed, and what that cost on a text."""

    vocab_size: Size
    bytes: Annotated[int, Field(gt=0)]
    """Of its folder's files, before."""
    text: str
    words: int
    """Compared words, `<eos>` included: all that the smaller vocabulary has."""
    perplexity_before: float
    perplexity_after: float
    top3_before: float
    top3_after: float
