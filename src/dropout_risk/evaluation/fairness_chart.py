"""The picture of a fairness report; matplotlib is imported where it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.errors import MissingExtraError
from dropout_risk.evaluation.fairness_groups import ATTRIBUTES, WORDS
from dropout_risk.text import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dropout_risk.evaluation.fairness import FairnessReport

MOST_GROUPS = 20


def fairness_chart(report: FairnessReport) -> Figure:
    """Draw the share missed of each group with its 95 % interval, one row per group.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    parts = {
        name: frame[frame["shown"]].sort_values("fnr").tail(MOST_GROUPS)
        for name, frame in report.rates.items()
    }
    shown = {name: frame for name, frame in parts.items() if len(frame)}
    heights = [len(frame) + 1 for frame in shown.values()] or [1]
    figure = Figure(figsize=(7, 1 + 0.3 * sum(heights)), layout="constrained")
    all_axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, frame) in zip(all_axes, shown.items(), strict=False):
        below, above = frame["fnr"] - frame["fnr_low"], frame["fnr_high"] - frame["fnr"]
        spread = [below.clip(lower=0), above.clip(lower=0)]
        labels = [WORDS.get(str(group), Text(zh="", en=str(group))).en for group in frame.index]
        axes.errorbar(frame["fnr"], range(len(frame)), xerr=spread, fmt="o", color="#1b4f8a", capsize=2)
        axes.set_yticks(range(len(frame)), labels, fontsize=8, parse_math=False)
        axes.set_ylim(-0.7, len(frame) - 0.3)
        axes.set_title(ATTRIBUTES.get(name, Text(zh=name, en=name)).en, fontsize=9, loc="left")
    all_axes[-1].set(xlim=(0, 1), xlabel="Share missed of those who dropped out, 95 % intervals")
    return figure
