"""All settings of training, as one tree of data. Does not know how they are used.

The command line, `foreword.train` and recipes set these leaves by the same names; a checkpoint
holds their dump. The help texts, `foreword settings` and its page are made from the tree.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    model_validator,
)

from foreword.cells import registry
from foreword.cells.lstm import LARGEST_CLIP
from foreword.cells.mogrifier import MOST_ROUNDS
from foreword.errors import SettingsError, did_you_mean
from foreword.folder.architecture import LARGEST_SIZE, MOST_CLUSTERS
from foreword.folder.config import AnyModelName, Data, LanguageTag, Size
from foreword.folder.translation import MOST_HEADS, MOST_LAYERS, Attention
from foreword.text.case import checked_language
from foreword.text.choice import ReadingOptions
from foreword.text.newlines import Lines
from foreword.text.subwords import SMALLEST

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
StartShare = Annotated[float, Field(gt=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=1)]
Leaf = bool | int | float | str
"""The value of a setting."""

CELL_OPTIONS = "cell_options"
"""The field for options of cells that are not fields of `ModelSettings`. Each is a setting with its
own name; the field itself is not a setting.
"""
ENDS = ("minutes", "epochs", "steps")
"""Leaves that end a run. Setting one of them replaces all default limits."""


PRIVATE = ("speaker",)
"""Leaves that are kept for resuming, and not written to files that are given away."""


class Settings(Data):
    """A group of settings. A field's description is its text in every list and help text."""


class TextSettings(Settings):
    """From text to ids."""

    pretokenised: bool = Field(
        False,
        description=(
            "Read text in the form of Penn Treebank and WikiText: words between spaces, `<unk>` "
            "present, one `<eos>` per line."
        ),
    )
    case: Literal["keep", "fold"] = Field(
        "keep", description="Keep upper case, or fold it to lower case."
    )
    language: Annotated[str, AfterValidator(checked_language)] | None = Field(
        None,
        description=(
            "Language of the text as a code such as tr or pt-BR (BCP 47), which decides on upper "
            "and lower case. Default: detected from its letters."
        ),
    )
    vocab_size: Annotated[int, Field(ge=3)] | None = Field(
        None,
        description=(
            "Largest number of words in the vocabulary, most frequent first, `<unk>` and `<eos>` "
            "included. Default: 20,000; all words of pretokenised text."
        ),
    )
    min_count: Count | None = Field(
        None,
        description="Drop words that occur less often. Default: 2; 1 for pretokenised text.",
    )
    encoding: str = Field("utf-8", description="Encoding of text that is not Unicode.")
    read_as: str | None = Field(
        None,
        description=(
            "Format of the text (`--as` on the command line): whatsapp, telegram, mbox, csv, html "
            "and so on, or text for plain text. Default: detected from its content."
        ),
    )
    speaker: str | None = Field(
        None,
        description="Read only this person's messages of chats and mail. Default: everybody's.",
    )
    column: str | None = Field(
        None,
        description=(
            "Column of a table, or of JSON, that holds the text. Default: chosen by its name, or "
            "the one with the most words."
        ),
    )
    lines: Lines | None = Field(
        None,
        description=(
            "What a line is: a sentence or message, a paragraph, or a part of one that was "
            "wrapped at a width. Default: detected from the lengths of the lines."
        ),
    )
    mend: bool = Field(
        False,
        description=(
            "Repair letters that were decoded wrongly before the text was saved, such as `donâ€™t`."
        ),
    )

    @property
    def reading(self) -> ReadingOptions:
        """How the texts are read."""
        return {
            "encoding": self.encoding,
            "read_as": self.read_as,
            "speaker": self.speaker,
            "column": self.column,
            "lines": self.lines,
            "mend": self.mend,
        }

    @model_validator(mode="after")
    def _lines_suit(self) -> Self:
        if self.pretokenised and self.lines not in (None, "sentence"):
            raise ValueError(
                "each line of pretokenised text counts one <eos>: lines must be sentence, not "
                f"{self.lines}"
            )
        return self


class ModelSettings(Settings):
    """The architecture; None leaves a size to the size of the text."""

    model: AnyModelName = Field("lstm", description="Architecture.")
    embedding_size: Size | None = Field(
        None, description="Dimension of the word embeddings. Default: by the length of the text."
    )
    embedding_start: Literal["cooccurrences", "random"] = Field(
        "cooccurrences",
        description=(
            "Next-word models: word embeddings before the first step. cooccurrences: by the words "
            "that stand beside each word in the text, so that words used alike begin alike; random."
        ),
    )
    share_parts: bool | None = Field(
        None,
        description=(
            "Next-word models, trained on a processor: words share vectors of their runs of "
            "letters, so that rare words learn from others. Default: if the text is read twice or "
            "more often, or dropout is set and so the number of passes is not known."
        ),
    )
    hidden_size: Size | None = Field(
        None, description="Units in each layer. Default: by the length of the text."
    )
    num_layers: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="Number of recurrent or MLP layers."
    )
    context_words: Annotated[int, Field(ge=1, le=1024)] = Field(
        5, description="Number of previous words that `mlp-window` reads."
    )
    nonlinearity: Literal["tanh", "relu"] = Field(
        "tanh", description="Activation function of `rnn` and the MLPs."
    )
    reset_after: bool = Field(
        True,
        description=(
            "GRU: apply the reset gate after the matrix product, as torch does; false: before it, "
            "as in the original paper (Cho et al. 2014)."
        ),
    )
    tied: bool = Field(
        True, description="Use the embedding matrix as output weights too; false: separate ones."
    )
    skip: bool = Field(
        False,
        description=(
            "Recurrent networks of two layers or more: feed the output layer the sum of all "
            "layers' outputs (Melis et al. 2018); false: the last layer's."
        ),
    )
    softmaxes: Annotated[int, Field(ge=1, le=64)] = Field(
        1,
        description=(
            "Number of softmaxes in a mixture (Yang et al. 2018). Each adds embedding_size x "
            "hidden_size weights and as much work over the vocabulary as the first."
        ),
    )
    mogrifier_rounds: Annotated[int, Field(ge=0, le=MOST_ROUNDS)] = Field(
        0,
        description=(
            "`lstm`: number of rounds in which x and h gate each other before a step (Melis et "
            "al. 2020)."
        ),
    )
    mogrifier_rank: Annotated[int, Field(ge=0, le=LARGEST_SIZE)] = Field(
        0, description="Rank of the Mogrifier matrices; 0 means full rank."
    )
    adaptive_clusters: Annotated[int, Field(ge=0, le=MOST_CLUSTERS)] = Field(
        0,
        description=(
            "Number of clusters of rare words in an adaptive softmax (Grave et al. 2017); 0 means "
            "a full softmax. Needs tied=false, and neither softmaxes nor softmax_sample."
        ),
    )
    adaptive_head: Count = Field(
        4096, description="Number of frequent words outside of the clusters."
    )
    cell_clip: Annotated[float, Field(ge=0.0, le=LARGEST_CLIP)] | None = Field(
        None,
        description=(
            "LSTMs: bound on |c| (Sak et al. 2014); 0 means none. Default: 5 for peephole cells, "
            "otherwise 0."
        ),
    )
    cell_options: Mapping[str, Leaf] = Field(default_factory=dict)
    ngram_order: Annotated[int, Field(ge=1, le=16)] = Field(
        5, description="`ngram`: number of words in the longest n-grams."
    )
    ngram_min_count: Count = Field(
        1, description="`ngram`: drop n-grams of three or more words seen less often than this."
    )

    @model_validator(mode="after")
    def _options_suit(self) -> Self:
        if self.skip and (self.num_layers < 2 or self.model.startswith("mlp")):
            raise ValueError(
                "skip sums the outputs of several recurrent layers: set num_layers to 2 or more, "
                "and choose a recurrent model"
            )
        registry.check_settings(self.model, self.cell_settings)
        if self.adaptive_clusters and self.tied:
            raise ValueError(
                "adaptive_clusters have output weights of their own: set tied to false"
            )
        if self.adaptive_clusters and self.softmaxes > 1:
            raise ValueError("adaptive_clusters and several softmaxes cannot be had together")
        return self

    @property
    def cell_settings(self) -> dict[str, Any]:
        """The options of all cells by their settings' names; `usual` unless they were chosen."""
        known = {
            key: registry.usual(self.model, key) if value is None else value
            for key, value in registry.settings_in(self).items()
        }
        if self.mogrifier_rounds and self.cell_clip is None:
            known["cell_clip"] = 0.0
        return {**known, **self.cell_options}


class TranslationSettings(Settings):
    """Translation models, trained by `--pairs`. The cell and the sizes are those of the model."""

    source_language: LanguageTag | None = Field(
        None, description="Code of the language to translate from, such as de."
    )
    target_language: LanguageTag | None = Field(
        None, description="Code of the language to translate into, such as en."
    )
    subwords: Annotated[int, Field(ge=SMALLEST)] | None = Field(
        None,
        description=(
            "Number of sub-words that both languages share. Default: by the length of the text."
        ),
    )
    subword_dropout: Share = Field(
        0.05,
        description=(
            "Probability that two sub-words are not merged in training, drawn anew in every pass "
            "(Provilkov et al. 2020)."
        ),
    )
    placeholder_share: Share = Field(
        0.05,
        description=(
            "Share of the pairs that are trained on a second time with slots in the place of names "
            "or numbers, so that placeholders are copied when they are translated."
        ),
    )
    longest_pair: Count = Field(
        100, description="Leave out pairs with more words than this on either side."
    )
    check_languages: bool = Field(
        False,
        description=(
            "Leave out pairs with a side in another language, as py3langid tells it "
            "(foreword[translate])."
        ),
    )
    encoder_layers: Annotated[int, Field(ge=1, le=MOST_LAYERS)] = Field(
        1, description="Number of recurrent layers of the encoder."
    )
    decoder_layers: Annotated[int, Field(ge=1, le=MOST_LAYERS)] = Field(
        2, description="Number of recurrent layers of the decoder."
    )
    bidirectional: bool = Field(
        True,
        description=(
            "Let each encoder layer read the sentence in both directions, with half of the units "
            "each; false: in one."
        ),
    )
    reverse_source: bool = Field(
        False,
        description="Read the sentence from its end to its beginning (Sutskever et al. 2014).",
    )
    attention: Attention = Field(
        "multiplicative",
        description=(
            "How the decoder looks at the sentence: none (Sutskever et al. 2014), additive "
            "(Bahdanau et al. 2015) or multiplicative (Luong et al. 2015)."
        ),
    )
    heads: Annotated[int, Field(ge=1, le=MOST_HEADS)] = Field(
        1, description="Number of attentions side by side, each on a part of the units."
    )
    input_feeding: bool = Field(
        False,
        description=(
            "Let the decoder read its last attentional vector (Luong et al. 2015); training then "
            "goes step by step and is slower."
        ),
    )
    new_share: StartShare = Field(
        0.2,
        description=(
            "With --continue: share of the new pairs among those of a pass; the others are drawn "
            "from the old ones, at most half of these."
        ),
    )
    label_smoothing: Share = Field(
        0.1,
        description=(
            "Share of the probability that training asks for all sub-words alike (Szegedy et al. "
            "2016)."
        ),
    )


class DropoutSettings(Settings):
    """Dropout during training; None lets the size of the text decide."""

    dropout: Share | None = Field(
        None,
        description=(
            "Probability of input, hidden and output dropout, which is locked: one mask for all "
            "time steps. Default: by the length of the text and the number of passes."
        ),
    )
    dropout_input: Share | None = Field(
        None, description="Probability of dropout on the embedded words. Default: dropout."
    )
    dropout_hidden: Share | None = Field(
        None, description="Probability of dropout between layers. Default: dropout."
    )
    dropout_output: Share | None = Field(
        None, description="Probability of dropout on the last layer's outputs. Default: dropout."
    )
    dropout_contexts: Share = Field(
        0.0, description="Probability of locked dropout on the contexts of a mixture of softmaxes."
    )
    dropout_projected: Share = Field(
        0.0,
        description=(
            "Probability of locked dropout after the projection of a tied model whose embedding "
            "and hidden sizes differ."
        ),
    )
    dropout_embedding: Share = Field(
        0.0, description="Probability of dropping a word from the embedding matrix."
    )
    dropout_recurrent: Share = Field(
        0.0, description="Probability of DropConnect on the recurrent weights."
    )


class PenaltySettings(Settings):
    """Penalties on the last layer's outputs (Merity et al. 2017), and a margin of the targets."""

    activation_penalty: NotNegative = Field(
        0.0,
        description="Factor of the mean square of the outputs after dropout, added to the loss.",
    )
    temporal_penalty: NotNegative = Field(
        0.0,
        description="Factor of the mean square change of the outputs per step, added to the loss.",
    )
    adversarial_margin: NotNegative | None = Field(
        None,
        description=(
            "Next-word models, trained on a processor: each word must be predicted under the worst "
            "change to its output vector of this length, relative to the vector's (adversarial "
            "training, Wang et al. 2019). It is that at the end of the run, and rises from 0. "
            "Default: 0.04 if the text is read twice or more often; 0 if not, or if dropout is set "
            "and so the number of passes is not known. None for mixtures of softmaxes and clusters."
        ),
    )


class SoftmaxSettings(Settings):
    """The output layer over a large vocabulary, where it is most of the work."""

    softmax_sample: Annotated[int, Field(ge=0)] = Field(
        0,
        description=(
            "Number of rare words sampled for each window's training loss; 0 scores all words. "
            "Not for GPUs, where it would gain nothing."
        ),
    )
    softmax_head: Count = Field(
        4096, description="Number of frequent words that are always scored."
    )
    softmax_until: Share = Field(
        0.8, description="Share of the run after which all words are scored."
    )
    softmax_start: Literal["frequencies", "equal"] = Field(
        "frequencies",
        description="Word probabilities before the first step: those in the text, or equal.",
    )


class BpttSettings(Settings):
    """Backpropagation through time: how text is divided into windows."""

    bptt: Literal["truncated", "sentence"] = Field(
        "truncated",
        description=(
            "truncated: backpropagate over windows of contiguous streams, with the hidden state "
            "carried from window to window and detached; sentence: over each whole line, from a "
            "zero state."
        ),
    )
    batch_size: Count = Field(
        32,
        description=(
            "Number of parallel streams; a batch of sentences has about batch_size x window words."
        ),
    )
    window: Count = Field(
        35,
        description=(
            "Number of time steps through which gradients flow back; for sentences, the longest "
            "line that is not cut."
        ),
    )
    jitter: bool = Field(
        True,
        description=(
            "Vary the length of the window around its mean (Merity et al. 2018), so that the cuts "
            "differ."
        ),
    )
    rotate: bool = Field(
        False,
        description="Start each stream at a random one of its words in each pass (Press 2019).",
    )
    batch_ramp: Share = Field(
        0.0,
        description=(
            "Share of the run in which the batch grows linearly (Smith et al. 2018); 0 means "
            "none. The streams stay the same, and take turns while the batch is smaller."
        ),
    )
    batch_start: StartShare = Field(0.25, description="Share of the batch from which it grows.")
    window_ramp: Share = Field(
        0.0,
        description=(
            "Share of the run in which the window grows linearly; 0 means none. Not for sentences."
        ),
    )
    window_start: StartShare = Field(0.25, description="Share of the window from which it grows.")

    @model_validator(mode="after")
    def _window_may_grow(self) -> Self:
        if self.window_ramp and self.bptt == "sentence":
            raise ValueError(
                "window_ramp is for bptt truncated: sentences are read whole. Leave it out; "
                "batch_ramp is for both"
            )
        return self


class RateSettings(Settings):
    """The optimiser and its learning rate over the run."""

    optimiser: Literal["adamw", "muon"] = Field(
        "adamw",
        description=(
            "AdamW for all parameters; or Muon (Jordan et al. 2024) for the matrices between "
            "embedding and output layer, and AdamW for all others."
        ),
    )
    muon_split: bool = Field(
        True,
        description=(
            "Let Muon orthogonalise the matrix of each gate by itself, not all gates of a layer "
            "together."
        ),
    )
    muon_rate: Positive = Field(
        1.0, description="Learning rate of Muon's matrices, as a multiple of the others'."
    )
    learning_rate: Positive | None = Field(
        None,
        description=(
            "Peak learning rate. Default: by the architecture; 0.001 for rnn, 0.004 for mlp-last, "
            "0.006 for the others."
        ),
    )
    weight_decay: NotNegative = Field(0.01, description="Weight decay, applied to matrices.")
    beta1: Share = Field(0.9, description="AdamW's decay of the mean gradient.")
    beta2: Share = Field(0.999, description="AdamW's decay of the mean squared gradient.")
    warmup: Share = Field(
        0.02, description="Share of the run in which the learning rate rises linearly from 0."
    )
    flat: Share = Field(
        0.3,
        description=(
            "Share of the run after which the learning rate falls, as a cosine. With flat equal "
            "to warmup the rate makes one cycle (Smith 2018)."
        ),
    )
    final_share: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.01, description="Share of its peak to which the learning rate falls; 1 keeps it."
    )
    average: Share = Field(
        0.0,
        description=(
            "Validate and keep an average of the weights over about this share of the run (Shamir "
            "& Zhang 2013); 0 keeps the last ones."
        ),
    )
    clip: Positive = Field(
        1.0, description="Largest norm of the gradient of the loss averaged over a window's words."
    )


class Budget(Settings):
    """When training ends: at whichever comes first. The learning rate's schedule ends there too."""

    minutes: Positive | None = Field(
        None,
        description=(
            "Train for this many minutes from the start of the command; the evaluation at the end "
            "is not counted. Default: 10 minutes or 40 epochs, whichever ends first."
        ),
    )
    epochs: Positive | None = Field(None, description="Train for this many passes over the text.")
    steps: Count | None = Field(None, description="Train for this many optimiser steps.")
    patience: Count | None = Field(
        None, description="Stop after this many validations without improvement. Default: never."
    )


class RunSettings(Settings):
    """The run: seeds, threads, how often it is validated and saved."""

    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = Field(
        1, description="Seed of weights, dropout and windows."
    )
    threads: Count | None = Field(
        None, description="Number of processor threads. Default: chosen by timing."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description=(
            "Precision of matrix products in training; auto is bfloat16 where the processor has "
            "it. Weights, states, gates and sums are float32 all the same."
        ),
    )
    compress_gradients: Literal["none", "float16", "bfloat16"] = Field(
        "none",
        description=(
            "Number format to which several processes compress the gradients that they average. "
            "Both formats halve what is sent, for slow networks."
        ),
    )
    device: str = Field("cpu", description="Device to train on: cpu, cuda, cuda:1 and so on.")
    validations: Count = Field(
        10,
        description=(
            "Number of validations over the whole run; fewer if it ends by minutes and they would "
            "take more than about a fifth of them."
        ),
    )
    save_seconds: Positive = Field(60.0, description="Seconds between checkpoints.")


class TrainingSettings(Data):
    """The whole tree."""

    text: TextSettings = TextSettings()
    model: ModelSettings = ModelSettings()
    translation: TranslationSettings = TranslationSettings()
    dropout: DropoutSettings = DropoutSettings()
    penalty: PenaltySettings = PenaltySettings()
    softmax: SoftmaxSettings = SoftmaxSettings()
    bptt: BpttSettings = BpttSettings()
    rate: RateSettings = RateSettings()
    budget: Budget = Budget()
    run: RunSettings = RunSettings()

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        budget = self.budget
        if budget.minutes is None and budget.epochs is None and budget.steps is None:
            raise ValueError("training needs an end: minutes, epochs or steps")
        if self.model.adaptive_clusters and self.softmax.softmax_sample:
            raise ValueError(
                "softmax_sample and adaptive_clusters are two answers to a large vocabulary: leave "
                "one of them out, or set it to 0 if a recipe sets it"
            )
        return self

    @classmethod
    def default(cls) -> Self:
        """Ten minutes or forty passes over the text, whichever ends first."""
        return cls(budget=Budget(minutes=10.0, epochs=40.0))

    def groups(self) -> tuple[Settings, ...]:
        """The groups of settings, in their order."""
        return tuple(getattr(self, name) for name in type(self).model_fields)

    def leaves(self) -> dict[str, Any]:
        """All settings by name, without their groups; None where one was left open."""
        flat: dict[str, Any] = {
            name: value for group in self.model_dump().values() for name, value in group.items()
        }
        options = flat.pop(CELL_OPTIONS)
        return {**flat, **options}

    def public_leaves(self) -> dict[str, Any]:
        """The same for people who get the model, without the name of the text's author."""
        return self.leaves() | dict.fromkeys(PRIVATE)

    @classmethod
    def checked(cls, tree: Mapping[str, Any]) -> Self:
        """The tree from plain data.

        Raises:
            SettingsError: names each wrong setting, its value and the allowed values.
        """
        try:
            return cls.model_validate(dict(tree))
        except ValidationError as error:
            faults = [fault_told(fault) for fault in error.errors()]
            raise SettingsError("; ".join(faults)) from error


def unknown_setting(name: str) -> SettingsError:
    """Return the error for a name that no setting has, with the nearest one that exists."""
    near = did_you_mean(name, TrainingSettings.default().leaves())
    return SettingsError(
        f"there is no setting {name!r}.{near} `foreword settings` lists all of them."
    )


def fault_told(fault: Mapping[str, Any]) -> str:
    """The faults of a single setting; or, without the other parts, of several together."""
    if fault["type"] == "value_error":  # our own error, about a whole group
        return str(fault["msg"]).removeprefix("Value error, ")
    return f"{fault['loc'][-1] if fault['loc'] else 'settings'} = {fault['input']}: {fault['msg']}"


def settings_from(
    leaves: Mapping[str, Any], base: TrainingSettings | None = None
) -> TrainingSettings:
    """The tree of settings with some leaves set by name; None does not change one.

    >>> settings_from({"model": "gru", "minutes": 5}).model.model
    'gru'
    """
    tree = (base or TrainingSettings.default()).model_dump()
    if base is None and any(leaves.get(name) is not None for name in ENDS):
        tree["budget"] |= dict.fromkeys(ENDS)
    for name, value in leaves.items():
        if value is None:
            continue
        groups = [group for group in tree.values() if name in group]
        if not groups and name in registry.SETTINGS:
            tree["model"][CELL_OPTIONS] = {**tree["model"][CELL_OPTIONS], name: value}
            continue
        if not groups:
            raise unknown_setting(name)
        groups[0][name] = value
    return TrainingSettings.checked(tree)
