"""Intervals from drawing whole schools again: how far a figure moves with the schools it was measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import Array
from dropout_risk.text import Text

FEWEST_SCHOOLS = 5
"""Schools below which pupils are drawn within their schools: so few schools tell nothing of others."""
FEW_SCHOOLS = 20
"""Schools below which the interval is named as rough."""
REPLICATES = 400
SEED = 0
LEVEL = 0.95
LEAST_DEFINED = 0.95
"""Share of replicates in which a figure must be defined for it to have an interval."""

BY_SCHOOL = Text(
    zh="方括号内为95%区间：对{n}所学校整校重抽样{replicates}次（固定随机种子）{rough}。",
    en="Brackets hold 95 % intervals: the {n} schools were drawn again as wholes {replicates} times, from a "
    "fixed seed{rough}.",
)
ROUGH = Text(zh="；学校不到20所，区间只是粗略的", en="; with fewer than 20 schools they are rough")
BY_PUPIL = Text(
    zh="方括号内为95%区间：学校不足5所，因此在校内对学生重抽样{replicates}次（固定随机种子）；"
    "它只说明换一批学生会怎样，不说明换别的学校会怎样。",
    en="Brackets hold 95 % intervals: with fewer than five schools, pupils were drawn again within their "
    "schools {replicates} times, from a fixed seed; they tell how other pupils of these schools would have "
    "turned out, and nothing of other schools.",
)


@dataclass(frozen=True)
class Interval:
    """A figure's 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Resampling:
    """Rows in clusters, and how often each cluster is drawn in each replicate.

    Make it with :meth:`of`. Every figure and every difference is computed from the same draws, so that
    differences are paired.

    Parameters
    ----------
    unit : {"school", "pupil"}
        What is drawn.
    codes : int array of shape (n,)
        The cluster of each row.
    weights : uint16 array of shape (n_replicates, n_clusters)
        How often each cluster is drawn.
    """

    unit: Literal["school", "pupil"]
    codes: npt.NDArray[np.intp]
    weights: npt.NDArray[np.uint16]

    @classmethod
    def of(
        cls,
        schools: npt.NDArray[Any],
        students: npt.NDArray[Any],
        *,
        replicates: int = REPLICATES,
        seed: int = SEED,
    ) -> Self:
        """Draw schools, or with fewer than five of them pupils within each school.

        Parameters
        ----------
        schools, students : array of shape (n,)
            The school and the pupil of each row; the draws depend on their names, not on their order.
        replicates : int, default=400
            How often.
        seed : int, default=0
            Of the draws.

        Examples
        --------
        >>> rows = Resampling.of(np.array(["a", "a", "b"]), np.array(["p", "p", "q"]))
        >>> rows.unit, rows.codes.tolist()
        ('pupil', [0, 0, 1])
        """
        if len(schools) == 0 or len(schools) != len(students):
            raise EvaluationError("Every row needs its school and its pupil to be drawn again.")
        school, names = pd.factorize(_as_text(schools), sort=True)
        if len(names) >= FEWEST_SCHOOLS:
            return cls("school", school, _drawn(np.array([len(names)]), replicates, seed))
        pupil, ids = pd.factorize(_as_text(students), sort=True)
        home = np.full(len(ids), len(names))
        np.minimum.at(home, pupil, school)  # one school per pupil, also if it moved
        place = np.empty(len(ids), dtype=np.intp)
        place[np.argsort(home, kind="stable")] = np.arange(len(ids))
        return cls("pupil", place[pupil], _drawn(np.bincount(home), replicates, seed))

    @classmethod
    def once(cls, n: int) -> Self:
        """Take all of ``n`` rows once: the figure itself, without an interval."""
        return cls("school", np.zeros(n, dtype=np.intp), np.ones((1, 1), dtype=np.uint16))

    @property
    def n_clusters(self) -> int:
        """How many schools or pupils are drawn from."""
        return int(self.weights.shape[1])

    def rows(self, rows: npt.NDArray[Any]) -> Resampling:
        """Give some of the rows; the draws stay the same."""
        return replace(self, codes=self.codes[rows])

    def sums(self, values: Array) -> Array:
        """Sum columns of values over the rows drawn in each replicate: shape (n_replicates, n_columns)."""
        columns = [
            np.bincount(self.codes, weights=column, minlength=self.n_clusters)
            for column in np.atleast_2d(values.T)
        ]
        by_cluster = np.column_stack(columns)
        return np.stack([weights.astype(np.float64) @ by_cluster for weights in self.weights])

    def interval(self, drawn: Array) -> Interval | None:
        """Give the interval of a figure from its replicates; None where too few of them are defined.

        The tails are widened for few clusters as a t distribution is (Hesterberg 2015, *What teachers
        should know about the bootstrap*, expanded percentiles).
        """
        defined = drawn[np.isfinite(drawn)]
        if self.n_clusters < 2 or defined.size < LEAST_DEFINED * drawn.size:
            return None
        tail = _tail(self.n_clusters)
        low, high = np.quantile(defined, [tail, 1 - tail])
        return Interval(float(low), float(high))

    def said(self) -> Text:
        """Say what was drawn."""
        rough = ROUGH if self.n_clusters < FEW_SCHOOLS else Text(zh="", en="")
        wording = BY_SCHOOL if self.unit == "school" else BY_PUPIL
        drawn = {"n": self.n_clusters, "replicates": len(self.weights)}
        return Text(
            zh=wording.fill("zh", **drawn, rough=rough.zh), en=wording.fill("en", **drawn, rough=rough.en)
        )


def _drawn(sizes: npt.NDArray[np.int64], replicates: int, seed: int) -> npt.NDArray[np.uint16]:
    """Draw as many clusters as there are, within each stratum."""
    rng = np.random.default_rng(seed)
    weights = np.empty((replicates, int(sizes.sum())), dtype=np.uint16)
    for row in weights:
        row[:] = np.concatenate([np.bincount(rng.integers(n, size=n), minlength=n) for n in sizes if n])
    return weights


def _tail(clusters: int) -> float:
    from scipy.stats import norm, t

    beyond = math.sqrt(clusters / (clusters - 1)) * t.ppf((1 + LEVEL) / 2, clusters - 1)
    return float(norm.sf(beyond))


def _as_text(names: npt.NDArray[Any]) -> pd.Series:
    return pd.Series(names).astype(str)
