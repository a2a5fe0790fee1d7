"""The calibration part of a report: whether risks may be read as probabilities, as a whole and by school."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.calibration_words import (
    BY_GROUP,
    CHECKED_LARGE,
    CHECKED_SLOPE,
    CLUSTERS,
    COVERED,
    FEW_COHORTS,
    FIGURES,
    GROUP_COLUMNS,
    NO_SLOPE,
    SETS,
    SMALL,
    SPREAD,
    SUMMARY,
    SUMMARY_COLUMNS,
    TITLE,
)
from dropout_risk.evaluation.coverage import FEWEST_COHORTS, Coverage, cohort_coverage, set_coverage
from dropout_risk.evaluation.metrics import (
    Array,
    calibration_in_the_large,
    calibration_slope,
    log_odds,
    outcomes_and_risks,
)
from dropout_risk.evaluation.section import Cell, Check, Section, SectionTable
from dropout_risk.evaluation.shrinkage import FEWEST_PUPILS, GroupShifts, shrunk_shifts
from dropout_risk.modelling.intervals import known_codes
from dropout_risk.text import Text

Labels = npt.NDArray[Any]
Bounds = tuple[float, float]
SLOPE_BOUNDS = (0.8, 1.25)
LARGEST_SHIFT = 0.25
FEWEST_SCHOOLS = 10
"""Schools below which errors are clustered by pupil: a bootstrap over three schools says nothing."""
FEWEST_DROPOUTS = 20
BINS, REPEATS = 10, 200
MOST_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows that a model did not see: what it said of them and what happened.

    Parameters
    ----------
    outcomes, risks : array
        0 or 1, and between 0 and 1.
    pupils, schools, days : array
        Of each row; a school may be unknown (None or an empty text).
    interval : array of shape (n, 2), optional
        The model's intervals at 90 %.
    open_outcomes : bool array of shape (n, 2), optional
        Whether each pupil's conformal set holds "stay", and "drop out".
    groups : mapping of str to array
        Other ways to group the rows.
    """

    outcomes: npt.NDArray[Any]
    risks: npt.NDArray[Any]
    pupils: Labels
    schools: Labels
    days: Labels
    interval: Array | None = None
    open_outcomes: npt.NDArray[np.bool_] | None = None
    groups: Mapping[str, Labels] = field(default_factory=dict)

    @cached_property
    def clusters(self) -> tuple[str, npt.NDArray[np.intp]]:
        """By what errors are clustered, ``school`` or ``pupil``, and the cluster of each row."""
        school = known_codes(self.schools)
        by_school = school.min(initial=0) >= 0 and school.max(initial=-1) + 1 >= FEWEST_SCHOOLS
        code = school if by_school else pd.factorize(self.pupils)[0]
        return ("school" if by_school else "pupil"), np.asarray(code, dtype=np.intp)


@dataclass(frozen=True)
class CalibrationFigures:
    """Calibration in figures, each with its 95 % interval.

    Parameters
    ----------
    slope, in_the_large, error : float
        Of log-odds (1 is right); the shift of log-odds that is missing (0 is right); the mean distance
        between risk and share over ten bins of risk.
    slope_bounds, in_the_large_bounds, error_bounds : tuple of float
    by_chance : float
        The error that a perfectly calibrated model would show on as many rows.
    """

    slope: float
    slope_bounds: Bounds
    in_the_large: float
    in_the_large_bounds: Bounds
    error: float
    error_bounds: Bounds
    by_chance: float

    @classmethod
    def of(cls, judged: Judged, seed: int = 0) -> CalibrationFigures:
        """Measure them; NaN where a figure is not defined."""
        y, p = outcomes_and_risks(judged.outcomes, judged.risks)
        _, clusters = judged.clusters
        error, bounds = expected_calibration_error(y, p, clusters, seed)
        chance = _error_by_chance(p, seed)
        if y.min() == y.max():
            nothing = (float("nan"), float("nan"))
            return cls(float("nan"), nothing, float("nan"), nothing, error, bounds, chance)
        slope, _ = calibration_slope(y, p)
        large = calibration_in_the_large(y, p)
        return cls(
            slope, _slope_bounds(y, p, slope, clusters), large, _large_bounds(y, p, large, clusters),
            error, bounds, chance,
        )  # fmt: skip


def calibration_section(judged: Judged, *, seed: int = 0) -> Section:
    """Say in a report whether risks may be read as probabilities, and hold intervals to their promise.

    Parameters
    ----------
    judged : Judged
        Rows that the model did not see.
    seed : int, default=0
        Of the bootstrap and the draws.

    Returns
    -------
    Section
        ``calibration``: slope, calibration in the large and expected calibration error with intervals
        clustered by school (by pupil with fewer than ten schools); the schools and groups that are furthest
        off, drawn towards the whole; coverage of intervals and sets. Checks ``calibration_slope`` and
        ``calibration_in_the_large``.
    """
    figures = CalibrationFigures.of(judged, seed)
    y, p = outcomes_and_risks(judged.outcomes, judged.risks)
    by = {"school": judged.schools, **judged.groups}
    shifts = {name: shrunk_shifts(y, p, groups, judged.pupils) for name, groups in by.items()}
    covered = _covered(judged, y, seed)
    sets = None if judged.open_outcomes is None else set_coverage(y, judged.open_outcomes)
    remarks = [CLUSTERS[judged.clusters[0]], *_remarks(shifts, covered, sets)]
    tables = [_figures_table(figures), *(_group_table(name, found) for name, found in shifts.items())]
    return Section(
        "calibration",
        TITLE,
        remarks=tuple(remarks),
        tables=tuple(table for table in tables if table.rows),
        metrics=_metrics(figures, shifts["school"], covered, sets),
        checks=_checks(figures, int(y.sum())),
    )


def expected_calibration_error(
    y: Array, p: Array, clusters: npt.NDArray[np.intp], seed: int = 0
) -> tuple[float, Bounds]:
    """Give the mean distance between risk and share over ten bins, and its interval.

    The bins are fixed and hold about as many rows each. Whole clusters are drawn with replacement, 200
    times; since an absolute value grows by noise, the draws are moved so that their mean is the error.
    """
    bin_of = _bins(p)
    n, bins = int(clusters.max()) + 1, int(bin_of.max()) + 1
    place = clusters * bins + bin_of
    surplus = np.bincount(place, weights=y - p, minlength=n * bins).reshape(n, bins)
    rows = np.bincount(clusters, minlength=n).astype(np.float64)
    error = float(np.abs(surplus.sum(axis=0)).sum() / rows.sum())
    rng = np.random.default_rng(seed)
    drawn = np.empty(REPEATS)
    for repeat in range(REPEATS):
        times = np.bincount(rng.integers(n, size=n), minlength=n)
        drawn[repeat] = np.abs(times @ surplus).sum() / (times @ rows)
    low, high = np.quantile(drawn - drawn.mean() + error, [0.025, 0.975])
    return error, (max(float(low), 0.0), float(high))


def _error_by_chance(p: Array, seed: int) -> float:
    rng, bin_of = np.random.default_rng([seed, 2]), _bins(p)
    drawn = [
        np.abs(np.bincount(bin_of, weights=(rng.random(len(p)) < p) - p)).sum() / len(p) for _ in range(50)
    ]
    return float(np.mean(drawn))


def _bins(p: Array) -> npt.NDArray[np.intp]:
    edges = np.unique(np.quantile(p, np.linspace(0, 1, BINS + 1)))[1:-1]
    return np.searchsorted(edges, p, side="right")


def _slope_bounds(y: Array, p: Array, slope: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    """Give the slope's interval: the sandwich estimate, clustered, with as many degrees as clusters."""
    from scipy.optimize import brentq
    from scipy.special import expit

    if not np.isfinite(slope):
        return float("nan"), float("nan")
    margin = slope * log_odds(p)
    shift = float(brentq(lambda step: float(expit(margin + step).sum() - y.sum()), -80.0, 80.0))
    risk = expit(margin + shift)
    rows = np.column_stack([log_odds(p), np.ones(len(p))])
    bread = np.linalg.pinv((rows.T * (risk * (1 - risk))) @ rows)
    scores = np.column_stack([np.bincount(clusters, weights=column * (y - risk)) for column in rows.T])
    error = float(np.sqrt((bread @ (scores.T @ scores) @ bread)[0, 0]))
    return _around(slope, error, clusters)


def _large_bounds(y: Array, p: Array, shift: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    risk = 1 / (1 + np.exp(-(log_odds(p) + shift)))
    surplus = np.bincount(clusters, weights=y - risk)
    return _around(shift, float(np.sqrt((surplus**2).sum()) / (risk * (1 - risk)).sum()), clusters)


def _around(middle: float, error: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    from scipy.special import stdtrit

    n = int(clusters.max()) + 1
    half = float(stdtrit(max(n - 1, 1), 0.975)) * error * np.sqrt(n / max(n - 1, 1))
    return float(middle - half), float(middle + half)


def _covered(judged: Judged, y: Array, seed: int) -> Coverage | None:
    if judged.interval is None:
        return None
    return cohort_coverage(y, judged.interval, judged.schools, judged.days, seed=seed)


def _remarks(
    shifts: Mapping[str, GroupShifts], covered: Coverage | None, sets: Mapping[str, float] | None
) -> list[Text]:
    said = []
    if np.isfinite(shifts["school"].spread) and len(shifts["school"].groups) > 1:
        said.append(_filled(SPREAD, spread=shifts["school"].spread))
    small = sum(found.small for found in shifts.values())
    if small:
        said.append(_filled(SMALL, groups=small, fewest=FEWEST_PUPILS))
    if covered is not None and covered.cohorts >= FEWEST_COHORTS:
        said.append(_filled(COVERED, share=covered.share, cohorts=covered.cohorts))
    elif covered is not None:
        said.append(FEW_COHORTS)
    if sets is not None:
        said.append(_filled(SETS, **sets))
    return said


def _filled(text: Text, **fields: object) -> Text:
    return Text(zh=text.fill("zh", **fields), en=text.fill("en", **fields))


def _figures_table(found: CalibrationFigures) -> SectionTable:
    rows: list[tuple[Cell, ...]] = [
        (FIGURES["slope"], found.slope, *found.slope_bounds),
        (FIGURES["in_the_large"], found.in_the_large, *found.in_the_large_bounds),
        (FIGURES["error"], found.error, *found.error_bounds),
        (FIGURES["by_chance"], found.by_chance, None, None),
    ]
    return SectionTable(SUMMARY, SUMMARY_COLUMNS, tuple(rows))


def _group_table(name: str, found: GroupShifts) -> SectionTable:
    rows = tuple(
        (one.group, one.pupils, one.dropouts, one.mean_risk, one.share, one.shift, one.low, one.high)
        for one in found.groups[:MOST_SHOWN]
    )
    title = BY_GROUP.get(name, Text(zh=name, en=name))
    return SectionTable(title, GROUP_COLUMNS, rows if len(found.groups) > 1 else ())


def _metrics(
    figures: CalibrationFigures,
    schools: GroupShifts,
    covered: Coverage | None,
    sets: Mapping[str, float] | None,
) -> dict[str, float]:
    found = {
        "slope": figures.slope,
        "slope_low": figures.slope_bounds[0],
        "slope_high": figures.slope_bounds[1],
        "in_the_large": figures.in_the_large,
        "in_the_large_low": figures.in_the_large_bounds[0],
        "in_the_large_high": figures.in_the_large_bounds[1],
        "error": figures.error,
        "error_low": figures.error_bounds[0],
        "error_high": figures.error_bounds[1],
        "error_by_chance": figures.by_chance,
        "school_spread": schools.spread,
    }
    if covered is not None and covered.cohorts >= FEWEST_COHORTS:
        found |= {"interval_coverage": covered.share, "interval_cohorts": float(covered.cohorts)}
    if sets is not None:
        found |= {f"set_coverage_{name}": sets[name] for name in ("stay", "drop_out")}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _checks(figures: CalibrationFigures, dropouts: int) -> tuple[Check, Check]:
    names = ("calibration_slope", "calibration_in_the_large")
    if dropouts < FEWEST_DROPOUTS or not np.isfinite(figures.slope):
        reason = _filled(NO_SLOPE, dropouts=dropouts, fewest=FEWEST_DROPOUTS)
        return Check(names[0], None, reason), Check(names[1], None, reason)
    (low, high), (down, up) = figures.slope_bounds, figures.in_the_large_bounds
    least, most = SLOPE_BOUNDS
    slope = _filled(CHECKED_SLOPE, slope=figures.slope, low=low, high=high, least=least, most=most)
    shift = figures.in_the_large
    large = _filled(CHECKED_LARGE, shift=shift, low=down, high=up, most=LARGEST_SHIFT)
    return (
        Check(names[0], bool(least <= figures.slope <= most), slope),
        Check(names[1], bool(down <= 0 <= up or abs(shift) <= LARGEST_SHIFT), large),
    )
