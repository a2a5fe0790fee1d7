"""The check as a whole: every table read, checked and put in order, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array
from dropout_risk.errors import RecordsError
from dropout_risk.records.attendance import AttendanceCheck, Roll
from dropout_risk.records.checks.attendance_registers import check_declared
from dropout_risk.records.checks.calendar_checks import check_calendar, check_days_off, check_week
from dropout_risk.records.checks.departures import MOST_AHEAD, TELLING, check_departures, set_leavers_apart
from dropout_risk.records.checks.late_records import doubt_recorded_days
from dropout_risk.records.checks.lone_dates import check_lone_dates
from dropout_risk.records.checks.marks import doubt_exam_days, restore_sittings
from dropout_risk.records.checks.plausible import doubt_classes, doubt_grade_levels
from dropout_risk.records.checks.row_checks import (
    check_after_the_end,
    check_days_of_outcomes,
    check_enrolled,
    check_enrolment,
    check_ids,
    check_overlaps,
    check_pupils,
    check_values,
)
from dropout_risk.records.checks.totals import (
    check_totals,
    doubt_against_register,
    doubt_periods,
    doubt_units,
)
from dropout_risk.records.checks.unused_entries import unused_entries
from dropout_risk.records.checks.word_checks import check_words
from dropout_risk.records.days.calendar import ALWAYS_KNOWN, YEAR_START, SchoolCalendar
from dropout_risk.records.days.day_grid import DayGrid
from dropout_risk.records.days.school_days import SchoolDays
from dropout_risk.records.days.school_declarations import PresumedClasses
from dropout_risk.records.files.copies import names_leavers
from dropout_risk.records.files.leave_spans import name_causes, spread_part
from dropout_risk.records.files.readers import ListPart, Part
from dropout_risk.records.pupils.classes import Classes
from dropout_risk.records.pupils.other_ids import OtherIds, explain_unknown
from dropout_risk.records.pupils.pupil_index import NO_PUPIL, PupilIndex
from dropout_risk.records.pupils.spells import SPELLS, Spells, add_spells, set_spells_ahead_apart
from dropout_risk.records.pupils.unused_columns import explain_copies
from dropout_risk.records.quarantine import Quarantine, SetApart
from dropout_risk.records.reading import NO_HEADER, Progress, TableReader, nearest_header
from dropout_risk.records.refused_rows import RefusedRows
from dropout_risk.records.rows import ArrangedRows, Draft, NotedRows, UsableRows
from dropout_risk.records.rules import RULES, CheckReport, Counts, Problem, Rule
from dropout_risk.records.tables import EVENTS, TABLES
from dropout_risk.records.tallies import TableTallies
from dropout_risk.records.values import NO_DATE
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import CLAUSES, NO_WORDS, Text

_ALWAYS, _FOREVER = np.iinfo(np.int32).min, np.iinfo(np.int32).max
OUTCOMES_LAG = 30
"""Days after a school's last outcome up to which its attendance says nothing about their being complete."""


@dataclass(frozen=True)
class KnownPupils:
    """Pupils and school days that records may speak of without naming them again.

    ``students`` has one row per pupil, in the types of the contract; a row of the records takes its place.
    Where a calendar listed school days, attendance may lie on no others.
    """

    students: Any
    calendar: SchoolCalendar

    def index_with(self, given: PupilIndex) -> PupilIndex:
        """Give the index of the known pupils and those whom the records name."""
        ids = self.students["student_id"].combine_chunks()
        if pa.types.is_int64(ids.type) and not pa.types.is_int64(given.ids.type):
            raise RecordsError(
                "The ids in 'students' are text, those of the store are whole numbers.",
                hint="write the ids as the store has them, or build the store again from all records",
            )
        return PupilIndex.of([ids, given.ids]) if len(given) else PupilIndex(ids)

    def rows_in(self, index: PupilIndex) -> Array:
        """Give the row of each pupil of an index; -1 where the pupil is not known."""
        rows = np.full(len(index), -1, np.int32)
        if index.ids is self.students["student_id"] or len(index) == self.students.num_rows:
            return np.arange(len(index), dtype=np.int32)
        rows[index.rows(self.students["student_id"].combine_chunks()).rows] = np.arange(
            self.students.num_rows
        )
        return rows

    def table_with(self, given: Any, known_row: Array, given_row: Array) -> Any:
        """Give the students table: per pupil, the row that the records gave, else the known one."""
        schema = TABLES["students"].schema(self.students.schema.field("student_id").type)
        columns = [
            self.students[field.name].cast(field.type)
            if field.name in self.students.column_names
            else pa.chunked_array([pa.nulls(self.students.num_rows, field.type)])
            for field in schema
        ]
        known = pa.table(columns, schema=schema)
        given = given.cast(schema)
        if SPELLS in self.students.column_names:
            field = self.students.schema.field(SPELLS)
            known = known.append_column(field, self.students[SPELLS])
            given = given.append_column(field, pa.nulls(given.num_rows, field.type))
        if not given.num_rows:
            return known
        both = pa.concat_tables([known, given])
        row = np.where(given_row >= 0, given_row + known.num_rows, known_row)
        return both.take(pa.array(row[row >= 0])).combine_chunks()

    def listed(self) -> dict[str, Array]:
        """Give the school days of the schools whose days a calendar listed."""
        calendar = self.calendar
        listed = {}
        for row, school in enumerate(calendar.schools):
            length = int(calendar.lengths[row])
            if length and (calendar.known[row, :length] == ALWAYS_KNOWN).all():
                listed[school] = calendar.days[row, :length]
        return listed


@dataclass(frozen=True)
class CheckedRecords:
    """What the check leaves: usable tables, the calendar, the report and the rows set apart.

    Attendance is kept as a grid; its table is made when it is asked for. ``students`` is the table with
    the pupils that were known before, if any were. ``presumed`` marks the schools at which a pupil without a
    row on a school day was there, ``presumed_classes`` classes of which that holds, or not, whatever does at
    their school. ``refused`` are the rows set apart, by their pupils; ``noted`` are rows of a request that
    stay, with what is odd about them. ``roll`` are the pupils that ``students`` names, by their ids.
    """

    tables: dict[str, UsableRows]
    attendance: DayGrid
    days: SchoolDays
    school_of: Array
    report: CheckReport
    quarantine: Quarantine
    presumed: Array
    refused: RefusedRows
    roll: Roll
    noted: tuple[NotedRows, ...] = ()
    students: Any = None
    year_start: tuple[int, int] = YEAR_START
    presumed_classes: PresumedClasses = ()

    def table(self, name: str) -> Any:
        """Give the canonical Arrow table."""
        if name == "students" and self.students is not None:
            return self.students
        return self._attendance_table if name == "attendance" else self.tables[name].arrow

    @property
    def presumed_schools(self) -> list[str]:
        """The schools at which a pupil without a row on a school day was there."""
        return [school for school, said in zip(self.days.schools, self.presumed, strict=True) if said]

    @cached_property
    def calendar(self) -> SchoolCalendar:
        """The school days of each school."""
        return self.days.calendar(self.school_of, self.attendance, self.year_start)

    @property
    def attended_days(self) -> SchoolCalendar:
        """The school days as far as the calendar lists them, or else attendance alone tells of them."""
        return self.days.calendar(self.school_of, self.attendance, self.year_start, complete=False)

    def lists_days_of(self, school: str) -> bool:
        """Say whether the calendar given lists school days of a school, by name or for all schools."""
        return self.days.lists(school)

    def completed_days(self, school: str, dates: Array, known: Array) -> tuple[Array, Array]:
        """Complete some days with attendance by the ordinary week of a school, where it has one."""
        return self.days.completed(school, dates, known)

    @cached_property
    def _attendance_table(self) -> Any:
        return self.attendance.table()


class RecordsCheck:
    """Reads and checks the parts of all tables, beside what a store knew that they are added to.

    What is dated after ``today`` (days since 1970-01-01) is an error. Where the rows are those of whole
    schools, but not of all, ``tallies`` has the counts of all.
    """

    def __init__(
        self,
        parts: Mapping[str, Sequence[Part]],
        mapping: RecordsMapping,
        today: int,
        known: KnownPupils | None = None,
        progress: Progress | None = None,
        *,
        year_start: tuple[int, int] = YEAR_START,
        judge_registers: bool = True,
        tallies: TableTallies | None = None,
    ) -> None:
        self.parts, self.mapping, self.today, self.known = parts, mapping, today, known
        self.progress, self.year_start = progress, year_start
        self.judge_registers = judge_registers and known is None
        self.tallies = TableTallies() if tallies is None else tallies
        self.tables: dict[str, UsableRows] = {}
        self.students: Any = None
        self.problems: list[Problem] = []
        self.counts: dict[str, Counts] = {}
        self.apart: list[SetApart] = []
        self.refused: list[RefusedRows | None] = []
        self.noted: list[NotedRows] = []
        self.outcomes_declared = True
        self.schools: list[str] = []
        self.school_of: Array = np.zeros(0, np.int32)

    def run(self, unknown_files: Sequence[str], said: Sequence[Problem] = ()) -> CheckedRecords:
        """Check everything, ``students`` and ``calendar`` first; add what is ``said`` of files already."""
        self._read_students()
        self._read_calendar()
        for name, table in TABLES.items():
            if name == "attendance":
                self._check_attendance()
            elif table.of_pupils and name not in self.parts:
                self.tables[name] = UsableRows.none(name)
            elif table.of_pupils:
                self._check_long(name)
        if not self.outcomes_declared and len(self.tables["outcomes"]):
            self._doubt_end_of_outcomes()
        rule = RULES["unknown_file"]
        unused = unused_entries(self.mapping, self.parts)
        files = [
            Problem("", "", rule, 0, None, name, rule.severity, _LEAVERS if names_leavers(name) else NO_WORDS)
            for name in unknown_files
        ]
        order = {name: position for position, name in enumerate(TABLES)}
        problems = sorted([*self.problems, *said], key=lambda problem: order.get(problem.table, len(order)))
        counts = {name: self.counts[name] for name in TABLES if name in self.parts}
        tables = {name: self.tables[name] for name in TABLES if name != "attendance"}
        apart = sorted(self.apart, key=lambda table: order[table.table])
        quarantine = Quarantine(apart, self.lost, RULES["broken_line"])
        return CheckedRecords(
            tables, self.attendance, self.days, self.school_of[self.usable],
            CheckReport((*problems, *unused, *files), counts, _read_from(self.parts)), quarantine,
            self.presumed, RefusedRows.joined(self.refused), self.roll, tuple(self.noted), self.students,
            self.year_start, self.presumed_classes,
        )  # fmt: skip

    def _read_students(self) -> None:
        reader = TableReader(TABLES["students"], self.mapping, progress=self.progress)
        draft = reader.read(self.parts.get("students", ()))
        assert reader.pupils is not None  # noqa: S101
        self.pupils: PupilIndex = reader.pupils
        if self.known is not None:
            self.pupils = self.known.index_with(reader.pupils)
            renumbered = np.append(self.pupils.rows(reader.pupils.ids).rows, np.int32(NO_PUPIL))
            draft.values["student_id"] = renumbered[draft.values["student_id"]]
        self.roster = draft
        others = OtherIds.of(draft, self.mapping, self.pupils.ids)
        self.pupils = replace(self.pupils, others=others)
        doubtful = np.zeros(len(self.pupils), np.bool_)
        if not self._alone:  # the pupils of a request are named by us
            doubtful = check_ids(draft, self.pupils.ids)
        set_spells_ahead_apart(draft, self.today)
        if not draft.is_of_request:
            doubt_classes(draft)
        check_values(draft, self.today, replace(self.mapping.conventions, year_start=self.year_start))
        check_words(draft, self.mapping)
        if not draft.is_of_request:
            doubt_grade_levels(draft, self.today)
        set_leavers_apart(draft)
        self.spells = Spells.of(draft, self.mapping, doubtful)
        self.gaps = self.spells.gaps
        lost = SetApart.of(draft)
        draft.apart |= self.spells.earlier
        arranged = ArrangedRows(draft)
        rows = draft.values["student_id"]
        self.usable = np.zeros(len(self.pupils), np.bool_)
        self.usable[rows[~draft.apart]] = True
        self.pupil_row = np.where(self.usable, np.cumsum(self.usable) - 1, -1).astype(np.int32)
        self.enrolled_on = self.spells.first_days(self._by_pupil(draft, "enrolled_on"))
        left = self._by_pupil(draft, "left_on")
        self.left_on = np.where(left == _ALWAYS, _FOREVER, left)
        self._name_schools(draft)
        known = self._add_known(np.where(self.usable, self.pupil_row, -1)) if self.known is not None else None
        self.lost = self._lost_pupils(lost, draft.values["student_id"])
        listed = (
            self.spells.column(draft, self.pupil_row, int(self.usable.sum())) if len(self.spells) else None
        )
        self._finish(draft, arranged, int(np.count_nonzero(self.spells.earlier)))
        if known is not None:
            self.students = known(self.tables["students"].arrow)
        if listed is not None:
            given = self.tables["students"].arrow if self.students is None else self.students
            self.students = add_spells(given, listed)

    def _add_known(self, given_row: Array) -> Callable[[Any], Any]:
        """Take in the known pupils of whom the records give no usable row; say how their table is made."""
        known = self.known
        assert known is not None  # noqa: S101
        known_row = known.rows_in(self.pupils)
        old = (known_row >= 0) & (given_row < 0)
        rows = pa.array(known_row[old])
        names = pc.fill_null(known.students["school_id"].take(rows), "").to_pylist()
        enrolled = pc.fill_null(known.students["enrolled_on"].cast(pa.int32()), _ALWAYS)
        self.enrolled_on[old] = enrolled.take(rows).to_numpy()
        several = (
            known.students.take(rows)[SPELLS].is_valid() if SPELLS in known.students.column_names else ()
        )
        self.enrolled_on[np.flatnonzero(old)[np.flatnonzero(several)]] = _ALWAYS
        left = pc.fill_null(known.students["left_on"].cast(pa.int32()), _FOREVER)
        self.left_on[old] = left.take(rows).to_numpy()
        schools = sorted({*self.schools, *names})
        number = {school: position for position, school in enumerate(schools)}
        new = np.array([*(number[school] for school in self.schools), 0], np.int32)
        self.school_of = np.where(given_row >= 0, new[np.minimum(self.school_of, len(new) - 1)], 0)
        self.school_of[old] = [number[name] for name in names]
        self.schools = schools
        self.usable |= old
        self.pupil_row = np.where(self.usable, np.cumsum(self.usable) - 1, -1).astype(np.int32)
        return lambda given: known.table_with(given, known_row, given_row)

    def _read_calendar(self) -> None:
        if "calendar" not in self.parts and self.known is None:
            self.days = SchoolDays(self.schools, week=self.mapping.week)
            self.tables["calendar"] = UsableRows.none("calendar")
            return
        calendar = self._draft("calendar")
        check_lone_dates(calendar, self.today)
        arranged = ArrangedRows(calendar)
        arranged.check_duplicates()
        known = self.known.listed() if self.known else None
        self.days = SchoolDays(self.schools, calendar, known, self.mapping.week)
        self.problems += check_calendar(calendar, self.days, self.named_schools)
        self._finish(calendar, arranged)

    def _by_pupil(self, draft: Draft, name: str) -> Array:
        """Bring a column of ``students`` into the order of the pupil index."""
        keep = ~draft.apart
        values = draft.values[name]
        spread = np.full(len(self.pupils), np.iinfo(np.int32).min, np.int32)
        spread[draft.values["student_id"][keep]] = values[keep]
        return spread

    def _name_schools(self, draft: Draft) -> None:
        code = self._by_pupil(draft, "school_id")
        words = draft.words["school_id"]
        self.named_schools = frozenset(words)
        names = [words[k] if k >= 0 else "" for k in code[self.usable].tolist()]
        self.schools = sorted(set(names))
        number = {school: position for position, school in enumerate(self.schools)}
        self.school_of = np.zeros(len(code), np.int32)
        self.school_of[self.usable] = [number[name] for name in names]

    def _lost_pupils(self, apart: SetApart, pupil_of: Array) -> dict[Any, tuple[Rule, ...]]:
        lost: dict[int, tuple[Rule, ...]] = {}
        pupils = pupil_of[apart.rows].tolist()
        for pupil, mark in zip(pupils, apart.marks.tolist(), strict=True):
            if pupil >= 0 and not self.usable[pupil]:
                known, rules = lost.get(pupil, ()), apart.rules_of(mark)
                lost[pupil] = (*known, *(rule for rule in rules if rule not in known))
        ids = self.pupils.ids
        return {ids[pupil].as_py(): lost[pupil] for pupil in sorted(lost)}

    def _draft(self, name: str) -> Draft:
        pupils = self.pupils if TABLES[name].of_pupils else None
        draft = TableReader(TABLES[name], self.mapping, pupils, self.progress).read(self.parts.get(name, ()))
        draft.tallies = self.tallies
        check_values(draft, self.today, replace(self.mapping.conventions, year_start=self.year_start))
        check_words(draft, self.mapping)
        return draft

    def _check_long(self, name: str) -> None:
        draft = self._draft(name)
        check_pupils(draft, self.usable)
        explain_unknown(draft, self.roster, self.mapping)
        if not self._alone:
            check_lone_dates(draft, self.today)
        doubt_recorded_days(draft)
        if name == "outcomes":
            check_enrolment(draft, self.enrolled_on)
            check_departures(draft, self.attendance, self.pupil_row)
        if TABLES[name].at_school:
            check_enrolled(draft, *self._enrolment(), None if self._alone else self.today)
        if name == "attendance_totals":
            check_totals(draft, leave_beside=self.mapping.time.leave_beside)
            doubt_periods(draft)
            if not self._alone:
                doubt_units(draft)
            usable = self.school_of[self.usable]
            doubt_against_register(draft, self.attendance, self.pupil_row, self.presumed[usable])
        if name == "grades" and not self._alone:
            doubt_exam_days(draft, self._class_of)
        arranged = ArrangedRows(draft)
        arranged.check_duplicates()
        explain_copies(draft, self.mapping)
        if name == "family":
            check_overlaps(arranged)
        if name == "outcomes":
            check_days_of_outcomes(arranged)
            check_after_the_end(arranged)
        self._finish(draft, arranged)

    @property
    def _class_of(self) -> Array:
        """The class of each pupil named; -1 for none."""
        codes = Classes.of_students(self.roll.students).codes
        return np.append(codes, -1)[self.pupil_row]

    def _doubt_end_of_outcomes(self) -> None:
        """Say at how many schools outcomes end long before attendance while nobody declares their end."""
        school, rows = self.school_of[self.usable], self.tables["outcomes"]
        attended = self.attendance.last_dates(school, len(self.schools), NO_DATE)
        first = int(self.attendance.date.min(initial=np.iinfo(np.int32).max))
        ended = np.full(len(self.schools), first, np.int64)
        row, date = school[rows.pupil], rows.values["date"]
        told = np.isin(rows.values["event"], [EVENTS.index(event) for event in TELLING])
        told &= (attended[row] == NO_DATE) | (date <= attended[row].astype(np.int64) + MOST_AHEAD)
        np.maximum.at(ended, row[told], date[told])
        short = int(((attended != NO_DATE) & (ended < attended.astype(np.int64) - OUTCOMES_LAG)).sum())
        if short:
            rule, detail = RULES["outcomes_end_early"], _SHORT.filled(short=short, schools=len(self.schools))
            self.problems.append(Problem("outcomes", "date", rule, 0, None, "", rule.severity, detail))

    def _check_attendance(self) -> None:
        students = self.tables["students"].arrow if self.students is None else self.students
        self.roll = Roll(
            self.pupils, self.pupil_row, self.school_of, *self._enrolment(), self._alone, self.gaps, students
        )  # fmt: skip
        check = AttendanceCheck(
            self.mapping, self.roll, self.days, self.today, self.progress,
            year_start=self.year_start, known_days=self._known_days(), judge_registers=self.judge_registers,
            tallies=self.tallies,
        )  # fmt: skip
        parts = [
            spread_part(part, self.mapping, self.today, self._opens)
            for part in self.parts.get("attendance", ())
        ]
        self.attendance, draft = check.run(parts)
        name_causes(draft)
        explain_unknown(draft, self.roster, self.mapping)
        explain_copies(draft, self.mapping)
        self.presumed, self.presumed_classes = check.presumed, check.presumed_classes
        pupils = np.bincount(self.school_of[self.usable], minlength=len(self.schools))
        self.days.presume(self.presumed, pupils)
        self.problems += check_declared(self.mapping.unrecorded, self.schools, check.classes)
        self.problems += check_week(self.days, self.school_of[self.usable], self.attendance)
        if self.judge_registers and self.days.given:
            self.problems += check_days_off(self.days, self.school_of[self.usable], self.attendance)
        self.refused.append(check.refused)
        apart = SetApart.of(draft)
        read = len(draft) + draft.broken
        self.counts["attendance"] = Counts(read, read - len(apart), len(apart))
        self.problems += draft.problems()
        if "attendance" in self.parts:
            self.apart.append(apart)

    def _opens(self, ids: Any, header: str, dates: Array) -> tuple[Array, Array]:
        """Say whether dates are school days of pupils, as far as anything but attendance tells."""
        pupil = self.pupils.rows(ids, header).rows
        known = pupil > NO_PUPIL
        school = self.school_of[np.where(known, pupil, 0)]
        known[known] = self.usable[pupil[known]]
        told = np.where(known, self.days.is_told[school], -1)
        return told, (told > 0) & self.days.opens(school, dates)

    @cached_property
    def _alone(self) -> bool:
        """Whether the pupils came with a request: what is said of one may not depend on the others."""
        return any(isinstance(part, ListPart) for part in self.parts.get("students", ()))

    def _enrolment(self) -> tuple[Array, Array]:
        """Give the first and the last day of enrolment of each pupil; empty where nobody's is known."""
        if (self.enrolled_on == _ALWAYS).all() and (self.left_on == _FOREVER).all():
            return np.empty(0, np.int32), np.empty(0, np.int32)
        return self.enrolled_on, self.left_on

    def _known_days(self) -> dict[int, Array]:
        """Give the days of each school that were known before."""
        if self.known is None:
            return {}
        return {row: self.known.calendar.days_of(school)[0] for row, school in enumerate(self.schools)}

    def _finish(self, draft: Draft, arranged: ArrangedRows, beside: int = 0) -> None:
        """Keep a table's usable rows, and what was found; ``beside`` is the number of rows used elsewhere."""
        name = draft.table.name
        if draft.table.of_pupils:
            self.refused.append(RefusedRows.of(draft, self.pupil_row))
        apart = int(np.count_nonzero(draft.apart)) - beside
        self.counts[name] = Counts(len(draft) + draft.broken, len(draft) - apart, apart + draft.broken)
        self.problems += draft.problems()
        self.noted += draft.noted()
        if name in self.parts:
            self.apart.append(SetApart.of(draft))
        if name == "grades" and restore_sittings(draft, self.usable, self.today):
            arranged = ArrangedRows(draft)
        self.tables[name] = arranged.usable_rows(self.pupils.ids, self.pupil_row)


def _read_from(parts: Mapping[str, Sequence[Part]]) -> dict[str, tuple[str, ...]]:
    """Name the files of each table."""
    return {name: tuple(part.name for part in given if part.name) for name, given in parts.items()}


def require_students(
    parts: Mapping[str, Sequence[Part]],
    mapping: RecordsMapping,
    names: Sequence[str],
    known: KnownPupils | None = None,
) -> None:
    """Refuse records without ``students`` or without one of its required columns.

    The RecordsError names what is missing and the nearest there is: among ``names``, which belong to no
    table, or among the headers. Known pupils need not be named again.
    """
    table = TABLES["students"]
    if not parts.get("students") and known is None:
        near = [name for name in names if get_close_matches(name.split(".")[0], mapping.names_of("students"))]
        hint = f"is it {near[0]!r}? " if near else ""
        hint += "call it 'students' or '学生', or name it under [tables] in the mapping"
        raise RecordsError("There is no table 'students'.", hint=hint)
    for part in parts.get("students", ()):
        headers = mapping.headers("students", part.header)
        missing = [name for name in table.required if name not in headers.chosen]
        if missing:
            where = f" ({part.name})" if part.name else ""
            raise RecordsError(
                f"Table 'students'{where} lacks required column(s): {', '.join(missing)}.",
                hint=_header_hints(missing, headers.unknown, mapping) if headers.chosen else _no_header(part),
            )


def _no_header(part: Part) -> str:
    """Say why none of the headers of a part is known: perhaps its text is read in a wrong encoding."""
    doubted = [note.detail for note in part.notes if note.rule == "doubtful_encoding"]
    rule = RULES["doubtful_encoding"]
    return CLAUSES.joined([rule.message, *doubted, rule.hint]).en if doubted else NO_HEADER.en


def _header_hints(missing: Sequence[str], unknown: Sequence[str], mapping: RecordsMapping) -> str:
    aliases = {name: mapping.headers_of("students", name) for name in missing}
    return "; ".join(f"{name}: {nearest_header(unknown, aliases[name]).en}" for name in missing)


_SHORT = Text(zh="{schools}所学校中有{short}所", en="so at {short} of {schools} schools")
_LEAVERS = Text(
    zh="像是已离校学生的名单：写离校日期的，并入 students（left_on）；写去向的，作为 outcomes（event、date）",
    en="it seems to list who left: give it as students with left_on, or as outcomes with event and date",
)
