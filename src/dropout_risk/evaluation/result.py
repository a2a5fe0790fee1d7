"""What was measured on the test part: for the model and, in the same way, for each baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.metrics import (
    net_benefit_points,
    outcomes_and_risks,
    quantile_bins,
    ranking_and_probability_metrics,
    wilson_interval,
)
from dropout_risk.evaluation.questions.capacity import Lists, at_same_length, at_top_share, of_share
from dropout_risk.evaluation.resampling import Resampling, figures_by_replicate
from dropout_risk.evaluation.section import plain_data
from dropout_risk.text import Text

# --- The points behind the pictures: calibration bins, ROC and lists of every length, as aggregates ---

SHARES = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5)
ROC_POINTS = 101


def calibration_bins(y: Floats, p: Floats) -> list[dict[str, float]]:
    """Compare mean risk and observed share in ten bins of about equally many rows, by rising risk.

    Equal risks share a bin, so there may be fewer. ``low`` and ``high`` are the share's 95 % Wilson interval,
    ``from`` is the bin's lowest risk.
    """
    which = quantile_bins(p, 10)
    return [_calibration_bin(y[which == number], p[which == number]) for number in np.unique(which)]


def _calibration_bin(y: Floats, p: Floats) -> dict[str, float]:
    low, high = map(float, wilson_interval(float(y.sum()) / y.size, y.size))
    mean = {"from": float(p.min()), "mean_risk": float(p.mean()), "observed": float(y.mean())}
    return {"n": y.size} | mean | {"low": low, "high": high}


def roc_points(y: Floats, p: Floats) -> dict[str, list[float]]:
    """Give the ROC curve on an even grid of false positive rates; empty lists with one class."""
    if y.min() == y.max():
        return {"false_positive_rate": [], "true_positive_rate": []}
    from sklearn.metrics import roc_curve

    false_positives, true_positives, _ = roc_curve(y, p)
    grid = np.linspace(0, 1, ROC_POINTS)
    rates = np.interp(grid, false_positives, true_positives)
    return {"false_positive_rate": grid.tolist(), "true_positive_rate": rates.tolist()}


def capacity_points(y: Floats, p: Floats, groups: npt.NDArray[Any]) -> list[dict[str, float]]:
    """Give expected precision and recall (and the recall's bounds) for lists of growing share."""
    points = []
    for share in SHARES:
        top = at_top_share(y, p, share, groups=groups)
        recall = {f"recall_{name}": value for name, value in vars(top.recall).items()}
        points.append({"share": share, "precision": top.precision.expected} | recall)
    return points


COMPARED = ("auc", "average_precision", "log_loss", "brier", "precision_at_capacity", "recall_at_capacity")
"""Figures whose distance between the model and a baseline is given."""


@dataclass(frozen=True)
class HeldOut:
    """The test part: what happened, what the model said, and on which day.

    Pupils of one day compete for the same list. Without schools and pupils there are no intervals and no
    school's list. ``teachers`` is who sees each pupil: the responsible teacher, or the class.
    ``since_present`` are the school days since the pupil was last at school, as known on the day; NaN where
    nobody knows.
    """

    outcomes: npt.NDArray[Any]
    risks: npt.NDArray[Any]
    as_of: npt.NDArray[Any]
    schools: npt.NDArray[Any] | None = None
    pupils: npt.NDArray[Any] | None = None
    teachers: npt.NDArray[Any] | None = None
    since_present: Floats | None = None

    def __post_init__(self) -> None:
        """Check that all belong together."""
        outcomes_and_risks(self.outcomes, self.risks)
        for name in ("as_of", "schools", "pupils", "teachers", "since_present"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.outcomes):
                raise EvaluationError(f"Every row of the test part needs its own entry in {name}.")

    @property
    def y(self) -> Floats:
        """The outcomes as numbers."""
        return np.asarray(self.outcomes, dtype=np.float64)

    @property
    def p(self) -> Floats:
        """The risks as numbers."""
        return np.asarray(self.risks, dtype=np.float64)

    def with_risks(self, risks: npt.NDArray[Any]) -> HeldOut:
        """Give the same rows with the risks of a baseline."""
        return replace(self, risks=risks)

    def resampling(self, replicates: int) -> Resampling:
        """Draw the schools again, or the pupils; nothing where neither is known."""
        if self.schools is None or self.pupils is None:
            return Resampling.once(self.y.size)
        return Resampling.of(self.schools, self.pupils, replicates=replicates)


@dataclass(frozen=True)
class Result:
    """What was measured of one model or baseline; plain data, None where a figure is not defined.

    ``name`` is ``model`` or the baseline's key. ``metrics`` are those of
    :func:`ranking_and_probability_metrics` over the whole test part, ``by_snapshot`` of each test day;
    ``at_capacity`` is the list of the top share of every test day, put together. ``roc``, ``by_capacity``
    and ``net_benefit`` are points of the pictures. ``intervals`` hold ``low`` and ``high`` of figures by
    name: 95 %, clustered by school. ``differences`` hold what the model's figure is more than this
    baseline's (``difference``), and the paired interval.
    """

    name: str
    label: Text
    description: Text
    metrics: dict[str, Any]
    at_capacity: dict[str, Any]
    by_snapshot: list[dict[str, Any]]
    roc: dict[str, list[float]]
    by_capacity: list[dict[str, Any]]
    unavailable: Text | None = None
    intervals: dict[str, dict[str, float]] = field(default_factory=dict)
    differences: dict[str, dict[str, float | None]] = field(default_factory=dict)
    net_benefit: list[dict[str, float]] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Give every figure by name, those of the list at capacity as expected over ties."""
        listed = ("precision", "recall", "lift")
        return self.metrics | {
            f"{name}_at_capacity": self.at_capacity[name]["expected"] for name in listed if self.at_capacity
        }

    def to_dict(self) -> dict[str, Any]:
        """Write the result as JSON-able data."""
        written: dict[str, Any] = plain_data(
            {field.name: getattr(self, field.name) for field in fields(self)}
        )
        return written

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a result written by :meth:`to_dict`."""
        given = dict(data)
        for key in ("label", "description", "unavailable"):
            given[key] = Text(**given[key]) if given[key] is not None else None
        return cls(**given)


def all_results(
    held_out: HeldOut,
    baselines: Sequence[Baseline],
    *,
    label: Text,
    description: Text,
    share: float,
    resampling: Resampling | None = None,
) -> tuple[Result, ...]:
    """Measure the model and its baselines on the same rows, and each baseline's distance to the model."""
    draws = resampling or Resampling.once(held_out.y.size)
    model, drawn = _measure_rows(Baseline("model", label, description, held_out.p), held_out, share, draws)
    found = [model]
    for baseline in baselines:
        result, other = _measure_rows(baseline, held_out, share, draws)
        if result.unavailable is None:
            differences = _paired_differences(model.figures(), drawn, result.figures(), other, draws)
            result = replace(result, differences=plain_data(differences))
        found.append(result)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured on the test part: what those sections are made of that every report has.

    ``results`` hold the model first, then the baselines. ``share`` of each day's cohort can be seen; one
    teacher can see ``teacher_capacity`` pupils, none of them below the ``lowest_risk``.
    """

    held_out: HeldOut
    baselines: Sequence[Baseline]
    results: tuple[Result, ...]
    resampling: Resampling
    share: float
    teacher_capacity: int
    lowest_risk: float


def _measure_rows(
    source: Baseline, held_out: HeldOut, share: float, resampling: Resampling
) -> tuple[Result, dict[str, Floats]]:
    """Measure the risks of the model or of a baseline, and draw each figure again."""
    named = (source.name, source.label, source.description)
    if source.risks is None:
        return Result(*named, {}, {}, [], {}, [], unavailable=source.unavailable), {}
    rows = held_out.with_risks(source.risks)
    y, p, days = rows.y, rows.p, rows.as_of
    lists = Lists.of(y, p, days, of_share(share))
    metrics = ranking_and_probability_metrics(y, p)
    line = {name: metrics[f"calibration_{name}"] for name in ("slope", "intercept")}
    drawn = figures_by_replicate(y, p, lists.chance, resampling, **line)
    intervals = {name: resampling.interval(values) for name, values in drawn.items()}
    result = Result(
        *named,
        metrics=plain_data(metrics),
        at_capacity=plain_data({"share": share} | lists.total().to_dict()),
        by_snapshot=plain_data(_by_snapshot(y, p, days)),
        roc=plain_data(roc_points(y, p)),
        by_capacity=plain_data(capacity_points(y, p, days)),
        intervals=plain_data({name: vars(ends) for name, ends in intervals.items() if ends is not None}),
        net_benefit=plain_data(net_benefit_points(y, p)),
    )
    return result, drawn


def _paired_differences(
    ours: Mapping[str, Any],
    drawn: Mapping[str, Floats],
    theirs: Mapping[str, Any],
    other_drawn: Mapping[str, Floats],
    resampling: Resampling,
) -> dict[str, dict[str, float | None]]:
    found = {}
    for name in COMPARED:
        if ours[name] is not None and theirs[name] is not None:
            interval = resampling.interval(drawn[name] - other_drawn[name])
            ends = {"low": None, "high": None} if interval is None else vars(interval)
            found[name] = {"difference": ours[name] - theirs[name]} | ends
    return found


def _by_snapshot(y: Floats, p: Floats, as_of: npt.NDArray[Any]) -> list[dict[str, Any]]:
    return [
        {"as_of": str(day)} | ranking_and_probability_metrics(y[as_of == day], p[as_of == day])
        for day in np.unique(as_of)
    ]


def beside_the_rule(held_out: HeldOut, rule: Baseline) -> dict[str, Any] | None:
    """Compare the rule's own list with the model's list of the same length on every test day.

    ``recall_ratio`` is the model's expected recall over the rule's. None when the rule is not available.
    """
    if rule.flagged is None:
        return None
    y, p = outcomes_and_risks(held_out.outcomes, held_out.risks)
    flagged = np.asarray(rule.flagged, dtype=bool)
    same = at_same_length(y, p, flagged, groups=held_out.as_of)
    hits, passed = float(y[flagged].sum()), float((~flagged & (y == 0)).sum())
    recall = _ratio_or_nan(hits, float(y.sum()))
    passed_by_model = same.n - same.positives - (same.listed - same.hits.expected)
    compared = {
        "flagged": int(flagged.sum()),
        "n": y.size,
        "rule": {
            "precision": _ratio_or_nan(hits, float(flagged.sum())),
            "recall": recall,
            "specificity": _ratio_or_nan(passed, float((y == 0).sum())),
        },
        "model": {
            "precision": vars(same.precision),
            "recall": vars(same.recall),
            "specificity": _ratio_or_nan(passed_by_model, float(same.n - same.positives)),
        },
        "recall_ratio": _ratio_or_nan(same.recall.expected, recall),
    }
    written: dict[str, Any] = plain_data(compared)
    return written


def _ratio_or_nan(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
