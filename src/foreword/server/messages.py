"""What requests and answers hold; the OpenAPI document is made of these. Unknown fields are errors.

Knows no models. Limits that are settings are checked where the settings are known.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Count = Annotated[int, Meta(ge=1, le=50)]
ModelName = Annotated[
    str | None, Meta(description="A model's name; the first model for null or none.")
]


class PredictRequest(Struct, forbid_unknown_fields=True):
    """A text, or several, whose next words are wanted."""

    text: Annotated[str | list[str], Meta(description="Up to where the next letter goes.")]
    k: Annotated[Count, Meta(description="How many suggestions at most.")] = 3
    model: ModelName = None
    complete: Annotated[
        bool | None,
        Meta(
            description="Whether the last word is unfinished; null: both readings are weighed by "
            "their probabilities."
        ),
    ] = None
    tolerant: Annotated[
        bool, Meta(description="Think of slips even where words begin as typed.")
    ] = False
    offensive: Annotated[
        bool, Meta(description="Suggest words of the list of offensive ones too.")
    ] = False
    blocked: Annotated[list[str], Meta(description="Never suggested.", max_length=1000)] = []


class SuggestedWord(Struct):
    """A word to offer."""

    word: Annotated[str, Meta(description="As it is written here.")]
    text: Annotated[str, Meta(description="The whole field after accepting.")]
    probability: Annotated[float, Meta(ge=0.0, le=1.000001)]


class Suggestions(Struct):
    """The suggestions for one of several texts."""

    suggestions: list[SuggestedWord]


class PredictAnswer(Struct):
    """Suggestions for a text; or results for a list of texts, in their order."""

    model: str
    suggestions: list[SuggestedWord] | UnsetType = UNSET
    results: list[Suggestions] | UnsetType = UNSET


class AdvanceRequest(Struct, forbid_unknown_fields=True):
    """Words to read on from a state."""

    text: Annotated[str, Meta(description="Whole words; may be empty.")] = ""
    state: (
        Annotated[
            str,
            Meta(description="Of an earlier answer; a line begins without.", max_length=1 << 17),
        ]
        | None
    ) = None
    prefix: Annotated[
        str,
        Meta(description="Letters of an unfinished next word.", max_length=256),
    ] = ""
    k: Annotated[int, Meta(ge=0, le=50, description="How many predictions at most.")] = 3
    model: ModelName = None


class PredictedWord(Struct):
    """A next word, of the vocabulary."""

    word: str
    probability: Annotated[float, Meta(ge=0.0, le=1.000001)]


class AdvanceAnswer(Struct):
    """The state after the text, and what comes next."""

    model: str
    state: str
    predictions: list[PredictedWord]


class ScoreRequest(Struct, forbid_unknown_fields=True):
    """A text whose probability is wanted."""

    text: Annotated[str, Meta(min_length=1)]
    model: ModelName = None


class ScoredWord(Struct):
    """A word of the text, or a line's end (`<eos>`)."""

    word: Annotated[str, Meta(description="As the model reads it.")]
    start: Annotated[int, Meta(description="Where it begins in the text, in characters.")]
    end: int
    is_known: Annotated[
        bool, Meta(description="Whether the vocabulary has it; else it has that of <unk>.")
    ]
    log_probability: Annotated[float, Meta(le=0.0, description="Natural logarithm.")]


class ScoreAnswer(Struct):
    """Every word's probability given those before it."""

    model: str
    words: list[ScoredWord]
    log_probability: Annotated[float, Meta(description="Of all of them.")]
    perplexity: Annotated[float | None, Meta(description="null without words.")]


class StreamOptions(Struct, forbid_unknown_fields=True):
    """As OpenAI's."""

    include_usage: bool = False


class CompletionRequest(Struct, forbid_unknown_fields=True):
    """OpenAI's request for a completion; tokens are words."""

    prompt: Annotated[str | list[str], Meta(description="A text or several.")] = ""
    model: ModelName = None
    max_tokens: Annotated[int, Meta(ge=0, description="Words at most.")] | None = 16
    temperature: Annotated[float, Meta(ge=0.0, le=100.0)] | None = 1.0
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] | None = 1.0
    n: Annotated[int, Meta(ge=1, le=16)] | None = 1
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    echo: bool | None = False
    stop: str | list[str] | None = None
    seed: Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)] | None = None
    user: Annotated[
        str | None,
        Meta(description="Accepted; identifies the client's user, nothing depends on it."),
    ] = None
    best_of: Annotated[
        int | None,
        Meta(description="Only 1, or the value of `n`: no additional completions are sampled."),
    ] = None
    suffix: Annotated[str | None, Meta(description="Only null.")] = None
    presence_penalty: Annotated[float | None, Meta(description="Only 0.")] = 0.0
    frequency_penalty: Annotated[float | None, Meta(description="Only 0.")] = 0.0
    logit_bias: Annotated[dict[str, float] | None, Meta(description="Only null or empty.")] = None


class TokenLogprobs(Struct):
    """OpenAI's log probabilities of a completion's tokens."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class Choice(Struct):
    """One completion, or a piece of it."""

    text: str
    index: int
    logprobs: TokenLogprobs | None = None
    finish_reason: str | None = None


class Usage(Struct):
    """Words read and drawn."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionAnswer(Struct):
    """OpenAI's answer."""

    id: str
    created: int
    model: str
    choices: list[Choice]
    system_fingerprint: str
    usage: Usage | UnsetType | None = UNSET
    object: str = "text_completion"


class ModelCard(Struct):
    """A model that is served."""

    id: str
    created: int
    architecture: str
    vocab_size: int
    hidden_size: Annotated[int | None, Meta(description="Of a network.")]
    checksum: Annotated[str, Meta(description="SHA-256 of weights and vocabulary.")]
    state_bytes: Annotated[int, Meta(description="Of one of its states, unsigned.")]
    object: str = "model"
    owned_by: str = "foreword"


class ModelList(Struct):
    """The models, the default first."""

    data: list[ModelCard]
    object: str = "list"


class Health(Struct):
    """That the server answers."""

    status: str
    models: list[str]


class ReloadRequest(Struct, forbid_unknown_fields=True):
    """Nothing but that the models shall be read anew."""


class Reloaded(Struct):
    """What became of each model: "unchanged", "reloaded", or why it could not be read."""

    models: dict[str, str]


class ErrorDetail(Struct):
    """What was wrong."""

    code: str
    message: str
    type: str
    param: str | None


class ErrorAnswer(Struct):
    """The body of every error."""

    error: ErrorDetail


class Keystroke(Struct, forbid_unknown_fields=True):
    """A frame from the client."""

    id: Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
    text: str
    k: Count = 3
    model: str | None = None
    trace: bool = False


class KeystrokeAnswer(Struct):
    """A frame from the server."""

    id: int
    suggestions: list[SuggestedWord]
    trace: Any = UNSET


class KeystrokeId(Struct):
    """As much of a frame as an error needs."""

    id: int | None = None


encode = msgspec.json.encode
