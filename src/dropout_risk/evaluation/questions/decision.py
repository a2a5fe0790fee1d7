"""The decision curve: is acting on the risks worth more than seeing everybody, nobody, or by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.evaluation.metrics import THRESHOLDS, worth_of_seeing
from dropout_risk.evaluation.model_card.charts import line_style
from dropout_risk.evaluation.resampling import Interval, Resampling
from dropout_risk.evaluation.section import (
    Cell,
    Section,
    SectionKind,
    SectionTable,
    rounded_figure,
    with_interval,
)
from dropout_risk.text import ITEMS, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import HeldOut, Result


SHOWN = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
COUNTED = Text(
    zh="每千名学生的净收益：找到的辍学学生数，减去按阈值折算的白看望人数（阈值10%即9次白看望抵1个）；"
    "“看望全部”与“一个不看”（恒为0）是不用模型时的做法。",
    en="Net benefit per 1,000 pupils: those found who drop out, less the visits in vain at the price the "
    "threshold sets (at 10 %, nine visits in vain cost as much as one find is worth). Seeing everybody and "
    "seeing nobody (always 0) are what is done without a model.",
)
BEST = Text(
    zh="阈值为{ranges}时，模型的净收益高于看望全部和一个不看（区间全部大于0），也高于各简单基准。",
    en="For thresholds of {ranges} the model is worth more than seeing everybody or nobody, beyond the "
    "interval, and more than any simple baseline.",
)
NEVER = Text(
    zh="在1%到20%的任何阈值下，都不能说模型的净收益高于不用模型的最好做法。",
    en="At no threshold from 1 to 20 % can it be said that the model is worth more than doing without it.",
)
TABLE = Text(zh="每千名学生的净收益", en="Net benefit per 1,000 pupils")
THRESHOLD = Text(zh="阈值", en="Threshold")
EVERYBODY = Text(zh="看望全部", en="Everybody")
ONE, SPAN = Text(zh="{first}%", en="{first} %"), Text(zh="{first}%至{last}%", en="{first} to {last} %")
GAIN = Text(zh="模型比看望全部或无人多", en="Model over all or none")


def decision_section(
    held_out: HeldOut, results: Sequence[Result], resampling: Resampling | None = None
) -> Section:
    """Say for which thresholds the model is worth its while."""
    resampling = resampling or Resampling.once(held_out.y.size)
    model, *others = results
    rivals = [result for result in others if result.net_benefit and result.name != "base_rate"]
    simple = [rival for rival in rivals if rival.name != "last_model"]
    gains = _gains_by_threshold(held_out.y, held_out.p, resampling)
    better = [
        point["threshold"]
        for position, (point, (gain, ends)) in enumerate(zip(model.net_benefit, gains, strict=True))
        if (gain if ends is None else ends.low) > 1e-12
        and point["net_benefit"] > _best_of(simple, position) + 1e-12
    ]
    verdict = BEST.filled(ranges=_ranges_in_words(better)) if better else NEVER
    rows = [
        _threshold_row(position, model, rivals, *gains[position])
        for position, at in enumerate(THRESHOLDS)
        if at in SHOWN
    ]
    names = (model.label, *(rival.label for rival in rivals))
    table = SectionTable(TABLE, (THRESHOLD, EVERYBODY, *names, GAIN), tuple(rows))
    metrics = {
        f"net_benefit_at_{100 * point['threshold']:g}_percent": point["net_benefit"]
        for point in model.net_benefit
        if point["threshold"] in SHOWN
    }
    return DECISION.section([verdict, COUNTED], [table], metrics)


def _best_of(rivals: Sequence[Result], position: int) -> float:
    return max((rival.net_benefit[position]["net_benefit"] for rival in rivals), default=0.0)


def _threshold_row(
    position: int, model: Result, rivals: Sequence[Result], gain: float, ends: Interval | None
) -> tuple[Cell, ...]:
    point = model.net_benefit[position]
    worth = [_per_thousand(result.net_benefit[position]["net_benefit"]) for result in (model, *rivals)]
    scaled = None if ends is None else Interval(1000 * ends.low, 1000 * ends.high)
    more = with_interval(1000 * gain, scaled, digits=1)
    return f"{point['threshold']:.0%}", _per_thousand(point["everybody"]), *worth, more


def _gains_by_threshold(y: Floats, p: Floats, resampling: Resampling) -> list[tuple[float, Interval | None]]:
    """Give what the model is worth over the better of all and none, at each threshold."""
    ours = np.column_stack([worth_of_seeing(y, p, at) for at in THRESHOLDS])
    everybody = np.column_stack([worth_of_seeing(y, np.ones_like(p), at) for at in THRESHOLDS])
    gain = (ours.mean(axis=0) - np.maximum(everybody.mean(axis=0), 0.0)).tolist()
    sums = resampling.sums(np.column_stack([ours, everybody, np.ones_like(p)]))
    worth, all_seen = np.split(sums[:, :-1] / sums[:, -1:], 2, axis=1)
    drawn = worth - np.maximum(all_seen, 0.0)
    return [(mean, resampling.interval(column)) for mean, column in zip(gain, drawn.T, strict=True)]


def _per_thousand(worth: float) -> str:
    return rounded_figure(1000 * worth, digits=1)


def _ranges_in_words(thresholds: Sequence[float]) -> Text:
    """Write thresholds as ranges.

    >>> _ranges_in_words([0.02, 0.03, 0.05]).en
    '2 to 3 %, 5 %'
    """
    runs: list[list[int]] = []
    for number in (round(100 * threshold) for threshold in thresholds):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    each = [(ONE if len(run) == 1 else SPAN).filled(first=run[0], last=run[-1]) for run in runs]
    return ITEMS.joined(each)


def _draw_decision(axes: Any, report: EvaluationReport) -> None:
    points = report.result().net_benefit
    threshold = [100 * point["threshold"] for point in points]
    everybody = [1000 * point["everybody"] for point in points]
    axes.plot(threshold, everybody, color="#333333", linewidth=1, linestyle=":", label="Everybody seen")
    axes.axhline(0, color="#333333", linewidth=1, label="Nobody seen")
    highest = max(0.0, everybody[0])
    for result in reversed(report.results):
        if result.net_benefit and result.name != "base_rate":
            worth = [1000 * point["net_benefit"] for point in result.net_benefit]
            highest = max(highest, *worth)
            axes.plot(threshold, worth, label=result.label.en, **line_style(result))
    axes.set(xlim=(threshold[0], threshold[-1]), ylim=(-0.25 * highest - 0.1, 1.05 * highest + 0.1))
    axes.set(xlabel="Risk from which on a pupil is seen, %", ylabel="Net benefit per 1,000 pupils")
    axes.set_title("Decision curve", fontsize=10)
    axes.legend(fontsize=8, frameon=False, loc="upper right")


DECISION = SectionKind(
    name="decision",
    title=Text(zh="决策曲线：值不值得据此行动", en="Decision curve: is it worth acting on the risks"),
    of_figures=lambda measured: decision_section(measured.held_out, measured.results, measured.resampling),
    panels=(_draw_decision,),
)
