"""The calibration part of a report: whether risks may be read as probabilities, as a whole and by school."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from dropout_risk.arrays import Array, Bools, Floats, Positions
from dropout_risk.evaluation.metrics import (
    calibration_in_the_large,
    calibration_slope,
    log_odds,
    outcomes_and_risks,
    quantile_bins,
)
from dropout_risk.evaluation.parts import Parts
from dropout_risk.evaluation.questions.fairness_rates import ATTRIBUTES, WORDS, audit_groups
from dropout_risk.evaluation.questions.group_calibration import (
    FEWEST_COHORTS,
    FEWEST_PUPILS,
    Coverage,
    GroupShifts,
    cohort_coverage,
    set_coverage,
    shrunk_shifts,
)
from dropout_risk.evaluation.section import (
    Cell,
    Check,
    Question,
    Section,
    SectionKind,
    SectionTable,
    inside_bounds,
)
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.uncertainty import known_codes
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.text import Text

# --- Calibration in figures: slope, shift and error of risks, each with an interval clustered by school ---

Bounds = tuple[float, float]
FEWEST_SCHOOLS = 10
"""Schools below which errors are clustered by pupil: a bootstrap over three schools says nothing."""
BINS, REPEATS = 10, 200


@dataclass(frozen=True, eq=False)
class TestRows:
    """Rows that a model did not see: what it said of them and what happened.

    A school may be unknown (None or an empty text). ``interval`` holds the model's intervals at 90 % and
    ``open_outcomes`` whether each conformal set holds "stay", and "drop out", both of shape (n, 2);
    ``groups`` are other ways to group the rows.
    """

    outcomes: npt.NDArray[Any]
    risks: npt.NDArray[Any]
    pupils: Array
    schools: Array
    days: Array
    interval: Floats | None = None
    open_outcomes: npt.NDArray[np.bool_] | None = None
    groups: Mapping[str, Array] = field(default_factory=dict)

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

    The slope is that of log-odds (1 is right), ``in_the_large`` the shift of log-odds that is missing (0 is
    right), ``error`` the mean distance between risk and share over ten bins of risk, and ``by_chance`` the
    error that a perfectly calibrated model would show on as many rows.
    """

    slope: float
    slope_bounds: Bounds
    in_the_large: float
    in_the_large_bounds: Bounds
    error: float
    error_bounds: Bounds
    by_chance: float

    @classmethod
    def of(cls, rows: TestRows, seed: int = 0) -> Self:
        """Measure them; NaN where a figure is not defined."""
        y, p = outcomes_and_risks(rows.outcomes, rows.risks)
        _, clusters = rows.clusters
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


def expected_calibration_error(
    y: Floats, p: Floats, clusters: npt.NDArray[np.intp], seed: int = 0
) -> tuple[float, Bounds]:
    """Give the mean distance between risk and share over ten bins, and its interval.

    The bins are fixed and hold about as many rows each. Whole clusters are drawn with replacement, 200
    times; since an absolute value grows by noise, the draws are moved so that their mean is the error.
    """
    bin_of = quantile_bins(p, BINS)
    n, bins = int(clusters.max()) + 1, int(bin_of.max()) + 1
    position = clusters * bins + bin_of
    surplus = np.bincount(position, weights=y - p, minlength=n * bins).reshape(n, bins)
    rows = np.bincount(clusters, minlength=n).astype(np.float64)
    error = float(np.abs(surplus.sum(axis=0)).sum() / rows.sum())
    rng = np.random.default_rng(seed)
    drawn = np.empty(REPEATS)
    for repeat in range(REPEATS):
        times = np.bincount(rng.integers(n, size=n), minlength=n)
        drawn[repeat] = np.abs(times @ surplus).sum() / (times @ rows)
    low, high = np.quantile(drawn - drawn.mean() + error, [0.025, 0.975])
    return error, (max(float(low), 0.0), float(high))


def _error_by_chance(p: Floats, seed: int) -> float:
    rng, bin_of = np.random.default_rng([seed, 2]), quantile_bins(p, BINS)
    drawn = [
        np.abs(np.bincount(bin_of, weights=(rng.random(len(p)) < p) - p)).sum() / len(p) for _ in range(50)
    ]
    return float(np.mean(drawn))


def _slope_bounds(y: Floats, p: Floats, slope: float, clusters: npt.NDArray[np.intp]) -> Bounds:
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
    return _interval_around(slope, error, clusters)


def _large_bounds(y: Floats, p: Floats, shift: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    risk = 1 / (1 + np.exp(-(log_odds(p) + shift)))
    surplus = np.bincount(clusters, weights=y - risk)
    return _interval_around(shift, float(np.sqrt((surplus**2).sum()) / (risk * (1 - risk)).sum()), clusters)


def _interval_around(middle: float, error: float, clusters: npt.NDArray[np.intp]) -> Bounds:
    from scipy.special import stdtrit

    n = int(clusters.max()) + 1
    half = float(stdtrit(max(n - 1, 1), 0.975)) * error * np.sqrt(n / max(n - 1, 1))
    return float(middle - half), float(middle + half)


# --- The words of the calibration part of a report ---

SLOPE = Question(
    "calibration_slope",
    "校准斜率",
    Text(
        zh="给出的风险高低之差是否符合后来的事实",
        en="whether high and low risks are as far apart as what came true",
    ),
)
IN_THE_LARGE = Question(
    "calibration_in_the_large",
    "总体校准",
    Text(zh="给出的风险总体上是否太高或太低", en="whether its risks are too high or too low on the whole"),
)
CLUSTERS = {
    "school": Text(
        zh="区间均为95%，按学校整群计算：同一所学校的学生并不相互独立。",
        en="Intervals are at 95 %, clustered by school: pupils of one school are not independent.",
    ),
    "pupil": Text(
        zh="区间均为95%，按学生整群计算；学校不足十所，学校之间的差异未计入。",
        en="Intervals are at 95 %, clustered by pupil; there are fewer than ten schools, so differences "
        "between schools are not in them.",
    ),
}
SPREAD = Text(
    zh="除去偶然因素，各校之间对数几率的标准差为{spread:.2f}。表中各校数值已向总体收缩，学生少的学校收缩更多。",
    en="Beyond chance, schools differ by a standard deviation of {spread:.2f} in log-odds. Their figures are "
    "drawn towards the whole, those of small schools more.",
)
SMALL = Text(
    zh="另有{groups}个组的学生不足{fewest}人，未列出。",
    en="{groups} group(s) of fewer than {fewest} pupils are not listed.",
)
COVERED = Text(
    zh="在{cohorts}个“学校×日期×风险段”中，{share:.1%}的实际辍学人数落在由90%区间推出的范围内（含偶然波动）；"
    "不用区间、把风险当作准确值时为{exact:.1%}。两者相近时，人数的偶然波动已占主要部分，这项检验说明不了多少。",
    en="Of {cohorts} bands of risk at one school on one day, {share:.1%} had as many dropouts as the 90 % "
    "intervals leave room for, chance included; without intervals, risks taken as exact, it is {exact:.1%}. "
    "Where the two are close, chance in the numbers outweighs the intervals, and this says little of them.",
)
FEW_COHORTS = Text(
    zh="学校和日期太少，无法检验区间。", en="There are too few schools and days to hold intervals to account."
)
SETS = Text(
    zh="90%判别集合：后来辍学的学生中有{drop_out:.1%}、留下的学生中有{stay:.1%}的集合包含真实结果；"
    "{both:.1%}的学生两种结果都不能排除。",
    en="Sets at 90 %: what happened lay in the set of {drop_out:.1%} of those who dropped out and of "
    "{stay:.1%} of those who stayed; for {both:.1%} of pupils neither outcome is ruled out.",
)
SUMMARY = Text(zh="总体校准", en="Calibration in the whole")
SUMMARY_COLUMNS = (
    "",
    Text(zh="数值", en="Value"),
    Text(zh="下限", en="Low"),
    Text(zh="上限", en="High"),
)
FIGURES = {
    "slope": Text(zh="斜率（1为准确，小于1为过于极端）", en="Slope (1 is right, below 1 too extreme)"),
    "in_the_large": Text(
        zh="总体偏移（对数几率，0为准确，小于0表示给出的风险过高）",
        en="Calibration in the large (log-odds; 0 is right, below 0 too high risks)",
    ),
    "error": Text(zh="期望校准误差（十等分）", en="Expected calibration error (ten bins)"),
    "by_chance": Text(zh="其中偶然因素就会造成的误差", en="The error that chance alone would show"),
}
BY_GROUP = {
    "school": Text(zh="偏离最大的学校", en="Schools that are furthest off"),
    "day": Text(zh="各测试日", en="By test day"),
    **{
        name: Text(zh=f"按{words.zh}", en=f"By {words.en.lower()}")
        for name, words in ATTRIBUTES.items()
        if name != "school"
    },
}
GROUP_COLUMNS = (
    Text(zh="组", en="Group"),
    Text(zh="学生", en="Pupils"),
    Text(zh="辍学", en="Dropouts"),
    Text(zh="平均风险", en="Mean risk"),
    Text(zh="实际比例", en="Share"),
    Text(zh="偏移", en="Shift"),
    Text(zh="下限", en="Low"),
    Text(zh="上限", en="High"),
)
NO_SLOPE = Text(
    zh="测试部分只有{dropouts}人次辍学，少于{fewest}，或风险没有差别",
    en="{dropouts} dropouts in the test part, {fewest} are needed, and risks that differ",
)
CHECKED_SLOPE = Text(
    zh="斜率{value:.2f}（{low:.2f}至{high:.2f}），整个区间应在{least}至{most}之间",
    en="slope {value:.2f} ({low:.2f} to {high:.2f}), wanted: the whole interval within {least} to {most}",
)
CHECKED_LARGE = Text(
    zh="总体偏移{value:.2f}（{low:.2f}至{high:.2f}），整个区间应在{least}至{most}之间",
    en="shift {value:.2f} ({low:.2f} to {high:.2f}), wanted: the whole interval within {least} to {most}",
)


SLOPE_BOUNDS = (0.8, 1.25)
SHIFT_BOUNDS = (-0.25, 0.25)
FEWEST_DROPOUTS = 20
MOST_SHOWN = 10


def calibration_section(rows: TestRows, *, seed: int = 0) -> Section:
    """Say in a report whether risks may be read as probabilities, and hold intervals to their promise.

    Slope, calibration in the large and expected calibration error have intervals clustered by school (by
    pupil with fewer than ten schools); the schools and groups that are furthest off are drawn towards the
    whole. A check passes only where the whole interval lies within the bounds.
    """
    figures = CalibrationFigures.of(rows, seed)
    y, p = outcomes_and_risks(rows.outcomes, rows.risks)
    by = {"school": rows.schools, **rows.groups}
    shifts = {name: shrunk_shifts(y, p, groups, rows.pupils) for name, groups in by.items()}
    covered = _both_coverages(rows, y, p, seed)
    sets = None if rows.open_outcomes is None else set_coverage(y, rows.open_outcomes)
    remarks = [CLUSTERS[rows.clusters[0]], *_calibration_remarks(shifts, covered, sets)]
    tables = [_figures_table(figures), *(_group_table(name, found) for name, found in shifts.items())]
    return CALIBRATION.section(
        remarks,
        [table for table in tables if table.rows],
        _calibration_metrics(figures, shifts["school"], covered, sets),
        _calibration_checks(figures, int(y.sum())),
    )


def _both_coverages(rows: TestRows, y: Floats, p: Floats, seed: int) -> tuple[Coverage, Coverage] | None:
    """Hold the intervals to account, and beside them the risks themselves, as if they were exact."""
    if rows.interval is None:
        return None
    bounds = (rows.interval, np.column_stack([p, p]))
    given, exact = (cohort_coverage(y, each, rows.schools, rows.days, seed=seed) for each in bounds)
    return given, exact


def _calibration_remarks(
    shifts: Mapping[str, GroupShifts],
    covered: tuple[Coverage, Coverage] | None,
    sets: Mapping[str, float] | None,
) -> list[Text]:
    said = []
    if _tells_spread(shifts["school"]):
        said.append(SPREAD.filled(spread=shifts["school"].spread))
    small = sum(found.small for found in shifts.values())
    if small:
        said.append(SMALL.filled(groups=small, fewest=FEWEST_PUPILS))
    if covered is not None and covered[0].cohorts >= FEWEST_COHORTS:
        given, exact = covered
        said.append(COVERED.filled(share=given.share, cohorts=given.cohorts, exact=exact.share))
    elif covered is not None:
        said.append(FEW_COHORTS)
    if sets is not None:
        said.append(SETS.filled(**sets))
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
        (
            WORDS.get(one.group, one.group),
            one.pupils,
            one.dropouts,
            one.mean_risk,
            one.share,
            one.shift,
            one.low,
            one.high,
        )
        for one in found.groups[:MOST_SHOWN]
    )
    title = BY_GROUP.get(name, Text(zh=name, en=name))
    return SectionTable(
        title, GROUP_COLUMNS, rows if len(found.groups) > 1 else (), by_school=name == "school"
    )


def _calibration_metrics(
    figures: CalibrationFigures,
    schools: GroupShifts,
    covered: tuple[Coverage, Coverage] | None,
    sets: Mapping[str, float] | None,
) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in ("slope", "in_the_large", "error"):
        low, high = getattr(figures, f"{name}_bounds")
        found |= {name: getattr(figures, name), f"{name}_low": low, f"{name}_high": high}
    found |= {"error_by_chance": figures.by_chance}
    if _tells_spread(schools):
        found |= {"school_spread": schools.spread}
    if covered is not None and covered[0].cohorts >= FEWEST_COHORTS:
        given, exact = covered
        found |= {"interval_coverage": given.share, "interval_cohorts": float(given.cohorts)}
        found |= {"interval_coverage_of_exact_risks": exact.share}
    if sets is not None:
        found |= {f"set_coverage_{name}": sets[name] for name in ("stay", "drop_out")}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _calibration_checks(figures: CalibrationFigures, dropouts: int) -> list[Check]:
    if dropouts < FEWEST_DROPOUTS or not np.isfinite(figures.slope):
        reason = NO_SLOPE.filled(dropouts=dropouts, fewest=FEWEST_DROPOUTS)
        return [question.answered(None, reason) for question in (SLOPE, IN_THE_LARGE)]
    asked = (
        (SLOPE, CHECKED_SLOPE, figures.slope, figures.slope_bounds, SLOPE_BOUNDS),
        (IN_THE_LARGE, CHECKED_LARGE, figures.in_the_large, figures.in_the_large_bounds, SHIFT_BOUNDS),
    )
    return [
        question.answered(
            inside_bounds((low, high), (least, most)),
            words.filled(value=value, low=low, high=high, least=least, most=most),
        )
        for question, words, value, (low, high), (least, most) in asked
    ]


# --- What a fitted model says of the test rows, beside what happened ---


def score_test_rows(
    model: CalibratedModel,
    parts: Parts,
    rows: Positions,
    records: SchoolRecords | None = None,
    unrecorded: Bools | None = None,
) -> TestRows:
    """Score some rows that the model did not train on, with intervals and sets.

    With ``records``, risks are also judged by each of the groups that the pupils belong to.
    ``unrecorded`` marks values of tables that a row's school records of nobody.
    """
    X, days = parts.X(rows), parts.days(rows)
    groups = {} if records is None else _recorded_groups(records, parts, rows)
    contributions, interval = model.with_interval(X, unrecorded=unrecorded)
    return TestRows(
        outcomes=parts.y(rows),
        risks=expit(contributions.log_odds),
        pupils=parts.pupils(rows),
        schools=parts.cohorts(rows)["school_id"].to_numpy(dtype=object),
        days=days,
        interval=interval,
        open_outcomes=model.open_outcomes(X, unrecorded),
        groups={"day": days} | groups,
    )


def _recorded_groups(records: SchoolRecords, parts: Parts, rows: Positions) -> dict[str, Array]:
    """Give the groups that fairness is audited by; schools are told from the rows themselves."""
    groups = audit_groups(records, parts.cohort_of(rows))
    return {str(name): groups[name].to_numpy() for name in groups if name != "school"}


CALIBRATION = SectionKind(
    name="calibration",
    title=Text(zh="校准：风险能否当作概率来读", en="Calibration: may risks be read as probabilities?"),
    of_model=lambda trained: calibration_section(
        score_test_rows(
            trained.classifier.calibrated_model_,
            trained.parts,
            trained.parts.test,
            trained.records,
            trained.unrecorded,
        )
    ),
    questions=(SLOPE, IN_THE_LARGE),
    required=Text(zh="校准", en="calibration"),
)
