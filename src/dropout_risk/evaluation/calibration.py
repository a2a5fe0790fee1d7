"""The calibration part of a report: whether risks may be read as probabilities, as a whole and by school."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dropout_risk.evaluation.calibration_figures import CalibrationFigures, Judged
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
from dropout_risk.evaluation.section import Cell, Check, Section, SectionTable
from dropout_risk.evaluation.shrinkage import FEWEST_PUPILS, GroupShifts, shrunk_shifts
from dropout_risk.text import Text

SLOPE_BOUNDS = (0.8, 1.25)
LARGEST_SHIFT = 0.25
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
    return SectionTable(
        title, GROUP_COLUMNS, rows if len(found.groups) > 1 else (), by_school=name == "school"
    )


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
