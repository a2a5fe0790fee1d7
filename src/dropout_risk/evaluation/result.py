"""What was measured on the test part: for the model and, in the same way, for each baseline."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.capacity import at_same_length, at_top_share, group_masks
from dropout_risk.evaluation.curves import capacity_points, roc_points
from dropout_risk.evaluation.metrics import Array, outcomes_and_risks, ranking_and_probability_metrics
from dropout_risk.text import Text


@dataclass(frozen=True)
class HeldOut:
    """The test part: what happened, what the model said, and on which day.

    Parameters
    ----------
    outcomes : array of {0, 1}
        What happened within the horizon.
    risks : array of float
        The model's risks.
    as_of : array
        The day each row was scored for; pupils of one day compete for the same list.
    """

    outcomes: npt.NDArray[Any]
    risks: npt.NDArray[Any]
    as_of: npt.NDArray[Any]

    def __post_init__(self) -> None:
        """Check that the three belong together."""
        outcomes_and_risks(self.outcomes, self.risks)
        if len(self.as_of) != len(self.outcomes):
            raise EvaluationError("Every row of the test part needs its as-of date.")


@dataclass(frozen=True)
class Result:
    """What was measured of one model or baseline; plain data, None where a figure is not defined.

    Parameters
    ----------
    name : str
        ``model`` or the baseline's key.
    label, description : Text
        A short name, and what exactly was done.
    metrics : dict
        Over the whole test part, from :func:`ranking_and_probability_metrics`.
    at_capacity : dict
        The list of the top share of every test day, put together: counts, hits, precision, recall, lift.
    by_snapshot : list of dict
        The metrics of each test day.
    roc, by_capacity : dict, list of dict
        Points of the pictures.
    unavailable : Text, optional
        Why nothing could be measured.
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

    def to_dict(self) -> dict[str, Any]:
        """Write the result as JSON-able data."""
        written: dict[str, Any] = plain({field.name: getattr(self, field.name) for field in fields(self)})
        return written

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a result written by :meth:`to_dict`."""
        given = dict(data)
        for key in ("label", "description", "unavailable"):
            given[key] = Text(**given[key]) if given[key] is not None else None
        return cls(**given)


def model_result(held_out: HeldOut, *, label: Text, description: Text, share: float) -> Result:
    """Measure the model on the test part."""
    return _measure("model", label, description, held_out, share)


def baseline_result(held_out: HeldOut, baseline: Baseline, *, share: float) -> Result:
    """Measure a baseline on the same test part, or keep the reason why it is not available."""
    if baseline.risks is None:
        return Result(
            name=baseline.name,
            label=baseline.label,
            description=baseline.description,
            metrics={},
            at_capacity={},
            by_snapshot=[],
            roc={},
            by_capacity=[],
            unavailable=baseline.unavailable,
        )
    same_rows = HeldOut(held_out.outcomes, baseline.risks, held_out.as_of)
    return _measure(baseline.name, baseline.label, baseline.description, same_rows, share)


def _measure(name: str, label: Text, description: Text, held_out: HeldOut, share: float) -> Result:
    y, p = outcomes_and_risks(held_out.outcomes, held_out.risks)
    return Result(
        name=name,
        label=label,
        description=description,
        metrics=plain(ranking_and_probability_metrics(y, p)),
        at_capacity=plain({"share": share} | at_top_share(y, p, share, groups=held_out.as_of).to_dict()),
        by_snapshot=plain(_by_snapshot(y, p, held_out.as_of)),
        roc=plain(roc_points(y, p)),
        by_capacity=plain(capacity_points(y, p, held_out.as_of)),
    )


def _by_snapshot(y: Array, p: Array, as_of: npt.NDArray[Any]) -> list[dict[str, Any]]:
    days = np.unique(as_of)
    masks = group_masks(as_of, y.size)
    return [
        {"as_of": str(day)} | ranking_and_probability_metrics(y[rows], p[rows])
        for day, rows in zip(days, masks, strict=True)
    ]


def beside_the_rule(held_out: HeldOut, rule: Baseline) -> dict[str, Any] | None:
    """Compare the rule's own list with the model's list of the same length on every test day.

    Returns
    -------
    dict or None
        ``flagged``; ``rule``: precision, recall (sensitivity) and specificity of whom it names; ``model``:
        precision and recall of a list of the same length; ``recall_ratio``, the model's expected recall
        over the rule's. None when the rule is not available.
    """
    if rule.flagged is None:
        return None
    y, p = outcomes_and_risks(held_out.outcomes, held_out.risks)
    flagged = np.asarray(rule.flagged, dtype=bool)
    same = at_same_length(y, p, flagged, groups=held_out.as_of)
    hits, passed = float(y[flagged].sum()), float((~flagged & (y == 0)).sum())
    recall = _ratio(hits, float(y.sum()))
    compared = {
        "flagged": int(flagged.sum()),
        "n": y.size,
        "rule": {
            "precision": _ratio(hits, float(flagged.sum())),
            "recall": recall,
            "specificity": _ratio(passed, float((y == 0).sum())),
        },
        "model": {"precision": vars(same.precision), "recall": vars(same.recall)},
        "recall_ratio": _ratio(same.recall.expected, recall),
    }
    written: dict[str, Any] = plain(compared)
    return written


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def plain(value: Any) -> Any:
    """Turn numbers, dates, wordings and containers into JSON-able data; NaN and infinities into None.

    >>> plain({"auc": np.float64("nan"), "days": (np.int32(3),), "as_of": dt.date(2025, 3, 3)})
    {'auc': None, 'days': [3], 'as_of': '2025-03-03'}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
