"""How good a model is for pupils who still come: to name who already stays away is not early."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.capacity import Lists
from dropout_risk.evaluation.metrics import Array, ranking_and_probability_metrics
from dropout_risk.evaluation.replicates import auc_by_replicate, list_figures
from dropout_risk.evaluation.resampling import Interval, Resampling
from dropout_risk.evaluation.section import Cell, SectionTable
from dropout_risk.evaluation.wording import filled, with_interval
from dropout_risk.text import Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.result import HeldOut

STAYS_AWAY = 5
"""School days without the pupil after which it no longer counts as still coming."""
FEWEST_DROPOUTS = 10
TITLE = Text(zh="评分日仍在到校的学生", en="Pupils who still came on the test day")
HEAD = (
    "",
    "AUC",
    Text(zh="AUC，仍在到校", en="AUC, still coming"),
    Text(zh="名单召回率", en="Recall of the list"),
    Text(zh="名单召回率，仍在到校", en="Recall of the list, still coming"),
)
SAID = Text(
    zh="辍学的{positives}人次中，评分日前{days}个上课日内仍到过校的占{share:.0%}；只在仍到校的学生中，模型AUC为{auc}，"
    "全体名单找出了其中{recall}的辍学者（全部辍学者为{of_all:.2f}）。",
    en="Of {positives} rows with a dropout, {share:.0%} are of pupils who had been at school within the last "
    "{days} school days. Among all who still came, the model's AUC is {auc}, and the overall list finds "
    "{recall} of those who dropped out ({of_all:.2f} of all who did).",
)
TOO_FEW = Text(
    zh="评分日仍在到校而后辍学的只有{dropouts}人次，无法单独评估。",
    en="Only {dropouts} rows with a dropout are of pupils who still came: too few to judge.",
)
UNKNOWN = Text(
    zh="没有逐日考勤，无法区分评分日仍在到校的学生与已不到校的学生。",
    en="Without daily attendance, pupils who still came cannot be told from those who already stayed away.",
)


def still_coming(
    held_out: HeldOut, baselines: Sequence[Baseline], lists: Lists, resampling: Resampling | None
) -> tuple[Text, SectionTable | None, dict[str, float]]:
    """Measure the rows of pupils who still came, on the lists that everybody competed for.

    Parameters
    ----------
    held_out : HeldOut
        With ``since_present``.
    baselines : sequence of Baseline
        Those without risks are passed over.
    lists : Lists
        The model's overall lists; baselines get as many places.
    resampling : Resampling, optional
        Gives the intervals.

    Returns
    -------
    tuple of Text, SectionTable or None, dict
        What must be said, the table, and the figures of the model.
    """
    since, y = held_out.since_present, held_out.y
    if since is None or np.isnan(since).all():
        return UNKNOWN, None, {}
    rows = since < STAYS_AWAY
    dropouts = int(y[rows].sum())
    found = {"still_coming_dropouts": float(dropouts), "still_coming_share": dropouts / max(y.sum(), 1.0)}
    if dropouts < FEWEST_DROPOUTS or dropouts == rows.sum():
        return filled(TOO_FEW, dropouts=dropouts), None, found
    some = None if resampling is None else resampling.rows(rows)
    auc = _auc(y[rows], held_out.p[rows], some)
    recall = _recall(y[rows], lists.chance[rows], some)
    said = filled(
        SAID, positives=int(y.sum()), share=found["still_coming_share"], days=STAYS_AWAY,
        auc=with_interval(*auc), recall=with_interval(*recall), of_all=lists.total().recall.expected,
    )  # fmt: skip
    table = [_row(Text(zh="模型", en="Model"), held_out, lists.chance, rows, resampling)]
    for baseline in baselines:
        if baseline.risks is not None:
            same = held_out.with_risks(np.asarray(baseline.risks, dtype=np.float64))
            chance = Lists.of(y, same.p, same.as_of, lambda _: lists.listed).chance
            table.append(_row(baseline.label, same, chance, rows, resampling))
    found |= {"still_coming_auc": auc[0], "still_coming_recall": recall[0]}
    return said, SectionTable(TITLE, HEAD, tuple(table)), found


def _row(
    label: Text | str, held_out: HeldOut, chance: Array, rows: Any, resampling: Resampling | None
) -> tuple[Cell, ...]:
    y, p = held_out.y, held_out.p
    some = None if resampling is None else resampling.rows(rows)
    return (
        label,
        with_interval(*_auc(y, p, resampling)),
        with_interval(*_auc(y[rows], p[rows], some)),
        with_interval(*_recall(y, chance, resampling)),
        with_interval(*_recall(y[rows], chance[rows], some)),
    )


def _auc(y: Array, p: Array, resampling: Resampling | None) -> tuple[float, Interval | None]:
    drawn = None if resampling is None else resampling.interval(auc_by_replicate(y, p, resampling))
    return float(ranking_and_probability_metrics(y, p)["auc"]), drawn


def _recall(y: Array, chance: Array, resampling: Resampling | None) -> tuple[float, Interval | None]:
    value = float(chance @ y / y.sum())
    if resampling is None:
        return value, None
    return value, resampling.interval(list_figures(y, chance, resampling)["recall"])
