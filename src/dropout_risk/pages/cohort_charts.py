"""How the risks of a cohort are spread: bars on an axis in log-odds, with the limits of the bands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit, logit

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import DOMAINS, FeatureCatalogue
from dropout_risk.pages.pupil_charts import RiskScale, Scale, Tick, signed
from dropout_risk.pages.words import WORDS
from dropout_risk.scoring.score_rows import PupilHead
from dropout_risk.settings import BandSettings
from dropout_risk.text import Language, percent
from dropout_risk.watchlist.group import BANDS, UNKNOWN

# --- Calibration as a picture: the risks given against what came true, from the model's own evaluation ---

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


# --- Reasons overall: how much each fact weighs over a whole cohort, and how far that is spread ---

MOST_FACTS, LEAST_PUPILS = 15, 20
_QUANTILES = (0.05, 0.25, 0.75, 0.95)


@dataclass(frozen=True)
class FactRow:
    """One fact over the cohort.

    Parameters
    ----------
    label, domain : str
        What it is.
    weight : str
        The mean contribution whatever its sign.
    outer, inner : tuple of float
        Where nine tenths and where half of the pupils lie, on a field 100 wide.
    mean : float
        The place of the mean.
    told : str
        The picture in words.
    """

    label: str
    domain: str
    weight: str
    outer: tuple[float, float]
    inner: tuple[float, float]
    mean: float
    told: str


@dataclass(frozen=True)
class Overall:
    """Facts by their mean weight, the largest first.

    Parameters
    ----------
    rows : tuple of FactRow
        Empty where there are too few pupils.
    zero : float
        The place of a contribution of nothing.
    pupils : int
        Over how many pupils.
    """

    rows: tuple[FactRow, ...]
    zero: float
    pupils: int

    @classmethod
    def of(
        cls,
        batches: Iterable[pa.RecordBatch],
        catalogue: FeatureCatalogue,
        language: Language,
        hidden: Collection[str] = (),
    ) -> Self:
        """Sum up the contributions of a cohort.

        Parameters
        ----------
        batches : iterable of pyarrow.RecordBatch
            Rows of scores, as :func:`dropout_risk.scoring.population.score_blocks` gives them.
        catalogue : FeatureCatalogue
            Which features tell one fact.
        language : {"zh", "en"}
            The language of the labels.
        hidden : collection of str
            Domains whose facts are left out.
        """
        families = {family: place for place, family in enumerate(dict.fromkeys(
            feature.family for feature in catalogue.values()))}  # fmt: skip
        of = np.array([families[feature.family] for feature in catalogue.values()])
        parts = [_contributions(batch) for batch in batches]
        each = np.concatenate(parts) if parts else np.zeros((0, len(of)))
        if len(each) < LEAST_PUPILS:
            return cls((), 50.0, len(each))
        facts = np.zeros((len(each), len(families)))
        for place, family in enumerate(of.tolist()):
            facts[:, family] += each[:, place]
        weight = np.abs(facts).mean(axis=0)
        closed = [families[item.family] for item in catalogue.values() if item.domain in hidden]
        weight[np.array(closed, dtype=np.int64)] = 0.0
        order = [
            place for place in np.argsort(-weight, kind="stable")[:MOST_FACTS].tolist() if weight[place] > 0
        ]
        spread = np.quantile(facts, _QUANTILES, axis=0)
        held = [0.0, *spread[[0, 3]][:, order].ravel().tolist(), *facts[:, order].mean(axis=0).tolist()]
        room = 0.03 * max(max(held) - min(held), 0.1)
        scale = Scale(min(held) - room, max(held) + room)
        speaker = _speakers(np.abs(each).mean(axis=0), of)
        features = list(catalogue.values())
        rows = tuple(
            FactRow(
                label=features[speaker[place]].label.to(language),
                domain=DOMAINS[features[speaker[place]].domain].to(language),
                weight=f"{weight[place]:.2f}",
                outer=(scale(spread[0, place]), scale(spread[3, place])),
                inner=(scale(spread[1, place]), scale(spread[2, place])),
                mean=scale(facts[:, place].mean()),
                told=_told(facts[:, place].mean(), spread[:, place], language),
            )
            for place in order
        )
        return cls(rows, scale(0.0), len(each))


def _contributions(batch: pa.RecordBatch) -> Floats:
    """Give one row of numbers per pupil who has a score."""
    rows = batch.filter(batch["error"].is_null())["contributions"]
    columns = [column.to_numpy(zero_copy_only=False) for column in rows.flatten()]
    return np.column_stack(columns) if columns else np.zeros((len(rows), 0))


def _speakers(weight: Floats, of: npt.NDArray[np.int64]) -> dict[int, int]:
    """Give the feature of each fact that weighs most: its label stands for all of them."""
    speaker: dict[int, int] = {}
    for place in np.argsort(-weight, kind="stable").tolist():
        speaker.setdefault(int(of[place]), place)
    return speaker


def _told(mean: float, spread: Floats, language: Language) -> str:
    return WORDS["overall_said"].fill(
        language, mean=signed(mean), low=signed(spread[0]), high=signed(spread[3])
    )


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
    def of(cls, pupils: Sequence[PupilHead], bands: BandSettings, language: Language) -> Self:
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


def _rows(pupils: Sequence[PupilHead], bands: BandSettings, language: Language) -> tuple[BandRow, ...]:
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
