"""Is the model better than what costs nothing: differences to each baseline, and what publishing asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dropout_risk.evaluation.capacity import number_groups
from dropout_risk.evaluation.resampling import Interval, Resampling, auc_by_replicate
from dropout_risk.evaluation.section import (
    Cell,
    Check,
    Question,
    Section,
    SectionKind,
    SectionTable,
    interval_figures,
    with_interval,
)
from dropout_risk.text import COMMA, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.result import HeldOut, Result


MUST_NOT_LOSE_TO = ("last_mark", "abc_rule", "school_only")
BETTER_THAN_BASE_RATE = Question("better_than_base_rate", "优于基准率")
NOT_BELOW_BASELINES = Question("not_below_baselines", "不低于各基准")
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
RIVAL = Text(zh="{label}{by}", en="{label} {by}")
NO_INTERVAL = Text(
    zh="没有区间：测试期没有学校和学生的名称，或辍学太少",
    en="there is no interval: the test part names no schools and pupils, or too few dropped out",
)
NOTHING_TO_COMPARE = Text(zh="没有可比的基准", en="no such baseline is available")


def baseline_section(
    held_out: HeldOut, results: Sequence[Result], resampling: Resampling | None = None
) -> Section:
    """Compare the model with each baseline, and with nothing but the school."""
    resampling = resampling or Resampling.once(held_out.y.size)
    others = [result for result in results[1:] if result.differences]
    remarks = [
        _difference_in_words(result)
        for result in others
        if result.name != "base_rate" and "auc" in result.differences
    ]
    metrics = {
        f"{result.name}.{figure}_{end}": value
        for result in others
        for figure, difference in result.differences.items()
        for end, value in difference.items()
        if value is not None
    }
    auc, interval = auc_within_schools(held_out, resampling)
    if auc is not None:
        remarks.append(_within_schools(auc, interval))
        metrics |= interval_figures("auc_within_schools", auc, interval)
    remarks += resampling.in_words()
    table = SectionTable(TABLE, HEAD, tuple(_difference_row(result) for result in others))
    checks = (_better_than_base_rate(others), _not_below(others))
    return BASELINES.section(remarks, [table], metrics, checks)


def auc_within_schools(held_out: HeldOut, resampling: Resampling) -> tuple[float | None, Interval | None]:
    """Give the AUC over pairs of one school and one day, with its interval.

    Knowing only the school orders no such pair, so 0.5 is what a model gets that knows no more (Perdomo et
    al. 2023, *Difficult lessons on social prediction from Wisconsin public schools*). None without schools,
    or where no school holds both classes on one day.
    """
    if held_out.schools is None:
        return None, None
    y, p = held_out.y, held_out.p
    groups = number_groups(held_out.as_of, held_out.schools)
    auc = float(auc_by_replicate(y, p, Resampling.once(y.size), groups)[0])
    if not np.isfinite(auc):
        return None, None
    return auc, resampling.interval(auc_by_replicate(y, p, resampling, groups))


def _difference_in_words(result: Result) -> Text:
    found = result.differences["auc"]
    gap, low, high = found["difference"], found["low"], found["high"]
    if low is not None and high is not None and high < 0:
        return WORSE.filled(name=result.label, by=with_interval(-(gap or 0.0), Interval(-high, -low)))
    wording = BETTER if low is not None and low > 0 else ALIKE
    return wording.filled(name=result.label, by=with_interval(gap, found))


def _within_schools(auc: float, interval: Interval | None) -> Text:
    says_more = interval is not None and interval.low > 0.5
    ends = "" if interval is None else f" [{interval.low:.0%}, {interval.high:.0%}]"
    return WITHIN.filled(share=f"{auc:.0%}{ends}", verdict=SAYS_MORE if says_more else SAYS_NO_MORE)


def _difference_row(result: Result) -> tuple[Cell, ...]:
    def cell(name: str, digits: int) -> str:
        gap = result.differences.get(name)
        return "–" if gap is None else with_interval(gap["difference"], gap, digits=digits, form="+")

    return (
        result.label,
        cell("auc", 2),
        cell("average_precision", 2),
        cell("log_loss", 4),
        cell("recall_at_capacity", 2),
    )


def _better_than_base_rate(others: Sequence[Result]) -> Check:
    rate = next((result for result in others if result.name == "base_rate"), None)
    gap = None if rate is None else rate.differences.get("log_loss")
    if gap is None:
        return BETTER_THAN_BASE_RATE.answered(None, NOTHING_TO_COMPARE)
    if gap["high"] is None:
        return BETTER_THAN_BASE_RATE.answered(None, NO_INTERVAL)
    by = with_interval(gap["difference"], gap, digits=4, form="+")
    return BETTER_THAN_BASE_RATE.answered(gap["high"] < 0, LOG_LOSS.filled(by=by))


def _not_below(others: Sequence[Result]) -> Check:
    rivals = [rival for rival in others if rival.name in MUST_NOT_LOSE_TO and "auc" in rival.differences]
    if not rivals:
        return NOT_BELOW_BASELINES.answered(None, NOTHING_TO_COMPARE)
    gaps = [(rival.label, rival.differences["auc"]) for rival in rivals]
    highs = [gap["high"] for _, gap in gaps]
    if None in highs:
        return NOT_BELOW_BASELINES.answered(None, NO_INTERVAL)
    each = [
        RIVAL.filled(label=label, by=with_interval(gap["difference"], gap, form="+")) for label, gap in gaps
    ]
    passed = all(high is not None and high >= 0 for high in highs)
    return NOT_BELOW_BASELINES.answered(passed, NOT_BELOW.filled(by=COMMA.joined(each)))


BASELINES = SectionKind(
    name="baselines",
    title=Text(zh="与基准相比", en="Beside the baselines"),
    of_figures=lambda measured: (
        baseline_section(measured.held_out, measured.results, measured.resampling)
        if measured.baselines
        else None
    ),
    questions=(BETTER_THAN_BASE_RATE, NOT_BELOW_BASELINES),
    required=Text(zh="与基线的比较", en="comparison with the baselines"),
)
