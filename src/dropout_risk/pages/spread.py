"""How the risks of a cohort are spread: bars on an axis in log-odds, with the limits of the bands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import expit, logit

from dropout_risk.pages.scales import RiskScale, Tick
from dropout_risk.pages.words import WORDS
from dropout_risk.scoring.scored_pupils import Head
from dropout_risk.settings import BandSettings
from dropout_risk.text import Language
from dropout_risk.watchlist.entry import BANDS, UNKNOWN
from dropout_risk.watchlist.told import percent

HEIGHT, TOP, MOST_BARS = 190, 54, 24
_NEAREST = 1e-6


@dataclass(frozen=True)
class Bar:
    """One bar; ``number`` is written above it."""

    x: float
    y: float
    width: float
    height: float
    number: str
    told: str


@dataclass(frozen=True)
class BandRow:
    """One band in numbers."""

    band: str
    word: str
    begins: str
    pupils: int
    share: str


@dataclass(frozen=True)
class Spread:
    """The distribution of the risks of those who were judged.

    Parameters
    ----------
    bars : tuple of Bar
        On a field 100 wide.
    limits : tuple of (float, str)
        Where each band begins, and its name.
    ticks : tuple of Tick
        Risks on the axis.
    rows : tuple of BandRow
        The same in numbers, the highest band first.
    said : str
        The picture in words.
    """

    bars: tuple[Bar, ...]
    limits: tuple[tuple[float, str], ...]
    ticks: tuple[Tick, ...]
    rows: tuple[BandRow, ...]
    said: str

    @classmethod
    def of(cls, pupils: Sequence[Head], bands: BandSettings, language: Language) -> Self:
        """Draw the distribution.

        Parameters
        ----------
        pupils : sequence of Head
            Everybody with a score.
        bands : BandSettings
            Where the bands begin.
        language : {"zh", "en"}
            The language of the words.
        """
        judged = [pupil.risk for pupil in pupils if pupil.band != UNKNOWN]
        rows = _rows(pupils, bands, language)
        between = "，" if language == "zh" else ", "
        counts = between.join(f"{row.word} {row.pupils}" for row in rows if row.band != UNKNOWN)
        said = WORDS["spread_said"].fill(language, n=len(judged), counts=counts)
        if not judged:
            return cls((), (), (), rows, said)
        begins = [getattr(bands, band) for band in BANDS[1:]]
        log_odds = logit(np.clip(judged, _NEAREST, 1 - _NEAREST))
        scale = RiskScale.around([*log_odds.tolist(), *logit(begins).tolist()])
        limits = tuple(
            (scale(float(logit(begin))), WORDS[f"band_{band}"].to(language))
            for band, begin in zip(BANDS[1:], begins, strict=True)
        )
        return cls(_bars(log_odds, scale, language), limits, scale.ticks(8.0), rows, said)


def _bars(log_odds: np.ndarray, scale: RiskScale, language: Language) -> tuple[Bar, ...]:
    counts, edges = np.histogram(log_odds, bins=_number_of_bars(len(log_odds)))
    room, bars = HEIGHT - TOP, []
    for count, low, high in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if count:
            height = max(round(room * count / counts.max(), 1), 1.0)
            ends = {"low": percent(float(expit(low))), "high": percent(float(expit(high)))}
            told = WORDS["bar_said"].fill(language, n=count, **ends)
            width = round(0.94 * (scale(high) - scale(low)), 3)
            bars.append(Bar(scale(low), HEIGHT - height, width, height, str(count), told))
    return tuple(bars)


def _number_of_bars(n: int) -> int:
    return int(np.clip(2 * np.cbrt(n), 5, MOST_BARS))


def _rows(pupils: Sequence[Head], bands: BandSettings, language: Language) -> tuple[BandRow, ...]:
    counts = Counter(pupil.band for pupil in pupils)
    begins = {"high": bands.high, "elevated": bands.elevated, "watch": bands.watch}
    return tuple(
        BandRow(
            band=band,
            word=WORDS[f"band_{band}"].to(language),
            begins=percent(begins[band]) if band in begins else "",
            pupils=counts[band],
            share=percent(counts[band] / len(pupils)) if pupils else "–",
        )
        for band in (*reversed(BANDS), UNKNOWN)
        if band != UNKNOWN or counts[band]
    )
