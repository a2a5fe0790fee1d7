"""The decision curve: is acting on the risks worth more than seeing everybody, nobody, or by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.evaluation.resampling import Interval, Resampling
from dropout_risk.evaluation.result import THRESHOLDS, _worth
from dropout_risk.evaluation.section import Cell, Section, SectionTable, rounded
from dropout_risk.text import ITEMS, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.result import HeldOut, Result


"""Risks from which on a pupil is seen: sensible where 1 to 20 % drop out."""
SHOWN = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
TITLE = Text(zh="决策曲线：值不值得据此行动", en="Decision curve: is it worth acting on the risks")
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
GAIN = Text(zh="模型比看望全部或无人多", en="Model over all or none")


def decision_section(
    held_out: HeldOut, results: Sequence[Result], resampling: Resampling | None = None
) -> Section:
    """Say for which thresholds the model is worth its while.

    Parameters
    ----------
    held_out : HeldOut
        The test part with the model's risks.
    results : sequence of Result
        The model first, then the baselines.
    resampling : Resampling, optional
        Gives the intervals of the gain.
    """
    model, *others = results
    rivals = [result for result in others if result.net_benefit and result.name != "base_rate"]
    simple = [rival for rival in rivals if rival.name != "last_model"]
    gains = _gains(held_out.y, held_out.p, resampling)
    better = [
        point["threshold"]
        for place, point in enumerate(model.net_benefit)
        if gains[place].is_sure and point["net_benefit"] > _best_of(simple, place) + 1e-12
    ]
    verdict = BEST.filled(ranges=_ranges(better)) if better else NEVER
    rows = [_row(place, model, rivals, gains[place]) for place, at in enumerate(THRESHOLDS) if at in SHOWN]
    names = (model.label, *(rival.label for rival in rivals))
    table = SectionTable(TABLE, (THRESHOLD, EVERYBODY, *names, GAIN), tuple(rows))
    metrics = {
        f"net_benefit_at_{100 * point['threshold']:g}_percent": point["net_benefit"]
        for point in model.net_benefit
        if point["threshold"] in SHOWN
    }
    return Section("decision", TITLE, (verdict, COUNTED), (table,), metrics)


@dataclass(frozen=True)
class _Gain:
    """What the model is worth over the better of seeing everybody and seeing nobody."""

    worth: float
    ends: Interval | None

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies above 0; without one, the figure."""
        return (self.worth if self.ends is None else self.ends.low) > 1e-12

    def __str__(self) -> str:
        told = "" if self.ends is None else ", ".join(map(_per_thousand, (self.ends.low, self.ends.high)))
        return f"{_per_thousand(self.worth)} [{told}]" if told else _per_thousand(self.worth)


def _best_of(rivals: Sequence[Result], place: int) -> float:
    return max((rival.net_benefit[place]["net_benefit"] for rival in rivals), default=0.0)


def _row(place: int, model: Result, rivals: Sequence[Result], gain: _Gain) -> tuple[Cell, ...]:
    point = model.net_benefit[place]
    worth = [_per_thousand(of.net_benefit[place]["net_benefit"]) for of in (model, *rivals)]
    return f"{point['threshold']:.0%}", _per_thousand(point["everybody"]), *worth, str(gain)


def _gains(y: Floats, p: Floats, resampling: Resampling | None) -> list[_Gain]:
    """Give what the model is worth over the better of all and none, at each threshold."""
    ours = np.column_stack([_worth(y, p, at) for at in THRESHOLDS])
    everybody = np.column_stack([_worth(y, np.ones_like(p), at) for at in THRESHOLDS])
    gain = (ours.mean(axis=0) - np.maximum(everybody.mean(axis=0), 0.0)).tolist()
    if resampling is None:
        return [_Gain(worth, None) for worth in gain]
    sums = resampling.sums(np.column_stack([ours, everybody, np.ones_like(p)]))
    worth, all_seen = np.split(sums[:, :-1] / sums[:, -1:], 2, axis=1)
    drawn = worth - np.maximum(all_seen, 0.0)
    return [_Gain(of, resampling.interval(column)) for of, column in zip(gain, drawn.T, strict=True)]


def _per_thousand(worth: float) -> str:
    return rounded(1000 * worth, digits=1)


def _ranges(thresholds: Sequence[float]) -> Text:
    """Write thresholds as ranges.

    >>> _ranges([0.02, 0.03, 0.05]).en
    '2 to 3 %, 5 %'
    """
    runs: list[list[int]] = []
    for number in (round(100 * threshold) for threshold in thresholds):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ITEMS.joined(
        Text(zh=f"{run[0]}%", en=f"{run[0]} %")
        if len(run) == 1
        else Text(zh=f"{run[0]}%至{run[-1]}%", en=f"{run[0]} to {run[-1]} %")
        for run in runs
    )
