"""What scoring and saving ask of a fitted model, and models that are a base and a shape for each feature."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from dropout_risk.arrays import Floats
from dropout_risk.errors import BundleError
from dropout_risk.explanation.contributions import LinearTerms, Terms
from dropout_risk.explanation.curves import Curves, CurveShape, LevelShape, Shape, StepShape

Files = Mapping[str, bytes]


class Model(Protocol):
    """A fitted model: raw scores, their split over the features, and its files."""

    @property
    def terms(self) -> Terms:
        """What splits its raw score into contributions."""

    def margin(self, encoded: Floats) -> Floats:
        """Give the raw score in log-odds."""

    @property
    def head(self) -> Mapping[str, Any]:
        """What is written of it beside its kind."""

    def to_files(self) -> dict[str, bytes]:
        """Write it as files by name."""

    @classmethod
    def from_files(cls, files: Files, head: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_files` wrote."""


class JsonModel(ABC):
    """A model that is one file of plain data, ``model.json``."""

    head: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Write it as plain data."""

    @classmethod
    @abstractmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""

    def to_files(self) -> dict[str, bytes]:
        """Write it as files by name."""
        return {"model.json": json_bytes(self.to_dict())}

    @classmethod
    def from_files(cls, files: Files, head: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_files` wrote."""
        return cls.from_dict(read_json(files, "model.json"))


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """Write plain data as JSON."""
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False).encode()


def read_file(files: Files, name: str) -> bytes:
    """Give a file; BundleError where it is missing."""
    if name not in files:
        raise BundleError(f"The model's file {name} is missing.")
    return files[name]


def read_json(files: Files, name: str) -> dict[str, Any]:
    """Read a file of plain data; BundleError where it is missing or no JSON."""
    content = read_file(files, name)
    try:
        return dict(json.loads(content))
    except ValueError as error:
        raise BundleError(f"The model's file {name} is not JSON.") from error


@dataclass(frozen=True)
class AdditiveModel(JsonModel):
    """An additive model on the log-odds, one shape for each feature."""

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
    centred, some = [], np.atleast_1d(np.isnan(X).any(axis=0))
    means = Curves.of([shape.points for shape in shapes])(X).mean(axis=0).tolist()
    for shape, mean, has_missing in zip(shapes, means, some, strict=True):
        missing = shape.missing - mean if has_missing else 0.0
        centred.append(
            replace(shape, heights=tuple(height - mean for height in shape.heights), missing=missing)
        )
        base += mean
    return LinearTerms(base, tuple(centred))


def keep_direction(heights: Floats, direction: int) -> Floats:
    """Take out what rounding did against the declared direction."""
    if direction == 0:
        return heights
    return np.asarray(direction * np.maximum.accumulate(direction * heights))


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
