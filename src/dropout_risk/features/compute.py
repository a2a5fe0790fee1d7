"""From histories to features: the one function that every way of scoring goes through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.features import attendance, family, grades, psychology, pupil_functions
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import Cohort, members_on
from dropout_risk.features.inputs import Floats, Inputs, MeasureFunction
from dropout_risk.features.source import Source, histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.calendar import DateLike

MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    **attendance.MEASURES, **grades.MEASURES, **psychology.MEASURES, **family.MEASURES,
    **pupil_functions.MEASURES,
}  # fmt: skip
PUPILS_AT_ONCE = 16384


@dataclass(frozen=True)
class FeatureTable:
    """Features of some pupils on one date.

    Parameters
    ----------
    values : float64 array of shape (n_pupils, n_features)
        In the catalogue's order; NaN is missing. Rows are contiguous in memory.
    context : ClassContext
        The class context they were computed with.
    known : Snapshot
        The snapshot they were computed from.
    """

    values: Floats
    context: ClassContext
    known: Snapshot


def compute_features(
    histories: Histories,
    as_of: DateLike,
    catalogue: FeatureCatalogue,
    *,
    context: ClassContext | None = None,
    instruments: InstrumentRegistry | None = None,
) -> FeatureTable:
    """Compute every feature of every pupil in the histories, as known on a date.

    Pupils are worked on in blocks; a pupil's values never depend on who else is in the block.

    Parameters
    ----------
    histories : Histories
        Of the pupils.
    as_of : date
        Rows dated or recorded on or after it are not seen.
    catalogue : FeatureCatalogue
        The features, in this order.
    context : ClassContext, optional
        What is known of classes; by default it is made from all members of the cohort on the date.
    instruments : InstrumentRegistry, optional
        Scales and norms; by default the shipped ones.
    """
    known = histories.on(as_of)
    members = members_on(known)
    instruments = default_instruments() if instruments is None else instruments
    after_means = _needing_class_means(catalogue)
    first = [feature for feature in catalogue.values() if feature.name not in after_means]
    exams = ClassContext.of_exams(known, members) if context is None else context
    columns = _in_blocks(histories, as_of, first, Inputs(known, exams, instruments))
    if context is None:
        context = exams.with_means(known, columns, members)
    second = [feature for feature in catalogue.values() if feature.name in after_means]
    columns = _columns(second, Inputs(known, context, instruments, columns))
    values = (
        np.column_stack([columns[name] for name in catalogue]) if catalogue else np.zeros((len(known), 0))
    )
    return FeatureTable(np.ascontiguousarray(values, dtype=np.float64), context, known)


def build_features(
    records: Source,
    cohort: Cohort,
    catalogue: FeatureCatalogue | None = None,
    *,
    instruments: InstrumentRegistry | None = None,
) -> pd.DataFrame:
    """Compute the features of a cohort.

    Parameters
    ----------
    records : SchoolRecords or Histories
        What was recorded. Only rows dated and recorded before each row's as-of date are seen; class
        comparisons are made with everyone who was at school on that date, in the cohort or not.
    cohort : Cohort
        Pupils and as-of dates.
    catalogue : FeatureCatalogue, optional
        Which features; by default :func:`default_catalogue`.
    instruments : InstrumentRegistry, optional
        Scales and norms of the tests in use; by default the shipped ones.

    Returns
    -------
    pandas.DataFrame of shape (len(cohort), len(catalogue))
        Indexed by ``(student_id, as_of)`` in the cohort's order, columns in the catalogue's order; NaN
        is missing, never zero.

    Examples
    --------
    >>> import dropout_risk as dr
    >>> records = dr.simulate_district(n_students=200, seed=1)
    >>> X = dr.build_features(records, dr.Cohort.on(records, as_of="2025-03-03"))
    >>> X.index.names
    FrozenList(['student_id', 'as_of'])
    """
    histories = histories_of(records)
    catalogue = default_catalogue() if catalogue is None else catalogue
    values = np.empty((len(cohort), len(catalogue)), dtype=np.float64)
    pupils = cohort.frame["pupil"].to_numpy()
    for day, rows in cohort.frame.groupby("as_of").indices.items():
        table = compute_features(histories, pd.Timestamp(day), catalogue, instruments=instruments)
        values[rows] = table.values[pupils[rows]]
    return pd.DataFrame(values, index=cohort.index, columns=catalogue.names)


def _needing_class_means(catalogue: FeatureCatalogue) -> set[str]:
    """Name the features that can only be computed once the class means of others are known."""
    names: set[str] = set()
    for feature in catalogue.values():
        if isinstance(feature.measure, declared.GapToClass) or names & set(feature.measure.needs):
            names.add(feature.name)
    return names


def _in_blocks(
    histories: Histories, as_of: DateLike, features: list[Feature], inputs: Inputs
) -> dict[str, npt.NDArray[np.float64]]:
    n = len(histories)
    if n <= PUPILS_AT_ONCE:
        return _columns(features, inputs)
    columns = {feature.name: np.empty(n) for feature in features}
    for start in range(0, n, PUPILS_AT_ONCE):
        block = np.arange(start, min(start + PUPILS_AT_ONCE, n))
        part = _columns(features, Inputs(histories.take(block).on(as_of), inputs.context, inputs.instruments))
        for name, values in part.items():
            columns[name][block] = values
    return columns


def _columns(features: list[Feature], inputs: Inputs) -> dict[str, Floats]:
    for feature in features:
        inputs.columns[feature.name] = MEASURES[type(feature.measure)](
            feature.measure, feature.window, inputs
        )
    return inputs.columns
