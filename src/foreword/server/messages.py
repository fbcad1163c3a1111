"""The fields of requests and answers, from which the OpenAPI document is made.

Unknown fields are errors. Limits that are settings are checked elsewhere. Knows no models.
"""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Count = Annotated[int, Meta(ge=1, le=50)]
ModelName = Annotated[
    str | None, Meta(description="The name of a model; by default the first one.")
]

Phrases = Annotated[
    bool, Meta(description="Suggest the words and phrases that together save the most keys.")
]

Also = Annotated[
    list[str],
    Meta(
        description="The names of further models, whose words are suggested in the same list: for "
        "people who mix languages.",
        max_length=7,
    ),
]


class PredictRequest(Struct, forbid_unknown_fields=True):
    """One text or several, whose next words are requested."""

    text: Annotated[str | list[str], Meta(description="The text up to the cursor.")]
    k: Annotated[Count, Meta(description="The largest number of suggestions.")] = 3
    model: ModelName = None
    also: Also = []
    complete: Annotated[
        bool | None,
        Meta(
            description="Whether the last word is unfinished; with null both cases are weighed by "
            "their probabilities."
        ),
    ] = None
    phrases: Phrases = False
    tolerant: Annotated[
        bool, Meta(description="Correct typing errors even if words begin as typed.")
    ] = False
    offensive: Annotated[
        bool, Meta(description="Also suggest words on the list of offensive words.")
    ] = False
    blocked: Annotated[
        list[str], Meta(description="Words that are never suggested.", max_length=1000)
    ] = []


class SuggestedWord(Struct):
    """A suggested word."""

    word: Annotated[str, Meta(description="The word or phrase as it is written here.")]
    text: Annotated[str, Meta(description="The whole text after it is accepted.")]
    probability: Annotated[float, Meta(ge=0.0, le=1.000001)]


class Suggestions(Struct):
    """The suggestions for one of several texts."""

    suggestions: list[SuggestedWord]


class PredictAnswer(Struct):
    """Suggestions for a text, or results for a list of texts in their order."""

    model: str
    suggestions: list[SuggestedWord] | UnsetType = UNSET
    results: list[Suggestions] | UnsetType = UNSET


class LetterOptions(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which next characters are requested."""

    k: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=0x110000,  # Unicode has no more
                description="The largest number of characters; with null all are answered.",
            ),
        ]
        | None
    ) = None
    model: ModelName = None
    ignore_case: Annotated[
        bool,
        Meta(description="For keyboards without capitals: all words are typed in lower case."),
    ] = False


class LettersRequest(LetterOptions, kw_only=True):
    """One text or several, whose next characters are requested."""

    text: Annotated[str | list[str], Meta(description="The text up to the cursor.")]


class NextLetters(Struct):
    """The probabilities of the next characters of a text."""

    letters: Annotated[
        dict[str, Annotated[float, Meta(ge=0.0, le=1.000001)]],
        Meta(
            description="The probability of each character, the highest first. A space is ' ', and "
            "the end of the line is a newline."
        ),
    ]
    end_of_word: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.000001,
            description="The probability that the letters at the end of the text are a whole word.",
        ),
    ]


class LettersAnswer(Struct):
    """Characters for a text, or results for a list of texts in their order."""

    model: str
    letters: dict[str, float] | UnsetType = UNSET
    end_of_word: float | UnsetType = UNSET
    results: list[NextLetters] | UnsetType = UNSET


class AdvanceRequest(Struct, forbid_unknown_fields=True):
    """A text to read from a state on."""

    text: Annotated[str, Meta(description="Complete words; may be empty.")] = ""
    state: (
        Annotated[
            str,
            Meta(
                description="The state of an earlier answer; without one a line begins.",
                max_length=1 << 17,
            ),
        ]
        | None
    ) = None
    prefix: Annotated[
        str,
        Meta(description="The letters of an unfinished next word.", max_length=256),
    ] = ""
    k: Annotated[int, Meta(ge=0, le=50, description="The largest number of predictions.")] = 3
    model: ModelName = None


class PredictedWord(Struct):
    """A predicted word of the vocabulary."""

    word: str
    probability: Annotated[float, Meta(ge=0.0, le=1.000001)]


class AdvanceAnswer(Struct):
    """The state after the text, and predictions of the next word."""

    model: str
    state: str
    predictions: list[PredictedWord]


class ScoreRequest(Struct, forbid_unknown_fields=True):
    """A text whose probability is requested."""

    text: Annotated[str, Meta(min_length=1)]
    model: ModelName = None


class ScoredWord(Struct):
    """A word of the text, or the end of a line (`<eos>`)."""

    word: Annotated[str, Meta(description="The word as the model reads it.")]
    start: Annotated[int, Meta(description="The offset of its first character in the text.")]
    end: int
    is_known: Annotated[
        bool,
        Meta(description="Whether the vocabulary has it; if not, <unk> stands for it."),
    ]
    log_probability: Annotated[float, Meta(le=0.0, description="Natural logarithm.")]


class ScoreAnswer(Struct):
    """The probability of each word given the words before it."""

    model: str
    words: list[ScoredWord]
    log_probability: Annotated[float, Meta(description="The sum for all words.")]
    perplexity: Annotated[float | None, Meta(description="null if the text has no words.")]


class StreamOptions(Struct, forbid_unknown_fields=True):
    """OpenAI's options of a stream."""

    include_usage: bool = False


class CompletionRequest(Struct, forbid_unknown_fields=True):
    """OpenAI's request for a completion, with words for tokens."""

    prompt: Annotated[str | list[str], Meta(description="One text or several.")] = ""
    model: ModelName = None
    max_tokens: Annotated[int, Meta(ge=0, description="The largest number of words.")] | None = 16
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
        Meta(description="Identifies the client's user; ignored."),
    ] = None
    best_of: Annotated[int | None, Meta(description="Only 1, or the same as `n`.")] = None
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


class CompletionChoice(Struct):
    """One completion, or a piece of it."""

    text: str
    index: int
    logprobs: TokenLogprobs | None = None
    finish_reason: str | None = None


class Usage(Struct):
    """The number of words that were read and drawn."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionAnswer(Struct):
    """OpenAI's answer."""

    id: str
    created: int
    model: str
    choices: list[CompletionChoice]
    system_fingerprint: str
    usage: Usage | UnsetType | None = UNSET
    object: str = "text_completion"


class ModelCard(Struct):
    """A model that is served."""

    id: str
    created: int
    architecture: str
    vocab_size: int
    hidden_size: Annotated[int | None, Meta(description="The hidden size of a network.")]
    checksum: Annotated[str, Meta(description="SHA-256 of weights and vocabulary.")]
    state_bytes: Annotated[int, Meta(description="The size of an unsigned state.")]
    object: str = "model"
    owned_by: str = "foreword"


class TranslatorCard(Struct):
    """A translation model that is served."""

    id: str
    created: int
    source_language: str
    target_language: str


class ModelList(Struct):
    """The models, the default of each kind first."""

    data: Annotated[list[ModelCard], Meta(description="The next-word models.")]
    translators: Annotated[list[TranslatorCard], Meta(description="The translation models.")]
    object: str = "list"


class Health(Struct):
    """The status of the server."""

    status: str
    models: list[str]


class ReloadRequest(Struct, forbid_unknown_fields=True):
    """A request to reload changed models; it has no fields."""


class Reloaded(Struct):
    """The outcome for each model: "unchanged", "reloaded", or the error."""

    models: dict[str, str]


class ErrorDetail(Struct):
    """The details of an error."""

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
    also: Also = []
    phrases: bool = False
    trace: bool = False


class KeystrokeAnswer(Struct):
    """A frame from the server."""

    id: int
    suggestions: list[SuggestedWord]
    trace: Any = UNSET


class LettersKeystroke(LetterOptions, kw_only=True):
    """A frame from the client that spells."""

    id: Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
    text: str


class LettersKeystrokeAnswer(NextLetters, kw_only=True):
    """A frame from the server with the next characters."""

    id: int


class TranslationRequest(Struct, forbid_unknown_fields=True):
    """The beginning of a translation, whose next words are requested."""

    source: Annotated[str, Meta(description="The sentence that is translated, on one line.")]
    text: Annotated[str, Meta(description="Its translation, as far as it is typed.")] = ""
    k: Annotated[Count, Meta(description="The largest number of suggestions.")] = 3
    model: Annotated[
        str | None, Meta(description="A translation model; by default the first one.")
    ] = None
    rest: Annotated[bool, Meta(description="Also complete the text to a whole translation.")] = (
        False
    )
    phrases: Phrases = False
    attention: Annotated[
        bool, Meta(description="Also tell where the decoder looked for each word.")
    ] = False
    word: (
        Annotated[
            int,
            Meta(
                ge=0,
                description="The offset in `text` of a character of a word; alternatives to this "
                "word are answered too.",
            ),
        ]
        | None
    ) = None


class WordLook(Struct):
    """Where the decoder looked in the source when it read a word of the translation."""

    start: Annotated[int, Meta(description="The offset of the word in `text`.")]
    end: Annotated[
        int,
        Meta(
            description="The offset after it. The last look, with both after "
            "the text, is that of the word to come."
        ),
    ]
    weights: Annotated[list[float], Meta(description="One for each word of the source.")]


class SourceWord(Struct):
    """A word of the source, between spaces."""

    start: Annotated[int, Meta(description="The offset of its first character in `source`.")]
    end: int


class Attention(Struct):
    """The weights that join the words of the source and of the translation."""

    source: list[SourceWord]
    words: list[WordLook]


class TranslationAnswer(Struct, kw_only=True):
    """Suggestions for a translation that is being typed."""

    model: str
    suggestions: list[SuggestedWord]
    rest: (
        Annotated[str, Meta(description="What follows `text` in a whole translation.")] | UnsetType
    ) = UNSET
    attention: Attention | UnsetType = UNSET
    alternatives: (
        Annotated[
            list[SuggestedWord],
            Meta(description="`text` is the text up to and with the word, in place of the old."),
        ]
        | UnsetType
    ) = UNSET


class TranslationKeystroke(TranslationRequest, kw_only=True):
    """A frame from the client that types a translation."""

    id: Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]


class TranslationKeystrokeAnswer(TranslationAnswer, kw_only=True):
    """A frame from the server with suggestions for a translation."""

    id: int


class KeystrokeId(Struct):
    """The part of a frame that an error refers to."""

    id: int | None = None


encode = msgspec.json.encode
