"""A look inside a recurrent model, on any text: gates, memory, gradients through time.

import foreword

model = foreword.load("my-model")
seen = foreword.inspect.trace(model, "I would like to")
print(seen.arrays["layer0.f"].shape)  # (word, unit)
foreword.inspect.inspection(model, "I would like to").write("inspection")
"""

from foreword.inspect.attribution import Attribution, attribute
from foreword.inspect.contrast import Contrast, replacing, resetting, without
from foreword.inspect.gradients import GradientFlow, gradient_flow
from foreword.inspect.inspection import Change, Inspection, inspection
from foreword.inspect.jacobian import LayerSpectra, Spectrum, jacobian, spectra
from foreword.inspect.subject import Reading, Subject, read, subject_of
from foreword.inspect.trace import LayerArrays, Predictions, TextTrace, trace
from foreword.inspect.units import Unit, longest_holds, orders, ranked, telling, time_constants

__all__ = [
    "Attribution",
    "Change",
    "Contrast",
    "GradientFlow",
    "Inspection",
    "LayerArrays",
    "LayerSpectra",
    "Predictions",
    "Reading",
    "Spectrum",
    "Subject",
    "TextTrace",
    "Unit",
    "attribute",
    "gradient_flow",
    "inspection",
    "jacobian",
    "longest_holds",
    "orders",
    "ranked",
    "read",
    "replacing",
    "resetting",
    "spectra",
    "subject_of",
    "telling",
    "time_constants",
    "trace",
    "without",
]
