"""Calibration as a picture: the risks given against what came true, from the model's own evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from dropout_risk.pages.scales import Tick
from dropout_risk.watchlist.told import percent

HEIGHT = 280
_TICKS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Group:
    """One group of test rows: its place on the picture, and the same in words."""

    x: float
    y: float
    low: float
    high: float
    given: str
    observed: str
    interval: str
    rows: int


@dataclass(frozen=True)
class CalibrationPlot:
    """Groups on two axes that are stretched alike, so that the diagonal stays a diagonal.

    Parameters
    ----------
    groups : tuple of Group
        By rising risk; ``x`` on a field 100 wide, ``y`` from the top of one ``HEIGHT`` high.
    across, up : tuple of Tick
        Risks on the two axes.
    """

    groups: tuple[Group, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]

    @classmethod
    def of(cls, bins: Sequence[Mapping[str, Any]]) -> Self | None:
        """Draw the bins of an evaluation report; None where there are none."""
        if not bins:
            return None
        top = min(1.0, 1.1 * max(max(item["mean_risk"], item["high"]) for item in bins))
        groups = tuple(
            Group(
                x=_across(item["mean_risk"], top),
                y=_down(item["observed"], top),
                low=_down(item["low"], top),
                high=_down(item["high"], top),
                given=f"{item['mean_risk']:.1%}",
                observed=f"{item['observed']:.1%}",
                interval=f"{item['low']:.1%} – {item['high']:.1%}",
                rows=int(item["n"]),
            )
            for item in bins
        )
        risks = [risk for risk in _TICKS if risk <= top]
        return cls(
            groups,
            tuple(Tick(_across(risk, top), percent(risk)) for risk in risks),
            tuple(Tick(_down(risk, top), percent(risk)) for risk in risks),
        )


def _across(risk: float, top: float) -> float:
    return round(100 * math.sqrt(max(risk, 0.0) / top), 2)


def _down(risk: float, top: float) -> float:
    return round(HEIGHT * (1 - math.sqrt(max(risk, 0.0) / top)), 2)
