"""Pictures of the split and of fairness, drawn from a report alone; matplotlib is imported where it draws."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dropout_risk.errors import MissingExtraError
from dropout_risk.evaluation.fairness_groups import ATTRIBUTES
from dropout_risk.modelling.split_chart import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dropout_risk.evaluation.report import EvaluationReport

PARTS = {"train_as_of": "train", "gap_as_of": "labels not known in time", "test_as_of": "test"}
GAP, AT_MOST = "fnr_gap.", "fnr_gap_at_most."


def splits_chart(report: EvaluationReport) -> Figure:
    """Draw on which days was trained and tested, and how far the labels of the last training day look.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    figure, axes = _blank(2.4)
    for row, (key, name) in enumerate(PARTS.items()):
        days = [dt.date.fromisoformat(day) for day in report.split.get(key, [])]
        axes.scatter(days, [row] * len(days), marker="s", s=60, color=COLOURS[name], label=name)
    trained, until = report.split.get("train_as_of", []), report.split.get("trained_to")
    if trained and until:
        window = [dt.date.fromisoformat(trained[-1]), dt.date.fromisoformat(until)]
        axes.plot(window, [0, 0], color="black", linewidth=1.2, marker="|", zorder=0)
    axes.set_yticks(range(len(PARTS)), PARTS.values(), fontsize=8)
    axes.set(
        ylim=(len(PARTS) - 0.5, -0.5), xlabel="as-of date; the line is what the last training labels look at"
    )
    kind = "at random: no forecast" if report.split.get("kind") == "random" else "in time"
    axes.set_title(f"Split {kind}, labels look {report.horizon_days} school days ahead", fontsize=10)
    axes.tick_params(axis="x", labelsize=8, rotation=30)
    return figure


def fairness_gaps_chart(report: EvaluationReport) -> Figure | None:
    """Draw the largest gap in the share missed of each attribute, and the gap that cannot be ruled out.

    None where the report compares no groups.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    section = report.section("fairness")
    found = {} if section is None else section.metrics
    gaps = {name.removeprefix(GAP): gap for name, gap in found.items() if name.startswith(GAP)}
    if not gaps:
        return None
    figure, axes = _blank(1.2 + 0.4 * len(gaps))
    rows = range(len(gaps))
    most = [found.get(AT_MOST + name, gap) for name, gap in gaps.items()]
    axes.barh(rows, most, color="#d5dde8", label="cannot be ruled out (95 %)")
    axes.barh(rows, list(gaps.values()), height=0.4, color="#1b4f8a", label="found")
    axes.set_yticks(rows, [ATTRIBUTES[name].en if name in ATTRIBUTES else name for name in gaps], fontsize=8)
    axes.set(xlim=(0, 1), xlabel="Largest difference between two groups in the share of dropouts missed")
    axes.invert_yaxis()
    axes.legend(fontsize=8, frameon=False)
    return figure


def _blank(height: float) -> tuple[Figure, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    figure = Figure(figsize=(8, height), layout="constrained")
    return figure, figure.subplots()
