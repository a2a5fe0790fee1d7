"""The picture of an evaluation report, and what all pictures share; matplotlib is imported where it draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dropout_risk.errors import MissingExtraError
from dropout_risk.evaluation.model_card.svg import Line
from dropout_risk.modelling.folds.splits import COLOURS as SPLIT_COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import Result


COLOURS = {
    "model": "#1b4f8a",
    "base_rate": "#8c8c8c",
    "last_mark": "#c98a1b",
    "abc_rule": "#a83232",
    "school_only": "#4f8a5b",
    "last_model": "#7a5ba8",
}
GUIDE = {"color": "#bbbbbb", "linewidth": 1, "linestyle": "--", "zorder": 0}


def blank_figure(width: float, height: float) -> Figure:
    """Give an empty figure; MissingExtraError if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    return Figure(figsize=(width, height), layout="constrained")


def line_style(result: Result) -> dict[str, Any]:
    """Give colour and width of the line of a model or baseline."""
    return {"color": COLOURS.get(result.name, "#555555"), "linewidth": 2 if result.name == "model" else 1}


def result_line(
    points: Sequence[tuple[float, float]], name: str, word: str, colour: Sequence[str] = ()
) -> Line:
    """Give the line of a model or baseline on a page, in a ``colour`` of its own if it has one."""
    own = (*colour, COLOURS.get(name, "#555555"))[0]
    return Line(points, own, word, width=2.5 if name == "model" else 1.2)


def number_or_nan(value: float | None) -> float:
    """Give a figure as it can be drawn."""
    return float("nan") if value is None else value


def evaluation_chart(
    report: EvaluationReport, panels: Sequence[Callable[[Any, EvaluationReport], None]]
) -> Figure:
    """Draw calibration with 95 % intervals, and the panels of the report's sections."""
    drawn = [_draw_calibration, *panels]
    rows, columns = (len(drawn) + 2) // 3, 3
    figure = blank_figure(13, 4.2 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for draw, axes in zip(drawn, grid, strict=False):
        draw(axes, report)
    for axes in grid[len(drawn) :]:
        axes.remove()
    synthetic = " · synthetic data" if report.synthetic else ""
    figure.suptitle(
        f"{report.model}: {report.candidate} on the test part{synthetic}", fontsize=11, parse_math=False
    )
    return figure


def _draw_calibration(axes: Any, report: EvaluationReport) -> None:
    bins = report.calibration
    mean, seen = [item["mean_risk"] for item in bins], [item["observed"] for item in bins]
    below = [max(item["observed"] - item["low"], 0.0) for item in bins]  # not below 0 by rounding
    above = [max(item["high"] - item["observed"], 0.0) for item in bins]
    top = 1.05 * max([*mean, *(item["high"] for item in bins)])
    axes.plot([0, top], [0, top], **GUIDE)
    axes.errorbar(mean, seen, yerr=[below, above], fmt="o", markersize=4, capsize=2, color=COLOURS["model"])
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="Mean risk given", ylabel="Share that dropped out")
    axes.set_title("Calibration, 95 % intervals", fontsize=10)


PARTS = {"train_as_of": "train", "gap_as_of": "labels not known in time", "test_as_of": "test"}


def splits_chart(report: EvaluationReport) -> Figure:
    """Draw on which days was trained and tested, and how far the labels of the last training day look."""
    figure = blank_figure(8, 2.4)
    axes: Any = figure.subplots()
    for row, (key, name) in enumerate(PARTS.items()):
        days = [dt.date.fromisoformat(day) for day in report.split.get(key, [])]
        axes.scatter(days, [row] * len(days), marker="s", s=60, color=SPLIT_COLOURS[name], label=name)
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
