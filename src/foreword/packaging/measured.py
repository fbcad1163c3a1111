"""Measure a finished model on the text that was held out for it, and write its card."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foreword.compression.cost import cost_on
from foreword.evaluation.evaluate import evaluate
from foreword.evaluation.keystrokes import KeystrokeReport, SimulatedTypist, simulate
from foreword.evaluation.suggester import Suggester
from foreword.folder.config import Compression, Evaluation
from foreword.folder.saving import write_folder
from foreword.folder.store import folder_bytes, read_folder
from foreword.ngrams.mixture import NgramMixture
from foreword.packaging.about import About
from foreword.packaging.files import table_of
from foreword.packaging.ngrams import ids_of
from foreword.packaging.parts import Parts
from foreword.predictor.engine import Engine
from foreword.predictor.predictor import Predictor, load
from foreword.training.card import model_card
from foreword.visible import as_markdown

TYPED = 60_000
"""The number of characters that are typed, in lines from everywhere in the held-out text."""

Tell = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Figures:
    """The measurements of a model on held-out text.

    Attributes:
        evaluation: perplexity and accuracies, each line from the beginning of a text.
        typing: the keys that a simulated typist saves.
        words: the number of words of its training text.
        words_read: how many of them training read; more than `words` if it read some again.
        bytes: the size of the model folder.
        compression: what int8 cost; None if the model was not compressed.
        opening: how the model begins a text, as an example.
        ngrams: the number of n-grams beside the network.
        ngram_bytes: their size.
        perplexity_with_ngrams: None without.
    """

    evaluation: Evaluation
    typing: KeystrokeReport
    words: int
    words_read: int
    bytes: int
    compression: Compression | None
    opening: str
    ngrams: int = 0
    ngram_bytes: int = 0
    perplexity_with_ngrams: float | None = None

    def rows(self) -> dict[str, str]:
        """Return the figures for people."""
        typing, record = self.typing, self.typing.record()
        alone, mixed = f"{self.evaluation.perplexity:.1f}", self.perplexity_with_ngrams
        return {
            "keystroke savings": f"{typing.tally.savings:.1%}, of {typing.ceiling:.1%} with an "
            "oracle",
            "next word among 1 / 3 suggestions": f"{record['top1']:.1%} / {record['top3']:.1%}",
            "perplexity": alone if mixed is None else f"{mixed:.1f}; of the network alone {alone}",
            **({"n-grams": f"{self.ngrams:,}"} if self.ngrams else {}),
            "words outside the vocabulary": f"{self.evaluation.out_of_vocabulary:.1%}",
            "measured on": f"{self.evaluation.words:,} held-out words, of which "
            f"{typing.tally.words:,} were typed in {typing.tally.messages:,} lines",
            "trained on": _read_of(self.words_read, self.words),
            "size": f"{self.bytes / 1e6:.1f} MB" + self._parts_of_size(),
        }

    def _parts_of_size(self) -> str:
        ngrams = f", of which the n-grams are {self.ngram_bytes / 1e6:.1f} MB"
        cost = self.compression
        if cost is None:
            return ngrams if self.ngrams else ""
        change = f"perplexity by {cost.perplexity_after / cost.perplexity_before - 1:+.2%}"
        if self.ngrams:
            return f"{ngrams}; int8 changed the network's {change}"
        return f" in int8, {cost.bytes / 1e6:.1f} MB before, which changed {change}"

    def record(self) -> dict[str, str | int | float | bool]:
        """Return the figures for programs."""
        return {
            **self.typing.record(),
            **self.evaluation.model_dump(include={"perplexity", "out_of_vocabulary"}),
            "ngrams": self.ngrams,
            **(
                {}
                if self.perplexity_with_ngrams is None
                else {"perplexity_with_ngrams": self.perplexity_with_ngrams}
            ),
            "words_held_out": self.evaluation.words,
            "words_trained": self.words,
            "words_read": self.words_read,
            "bytes": self.bytes,
        }


def measured(folder: Path, parts: Parts, tell: Tell) -> Figures:
    """Measure the model in a folder on the text that was held out for it.

    Args:
        folder: the model folder.
        parts: the text.
        tell: called with (activity, amount done, amount in all).
    """
    evaluation = evaluate(
        folder,
        [parts.test],
        reset="sentence",
        read_as="text",
        lines=parts.lines,
        progress=tell,
    ).model_copy(update={"text": parts.test.name})
    model = load(folder)
    lines = _spread(parts.test.read_text("utf-8").split("\n"))
    typing = simulate(
        Suggester(model),
        lines,
        SimulatedTypist(),
        spacing=model.tokenizer.spacing,
        progress=lambda done: tell("typing with the model", done, len(lines)),
    )
    record = model.config.training
    assert record is not None
    ngrams = NgramMixture(model.folder.ngrams) if model.folder.ngrams else None
    perplexity = None
    if ngrams is not None:
        ids = ids_of(parts.test, parts.lines, model.tokenizer, tell)
        engine = Engine(model.folder.model, model.folder.weights, ngrams=ngrams)
        perplexity = cost_on(
            engine,
            ids,
            progress=lambda done: tell("reading with n-grams", done, len(ids)),
            resets=True,
        ).perplexity
    return Figures(
        evaluation,
        typing,
        record.words,
        record.words_seen,
        folder_bytes(folder),
        model.config.compression,
        _opening(model),
        0 if ngrams is None else ngrams.count,
        sum(array.nbytes for array in model.folder.ngrams.values()),
        perplexity,
    )


def write_card(folder: Path, about: About, figures: Figures) -> None:
    """Write the measurements and the sources of the text into a model folder's card."""
    model = read_folder(folder)
    config = model.config.model_copy(update={"evaluation": figures.evaluation})
    sections = [
        "## Keystroke savings",
        "",
        *table_of("figure", "value", figures.rows()),
        f"The typist: {figures.typing.typist.assumptions()}.",
        "",
        "## Sources",
        "",
        *(f"- Text: {as_markdown(source)}" for source in about.sources),
        *(f"- Attribution: {as_markdown(author)}" for author in about.attributions),
        f"- Licence: {about.licence}",
        f"- Language: {as_markdown(about.language_name)} (`{about.language}`)",
        "",
    ]
    head, use, rest = model_card(config).partition("## Use\n")
    card = head + "\n".join(sections) + "\n" + use + rest
    write_folder(
        folder,
        config,
        model.weights,
        model.tokenizer,
        card,
        model.rare,
        model.misspellings,
        model.ngrams,
    )


def _read_of(read: int, words: int) -> str:
    """Return how much of a text training read; a text that was read several times counts once."""
    return f"{words:,} words" if read >= words else f"{read:,} of {words:,} words"


def _opening(model: Predictor) -> str:
    """Return the two words with which a model is likeliest to begin a text."""
    text = ""
    for _ in range(2):
        for suggestion in model.suggest(text, 1, complete=False):
            text = suggestion.accepted(text)
    return text.strip()


def _spread(lines: list[str]) -> list[str]:
    """Return lines from everywhere in a text, of about `TYPED` characters in all."""
    lines = [line for line in lines if line]
    every = max(1, round(sum(map(len, lines)) / TYPED))
    return lines[::every]
