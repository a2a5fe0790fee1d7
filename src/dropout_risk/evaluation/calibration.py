"""The calibration part of a report: whether risks may be read as probabilities, as a whole and by school."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dropout_risk.evaluation.calibration_figures import FEWEST_SCHOOLS, CalibrationFigures, Judged
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
from dropout_risk.evaluation.metrics import Array, outcomes_and_risks
from dropout_risk.evaluation.section import Cell, Check, Section, SectionTable, inside
from dropout_risk.evaluation.shrinkage import FEWEST_PUPILS, GroupShifts, shrunk_shifts
from dropout_risk.evaluation.wording import filled
from dropout_risk.text import Text

SLOPE_BOUNDS = (0.8, 1.25)
SHIFT_BOUNDS = (-0.25, 0.25)
FEWEST_DROPOUTS = 20
MOST_SHOWN = 10


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
        ``calibration_in_the_large``, passed only where the whole interval lies within the bounds.
    """
    figures = CalibrationFigures.of(judged, seed)
    y, p = outcomes_and_risks(judged.outcomes, judged.risks)
    by = {"school": judged.schools, **judged.groups}
    shifts = {name: shrunk_shifts(y, p, groups, judged.pupils) for name, groups in by.items()}
    covered = _covered(judged, y, p, seed)
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


def _covered(judged: Judged, y: Array, p: Array, seed: int) -> tuple[Coverage, Coverage] | None:
    """Hold the intervals to account, and beside them the risks themselves, as if they were exact."""
    if judged.interval is None:
        return None
    bounds = (judged.interval, np.column_stack([p, p]))
    given, exact = (cohort_coverage(y, each, judged.schools, judged.days, seed=seed) for each in bounds)
    return given, exact


def _remarks(
    shifts: Mapping[str, GroupShifts],
    covered: tuple[Coverage, Coverage] | None,
    sets: Mapping[str, float] | None,
) -> list[Text]:
    said = []
    if _tells_spread(shifts["school"]):
        said.append(filled(SPREAD, spread=shifts["school"].spread))
    small = sum(found.small for found in shifts.values())
    if small:
        said.append(filled(SMALL, groups=small, fewest=FEWEST_PUPILS))
    if covered is not None and covered[0].cohorts >= FEWEST_COHORTS:
        given, exact = covered
        said.append(filled(COVERED, share=given.share, cohorts=given.cohorts, exact=exact.share))
    elif covered is not None:
        said.append(FEW_COHORTS)
    if sets is not None:
        said.append(filled(SETS, **sets))
    return said


def _tells_spread(schools: GroupShifts) -> bool:
    """Say whether there are schools enough: of two the spread found is the one assumed before."""
    return bool(np.isfinite(schools.spread)) and len(schools.groups) >= FEWEST_SCHOOLS


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
    return SectionTable(
        title, GROUP_COLUMNS, rows if len(found.groups) > 1 else (), by_school=name == "school"
    )


def _metrics(
    figures: CalibrationFigures,
    schools: GroupShifts,
    covered: tuple[Coverage, Coverage] | None,
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
    }
    if _tells_spread(schools):
        found |= {"school_spread": schools.spread}
    if covered is not None and covered[0].cohorts >= FEWEST_COHORTS:
        given, exact = covered
        found |= {"interval_coverage": given.share, "interval_cohorts": float(given.cohorts)}
        found |= {"interval_coverage_of_exact_risks": exact.share}
    if sets is not None:
        found |= {f"set_coverage_{name}": sets[name] for name in ("stay", "drop_out")}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _checks(figures: CalibrationFigures, dropouts: int) -> tuple[Check, Check]:
    names = ("calibration_slope", "calibration_in_the_large")
    if dropouts < FEWEST_DROPOUTS or not np.isfinite(figures.slope):
        reason = filled(NO_SLOPE, dropouts=dropouts, fewest=FEWEST_DROPOUTS)
        return Check(names[0], None, reason), Check(names[1], None, reason)
    judged = (
        (CHECKED_SLOPE, figures.slope, figures.slope_bounds, SLOPE_BOUNDS),
        (CHECKED_LARGE, figures.in_the_large, figures.in_the_large_bounds, SHIFT_BOUNDS),
    )
    slope, large = (
        Check(
            name,
            inside(interval, bounds),
            filled(words, value=value, low=interval[0], high=interval[1], least=bounds[0], most=bounds[1]),
        )
        for name, (words, value, interval, bounds) in zip(names, judged, strict=True)
    )
    return slope, large
