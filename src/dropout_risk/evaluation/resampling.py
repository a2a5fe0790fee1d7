"""Intervals from drawing whole schools again: how far a figure moves with the schools it was measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Bools, Floats
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import calibration_in_the_large, log_odds
from dropout_risk.kernels import kernel
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
    """Rows in clusters, and how often each cluster is drawn in each replicate; made with :meth:`of`.

    Every figure and every difference is computed from the same draws, so that differences are paired.
    ``codes`` is the cluster of each row, ``weights`` of shape (n_replicates, n_clusters) how often each is
    drawn.
    """

    unit: Literal["school", "pupil", "nothing"]
    codes: npt.NDArray[np.intp]
    weights: npt.NDArray[np.uint16]

    @classmethod
    def of(
        cls,
        schools: npt.NDArray[Any],
        pupils: npt.NDArray[Any],
        *,
        replicates: int = REPLICATES,
        seed: int = SEED,
    ) -> Self:
        """Draw schools, or with fewer than five of them pupils within each school.

        The draws depend on the names of schools and pupils, not on the order of the rows.

        >>> rows = Resampling.of(np.array(["a", "a", "b"]), np.array(["p", "p", "q"]))
        >>> rows.unit, rows.codes.tolist()
        ('pupil', [0, 0, 1])
        """
        if len(schools) == 0 or len(schools) != len(pupils):
            raise EvaluationError("Every row needs its school and its pupil to be drawn again.")
        school, names = pd.factorize(pd.Series(schools).astype(str), sort=True)
        if len(names) >= FEWEST_SCHOOLS:
            return cls("school", school, _draw_clusters(np.array([len(names)]), replicates, seed))
        pupil, ids = pd.factorize(pd.Series(pupils).astype(str), sort=True)
        home = np.full(len(ids), len(names))
        np.minimum.at(home, pupil, school)  # one school per pupil, also if it moved
        position = np.empty(len(ids), dtype=np.intp)
        position[np.argsort(home, kind="stable")] = np.arange(len(ids))
        return cls("pupil", position[pupil], _draw_clusters(np.bincount(home), replicates, seed))

    @classmethod
    def once(cls, n: int) -> Self:
        """Take all of ``n`` rows once: the figure itself, without an interval."""
        return cls("nothing", np.zeros(n, dtype=np.intp), np.ones((1, 1), dtype=np.uint16))

    @property
    def n_clusters(self) -> int:
        """How many schools or pupils are drawn from."""
        return int(self.weights.shape[1])

    def rows(self, rows: npt.NDArray[Any]) -> Resampling:
        """Give some of the rows; the draws stay the same."""
        return replace(self, codes=self.codes[rows])

    def sums(self, values: Floats) -> Floats:
        """Sum columns of values over the rows drawn in each replicate: shape (n_replicates, n_columns)."""
        columns = [
            np.bincount(self.codes, weights=column, minlength=self.n_clusters)
            for column in np.atleast_2d(values.T)
        ]
        by_cluster = np.column_stack(columns)
        return np.stack([weights.astype(np.float64) @ by_cluster for weights in self.weights])

    def means(self, values: Floats) -> Floats:
        """Give the mean over the rows drawn in each replicate; NaN where none is."""
        total, rows = self.sums(np.column_stack([values, np.ones_like(values)])).T
        with np.errstate(invalid="ignore"):
            return np.asarray(total / rows)

    def interval(self, drawn: Floats) -> Interval | None:
        """Give the interval of a figure from its replicates; None where too few of them are defined.

        The tails are widened for few clusters as a t distribution is (Hesterberg 2015, *What teachers
        should know about the bootstrap*, expanded percentiles).
        """
        defined = drawn[np.isfinite(drawn)]
        if self.n_clusters < 2 or defined.size < LEAST_DEFINED * drawn.size:
            return None
        from scipy.stats import norm, t

        n = self.n_clusters
        tail = float(norm.sf(math.sqrt(n / (n - 1)) * t.ppf((1 + LEVEL) / 2, n - 1)))
        low, high = np.quantile(defined, [tail, 1 - tail])
        return Interval(float(low), float(high))

    def in_words(self) -> list[Text]:
        """Say what was drawn, if anything was."""
        if self.unit == "nothing":
            return []
        rough = ROUGH if self.n_clusters < FEW_SCHOOLS else ""
        wording = BY_SCHOOL if self.unit == "school" else BY_PUPIL
        return [wording.filled(n=self.n_clusters, replicates=len(self.weights), rough=rough)]


def _draw_clusters(sizes: npt.NDArray[np.int64], replicates: int, seed: int) -> npt.NDArray[np.uint16]:
    """Draw as many clusters as there are, within each stratum."""
    rng = np.random.default_rng(seed)
    weights = np.empty((replicates, int(sizes.sum())), dtype=np.uint16)
    for row in weights:
        row[:] = np.concatenate([np.bincount(rng.integers(n, size=n), minlength=n) for n in sizes if n])
    return weights


# --- Every figure of a result once per replicate, from pieces computed once per row ---


def figures_by_replicate(
    y: Floats, p: Floats, chance: Floats, resampling: Resampling, *, slope: float, intercept: float
) -> dict[str, Floats]:
    """Compute the figures of a result in every replicate; NaN where a replicate does not define one.

    Means are sums over clusters, drawn again. AUC and average precision walk once through rows that were
    sorted once. Slope and intercept take one Newton step from the estimate of all rows (the one-step
    bootstrap of Shao & Tu 1995). Lists stay as they were drawn up, each row with its ``chance`` of being
    listed: what is drawn again is whose outcome they are judged by.
    """
    found = {
        "auc": auc_by_replicate(y, p, resampling),
        "average_precision": _precision_by_replicate(y, p, resampling),
    }
    loss = -np.where(y == 1, np.log(np.clip(p, _SMALLEST, 1)), np.log(np.clip(1 - p, _SMALLEST, 1)))
    sums = resampling.sums(np.column_stack([np.ones_like(y), (y - p) ** 2, loss]))
    found |= {
        "brier": _ratio_where_defined(sums[:, 1], sums[:, 0]),
        "log_loss": _ratio_where_defined(sums[:, 2], sums[:, 0]),
    }
    found |= _calibration_by_replicate(y, p, resampling, slope, intercept)
    return found | {
        f"{name}_at_capacity": drawn for name, drawn in list_figures(y, chance, resampling).items()
    }


def list_figures(y: Floats, chance: Floats, resampling: Resampling) -> dict[str, Floats]:
    """Compute precision, recall and lift of lists in every replicate, from each row's chance to be listed."""
    n, positives, listed, hits = resampling.sums(np.column_stack([np.ones_like(y), y, chance, chance * y])).T
    precision = _ratio_where_defined(hits, listed)
    return {
        "precision": precision,
        "recall": _ratio_where_defined(hits, positives),
        "lift": _ratio_where_defined(precision, _ratio_where_defined(positives, n)),
    }


def auc_by_replicate(
    y: Floats, p: Floats, resampling: Resampling, groups: npt.NDArray[np.intp] | None = None
) -> Floats:
    """Compute the AUC in every replicate; with groups, only pairs within one group are compared."""
    group = np.zeros(len(y), dtype=np.intp) if groups is None else groups
    order, ends = _order_by_risk(y, p, resampling.codes, group)
    last = np.append(np.diff(group[order]) != 0, True)
    drawn = np.empty(len(resampling.weights))
    _walk_auc(resampling.codes[order], y[order] == 1, ends, last, resampling.weights, drawn)
    return drawn


def _precision_by_replicate(y: Floats, p: Floats, resampling: Resampling) -> Floats:
    order, ends = _order_by_risk(y, p, resampling.codes, np.zeros(len(y), dtype=np.intp))
    drawn = np.empty(len(resampling.weights))
    _walk_precision(resampling.codes[order], y[order] == 1, ends, resampling.weights, drawn)
    return drawn


def _order_by_risk(
    y: Floats, p: Floats, codes: npt.NDArray[np.intp], group: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], Bools]:
    """Sort by group and rising risk, whatever the order of the rows; mark the last row of each tie."""
    order = np.lexsort((y, codes, p, group))
    same = (np.diff(p[order]) == 0) & (np.diff(group[order]) == 0)
    return order, np.append(~same, True)


@kernel
def _walk_auc(  # noqa: PLR0917
    codes: npt.NDArray[np.intp], positive: Bools, tie_ends: Bools, group_ends: Bools,
    weights: npt.NDArray[np.uint16], drawn: Floats,
) -> None:  # fmt: skip
    for replicate in range(len(weights)):
        wins = pairs = below = above = ones = zeros = 0.0
        for row in range(len(codes)):
            times = float(weights[replicate, codes[row]])
            if positive[row]:
                ones += times
            else:
                zeros += times
            if tie_ends[row]:
                wins += ones * (below + zeros / 2)
                above += ones
                below += zeros
                ones = zeros = 0.0
            if group_ends[row]:
                pairs += above * below
                above = below = 0.0
        drawn[replicate] = wins / pairs


@kernel
def _walk_precision(
    codes: npt.NDArray[np.intp], positive: Bools, tie_ends: Bools, weights: npt.NDArray[np.uint16],
    drawn: Floats,
) -> None:  # fmt: skip
    for replicate in range(len(weights)):
        area = hits = listed = tied = 0.0
        for row in range(len(codes) - 1, -1, -1):
            times = float(weights[replicate, codes[row]])
            listed += times
            if positive[row]:
                tied += times
            if (row == 0 or tie_ends[row - 1]) and tied > 0:
                hits += tied
                area += tied * hits / listed
                tied = 0.0
        drawn[replicate] = area / hits


def _calibration_by_replicate(
    y: Floats, p: Floats, resampling: Resampling, slope: float, intercept: float
) -> dict[str, Floats]:
    margin, nothing = log_odds(p), np.full(len(resampling.weights), np.nan)
    found = {"calibration_slope": nothing, "calibration_intercept": nothing}
    if np.isfinite(intercept):
        sums = resampling.sums(np.column_stack(_gap_and_variance(y, margin + intercept)))
        found["calibration_intercept"] = intercept + _ratio_where_defined(sums[:, 0], sums[:, 1])
    if np.isfinite(slope):
        found["calibration_slope"] = _slope_by_replicate(y, margin, slope, resampling)
    return found


def _slope_by_replicate(y: Floats, margin: Floats, slope: float, resampling: Resampling) -> Floats:
    """Take one Newton step from the fit of all rows, in every replicate."""
    from scipy.special import expit

    scaled = slope * margin
    gap, spread = _gap_and_variance(y, scaled + calibration_in_the_large(y, expit(scaled)))
    pieces = np.column_stack([gap, gap * margin, spread, spread * margin, spread * margin**2])
    g0, g1, h00, h01, h11 = resampling.sums(pieces).T
    return np.asarray(slope + _ratio_where_defined(h00 * g1 - h01 * g0, h00 * h11 - h01**2))


def _gap_and_variance(y: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """Give each row's gap between outcome and risk, and the risk's variance."""
    from scipy.special import expit

    risk = expit(margin)
    return np.asarray(y - risk), np.asarray(risk * (1 - risk))


def _ratio_where_defined(part: Floats, whole: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, np.nan))


_SMALLEST = np.finfo(np.float64).eps
"""What scikit-learn's log loss moves risks inside by."""
