"""The findings about a model on a text: plain data, gathered once."""

from dataclasses import dataclass

from foreword.inspect.attribution import Attribution
from foreword.inspect.contrast import Contrast
from foreword.inspect.gradients import GradientFlow
from foreword.inspect.jacobian import LayerSpectra
from foreword.inspect.trace import TextTrace


@dataclass(frozen=True)
class Findings:
    """A model on a text.

    Attributes:
        traced: gates, states, predictions, word by word.
        flow: gradients by distance; None where there is no state or one word alone.
        spectra: of the Jacobians, by layer.
        attributions: which earlier words made a prediction.
        contrasts: the effects of changes to the text or the state.
        notes: remarks on the results, for the reader.
    """

    traced: TextTrace
    flow: GradientFlow | None
    spectra: tuple[LayerSpectra, ...]
    attributions: tuple[Attribution, ...]
    contrasts: tuple[Contrast, ...]
    notes: tuple[str, ...]
