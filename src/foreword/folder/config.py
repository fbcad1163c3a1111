"""The content of `config.json` as typed data. Knows nothing about torch, files or training."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from foreword.folder.architecture import (
    LARGEST_SIZE,
    AnyModelName,
    FormatVersion,
    ModelConfig,
    ModelName,
    NgramConfig,
    format_version,
)
from foreword.folder.calibration import Calibration
from foreword.folder.translation import TranslationConfig
from foreword.text.pairs.languages import LONGEST_TAG
from foreword.text.tokenizer import TokenizerConfig

__all__ = [
    "AnyModelName",
    "CanaryRecord",
    "Compression",
    "Data",
    "Evaluation",
    "FederatedRecord",
    "FolderConfig",
    "ModelConfig",
    "ModelName",
    "NgramConfig",
    "PrivacyRecord",
    "Size",
    "TrainingRecord",
    "TranslationCompression",
    "TranslationEvaluation",
    "TranslationFolderConfig",
]

Size = Annotated[int, Field(gt=0, le=LARGEST_SIZE)]


class Data(BaseModel):
    """Frozen data that refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TrainingRecord(Data):
    """How the model was trained, for `foreword info` and the model card."""

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
    """False if training was interrupted and can be resumed."""
    processes: int = 1
    """How many processes trained it together."""
    federated: "FederatedRecord | None" = None
    """How many people's texts trained it separately; None if one text was read."""


class FederatedRecord(Data):
    """How a model was trained by rounds, in each of which some people learned on their own text."""

    base: str
    """The name of the model that training began from."""
    simulated: bool = True
    """Whether all people's text was on one machine, and not on devices of their own. Then `words`
    of the training record are those of all text; otherwise those that were read in all rounds."""
    people: int
    rounds: int
    """Rounds of the whole run, even if it was interrupted."""
    clients: int
    """People in a round."""
    separation: int
    """A person took part at most once in this many consecutive rounds."""
    person_words: int
    """The most words of a person that were read in a round."""
    clip: float
    """The largest L2 norm of a person's change of the weights in a round."""
    server: Literal["fedavg", "fedadam"]
    received: int
    """Changes that were used."""
    dropped: int
    """Changes that were not, such as those with NaN."""
    privacy: "PrivacyRecord | None" = None
    """None without noise, when there is no differential privacy."""
    canaries: "CanaryRecord | None" = None
    """None if no sentences were planted."""


class PrivacyRecord(Data):
    """Differential privacy of a person: it covers all of their text."""

    epsilon: float
    delta: float
    noise: float
    """The standard deviation of the noise in a node of the tree, in units of `clip`."""
    participations: int
    """The largest number of rounds in which a person took part."""
    sensitivity: float
    """The largest L2 norm of a person's contribution to all nodes, in units of `clip`."""
    seed_is_known: bool
    """Whether the seed of the noise was set: somebody who knows it can remove the noise."""


class CanaryRecord(Data):
    """Random sentences in some people's text, and whether the model has learned them."""

    words: int
    """Words of each sentence, which were drawn uniformly from the vocabulary."""
    sentences: int
    people: int
    """People whose text has each sentence."""
    repeats: int
    """How often the text of each of them has it."""
    took_part: int
    """The number of people with one of the sentences who took part in at least one round."""
    alternatives: int
    """Other sentences of the same kind that each was ranked among."""
    exposures: tuple[float, ...] = ()
    """log2((alternatives + 1) / rank) of each sentence, in bits; none until training ends."""


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
    """Fraction of the words that are not in the vocabulary, 0 to 1."""
    words_per_second: float
    reset: Literal["never", "sentence"] = "never"


class FolderConfig(Data):
    """All of `config.json` except the checksums."""

    format: Literal["foreword"] = "foreword"
    format_version: FormatVersion = 1
    """2: int8 weights. 3: an n-gram model. 4: a network with options unknown to older
    versions. 5: a tokeniser with such options."""
    weights: Literal["float32", "int8"] = "float32"
    model: Annotated[ModelConfig | NgramConfig, Field(discriminator="name")]
    tokenizer: TokenizerConfig
    training: TrainingRecord | None = None
    evaluation: Evaluation | None = None
    compression: "Compression | None" = None

    @model_validator(mode="after")
    def _version_says_what_is_stored(self) -> Self:
        if self.format_version != format_version(self.model, self.weights, self.tokenizer):
            options = self.model.options if isinstance(self.model, ModelConfig) else {}
            raise ValueError(
                f"format version {self.format_version} has no {self.model.name} with "
                + " and ".join([*options, *self.tokenizer.options, f"weights in {self.weights}"])
            )
        return self

    def with_tokenizer(self, tokenizer: TokenizerConfig) -> Self:
        """Return the same model with another configuration of its tokeniser."""
        version = format_version(self.model, self.weights, tokenizer)
        return self.model_copy(update={"tokenizer": tokenizer, "format_version": version})

    @property
    def network(self) -> ModelConfig:
        """The architecture of a model that is known to be a network."""
        assert isinstance(self.model, ModelConfig)
        return self.model


class ReliabilityBin(Data):
    """Words or sentences of about the same confidence."""

    count: int
    confidence: float
    """Their mean confidence."""
    right: float
    """The share of the words that the reference translations have."""


class Reliability(Data):
    """How often words of a translation model were right, by their confidence."""

    words: tuple[ReliabilityBin, ...]
    """From low to high confidence; empty bins are left out."""
    sentences: tuple[ReliabilityBin, ...]

    @property
    def word_error(self) -> float:
        """The expected calibration error of words; see `_error`."""
        return _error(self.words)

    @property
    def sentence_error(self) -> float:
        """The same of sentences."""
        return _error(self.sentences)


def _error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Return the mean distance of confidence and share of right words (Naeini et al. 2015)."""
    total = sum(group.count for group in bins)
    distances = (group.count * abs(group.confidence - group.right) for group in bins)
    return sum(distances) / max(1, total)


class LengthMeasure(Data):
    """How good a translation model is on sentences of some lengths."""

    words: str
    """The fewest and the most words of a source, as in 5-8."""
    pairs: int
    bleu: float
    gradient: float
    """The mean norm of the gradient of the last target word's loss, in nats, by the embedding of
    the first source word."""
    share: float
    """The mean share of that in the norms by all source words."""


class TranslationEvaluation(Data):
    """How good a translation model is on sentence pairs that it was not trained on."""

    text: str
    pairs: int
    subwords: int
    """Predicted sub-words of the reference translations, the end of each included."""
    perplexity: float
    """exp of the mean nats per sub-word; compare models with the same sub-words alone."""
    cross_entropy_nats: float
    top1: float
    """Fraction of the sub-words that were the likeliest, given the source and those before."""
    beams: int
    """Hypotheses of the search that made the translations which are measured; 1: greedy."""
    bleu: float | None = None
    """By sacreBLEU, 0 to 100; None without its extra, as the others."""
    chrf: float | None = None
    ter: float | None = None
    signatures: dict[str, str] = {}
    """sacreBLEU's, which say how each was computed."""
    words_per_second: float | None = None
    """Words of the sources, translated in a second."""
    reliability: Reliability | None = None
    by_length: tuple[LengthMeasure, ...] = ()


LanguageTag = Annotated[str, Field(max_length=LONGEST_TAG)]


class TranslationFolderConfig(Data):
    """All of a translation model's `config.json` except the checksums."""

    format: Literal["foreword"] = "foreword"
    format_version: Literal[6] = 6
    weights: Literal["float32", "int8"] = "float32"
    model: TranslationConfig
    source_language: LanguageTag = ""
    target_language: LanguageTag = ""
    training: TrainingRecord | None = None
    evaluation: TranslationEvaluation | None = None
    calibration: Calibration | None = None
    """None: confidences are the model's own probabilities."""
    shortlist: "ShortlistSizes | None" = None
    """None: translations may be made of any sub-words."""
    spellings: bool = False
    """Whether the weights have a `foreword.text.spellings.Spellings` beside them."""
    compression: "TranslationCompression | None" = None


class ShortlistSizes(Data):
    """The sizes of the arrays of a `foreword.text.shortlist.Shortlist`."""

    common: Annotated[int, Field(ge=0)]
    candidates: Annotated[int, Field(ge=0)]


class TranslationCompression(Data):
    """A translation model before its compression, and the cost of it, measured on pairs."""

    bytes: Annotated[int, Field(gt=0)]
    """Size of the folder's files before."""
    text: str
    subwords: int
    perplexity_before: float
    perplexity_after: float


class Compression(Data):
    """A model before its compression, and the cost of compressing it, measured on a text."""

    vocab_size: Size
    bytes: Annotated[int, Field(gt=0)]
    """Size of the folder's files before."""
    text: str
    words: int
    """Compared words, `<eos>` included: those in the smaller vocabulary."""
    perplexity_before: float
    perplexity_after: float
    top3_before: float
    top3_after: float
