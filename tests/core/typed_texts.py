"""Random models of hostile words, and texts to type with them. Knows no test."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tests.predictor.test_compiled_network import random_model
from tests.predictor.test_core import SPACINGS, STYLES, TYPED
from tests.predictor.test_core import vocabulary as vocabulary_of

from foreword.folder.architecture import format_version
from foreword.folder.config import FolderConfig
from foreword.folder.saving import _files
from foreword.folder.store import Folder
from foreword.ngrams.mixture import NgramMixture
from foreword.ngrams.pruning import learn_most_useful
from foreword.predictor.predictor import Predictor
from foreword.predictor.suggest import Suggestion
from foreword.text.spacing import USUAL, Spacing
from foreword.text.tokenizer import Tokenizer, TokenizerConfig

ROUNDING = 2e-5
"""The relative difference of probabilities that float32 may make."""


KINDS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"case": "fold"},
    {"words": "spaces"},
    {"language": "tr"},
    {"lines": "paragraph", "language": "nl"},
)
"""Options of tokenisers."""


@dataclass(frozen=True)
class Model:
    """A model in Python, and the files that the library reads."""

    predictor: Predictor
    files: dict[str, bytes]


def model_of(
    vocabulary: Sequence[str],
    *,
    seed: int = 0,
    rare: Sequence[str] = (),
    misspellings: dict[str, str] | None = None,
    spacing: Spacing = USUAL,
    has_ngrams: bool = False,
    new_words: bool = False,
    **options: str,
) -> Model:
    """A model with these words and random weights."""
    config, weights = random_model("lstm", (len(vocabulary), 6, 12, 1), seed=seed)
    # Larger than training begins with, so that words differ clearly in probability.
    weights = {name: 4 * values for name, values in weights.items()}
    tokenizer = Tokenizer(
        vocabulary, TokenizerConfig(**options, new_words=new_words), spacing=spacing
    )
    whole = FolderConfig(
        format_version=format_version(config, "float32", tokenizer.config),
        model=config,
        tokenizer=tokenizer.config,
    )
    ngrams = random_ngrams(seed, len(vocabulary)) if has_ngrams else {}
    files = _files(whole, weights, tokenizer, "", rare, misspellings or {}, ngrams)
    folder = Folder(whole, weights, tokenizer, tuple(rare), misspellings or {}, ngrams)
    return Model(
        Predictor(folder, threads=1), {name: b"".join(parts) for name, parts in files.items()}
    )


def random_ngrams(seed: int, vocab_size: int) -> Mapping[str, np.ndarray]:
    """N-grams of a random text, in which some words are frequent, for a mixture with a network."""
    draw = np.random.default_rng(seed)
    ids = np.minimum(draw.geometric(0.1, size=600), vocab_size - 1)
    table = learn_most_useful(ids, vocab_size, 4, 700)
    return NgramMixture.of(table, draw.choice([0.0, 0.3, 0.6, 1.0], size=4)).arrays


def random_words(seed: int, size: int, **options: str) -> Model:
    """A model of hostile words, some of which are misspellings, and with rare words."""
    draw = random.Random(seed)
    words = vocabulary_of(draw, size)
    if options.get("case") == "fold":
        words = list(dict.fromkeys(word.lower() for word in words))
    wrong = draw.sample(words[2:], 4)
    meant = [word for word in words[2:] if word not in wrong]
    misspellings = {one: draw.choice(meant) for one in wrong[:3]}
    misspellings[wrong[3]] = f"{draw.choice(meant)} {draw.choice(meant)}"
    absent = {f"{draw.choice(words[2:])}{end}" for end in ("q", "qé", "'q")}.difference(words)
    misspellings |= {one: draw.choice(meant) for one in sorted(absent)}
    rare = sorted({f"{word}{end}" for word in meant[:40] for end in ("x", "ety", "'é")})
    rare = sorted({word for word in rare if word not in words}, key=lambda w: (w.casefold(), w))
    spacing = replace(SPACINGS[seed % 2], style=STYLES[seed % 2], abbreviations={"dr": (9, 1)})
    return model_of(
        words,
        seed=seed,
        rare=rare,
        misspellings=misspellings,
        spacing=spacing,
        has_ngrams=seed % 3 == 1,
        new_words=seed % 2 == 0,
        **options,
    )


def assert_same(ours: list[Suggestion], theirs: list[Suggestion], text: str) -> None:
    assert [one._replace(probability=0) for one in ours] == [
        one._replace(probability=0) for one in theirs
    ], text
    shares = [[one.probability for one in offered] for offered in (ours, theirs)]
    np.testing.assert_allclose(*shares, rtol=ROUNDING, err_msg=text)


PARTS = (
    *TYPED,
    *("The", "teh", "dont", "Lik", "tomorow", "O'B", "STRA", "l'", "L'e", "dell'o", "SNO", "i"),
    *(
        "lik",
        "snwo",
        "likelysnow",
        "theylike",
        "naiv",
        "Naïve",
        "déj",
        "dej",
        "하",
        "학ㅛ",
        "한국어",
    ),
    *(
        "天气，",
        "ไทย",
        "。",
        "😀",
        "❤️",
        "👩‍🚀",
        "!",
        "?",
        "¿",
        "(",
        "“",
        "”",
        "–",
        "-",
        "--",
        "...",
    ),
    *("\r\n", "\n\n", "\u2029", "\u2064", "1.5", "10:", "http://a.b", "@", "#tag", "\u200b"),
    *(" ", " ", " ", " ", " ", " ", ", ", ". ", "! "),
)


def texts_of(draw: random.Random, model: Model, count: int) -> list[str]:
    """Texts of words of the model and other parts, with the keys that type some of their ends."""
    words = model.predictor.tokenizer.words[2:]
    texts: list[str] = []
    for _ in range(count):
        parts = draw.choices(PARTS, k=draw.randrange(5))
        parts += [f"{draw.choice(words)} " for _ in range(draw.randrange(4))]
        draw.shuffle(parts)
        word = draw.choice((str, str.lower, str.title, str.upper))(draw.choice(words))
        text = "".join(parts) + slipped(draw, word)
        texts += [text[:end] for end in range(max(0, len(text) - draw.randrange(4)), len(text) + 1)]
    return texts


def slipped(draw: random.Random, word: str) -> str:
    """The word, or one with a slip."""
    at = draw.randrange(len(word) + 1)
    slips = (word, word, word[:at] + word[at + 1 :], word[:at] + "e" + word[at:])
    return draw.choice(
        (*slips, word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :])
    )
