"""A sample of whole schools, brought home: training takes far fewer pupils than scoring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dropout_risk.errors import SettingsError
from dropout_risk.records.calendar import DateLike
from dropout_risk.records.mapping import RecordsMapping, Source
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.spark.nested import SparkTables

STRATA = 5


def sample_schools(
    spark: Any,
    tables: Mapping[str, Any],
    share: float,
    *,
    seed: int = 0,
    mapping: Source | RecordsMapping = None,
    today: DateLike | None = None,
) -> SchoolRecords:
    """Bring the records of a sample of whole schools to this machine, to train on them.

    Whole schools, because features compare class-mates and because pupils of one school are alike: a sample
    of pupils would make classes look smaller than they are. Large and small schools are drawn alike, so that
    the sample holds about ``share`` of the pupils.

    Parameters
    ----------
    spark, tables, mapping, today
        See :func:`score`.
    share : float
        Of the schools, above 0 and up to 1; at least one school is drawn of every fifth by size.
    seed : int, default=0
        The same seed draws the same schools.

    Returns
    -------
    SchoolRecords
        All rows of the pupils of these schools, and the whole calendar. Rows of pupils without a usable row
        in ``students`` belong to no school and stay behind.

    Raises
    ------
    SettingsError
        If ``share`` is not above 0 and up to 1.
    """
    if not 0 < share <= 1:
        raise SettingsError(f"share is {share}; it is above 0 and up to 1.")
    from pyspark.sql import functions as sql

    given = SparkTables.of(spark, tables, mapping=mapping, today=today)
    sizes = {row[0]: row[1] for row in given.roster.groupBy("school").count().collect()}
    chosen = draw(sizes, share, seed)
    keys = given.roster.where(sql.col("school").isin(chosen)).select(sql.col("key").alias("chosen"))
    home = {}
    for part in given.reading.parts:
        frame = given.frames[part.name]
        rows = frame.join(keys, given.key(part) == sql.col("chosen"), "left_semi")
        home[part.name] = rows.toArrow().rename_columns(given.headers[part.name])
    calendar = given.header.table("calendar")
    if calendar.num_rows:
        home["calendar"] = calendar
    given.roster.unpersist()
    return SchoolRecords.from_tables(mapping=given.reading.mapping, today=given.reading.today, **home)


def draw(sizes: Mapping[str, int], share: float, seed: int) -> list[str]:
    """Draw a share of the schools of each fifth by size.

    >>> draw({"a": 10, "b": 20, "c": 30, "d": 40, "e": 50}, 1.0, seed=1)
    ['a', 'b', 'c', 'd', 'e']
    """
    rng = np.random.default_rng(seed)
    ordered = sorted(sizes, key=lambda school: (sizes[school], school))
    chosen: list[str] = []
    for stratum in np.array_split(np.array(ordered, dtype=object), min(STRATA, max(len(ordered), 1))):
        number = min(max(round(share * len(stratum)), 1), len(stratum))
        chosen += rng.choice(stratum, number, replace=False).tolist()
    return sorted(chosen)
