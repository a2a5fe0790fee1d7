"""From numbers to places on a picture that is 100 wide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from scipy.special import logit

_ROUND = (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
_BETWEEN = (0.002, 0.005, 0.03, 0.07, 0.15, 0.3, 0.4, 0.6, 0.7, 0.98)
_ROOM = 0.04


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Scale:
    """An even axis from ``low`` to ``high``.

    >>> Scale(10, 20)(12.5)
    25.0
    """

    low: float
    high: float

    def __call__(self, value: float) -> float:
        """Give the place of a value."""
        return round(100 * (value - self.low) / (self.high - self.low), 3)


@dataclass(frozen=True)
class RiskScale(Scale):
    """An axis in log-odds, on which contributions add up, marked in percent."""

    @classmethod
    def around(cls, log_odds: Iterable[float]) -> Self:
        """Make an axis that holds some log-odds with a little room on both sides."""
        held = list(log_odds)
        low, high = min(held), max(held)
        room = _ROOM * max(high - low, 1.0)
        return cls(low - room, high + room)

    def ticks(self, apart: float = 13.0) -> tuple[Tick, ...]:
        """Mark round risks, none nearer to the next than ``apart``.

        >>> [tick.text for tick in RiskScale.around(logit([0.04, 0.4])).ticks()]
        ['5%', '10%', '20%', '30%', '40%']
        """
        marks: list[Tick] = []
        for risk in _ROUND + _BETWEEN:
            x = self(float(logit(risk)))
            if 3 <= x <= 97 and all(abs(x - mark.x) >= apart for mark in marks):
                marks.append(Tick(x, f"{100 * risk:g}%"))
        return tuple(sorted(marks, key=lambda mark: mark.x))


def signed_number(contribution: float) -> str:
    """Write a contribution with its sign.

    >>> signed_number(0.834), signed_number(-0.4), signed_number(0.0)
    ('+0.83', '−0.40', '0.00')
    """
    size = f"{abs(contribution):.2f}"
    return size if float(size) == 0 else f"{'+' if contribution > 0 else '−'}{size}"
