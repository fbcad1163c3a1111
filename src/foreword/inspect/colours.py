"""The colours of the inspection's page and figures, in one place. Knows no models.

The two maps are made in OKLab with lightness in even steps, so that equal differences of value look
equally large; the diverging one is blue and orange, which colour-blind people can tell apart. On a
dark page the neutral end is dark: 0 is always the colour of the background.
"""


def _stops(text: str) -> list[str]:
    return text.split()


SEQUENTIAL = {
    "light": _stops("#f3f8fa #b9e3f3 #80cbed #55b0e1 #3693d0 #2a77b8 #285b98 #274273 #212c4b"),
    "dark": _stops("#171b26 #20314e #234a75 #1e6699 #1b84b8 #2ea3cf #56c1e1 #88ddef #bff7fd"),
}
"""0 to 1, for gates."""

DIVERGING = {
    "light": _stops(
        "#0a5a9a #3379bb #5c99d5 #8cb8e7 #c0d8f2 #f7f7f7 #eecdbb #dfa583 #c98051 #ad5d25 #8c3f00"
    ),
    "dark": _stops(
        "#80c3ff #5d9ee0 #427bb3 #325981 #273a4d #1c1f24 #4a3223 #79492a #a86438 #d38350 #fba773"
    ),
}
"""Below and above zero, for states and differences; zero is in the middle."""

GATES = {
    "f": "#0b62a0",
    "z": "#0b62a0",
    "i": "#b8540a",
    "o": "#0f766e",
    "r": "#7b4fb5",
    "g": "#5b6573",
    "n": "#5b6573",
}
"""Gates that keep are blue, those that charge orange, those that show green, and resets violet."""
