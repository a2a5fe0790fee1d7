"""Histories: the pivot of the library, one row per pupil with everything known and when it became known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.histories.attendance_bits import AttendanceBits
from dropout_risk.histories.classes import Classes, Sittings
from dropout_risk.histories.day_packing import pack
from dropout_risk.histories.observed import Observed
from dropout_risk.histories.runs import Column, Runs
from dropout_risk.records.calendar import DateLike, SchoolCalendar
from dropout_risk.records.day_grid import DayGrid

if TYPE_CHECKING:
    from dropout_risk.histories.snapshot import Snapshot
    from dropout_risk.records.school_records import SchoolRecords

# What histories hold of the students table: nothing that is kept for audits only.
STUDENT_COLUMNS = (
    "student_id", "school_id", "class_id", "grade_level", "enrolled_on", "left_on", "responsible_id",
    "boarding", "distance_km",
)  # fmt: skip
LONG_TABLES = ("attendance", "attendance_totals", "grades", "wellbeing", "family", "outcomes")
_RUNS = ("totals", "grades", "wellbeing", "family", "outcomes")
_FAR = np.iinfo(np.int32).max


@dataclass(frozen=True, repr=False)
class Histories:
    """Everything that is known of every pupil, columnar and compact.

    Make them with :meth:`from_records`; read them as of a date with :meth:`on`. The columns of the
    students table that exist for audits only (sex, ethnicity, birth date) are not in here, so no
    feature can be made from them.

    Parameters
    ----------
    students : pyarrow.Table
        One row per pupil, sorted by ``student_id``.
    calendar : SchoolCalendar
        School days; ``calendar_row`` names each pupil's calendar.
    calendar_row : int32 array of shape (n_pupils,)
        The number of the pupil's calendar.
    attendance : AttendanceBits
        Daily attendance, packed.
    totals, grades, wellbeing, family, outcomes : Runs
        Dated rows; days are school days (``day``), dates are ordinals (``date``, ``known``).
    words : dict of str to tuple of str
        The sorted vocabulary behind each coded column.
    observed : Observed
        The last dates of each school's rows.
    set_apart : tuple
        Identifiers of pupils whose students row could not be used: they have no row here.
    """

    students: pa.Table
    calendar: SchoolCalendar
    calendar_row: npt.NDArray[np.int32]
    attendance: AttendanceBits
    totals: Runs
    grades: Runs
    wellbeing: Runs
    family: Runs
    outcomes: Runs
    words: dict[str, tuple[str, ...]]
    observed: Observed
    set_apart: tuple[str | int, ...] = ()

    @classmethod
    def from_records(cls, records: SchoolRecords) -> Self:
        """Build histories from checked school records, whatever the order of their rows.

        Parameters
        ----------
        records : SchoolRecords
            Rows that failed the checks are not in its tables and so not in the histories; pupils whose
            own row failed are named in ``set_apart``.
        """
        tables = {name: records.table(name) for name in LONG_TABLES if name != "attendance"}
        histories = cls.from_tables(
            records.table("students"), tables, records.calendar, attendance=records.attendance
        )
        return replace(histories, set_apart=tuple(records.quarantine.student_ids))

    @classmethod
    def from_tables(
        cls,
        students: pa.Table,
        tables: Mapping[str, pa.Table],
        calendar: SchoolCalendar,
        *,
        attendance: DayGrid | None = None,
        observed_to: int | None = None,
        calendars: Sequence[str] | None = None,
    ) -> Self:
        """Build histories from canonical tables (see ``records.tables``).

        Parameters
        ----------
        students : pyarrow.Table
            Sorted by ``student_id``.
        tables : mapping of str to pyarrow.Table
            The six long tables, each with a ``pupil`` column.
        calendar : SchoolCalendar
            School days.
        attendance : DayGrid, optional
            The attendance, in place of the table of that name.
        observed_to : int, optional
            The last date (ordinal) that the tables cover; by default each school's own, from its rows.
        calendars : sequence of str, optional
            The name of each pupil's calendar; by default its school.
        """
        names = calendars if calendars is not None else pc.fill_null(students["school_id"], "").to_pylist()
        calendar = _with_schools(calendar, names)
        row = np.array([calendar.row_of(name) for name in names], dtype=np.int32)
        if attendance is None:
            attendance = DayGrid.of_table(tables["attendance"], len(row))
        builder = _Builder(calendar, row, {})
        number = len(calendar.schools)
        if observed_to is None:
            observed = Observed.of(attendance, tables, row, number)
        else:
            observed = Observed.until(observed_to, number)
        return cls(
            students=students.select(STUDENT_COLUMNS).combine_chunks(),
            calendar=calendar,
            calendar_row=row,
            attendance=builder.attendance(attendance),
            totals=builder.totals(tables["attendance_totals"]),
            grades=builder.grades(tables["grades"]),
            wellbeing=builder.wellbeing(tables["wellbeing"]),
            family=builder.family(tables["family"]),
            outcomes=builder.outcomes(tables["outcomes"]),
            words=builder.words,
            observed=observed,
        )

    def __repr__(self) -> str:
        """Count; no pupil's history belongs into a log."""
        return f"<Histories of {len(self)} pupils at {len(self.calendar.schools)} schools>"

    def __len__(self) -> int:
        return int(self.students.num_rows)

    @property
    def observed_to(self) -> npt.NDArray[np.int32]:
        """The date (ordinal) to which each calendar's school has been observed: labels end before it."""
        return self.observed.dates

    @property
    def student_ids(self) -> list[Any]:
        """Identifiers of the pupils, in order."""
        return list(self.students["student_id"].to_pylist())

    def student_numbers(self, name: str) -> npt.NDArray[np.float64]:
        """Give a numeric column of the students table; NaN where it is not recorded."""
        if name not in self._columns:
            self._columns[name] = _numbers(self.students[name], pa.float64(), np.nan)
        return self._columns[name]

    def student_dates(self, name: str) -> npt.NDArray[np.int64]:
        """Give a date column of the students table as ordinals; -1 where it is not recorded."""
        if name not in self._columns:
            self._columns[name] = _numbers(self.students[name], pa.int32(), -1).astype(np.int64)
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        """Columns of the students table that have been read."""
        return {}

    @cached_property
    def classes(self) -> Classes:
        """The class of each pupil."""
        return Classes.of_students(self.students)

    @cached_property
    def sittings(self) -> Sittings:
        """The sitting at which each mark was given."""
        return Sittings.of_marks(self.grades, self.classes)

    def take(self, pupils: npt.ArrayLike) -> Histories:
        """Give the histories of some pupils, by row number, in the given order."""
        rows = np.asarray(pupils, dtype=np.intp)
        return replace(
            self,
            students=self.students.take(pa.array(rows)),
            calendar_row=self.calendar_row[rows],
            attendance=self.attendance.take(rows),
            **{name: getattr(self, name).take(rows) for name in _RUNS},
        )

    def slice(self, pupils: slice) -> Histories:
        """Give the histories of consecutive pupils: no copy, and what was found for all is not lost."""
        taken = replace(
            self,
            students=self.students.slice(pupils.start, pupils.stop - pupils.start),
            calendar_row=self.calendar_row[pupils],
            attendance=self.attendance.take(np.arange(pupils.start, pupils.stop)),
            **{name: getattr(self, name).slice(pupils) for name in _RUNS},
        )
        marks = slice(int(self.grades.offsets[pupils.start]), int(self.grades.offsets[pupils.stop]))
        for name, rows in (("classes", pupils), ("sittings", marks)):
            if name in self.__dict__:
                taken.__dict__[name] = getattr(self, name).slice(rows)
        taken._columns.update({name: column[pupils] for name, column in self._columns.items()})
        return taken

    def on(self, as_of: DateLike) -> Snapshot:
        """Give what was known on a date: rows dated and recorded before it, nothing else."""
        from dropout_risk.histories.snapshot import Snapshot

        return Snapshot(self, as_of)

    def append(self, records: SchoolRecords) -> Histories:
        """Give histories grown by newly arrived records; see :func:`dropout_risk.histories.append.append`."""
        from dropout_risk.histories.append import append

        return append(self, Histories.from_records(records))

    def save(self, folder: str | Path) -> Path:
        """Write the histories to a folder; see :func:`dropout_risk.histories.store.save`."""
        from dropout_risk.histories.store import save

        return save(self, folder)

    @classmethod
    def load(cls, folder: str | Path) -> Histories:
        """Read histories from a folder; see :func:`dropout_risk.histories.store.load`."""
        from dropout_risk.histories.store import load

        return load(folder)


@dataclass
class _Builder:
    """Turns canonical tables into arrays: dates to ordinals and school days, words to codes."""

    calendar: SchoolCalendar
    row: npt.NDArray[np.int32]
    words: dict[str, tuple[str, ...]]

    def attendance(self, grid: DayGrid) -> AttendanceBits:
        self.words["session"] = grid.words
        return pack(grid, self.calendar, self.row)

    def totals(self, table: pa.Table) -> Runs:
        columns = {
            name: _ints(table, name, null=-1)
            for name in ("days_enrolled", "days_absent", "days_excused", "days_late")
        }
        columns["start"], columns["date"] = _ints(table, "period_start"), _ints(table, "period_end")
        return self._runs(table, columns, ("start", "date"))

    def grades(self, table: pa.Table) -> Runs:
        percent = _floats(table, "score") / _floats(table, "max_score")
        columns: dict[str, Column] = {
            "subject": self._codes(table, "subject"),
            "date": _ints(table, "date"),
            "exam": self._codes(table, "exam"),
            "percent": percent,
        }
        return self._runs(table, columns, ("subject", "date", "exam"))

    def wellbeing(self, table: pa.Table) -> Runs:
        columns = {
            "instrument": self._codes(table, "instrument"),
            "scale": self._codes(table, "scale"),
            "date": _ints(table, "date"),
            "score": _floats(table, "score"),
            "valid": pc.fill_null(table["valid"], True).to_numpy(zero_copy_only=False).astype(bool),
            "norm": self._codes(table, "norm"),
        }
        return self._runs(table, columns, ("instrument", "scale", "date"))

    def family(self, table: pa.Table) -> Runs:
        columns = {
            "factor": self._codes(table, "factor"),
            "value": self._codes(table, "value"),
            "date": _ints(table, "valid_from"),
            "until": _ints(table, "valid_to", null=_FAR),
        }
        # a factor may be known before it begins (a parent will leave next week): known is not its own date
        return self._runs(table, columns, ("factor", "date"), known=_ints(table, "recorded_on"))

    def outcomes(self, table: pa.Table) -> Runs:
        columns = {"date": _ints(table, "date"), "event": self._codes(table, "event")}
        return self._runs(table, columns, ("date",), known=_ints(table, "date"))

    def _runs(
        self, table: pa.Table, columns: dict[str, Column], key: tuple[str, ...], known: Column | None = None
    ) -> Runs:
        pupil = _ints(table, "pupil")
        if known is None:
            known = np.maximum(_ints(table, "recorded_on"), columns["date"])
        columns = columns | {"day": self._day(pupil, columns["date"]), "known": known}
        return Runs.from_rows(pupil, columns, key, n_pupils=len(self.row))

    def _day(self, pupil: Column, ordinals: Column) -> npt.NDArray[np.int32]:
        return self.calendar.index(self.row[pupil], ordinals)

    def _codes(self, table: pa.Table, name: str) -> npt.NDArray[np.int32]:
        """Code a column of words by their place in the alphabet, so that codes never depend on row order."""
        column = table[name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        used = column.dictionary.cast(pa.string()).to_pylist()
        words = tuple(sorted({*self.words.get(name, ()), *(word for word in used if word is not None)}))
        self.words[name] = words
        place = {word: code for code, word in enumerate(words)}
        codes = np.array([place.get(word, -1) for word in used] + [-1], dtype=np.int32)
        at = pc.fill_null(column.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)
        return np.asarray(codes[at])


def _with_schools(calendar: SchoolCalendar, names: Sequence[str]) -> SchoolCalendar:
    missing = sorted(set(names) - set(calendar.schools))
    if not missing:
        return calendar
    schools = [*calendar.schools, *missing]
    days, known = zip(*(calendar.days_of(school) for school in schools), strict=True)
    return SchoolCalendar(schools, days, known=known, year_start=calendar.year_start)


def _numbers(column: pa.ChunkedArray, of: pa.DataType, null: float) -> npt.NDArray[Any]:
    """Read a column of the students table, quickly too where it has one row."""
    if column.null_count == len(column):
        return np.full(len(column), null, dtype=of.to_pandas_dtype())
    if column.null_count:
        column = pc.fill_null(column.cast(of), null)
    values: npt.NDArray[Any] = column.to_numpy().astype(of.to_pandas_dtype())
    return values


def _ints(table: pa.Table, name: str, null: int = 0) -> npt.NDArray[np.int32]:
    values: npt.NDArray[np.int32] = pc.fill_null(table[name].cast(pa.int32()), null).to_numpy()
    return values


def _floats(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = pc.fill_null(table[name].cast(pa.float64()), np.nan).to_numpy()
    return values
