"""When too little is known to judge, and which datum is most worth fetching.

Nobody is judged of whom neither attendance nor marks are known; nothing else makes the model abstain.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from dropout_risk.arrays import Bools, Floats
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.features.missing import NOT_RECORDED, REFUSED
from dropout_risk.features.refused_shares import JUDGED_BY
from dropout_risk.records.tables import INCIDENTS, TABLES
from dropout_risk.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    import pandas as pd

    from dropout_risk.modelling.calibrated_model import CalibratedModel
    from dropout_risk.scoring.risks import Risks
    from dropout_risk.settings import BandSettings


QUANTILES = np.linspace(0.05, 0.95, 19)
MOST_ROWS, FEWEST_ROWS = 20_000, 30
LIKELY = 0.1
"""A datum is named if its arrival would move at least so many pupils in ten to another band."""
NOTHING = -1

MOVES = Text(
    zh="最值得先补：{fact}。补上后，风险可能从{now}变为{low}至{high}之间",
    en="Worth fetching first: {fact}. It could move the risk from {now} to between {low} and {high}",
)
ABSTAINS = Text(
    zh="信息不足，暂不评估：既没有出勤记录也没有成绩",
    en="Neither attendance nor marks are known: no judgement",
)
WOULD_PLACE = Text(
    zh="最值得先补：{fact}。补上后，风险可能在{low}至{high}之间",
    en="Worth fetching first: {fact}. With it the risk could lie between {low} and {high}",
)


def too_little_known(values: Floats, judging: list[int]) -> Bools:
    """Say of which pupils nothing is known that pupils are judged by (:func:`judged_by`)."""
    return np.asarray(np.isnan(values[:, judging]).all(axis=1))


def judged_by(catalogue: FeatureCatalogue) -> list[int]:
    """Give the positions of the features of which one at least must be known of a pupil who is judged."""
    return [
        index
        for index, item in enumerate(catalogue.values())
        if item.domain in JUDGED_BY and item.source not in INCIDENTS and item.measure.tells_of_pupil
    ]


@dataclass(frozen=True)
class FactSwings:
    """How far each fact moves scores: quantiles of what it adds to the log-odds of those of whom it is known.

    A fact is what arrives together: all features that one table gives, or one column of the students table.
    Each has 19 numbers, from the 5th to the 95th of a hundred training pupils.
    """

    quantiles: Mapping[str, tuple[float, ...]]

    @classmethod
    def of(cls, calibrated: CalibratedModel, catalogue: FeatureCatalogue, X: pd.DataFrame) -> Self:
        """Learn the swings from training rows, at most 20,000 of them, evenly taken."""
        step = max(1, -(-len(X) // MOST_ROWS))
        values = X[catalogue.names].iloc[::step].to_numpy(dtype=np.float64)
        added = calibrated.contributions(values).values
        found = {}
        for fact, indices in facts_of(catalogue).items():
            there = ~np.isnan(values[:, indices]).all(axis=1)
            if there.sum() >= FEWEST_ROWS:
                sums = _sum_columns(added[:, indices][there])
                found[fact] = tuple(np.quantile(sums, QUANTILES).tolist())
        return cls(found)

    def to_dict(self) -> dict[str, list[float]]:
        """Write the swings as plain data."""
        return {fact: list(numbers) for fact, numbers in self.quantiles.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls({fact: tuple(map(float, numbers)) for fact, numbers in data.items()})


@dataclass(frozen=True, eq=False)
class WorthFetching:
    """The fact most worth fetching of each pupil, by its index (-1 for none).

    Its arrival would leave the risk between ``low`` and ``high`` for nine of ten pupils.
    """

    fact: npt.NDArray[np.int64]
    low: Floats
    high: Floats


@dataclass(frozen=True)
class FetchAdvice:
    """Names the missing datum whose arrival would most likely change the band.

    What a missing fact would add is taken from the pupils of whom it is known: their contributions, 19
    quantiles of them, take the place of what its absence adds now. With an additive model that is exact; with
    trees it leaves out how the fact would change what others add. It is not known whether those of whom the
    fact is missing are like those of whom it is known.
    """

    catalogue: FeatureCatalogue
    swings: FactSwings
    bands: BandSettings

    @cached_property
    def facts(self) -> dict[str, list[int]]:
        """The facts whose swings are known, with the indices of their features."""
        return {fact: p for fact, p in facts_of(self.catalogue).items() if fact in self.swings.quantiles}

    def of(self, risks: Risks, states: npt.NDArray[np.int8], abstaining: Bools) -> WorthFetching:
        """Choose for each pupil; whatever others are asked about changes nothing.

        ``states`` says why values are missing: a test that was refused is not asked for again. Those who are
        ``abstaining`` are told in any case, where anything would move the risk at all.
        """
        n = len(risks)
        fact, low, high = np.full(n, NOTHING), np.full(n, np.nan), np.full(n, np.nan)
        best, most, missing = np.zeros(n), np.zeros(n), np.isnan(risks.values)
        for number, (name, indices) in enumerate(self.facts.items()):
            rows = np.flatnonzero(missing[:, indices].all(axis=1))
            if not len(rows):
                continue
            of_fact = states[rows[:, None], indices]
            rows = rows[(of_fact == NOT_RECORDED).any(axis=1) & (of_fact != REFUSED).all(axis=1)]
            without = risks.log_odds[rows] - _sum_columns(risks.contributions.values[rows[:, None], indices])
            then = expit(without[:, None] + np.array(self.swings.quantiles[name]))
            changes, moves = self._changes(risks.risk[rows], then)
            better = (changes > best[rows]) | ((changes == best[rows]) & (moves > most[rows]))
            better &= (changes >= LIKELY) | abstaining[rows]
            won, then = rows[better], then[better]
            best[won], most[won], fact[won] = changes[better], moves[better], number
            low[won], high[won] = then[:, 0], then[:, -1]
        return WorthFetching(fact, low, high)

    def told(
        self, worth: WorthFetching, risks: Risks, abstaining: Bools, language: Language
    ) -> list[tuple[str, ...]]:
        """Word it: that a pupil is not judged, and what is worth fetching; nothing for most pupils."""
        said: list[tuple[str, ...]] = [()] * len(risks)
        for row in np.flatnonzero(abstaining).tolist():
            said[row] = (ABSTAINS.to(language),)
        lacking = np.flatnonzero(worth.fact != NOTHING).tolist()
        words = self._words(language) if lacking else []
        for row in lacking:
            text = WOULD_PLACE if abstaining[row] else MOVES
            bounds = {"low": _fine_percent(worth.low[row]), "high": _fine_percent(worth.high[row])}
            now = _fine_percent(risks.risk[row])
            advice = text.fill(language, fact=words[int(worth.fact[row])], now=now, **bounds)
            said[row] = (*said[row], advice)
        return said

    def _changes(self, now: Floats, then: Floats) -> tuple[Floats, Floats]:
        """Give how likely the band changes, and by how much the risk does in the mean."""
        edges = [*self.bands.limits.values()]
        before, after = (np.searchsorted(edges, risk, side="right") for risk in (now, then))
        moves = np.cumsum(np.abs(then - now[:, None]), axis=1)[:, -1]  # in this order for any n
        return (after != before[:, None]).sum(axis=1) / then.shape[1], moves / then.shape[1]

    def _words(self, language: Language) -> list[str]:
        labels = labels_of_facts(self.catalogue)
        return [labels[fact].to(language) for fact in self.facts]


def facts_of(catalogue: FeatureCatalogue) -> dict[str, list[int]]:
    """Give the indices of the features of each fact, in the catalogue's order.

    Incidents are no fact: where their table is missing, the school keeps none, and nothing can be fetched;
    nor is what the class is like.

    >>> from dropout_risk.catalogue.default import default_catalogue
    >>> list(facts_of(default_catalogue()))
    ['attendance', 'grades', 'psychology', 'family', 'family:distance', 'family:boarding']
    """
    facts: dict[str, list[int]] = {}
    for index, item in enumerate(catalogue.values()):
        fact = f"{item.domain}:{item.family}" if item.source == "students" else item.domain
        if item.source not in INCIDENTS and item.measure.tells_of_pupil:
            facts.setdefault(fact, []).append(index)
    return facts


def labels_of_facts(catalogue: FeatureCatalogue) -> dict[str, Text]:
    """Name each fact as advice does."""
    features = list(catalogue.values())
    labels = {table.domain: table.label for table in TABLES.values() if table.label is not None}
    return {
        fact: features[indices[0]].label if ":" in fact else labels[fact]
        for fact, indices in facts_of(catalogue).items()
    }


def advice_on(catalogue: FeatureCatalogue, domains: Collection[str]) -> list[Text]:
    """Give the advice to fetch a fact of some domains, its numbers left open."""
    return [
        Text(**{language: text.to(language).replace("{fact}", label.to(language)) for language in LANGUAGES})
        for fact, label in labels_of_facts(catalogue).items()
        if fact.partition(":")[0] in domains
        for text in (MOVES, WOULD_PLACE)
    ]


def _sum_columns(rows: Floats) -> Floats:
    """Add the columns one after the other: the same bits for a row alone and in a batch."""
    total = np.zeros(len(rows))
    for column in rows.T:
        total = total + column
    return total


def _fine_percent(risk: float) -> str:
    return f"{risk:.0%}" if risk >= 0.0095 else f"{risk:.1%}"
