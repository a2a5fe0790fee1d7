"""Reasons overall: how much each fact weighs over a whole cohort, and how far that is spread."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.catalogue.feature import DOMAINS, FeatureCatalogue
from dropout_risk.pages.scales import Scale
from dropout_risk.pages.waterfall import signed
from dropout_risk.pages.words import WORDS
from dropout_risk.text import Language

Floats = npt.NDArray[np.float64]
MOST_FACTS, LEAST_PUPILS = 15, 20
_QUANTILES = (0.05, 0.25, 0.75, 0.95)


@dataclass(frozen=True)
class FactRow:
    """One fact over the cohort.

    Parameters
    ----------
    label, domain : str
        What it is.
    weight : str
        The mean contribution whatever its sign.
    outer, inner : tuple of float
        Where nine tenths and where half of the pupils lie, on a field 100 wide.
    mean : float
        The place of the mean.
    told : str
        The picture in words.
    """

    label: str
    domain: str
    weight: str
    outer: tuple[float, float]
    inner: tuple[float, float]
    mean: float
    told: str


@dataclass(frozen=True)
class Overall:
    """Facts by their mean weight, the largest first.

    Parameters
    ----------
    rows : tuple of FactRow
        Empty where there are too few pupils.
    zero : float
        The place of a contribution of nothing.
    pupils : int
        Over how many pupils.
    """

    rows: tuple[FactRow, ...]
    zero: float
    pupils: int

    @classmethod
    def of(
        cls,
        batches: Iterable[pa.RecordBatch],
        catalogue: FeatureCatalogue,
        language: Language,
        hidden: Collection[str] = (),
    ) -> Self:
        """Sum up the contributions of a cohort.

        Parameters
        ----------
        batches : iterable of pyarrow.RecordBatch
            Rows of scores, as :func:`dropout_risk.scoring.population.score_blocks` gives them.
        catalogue : FeatureCatalogue
            Which features tell one fact.
        language : {"zh", "en"}
            The language of the labels.
        hidden : collection of str
            Domains whose facts are left out.
        """
        families = {family: place for place, family in enumerate(dict.fromkeys(
            feature.family for feature in catalogue.values()))}  # fmt: skip
        of = np.array([families[feature.family] for feature in catalogue.values()])
        parts = [_contributions(batch) for batch in batches]
        each = np.concatenate(parts) if parts else np.zeros((0, len(of)))
        if len(each) < LEAST_PUPILS:
            return cls((), 50.0, len(each))
        facts = np.zeros((len(each), len(families)))
        for place, family in enumerate(of.tolist()):
            facts[:, family] += each[:, place]
        weight = np.abs(facts).mean(axis=0)
        closed = [families[item.family] for item in catalogue.values() if item.domain in hidden]
        weight[np.array(closed, dtype=np.int64)] = 0.0
        order = [
            place for place in np.argsort(-weight, kind="stable")[:MOST_FACTS].tolist() if weight[place] > 0
        ]
        spread = np.quantile(facts, _QUANTILES, axis=0)
        held = [0.0, *spread[[0, 3]][:, order].ravel().tolist(), *facts[:, order].mean(axis=0).tolist()]
        room = 0.03 * max(max(held) - min(held), 0.1)
        scale = Scale(min(held) - room, max(held) + room)
        speaker = _speakers(np.abs(each).mean(axis=0), of)
        features = list(catalogue.values())
        rows = tuple(
            FactRow(
                label=features[speaker[place]].label.to(language),
                domain=DOMAINS[features[speaker[place]].domain].to(language),
                weight=f"{weight[place]:.2f}",
                outer=(scale(spread[0, place]), scale(spread[3, place])),
                inner=(scale(spread[1, place]), scale(spread[2, place])),
                mean=scale(facts[:, place].mean()),
                told=_told(facts[:, place].mean(), spread[:, place], language),
            )
            for place in order
        )
        return cls(rows, scale(0.0), len(each))


def _contributions(batch: pa.RecordBatch) -> Floats:
    """Give one row of numbers per pupil who has a score."""
    rows = batch.filter(batch["error"].is_null())["contributions"]
    columns = [column.to_numpy(zero_copy_only=False) for column in rows.flatten()]
    return np.column_stack(columns) if columns else np.zeros((len(rows), 0))


def _speakers(weight: Floats, of: npt.NDArray[np.int64]) -> dict[int, int]:
    """Give the feature of each fact that weighs most: its label stands for all of them."""
    speaker: dict[int, int] = {}
    for place in np.argsort(-weight, kind="stable").tolist():
        speaker.setdefault(int(of[place]), place)
    return speaker


def _told(mean: float, spread: Floats, language: Language) -> str:
    return WORDS["overall_said"].fill(
        language, mean=signed(mean), low=signed(spread[0]), high=signed(spread[3])
    )
