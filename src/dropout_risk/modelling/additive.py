"""A model that is a base and one shape for each feature, and its writing as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.explanation.contributions import CurveShape, LevelShape, LinearTerms, Shape
from dropout_risk.explanation.curves import StepShape


@dataclass(frozen=True)
class AdditiveModel:
    """An additive model on the log-odds, one shape for each feature.

    Parameters
    ----------
    terms : LinearTerms
        Base and shapes.
    """

    terms: LinearTerms

    def margin(self, encoded: Floats) -> Floats:
        """Give the raw score in log-odds."""
        return self.terms.contributions(encoded).log_odds

    def to_dict(self) -> dict[str, Any]:
        """Write base and shapes as plain data."""
        return {"base": self.terms.base, "shapes": [_shape_to_dict(shape) for shape in self.terms.shapes]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(LinearTerms(float(data["base"]), tuple(_shape_from_dict(item) for item in data["shapes"])))


def centred_terms(base: float, shapes: Sequence[Shape], X: Floats) -> LinearTerms:
    """Give the terms whose shapes have mean 0 over the given rows.

    A missing value that none of the rows has says nothing.
    """
    centred = []
    for index, shape in enumerate(shapes):
        mean = float(shape(X[:, index]).mean())
        centred.append(_moved(shape, mean, bool(np.isnan(X[:, index]).any())))
        base += mean
    return LinearTerms(base, tuple(centred))


def held(heights: Floats, direction: int) -> Floats:
    """Take out what rounding did against the declared direction."""
    if direction == 0:
        return heights
    return np.asarray(direction * np.maximum.accumulate(direction * heights))


def _moved(shape: Shape, mean: float, has_missing: bool) -> Shape:
    heights = tuple(height - mean for height in shape.heights)
    missing = shape.missing - mean if has_missing else 0.0
    if isinstance(shape, LevelShape):
        return LevelShape(heights, missing)
    if isinstance(shape, StepShape):
        return StepShape(shape.edges, heights, missing)
    return CurveShape(shape.knots, heights, missing)


def _shape_to_dict(shape: Shape) -> dict[str, Any]:
    data: dict[str, Any] = {"heights": list(shape.heights), "missing": shape.missing}
    if isinstance(shape, CurveShape):
        return {"knots": list(shape.knots)} | data
    return {"edges": list(shape.edges)} | data if isinstance(shape, StepShape) else data


def _shape_from_dict(data: Mapping[str, Any]) -> Shape:
    heights, missing = tuple(data["heights"]), float(data["missing"])
    if "knots" in data:
        return CurveShape(tuple(data["knots"]), heights, missing)
    return (
        StepShape(tuple(data["edges"]), heights, missing) if "edges" in data else LevelShape(heights, missing)
    )
