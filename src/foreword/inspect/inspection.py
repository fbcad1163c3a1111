"""All results about a model on a text, computed once; as a page, figures and numbers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from foreword.errors import SettingsError, TextError
from foreword.inspect import attribution as attributing
from foreword.inspect.attribution import Attribution, attribute
from foreword.inspect.contrast import Contrast, replacing, resetting, without
from foreword.inspect.document import document
from foreword.inspect.files import write
from foreword.inspect.findings import Findings
from foreword.inspect.gradients import gradient_flow
from foreword.inspect.jacobian import spectra
from foreword.inspect.page import notebook
from foreword.inspect.subject import Model, read, subject_of
from foreword.inspect.trace import TextTrace, state_after, trace_reading
from foreword.kernels.threads import threads_within_quota

LARGEST_PAGE = 500
"""The default number of words on a page."""
MOST_WORDS = 2000
"""The largest number of words on a page."""


@dataclass(frozen=True)
class Change:
    """The change in a second run: word `at` dropped, replaced by `word`, or the state reset."""

    kind: str
    at: int
    word: str = ""


class Inspection(Findings):
    """A model on a text, and the ways to show it. In notebooks it shows itself as the page."""

    def document(self) -> dict[str, Any]:
        """All of it as plain data, as the page reads it."""
        return self._document

    @cached_property
    def _document(self) -> dict[str, Any]:
        return document(self)

    def write(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes `index.html`, the figures and the numbers into a folder; says what it wrote.

        Raises:
            MissingExtraError: matplotlib is not installed; the page and the numbers are written.
            SettingsError: the folder is a file, or a model folder.
        """
        return write(self, self.document(), Path(folder))

    def _repr_html_(self) -> str:
        return notebook(self.document())


@threads_within_quota()
def inspection(
    model: Model,
    text: str,
    *,
    words: int = LARGEST_PAGE,
    skip: int = 0,
    beside: Sequence[Model] = (),
    changes: Sequence[Change] | None = None,
) -> Inspection:
    """Inspects a model on a text.

    Args:
        model: a folder, or the result of `foreword.load`.
        text: lines.
        words: the largest number of words to examine, 1 to 2,000.
        skip: words that are read before that, and not shown.
        beside: other models, whose gradients are shown beside this one's.
        changes: second runs; None chooses some.

    Raises:
        FolderError: a model cannot be read.
        TextError: the text has no words.
        SettingsError: a number is out of range, or a change does not fit the text.
    """
    if not 1 <= words <= MOST_WORDS:
        raise SettingsError(f"words must be 1 to {MOST_WORDS:,}, not {words:,}")
    subject = subject_of(model)
    whole = read(subject.tokenizer, text)
    if len(whole) < 2:
        raise TextError("there is nothing to inspect: the text has no words")
    if not 0 <= skip < len(whole):
        raise SettingsError(f"cannot skip {skip:,} words: the text has {len(whole) - 1:,}")
    # In addition to the <eos> at the beginning of the text.
    shown = whole[skip : skip + words + 1]
    before = state_after(subject, whole[:skip]) if skip else None
    notes = []
    if len(shown) < len(whole):
        notes.append(
            f"The text has {len(whole) - 1:,} words; this shows "
            + (
                f"{len(shown) - 1:,} of them, after the first {skip:,}."
                if skip
                else f"the first {len(shown) - 1:,}."
            )
        )
    return of_trace(
        trace_reading(subject, shown, before=before), beside=beside, changes=changes, notes=notes
    )


def of_trace(
    traced: TextTrace,
    *,
    beside: Sequence[Model] = (),
    changes: Sequence[Change] | None = None,
    notes: Sequence[str] = (),
) -> Inspection:
    """All results that follow from a trace; the arguments are those of `inspection`."""
    attributions = attribute(traced)
    if changes is None:
        changes = _worth_seeing(traced, attributions)
    return Inspection(
        traced,
        gradient_flow(traced, beside=beside),
        spectra(traced),
        attributions,
        tuple(_contrast(traced, change) for change in changes),
        (*notes, *_notes(traced)),
    )


def _worth_seeing(traced: TextTrace, attributions: Sequence[Attribution]) -> list[Change]:
    """The word whose erasure cost some prediction most, dropped and replaced; a reset midway."""
    parts = []
    # The <eos> at the beginning of a text cannot be changed; changing the last word has no effect.
    costs = [
        (float(cost), a.first + k)
        for a in attributions
        for k, cost in enumerate(a.erased)
        if 1 <= a.first + k < a.at
    ]
    if costs:
        _, at = max(costs)
        parts.append(Change("dropped", at))
        likeliest = [traced.subject.tokenizer.word_of(i) for i in traced.predictions.top[at - 1]]
        others = (w for w in likeliest if w not in ("<unk>", "<eos>", traced.reading.words[at]))
        if (other := next(others, None)) is not None:
            parts.append(Change("replaced", at, other))
    if len(traced.reading) > 3:
        parts.append(Change("reset", len(traced.reading) // 2))
    return parts


def _contrast(traced: TextTrace, change: Change) -> Contrast:
    match change.kind:
        case "dropped":
            return without(traced, change.at)
        case "replaced":
            return replacing(traced, change.at, change.word)
        case _:
            return resetting(traced, change.at)


def _notes(traced: TextTrace) -> list[str]:
    config = traced.subject.config.network
    notes = []
    if not config.is_recurrent:
        sees = "the last word" if config.context_words == 1 else f"{config.context_words} words"
        notes.append(
            f"This is a feed-forward network on {sees}: it has no gates, no memory and no gradient "
            "through time. Shown are its hidden layer, its predictions, and what made them."
        )
    elif config.cell.keep is None:
        notes.append(
            "No gate of this network says how much of its state stays: how long a unit holds is "
            "estimated from its correlation with itself one word later."
        )
    if config.mogrifier_rounds:
        notes.append(
            "Before each step its input and hidden state modulate each other, "
            f"{config.mogrifier_rounds} times (Mogrifier). The gates shown are those of the LSTM's "
            "step; what modulates is not shown."
        )
    if config.skip:
        notes.append(
            "Its output layer sees the sum of all layers' hidden states, not the last one's alone."
        )
    if config.softmaxes > 1:
        notes.append(
            f"Its output is a mixture of {config.softmaxes} softmaxes. Predictions and what made "
            "them are the whole mixture's; how much each softmax counted is not shown."
        )
    if not attributing.is_available():
        notes.append(
            "Integrated gradients need a library that is not installed: pip install "
            '"foreword[inspect]". Erasure is shown without them.'
        )
    if (training := traced.subject.config.training) is not None and not training.finished:
        notes.append("The model's training was interrupted: these are its best weights so far.")
    return notes
