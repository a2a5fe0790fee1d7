"""What each fact does to the risk, over the test rows: sums and counts of many pupils, no pupil's row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import CONFIDENTIAL, DOMAINS, Feature, FeatureCatalogue
from dropout_risk.evaluation.section import Section, SectionKind, SectionTable
from dropout_risk.text import Text

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


def _section_of(trained: Any) -> Section | None:
    from dropout_risk.evaluation.capacity import Lists, of_share

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
