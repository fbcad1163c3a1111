"""Settings by name, as the keywords of `foreword.train(**leaves)`. Has their types, no ranges.

Type checkers and editors read it; `foreword.training.settings` has the ranges and defaults, and a
test compares the two.
"""

from typing import Literal, TypedDict

from foreword.folder.config import AnyModelName
from foreword.folder.translation import Attention
from foreword.text.newlines import Lines


class TextLeaves(TypedDict, total=False):
    """The settings of a text; None does not change one."""

    pretokenised: bool | None
    case: Literal["keep", "fold"] | None
    language: str | None
    vocab_size: int | None
    min_count: int | None
    encoding: str | None
    read_as: str | None
    speaker: str | None
    column: str | None
    lines: Lines | None
    mend: bool | None


class LeavesWithoutEnd(TextLeaves, total=False):
    """All settings but those that end a run."""

    model: AnyModelName | None
    embedding_size: int | None
    embedding_start: Literal["cooccurrences", "random"] | None
    share_parts: bool | None
    hidden_size: int | None
    num_layers: int | None
    context_words: int | None
    nonlinearity: Literal["tanh", "relu"] | None
    reset_after: bool | None
    tied: bool | None
    skip: bool | None
    softmaxes: int | None
    mogrifier_rounds: int | None
    mogrifier_rank: int | None
    adaptive_clusters: int | None
    adaptive_head: int | None
    cell_clip: float | None
    forget_activation: Literal["sigmoid", "exp"] | None
    ngram_order: int | None
    ngram_min_count: int | None
    source_language: str | None
    target_language: str | None
    subwords: int | None
    subword_dropout: float | None
    placeholder_share: float | None
    longest_pair: int | None
    check_languages: bool | None
    encoder_layers: int | None
    decoder_layers: int | None
    bidirectional: bool | None
    reverse_source: bool | None
    attention: Attention | None
    heads: int | None
    input_feeding: bool | None
    new_share: float | None
    label_smoothing: float | None
    dropout: float | None
    dropout_input: float | None
    dropout_hidden: float | None
    dropout_output: float | None
    dropout_contexts: float | None
    dropout_projected: float | None
    dropout_embedding: float | None
    dropout_recurrent: float | None
    activation_penalty: float | None
    temporal_penalty: float | None
    adversarial_margin: float | None
    softmax_sample: int | None
    softmax_head: int | None
    softmax_until: float | None
    softmax_start: Literal["frequencies", "equal"] | None
    bptt: Literal["truncated", "sentence"] | None
    batch_size: int | None
    window: int | None
    jitter: bool | None
    rotate: bool | None
    batch_ramp: float | None
    batch_start: float | None
    window_ramp: float | None
    window_start: float | None
    optimiser: Literal["adamw", "muon"] | None
    muon_split: bool | None
    muon_rate: float | None
    learning_rate: float | None
    weight_decay: float | None
    beta1: float | None
    beta2: float | None
    warmup: float | None
    flat: float | None
    final_share: float | None
    average: float | None
    clip: float | None
    patience: int | None
    seed: int | None
    threads: int | None
    precision: Literal["auto", "float32", "bfloat16"] | None
    compress_gradients: Literal["none", "float16", "bfloat16"] | None
    device: str | None
    validations: int | None
    save_seconds: float | None


class Leaves(LeavesWithoutEnd, total=False):
    """All settings."""

    minutes: float | None
    epochs: float | None
    steps: int | None
