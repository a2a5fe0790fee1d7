"""A fitted classifier with all it was trained on and is tested on: what sections of a report are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import expit

from dropout_risk.arrays import Bools, Floats, Positions
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.evaluation.parts import Parts, held_out_of
from dropout_risk.evaluation.resampling import Resampling
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.features.compute import unrecorded_values
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.group_profiles import GroupProfiles, profiled_columns
from dropout_risk.modelling.leaks.report import LeakReport
from dropout_risk.modelling.timing import Timing
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import Settings


@dataclass(frozen=True)
class FittedTiming:
    """When pupils drop out, as learned before the test: sooner or later by score, which is shipped.

    ``alike`` is the share of the horizon's dropouts before each of ``timing.thirds``, of all pupils
    together: what the timing is judged beside.
    """

    timing: Timing
    alike: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A fitted classifier, all it was trained on, and the test rows it is examined on.

    ``leaks`` are what the leak checks found before anything was fitted, ``when`` is when pupils of a given
    score drop out.
    """

    classifier: RiskClassifier
    parts: Parts
    records: SchoolRecords
    histories: Histories
    catalogue: FeatureCatalogue
    settings: Settings
    leaks: LeakReport
    when: FittedTiming

    @cached_property
    def risks(self) -> Floats:
        """The risks of the test rows."""
        calibrated, X = self.classifier.calibrated_model_, self.parts.X(self.parts.test)
        return np.asarray(expit(calibrated.with_interval(X, unrecorded=self.unrecorded)[0].log_odds))

    @cached_property
    def unrecorded(self) -> Bools | None:
        """Values of the test rows of tables that their school records of nobody; None where nothing asks."""
        if not self.classifier.calibrated_model_.asks_of_tables:
            return None
        return unrecorded_values(self.histories, self.parts.cohort_of(self.parts.test), self.catalogue)

    @cached_property
    def profiles(self) -> GroupProfiles:
        """The ranges of the classes, schools and days of all rows before the test."""
        rows = self.parts.before_test
        X = self.parts.X(rows)
        added = self.classifier.calibrated_model_.contributions(X.iloc[:: max(1, -(-len(X) // 5000))]).values
        names = [name for name in profiled_columns(self.catalogue) if name in X]
        weight = np.abs(added).mean(axis=0)[[int(X.columns.get_indexer([name])[0]) for name in names]]
        return GroupProfiles.of(X[names], self.groups_of(rows), weight)

    def groups_of(self, rows: Positions) -> pd.DataFrame:
        """Give the ``day``, ``school`` and ``class`` (its number, missing for none) of some rows."""
        frame = self.parts.cohort.frame.iloc[rows]
        code = self.histories.classes.codes[frame["pupil"].to_numpy()]
        school = frame["school_id"].astype(object).to_numpy()
        where = {"day": frame["as_of"].to_numpy(), "school": school}
        return pd.DataFrame(where | {"class": np.where(code >= 0, code, np.nan)})

    @cached_property
    def held_out(self) -> HeldOut:
        """The test rows with their risks, as the report reads them."""
        return held_out_of(self.parts, self.histories, self.risks)

    @cached_property
    def resampling(self) -> Resampling:
        """The draws of the intervals."""
        return self.held_out.resampling(self.settings.evaluation.replicates)

    @cached_property
    def contributions(self) -> Floats:
        """The contribution of each feature to each test row."""
        return self.classifier.calibrated_model_.contributions(self.parts.X(self.parts.test)).values

    @cached_property
    def by_domain(self) -> pd.DataFrame:
        """Contributions to the test rows, added up by domain."""
        kinds = [feature.domain for feature in self.catalogue.values()]
        return contributions_by(self.contributions, kinds, list(DOMAINS))

    @cached_property
    def by_cause(self) -> pd.DataFrame:
        """Contributions to the test rows, added up by cause."""
        kinds = [feature.cause for feature in self.catalogue.values()]
        return contributions_by(self.contributions, kinds, list(CAUSES))

    @cached_property
    def means_of_stayers(self) -> pd.Series:
        """Means of the training pupils who stayed."""
        known = self.parts.before_test
        return self.parts.X(known[self.parts.y(known) == 0]).mean()


def contributions_by(values: Floats, kinds: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Add up contributions by the domain or the cause of their features.

    >>> contributions_by(np.array([[1.0, 2.0, 4.0]]), ["a", "b", "a"], ["a", "b", "c"]).to_dict("records")
    [{'a': 5.0, 'b': 2.0, 'c': 0.0}]
    """
    kind = np.array(kinds)
    return pd.DataFrame({name: values[:, kind == name].sum(axis=1) for name in names})


def sample_of_rows(rows: Positions, most: int, rng: np.random.Generator) -> Positions:
    """Draw so many of some rows, in order; all where there are no more."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
