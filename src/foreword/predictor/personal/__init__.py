"""A personal layer over a frozen model: a person's own words, in one file of theirs. No torch."""

from foreword.predictor.personal.adapting import Network, network_of
from foreword.predictor.personal.audit import Audit, Suspect
from foreword.predictor.personal.learned_memory import Limits
from foreword.predictor.personal.personal import HeldWord, Learned, Personal

open = Personal.open  # noqa: A001

__all__ = [
    "Audit",
    "HeldWord",
    "Learned",
    "Limits",
    "Network",
    "Personal",
    "Suspect",
    "network_of",
    "open",
]
