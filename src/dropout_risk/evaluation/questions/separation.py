"""How the list parts those who left from those who stayed: precision at every recall, and the four fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.evaluation.model_card.charts import result_line
from dropout_risk.evaluation.model_card.svg import GUIDE, Line, Plot, percent_axis
from dropout_risk.evaluation.section import Cell, Section, SectionKind, SectionTable, with_interval
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.baselines import Baseline
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import HeldOut, Result

RECALLS = 41
CURVES = "precision_recall"
TABLE = Text(
    zh="名单（每个评分日风险最高的{share:.0%}）与后来的事实，人次",
    en="The list (the top {share:.0%} of each test day) and what came true, rows",
)
TOGETHER = Text(zh="合计", en="Together")
COLUMNS = ("", Text(zh="后来辍学", en="Dropped out"), Text(zh="没有辍学", en="Stayed"), TOGETHER)
LISTED = Text(zh="列入名单", en="On the list")
NOT_LISTED = Text(zh="未列入", en="Not on it")
SAID = Text(
    zh="名单上{listed:.0f}人次中{hits:.0f}人次后来辍学；未列入名单的{rest:.0f}人次中还有{missed:.0f}人次辍学，是名单漏掉的。"
    "名单内辍学的比例{precision}，名单外{below}。",
    en="Of {listed:.0f} rows on the list {hits:.0f} dropped out; of the {rest:.0f} not on it {missed:.0f} "
    "did as well: the list missed them. Share that dropped out: {precision} on the list, {below} off it.",
)
PRECISION = Text(
    zh="精确率–召回率曲线：要找到更多辍学者（横），名单里真正辍学的比例（纵）就会下降；虚线是不加区分时的比例。",
    en="Precision and recall: the more of those who leave are to be found (across), the fewer on the list do "
    "leave (upwards); the dashed line is a list drawn by lot.",
)
OF_LIST, RECALL = Text(zh="名单中辍学的", en="Of the list"), Text(zh="找到的辍学者", en="Found")


def separation_section(
    held_out: HeldOut, baselines: Sequence[Baseline], results: Sequence[Result]
) -> Section | None:
    """Count the four fields of the list, and follow precision along recall; None with one class only."""
    model = results[0]
    listed = model.at_capacity
    if not 0 < held_out.y.sum() < held_out.y.size:
        return None
    hits, n, left = listed["hits"]["expected"], listed["n"], listed["positives"]
    missed, rest = left - hits, n - listed["listed"]
    fields: dict[Text, tuple[float, ...]] = {
        LISTED: (hits, listed["listed"] - hits, listed["listed"]),
        NOT_LISTED: (missed, rest - missed, rest),
        TOGETHER: (left, n - left, n),
    }
    rows: list[tuple[Cell, ...]] = [
        (name, *(f"{count:.0f}" for count in counts)) for name, counts in fields.items()
    ]
    ends = model.intervals.get("precision_at_capacity")
    said = SAID.filled(
        listed=listed["listed"], hits=hits, rest=rest, missed=missed,
        precision=with_interval(hits / listed["listed"], ends), below=f"{missed / max(rest, 1):.3f}",
    )  # fmt: skip
    risks = {"model": held_out.p} | {
        one.name: np.asarray(one.risks, dtype=np.float64)
        for one in baselines
        if one.risks is not None and np.ptp(one.risks) > 0
    }
    return SEPARATION.section(
        [said],
        [SectionTable(TABLE.filled(share=listed["share"]), COLUMNS, tuple(rows))],
        {"hits": hits, "missed": missed, "listed_in_vain": listed["listed"] - hits},
        points={CURVES: {name: _precisions_along_recall(held_out.y, p) for name, p in risks.items()}},
    )


def _precisions_along_recall(y: Floats, p: Floats) -> list[dict[str, Any]]:
    """Give the best precision at which each recall is reached, on an even grid of recalls."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(y, p)
    grid = np.linspace(0, 1, RECALLS)[1:]
    reached = [float(precision[recall >= at - 1e-12].max()) for at in grid]
    return [{"recall": at, "precision": best} for at, best in zip(grid.tolist(), reached, strict=True)]


# --- The same as a picture ---


def precision_curves(report: EvaluationReport) -> dict[str, list[dict[str, float]]]:
    """Read precision along recall from a report, by the key of the model or baseline; empty without it."""
    section = report.section(SEPARATION.name)
    return {} if section is None else section.points.get(CURVES, {})


def precision_figure(report: EvaluationReport, language: Language) -> str:
    """Draw precision along recall, of the model and of the baselines."""
    curves = precision_curves(report)
    words = {result.name: result.label.to(language) for result in report.results}
    named = {words.get(name, name): (name, curves[name]) for name in reversed(list(curves))}
    return precisions_figure(named, report.result().metrics["base_rate"], language)


def precisions_figure(
    named: Mapping[str, tuple[str, Sequence[Mapping[str, float]]]],
    base_rate: float,
    language: Language,
    colours: Sequence[str] = (),
) -> str:
    """Draw curves of precision along recall, each under its word, with the key of its colour."""
    if not named:
        return ""
    top = max(point["precision"] for _, points in named.values() for point in points)
    lines = [Line([(0, base_rate), (1, base_rate)], GUIDE, dashes="4 3", width=1)]
    for place, (word, (name, points)) in enumerate(named.items()):
        curve = [(point["recall"], point["precision"]) for point in points]
        lines.append(result_line(curve, name, word, colours[place : place + 1]))
    across, up = (
        percent_axis(0, 1, RECALL.to(language)),
        percent_axis(0, min(1, 1.05 * top), OF_LIST.to(language)),
    )
    return Plot(PRECISION.to(language), across, up, lines).figure()


SEPARATION: SectionKind = SectionKind(
    name="separation",
    title=Text(zh="名单内外：找到了谁，漏掉了谁", en="On and off the list: who was found, who was missed"),
    of_figures=lambda measured: separation_section(measured.held_out, measured.baselines, measured.results),
)
