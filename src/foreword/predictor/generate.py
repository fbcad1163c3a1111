"""Continue a text by sampling word after word. Knows nothing of screens or files."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from foreword.errors import SettingsError
from foreword.predictor.predictor import Predictor
from foreword.predictor.spacing import Line
from foreword.predictor.state import State
from foreword.text.newlines import in_units
from foreword.text.tokenizer import EOS_ID, UNK_ID


class Drawn(NamedTuple):
    """A sampled word.

    Attributes:
        text: the text to append.
        id: the word's id.
        logs: ln P of every word at its position, (V,), before temperature and cuts.
    """

    text: str
    id: int
    logs: np.ndarray


def generate(
    predictor: Predictor,
    text: str,
    *,
    max_words: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop_at_eos: bool = True,
) -> Iterator[str]:
    """Yield pieces of text to append, with the spaces between them, as they are sampled.

    See `draw` for the arguments and errors.
    """
    words = draw(
        predictor,
        text,
        max_words=max_words,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop_at_eos=stop_at_eos,
    )
    return (word.text for word in words)


def draw(
    predictor: Predictor,
    text: str,
    *,
    max_words: int,
    state: State | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop_at_eos: bool = True,
) -> Iterator[Drawn]:
    """Yield words that continue a text, with the spaces between them, as they are sampled.

    Marks have their usual spaces (`Well, "so" (it is)!`). A model trained on text that was
    tokenised already (`words="spaces"`) writes such text, with a space before every word.

    Args:
        predictor: the model.
        text: the text to continue.
        max_words: the largest number of words.
        state: the state after the text, if it has been read; None: it is read before the first
            word.
        temperature: divides the logits; 0 takes the most probable word. `<unk>` is never sampled.
        top_k: sample from the k most probable words.
        top_p: sample from the fewest words whose probabilities sum to at least this (Holtzman et
            al. 2020).
        seed: the seed; equal seeds sample equal words.
        stop_at_eos: whether to stop at the end of a line rather than begin another.

    Raises:
        SettingsError: an argument is out of range.
    """
    if not 0 <= temperature < math.inf:
        raise SettingsError(f"temperature must be 0 or more and finite, not {temperature}")
    if top_k is not None and top_k < 1:
        raise SettingsError(f"top_k must be at least 1, not {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise SettingsError(f"top_p must be over 0 and at most 1, not {top_p}")
    if max_words < 0:
        raise SettingsError(f"max_words must be 0 or more, not {max_words}")
    if seed is not None and seed < 0:
        raise SettingsError(f"seed must be 0 or more, not {seed}")
    return _draw(predictor, text, state, max_words, temperature, top_k, top_p, seed, stop_at_eos)


def _draw(
    predictor: Predictor,
    text: str,
    state: State | None,
    max_words: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int | None,
    stop_at_eos: bool,
) -> Iterator[Drawn]:
    random = np.random.default_rng(seed)
    state = predictor.read(text) if state is None else state
    config = predictor.tokenizer.config
    line = Line(
        in_units(text, config.lines).rsplit("\n", 1)[-1],
        in_print=config.words == "unicode",
        spacing=predictor.tokenizer.spacing,
    )
    # A blank line separates paragraphs.
    blank = "" if config.lines == "sentence" else "\n"
    for _ in range(max_words):
        logs = predictor.log_probabilities(state)
        shares = _sharpened(logs, temperature, top_k, top_p)
        index = int(random.choice(len(shares), p=shares))
        if index == EOS_ID and stop_at_eos:
            return
        word = predictor.tokenizer.word_of(index)
        state = predictor.advance(state, word, mend=False)
        yield Drawn(line.end() + blank if index == EOS_ID else line.append(word), index, logs)


def _sharpened(
    logs: np.ndarray, temperature: float, top_k: int | None, top_p: float | None
) -> np.ndarray:
    """Return the distribution to sample from: without `<unk>`, sharpened, cut to the best words."""
    logs = logs.copy()
    logs[UNK_ID] = -np.inf
    if temperature == 0.0:
        best = np.zeros_like(logs)
        best[np.argmax(logs)] = 1.0
        return best
    with np.errstate(over="ignore"):  # the lowest temperatures leave one word, at 0 / temperature
        shares = np.exp((logs - logs.max()) / temperature)
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    keep = len(order) if top_k is None else min(top_k, len(order))
    if top_p is not None:
        keep = min(keep, int(np.searchsorted(np.cumsum(shares[order]), top_p)) + 1)
    shares[order[keep:]] = 0.0
    total: np.ndarray = shares / shares.sum()
    return total
