"""Is the model better than what costs nothing: differences to each baseline, and what publishing asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.evaluation.capacity import together
from dropout_risk.evaluation.resampling import Interval, Resampling, auc_by_replicate
from dropout_risk.evaluation.section import Cell, Check, Section, SectionTable, with_interval
from dropout_risk.text import COMMA, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.result import HeldOut, Result


MUST_NOT_LOSE_TO = ("last_mark", "abc_rule", "school_only")
TITLE = Text(zh="与基准相比", en="Beside the baselines")
BETTER = Text(zh="AUC比“{name}”高{by}。", en='Better than "{name}" by {by} in AUC.')
WORSE = Text(zh="AUC比“{name}”低{by}。", en='Worse than "{name}" by {by} in AUC.')
ALIKE = Text(
    zh="AUC与“{name}”之差为{by}：看不出差别。",
    en='Not told apart from "{name}" in AUC: a difference of {by}.',
)
WITHIN = Text(
    zh="在同一所学校、同一评分日内任取一名辍学和一名未辍学的学生，模型有{share}的机会把辍学的排在前面；"
    "只知道学校则为50%。{verdict}",
    en="Of a pupil who dropped out and one who stayed in the same school on the same day, the model puts the "
    "right one first {share} of the time; knowing only the school, 50 %. {verdict}",
)
SAYS_MORE = Text(
    zh="因此模型说出的不只是“在哪所学校”。", en="So the model says more than which school it is."
)
SAYS_NO_MORE = Text(
    zh="因此不能说模型说出的比“在哪所学校”更多。",
    en="So it cannot be said that the model says more than which school it is.",
)
TABLE = Text(zh="模型减去基准（成对区间）", en="Model minus baseline, paired")
HEAD = (
    "",
    "AUC",
    Text(zh="平均精确率", en="AP"),
    Text(zh="对数损失（负为好）", en="Log loss (less is better)"),
    Text(zh="名单召回率", en="Recall of the list"),
)
LOG_LOSS = Text(
    zh="对数损失与基准率之差为{by}，区间须全部小于0",
    en="log loss less that of the base rate is {by}; the whole interval must lie below 0",
)
NOT_BELOW = Text(
    zh="AUC之差：{by}；区间不得全部小于0", en="differences in AUC: {by}; none may lie wholly below 0"
)
NO_INTERVAL = Text(
    zh="没有区间：测试期没有学校和学生的名称，或辍学太少",
    en="there is no interval: the test part names no schools and pupils, or too few dropped out",
)
NOTHING_TO_COMPARE = Text(zh="没有可比的基准", en="no such baseline is available")


def baseline_section(
    held_out: HeldOut, results: Sequence[Result], resampling: Resampling | None = None
) -> Section:
    """Compare the model with each baseline, and with nothing but the school.

    Parameters
    ----------
    held_out : HeldOut
        The test part with the model's risks.
    results : sequence of Result
        The model first, then the baselines with their differences to it.
    resampling : Resampling, optional
        Gives the interval of the AUC within schools.
    """
    others = [result for result in results[1:] if result.differences]
    remarks = [
        _said(result) for result in others if result.name != "base_rate" and "auc" in result.differences
    ]
    metrics = {
        f"{result.name}.{figure}_{end}": value
        for result in others
        for figure, of in result.differences.items()
        for end, value in of.items()
        if value is not None
    }
    auc, interval = auc_within_schools(held_out, resampling)
    if auc is not None:
        remarks.append(_within(auc, interval))
        metrics |= {"auc_within_schools": auc}
    if interval is not None:
        metrics |= {"auc_within_schools_low": interval.low, "auc_within_schools_high": interval.high}
    if resampling is not None:
        remarks.append(resampling.said())
    table = SectionTable(TABLE, HEAD, tuple(_row(result) for result in others))
    checks = (_better_than_base_rate(others), _not_below(others))
    return Section("baselines", TITLE, tuple(remarks), (table,), metrics, checks)


def auc_within_schools(
    held_out: HeldOut, resampling: Resampling | None = None
) -> tuple[float | None, Interval | None]:
    """Give the AUC over pairs of one school and one day, with its interval.

    Knowing only the school orders no such pair, so 0.5 is what a model gets that knows no more (Perdomo et
    al. 2023, *Difficult lessons on social prediction from Wisconsin public schools*). None without schools,
    or where no school holds both classes on one day.
    """
    if held_out.schools is None:
        return None, None
    y, p = held_out.y, held_out.p
    groups = together(held_out.as_of, held_out.schools)
    auc = float(auc_by_replicate(y, p, Resampling.once(y.size), groups)[0])
    if not np.isfinite(auc):
        return None, None
    drawn: Floats | None = None if resampling is None else auc_by_replicate(y, p, resampling, groups)
    return auc, None if resampling is None or drawn is None else resampling.interval(drawn)


def _said(result: Result) -> Text:
    of = result.differences["auc"]
    gap, low, high = of["difference"], of["low"], of["high"]
    if low is not None and high is not None and low > 0:
        wording = BETTER
    elif low is not None and high is not None and high < 0:
        return WORSE.filled(name=result.label, by=with_interval(-(gap or 0.0), Interval(-high, -low)))
    else:
        wording = ALIKE
    return wording.filled(name=result.label, by=with_interval(gap, of))


def _within(auc: float, interval: Interval | None) -> Text:
    says_more = interval is not None and interval.low > 0.5
    ends = "" if interval is None else f" [{interval.low:.0%}, {interval.high:.0%}]"
    return WITHIN.filled(share=f"{auc:.0%}{ends}", verdict=SAYS_MORE if says_more else SAYS_NO_MORE)


def _row(result: Result) -> tuple[Cell, ...]:
    def cell(name: str, digits: int) -> str:
        of = result.differences.get(name)
        return "–" if of is None else with_interval(of["difference"], of, digits=digits, form="+")

    return (
        result.label,
        cell("auc", 2),
        cell("average_precision", 2),
        cell("log_loss", 4),
        cell("recall_at_capacity", 2),
    )


def _better_than_base_rate(others: Sequence[Result]) -> Check:
    name = "better_than_base_rate"
    rate = next((result for result in others if result.name == "base_rate"), None)
    of = None if rate is None else rate.differences.get("log_loss")
    if of is None:
        return Check(name, None, NOTHING_TO_COMPARE)
    if of["high"] is None:
        return Check(name, None, NO_INTERVAL)
    by = with_interval(of["difference"], of, digits=4, form="+")
    return Check(name, of["high"] < 0, LOG_LOSS.filled(by=by))


def _not_below(others: Sequence[Result]) -> Check:
    name = "not_below_baselines"
    rivals = [of for of in others if of.name in MUST_NOT_LOSE_TO and "auc" in of.differences]
    if not rivals:
        return Check(name, None, NOTHING_TO_COMPARE)
    gaps = [of.differences["auc"] for of in rivals]
    highs = [gap["high"] for gap in gaps]
    if any(high is None for high in highs):
        return Check(name, None, NO_INTERVAL)
    by = {
        of.label: with_interval(gap["difference"], gap, form="+")
        for of, gap in zip(rivals, gaps, strict=True)
    }
    said = COMMA.joined(Text(zh=f"{label.zh}{gap}", en=f"{label.en} {gap}") for label, gap in by.items())
    return Check(name, all(high is not None and high >= 0 for high in highs), NOT_BELOW.filled(by=said))
