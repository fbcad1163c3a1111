"""`/v1/predict`, `/v1/advance` and `/v1/score`. Knows models and messages; no network."""

import math
from collections.abc import Iterator
from itertools import islice

from foreword.predictor.lockstep import Work
from foreword.predictor.predictor import Predictor
from foreword.predictor.suggest import Suggestion
from foreword.server.messages import (
    AdvanceAnswer,
    AdvanceRequest,
    PredictAnswer,
    PredictedWord,
    PredictRequest,
    ScoreAnswer,
    ScoredWord,
    ScoreRequest,
    SuggestedWord,
    Suggestions,
    encode,
)
from foreword.server.models import Mixture, Model
from foreword.server.service import Service
from foreword.text.tokenizer import UNK_ID

WORDS_AT_ONCE = 16
"""Words scored before other requests are answered."""


def predict(service: Service, request: PredictRequest) -> Work[bytes]:
    """Suggest words at the end of one text or of several."""
    model = service.models.get(request.model)
    source = service.models.mixture(request.model, request.also) if request.also else model
    if isinstance(request.text, str):
        words = yield from _suggest(source, request, service.text(request.text))
        return encode(PredictAnswer(model.name, suggestions=words))
    results = []
    for text in service.texts(request.text):
        words = yield from _suggest(source, request, text)
        results.append(Suggestions(words))
    return encode(PredictAnswer(model.name, results=results))


def _suggest(
    source: Model | Mixture, request: PredictRequest, text: str
) -> Work[list[SuggestedWord]]:
    is_plain = (
        request.complete is None
        and not request.tolerant
        and not request.offensive
        and not request.blocked
    )
    if is_plain:
        words = yield from source.typists.suggesting(text, request.k, phrases=request.phrases)
        return offered(words, text)
    typist = source.typist(
        tolerant=request.tolerant, offensive=request.offensive, blocked=request.blocked
    )
    words = yield from typist.suggesting(
        text, request.k, complete=request.complete, phrases=request.phrases
    )
    return offered(words, text)


def offered(suggestions: list[Suggestion], text: str) -> list[SuggestedWord]:
    """Suggestions as clients receive them."""
    return [SuggestedWord(s.word, s.accepted(text), s.probability) for s in suggestions]


async def advance(service: Service, request: AdvanceRequest) -> bytes:
    """Return the signed state after a text, and the next words."""
    model = service.models.get(request.model)
    predictor = model.predictor
    text, prefix = service.text(request.text), service.text(request.prefix, "prefix")
    service.batcher.admit()
    state = predictor.start()
    if request.state is not None:
        state = service.signer.read(request.state, predictor)
    words = [word.text for word in predictor.tokenizer.read(text, state.last)]
    after = await service.batcher.together(predictor.reading(words, state))
    likeliest = []
    if request.k:
        k = request.k
        likeliest = await service.batcher.run(lambda: model.likeliest(after, prefix, k))
    predictions = [PredictedWord(guess.word, guess.probability) for guess in likeliest]
    return encode(AdvanceAnswer(model.name, service.signer.sign(after), predictions))


async def score(service: Service, request: ScoreRequest) -> bytes:
    """Return the probability of every word of a text."""
    model = service.models.get(request.model)
    text = service.text(request.text)
    service.batcher.admit()
    scoring = scored(model.predictor, text)
    words: list[ScoredWord] = []
    while some := await service.batcher.run(lambda: list(islice(scoring, WORDS_AT_ONCE))):
        words += some
    total = math.fsum(word.log_probability for word in words)
    perplexity = math.exp(min(-total / len(words), 700.0)) if words else None
    return encode(ScoreAnswer(model.name, words, total, perplexity))


def scored(predictor: Predictor, text: str) -> Iterator[ScoredWord]:
    """Yield each word of a text with its log probability given the words before it."""
    state = predictor.start()
    for word in predictor.tokenizer.read(text, state.last):
        log = float(predictor.log_probabilities(state)[word.id])
        is_known = word.id != UNK_ID
        yield ScoredWord(word.text, word.start, word.end, is_known, min(log, 0.0))
        state = predictor.advance(state, word.text, mend=False)
