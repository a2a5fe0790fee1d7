"""The picture of an evaluation report; matplotlib is imported where it draws."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from dropout_risk.errors import MissingExtraError
from dropout_risk.evaluation.fairness_rates import ATTRIBUTES
from dropout_risk.modelling.splits import COLOURS as SPLIT_COLOURS
from dropout_risk.text import Text

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


def evaluation_chart(report: EvaluationReport) -> Figure:
    """Draw calibration with 95 % intervals, lists by capacity, ROC, decision curve and lead time.

    Lead time and learning curve are drawn where the report holds them.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    panels = [_draw_calibration, _draw_capacity, _draw_roc, _draw_decision]
    panels += [draw for name, draw in MEASURED_ON_REQUEST.items() if report.section(name) is not None]
    rows, columns = (len(panels) + 2) // 3, 3
    figure = Figure(figsize=(13, 4.2 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for draw, axes in zip(panels, grid, strict=False):
        draw(axes, report)
    for axes in grid[len(panels) :]:
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


def _draw_capacity(axes: Any, report: EvaluationReport) -> None:
    model, rule = report.result(), report.at_rule
    share = [100 * point["share"] for point in model.by_capacity]
    for name, style in (("recall_expected", "-"), ("precision", ":")):
        label = "Recall" if name == "recall_expected" else "Precision"
        values = [_or_nan(point[name]) for point in model.by_capacity]
        axes.plot(share, values, style, color=COLOURS["model"], label=f"{label}, model")
    worst, best = (
        [_or_nan(point[f"recall_{end}"]) for point in model.by_capacity] for end in ("worst", "best")
    )
    axes.fill_between(share, worst, best, color=COLOURS["model"], alpha=0.15, linewidth=0)
    if rule is not None:
        place = 100 * rule["flagged"] / rule["n"]
        axes.plot(
            [place],
            [_or_nan(rule["rule"]["recall"])],
            "s",
            color=COLOURS["abc_rule"],
            label="Recall, ABC rule",
        )
        axes.plot(
            [place],
            [_or_nan(rule["rule"]["precision"])],
            "x",
            color=COLOURS["abc_rule"],
            label="Precision, ABC rule",
        )
    axes.axvline(100 * report.capacity_share, **GUIDE)
    axes.set(ylim=(0, 1), xlim=(0, max(share)), xlabel="Share of each day's cohort on the list, %")
    axes.set_title(f"Precision and recall by capacity (line: {report.capacity_share:.0%})", fontsize=10)
    axes.legend(fontsize=8, frameon=False)


def _draw_roc(axes: Any, report: EvaluationReport) -> None:
    axes.plot([0, 1], [0, 1], **GUIDE)
    for result in reversed(report.results):
        if result.roc.get("false_positive_rate"):
            axes.plot(
                result.roc["false_positive_rate"],
                result.roc["true_positive_rate"],
                label=_roc_label(result),
                **_line(result),
            )
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="Share of those who stayed", ylabel="Share of those who dropped out"
    )
    axes.set_title("ROC", fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], fontsize=8, frameon=False, loc="lower right")


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
            axes.plot(threshold, worth, label=result.label.en, **_line(result))
    axes.set(xlim=(threshold[0], threshold[-1]), ylim=(-0.25 * highest - 0.1, 1.05 * highest + 0.1))
    axes.set(xlabel="Risk from which on a pupil is seen, %", ylabel="Net benefit per 1,000 pupils")
    axes.set_title("Decision curve", fontsize=10)
    axes.legend(fontsize=8, frameon=False, loc="upper right")


def _draw_lead_time(axes: Any, report: EvaluationReport) -> None:
    section = report.section("lead_time")
    if section is None:
        return
    table = section.tables[1]
    days = [float(str(row[0])) for row in table.rows]
    for place, label in reversed(list(enumerate(table.columns[2:], start=2))):
        name = label.en if isinstance(label, Text) else str(label)
        drawn = next((result for result in report.results if result.label == label), report.result())
        share = [_or_nan(row[place]) for row in table.rows]  # type: ignore[arg-type]
        axes.plot(days, share, marker="o", markersize=3, label=name, **_line(drawn))
    axes.set(xlim=(0, max(days, default=1)), ylim=(0, 1.05), xlabel="School days before dropping out")
    axes.set_ylabel("Share that had been on the list")
    axes.set_title("Lead time: pupils who dropped out", fontsize=10)
    axes.legend(fontsize=8, frameon=False)


def _draw_learning_curve(axes: Any, report: EvaluationReport) -> None:
    section = report.section("learning_curve")
    if section is None:
        return
    sizes = [float(str(row[0])) for row in section.tables[0].rows]
    auc, low, high = (
        [section.metrics.get(f"auc_{place}{end}", float("nan")) for place in range(len(sizes))]
        for end in ("", "_low", "_high")
    )
    axes.fill_between(sizes, low, high, color=COLOURS["model"], alpha=0.15, linewidth=0)
    axes.plot(sizes, auc, marker="o", markersize=4, color=COLOURS["model"])
    axes.set(xlabel="Training pupils", ylabel="AUC on the test part", xlim=(0, 1.05 * max(sizes)))
    axes.set_title("Learning curve, 95 % intervals", fontsize=10)


MEASURED_ON_REQUEST = {"lead_time": _draw_lead_time, "learning_curve": _draw_learning_curve}


def _line(result: Result) -> dict[str, Any]:
    return {
        "color": COLOURS.get(result.name, "#555555"),
        "linewidth": 2 if result.name == "model" else 1,
    }


def _roc_label(result: Result) -> str:
    auc = result.metrics.get("auc")
    return result.label.en if auc is None else f"{result.label.en}, AUC {auc:.3f}"


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


# --- Pictures of the split and of fairness, drawn from a report alone ---

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
