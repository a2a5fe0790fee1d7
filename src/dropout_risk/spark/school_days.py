"""School days of all schools, found on the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.records.days.calendar import DateLike, SchoolCalendar
from dropout_risk.records.wording.mapping import RecordsMapping, Source
from dropout_risk.spark.tables import SparkTables
from dropout_risk.spark.workers import in_arrow

HELD = pa.schema([("school", pa.string()), ("day", pa.int32()), ("known", pa.int32())])


def school_calendar(
    spark: Any,
    tables: Mapping[str, Any],
    *,
    mapping: Source | RecordsMapping = None,
    today: DateLike | None = None,
) -> SchoolCalendar:
    """Find the school days of every school, as :attr:`SchoolRecords.calendar` does.

    A school for which the calendar table lists school days has these; for any other they are the days on
    which anyone there has attendance, each known from the day on which its first row was recorded, completed
    by the ordinary week where the calendar lists exceptions.

    Parameters
    ----------
    spark, tables, mapping, today
        See :func:`score`.
    """
    given = SparkTables.of(spark, tables, mapping=mapping, today=today)
    only = ("students", "attendance")
    reading = given.reading.only(*only)

    def held(batches: Iterator[Any]) -> Iterator[pa.Table]:
        for records in reading.blocks(batches):
            calendar = records.calendar
            for school in calendar.schools:
                day, known = calendar.days_of(school)
                yield pa.table([pa.array([school] * len(day), pa.string()), day, known], schema=HELD)

    found = in_arrow(given.packed(only=only), held, HELD).toArrow()
    names, dates = found["school"].to_numpy(), [found[name].to_numpy() for name in ("day", "known")]
    nothing = np.zeros(0, np.int32)
    days, known = (dict.fromkeys(given.schools, nothing) for _ in range(2))
    order = np.argsort(names, kind="stable")
    for rows in np.split(order, np.flatnonzero(names[order][1:] != names[order][:-1]) + 1):
        if len(rows):
            days[names[rows[0]]], known[names[rows[0]]] = (column[rows] for column in dates)
    return SchoolCalendar.from_days(days, known=known, year_start=given.home.year_start)
