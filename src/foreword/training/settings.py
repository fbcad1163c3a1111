"""Everything that can be set about training, as one tree of data. Knows nothing of how it is used.

The command line, `foreword.train` and recipes set these leaves by the same names; a checkpoint
holds their dump.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from foreword.errors import SettingsError
from foreword.folder.architecture import (
    CLIPPED,
    LARGEST_CLIP,
    LARGEST_SIZE,
    MOST_CLUSTERS,
    MOST_ROUNDS,
)
from foreword.folder.config import AnyModelName, Data, Size
from foreword.text.case import checked_language
from foreword.text.choice import ReadingOptions
from foreword.text.newlines import Lines

Share = Annotated[float, Field(ge=0.0, lt=1.0)]
StartShare = Annotated[float, Field(gt=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=1)]

ENDS = ("minutes", "epochs", "steps")
"""Leaves that end a run. Who gives one of them replaces all that stand by default."""


PRIVATE = ("speaker",)
"""Leaves that are kept for resuming, and in no file that is given away."""


class TextSettings(Data):
    """From text to ids."""

    pretokenised: bool = False
    """Words are separated by spaces, `<unk>` is present, and every line counts one `<eos>`."""
    case: Literal["keep", "fold"] = "keep"
    language: Annotated[str, AfterValidator(checked_language)] | None = None
    """Its code (BCP 47), such as tr or pt-BR, by which upper and lower case go. Default: found out
    from the text, where a language has rules of its own."""
    vocab_size: Annotated[int, Field(ge=3)] | None = None
    """At most so many words, the commonest, `<unk>` and `<eos>` included. Default: all of a
    pretokenised text's, 20,000 of any other's."""
    min_count: Count | None = None
    """Only words seen so often. Default: 1 for pretokenised text, 2 for other text."""
    encoding: str = "utf-8"
    """Of texts that are not Unicode."""
    read_as: str | None = None
    """The form of all texts, such as whatsapp or csv; text reads them as they stand. Default: each
    one's own, by its content."""
    speaker: str | None = None
    """Only what this person says, of chats and mail."""
    column: str | None = None
    """Of tables and JSON: the column that holds the text."""
    lines: Lines | None = None
    """What a line is: a "sentence" (or a message), a "paragraph", or "wrapped": a part of a
    paragraph that was cut at a width. Default: found out from the lengths of lines."""
    mend: bool = False
    """Decode anew letters that were decoded wrongly before the text was saved (`donâ€™t`)."""

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


class ModelSettings(Data):
    """The architecture; None leaves a size to the size of the text."""

    model: AnyModelName = "lstm"
    embedding_size: Size | None = None
    hidden_size: Size | None = None
    num_layers: Annotated[int, Field(ge=1, le=64)] = 1
    context_words: Annotated[int, Field(ge=1, le=1024)] = 5
    """Words that `mlp-window` sees; others see one at a time."""
    nonlinearity: Literal["tanh", "relu"] = "tanh"
    reset_after: bool = True
    tied: bool = True
    skip: bool = False
    """The output layer sees the sum of all layers' outputs (Melis et al. 2018)."""
    softmaxes: Annotated[int, Field(ge=1, le=64)] = 1
    """How many are mixed to a prediction (Yang et al. 2018)."""
    mogrifier_rounds: Annotated[int, Field(ge=0, le=MOST_ROUNDS)] = 0
    """Of `lstm`: how often x and h modulate each other before a step (Melis et al. 2020)."""
    mogrifier_rank: Annotated[int, Field(ge=0, le=LARGEST_SIZE)] = 0
    """Of the matrices that do it; 0 for whole ones."""
    adaptive_clusters: Annotated[int, Field(ge=0, le=MOST_CLUSTERS)] = 0
    """The rarer words are in so many clusters (adaptive softmax, Grave et al. 2017); 0: in none."""
    adaptive_head: Count = 4096
    """The commonest words, which are in none."""
    cell_clip: Annotated[float, Field(ge=0.0, le=LARGEST_CLIP)] | None = None
    """Of LSTMs: the largest |c| (Sak et al. 2014); 0: any. Default: 5 where gates look at c."""
    ngram_order: Annotated[int, Field(ge=1, le=16)] = 5
    """n of `ngram`, which sees the n - 1 last words."""
    ngram_min_count: Count = 1
    """N-grams of three words and more that were seen less often are left out."""

    @model_validator(mode="after")
    def _options_suit(self) -> Self:
        if self.skip and (self.num_layers < 2 or self.model.startswith("mlp")):
            raise ValueError(
                "skip sums the outputs of several recurrent layers: set num_layers to 2 or more, "
                "and choose a recurrent model"
            )
        if self.mogrifier_rounds and self.model != "lstm":
            raise ValueError(f"mogrifier_rounds are for the model lstm, not {self.model}")
        if self.mogrifier_rank and not self.mogrifier_rounds:
            raise ValueError("mogrifier_rank has no meaning without mogrifier_rounds: set both")
        if self.cell_clip and (self.model not in CLIPPED or self.mogrifier_rounds):
            raise ValueError(
                f"cell_clip is for {', '.join(CLIPPED)}, without mogrifier_rounds, not {self.model}"
            )
        if self.adaptive_clusters and self.tied:
            raise ValueError(
                "adaptive_clusters have output weights of their own: set tied to false (--untied)"
            )
        if self.adaptive_clusters and self.softmaxes > 1:
            raise ValueError("adaptive_clusters and several softmaxes cannot be had together")
        return self


class DropoutSettings(Data):
    """What training drops; None leaves a rate to the size of the text."""

    dropout: Share | None = None
    """Sets the input, hidden and output rates that are not given themselves."""
    dropout_input: Share | None = None
    dropout_hidden: Share | None = None
    dropout_output: Share | None = None
    dropout_contexts: Share = 0.0
    """Of the contexts of a mixture of softmaxes, locked."""
    dropout_projected: Share = 0.0
    """On what a projection makes of the outputs for the output layer, where there is one."""
    dropout_embedding: Share = 0.0
    dropout_recurrent: Share = 0.0


class PenaltySettings(Data):
    """What is added to the mean loss, by the last layer's outputs (Merity et al. 2017)."""

    activation_penalty: NotNegative = 0.0
    """Times the mean square of the outputs that dropout leaves: keeps them small."""
    temporal_penalty: NotNegative = 0.0
    """Times the mean square of their difference from one step to the next: keeps them slow."""


class SoftmaxSettings(Data):
    """The output layer over a large vocabulary, where it is most of the work."""

    softmax_sample: Annotated[int, Field(ge=0)] = 0
    """So many of the rarer words, drawn anew for each window, stand for all of them in the training
    loss; 0 scores every word. Not on GPUs, where it would gain nothing."""
    softmax_head: Count = 4096
    """The commonest words, which are always scored."""
    softmax_until: Share = 0.8
    """Share of the run after which every word is scored."""
    softmax_start: Literal["frequencies", "equal"] = "frequencies"
    """How likely words are to a network that has learned nothing yet: as often as they are in the
    training text, or all the same."""


class BpttSettings(Data):
    """Backpropagation through time: how text is cut into windows."""

    bptt: Literal["truncated", "sentence"] = "truncated"
    """Truncated: contiguous streams, the hidden state carried from window to window and detached.
    Sentence: each line from a zero state, backpropagated in full."""
    batch_size: Count = 32
    """Streams that are read side by side; for sentences, about so many windows' worth of words."""
    window: Count = 35
    """Time steps that gradients flow back; for sentences, the longest line that is not cut."""
    jitter: bool = True
    """Window lengths vary around `window` (Merity et al. 2018), so that cuts fall elsewhere."""
    rotate: bool = False
    """Each pass begins each stream at another of its words, by lot (Press 2019), so that other
    words stand side by side."""
    batch_ramp: Share = 0.0
    """Share of the run in which the batch grows in a line (Smith et al. 2018); 0: it is whole from
    the start. The streams, or a batch's lines, stay what they are, and take turns: in two parts,
    say, half of them take a step of the optimiser, then the other half."""
    batch_start: StartShare = 0.25
    """Of the batch, at most so much is read at once at the start of its ramp."""
    window_ramp: Share = 0.0
    """Share of the run in which the window grows in a line; 0: it is whole from the start."""
    window_start: StartShare = 0.25
    """Of the window, what it is at the start of its ramp."""

    @model_validator(mode="after")
    def _window_may_grow(self) -> Self:
        if self.window_ramp and self.bptt == "sentence":
            raise ValueError(
                "window_ramp is for bptt truncated: sentences are read whole. Leave it out; "
                "batch_ramp is for both"
            )
        return self


class RateSettings(Data):
    """The optimiser (AdamW) and its learning rate over the run."""

    learning_rate: Positive | None = None
    """Its peak. None leaves it to the architecture."""
    weight_decay: NotNegative = 0.01
    beta1: Share = 0.9
    """How much of the mean gradient stays at each step."""
    beta2: Share = 0.999
    """How much of the mean squared gradient stays at each step."""
    warmup: Share = 0.02
    """Share of the run in which the rate rises from 0."""
    flat: Share = 0.3
    """Share of the run after which the rate falls, by a cosine. One cycle (Smith 2018) is a long
    warm-up with no flat part: `flat` equals `warmup`."""
    final_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.01
    """What the rate falls to, as a share of its peak: 1 keeps it."""
    average: Share = 0.0
    """What is validated and kept is a mean of the weights over about this share of the run so far
    (polynomial-decay averaging, Shamir & Zhang 2013); 0 keeps the newest weights."""
    clip: Positive = 1.0
    """Largest norm of the gradient of the loss averaged over a window's words."""


class Budget(Data):
    """When training ends: at whichever comes first. The learning rate's schedule ends there too."""

    minutes: Positive | None = None
    """From the start of the command, evaluation at the end excluded."""
    epochs: Positive | None = None
    steps: Count | None = None
    patience: Count | None = None
    """Stop after so many validations without improvement."""


class RunSettings(Data):
    """How the run is kept: seeds, threads, how often it is validated and saved."""

    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 1
    threads: Count | None = None
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of matrix products in training; weights, states, gates and sums are float32 all the same.
    Auto: bfloat16 where the processor has it."""
    device: str = "cpu"
    validations: Count = 10
    """Validations over the whole run."""
    save_seconds: Positive = 60.0


class TrainingSettings(Data):
    """The whole tree."""

    text: TextSettings = TextSettings()
    model: ModelSettings = ModelSettings()
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
                "one of them out"
            )
        return self

    @classmethod
    def default(cls) -> Self:
        """Ten minutes or forty passes over the text, whichever ends first."""
        return cls(budget=Budget(minutes=10.0, epochs=40.0))

    def leaves(self) -> dict[str, Any]:
        """All settings by name, without their groups; None where one was left open."""
        return {
            name: value for group in self.model_dump().values() for name, value in group.items()
        }

    def public_leaves(self) -> dict[str, Any]:
        """The same for whoever gets the model, to whom it is no business who wrote the text."""
        return self.leaves() | dict.fromkeys(PRIVATE)

    @classmethod
    def checked(cls, tree: Mapping[str, Any]) -> Self:
        """The tree from plain data.

        Raises:
            SettingsError: names each setting that is wrong, its value and what it may be.
        """
        try:
            return cls.model_validate(dict(tree))
        except ValidationError as error:
            faults = [_told(fault) for fault in error.errors()]
            raise SettingsError("; ".join(faults)) from error


def _told(fault: Mapping[str, Any]) -> str:
    """What is wrong with one setting; or, without all the others, with some of them together."""
    if fault["type"] == "value_error":  # our own, of a whole group
        return str(fault["msg"]).removeprefix("Value error, ")
    return f"{fault['loc'][-1] if fault['loc'] else 'settings'} = {fault['input']}: {fault['msg']}"


def settings_from(
    leaves: Mapping[str, Any], base: TrainingSettings | None = None
) -> TrainingSettings:
    """The tree of settings with some leaves set by name; None leaves one as it is.

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
        if not groups:
            known = ", ".join(sorted(leaf for group in tree.values() for leaf in group))
            raise SettingsError(f"there is no setting {name!r}. The settings are: {known}")
        groups[0][name] = value
    return TrainingSettings.checked(tree)
