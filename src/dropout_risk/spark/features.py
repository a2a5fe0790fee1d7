"""Features of everyone on a cluster, for training there or for looking at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.features.cohort import members_on
from dropout_risk.features.compute import compute_features
from dropout_risk.records.calendar import DateLike, SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.mapping import RecordsMapping, Source
from dropout_risk.spark.nested import SparkTables
from dropout_risk.spark.school_days import Days
from dropout_risk.spark.workers import in_arrow, whole_classes


def features(
    spark: Any,
    tables: Mapping[str, Any],
    as_of: DateLike,
    catalogue: FeatureCatalogue | None = None,
    *,
    mapping: Source | RecordsMapping = None,
    calendar: SchoolCalendar | None = None,
    today: DateLike | None = None,
) -> Any:
    """Compute the features of everyone who is at school on a date.

    Parameters
    ----------
    spark, tables, as_of, mapping, calendar, today
        See :func:`score`.
    catalogue : FeatureCatalogue, optional
        Which features; by default :func:`default_catalogue`.

    Returns
    -------
    DataFrame
        ``student_id, school_id, class_id`` and one column per feature, null where it is missing: the values
        of :func:`build_features`, bit by bit.
    """
    given = SparkTables.of(spark, tables, mapping=mapping, today=today)
    catalogue = default_catalogue() if catalogue is None else catalogue
    rows = given.by_class()
    days = spark.sparkContext.broadcast(Days.of(given, calendar, rows.persist))
    ids = [("student_id", given.id_type), ("school_id", pa.string()), ("class_id", pa.string())]
    schema = pa.schema([*ids, *((name, pa.float64()) for name in catalogue.names)])
    reading, day = given.reading, date_of(ordinal_of(as_of))

    def work(batches: Iterator[Any]) -> Iterator[pa.Table]:
        for nested in whole_classes(batches):
            histories = days.value.histories(days.value.records(reading, nested))
            table = compute_features(histories, day, catalogue)
            members = np.flatnonzero(members_on(table.known))
            students = histories.students.select([name for name, _ in ids]).take(pa.array(members))
            values = table.values[members].T
            columns = [pa.array(np.ascontiguousarray(column), from_pandas=True) for column in values]
            yield pa.table([*students.columns, *columns], names=schema.names)

    return in_arrow(rows, work, schema)
