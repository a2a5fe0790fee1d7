"""From histories to features: the one function that every way of scoring goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.errors import require_kind
from dropout_risk.features import attendance, family, grades, psychology, pupil_functions
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import Cohort, Source, histories_of, members_on
from dropout_risk.features.inputs import Inputs, MeasureFunction
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.progress import progress_line
from dropout_risk.records.days.calendar import DateLike

MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    **attendance.MEASURES, **grades.MEASURES, **psychology.MEASURES, **family.MEASURES,
    **pupil_functions.MEASURES,
}  # fmt: skip
PUPILS_AT_ONCE = 16384
MARK = "dropout_risk.synthetic"
"""The entry of a frame's ``attrs`` that says whether its pupils are made up, as their records say."""


@dataclass(frozen=True)
class FeatureTable:
    """Features of some pupils on one date, with the class context and the snapshot they were computed from.

    Values are in the catalogue's order, NaN is missing, and rows are contiguous in memory.
    """

    values: Floats
    context: ClassContext
    snapshot: Snapshot

    def unrecorded(self, catalogue: FeatureCatalogue) -> Bools:
        """Mark the values of tables that a pupil's school records of nobody, in the shape of the values."""
        return self.context.unrecorded(self.snapshot, {name: item.source for name, item in catalogue.items()})


def compute_features(
    histories: Histories,
    as_of: DateLike,
    catalogue: FeatureCatalogue,
    *,
    context: ClassContext | None = None,
    instruments: InstrumentRegistry | None = None,
) -> FeatureTable:
    """Compute every feature of every pupil in the histories, as known on a date, in the catalogue's order.

    Rows dated or recorded on or after the date are not seen. Pupils are worked on in blocks; a pupil's values
    never depend on who else is in the block. Without a context it is made from all members of the cohort on
    the date; without instruments the shipped ones are taken.
    """
    snapshot = histories.on(as_of)
    exams, members = context, None
    if exams is None:
        members = members_on(snapshot)
        exams = ClassContext.of_exams(snapshot, members)
    inputs = Inputs(snapshot, exams, default_instruments() if instruments is None else instruments)
    features = list(catalogue.values())
    needing = _needing_class_means(features)
    first = [index for index, feature in enumerate(features) if feature.name not in needing]
    values = np.empty((len(snapshot), len(features)))
    _fill_in_blocks(inputs, features, first, values)
    if members is not None:
        names = [features[index].name for index in first]
        inputs = replace(inputs, context=exams.with_means(snapshot, values, first, names, members))
    if needing:
        inputs.columns.update({features[index].name: values[:, index] for index in first})
        _fill_columns(inputs, features, sorted(set(range(len(features))).difference(first)), values)
    return FeatureTable(values, inputs.context, snapshot)


def kept_features(histories: Histories) -> FeatureCatalogue:
    """Give the default catalogue without the features of tables that no school keeps."""
    catalogue = default_catalogue()
    return catalogue.select(name for name, item in catalogue.items() if histories.keeps(item.source))


CHOOSE = "dr.default_catalogue().select(names)"


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
        Which features; by default :func:`default_catalogue`, without those of tables that no school keeps.
    instruments : InstrumentRegistry, optional
        Scales and norms of the tests in use; by default the shipped ones.

    Returns
    -------
    pandas.DataFrame of shape (len(cohort), len(catalogue))
        Indexed by ``(student_id, as_of)`` in the cohort's order, columns in the catalogue's order; NaN
        is missing, never zero. Its ``attrs`` say whether the records are marked as made up.

    Examples
    --------
    >>> import dropout_risk as dr
    >>> records = dr.simulate_district(n_students=200, seed=1)
    >>> X = dr.build_features(records, dr.Cohort.on(records, as_of="2025-03-03"))
    >>> X.index.names
    FrozenList(['student_id', 'as_of'])
    """
    require_kind(cohort, Cohort, "cohort", "dr.Cohort.on(records, as_of=...)")
    if catalogue is not None:
        require_kind(catalogue, FeatureCatalogue, "catalogue", CHOOSE)
    histories = histories_of(records)
    catalogue = kept_features(histories) if catalogue is None else catalogue
    values = np.empty((len(cohort), len(catalogue)), dtype=np.float64)
    pupils = cohort.frame["pupil"].to_numpy()
    days = cohort.frame.groupby("as_of").indices
    with progress_line("features by date") as tell:
        for done, (day, rows) in enumerate(days.items()):
            tell(done, len(days))
            table = compute_features(histories, pd.Timestamp(day), catalogue, instruments=instruments)
            values[rows] = table.values[pupils[rows]]
    X = pd.DataFrame(values, index=cohort.index, columns=catalogue.names)
    X.attrs[MARK] = histories.synthetic
    return X


def unrecorded_values(
    records: Source,
    cohort: Cohort,
    catalogue: FeatureCatalogue,
    *,
    instruments: InstrumentRegistry | None = None,
) -> Bools:
    """Mark the values of tables that a pupil's school records of nobody, as scoring the records does.

    Shape (len(cohort), len(catalogue)), beside the values of :func:`build_features`, which do not say it.
    """
    histories, found = histories_of(records), np.zeros((len(cohort), len(catalogue)), np.bool_)
    pupils = cohort.frame["pupil"].to_numpy()
    for day, rows in cohort.frame.groupby("as_of").indices.items():
        table = compute_features(histories, pd.Timestamp(day), catalogue, instruments=instruments)
        found[rows] = table.unrecorded(catalogue)[pupils[rows]]
    return found


def _needing_class_means(features: Sequence[Feature]) -> set[str]:
    """Name the features that can only be computed once the class means of others are known."""
    names: set[str] = set()
    for feature in features:
        measure = feature.measure
        if isinstance(measure, declared.GapToClass | declared.ClassMean) or any(
            need in names for need in measure.needs
        ):
            names.add(feature.name)
    return names


def _fill_in_blocks(
    inputs: Inputs, features: Sequence[Feature], indices: Sequence[int], values: Floats
) -> None:
    """Compute some features block by block, several blocks at a time."""
    n = len(inputs.snapshot)
    if n <= PUPILS_AT_ONCE:
        _fill_columns(inputs, features, indices, values)
        return
    inputs.context.find(inputs.snapshot)

    def fill(block: slice) -> None:
        columns = np.empty((len(features), block.stop - block.start))
        _fill_columns(inputs.slice(block), features, indices, columns.T)
        _write_rows(columns, np.array(indices), values[block])

    in_threads(fill, blocks(n, PUPILS_AT_ONCE))


@kernel
def _write_rows(columns: Floats, indices: Longs, rows: Floats) -> None:
    """Write some columns into rows, row by row: far-apart places wait for memory."""
    for row in range(len(rows)):
        for index in indices:
            rows[row, index] = columns[index, row]


def _fill_columns(
    inputs: Inputs, features: Sequence[Feature], indices: Sequence[int], values: Floats
) -> None:
    for index in indices:
        feature = features[index]
        column = MEASURES[type(feature.measure)](feature.measure, feature.window, inputs)
        inputs.columns[feature.name] = values[:, index] = column
