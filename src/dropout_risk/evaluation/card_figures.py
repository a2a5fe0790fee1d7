"""The pictures inside a model card, by the heading that they stand under: drawn from the report alone."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dropout_risk.evaluation.calibration import CALIBRATION
from dropout_risk.evaluation.charts import COLOURS
from dropout_risk.evaluation.decision import DECISION, EVERYBODY
from dropout_risk.evaluation.effects import EFFECTS, FEWEST_OF_A_DOT, PLACES, SHADES
from dropout_risk.evaluation.report_tables import RESULTS
from dropout_risk.evaluation.separation import SEPARATION
from dropout_risk.evaluation.svg import Area, Axis, Dot, Line, Plot, number_axis, percent_axis
from dropout_risk.text import COMMA, Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import Result

GUIDE = "#8a969e"
ROC = Text(
    zh="ROC曲线：从高到低逐个看学生时，找到的辍学者（纵）与误看的其他学生（横）各占多少；越靠左上越好，虚线等于抛硬币。",
    en="ROC curve: seeing pupils from the highest risk down, the share found of those who left (upwards) and "
    "of those who stayed (across); the further up and left the better, the dashed line is a coin.",
)
PRECISION = Text(
    zh="精确率–召回率曲线：要找到更多辍学者（横），名单里真正辍学的比例（纵）就会下降；虚线是不加区分时的比例。",
    en="Precision and recall: the more of those who leave are to be found (across), the fewer on the list do "
    "leave (upwards); the dashed line is a list drawn by lot.",
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
SWARM = Text(
    zh="各因素的分量：点越多的地方学生越多（点数按人数的平方根，不足{each}人次的不画）；"
    "向右使风险升高，向左使风险降低；颜色是这一因素的值，"
    "从低（蓝绿）到高（橙），灰色为没有记录。"
    "右边是平均分量（不计正负）。",
    en="Weights of each fact: where there are more dots there are more pupils (by the root of their number, "
    "none for fewer than {each} rows); to the right it raises the risk, to the left it lowers it; the colour "
    "is the fact's value, from low (green) to high (orange), grey where there is no record. To the "
    "right the mean weight whatever its sign.",
)
SWARM_ROW = Text(
    zh="{label}：值高的四分之一学生平均分量{high}，值低的四分之一{low}",
    en="{label}: mean weight {high} in the quarter with the highest values, {low} in that with the lowest",
)
CURVE = Text(
    zh="{label}（{unit}）：横轴为值，纵轴为分量；线是平均，浅色带是中间八成学生。",
    en="{label} ({unit}): across the value, upwards the weight; the line is the mean, the band the middle "
    "four fifths.",
)
PAIR = Text(zh="{one}（{unit}）的作用，按{other}的高低分开。", en="What {one} ({unit}) does, by {other}.")
HIGH = Text(zh="{other}较高", en="{other}: higher")
LOW = Text(zh="{other}较低", en="{other}: lower")
FOUND, SEEN = Text(zh="找到的辍学者", en="Found"), Text(zh="误看的其他学生", en="Seen in vain")
OF_LIST, RECALL = Text(zh="名单中辍学的", en="Of the list"), Text(zh="找到的辍学者", en="Found")
GIVEN, TRUE = Text(zh="给出的风险", en="Risk given"), Text(zh="实际比例", en="What came true")
THRESHOLD, BENEFIT = (
    Text(zh="从多高的风险起看望", en="Seen from this risk on"),
    Text(zh="净收益", en="Benefit"),
)
SHADE_COLOURS = ("#2f6f73", "#8db3b5", "#e0a878", "#b4530a", "#76828b")
WEIGHT = Text(zh="分量", en="Weight")
STEP, DOT_WIDTH = 3.4, 3.2
NOTHING = Text(zh="无", en="none")


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
        EFFECTS.title: [*_effect_figures(report, language, hidden)],
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
            lines.append(_line_of([(0.0, 0.0), *points], result.name, word, colours[place : place + 1]))
    across, up = percent_axis(0, 1, SEEN.to(language)), percent_axis(0, 1, FOUND.to(language))
    return (
        _captioned_figure(ROC.to(language), Plot(ROC.to(language), across, up, lines))
        if len(lines) > 1
        else ""
    )


def precision_figure(report: EvaluationReport, language: Language) -> str:
    """Draw precision along recall, of the model and of the baselines."""
    section = report.section(SEPARATION.name)
    points = {} if section is None else section.points.get("precision_recall", {})
    words = {result.name: result.label.to(language) for result in report.results}
    named = {words.get(name, name): (name, points[name]) for name in reversed(list(points))}
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
        lines.append(_line_of(curve, name, word, colours[place : place + 1]))
    across, up = (
        percent_axis(0, 1, RECALL.to(language)),
        percent_axis(0, min(1, 1.05 * top), OF_LIST.to(language)),
    )
    return _captioned_figure(PRECISION.to(language), Plot(PRECISION.to(language), across, up, lines))


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
            _line_of(_cut_curve(curve, low), worth[word].name, word, colours[place : place + 1])
            for place, (word, curve) in enumerate(curves.items())
        ),
    ]
    across = percent_axis(everybody[0][0], everybody[-1][0], THRESHOLD.to(language))
    up = number_axis(low, 1.05 * max(top, 1e-3), BENEFIT.to(language))
    return _captioned_figure(DECIDE.to(language), Plot(DECIDE.to(language), across, up, lines))


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
    return _captioned_figure(HELD.to(language), Plot(HELD.to(language), across, up, lines, dots=dots))


def _line_of(points: Sequence[tuple[float, float]], name: str, word: str, colour: Sequence[str] = ()) -> Line:
    own = (*colour, COLOURS.get(name, "#555555"))[0]
    return Line(points, own, word, width=2.5 if name == "model" else 1.2)


def _captioned_figure(caption: str, plot: Plot) -> str:
    said = f"<figcaption>{html.escape(caption)}</figcaption>"
    return f'<figure class="drawn">{said}{plot.svg()}{plot.legend()}</figure>'


# --- What each fact does: all of it in one picture, then by its value, then with another fact ---


def _effect_figures(report: EvaluationReport, language: Language, hidden: Collection[str]) -> Iterator[str]:
    section = report.section(EFFECTS.name)
    points = {} if section is None else section.points
    if not points:
        return
    yield _swarm_figure(points["swarm"], language, hidden)
    shown = [
        curve for curve in points["curves"] if curve["domain"] not in hidden and len(curve["points"]) > 1
    ]
    pairs = [
        pair
        for pair in points["pairs"]
        if pair["one"]["domain"] not in hidden and pair["other"]["domain"] not in hidden
    ]
    drawn = [_curve_figure(curve, language) for curve in shown] + [
        _pair_figure(pair, language) for pair in pairs
    ]
    if drawn:
        yield f'<div class="side-by-side">{"".join(drawn)}</div>'


def _swarm_figure(swarm: Mapping[str, Any], language: Language, hidden: Collection[str]) -> str:
    facts = [fact for fact in swarm["facts"] if fact["domain"] not in hidden]
    if not facts:
        return ""
    axis = number_axis(swarm["low"], swarm["high"], most=5)
    rows = "".join(_swarm_row(fact, axis, language) for fact in facts)
    marks = "".join(
        f'<text x="{axis.place(value)}%" y="12" text-anchor="middle" fill="#4c5861">{word}</text>'
        for value, word in axis.marks
    )
    return (
        f'<figure class="drawn swarm"><figcaption>{SWARM.fill(language, each=FEWEST_OF_A_DOT)}</figcaption>'
        f"<ul>{rows}</ul>"
        f'<p class="axis" aria-hidden="true"><svg width="100%" height="16">{marks}</svg></p></figure>'
    )


def _swarm_row(fact: Mapping[str, Any], axis: Axis, language: Language) -> str:
    label = Text(**fact["label"]).to(language)
    ends = [_mean_of_shade(fact["dots"], shade, axis) for shade in (SHADES - 1, 0)]
    high, low = (NOTHING.to(language) if mean is None else f"{mean:+.2f}" for mean in ends)
    told = html.escape(SWARM_ROW.fill(language, label=label, high=high, low=low))
    most = max(sum(place) for place in fact["dots"]) or 1
    height = round(STEP * most + 8)
    zero = axis.place(0)
    paths = "".join(
        f'<path d="{_dots_of(fact["dots"], shade, height / 2)}" stroke="{colour}" stroke-width="{DOT_WIDTH}" '
        'stroke-linecap="round" fill="none" vector-effect="non-scaling-stroke"/>'
        for shade, colour in enumerate(SHADE_COLOURS)
        if any(place[shade] for place in fact["dots"])
    )
    return (
        f'<li><span class="words">{html.escape(label)}</span>'
        f'<svg width="100%" height="{height}" viewBox="0 0 100 {height}" preserveAspectRatio="none" '
        f'role="img" aria-label="{told}"><title>{told}</title>'
        f'<line x1="{zero}" x2="{zero}" y1="0" y2="{height}" stroke="{GUIDE}" '
        f'vector-effect="non-scaling-stroke"/>{paths}</svg>'
        f'<span class="number">{fact["weight"]:.2f}</span></li>'
    )


def _dots_of(dots: Sequence[Sequence[int]], shade: int, middle: float) -> str:
    """Write the dots of one shade as a path, stacked about the middle, lower values below."""
    parts = []
    for place, counts in enumerate(dots):
        below = sum(counts[:shade])
        for number in range(below, below + counts[shade]):
            y = middle - STEP * (number - (sum(counts) - 1) / 2)
            parts.append(f"M{100 * (place + 0.5) / PLACES:.1f} {y:.1f}h0")
    return "".join(parts)


def _mean_of_shade(dots: Sequence[Sequence[int]], shade: int, axis: Axis) -> float | None:
    n = sum(counts[shade] for counts in dots)
    if not n:
        return None
    place = sum((number + 0.5) * counts[shade] for number, counts in enumerate(dots)) / n / PLACES
    return axis.low + place * (axis.high - axis.low)


def _curve_figure(curve: Mapping[str, Any], language: Language) -> str:
    points = curve["points"]
    label, unit = (Text(**curve[name]).to(language) for name in ("label", "unit"))
    caption = CURVE.fill(language, label=label, unit=unit)
    line = Line([(point["value"], point["mean"]) for point in points], COLOURS["model"], width=2)
    band = Area(
        [(point["value"], point["high"]) for point in points],
        [(point["value"], point["low"]) for point in points],
        COLOURS["model"],
    )
    across = _value_axis([point["value"] for point in points])
    up = _weight_axis([point[end] for point in points for end in ("low", "high")], language)
    return _captioned_figure(caption, Plot(caption, across, up, [_zero_line(across), line], [band]))


def _pair_figure(pair: Mapping[str, Any], language: Language) -> str:
    one, other, unit = (
        Text(**words).to(language)
        for words in (pair["one"]["label"], pair["other"]["label"], pair["one"]["unit"])
    )
    caption = PAIR.fill(language, one=one, other=other, unit=unit)
    lines = [
        Line(
            [(point["value"], point["mean"]) for point in pair[end]],
            colour,
            word.fill(language, other=other),
            2,
        )
        for end, word, colour in (("low", LOW, SHADE_COLOURS[0]), ("high", HIGH, SHADE_COLOURS[3]))
    ]
    points = [*pair["low"], *pair["high"]]
    if not points:
        return ""
    across = _value_axis([point["value"] for point in points])
    up = _weight_axis([point["mean"] for point in points], language)
    return _captioned_figure(caption, Plot(caption, across, up, [_zero_line(across), *lines]))


def _zero_line(across: Axis) -> Line:
    return Line([(across.low, 0), (across.high, 0)], GUIDE, dashes="4 3", width=1)


def _value_axis(values: Sequence[float]) -> Axis:
    return number_axis(min(values), max(values), most=5)


def _weight_axis(values: Sequence[float], language: Language) -> Axis:
    low, high = min([*values, 0.0]), max([*values, 0.0])
    room = 0.06 * max(high - low, 0.1)
    return number_axis(low - room, high + room, WEIGHT.to(language), most=5)
