"""The picture of an evaluation report; matplotlib is imported where it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropout_risk.errors import MissingExtraError

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
}
GUIDE = {"color": "#bbbbbb", "linewidth": 1, "linestyle": "--", "zorder": 0}


def evaluation_chart(report: EvaluationReport) -> Figure:
    """Draw calibration with 95 % intervals, precision and recall by capacity, and ROC.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    calibration, capacity, roc = figure.subplots(1, 3)
    _draw_calibration(calibration, report)
    _draw_capacity(capacity, report)
    _draw_roc(roc, report)
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
                color=COLOURS.get(result.name, "#555555"),
                linewidth=2 if result.name == "model" else 1,
                label=_roc_label(result),
            )
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="Share of those who stayed", ylabel="Share of those who dropped out"
    )
    axes.set_title("ROC", fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], fontsize=8, frameon=False, loc="lower right")


def _roc_label(result: Result) -> str:
    auc = result.metrics.get("auc")
    return result.label.en if auc is None else f"{result.label.en}, AUC {auc:.3f}"


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
