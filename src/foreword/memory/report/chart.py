"""Draw gradient norms by distance as an SVG that takes its colours from the page around it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 150, 14, 42
FLOOR = 1e-12
"""The value at which smaller norms are drawn, below which float32 has no precision left."""


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        name: the label at its end.
        style: CSS classes.
        points: distances and norms.
    """

    name: str
    style: str
    points: tuple[tuple[int, float], ...]


def chart(lines: Sequence[Line], title: str) -> str:
    """Return the SVG, with a title for screen readers."""
    reach = max(1, *(d for line in lines for d, _ in line.points))
    norms = [norm for line in lines for _, norm in line.points if norm > 0 and math.isfinite(norm)]
    if not norms:
        return ""
    low = math.floor(math.log10(max(min(norms), FLOOR)))
    high = max(math.ceil(math.log10(max(norms))), low + 1)

    def x(distance: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * distance / reach

    def y(norm: float) -> float:
        level = min(max(math.log10(max(norm, FLOOR)), low), high)
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - level) / (high - low)

    parts = [
        f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f"<title>{escape(title)}</title>",
    ]
    for level in range(low, high + 1, max(1, (high - low) // 5)):
        at = y(10.0**level)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{x(reach):.1f}" y1="{at:.1f}" y2="{at:.1f}"/>'
        )
        parts.append(
            f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_power(level)}</text>'
        )
    for k in range(5):
        distance = reach * k / 4
        parts.append(
            f'<text x="{x(distance):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{distance:.0f}</text>"
        )
    middle = (LEFT + x(reach)) / 2
    parts.append(
        f'<text x="{middle:.1f}" y="{HEIGHT - 6}" text-anchor="middle">steps back from the last '
        "answer</text>"
    )
    for line in lines:
        path = " ".join(f"{x(d):.1f},{y(n):.1f}" for d, n in line.points if math.isfinite(n))
        parts.append(f'<polyline class="{line.style}" points="{path}"/>')
    ends = _apart([(y(line.points[-1][1]), line) for line in lines if line.name])
    for at, line in ends:
        parts.append(
            f'<text class="end {line.style}" x="{x(reach) + 8:.1f}" y="{at + 4:.1f}">'
            f"{escape(line.name)}</text>"
        )
    return "".join([*parts, "</svg>"])


def _apart(ends: list[tuple[float, Line]], gap: float = 14) -> list[tuple[float, Line]]:
    """Return the heights of the labels, moved as little as needed so that none covers another."""
    placed: list[tuple[float, Line]] = []
    for height, line in sorted(ends, key=lambda end: end[0]):
        least = placed[-1][0] + gap if placed else TOP
        placed.append((max(height, least), line))
    too_low = max(0.0, placed[-1][0] - (HEIGHT - BOTTOM)) if placed else 0.0
    return [(height - too_low, line) for height, line in placed]


def _power(exponent: int) -> str:
    digits = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "1" if exponent == 0 else f"10{digits}"
