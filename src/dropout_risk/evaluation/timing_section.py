"""What the report says of timing: whether it beats one curve for all, and is right in the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.evaluation.metrics import Array
from dropout_risk.evaluation.resampling import Interval, Resampling
from dropout_risk.evaluation.section import Cell, Check, Section, SectionTable
from dropout_risk.evaluation.timing import TimedOutcomes, concordance, timed_metrics
from dropout_risk.evaluation.wording import filled, with_interval
from dropout_risk.text import Text

TITLE = Text(zh="何时辍学", en="When, not only whether")
HEAD = (
    Text(zh="上课日", en="Within school days"),
    Text(zh="实际比例", en="Observed share"),
    Text(zh="平均风险", en="Mean risk"),
    "AUC",
    "Brier",
    Text(zh="Brier（时间分布人人相同）", en="Brier, days spread alike for all"),
)
MEANING = Text(
    zh="在各期限内的风险由整个预测期的风险按时间分摊，期限越长风险越高，各期限的学生排序相同："
    "AUC之差只来自辍学时间，不是另有判断。一致性指数{concordance:.3f}。",
    en="The risk within fewer days is the risk of the whole horizon spread over time, so it never falls with "
    "the days, and all of them order pupils alike: their AUCs differ by who drops out when, not by another "
    "judgement. Concordance {concordance:.3f}.",
)
CENSORED = Text(
    zh="有{rows}行未观察到期末，按删失加权。",
    en="{rows} rows were not observed to the end and are weighed as censored.",
)
ALIKE = Text(
    zh="把每人的风险按同一条时间曲线分摊，平均Brier之差为{by}：模型说的“何时”{verdict}。",
    en="Against the same risks spread over the days alike for all, the mean Brier score differs by {by}: "
    "when a pupil drops out is told {verdict}.",
)
VERDICTS = {
    "better": Text(zh="比这条曲线准", en="better than by that one curve"),
    "worse": Text(zh="不如这条曲线准", en="worse than by that one curve"),
    "alike": Text(zh="看不出比这条曲线准", en="no better than by that one curve, as far as can be seen"),
}
NOT_WORSE, OF_THE_MEAN = "timing_not_worse_than_one_curve", "timing_of_the_mean"
MOST_AWAY = 0.15
"""Largest difference between the share of dropouts before a day and that of the risks."""
SPREAD = Text(
    zh="预测期内辍学的，有{observed:.0%}在{day}个上课日内辍学，按风险应为{said:.0%}：相差{away}，"
    "区间不得超出±{most}",
    en="of the dropouts of the whole horizon {observed:.0%} fall within {day} school days, by the risks "
    "{said:.0%}: a difference of {away}, whose interval must lie within {most}",
)
NO_DAYS = Text(zh="没有更短的期限可供判断", en="there are no shorter horizons to judge")


def timing_section(
    outcomes: TimedOutcomes,
    risk_within: npt.ArrayLike,
    days: Sequence[int],
    alike: npt.ArrayLike,
    resampling: Resampling | None = None,
) -> Section:
    """Write the measures of the risks within several numbers of days as a section of the report.

    Parameters
    ----------
    outcomes : TimedOutcomes
        What happened.
    risk_within : array of shape (n, len(days))
        The risk of dropping out before each day.
    days : sequence of int
        Rising; the last is the horizon.
    alike : array of shape (len(days),)
        The share of the horizon's dropouts before each day, learned elsewhere and the same for everybody:
        spreading each pupil's risk by it keeps the order of pupils, so that only timing can be better.
    resampling : Resampling, optional
        Gives the intervals; without it no check can be made.
    """
    risks = np.asarray(risk_within, dtype=np.float64)
    spread = risks[:, -1:] * np.asarray(alike, dtype=np.float64)
    table = timed_metrics(outcomes, risks, days).drop(columns="brier_of_one_curve")
    table["brier_alike"] = timed_metrics(outcomes, spread, days)["brier"]
    gap = float((table["brier"] - table["brier_alike"]).mean())
    ends = None if resampling is None else _gap_interval(outcomes, risks, spread, days, resampling)
    beside = filled(ALIKE, by=with_interval(gap, ends, digits=5, form="+"), verdict=VERDICTS[_verdict(ends)])
    agreement = concordance(outcomes, risks[:, -1])
    said = [filled(MEANING, concordance=agreement), beside]
    lost = int((~outcomes.dropped_out & (outcomes.days < days[-1])).sum())
    not_worse = Check(NOT_WORSE, None if ends is None else _verdict(ends) != "worse", beside)
    return Section(
        "timing",
        TITLE,
        remarks=(*said, filled(CENSORED, rows=lost)) if lost else tuple(said),
        tables=(_table(table),),
        metrics=_figures(table) | {"concordance": agreement, "brier_less_alike": gap},
        checks=(not_worse, _mean_check(outcomes, risks, days, resampling)),
    )


def _table(table: pd.DataFrame) -> SectionTable:
    rows: list[tuple[Cell, ...]] = [
        (str(day), *line) for day, line in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]
    return SectionTable(TITLE, HEAD, tuple(rows))


def _figures(table: pd.DataFrame) -> dict[str, float]:
    by_day = {
        f"{name}_{day}": float(table.loc[day, name]) for day in table.index for name in ("auc", "brier")
    }
    return by_day | {"integrated_brier": float(table["brier"].mean())}


def _gap_interval(
    outcomes: TimedOutcomes, risks: Array, spread: Array, days: Sequence[int], resampling: Resampling
) -> Interval | None:
    """Give the interval of the mean difference of the Brier scores, schools or pupils drawn again."""
    drawn = []
    for place, day in enumerate(days):
        before, weight = outcomes.within(day)
        gap = (risks[:, place] - before) ** 2 - (spread[:, place] - before) ** 2
        sums = resampling.sums(np.column_stack([weight * gap, weight]))
        drawn.append(sums[:, 0] / np.maximum(sums[:, 1], 1e-12))
    return resampling.interval(np.mean(drawn, axis=0))


def _verdict(ends: Interval | None) -> str:
    if ends is None or ends.low <= 0 <= ends.high:
        return "alike"
    return "better" if ends.high < 0 else "worse"


def _mean_check(
    outcomes: TimedOutcomes, risks: Array, days: Sequence[int], resampling: Resampling | None
) -> Check:
    """Check on each day but the last that as great a share of the dropouts falls before it as is said."""
    whole = outcomes.within(days[-1])
    found = []
    for place, day in enumerate(days[:-1]):
        before, weight = outcomes.within(day)
        columns = np.column_stack([before * weight, whole[0] * whole[1], risks[:, place], risks[:, -1]])
        observed, said = _shares(columns.sum(axis=0)[None, :])
        ends = None
        if resampling is not None:
            first, second = _shares(resampling.sums(columns))
            ends = resampling.interval(first - second)
        away = with_interval(float(observed[0] - said[0]), ends, form="+")
        shares = {"observed": float(observed[0]), "said": float(said[0])}
        found.append((_within_bounds(ends), filled(SPREAD, day=day, away=away, most=MOST_AWAY, **shares)))
    if not found:
        return Check(OF_THE_MEAN, None, NO_DAYS)
    passed = [one for one, _ in found]
    reason = Text(zh="；".join(of.zh for _, of in found), en="; ".join(of.en for _, of in found))
    return Check(OF_THE_MEAN, False if False in passed else None if None in passed else True, reason)


def _shares(sums: Array) -> tuple[Array, Array]:
    """Give the observed share and that of the risks; not defined where nobody drops out."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3]


def _within_bounds(ends: Interval | None) -> bool | None:
    """Pass where the whole interval lies within the bounds, fail where it lies outside, else neither."""
    if ends is None:
        return None
    if ends.low >= -MOST_AWAY and ends.high <= MOST_AWAY:
        return True
    return False if ends.low > MOST_AWAY or ends.high < -MOST_AWAY else None
