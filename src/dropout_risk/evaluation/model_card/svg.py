"""A picture as SVG: places in per cent of the width, letters in pixels, no style and no script."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HEIGHT = 240
LEFT, ABOVE, WIDE, BELOW = 46, 26, 82, 64
"""Pixels left of the field and above it, per cent of the width that it takes, pixels that are not of it."""
SOFT, GRID, GUIDE = "#4c5861", "#dfe4e8", "#8a969e"

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A line through points, in the units of the axes; with a word it is named in the legend."""

    points: Sequence[Point]
    colour: str
    word: str = ""
    width: float = 1.5
    dashes: str = ""


@dataclass(frozen=True)
class Area:
    """What lies between two lines of one colour."""

    upper: Sequence[Point]
    lower: Sequence[Point]
    colour: str


@dataclass(frozen=True)
class Dot:
    """A dot, with a whisker where ``low`` and ``high`` are given."""

    x: float
    y: float
    colour: str
    low: float | None = None
    high: float | None = None
    told: str = ""


@dataclass(frozen=True)
class Axis:
    """An even axis with its marks, each a place and a word."""

    low: float
    high: float
    marks: Sequence[tuple[float, str]]
    word: str = ""

    def place(self, value: float) -> float:
        """Give the place of a value, in per cent."""
        return round(100 * (value - self.low) / ((self.high - self.low) or 1.0), 2)


@dataclass(frozen=True)
class Plot:
    """Lines, areas and dots on two axes.

    >>> axis = Axis(0, 1, [(0, "0"), (1, "1")])
    >>> plot = Plot("A line", axis, axis, [Line([(0, 0), (1, 1)], "#000")])
    >>> '<polyline points="0.0,100.0 100.0,0.0"' in plot.svg()
    True
    """

    told: str
    across: Axis
    up: Axis
    lines: Sequence[Line] = ()
    areas: Sequence[Area] = ()
    dots: Sequence[Dot] = ()

    def svg(self) -> str:
        """Write the picture; every word is escaped."""
        told = html.escape(self.told)
        high = HEIGHT + BELOW
        return (
            f'<svg class="plot" width="100%" height="{high}" role="img" aria-label="{told}">'
            f"<title>{told}</title>"
            f'<svg x="{LEFT}" y="{ABOVE}" width="{WIDE}%" height="{HEIGHT}" overflow="visible">'
            f"{self._grid()}{self._field()}{''.join(map(self._dot, self.dots))}</svg></svg>"
        )

    def figure(self) -> str:
        """Write the picture under its words, with its legend."""
        said = f"<figcaption>{html.escape(self.told)}</figcaption>"
        return f'<figure class="drawn">{said}{self.svg()}{self.legend()}</figure>'

    def legend(self) -> str:
        """Write which line is which, in words, where more than one is named."""
        named = [line for line in self.lines if line.word]
        if len(named) < 2:
            return ""
        items = "".join(
            f'<li><svg class="swatch" width="26" height="12" aria-hidden="true">'
            f'<line x1="0" x2="26" y1="6" y2="6" stroke="{line.colour}" '
            f'stroke-width="{max(line.width, 2)}"{_line_dashes(line)}/></svg> '
            f"{html.escape(line.word)}</li>"
            for line in named
        )
        return f'<ul class="legend">{items}</ul>'

    def _grid(self) -> str:
        parts = [
            f'<text x="{-LEFT + 4}" y="-12" fill="{SOFT}">{html.escape(self.up.word)}</text>'
            if self.up.word
            else ""
        ]
        for value, word in self.up.marks:
            y = self._y(value)
            parts.append(
                f'<line x1="0" x2="100%" y1="{y}%" y2="{y}%" stroke="{GRID}"/>'
                f'<text x="-6" y="{y}%" dy="4" text-anchor="end" fill="{SOFT}">{html.escape(word)}</text>'
            )
        for value, word in self.across.marks:
            x = self.across.place(value)
            parts.append(
                f'<line x1="{x}%" x2="{x}%" y1="100%" y2="{HEIGHT + 4}" stroke="{SOFT}"/>'
                f'<text x="{x}%" y="{HEIGHT + 17}" text-anchor="middle" fill="{SOFT}">'
                f"{html.escape(word)}</text>"
            )
        if self.across.word:
            named = html.escape(self.across.word)
            parts.append(f'<text x="50%" y="{HEIGHT + 33}" text-anchor="middle" fill="{SOFT}">{named}</text>')
        return "".join(parts)

    def _field(self) -> str:
        """Write lines and areas on a field that is stretched; their widths are not."""
        drawn = "".join([*map(self._area, self.areas), *map(self._line, self.lines)])
        return (
            '<svg x="0" y="0" width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none" '
            f'overflow="visible">{drawn}</svg>'
        )

    def _area(self, area: Area) -> str:
        points = self._points([*area.upper, *reversed(area.lower)])
        return f'<polygon points="{points}" fill="{area.colour}" fill-opacity="0.18"/>'

    def _line(self, line: Line) -> str:
        return (
            f'<polyline points="{self._points(line.points)}" fill="none" stroke="{line.colour}" '
            f'stroke-width="{line.width}" vector-effect="non-scaling-stroke"{_line_dashes(line)}/>'
        )

    def _dot(self, dot: Dot) -> str:
        x, y = self.across.place(dot.x), self._y(dot.y)
        title = f"<title>{html.escape(dot.told)}</title>" if dot.told else ""
        whisker = ""
        if dot.low is not None and dot.high is not None:
            low, high = self._y(dot.low), self._y(dot.high)
            whisker = f'<line x1="{x}%" x2="{x}%" y1="{low}%" y2="{high}%" stroke="{dot.colour}"/>'
        return f'{whisker}<circle cx="{x}%" cy="{y}%" r="3.5" fill="{dot.colour}">{title}</circle>'

    def _points(self, points: Iterable[Point]) -> str:
        return " ".join(f"{self.across.place(x)},{self._y(y)}" for x, y in points)

    def _y(self, value: float) -> float:
        return round(100 - self.up.place(value), 2)


def _line_dashes(line: Line) -> str:
    return f' stroke-dasharray="{line.dashes}"' if line.dashes else ""


def percent_axis(low: float, high: float, word: str = "", most: int = 6) -> Axis:
    """Make an axis of shares with round marks.

    >>> [text for _, text in percent_axis(0.0, 0.2).marks]
    ['0%', '4%', '8%', '12%', '16%', '20%']
    """
    return _marked_axis(low, high, word, most, lambda value: f"{round(100 * value, 6):g}%")


def number_axis(low: float, high: float, word: str = "", most: int = 6) -> Axis:
    """Make an axis of numbers with round marks; what rounds to zero has no sign.

    >>> [text for _, text in number_axis(-1.0, 1.0, most=5).marks]
    ['−1', '−0.5', '0', '0.5', '1']
    """
    return _marked_axis(low, high, word, most, lambda value: f"{round(value, 6) + 0.0:g}".replace("-", "−"))


def _marked_axis(low: float, high: float, word: str, most: int, write: Callable[[float], str]) -> Axis:
    span = (high - low) or 1.0
    size = 10.0 ** math.floor(math.log10(span / max(most - 1, 1)))
    step = next(size * factor for factor in (1, 2, 4, 5, 10, 20) if span / (size * factor) <= most - 1 + 1e-9)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return Axis(low, high, [(number * step, write(number * step)) for number in range(first, last + 1)], word)
