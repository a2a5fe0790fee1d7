"""School days of all schools, found before anything is scored: windows and ages are counted in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Ints
from dropout_risk.histories.histories import NEVER, Histories
from dropout_risk.records.calendar import YEAR_START, DateLike, SchoolCalendar
from dropout_risk.records.mapping import RecordsMapping, Source
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import INCIDENTS, RUNS
from dropout_risk.spark.nested import SparkTables
from dropout_risk.spark.workers import NestedReading, in_arrow, whole_classes

KEPT = pa.schema([("run", pa.string()), ("school", pa.string()), ("known", pa.int32())])
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
    by the ordinary week where the calendar lists exceptions. The second takes a pass over the attendance;
    hand the result to :func:`score` to do without it.

    Parameters
    ----------
    spark, tables, mapping, today
        See :func:`score`.
    """
    given = SparkTables.of(spark, tables, mapping=mapping, today=today)
    return SchoolDays.of(given, None, lambda: given.by_class(only=("students", "attendance"))).calendar()


@dataclass(frozen=True)
class SchoolDays:
    """What an executor needs to know of school days.

    ``listed`` are the usable rows of the calendar table (``date, school_id, is_school_day``); ``held`` the
    school days of every school, and the date on which each became known; ``kept``, for each table of
    incidents, the date on which a school's first row became known.
    """

    listed: pa.Table
    held: dict[str, tuple[Ints, Ints]]
    kept: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    year_start: tuple[int, int] = YEAR_START

    @classmethod
    def of(cls, tables: SparkTables, calendar: SchoolCalendar | None, by_class: Any) -> SchoolDays:
        """Take the days that are listed, and those of a given calendar; find the rest from attendance.

        ``by_class`` gives the nested rows, and is called only where attendance has to be looked at.
        """
        listed = tables.header.table("calendar")
        if calendar is not None:
            held = {school: calendar.days_of(school) for school in calendar.schools}
            return cls(listed, held, year_start=calendar.year_start)
        records = listed_days(tables, listed)
        held = {school: records.calendar.days_of(school) for school in tables.schools}
        unlisted = sorted(school for school in held if not records.lists_days_of(school))
        if unlisted and any(part.table == "attendance" for part in tables.reading.parts):
            attended = _attended_days(tables, listed, unlisted, by_class())
            held |= {school: records.completed_days(school, *told) for school, told in attended.items()}
        return cls(listed, held, year_start=tables.header.year_start)

    def with_incidents(self, tables: SparkTables, by_class: Callable[[], Any]) -> SchoolDays:
        """Find since when each school keeps tables of incidents: a pass over those that are given."""
        runs = {table.name: run for run, table in INCIDENTS.items()}
        if not any(part.table in runs for part in tables.reading.parts):
            return self
        return replace(self, kept=_kept_incidents(tables, self.listed, by_class(), runs))

    def keeps(self, source: str) -> bool:
        """Say whether any school keeps a table that features read, as histories do."""
        return source not in INCIDENTS or bool(self.kept.get(source))

    def calendar(self, schools: list[str] | None = None) -> SchoolCalendar:
        """Give the calendar of some schools, by default of all."""
        nothing = np.zeros(0, np.int32)
        chosen = {
            name: self.held.get(name, (nothing, nothing))
            for name in (self.held if schools is None else schools)
        }
        days, known = ({name: pair[part] for name, pair in chosen.items()} for part in (0, 1))
        return SchoolCalendar.from_days(days, known=known, year_start=self.year_start)

    def records(self, reading: NestedReading, nested: pa.Table) -> SchoolRecords:
        """Check some pupils' nested rows against the days that are listed for their schools."""
        school = self.listed["school_id"]
        here = pc.or_(pc.is_null(school), pc.is_in(school, pc.unique(nested["school"])))
        return reading.records(nested, self.listed.filter(here) if len(school) else None)

    def histories(self, records: SchoolRecords) -> Histories:
        """Make the histories of checked records with the days of all pupils of their schools."""
        students = records.table("students")
        schools = sorted(set(pc.fill_null(students["school_id"].cast(pa.string()), "").to_pylist()))
        tables = {table.name: records.table(table.name) for table in RUNS.values()}
        histories = Histories.from_tables(
            students,
            tables,
            self.calendar(schools),
            attendance=records.attendance,
            presumed=records.presumed_schools,
            presumed_classes=records.presumed_classes,
            refused=records.refused,
        )
        for run, first in histories.observed.kept.items():
            own = self.kept.get(run, {})
            first[:] = [own.get(school, NEVER) for school in histories.calendar.schools]
        return replace(histories, set_apart=tuple(records.quarantine.student_ids))


def listed_days(tables: SparkTables, listed: pa.Table) -> SchoolRecords:
    """Ask the library which days are listed and how others are completed, with one pupil per school."""
    schools = [school or None for school in tables.schools]
    columns = {name: pa.nulls(len(schools), pa.string()) for name in ("class_id", "grade_level")}
    students = pa.table(
        {"student_id": range(len(schools)), "school_id": pa.array(schools, pa.string()), **columns}
    )
    given = {"students": students} | ({"calendar": listed} if listed.num_rows else {})
    return SchoolRecords.from_tables(today=tables.reading.today, mapping=tables.reading.mapping, **given)


def _attended_days(
    tables: SparkTables, listed: pa.Table, schools: list[str], by_class: Any
) -> dict[str, tuple[Ints, Ints]]:
    from pyspark.sql import functions as sql

    parts = tuple(part for part in tables.reading.parts if part.table in {"students", "attendance"})
    reading, days, wanted = replace(tables.reading, parts=parts), SchoolDays(listed, {}), frozenset(schools)

    def attended(batches: Iterator[Any]) -> Iterator[pa.Table]:
        for nested in whole_classes(batches):
            calendar = days.records(reading, nested).attended_days
            for school in sorted(wanted.intersection(calendar.schools)):
                day, known = calendar.days_of(school)
                yield pa.table(
                    {"school": pa.array([school] * len(day), pa.string()), "day": day, "known": known}
                )

    rows = by_class.select("key", "place", "school", *(part.column for part in parts))
    found = in_arrow(rows, attended, HELD).groupBy("school", "day").agg(sql.min("known").alias("known"))
    table = found.toArrow().sort_by([("school", "ascending"), ("day", "ascending")])
    names = table["school"].to_pylist()
    day, known = (table[name].to_numpy().astype(np.int32) for name in ("day", "known"))
    starts = [index for index, name in enumerate(names) if not index or name != names[index - 1]]
    return {
        names[start]: (day[start:end], known[start:end])
        for start, end in zip(starts, [*starts[1:], len(names)], strict=False)
    }


def _kept_incidents(
    tables: SparkTables, listed: pa.Table, by_class: Any, runs: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    from pyspark.sql import functions as sql

    parts = tuple(part for part in tables.reading.parts if part.table in {"students", *runs})
    reading, days = replace(tables.reading, parts=parts), SchoolDays(listed, {})

    def kept(batches: Iterator[Any]) -> Iterator[pa.Table]:
        for nested in whole_classes(batches):
            records = days.records(reading, nested)
            schools = pc.fill_null(records.table("students")["school_id"].cast(pa.string()), "")
            for name, run in runs.items():
                rows = records.table(name)
                runs_of_rows = pa.array([run] * rows.num_rows, pa.string())
                known = rows["recorded_on"].cast(pa.int32())
                yield pa.table([runs_of_rows, schools.take(rows["pupil"]), known], schema=KEPT)

    rows = by_class.select("key", "place", "school", *(part.column for part in parts))
    found: dict[str, dict[str, int]] = {}
    for row in in_arrow(rows, kept, KEPT).groupBy("run", "school").agg(sql.min("known")).collect():
        found.setdefault(row[0], {})[row[1]] = row[2]
    return found
