"""Calibration that is linear in log-odds, so that reasons still add up exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from dropout_risk.arrays import Array, Bools, Floats, Labels
from dropout_risk.errors import SettingsError, TrainingError
from dropout_risk.modelling.band_errors import BandErrors
from dropout_risk.modelling.uncertainty import ConformalSets, SchoolSpread

if TYPE_CHECKING:
    import pandas as pd


Matrix = tuple[tuple[float, float], tuple[float, float]]
SMALLEST_SLOPE = 0.05
PRIOR = np.array([1.0, 0.0]), np.diag([25.0, 4.0])
"""Mean and precision of ``(a, b)`` before any label is seen."""
LARGEST_MARGIN = 30.0
OF_ALL = "error of the calibration alone: where the true risk of pupils with this score lies on average"
OF_SCHOOLS = (
    "of pupils with this score at one school, the share that drops out: between these bounds at 9 schools of "
    "10; not the hidden risk of this one pupil"
)
OF_ONE_SCHOOL = (
    "error of the calibration on labels of one school: where its pupils with this score lie on average"
)
AT_LEAST = "; never narrower than the error of this height of risk in the test"


@dataclass(frozen=True)
class LocalCalibration:
    """What a calibration was moved by, after the training.

    ``shift`` is how far the log-odds of the mean pupil moved: by so many labels and dropouts (0 where a base
    rate was given instead). ``slope`` says whether the labels were enough to move the slope as well.
    """

    shift: float
    labels: int = 0
    dropouts: int = 0
    base_rate: float | None = None
    slope: bool = False


@dataclass(frozen=True)
class LinearCalibration:
    """Calibrated log-odds ``a * margin + b``, with the covariance of ``(a, b)``.

    The slope ``a`` is always above 0, so that the order of pupils never changes. Without ``spread`` (how much
    schools differ) intervals tell the error of the calibration alone; ``sets`` says which outcomes a raw
    score leaves open, ``local`` what moved the calibration after the training, and ``errors`` how far risks
    lay from what came true in the test.

    >>> LinearCalibration(a=2.0, b=-1.0).apply(np.array([0.0, 1.0])).tolist()
    [-1.0, 1.0]
    """

    a: float = 1.0
    b: float = 0.0
    covariance: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    spread: SchoolSpread | None = None
    sets: ConformalSets | None = None
    local: LocalCalibration | None = None
    errors: BandErrors | None = None

    @property
    def meaning(self) -> str:
        """What an interval covers, at the default level."""
        return self._covers + ("" if self.errors is None else AT_LEAST)

    @property
    def _covers(self) -> str:
        if self.spread is not None:
            return OF_SCHOOLS
        return OF_ALL if self.local is None or not self.local.labels else OF_ONE_SCHOOL

    @classmethod
    def fit(cls, margin: Floats, y: Labels, groups: Array | None = None) -> Self:
        """Fit on margins of a model that did not see the rows, by Newton's method.

        A weak prior about ``a = 1, b = 0``, worth some tens of labels, keeps the fit near the
        identity when labels are few and is not felt when they are many. Rows of one group (the
        snapshots of one pupil) are not independent: the error of ``a`` and ``b`` is the sandwich
        estimate clustered by group (Liang and Zeger 1986).
        """
        rows = line_rows(margin)
        fitted = fit_line(rows, y, np.array([True, True]))
        if fitted[0][0] < SMALLEST_SLOPE:
            fitted = fit_line(rows, y, np.array([False, True]), (np.array([SMALLEST_SLOPE, 0.0]), PRIOR[1]))
        error = line_covariance(rows, y, fitted, groups)
        a, b = map(float, fitted[0])
        return cls(a, b, covariance_pairs(error), sets=ConformalSets.fit(margin, y))

    def among_schools(self, margin: Floats, y: Labels, pupils: Array, cohorts: pd.DataFrame | None) -> Self:
        """Give the same calibration with the spread of schools, learned on margins that need not be its own.

        Margins are raw scores by models that did not see the rows. ``cohorts`` has the columns ``school_id``
        and ``as_of`` of the rows; without it nothing changes.
        """
        own = type(self).fit(margin, y, pupils)
        return replace(self, spread=SchoolSpread.of(own.apply(margin), y, pupils, cohorts))

    def apply(self, margin: Floats) -> Floats:
        """Give the calibrated log-odds of raw scores."""
        return self.a * margin + self.b

    def interval(self, margin: Floats, level: float = 0.9) -> Floats:
        """Give the lower and upper risk of each raw score, shape (n, 2); see ``meaning``.

        The error of ``a`` and ``b`` comes in by the delta method. Where it is known how much schools
        differ, that is added: the interval is for one school, not for their mean.
        """
        from scipy.special import expit, ndtri

        if not 0 < level < 1:
            raise SettingsError(
                f"The level of an interval lies between 0 and 1, got {level!r}.", hint="such as 0.9"
            )
        (va, cab), (_, vb) = self.covariance
        variance = np.maximum(margin * margin * va + 2.0 * margin * cab + vb, 0.0)
        centre = self.apply(margin)
        if self.spread is not None:
            bounds = np.asarray(expit(self.spread.bounds(centre, variance, level)))
        else:
            width = float(ndtri(0.5 + level / 2)) * np.sqrt(variance)
            bounds = np.column_stack([expit(centre - width), expit(centre + width)])
        return bounds if self.errors is None else self.errors.widened(np.asarray(expit(centre)), bounds)

    def to_dict(self) -> dict[str, Any]:
        """Write the calibration as plain data."""
        data = {"a": self.a, "b": self.b, "covariance": [list(row) for row in self.covariance]}
        more = {"spread": self.spread, "sets": self.sets, "errors": self.errors}
        data |= {name: part.to_dict() for name, part in more.items() if part is not None}
        return data | ({} if self.local is None else {"local": self.local_dict()})

    def local_dict(self) -> dict[str, Any] | None:
        """Say what moved it after the training, as plain data; None where nothing did."""
        return None if self.local is None else asdict(self.local)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote; what an earlier version did not write is not there."""
        (va, cab), (cba, vb) = data["covariance"]
        return cls(
            float(data["a"]),
            float(data["b"]),
            ((va, cab), (cba, vb)),
            spread=SchoolSpread.from_dict(data["spread"]) if "spread" in data else None,
            sets=ConformalSets.from_dict(data["sets"]) if "sets" in data else None,
            local=LocalCalibration(**data["local"]) if "local" in data else None,
            errors=BandErrors.from_dict(data["errors"]) if "errors" in data else None,
        )


def fit_line(
    rows: Floats, y: Labels, free: Bools, prior: tuple[Floats, Floats] = PRIOR
) -> tuple[Floats, Floats]:
    """Minimise log loss plus prior over the free coordinates; give the point and its precision.

    Rows are columns such as raw scores and ones, shape (n, k); the prior is a mean and a precision, and
    coordinates that are not free stay at its mean.
    """
    point = prior[0].copy()
    for _ in range(50):
        gradient, precision = _line_derivatives(rows, y, point, prior)
        step = np.zeros(len(point))
        step[free] = np.linalg.solve(precision[np.ix_(free, free)], gradient[free])
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        point = point - step
        if np.abs(step).max() < 1e-10:
            break
    return point, _line_derivatives(rows, y, point, prior)[1]


def line_covariance(
    rows: Floats,
    y: Labels,
    fitted: tuple[Floats, Floats],
    groups: Array | None,
    prior: tuple[Floats, Floats] = PRIOR,
) -> Floats:
    """Give the covariance of the point that :func:`fit_line` found, clustered by group."""
    from scipy.special import expit

    point, bread = fitted[0], np.linalg.inv(fitted[1])
    scores = rows * (expit(rows @ point) - y)[:, None]
    if groups is not None:
        _, group = np.unique(groups, return_inverse=True)
        scores = np.column_stack([np.bincount(group, weights=column) for column in scores.T])
    return np.asarray(bread @ (scores.T @ scores + prior[1]) @ bread)


def line_rows(margin: Floats) -> Floats:
    """Lay raw scores out beside ones; the extreme ones are cut."""
    return np.column_stack([np.clip(margin, -LARGEST_MARGIN, LARGEST_MARGIN), np.ones(len(margin))])


def covariance_pairs(covariance: Floats) -> Matrix:
    """Write a covariance as plain, symmetric data."""
    shared = float(covariance[0, 1])
    return ((float(covariance[0, 0]), shared), (shared, float(covariance[1, 1])))


def _line_derivatives(
    rows: Floats, y: Labels, point: Floats, prior: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    from scipy.special import expit

    risk = expit(rows @ point)
    gradient = rows.T @ (risk - y) + prior[1] @ (point - prior[0])
    return gradient, (rows.T * (risk * (1 - risk))) @ rows + prior[1]


PRIOR_LABELS = 20.0
ENOUGH_FOR_SLOPE = 50
"""Pupils of the rarer class from which on labels may move the slope as well."""


@dataclass(frozen=True)
class MovedLine:
    """Slope and shift of the old log-odds, and the covariance of slope and shift of raw scores."""

    a: float
    b: float
    covariance: Matrix


def recalibrate(
    calibration: LinearCalibration,
    margin: Floats,
    y: ArrayLike,
    *,
    pupils: ArrayLike | None = None,
    prior_labels: float = PRIOR_LABELS,
) -> LinearCalibration:
    """Move a calibration to one school by outcomes of its pupils; the order of pupils never changes.

    Few labels shift the log-odds, and no more: the old calibration is the prior, worth as much as
    ``prior_labels`` of them, and only the first row of each pupil counts (without ``pupils``, each row is one
    of its own). Where fifty pupils or more of either class are known, the slope moves too. ``margin`` holds
    raw scores of pupils who did not train the model, ``y`` what became of them; TrainingError if there is no
    label, or one that is neither 0 nor 1.

    >>> old = LinearCalibration(a=1.0, b=0.0)
    >>> margin, y = np.full(30, -2.0), np.repeat([1, 0], [12, 18])
    >>> new = recalibrate(old, margin, y)
    >>> new.a, 0.5 < new.b < 1.6
    (1.0, True)
    """
    labels = _check_labels(margin, y)
    owners = np.arange(len(labels)) if pupils is None else np.asarray(pupils)
    n, dropouts = len(np.unique(owners)), len(np.unique(owners[labels == 1]))
    enough = min(dropouts, n - dropouts) >= ENOUGH_FOR_SLOPE
    if enough:
        moved = _move_line(calibration, margin, labels, owners, prior_labels)
    else:
        seen = np.unique(owners, return_index=True)[1]  # of a pupil who is seen several times, the first row
        moved = _move_shift(calibration, margin[seen], labels[seen], prior_labels)
    mean = float(calibration.apply(margin).mean())
    return replace(
        calibration,
        a=moved.a * calibration.a,
        b=moved.a * calibration.b + moved.b,
        covariance=moved.covariance,
        spread=None,
        local=LocalCalibration((moved.a - 1) * mean + moved.b, n, dropouts, slope=enough),
    )


def to_base_rate(calibration: LinearCalibration, margin: Floats, rate: float) -> LinearCalibration:
    """Shift a calibration until the mean risk of these pupils is a base rate that is known otherwise.

    The rate is the share that drops out within the horizon, the margins are raw scores of the pupils whom it
    is about; TrainingError if it does not lie between 0 and 1, or there is no pupil.

    >>> from scipy.special import expit
    >>> margin = np.array([-4.0, -2.0, 0.0])
    >>> new = to_base_rate(LinearCalibration(), margin, 0.5)
    >>> round(float(expit(new.apply(margin)).mean()), 6)
    0.5
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    if not 0 < rate < 1 or len(margin) == 0:
        raise TrainingError(
            f"A base rate lies between 0 and 1 and is that of some pupils; got {rate!r} of {len(margin)}.",
            hint="give the share that drops out within the horizon, such as 0.03, and the pupils' features",
        )
    log_odds = calibration.apply(margin)
    shift = float(brentq(lambda step: float(expit(log_odds + step).mean()) - rate, -80.0, 80.0))
    return replace(calibration, b=calibration.b + shift, local=LocalCalibration(shift, base_rate=float(rate)))


def undo_sampling(log_odds: Floats, rate_in_sample: float, true_rate: float) -> Floats:
    """Give the log-odds that a model fitted on a resampled (or class-weighted) table means in truth.

    The training of this library neither resamples nor weights classes; this is for a table of rows that
    somebody has resampled before. Multiplying the odds of every pupil by one factor is what keeping
    dropouts and leaving out others does, so dividing by it undoes that exactly.

    Parameters
    ----------
    log_odds : array
        Of a model fitted on the sample.
    rate_in_sample, true_rate : float
        Shares of dropouts, each strictly between 0 and 1.

    Examples
    --------
    >>> undo_sampling(np.array([0.0]), rate_in_sample=0.5, true_rate=0.05).round(3).tolist()
    [-2.944]
    """
    for rate in (rate_in_sample, true_rate):
        if not 0 < rate < 1:
            raise TrainingError(
                f"A share of dropouts lies strictly between 0 and 1, got {rate!r}.",
                hint="give the shares of dropouts in the sample and where the rows were drawn from",
            )
    odds = true_rate / (1 - true_rate) * (1 - rate_in_sample) / rate_in_sample
    return np.asarray(log_odds + np.log(odds))


def _move_shift(old: LinearCalibration, margin: Floats, y: Labels, prior_labels: float) -> MovedLine:
    """Move the log-odds alone."""
    from scipy.special import expit

    rows = line_rows(old.apply(margin))
    point, precision = fit_line(rows, y, np.array([False, True]), _prior_of_labels(rows, prior_labels))
    risk = expit(rows[:, 0])
    around = float(np.average(margin, weights=np.maximum(risk * (1 - risk), 1e-12)))
    slope = old.covariance[0][0]
    error = np.array([[slope, -around * slope], [0.0, around**2 * slope + 1 / float(precision[1, 1])]])
    return MovedLine(1.0, float(point[1]), covariance_pairs(error))


def _move_line(
    old: LinearCalibration,
    margin: Floats,
    y: Labels,
    pupils: Array,
    prior_labels: float,
) -> MovedLine:
    """Move slope and shift."""
    rows = line_rows(old.apply(margin))
    prior = _prior_of_labels(rows, prior_labels)
    fitted = fit_line(rows, y, np.array([True, True]), prior)
    if fitted[0][0] < SMALLEST_SLOPE:
        held = np.array([SMALLEST_SLOPE, 0.0]), prior[1]
        fitted = fit_line(rows, y, np.array([False, True]), held)
    back = np.array([[old.a, 0.0], [old.b, 1.0]])  # from slope and shift of log-odds to those of raw scores
    error = back @ line_covariance(rows, y, fitted, pupils, prior) @ back.T
    return MovedLine(float(fitted[0][0]), float(fitted[0][1]), covariance_pairs(error))


def _prior_of_labels(rows: Floats, prior_labels: float) -> tuple[Floats, Floats]:
    """Give mean and precision of slope and shift: what so many labels of such pupils would tell."""
    from scipy.special import expit

    risk = expit(rows[:, 0])
    told = (rows.T * (risk * (1 - risk))) @ rows / len(rows)
    return np.array([1.0, 0.0]), prior_labels * told + np.diag([1e-6, 1e-6])


def _check_labels(margin: Floats, y: ArrayLike) -> Labels:
    labels = np.asarray(y)
    if len(labels) == 0 or len(labels) != len(margin) or not np.isin(labels, (0, 1)).all():
        raise TrainingError(
            f"Recalibration needs a label of 0 or 1 for each pupil; got {len(labels)} for {len(margin)}.",
            hint="leave out pupils whose outcome is not known yet; with none, give a base rate",
        )
    return labels.astype(np.int8)
