"""What training asks of a model beyond its figures: fairness, and reasons that are stable and faithful."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from dropout_risk.arrays import Floats, Positions
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.errors import MissingExtraError
from dropout_risk.evaluation.fairness import FairnessReport
from dropout_risk.evaluation.fairness_rates import audit_groups
from dropout_risk.evaluation.fairness_section import not_made
from dropout_risk.evaluation.faithfulness import CauseAgreement, FaithfulnessReport, curves
from dropout_risk.evaluation.parts import Parts
from dropout_risk.evaluation.section import Section
from dropout_risk.evaluation.stability import StabilityReport, pupils_again
from dropout_risk.explanation.reason_choice import Facts
from dropout_risk.features.cohort import Cohort
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import Settings

MOST_ROWS = 2000
MOST_CURVE_ROWS = 500
MOST_REFIT_ROWS = 50_000
"""A refit on more rows is made on a part of the pupils: five refits must not cost more than the training."""
HIGH = 0.2
"""Reasons are read of pupils with high risks: curves are drawn of the fifth with the highest."""


@dataclass(frozen=True, eq=False)
class Audit:
    """A fitted classifier and the test rows it is audited on.

    Parameters
    ----------
    classifier : RiskClassifier
        Fitted on ``parts.train``.
    parts : Parts
        Train and test rows.
    risks : array
        The risks of the test rows.
    catalogue, settings, records
        Those of the training.
    """

    classifier: RiskClassifier
    parts: Parts
    risks: Floats
    catalogue: FeatureCatalogue
    settings: Settings
    records: SchoolRecords

    def sections(self) -> Iterator[Section]:
        """Make every audit; stability only where refits are asked for."""
        yield self.fairness()
        if self.settings.evaluation.refits:
            yield self.stability()
        yield self.faithfulness()

    def fairness(self) -> Section:
        """Audit by the groups that are recorded; says so where fairlearn is not installed."""
        parts, rows = self.parts, self.parts.test
        groups = audit_groups(self.records, Cohort(parts.cohort.frame.iloc[rows].reset_index(drop=True)))
        try:
            report = FairnessReport.of(
                parts.y(rows),
                self.risks,
                parts.days(rows),
                groups,
                share=self.settings.capacity.share,
                pupils=parts.students(rows),
                contributions={"domains": self._by_domain, "causes": self._by_cause},
            )
        except MissingExtraError as error:
            return not_made(error)
        return report.section()

    def stability(self) -> Section:
        """Refit on resampled pupils and compare the reasons of a sample of the test rows."""
        parts, rng = self.parts, np.random.default_rng(self.settings.models.seed)
        chosen = _sample(np.arange(len(parts.test)), MOST_ROWS, rng)
        X = parts.X(parts.test[chosen])
        refitted, share = [], min(1.0, MOST_REFIT_ROWS / len(parts.train))
        for _ in range(self.settings.evaluation.refits):
            again = parts.train[pupils_again(parts.students(parts.train), rng, share=share)]
            refitted.append(self.classifier.refitted(parts.X(again), parts.y(again)).contributions(X).values)
        report = StabilityReport.of(
            Facts.of(self.catalogue, self._stayed.to_numpy(dtype=np.float64)),
            X.to_numpy(dtype=np.float64),
            self._values[chosen],
            refitted,
            [self.settings.bands.of(risk) for risk in self.risks[chosen]],
            share=share,
        )
        return report.section()

    def faithfulness(self) -> Section:
        """Draw the curves of pupils with high risks and, where the true causes are known, compare them."""
        seed, risks = self.settings.models.seed, self.risks
        high = np.flatnonzero(risks >= np.quantile(risks, 1 - HIGH))
        X = self.parts.X(self.parts.test[_sample(high, MOST_CURVE_ROWS, np.random.default_rng(seed))])
        model = self.classifier.calibrated_model_
        drawn = curves(model, X, self.catalogue, self._stayed, seed=seed)
        dropped = true_causes(self.records, self.parts)
        known = dropped is not None and dropped.notna().any()
        agreement = CauseAgreement.of(self._by_cause, dropped) if known else None
        return FaithfulnessReport(drawn, agreement).section()

    @cached_property
    def _values(self) -> Floats:
        return self.classifier.calibrated_model_.contributions(self.parts.X(self.parts.test)).values

    @cached_property
    def _by_domain(self) -> pd.DataFrame:
        return contributions_by(self._values, [f.domain for f in self.catalogue.values()], list(DOMAINS))

    @cached_property
    def _by_cause(self) -> pd.DataFrame:
        return contributions_by(self._values, [f.cause for f in self.catalogue.values()], list(CAUSES))

    @cached_property
    def _stayed(self) -> pd.Series:
        """Means of the training pupils who stayed."""
        known = self.parts.before_test
        return self.parts.X(known[self.parts.y(known) == 0]).mean()


def contributions_by(values: Floats, kinds: list[str], names: list[str]) -> pd.DataFrame:
    """Add up contributions by the domain or the cause of their features.

    >>> contributions_by(np.array([[1.0, 2.0, 4.0]]), ["a", "b", "a"], ["a", "b", "c"]).to_dict("records")
    [{'a': 5.0, 'b': 2.0, 'c': 0.0}]
    """
    of = np.array(kinds)
    return pd.DataFrame({name: values[:, of == name].sum(axis=1) for name in names})


def true_causes(records: SchoolRecords, parts: Parts) -> pd.Series | None:
    """Give the true cause of who dropped out, on the last test day before; None where it is not known."""
    if records.truth is None or "cause" not in records.truth:
        return None
    cause = records.truth.set_index("student_id")["cause"]
    frame = parts.cohort.frame.iloc[parts.test].reset_index(drop=True)
    found = frame["student_id"].map(cause).where(parts.y(parts.test) == 1)
    return found.where(frame["as_of"] == frame.groupby("student_id")["as_of"].transform("max"))


def _sample(places: Positions, most: int, rng: np.random.Generator) -> Positions:
    if len(places) <= most:
        return places
    return np.sort(rng.choice(places, most, replace=False))
