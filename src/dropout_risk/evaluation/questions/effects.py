"""What each fact does to the risk, over the test rows: sums and counts of many pupils, no pupil's row."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import CONFIDENTIAL, DOMAINS, Feature, FeatureCatalogue
from dropout_risk.evaluation.model_card.charts import COLOURS
from dropout_risk.evaluation.model_card.svg import GUIDE, Area, Axis, Line, Plot, number_axis
from dropout_risk.evaluation.section import Section, SectionKind, SectionTable
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport

MOST_FACTS, MOST_CURVES, MOST_PAIRS, MOST_ROWS = 12, 6, 2, 10
PLACES, MOST_DOTS, SHADES = 64, 14, 4
BINS, FEWEST, FEWEST_OF_A_DOT = 12, 20, 5
"""Bins of a value, rows of a point of a curve below which it is not drawn, and of a dot."""
TOLD_APART = 0.05
"""Share of what a fact's own value leaves open, below which another fact explains nothing worth drawing."""
SAID = Text(
    zh="以下各图汇总测试期全部{n}人次的分量（对数几率）：图上每点代表多名学生，不是某一个学生。",
    en="The pictures sum up the weights (log-odds) of all {n} test rows: each dot stands for many pupils, "
    "none for one.",
)
NO_PAIR = Text(
    zh="没有两项因素明显互相影响：每一项的作用不因另一项而变。",
    en="No two facts change each other's effect enough to be drawn.",
)
PAIR = Text(
    zh="“{one}”的作用因“{other}”而不同：两条线相距越远，差别越大。",
    en="What “{one}” does depends on “{other}”: the further the two lines lie apart, the more.",
)
LEFT_OUT = Text(zh="心理测评各项不在此表中。", en="Results of well-being tests are not in this table.")
TABLE = Text(zh="名单内外的学生", en="The list and the rest")
COLUMNS = (
    Text(zh="因素（测试期平均）", en="Fact, mean of the test"),
    Text(zh="单位", en="Unit"),
    Text(zh="列入名单", en="On the list"),
    Text(zh="未列入", en="The rest"),
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
PAIR_DRAWN = Text(
    zh="{one}（{unit}）的作用，按{other}的高低分开。", en="What {one} ({unit}) does, by {other}."
)
HIGH = Text(zh="{other}较高", en="{other}: higher")
LOW = Text(zh="{other}较低", en="{other}: lower")
SHADE_COLOURS = ("#2f6f73", "#8db3b5", "#e0a878", "#b4530a", "#76828b")
WEIGHT = Text(zh="分量", en="Weight")
STEP, DOT_WIDTH = 3.4, 3.2
NOTHING = Text(zh="无", en="none")


@dataclass(frozen=True, eq=False)
class Effects:
    """Contributions of features to rows, with their values, and who is on the list (0 to 1 each)."""

    catalogue: FeatureCatalogue
    values: Floats
    contributions: Floats
    listed: Floats

    @cached_property
    def features(self) -> list[Feature]:
        """The features, in the order of the columns."""
        return list(self.catalogue.values())

    @cached_property
    def speakers(self) -> list[int]:
        """The heaviest feature of each fact, the heaviest fact first."""
        weights = np.abs(self.contributions).mean(axis=0)
        facts: dict[str, list[int]] = {}
        for place, feature in enumerate(self.features):
            facts.setdefault(feature.family, []).append(place)
        weight = {fact: np.abs(self._sum_of(places)).mean() for fact, places in facts.items()}
        order = sorted((fact for fact in facts if weight[fact] > 0), key=lambda fact: -weight[fact])
        return [max(facts[fact], key=lambda place: weights[place]) for fact in order]

    def fact(self, speaker: int) -> Floats:
        """Give what a whole fact contributes to each row."""
        family = self.features[speaker].family
        return self._sum_of([n for n, feature in enumerate(self.features) if feature.family == family])

    def _sum_of(self, places: list[int]) -> Floats:
        return np.asarray(self.contributions[:, places].sum(axis=1))

    def named(self, place: int) -> dict[str, Any]:
        """Name a feature."""
        feature = self.features[place]
        return {"label": feature.label, "domain": feature.domain, "unit": feature.unit}

    def swarm(self) -> dict[str, Any]:
        """Give each fact's dots by place on one axis and by shade of its value; a dot is several pupils."""
        shown = self.speakers[:MOST_FACTS]
        if not shown:
            return {"low": 0.0, "high": 0.0, "facts": []}
        facts = {place: self.fact(place) for place in shown}
        low, high = np.quantile(np.column_stack(list(facts.values())), [0.001, 0.999]).tolist()
        counts = {place: self._places(facts[place], place, low, high) for place in shown}
        most = max(int(table.sum(axis=1).max()) for table in counts.values())
        return {
            "low": low,
            "high": high,
            "facts": [
                self.named(place)
                | {"weight": float(np.abs(facts[place]).mean()), "dots": _dots_of_places(counts[place], most)}
                for place in shown
            ],
        }

    def _places(self, fact: Floats, speaker: int, low: float, high: float) -> npt.NDArray[Any]:
        """Count rows by place and by shade: rising quarters of the value, at last those without one."""
        inside = np.clip((fact - low) / max(high - low, 1e-9), 0, 1)
        place = np.minimum((inside * PLACES).astype(int), PLACES - 1)
        values = self.values[:, speaker]
        known = ~np.isnan(values)
        rank = np.zeros(len(values))
        if known.any():
            ordered = np.sort(values[known])
            ends = [np.searchsorted(ordered, values[known], side=side) for side in ("left", "right")]
            rank[known] = (ends[0] + ends[1]) / 2 / len(ordered)
        shade = np.where(known, np.minimum((rank * SHADES).astype(int), SHADES - 1), SHADES)
        return np.bincount(place * (SHADES + 1) + shade, minlength=PLACES * (SHADES + 1)).reshape(PLACES, -1)

    def curve(self, place: int, rows: npt.NDArray[np.bool_] | None = None) -> list[dict[str, float]]:
        """Give mean contribution and middle four fifths by value of a feature."""
        bin_of, found = self._bins(place), []
        for number in range(int(bin_of.max(initial=-1)) + 1):
            inside = bin_of == number if rows is None else (bin_of == number) & rows
            if inside.sum() >= FEWEST:
                own = self.contributions[inside, place]
                low, high = np.quantile(own, [0.1, 0.9]).tolist()
                value = float(self.values[inside, place].mean())
                found.append({"value": value, "mean": float(own.mean()), "low": low, "high": high})
        return found

    def _bins(self, place: int) -> npt.NDArray[Any]:
        """Give each row the bin of its value; -1 where it is not known."""
        values = self.values[:, place]
        known = ~np.isnan(values)
        if not known.any():
            return np.full(len(values), -1)
        kinds = np.unique(values[known])
        edges = (
            kinds[1:]
            if len(kinds) <= BINS
            else np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)))[1:-1]
        )
        return np.where(known, np.searchsorted(edges, values, side="right"), -1)

    def pairs(self) -> Iterator[dict[str, Any]]:
        """Give the pairs in which one fact most changes what another does, the strongest first."""
        found = []
        for one in self.speakers[:MOST_CURVES]:
            left = self._left_open(one)
            for other in self.speakers[:MOST_FACTS]:
                share = 0.0 if other == one else self._explained(left, other)
                if share >= TOLD_APART:
                    found.append((share * float(left.std()), one, other))
        seen: set[int] = set()
        for _, one, other in sorted(found, reverse=True):
            if one not in seen and len(seen) < MOST_PAIRS:
                seen.add(one)
                high = self.values[:, other] > np.nanmedian(self.values[:, other])
                low = ~high & ~np.isnan(self.values[:, other])
                yield {
                    "one": self.named(one),
                    "other": self.named(other),
                    "low": self.curve(one, low),
                    "high": self.curve(one, high),
                }

    def _left_open(self, place: int) -> Floats:
        """Give what the feature contributes more than is usual for its value."""
        bin_of, own = self._bins(place), self.contributions[:, place]
        known = bin_of >= 0
        if not known.any():
            return np.zeros(len(own))
        sums, n = np.bincount(bin_of[known], own[known]), np.bincount(bin_of[known])
        return np.where(known, own - (sums / np.maximum(n, 1))[np.maximum(bin_of, 0)], 0.0)

    def _explained(self, left: Floats, other: int) -> float:
        """Give the share of it that lies between those with a high and those with a low other value."""
        values = self.values[:, other]
        known = ~np.isnan(values)
        high = values[known] > np.median(values[known]) if known.any() else np.zeros(0, bool)
        if min(high.sum(), (~high).sum()) < FEWEST or left[known].std() < 1e-6:
            return 0.0
        own, share = left[known], float(high.mean())
        gap = float(own[high].mean() - own[~high].mean())
        return share * (1 - share) * gap**2 / float(own.var())

    def beside_the_rest(self) -> SectionTable:
        """Compare the means of those on the list with those of the rest; tests stay out of it."""
        rows = [
            (
                self.features[place].label,
                self.features[place].unit,
                *(self._mean(place, who) for who in (self.listed, 1 - self.listed)),
            )
            for place in self.speakers
            if self.features[place].domain != CONFIDENTIAL
        ]
        return SectionTable(TABLE, COLUMNS, tuple(rows[:MOST_ROWS]))

    def _mean(self, place: int, weight: Floats) -> str | None:
        values = self.values[:, place]
        known = ~np.isnan(values) & (weight > 0)
        if known.sum() < FEWEST:
            return None
        mean = float(np.average(values[known], weights=weight[known]))
        return f"{mean:.0%}" if self.features[place].valid_range == (0, 1) else f"{mean:.1f}"


def _dots_of_places(counts: npt.NDArray[Any], most: int) -> list[list[int]]:
    """Turn counts by place and shade into dots: as the root of the rows of a place, none for a few of them.

    >>> _dots_of_places(np.array([[1600, 0], [60, 40], [1, 1]]), most=1600)
    [[14, 0], [2, 2], [0, 0]]
    """
    rows = counts.sum(axis=1, keepdims=True)
    total = np.where(rows < FEWEST_OF_A_DOT, 0, np.rint(MOST_DOTS * np.sqrt(rows / most)).clip(1))
    upto = np.rint(np.cumsum(counts, axis=1) / np.maximum(rows, 1) * total).astype(int)
    dots: list[list[int]] = np.diff(upto, axis=1, prepend=0).tolist()
    return dots


def effects_section(effects: Effects) -> Section | None:
    """Sum up what each fact does; None where no fact does anything."""
    if not effects.speakers:
        return None
    pairs = list(effects.pairs())
    open_pairs = [
        pair for pair in pairs if CONFIDENTIAL not in (pair["one"]["domain"], pair["other"]["domain"])
    ]
    said = [PAIR.filled(one=pair["one"]["label"], other=pair["other"]["label"]) for pair in open_pairs]
    said += [] if pairs else [NO_PAIR]
    private = any(feature.domain == CONFIDENTIAL for feature in effects.features)
    return EFFECTS.section(
        [SAID.filled(n=len(effects.values)), *said, *([LEFT_OUT] if private else [])],
        [effects.beside_the_rest()],
        points={
            "swarm": effects.swarm(),
            "curves": [
                effects.named(place) | {"points": effects.curve(place)}
                for place in effects.speakers[:MOST_CURVES]
            ],
            "pairs": pairs,
            "domains": dict(DOMAINS),
        },
    )


# --- The same as pictures ---


def effect_figures(report: EvaluationReport, language: Language, hidden: Collection[str]) -> Iterator[str]:
    """Draw what each fact does: all of it in one picture, then by its value, then with another fact."""
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
    label, dots = Text(**fact["label"]).to(language), fact["dots"]
    ends = [_mean_of_shade(dots, shade, axis) for shade in (SHADES - 1, 0)]
    high, low = (NOTHING.to(language) if mean is None else f"{mean:+.2f}" for mean in ends)
    told = html.escape(SWARM_ROW.fill(language, label=label, high=high, low=low))
    most = max(sum(place) for place in dots) or 1
    height = round(STEP * most + 8)
    zero = axis.place(0)
    paths = "".join(
        f'<path d="{_dots_path(dots, shade, height / 2)}" stroke="{colour}" stroke-width="{DOT_WIDTH}" '
        'stroke-linecap="round" fill="none" vector-effect="non-scaling-stroke"/>'
        for shade, colour in enumerate(SHADE_COLOURS)
        if any(place[shade] for place in dots)
    )
    return (
        f'<li><span class="words">{html.escape(label)}</span>'
        f'<svg width="100%" height="{height}" viewBox="0 0 100 {height}" preserveAspectRatio="none" '
        f'role="img" aria-label="{told}"><title>{told}</title>'
        f'<line x1="{zero}" x2="{zero}" y1="0" y2="{height}" stroke="{GUIDE}" '
        f'vector-effect="non-scaling-stroke"/>{paths}</svg>'
        f'<span class="number">{fact["weight"]:.2f}</span></li>'
    )


def _dots_path(dots: Sequence[Sequence[int]], shade: int, middle: float) -> str:
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
    return Plot(caption, across, up, [_zero_line(across), line], [band]).figure()


def _pair_figure(pair: Mapping[str, Any], language: Language) -> str:
    one, other, unit = (
        Text(**words).to(language)
        for words in (pair["one"]["label"], pair["other"]["label"], pair["one"]["unit"])
    )
    caption = PAIR_DRAWN.fill(language, one=one, other=other, unit=unit)
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
    return Plot(caption, across, up, [_zero_line(across), *lines]).figure()


def _zero_line(across: Axis) -> Line:
    return Line([(across.low, 0), (across.high, 0)], GUIDE, dashes="4 3", width=1)


def _value_axis(values: Sequence[float]) -> Axis:
    return number_axis(min(values), max(values), most=5)


def _weight_axis(values: Sequence[float], language: Language) -> Axis:
    low, high = min([*values, 0.0]), max([*values, 0.0])
    room = 0.06 * max(high - low, 0.1)
    return number_axis(low - room, high + room, WEIGHT.to(language), most=5)


def _section_of(trained: Any) -> Section | None:
    from dropout_risk.evaluation.questions.capacity import Lists, of_share

    held_out = trained.held_out
    listed = Lists.of(
        held_out.y, held_out.p, held_out.as_of, of_share(trained.settings.capacity.share)
    ).chance
    values = trained.parts.X(trained.parts.test)[trained.catalogue.names].to_numpy(dtype=np.float64)
    return effects_section(Effects(trained.catalogue, values, trained.contributions, listed))


EFFECTS: SectionKind = SectionKind(
    name="effects",
    title=Text(zh="各项因素怎样起作用", en="What each fact does"),
    of_model=_section_of,
)
