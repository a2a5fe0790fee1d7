"""The pictures inside a model card, by the heading that they stand under: drawn from the report alone."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from dropout_risk.evaluation.model_card.charts import COLOURS, result_line
from dropout_risk.evaluation.model_card.svg import GUIDE, Dot, Line, Plot, number_axis, percent_axis
from dropout_risk.evaluation.questions.calibration import CALIBRATION
from dropout_risk.evaluation.questions.decision import DECISION, EVERYBODY
from dropout_risk.evaluation.questions.effects import EFFECTS, effect_figures
from dropout_risk.evaluation.questions.separation import SEPARATION, precision_figure
from dropout_risk.evaluation.report_tables import RESULTS
from dropout_risk.text import COMMA, Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import Result

ROC = Text(
    zh="ROC曲线：从高到低逐个看学生时，找到的辍学者（纵）与误看的其他学生（横）各占多少；越靠左上越好，虚线等于抛硬币。",
    en="ROC curve: seeing pupils from the highest risk down, the share found of those who left (upwards) and "
    "of those who stayed (across); the further up and left the better, the dashed line is a coin.",
)
DECIDE = Text(
    zh="决策曲线：风险高于横轴的数就去看望时，每千名学生的净收益；高于“看望全部”和0才值得。",
    en="Decision curve: net benefit per 1,000 pupils when everybody above the risk on the axis is seen; "
    "worth it above “everybody” and above 0.",
)
HELD = Text(
    zh="校准：每点是风险相近的一组学生，横轴为给出的风险，纵轴为实际比例，竖线为95%区间；在虚线上为准确。",
    en="Calibration: each dot is a group of about equal risk; across, the risk given, upwards, what came "
    "true, with its 95 % interval. On the dashed line both agree.",
)
FOUND, SEEN = Text(zh="找到的辍学者", en="Found"), Text(zh="误看的其他学生", en="Seen in vain")
GIVEN, TRUE = Text(zh="给出的风险", en="Risk given"), Text(zh="实际比例", en="What came true")
THRESHOLD, BENEFIT = (
    Text(zh="从多高的风险起看望", en="Seen from this risk on"),
    Text(zh="净收益", en="Benefit"),
)


def card_figures(
    report: EvaluationReport, language: Language, hidden: Collection[str] = ()
) -> dict[str, str]:
    """Draw every picture, as HTML by the title of the section that it belongs to.

    Of facts of the ``hidden`` domains nothing is drawn.
    """
    found = {
        RESULTS: [roc_figure(named_results(report, language), language)],
        SEPARATION.title: [precision_figure(report, language)],
        DECISION.title: [decision_figure(named_results(report, language), language)],
        CALIBRATION.title: [calibration_figure({"": report}, language)],
        EFFECTS.title: [*effect_figures(report, language, hidden)],
    }
    return {title.to(language): "".join(parts) for title, parts in found.items() if any(parts)}


def with_figures(page: str, figures: Mapping[str, str]) -> str:
    """Put pictures under their headings in a page; a heading that is not there leaves its picture out.

    >>> with_figures("<h2>A</h2><p>a</p><h2>B</h2>", {"A": "<figure></figure>"})
    '<h2>A</h2><figure></figure><p>a</p><h2>B</h2>'
    """
    return re.sub(
        r"<h([23])>([^<]*)</h\1>",
        lambda found: found[0] + figures.get(html.unescape(found[2]), ""),
        page,
    )


def named_results(report: EvaluationReport, language: Language) -> dict[str, Result]:
    """Give the model and the baselines that were measured, by their names, the model last and so on top."""
    return {result.label.to(language): result for result in reversed(report.results) if result.metrics}


def roc_figure(results: Mapping[str, Result], language: Language, colours: Sequence[str] = ()) -> str:
    """Draw the ROC curves of some results."""
    lines = [Line([(0, 0), (1, 1)], GUIDE, dashes="4 3", width=1)]
    for place, (word, result) in enumerate(results.items()):
        points = list(
            zip(
                result.roc.get("false_positive_rate", ()),
                result.roc.get("true_positive_rate", ()),
                strict=True,
            )
        )
        if points and result.name != "base_rate":
            lines.append(result_line([(0.0, 0.0), *points], result.name, word, colours[place : place + 1]))
    across, up = percent_axis(0, 1, SEEN.to(language)), percent_axis(0, 1, FOUND.to(language))
    return Plot(ROC.to(language), across, up, lines).figure() if len(lines) > 1 else ""


def decision_figure(results: Mapping[str, Result], language: Language, colours: Sequence[str] = ()) -> str:
    """Draw what acting on risks is worth, beside seeing everybody."""
    worth = {
        word: result for word, result in results.items() if result.net_benefit and result.name != "base_rate"
    }
    if not worth:
        return ""
    points = next(reversed(worth.values())).net_benefit
    everybody = [(point["threshold"], 1000 * point["everybody"]) for point in points]
    curves = {
        word: [(point["threshold"], 1000 * point["net_benefit"]) for point in result.net_benefit]
        for word, result in worth.items()
    }
    top = max(y for curve in [everybody, *curves.values()] for _, y in curve)
    low = -0.25 * max(top, 1e-3)
    lines = [
        Line([(everybody[0][0], 0), (everybody[-1][0], 0)], "#333333", width=1),
        Line(_cut_curve(everybody, low), "#333333", EVERYBODY.to(language), width=1, dashes="2 3"),
        *(
            result_line(_cut_curve(curve, low), worth[word].name, word, colours[place : place + 1])
            for place, (word, curve) in enumerate(curves.items())
        ),
    ]
    across = percent_axis(everybody[0][0], everybody[-1][0], THRESHOLD.to(language))
    up = number_axis(low, 1.05 * max(top, 1e-3), BENEFIT.to(language))
    return Plot(DECIDE.to(language), across, up, lines).figure()


def _cut_curve(curve: Sequence[tuple[float, float]], low: float) -> list[tuple[float, float]]:
    """Keep the points of a curve that lie on the field."""
    return [(x, y) for x, y in curve if y >= low]


def calibration_figure(
    reports: Mapping[str, EvaluationReport], language: Language, colours: Sequence[str] = ()
) -> str:
    """Draw risks given against what came true, of one report or of several."""
    bins = [(place, row) for place, report in enumerate(reports.values()) for row in report.calibration]
    if not bins:
        return ""
    top = min(1.0, 1.05 * max(max(row["mean_risk"], row["high"]) for _, row in bins))
    dots = [
        Dot(
            row["mean_risk"], row["observed"], (*colours, COLOURS["model"])[place], row["low"], row["high"],
            told=COMMA.join(
                language,
                [
                    f"{word.to(language)} {row[key]:.1%}"
                    for word, key in ((GIVEN, "mean_risk"), (TRUE, "observed"))
                ],
            ),
        )
        for place, row in bins
    ]  # fmt: skip
    lines = [Line([(0, 0), (top, top)], GUIDE, dashes="4 3", width=1)]
    lines += [Line([], colour, word) for word, colour in zip(reports, colours, strict=False)]
    across, up = percent_axis(0, top, GIVEN.to(language)), percent_axis(0, top, TRUE.to(language))
    return Plot(HELD.to(language), across, up, lines, dots=dots).figure()
