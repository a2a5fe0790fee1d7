"""The one path from features to risk: encode, contribute, calibrate, add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.errors import BackgroundError, BundleError, FeatureInputError, NewerFormatError
from dropout_risk.explanation.backgrounds import BackgroundKind, Backgrounds
from dropout_risk.explanation.contributions import Contributions, Terms
from dropout_risk.modelling.band_errors import BandErrors
from dropout_risk.modelling.calibration import LinearCalibration
from dropout_risk.modelling.candidates import CANDIDATES, name_of_model
from dropout_risk.modelling.inputs.encoding import FeatureEncoding
from dropout_risk.modelling.inputs.likely_values import LikelyValues
from dropout_risk.modelling.model import Model, json_bytes, read_file, read_json

FORMAT = 2
"""2: what stands in for values that the fit never saw missing; a model of format 1 has nothing for them."""
BACKGROUND, LIKELY = "background.arrow", "likely.arrow"


@dataclass(frozen=True)
class CalibratedModel:
    """A fitted model whose contributions add up to calibrated log-odds.

    They are measured against the rows of ``measured``; without it, against the training rows as the model
    knows them. For values that the fit never saw missing those of ``likely`` stand in; models of older
    bundles have none, and score as they did.

    >>> from dropout_risk.explanation.contributions import LinearTerms
    >>> from dropout_risk.explanation.curves import CurveShape
    >>> from dropout_risk.modelling.learners.logistic import LogisticModel
    >>> model = CalibratedModel(
    ...     FeatureEncoding(("absence_share",)),
    ...     LogisticModel(LinearTerms(-2.0, (CurveShape((0.0, 1.0), (-0.5, 3.5), 0.0),))),
    ...     LinearCalibration(a=0.5, b=0.0),
    ... )
    >>> X = pd.DataFrame({"absence_share": [0.0, 1.0]})
    >>> model.log_odds(X).tolist()
    [-1.25, 0.75]
    >>> model.risk(X).round(3).tolist()
    [0.223, 0.679]
    """

    encoding: FeatureEncoding
    model: Model
    calibration: LinearCalibration
    measured: Backgrounds | None = None
    likely: LikelyValues | None = None

    @property
    def kind(self) -> str:
        """The name of the candidate."""
        return name_of_model(self.model)

    @property
    def backgrounds(self) -> Backgrounds:
        """What contributions are measured against."""
        return Backgrounds(self.model.terms) if self.measured is None else self.measured

    @property
    def asks_of_tables(self) -> bool:
        """Whether it matters that a school records a table of nobody."""
        return self.likely is not None and bool(self.likely.of_table.any())

    @property
    def terms(self) -> Terms:
        """What splits the raw score of rows without a background of their own; names its method."""
        return self.backgrounds.terms()

    def measured_against(
        self,
        X: pd.DataFrame | Floats,
        stayed: Bools,
        grade_levels: Longs | None = None,
        kind: BackgroundKind = "stayed_in_grade",
    ) -> Self:
        """Give the same model, measured against some rows; see :meth:`Backgrounds.of`.

        BackgroundError if the rows are none, or of other columns than those of the fit.
        """
        encoded = self._encoded_background(X)
        return replace(self, measured=Backgrounds.of(self.model.terms, encoded, stayed, grade_levels, kind))

    def measured_against_rows(self, X: pd.DataFrame | Floats) -> Self:
        """Give the same model, measured against all of some rows.

        BackgroundError if the rows are none, or of other columns than those of the fit; ModelKindError if the
        trees are too deep for a background.
        """
        own = self.model.terms
        background = own.summarised(self._encoded_background(X), "given")
        return replace(self, measured=Backgrounds(own, (background,)))

    def never_narrower(self, errors: BandErrors | None) -> Self:
        """Give the same model, whose intervals reach as far as the errors of its test."""
        return replace(self, calibration=replace(self.calibration, errors=errors))

    def contributions(self, X: pd.DataFrame | Floats, grade_levels: Longs | None = None) -> Contributions:
        """Split the calibrated log-odds of each row over the features, in the encoding's order.

        Grade levels say which background each row is measured against; without them all take the first.
        """
        return self.encoded_contributions(self.encoding.encode(X), grade_levels)

    def encoded_contributions(self, encoded: Floats, grade_levels: Longs | None = None) -> Contributions:
        """Give :meth:`contributions` of rows that are encoded already."""
        raw, line = self._encoded_raw(encoded, grade_levels), self.calibration
        np.multiply(line.a, raw.values, out=raw.values)  # they are nobody else's, and a copy costs a third
        return Contributions(line.a * raw.base + line.b, raw.values)

    def log_odds(self, X: pd.DataFrame | Floats) -> Floats:
        """Give the calibrated log-odds: the sum of the contributions, and nothing else."""
        return self.contributions(X).log_odds

    def risk(self, X: pd.DataFrame | Floats) -> Floats:
        """Give the probability of dropping out within the horizon."""
        from scipy.special import expit

        return np.asarray(expit(self.log_odds(X)))

    def interval(self, X: pd.DataFrame | Floats, level: float = 0.9) -> Floats:
        """Give the lower and upper risk, shape (n, 2); ``calibration.meaning`` says what it covers."""
        return self.calibration.interval(self._raw(X).log_odds, level)

    def with_interval(
        self,
        X: pd.DataFrame | Floats,
        level: float = 0.9,
        grade_levels: Longs | None = None,
        unrecorded: Bools | None = None,
    ) -> tuple[Contributions, Floats]:
        """Give :meth:`contributions` and :meth:`interval` of the same rows; their raw score is split once.

        ``unrecorded`` marks values of tables that a row's school records of nobody.
        """
        raw = self._raw(X, grade_levels, unrecorded)
        interval = self.calibration.interval(raw.log_odds, level)
        return raw.scaled(self.calibration.a, self.calibration.b), interval

    def open_outcomes(self, X: pd.DataFrame | Floats, unrecorded: Bools | None = None) -> Bools | None:
        """Say whether each row may stay and may drop out, shape (n, 2); None where that was not learned."""
        sets = self.calibration.sets
        return None if sets is None else sets.open_outcomes(self.margin(X, unrecorded))

    def margin(self, X: pd.DataFrame | Floats, unrecorded: Bools | None = None) -> Floats:
        """Give the raw score: what calibration is a line of; see :meth:`with_interval`."""
        return self._raw(X, unrecorded=unrecorded).log_odds

    def to_files(self) -> dict[str, bytes]:
        """Write the model as files by name; :meth:`from_files` gives the same bits again.

        All are texts but ``background.arrow``, which holds counts and means of the background.
        """
        head: dict[str, Any] = {"format": FORMAT, "kind": self.kind, "encoding": self.encoding.to_dict()}
        head["calibration"] = self.calibration.to_dict()
        head |= self.model.head
        files = self.model.to_files()
        if self.backgrounds.given:
            head["background"] = BACKGROUND
            files[BACKGROUND] = self.backgrounds.to_bytes()
        if self.likely is not None:
            head["likely"] = LIKELY
            files[LIKELY] = self.likely.to_bytes()
        return files | {"calibration.json": json_bytes(head)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Read what :meth:`to_files` wrote; other files are passed over.

        BundleError if a file is missing or cannot be read, NewerFormatError if it was written in a newer
        format.
        """
        head = read_json(files, "calibration.json")
        if head.get("format", 0) > FORMAT:
            raise NewerFormatError(
                f"The model has format {head['format']}, this version reads up to {FORMAT}.",
                hint="install a newer dropout-risk",
            )
        try:
            encoding = FeatureEncoding.from_dict(head["encoding"])
            calibration = LinearCalibration.from_dict(head["calibration"])
            if head["kind"] not in CANDIDATES:
                raise BundleError(f"Unknown kind of model {head['kind']!r}.")
            model = CANDIDATES[head["kind"]].model.from_files(files, head)
            measured = Backgrounds(model.terms)  # reads the trees now, not at the first score
            if "background" in head:
                measured = Backgrounds.from_bytes(model.terms, read_file(files, BACKGROUND))
            likely = LikelyValues.from_bytes(read_file(files, LIKELY)) if "likely" in head else None
            return cls(encoding, model, calibration, measured, likely)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, BundleError):
                raise
            raise BundleError(f"The model's files do not fit together ({type(error).__name__}).") from error

    def _raw(
        self,
        X: pd.DataFrame | Floats,
        grade_levels: Longs | None = None,
        unrecorded: Bools | None = None,
    ) -> Contributions:
        return self._encoded_raw(self.encoding.encode(X), grade_levels, unrecorded)

    def _encoded_raw(
        self, encoded: Floats, grade_levels: Longs | None = None, unrecorded: Bools | None = None
    ) -> Contributions:
        backgrounds = self.backgrounds
        positions = None if grade_levels is None else backgrounds.indices(grade_levels)
        raw = backgrounds.contributions(encoded, positions)
        if self.likely is None:
            return raw
        missing = self.likely.missing(encoded, unrecorded)
        rows = np.flatnonzero(missing.any(axis=1))
        if not len(rows):
            return raw
        positions = None if positions is None else positions[rows]
        draws = self.likely.draws(encoded[rows], missing[rows])
        raw.values[rows] = mean_of([backgrounds.contributions(draw, positions).values for draw in draws])
        return raw

    def filled(self, X: pd.DataFrame | Floats) -> Floats:
        """Encode rows to be learned from, with one value where the fit never saw it missing."""
        encoded = self.encoding.encode(X)
        return encoded if self.likely is None else self.likely.middle(encoded)

    def _encoded_background(self, X: pd.DataFrame | Floats) -> Floats:
        try:
            return self.filled(X)
        except FeatureInputError as error:
            raise BackgroundError(
                f"The background cannot be read: {error.message}", hint=error.hint
            ) from error


def mean_of(parts: Sequence[Floats]) -> Floats:
    """Give the mean of some arrays, added in their order."""
    total = np.zeros_like(parts[0])
    for part in parts:
        total += part
    return total / len(parts)
