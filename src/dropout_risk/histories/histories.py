"""Histories: the pivot of the library, one row per pupil with everything known and when it became known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bools, Floats, Ints, Longs, Positions
from dropout_risk.errors import require_kind
from dropout_risk.histories.attendance_bits import AttendanceBits, pack_grid
from dropout_risk.histories.classes import Sittings
from dropout_risk.histories.places import students_on
from dropout_risk.histories.refused_runs import refused_runs
from dropout_risk.histories.registers import Registers, presumed_calendars, presumed_pupils
from dropout_risk.histories.runs import Runs
from dropout_risk.kernels import blocks, kernel
from dropout_risk.records.days.calendar import DateLike, SchoolCalendar, ordinal_of
from dropout_risk.records.days.day_grid import DayGrid
from dropout_risk.records.days.school_declarations import ALL_SCHOOLS, PresumedClasses
from dropout_risk.records.files.readers import is_marked_synthetic, mark_synthetic
from dropout_risk.records.pupils.classes import Classes
from dropout_risk.records.pupils.spells import SPELLS
from dropout_risk.records.refused_rows import RefusedRows
from dropout_risk.records.rows import UsableRows
from dropout_risk.records.tables import INCIDENTS, RUNS, TAKEN
from dropout_risk.text import fill_english

if TYPE_CHECKING:
    from dropout_risk.histories.snapshot import Snapshot
    from dropout_risk.records.school_records import SchoolRecords


# --- How far each school has been observed: labels need their whole window before that date ---

NEVER = np.iinfo(np.int32).max
_NONE = -1
_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Observed:
    """What is known of each school as a whole: the last dates (ordinals) of its rows; -1 where it has none.

    ``attended`` is that of its attendance, ``dated`` that of its totals, grades, test results and outcomes.
    For each table of incidents, ``kept`` is the date on which the school's first row became known; ``NEVER``
    where it keeps none. ``presumed`` marks the schools at which a pupil without a row of attendance was
    there; ``of_class`` names the classes of which that holds, or not, whatever does at their school.
    ``complete`` is the date up to which its outcomes were declared complete; -1 where
    nobody did.
    """

    attended: Ints
    dated: Ints
    kept: dict[str, Ints]
    presumed: Bools
    complete: Ints
    of_class: PresumedClasses = ()

    @classmethod
    def of(cls, attendance: DayGrid, tables: Mapping[str, UsableRows], row: Ints, n_calendars: int) -> Self:
        """Read the dates off attendance and usable rows, with the calendar of each pupil."""
        attended = attendance.last_dates(row, n_calendars, _NONE)
        dated = np.full(n_calendars, _NONE, dtype=np.int32)
        for table in RUNS.values():
            if table.tells_observed:
                _raise_dates(dated, tables[table.name], str(table.date), row)
        kept = {run: _first_known(tables[table.name], row, n_calendars) for run, table in INCIDENTS.items()}
        nobody = np.zeros(n_calendars, np.bool_)
        return cls(attended, dated, kept, nobody, np.full(n_calendars, _NONE, dtype=np.int32))

    @classmethod
    def until(cls, ordinal: int, n_calendars: int) -> Self:
        """Give the same date for every school; none keeps a table of incidents."""
        attended, dated, complete = (np.full(n_calendars, ordinal, dtype=np.int32) for _ in range(3))
        kept = {run: np.full(n_calendars, NEVER, dtype=np.int32) for run in INCIDENTS}
        return cls(attended, dated, kept, np.zeros(n_calendars, np.bool_), complete)

    def declared(self, days: Mapping[str, int], schools: Sequence[str]) -> Self:
        """Give the same with the dates up to which outcomes are complete, by the names of the calendars."""
        other = days.get(ALL_SCHOOLS, _NONE)
        return replace(self, complete=np.array([days.get(name, other) for name in schools], np.int32))

    def moved(self, rows: Positions, n_calendars: int) -> Self:
        """Renumber the schools."""
        moved = self.until(_NONE, n_calendars)
        moved.attended[rows], moved.dated[rows] = self.attended, self.dated
        moved.complete[rows] = self.complete
        for run, first in self.kept.items():
            moved.kept[run][rows] = first
        moved.presumed[rows] = self.presumed
        return replace(moved, of_class=self.of_class)

    def merged(self, other: Observed) -> Self:
        """Give the later of two dates, and the earlier of those from which tables are kept."""
        kept = {run: np.minimum(first, other.kept[run]) for run, first in self.kept.items()}
        return type(self)(
            np.maximum(self.attended, other.attended),
            np.maximum(self.dated, other.dated),
            kept,
            self.presumed | other.presumed,
            np.maximum(self.complete, other.complete),
            tuple({said[:2]: said for said in (*self.of_class, *other.of_class)}.values()),
        )

    @property
    def dates(self) -> Ints:
        """The date to which each school has been observed.

        That of its last attendance; without any, of its last other row; without any row, the last of
        all schools.
        """
        latest = max(self.attended.max(initial=_NONE), _NONE)
        latest = latest if latest != _NONE else max(self.dated.max(initial=_NONE), 0)
        own = np.where(self.attended != _NONE, self.attended, self.dated)
        return np.where(own != _NONE, own, latest).astype(np.int32)


def _raise_dates(latest: Ints, rows: UsableRows, column: str, row: Ints) -> None:
    date = np.require(rows.values[column], np.int32, ["C", "W"])
    _raise_latest(latest, row, np.require(rows.pupil, np.int32, ["C", "W"]), date)


@kernel
def _raise_latest(latest: Ints, row: Ints, pupil: Ints, date: Ints) -> None:
    for k in range(len(pupil)):
        latest[row[pupil[k]]] = max(latest[row[pupil[k]]], date[k])


def _first_known(rows: UsableRows, row: Ints, n_calendars: int) -> Ints:
    first = np.full(n_calendars, NEVER, dtype=np.int32)
    np.minimum.at(first, row[rows.pupil], rows.values["recorded_on"])
    return first


# What histories hold of the students table: nothing that is kept for audits only.
COUNTED_TOTALS = ("days_enrolled", "days_absent", "days_excused", "days_late")
STUDENT_COLUMNS = (
    "student_id", "school_id", "class_id", "grade_level", "enrolled_on", "left_on", "responsible_id",
    "boarding", "distance_km",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Histories:
    """Everything that is known of every pupil, columnar and compact.

    Make them with :meth:`from_records`; read them as of a date with :meth:`on`. The columns of the
    students table that exist for audits only (sex, ethnicity, residence, birth date) are not in here, so no
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
    runs : dict of str to Runs
        The dated rows of each declared table that has a ``run``, by its name; days are school days
        (``day``), dates are ordinals (``date``, ``known``).
    words : dict of str to tuple of str
        The sorted vocabulary behind each coded column.
    observed : Observed
        The last dates of each school's rows.
    refused : Runs
        Rows that were set apart, counted by table and day; see :mod:`dropout_risk.histories.refused_runs`.
    set_apart : tuple
        Identifiers of pupils whose students row could not be used: they have no row here.
    """

    students: pa.Table
    calendar: SchoolCalendar
    calendar_row: Ints
    attendance: AttendanceBits
    runs: Mapping[str, Runs]
    words: dict[str, tuple[str, ...]]
    observed: Observed
    refused: Runs
    set_apart: tuple[str | int, ...] = ()

    @classmethod
    def from_records(cls, records: SchoolRecords, *, calendar: SchoolCalendar | None = None) -> Self:
        """Build histories from checked school records, whatever the order of their rows.

        Parameters
        ----------
        records : SchoolRecords
            Rows that failed the checks are not in its tables and so not in the histories; pupils whose
            own row failed are named in ``set_apart``.
        calendar : SchoolCalendar, optional
            School days in place of those that the records tell of.
        """
        from dropout_risk.records.school_records import SchoolRecords

        require_kind(records, SchoolRecords, "records", "dr.SchoolRecords.from_folder(path)")
        calendar = records.calendar if calendar is None else calendar
        tables = {table.name: records.rows(table.name) for table in RUNS.values()}
        histories = cls.from_tables(
            records.table("students"), tables, calendar, attendance=records.attendance,
            presumed=records.presumed_schools, presumed_classes=records.presumed_classes,
            refused=records.refused,
        )  # fmt: skip
        students = mark_synthetic(histories.students) if records.synthetic else histories.students
        observed = histories.observed
        if records.outcomes_to:
            observed = observed.declared(records.outcomes_to, histories.calendar.schools)
        apart = tuple(records.quarantine.student_ids)
        return replace(histories, students=students, observed=observed, set_apart=apart)

    @classmethod
    def from_tables(
        cls,
        students: pa.Table,
        tables: Mapping[str, pa.Table | UsableRows],
        calendar: SchoolCalendar,
        *,
        attendance: DayGrid | None = None,
        observed_to: int | None = None,
        calendars: Sequence[str] | None = None,
        presumed: Sequence[str] = (),
        presumed_classes: PresumedClasses = (),
        refused: RefusedRows | None = None,
    ) -> Self:
        """Build histories from canonical tables (see ``records.tables``); Arrow ones have a ``pupil`` column.

        ``students`` is sorted by ``student_id``. ``attendance`` takes the place of the table of that name.
        The tables cover the dates up to ``observed_to`` (ordinal), by default each school's own, from its
        rows. ``calendars`` names each pupil's calendar, by default its school; of those
        that are ``presumed``, a pupil without a row of attendance was at school; of
        ``presumed_classes`` that holds, or not, by themselves. ``refused`` are the rows that were set apart.
        """
        names = calendars if calendars is not None else pc.fill_null(students["school_id"], "").to_pylist()
        calendar = _with_schools(calendar, names)
        row_of = {name: calendar.row_of(name) for name in set(names)}
        row = np.fromiter(map(row_of.__getitem__, names), np.int32, len(names))
        if attendance is None:
            attendance = DayGrid.of_table(tables["attendance"], len(row))
        builder = _Builder(calendar, row, {})
        rows = {table.name: UsableRows.of(table.name, tables[table.name]) for table in RUNS.values()}
        number = len(calendar.schools)
        if observed_to is None:
            observed = Observed.of(attendance, rows, row, number)
        else:
            observed = Observed.until(observed_to, number)
        observed = replace(observed, presumed=presumed_calendars(calendar.schools, presumed))
        observed = replace(observed, of_class=presumed_classes)
        builder.learn_words(rows)
        runs = {name: builder.runs(name, rows[table.name]) for name, table in RUNS.items()}
        return cls(
            students=students.select(
                [*STUDENT_COLUMNS, *([SPELLS] if SPELLS in students.column_names else [])]
            ).combine_chunks(),
            calendar=calendar,
            calendar_row=row,
            attendance=builder.attendance(attendance),
            observed=observed,
            words=builder.words,
            refused=refused_runs(refused, len(row)),
            runs=runs,
        )

    def __repr__(self) -> str:
        """Count; no pupil's history belongs into a log."""
        return fill_english(
            "<Histories of {n} pupils at {m} schools>", n=len(self), m=len(self.calendar.schools)
        )

    def __len__(self) -> int:
        return int(self.students.num_rows)

    @property
    def synthetic(self) -> bool:
        """Whether any of the records behind them are made up."""
        return is_marked_synthetic(self.students.schema)

    @property
    def observed_to(self) -> Ints:
        """The date (ordinal) to which each calendar's school has been observed."""
        return self.observed.dates

    @cached_property
    def complete_to(self) -> Ints:
        """The date (ordinal) to which each calendar's outcomes are complete: labels end by then."""
        from dropout_risk.histories.complete import complete_to

        return complete_to(self)

    def keeps(self, source: str) -> bool:
        """Say whether any school keeps a table that features read; only those of incidents may lack."""
        return source not in INCIDENTS or bool((self.observed.kept[source] != NEVER).any())

    @property
    def grades(self) -> Runs:
        """The marks."""
        return self.runs["grades"]

    @property
    def outcomes(self) -> Runs:
        """What became of pupils, and when."""
        return self.runs["outcomes"]

    @property
    def student_ids(self) -> list[Any]:
        """Identifiers of the pupils, in order."""
        return list(self.students["student_id"].to_pylist())

    def student_numbers(self, name: str) -> Floats:
        """Give a numeric column of the students table; NaN where it is not recorded."""
        if name not in self._columns:
            self._columns[name] = _student_numbers(self.students[name], pa.float64(), np.nan)
        return self._columns[name]

    def student_dates(self, name: str) -> Longs:
        """Give a date column of the students table as ordinals; -1 where it is not recorded."""
        if name not in self._columns:
            self._columns[name] = _student_numbers(self.students[name], pa.int32(), -1).astype(np.int64)
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, Array]:
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

    @cached_property
    def registers(self) -> Registers:
        """The register of each pupil, with the days that were handed in for all pupils there ever were."""
        whole, pupils = self._part_of
        return Registers.of(self) if whole is None else whole.registers.take(pupils)

    @cached_property
    def _part_of(self) -> tuple[Histories | None, slice]:
        """The histories that these consecutive pupils were cut from; asked only for their registers."""
        return None, slice(0, len(self))

    @cached_property
    def presumed(self) -> Bools:
        """Of which pupils a school day without a row was a day at school."""
        return presumed_pupils(self)

    def in_registers(self, registers: Registers) -> Self:
        """Give the same histories, here, with registers of which they may be a part."""
        self.__dict__["registers"] = registers
        return self

    def take(self, pupils: npt.ArrayLike) -> Histories:
        """Give the histories of some pupils, by row number, in the given order."""
        rows = np.asarray(pupils, dtype=np.intp)
        taken = replace(
            self,
            students=self.students.take(pa.array(rows)),
            calendar_row=self.calendar_row[rows],
            attendance=self.attendance.take(rows),
            refused=self.refused.take(rows),
            runs={name: runs.take(rows) for name, runs in self.runs.items()},
        )
        return taken.in_registers(self.registers.take(rows))

    def part(self, pupils: Positions) -> Histories:
        """Give the histories of some pupils, who stay a part of all: what was found for all is kept."""
        taken = self.take(pupils)
        if "classes" in self.__dict__:
            taken.__dict__["classes"] = self.classes.take(pupils)
        if "sittings" in self.__dict__:
            taken.__dict__["sittings"] = self.sittings.take(self.grades.rows_of(pupils)[0])
        taken._columns.update({name: column[pupils] for name, column in self._columns.items()})
        return taken

    def slice(self, pupils: slice) -> Histories:
        """Give the histories of consecutive pupils: no copy, and what was found for all is not lost."""
        taken = replace(
            self,
            students=self.students.slice(pupils.start, pupils.stop - pupils.start),
            calendar_row=self.calendar_row[pupils],
            attendance=self.attendance.take(np.arange(pupils.start, pupils.stop)),
            refused=self.refused.slice(pupils),
            runs={name: runs.slice(pupils) for name, runs in self.runs.items()},
        )
        marks = slice(int(self.grades.offsets[pupils.start]), int(self.grades.offsets[pupils.stop]))
        for name, rows in (("classes", pupils), ("sittings", marks)):
            if name in self.__dict__:
                taken.__dict__[name] = getattr(self, name).take(rows)
        taken.__dict__["_part_of"] = self, pupils
        taken._columns.update({name: column[pupils] for name, column in self._columns.items()})
        return taken

    def on(self, as_of: DateLike) -> Snapshot:
        """Give what was known on a date: rows dated and recorded before it, nothing else."""
        from dropout_risk.histories.snapshot import Snapshot

        return Snapshot(self.placed_on(ordinal_of(as_of)), as_of)

    def placed_on(self, ordinal: int) -> Histories:
        """Give the same with every pupil at the school, in the class and grade level of the date.

        School days stay those of the school of the last spell, by which attendance is packed.
        """
        if SPELLS not in self.students.column_names:
            return self
        if ordinal not in self._placed:
            self._placed.clear()
            self._placed[ordinal] = replace(self, students=students_on(self.students, ordinal))
        return self._placed[ordinal]

    def left_by(self, ordinals: Longs) -> Longs:
        """Give the day each pupil left the spell that had begun last by its date; -1 where it is open."""
        if SPELLS not in self.students.column_names:
            return self.student_dates("left_on")
        left = students_on(self.students, ordinals)["left_on"]
        return _student_numbers(left, pa.int32(), -1).astype(np.int64)

    @cached_property
    def _placed(self) -> dict[int, Histories]:
        """The histories as of the last date that was asked for, where pupils have several spells."""
        return {}

    def append(self, records: SchoolRecords) -> Histories:
        """Give histories grown by new records; see :func:`dropout_risk.histories.append.append_histories`."""
        from dropout_risk.histories.append import append_histories, closed_days

        closed = closed_days(records.table("calendar"), self.calendar.schools)
        return append_histories(self, Histories.from_records(records), closed)

    def save(self, folder: str | Path) -> Path:
        """Write the histories to a folder; see :func:`dropout_risk.histories.store.save_histories`."""
        from dropout_risk.histories.store import save_histories

        return save_histories(self, folder)

    @classmethod
    def load(cls, folder: str | Path) -> Histories:
        """Read histories from a folder; see :func:`dropout_risk.histories.store.load_histories`."""
        from dropout_risk.histories.store import load_histories

        return load_histories(folder)


@dataclass
class _Builder:
    """Turns canonical tables into arrays: dates to ordinals and school days, words to codes."""

    calendar: SchoolCalendar
    row: Ints
    words: dict[str, tuple[str, ...]]

    def attendance(self, grid: DayGrid) -> AttendanceBits:
        self.words["session"] = grid.words
        return pack_grid(grid, self.calendar, self.row)

    def learn_words(self, tables: Mapping[str, UsableRows]) -> None:
        """Collect the words of all tables: columns of one name are coded alike, wherever they stand."""
        for table in RUNS.values():
            for column in table.words:
                self._learn(tables[table.name], column)

    def _learn(self, rows: UsableRows, name: str) -> None:
        known, found = self.words.setdefault(name, ()), set[str]()
        if len(rows):
            every = rows.vocabulary(name)
            found = {every[index] for index in np.flatnonzero(rows.used(name))} - {*known}
        if found:
            self.words[name] = tuple(sorted({*known} | found))

    def runs(self, name: str, rows: UsableRows) -> Runs:
        """Make the runs of a table; without rows nothing has to be looked up or sorted."""
        return self._made(name, rows) if len(rows) else no_runs(name, len(self.row))

    def _made(self, name: str, rows: UsableRows) -> Runs:
        own = {
            "totals": self.totals,
            "grades": self.grades,
            "wellbeing": self.wellbeing,
            "family": self.family,
        }
        return own.get(name, self.plain)(rows)

    def plain(self, rows: UsableRows) -> Runs:
        """Hold columns as they are: words as codes, numbers with NaN for none, the day as ``date``."""
        table, columns = rows.table, dict[str, Array]()
        held = {name: "date" if name == table.date else name for name in table.names[1:]}
        for column in table.columns[1:]:
            if column.name != "recorded_on" and not column.note:
                coded = column.name in table.words
                columns[held[column.name]] = (
                    self._codes(rows, column.name) if coded else rows.values[column.name]
                )
        known = None if "recorded_on" in table else columns["date"]
        if table.ahead:
            known = rows.values["recorded_on"]
        return self._runs(rows, columns, tuple(held[name] for name in table.key[1:]), known)

    def totals(self, rows: UsableRows) -> Runs:
        columns = {name: rows.filled(name, -1) for name in COUNTED_TOTALS}
        columns["start"], columns["date"] = rows.values["period_start"], rows.values["period_end"]
        return self._runs(rows, columns, ("start", "date"))

    def grades(self, rows: UsableRows) -> Runs:
        columns: dict[str, Array] = {
            "subject": self._codes(rows, "subject"),
            "date": rows.values["date"],
            "exam": self._codes(rows, "exam"),
            "percent": _mark_percents(rows.values["score"], rows.values["max_score"], rows.values["taken"]),
            "full": _full_marks(rows.values["max_score"]),
        }
        return self._runs(rows, columns, ("subject", "date", "exam"))

    def wellbeing(self, rows: UsableRows) -> Runs:
        columns: dict[str, Array] = {
            "instrument": self._codes(rows, "instrument"),
            "scale": self._codes(rows, "scale"),
            "date": rows.values["date"],
            "score": rows.values["score"],
            "valid": rows.values["valid"] != 0,  # where nothing is said, it is
            "norm": self._codes(rows, "norm"),
        }
        return self._runs(rows, columns, ("instrument", "scale", "date"))

    def family(self, rows: UsableRows) -> Runs:
        columns: dict[str, Array] = {
            "factor": self._codes(rows, "factor"),
            "value": self._codes(rows, "value"),
            "date": rows.values["valid_from"],
            "until": rows.filled("valid_to", NEVER),
        }
        # a factor may be known before it begins (a parent will leave next week): known is not its own date
        return self._runs(rows, columns, ("factor", "date"), known=rows.values["recorded_on"])

    def _runs(
        self, rows: UsableRows, columns: dict[str, Array], key: tuple[str, ...], known: Array | None = None
    ) -> Runs:
        if known is None:
            known = np.maximum(rows.values["recorded_on"], columns["date"])
        columns |= {"day": self._day(rows.pupil, columns["date"]), "known": known}
        return Runs.from_rows(rows.pupil, columns, key, n_pupils=len(self.row))

    def _day(self, pupil: Array, ordinals: Array) -> Ints:
        day = np.empty(len(pupil), np.int32)
        for part in blocks(len(pupil), _AT_ONCE):
            day[part] = self.calendar.index(self.row[pupil[part]], ordinals[part])
        return day

    def _codes(self, rows: UsableRows, name: str) -> Ints:
        """Code a column of words by their index in the alphabet, so that codes never depend on row order."""
        index = {word: code for code, word in enumerate(self.words[name])}
        codes = np.array([*(index.get(word, -1) for word in rows.vocabulary(name)), -1], dtype=np.int32)
        return np.asarray(codes.take(rows.values[name]))


MISSED = -np.inf  # in place of the percent of an exam that was missed; NaN where it is not known or not due


def _full_marks(highest: Floats) -> Array:
    """Give full marks where they are whole, so that a mark can be told as the paper has it; else 0."""
    told = (highest > 0) & (highest <= np.iinfo(np.int16).max) & (highest == np.floor(highest))
    return np.where(told, highest, 0).astype(np.int16)


def _mark_percents(score: Floats, highest: Floats, taken: Array) -> Floats:
    """Give shares of full marks, at most all of them; what stands in place of a mark is no finite number."""
    percent = score / highest
    over = percent > 1
    if np.count_nonzero(over):
        percent[over] = 1.0
    missed = taken == TAKEN.index("missed")
    if np.count_nonzero(missed):
        percent[missed] = MISSED
    return percent


def no_runs(name: str, n_pupils: int) -> Runs:
    """Give a table of some pupils without a row."""
    empty = _no_rows(name)
    return Runs(np.zeros(n_pupils + 1, np.int64), empty.columns, empty.key)


@cache
def _no_rows(name: str) -> Runs:
    builder = _Builder(SchoolCalendar.from_days({"": []}), np.zeros(0, np.int32), {})
    rows = UsableRows.none(RUNS[name].name)
    builder.words.update(dict.fromkeys(rows.table.words, ()))
    return builder._made(name, rows)


def _with_schools(calendar: SchoolCalendar, names: Sequence[str]) -> SchoolCalendar:
    missing = sorted(set(names) - set(calendar.schools))
    if not missing:
        return calendar
    schools = [*calendar.schools, *missing]
    days, known = zip(*(calendar.days_of(school) for school in schools), strict=True)
    return SchoolCalendar(schools, days, known=known, year_start=calendar.year_start)


def _student_numbers(column: pa.ChunkedArray, kind: pa.DataType, null: float) -> Array:
    """Read a column of the students table, quickly too where it has one row."""
    if column.null_count == len(column):
        return np.full(len(column), null, dtype=kind.to_pandas_dtype())
    if column.null_count:
        column = pc.fill_null(column.cast(kind), null)
    values: Array = column.to_numpy().astype(kind.to_pandas_dtype())
    return values
