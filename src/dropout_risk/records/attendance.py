"""Attendance from the parts' batches to a checked day grid, in one pass.

While the next batches are read and converted in other threads, the rows of each batch go into the grid in
the order of the files. Most rows pass one compiled loop that says that no rule concerns them; only the
others are looked at rule by rule. Where rows contradict each other, the parts are read once more, to name
all rows of those keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Array, Bytes
from dropout_risk.kernels import kernel
from dropout_risk.records.checks.absences_only import RegisterDoubts
from dropout_risk.records.checks.attendance_registers import AttendanceRegisters
from dropout_risk.records.checks.late_records import recorded_at_once
from dropout_risk.records.checks.lone_dates import DaysOfRegisters, lone_dates, rows_by_date
from dropout_risk.records.checks.no_pupils import PupilWords
from dropout_risk.records.checks.outside_rows import OUTSIDE, OutsideRows
from dropout_risk.records.checks.register_doubts import (
    DayRows,
    filled_days,
    lessons_of_absences,
    rows_filled_in,
    schools_never_away,
    session_rows,
    shifted_week,
    years_cut_in_term,
)
from dropout_risk.records.checks.row_checks import (
    check_enrolled,
    check_pupils,
    check_readable,
    check_school_days,
    check_values,
)
from dropout_risk.records.checks.word_checks import is_date_of_name, words_alike
from dropout_risk.records.days.calendar import YEAR_START
from dropout_risk.records.days.dates import cause_of_outside
from dropout_risk.records.days.day_grid import AttendanceRows, BesideRows, DayCells, DayGrid, day_keys
from dropout_risk.records.days.school_days import SchoolDays
from dropout_risk.records.days.school_declarations import PresumedClasses, Unrecorded, presumed_classes
from dropout_risk.records.files.readers import Part
from dropout_risk.records.pupils.pupil_index import PupilIndex
from dropout_risk.records.pupils.spells import NO_GAPS, Gaps
from dropout_risk.records.reading import Progress, TableReader
from dropout_risk.records.refused_rows import UNCOUNTED, RefusedRows
from dropout_risk.records.rows import ArrangedRows, Draft, Finding
from dropout_risk.records.rules import RULES, Severity
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import TABLES
from dropout_risk.records.tallies import TableTallies
from dropout_risk.records.values import EMPTY, FAULTS, FIRST_DATE, NO_DATE, Vocabulary, convert_column
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.sessions import session_name
from dropout_risk.text import NO_WORDS, Text

_TABLE = TABLES["attendance"]
# the order in which a report names the rules
_STAGES = (
    ("missing_value", *FAULTS[1:]), ("future_date",), ("recorded_before_date", "recorded_at_once"),
    ("unknown_pupil", "id_written_otherwise"), ("pupil_set_apart",),
    ("misread_dates", "before_enrolled", "after_left"), ("no_school_day",), ("between_spells",),
    ("duplicate_row",), ("contradicting_rows",), ("lone_date",),
    ("lesson_beside_day",), ("shifted_week", "year_cut_in_term", "filled_days", "lessons_of_absences"),
    ("absences_only", "presence_without_school_days", "presence_of_sessions"),
    ("mostly_absences", "words_exchanged", "sparse_register", "names_everybody"),
)  # fmt: skip


@dataclass(frozen=True)
class Roll:
    """The pupils that ``students`` names.

    Per id, ``row`` is the row in the final table, -1 where the pupil was set apart, and ``school`` the number
    of the school. ``first`` and ``last`` are the days of its enrolment; they are empty where nobody's is
    known. ``alone`` says that each pupil is checked by itself, as in a request. ``gaps`` are the times
    between two spells of enrolment. ``students`` is the final table.
    """

    index: PupilIndex
    row: Array
    school: Array
    first: Array
    last: Array
    alone: bool = False
    gaps: Gaps = NO_GAPS
    students: Any = None

    @cached_property
    def plain_row(self) -> Array:
        """The rows, -1 also where the pupil's days have to be looked at one by one."""
        if not len(self.gaps.pupil):
            return self.row
        row = self.row.copy()
        row[self.gaps.pupil] = -1
        return row

    @property
    def n_usable(self) -> int:
        """Number of pupils with a usable row."""
        return int(np.count_nonzero(self.row >= 0))

    @property
    def registers(self) -> tuple[Array, int]:
        """The number of each usable pupil's register, that of its school, and how many there are."""
        if self.alone:
            return np.arange(self.n_usable, dtype=np.int32), self.n_usable
        school = self.school[self.row >= 0]
        return school, int(school.max(initial=-1)) + 1


class _SiftedBatch(NamedTuple):
    """One batch, row by row, and what its rows were found to be."""

    rows: AttendanceRows
    words: list[str]
    late: Array
    recorded: Array
    found: list[Finding]
    outside: OutsideRows | None = None
    refused: RefusedRows | None = None


class AttendanceCheck:
    """Reads and checks attendance; what is dated after ``today`` (days since 1970-01-01) is an error.

    Without ``judge_registers`` the rows are only a part of a register, so that nothing is concluded from what
    they do not say. After :meth:`run`, ``presumed`` marks the schools at which a pupil without a row on a
    school day was there, ``presumed_classes`` names classes of which that holds, or not, by themselves, and
    ``classes`` those that were told from each other.
    """

    presumed: Array
    presumed_classes: PresumedClasses
    classes: tuple[tuple[str, str, str], ...]

    def __init__(
        self,
        mapping: RecordsMapping,
        roll: Roll,
        days: SchoolDays,
        today: int,
        progress: Progress | None = None,
        *,
        year_start: tuple[int, int] = YEAR_START,
        known_days: Mapping[int, Array] | None = None,
        judge_registers: bool = True,
        tallies: TableTallies | None = None,
    ) -> None:
        self.mapping, self.roll, self.days, self.today = mapping, roll, days, today
        self.progress, self.year_start, self.judge_registers = progress, year_start, judge_registers
        self.known_days = dict(known_days or {})
        self.tallies = TableTallies() if tallies is None else tallies
        self._words = {column.name: mapping.words(column) for column in _TABLE.columns}
        self._pupil_words = PupilWords.under(mapping.headers_of("attendance", "student_id"))
        self._sessions: dict[str, int] = {}
        self._found: dict[tuple[str, str, Severity, Text], list[Array]] = {}
        self._beside: list[tuple[Array, ...]] = []
        self._doubts: list[Finding] = []
        self._refused: list[RefusedRows | None] = []
        self._outside: list[OutsideRows] = []

    @property
    def refused(self) -> RefusedRows:
        """The rows set apart, by their pupils."""
        return RefusedRows.joined(self._refused)

    def run(self, parts: Sequence[Part]) -> tuple[DayGrid, Draft]:
        """Check all rows; the answer does not depend on the batches or on the number of threads.

        Besides the usable rows, give as many rows as were read, without columns: the spans and the findings.
        """
        self._cells = DayCells(self.roll.n_usable)
        draft = self._reader().each(parts, self._sift, self._insert)
        if self._cells.has_clashes:
            self._set_marked_apart(parts, "contradicting_rows", "status")
        self._check_days(parts)
        words, beside = list(self._sessions), self._without_lessons(parts, *self._check_beside())
        beside = self._set_registers_apart(parts, beside)
        draft.findings += [*self._findings(), *self._doubts]
        if any(map(is_date_of_name, words)):
            draft.findings.append(Finding(RULES["date_for_name"], "session", _NO_ROWS, "warning"))
        if words_alike(map(str, self.tallies.counted((_TABLE.name, "session"), dict.fromkeys(words, 1)))):
            draft.findings.append(Finding(RULES["words_alike"], "session", _NO_ROWS, "warning"))
        return DayGrid.of_cells(self._cells, words, beside), draft

    def _reader(self) -> TableReader:
        return TableReader(_TABLE, self.mapping, self.roll.index, self.progress)

    # --- a batch by itself, in any thread -----------------------------------------------------------

    def _sift(
        self, batch: Any, names: Sequence[str], typed: bool, ids_under: str = ""
    ) -> _SiftedBatch | None:
        if not names:
            return None
        given = dict(zip(names, batch.columns, strict=True))
        vocabulary = Vocabulary()
        values: dict[str, Array] = {}
        faults: dict[str, Array] = {}
        for column in _TABLE.columns:
            if column.name not in given:
                values[column.name] = _NOTHING
                continue
            if column.kind == "student":
                known: tuple[Array, Array] = self.roll.index.rows(given[column.name], ids_under)
                found = self._pupil_words.fault_rows(given[column.name], *known)
            else:
                found = convert_column(given[column.name], column, self._words[column.name], vocabulary)
            values[column.name], wrong = found
            if np.count_nonzero(wrong):
                faults[column.name] = wrong
        rows, others = self._plain(values, faults)
        late, recorded = _NOTHING, _NOTHING
        findings: list[Finding] = []
        refused, outside = None, None
        if len(others):
            draft = self._checked(values, faults, others)
            refused = RefusedRows.of(draft, self.roll.row)
            outside = OutsideRows.of(draft, others)
            findings = [replace(finding, rows=others[finding.rows]) for finding in draft.findings]
            late, recorded = _keep_usable(draft, others, rows, self.roll.row)
        return _SiftedBatch(rows, list(vocabulary.numbers), late, recorded, findings, outside, refused)

    def _plain(self, values: dict[str, Array], faults: dict[str, Array]) -> tuple[AttendanceRows, Array]:
        """Mark the rows that no rule concerns, and give the positions of the others."""
        names = ("student_id", "date", "session", "recorded_on")
        pupil, date, session, recorded = (_writable_array(values[name], np.int32) for name in names)
        status = _writable_array(values["status"], np.int8)
        odd = np.zeros(len(pupil) if faults else 0, np.uint8)
        for wrong in faults.values():
            odd |= wrong != 0
        row, others = np.empty(len(pupil), np.int32), np.empty(len(pupil), np.int32)
        take = np.empty(len(pupil), np.uint8)
        roll, days = self.roll, self.days
        n = _mark_plain(
            (pupil, date, status, recorded, odd), (roll.plain_row, roll.school, roll.first, roll.last),
            (days.state, days.first, days.listed), self.today, row, take, others,
        )  # fmt: skip
        return AttendanceRows(row, date, session, status, take), others[:n]

    def _checked(self, values: dict[str, Array], faults: dict[str, Array], others: Array) -> Draft:
        """Look at some rows rule by rule."""
        draft = Draft(_TABLE, np.zeros(len(others), np.bool_))
        for column in _TABLE.columns:
            read = values[column.name]
            draft.values[column.name] = (
                read[others] if len(read) else np.full(len(others), EMPTY[column.kind])
            )
        for column in _TABLE.columns:
            check_readable(draft, column, faults[column.name][others] if column.name in faults else None)
        check_values(draft, self.today)
        check_pupils(draft, self.roll.row >= 0)
        check_enrolled(draft, self.roll.first, self.roll.last)
        check_school_days(draft, self.days, self.roll.school)
        between = self.roll.gaps.hold(draft.values["student_id"], draft.values["date"])
        draft.set_apart("between_spells", "date", between)
        return draft

    # --- batches in order ---------------------------------------------------------------------------

    def _insert(self, batch: _SiftedBatch | None, start: int) -> None:
        if batch is None:
            return
        self._refused.append(batch.refused)
        for found in batch.found:
            self._note(found.rule.name, found.column, found.rows + start, found.severity, found.detail)
        if batch.outside is not None:
            self._outside.append(batch.outside.moved(start))
        rows = self._with_sessions(batch)
        copies, without = self._cells.insert(rows)
        self._note("duplicate_row", "session", copies + np.int64(start))
        for at, known in ((batch.late, batch.recorded), (without, rows.date[without])):
            if len(at):
                session = rows.session[at] if len(rows.session) else np.full(len(at), -1, np.int32)
                columns = (rows.pupil[at], rows.date[at], session, rows.status[at], known)
                self._beside.append((*columns, at + np.int64(start)))

    def _with_sessions(self, batch: _SiftedBatch) -> AttendanceRows:
        """Give the rows with sessions numbered by when their word first came; the whole day is none."""
        if not batch.words:
            return batch.rows._replace(session=_NOTHING)
        names = map(session_name, batch.words)
        numbers = [self._sessions.setdefault(name, len(self._sessions)) if name else -1 for name in names]
        return batch.rows._replace(session=np.array([*numbers, -1], np.int32)[batch.rows.session])

    def _check_days(self, parts: Sequence[Part]) -> None:
        """Look at all days together: dates far from all others, lessons of whole days, doubtful weeks."""
        group, number = self.roll.registers
        cells = self._cells
        pupil, date = (
            np.concatenate([np.empty(0, np.int32), *(rows[k] for rows in self._beside)]) for k in (0, 1)
        )
        days = DaysOfRegisters.of((cells.date, cells.cells[: cells.n_slots]), (pupil, date), group, number)
        self._name_causes(days)
        lone = days.lone(self.today, self.known_days)
        if lone.any():
            slots = lone[np.searchsorted(days.date, cells.date)]
            cells.mark(slots, group)
            self._set_beside_apart(days.date, lone, group)
            self._set_marked_apart(parts, "lone_date", "date")
        kept = np.where(lone, 0, days.rows).sum(axis=1)
        self._doubt_recorded_days(int(kept.sum()))
        self._doubt_days(days.date[kept > 0], kept[kept > 0], parts)

    def _doubt_recorded_days(self, among: int) -> None:
        """Doubt days of recording that look like that of an export; only late rows have one of their own."""
        if self.roll.alone:
            return
        late = (_NO_LATE, *self._beside)
        date, recorded, position = (np.concatenate([rows[k] for rows in late]) for k in (1, 4, 5))
        doubted = recorded_at_once((date, recorded), among, self.tallies, _TABLE.name)
        self._note("recorded_at_once", "recorded_on", position[doubted], "warning")

    def _name_causes(self, days: DaysOfRegisters) -> None:
        """Name rows outside of enrolment by what made them so: a date far from all, or all dates misread."""
        if self.roll.alone:
            return
        outside = OutsideRows.joined([_NOBODY, *self._outside])
        counted = partial(self.tallies.counted, (_TABLE.name, "days"))
        far = lone_dates(_TABLE, counted(outside.with_days(days)), self.today)
        lone = np.isin(outside.date, far)
        self.tallies.counted((_TABLE.name, "lone_dates"), {"lone": int(lone.sum())})
        if lone.any():
            self._rename("lone_date", outside.taken(lone))
        rest = outside.taken(~lone)
        first, last = (
            (self.roll.first[rest.pupil], np.minimum(self.roll.last[rest.pupil], self.today))
            if len(rest.date)
            else (_NOTHING, _NOTHING)
        )
        among = int(days.rows.sum()) + len(rest.date)
        counted = partial(self.tallies.counted, (_TABLE.name, "outside"))
        cause = cause_of_outside(rest.date, first, last, among, counted)
        if cause != NO_WORDS and len(rest.date):
            self._rename("misread_dates", rest, cause)

    def _rename(self, rule: str, rows: OutsideRows, detail: Text = NO_WORDS) -> None:
        """Name rows outside of enrolment by another rule, by which they count as refused."""
        for other in OUTSIDE:
            key: tuple[str, str, Severity, Text] = (other, "date", "error", NO_WORDS)
            if key in self._found:
                self._found[key] = [np.setdiff1d(some, rows.position) for some in self._found[key]]
        self._note(rule, "date", rows.position, detail=detail)
        self._refused.append(RefusedRows.dated(_TABLE.name, self.roll.row[rows.pupil], rows.date, rows.date))

    def _set_beside_apart(self, dates: Array, lone: Array, group: Array) -> None:
        """Set rows beside the cells apart that lie on lone dates."""
        for number, columns in enumerate(self._beside):
            apart = lone[np.searchsorted(dates, columns[1]), group[columns[0]]]
            self._note("lone_date", "date", columns[-1][apart])
            self._beside[number] = (*(column[~apart] for column in columns),)

    def _doubt_days(self, dates: Array, rows: Array, parts: Sequence[Part]) -> None:
        if self.roll.alone:
            return
        own = dict(zip(dates.tolist(), rows.tolist(), strict=True))
        dates, rows = rows_by_date(self.tallies.counted((_TABLE.name, "school_days"), own))
        shifted = shifted_week(dates, rows)
        zones = [self.mapping.time.zone_of(_TABLE.name, part.name) for part in parts]
        if shifted is not None and None in zones:
            self._doubts.append(Finding(RULES["shifted_week"], "date", _NO_ROWS, "warning", shifted))
        if years_cut_in_term(dates, rows, self.year_start):
            self._doubts.append(Finding(RULES["year_cut_in_term"], "date", _NO_ROWS, "warning"))
        self._doubt_lessons()
        self._doubt_presence()

    def _doubt_presence(self) -> None:
        """Doubt presence that a system fills in: on days off, or for everybody."""
        group, number = self.roll.registers
        late = (_NO_LATE, *self._beside)
        pupil, date, status = (np.concatenate([rows[k] for rows in late]) for k in (0, 1, 3))
        cells = self._cells.cells[: self._cells.n_slots]
        own = rows_filled_in(DayRows(cells, self._cells.date, pupil, date, status), group, number)
        if self.days.listed.any():
            own["weekends"] = 0
        filled = filled_days(self.tallies.counted((_TABLE.name, "days_off"), own))
        if filled is not None:
            self._doubts.append(Finding(RULES["filled_days"], "date", _NO_ROWS, "warning", filled))
        schools = schools_never_away(cells, group, group[pupil[status != _PRESENT]], number)
        if schools:
            told = _SCHOOLS.filled(number=schools, schools=number)
            self._doubts.append(Finding(RULES["nobody_ever_away"], "status", _NO_ROWS, "warning", told))

    def _doubt_lessons(self) -> None:
        """Doubt lessons that name absences only beside others that name everybody."""
        cells = self._cells
        if not cells.session.any() or self.mapping.unrecorded != Unrecorded():
            return
        words = ["", *sorted(self._sessions, key=lambda word: self._sessions[word])]
        own = session_rows(cells.cells, [words[code] for code in cells.session.tolist()])
        if lessons_of_absences(self.tallies.counted((_TABLE.name, "sessions"), own)):
            self._doubts.append(Finding(RULES["lessons_of_absences"], "session", _NO_ROWS, "warning"))

    def _set_marked_apart(self, parts: Sequence[Part], rule: str, column: str) -> None:
        """Read the parts once more for all rows of the cells that are marked."""
        clashes: list[Array] = [np.empty(0, np.int64)]

        def collect(batch: _SiftedBatch | None, start: int) -> None:
            if batch is not None:
                rows = self._with_sessions(batch)
                at = self._cells.clashing(rows)
                clashes.append(at + np.int64(start))
                if rule not in UNCOUNTED:
                    self._refuse(rows, at)

        self._reader().each(parts, self._sift, collect)
        self._cells.empty_clashes()
        rows = np.concatenate(clashes)
        key: tuple[str, str, Severity, Text] = ("duplicate_row", "session", "error", NO_WORDS)
        copies = self._found.get(key, [])
        if rule == "lesson_beside_day":  # a copy of a row that does not count is a copy all the same
            rows = np.setdiff1d(rows, np.concatenate([np.empty(0, np.int64), *copies]))
        elif copies:
            self._found[key] = [np.setdiff1d(some, rows, assume_unique=True) for some in copies]
        self._note(rule, column, rows)

    def _without_lessons(self, parts: Sequence[Part], beside: BesideRows, position: Array) -> BesideRows:
        """Set the rows of sessions apart of whose day there is a row too, all known on their own date."""
        if not (self._cells.session > 0).any() and not (beside.session >= 0).any():
            return beside
        at_once = beside.known == beside.date
        days = at_once & (beside.session < 0)
        lessons = np.flatnonzero(at_once & (beside.session >= 0))
        pupil, date = beside.pupil[lessons], beside.date[lessons]
        whole = np.isin(day_keys(pupil, date), day_keys(beside.pupil[days], beside.date[days]))
        apart = lessons[whole | self._cells.has_day(pupil, date)]
        if self._cells.mark_lessons(beside.pupil[days], beside.date[days]):
            self._set_marked_apart(parts, "lesson_beside_day", "session")
        if not len(apart):
            return beside
        self._note("lesson_beside_day", "session", position[apart])
        kept = np.setdiff1d(np.arange(len(beside)), apart)
        return BesideRows(*(getattr(beside, name)[kept] for name in BesideRows.__dataclass_fields__))

    def _check_beside(self) -> tuple[BesideRows, Array]:
        """Find copies and contradictions among the rows beside the grid; order them, with positions."""
        kinds = (np.int32, np.int32, np.int32, np.int8, np.int32, np.int64)
        empty: tuple[Array, ...] = (*(np.empty(0, kind) for kind in kinds),)
        if not self._beside:
            return BesideRows(*empty[:-1]), empty[-1]
        columns = [np.concatenate(parts) for parts in zip(empty, *self._beside, strict=True)]
        order = np.argsort(columns[-1], kind="stable")
        *columns, position = (column[order] for column in columns)
        number = sorted(self._sessions)
        code = np.full(len(number) + 1, -1, np.int32)
        code[[self._sessions[word] for word in number]] = np.arange(len(number), dtype=np.int32)
        names = ("student_id", "date", "session", "status", "recorded_on")
        draft = Draft(_TABLE, np.zeros(len(position), np.bool_), dict(zip(names, columns, strict=True)))
        arrival, draft.values["session"] = columns[2], code[columns[2]]
        arranged = ArrangedRows(draft)
        arranged.check_duplicates()
        self._refused.append(RefusedRows.of(draft, np.arange(self.roll.n_usable)))
        for finding in draft.findings:
            self._note(finding.rule.name, finding.column, position[finding.rows])
        rows = np.arange(len(position)) if arranged.rows is None else arranged.rows
        rows = rows[arranged.usable()]
        columns[2] = arrival
        return BesideRows(*(column[rows] for column in columns)), position[rows]

    def _set_registers_apart(self, parts: Sequence[Part], beside: BesideRows) -> BesideRows:
        """Set apart all rows of the registers that cannot be used as they are; note doubtful ones."""
        if not self.judge_registers and self.mapping.unrecorded == Unrecorded():
            self.presumed = np.zeros(len(self.days.schools), np.bool_)
            self.presumed_classes = self.classes = ()
            return beside
        registers = self._registers()
        self.classes = registers.classes
        doubts = RegisterDoubts.of(self._cells, beside, registers, judge=self.judge_registers)
        named = doubts.by_place(registers)
        of_pupil = registers.of_pupil
        for (rule, detail), rows in self._rows_of_registers(parts, of_pupil, named).items():
            self._note(rule, "status", rows, RULES[rule].severity, detail)
        refused = doubts.unusable
        self.presumed = np.array(self.mapping.unrecorded.of_schools(self.days.schools)) == "present"
        lost = refused & registers.declared("present")
        self.presumed[registers.school[lost]] = False
        of_class = bool(self.mapping.unrecorded.of_class)
        schools, classes = registers.unpresumed(doubts.full, of_class=of_class)
        self.presumed[schools] = False
        self.presumed_classes = presumed_classes(self.mapping.unrecorded) + classes
        if not refused.any():
            return beside
        self._cells.cells[: self._cells.n_slots, refused[of_pupil]] = 0
        kept = ~refused[of_pupil[beside.pupil]]
        return BesideRows(*(column[kept] for column in vars(beside).values()))

    def _registers(self) -> AttendanceRegisters:
        roll, declared = self.roll, self.mapping.unrecorded
        usable = roll.row >= 0
        school = np.zeros(roll.n_usable, np.int32)
        school[roll.row[usable]] = roll.school[usable]
        enrolment = [np.empty(0, np.int32), np.empty(0, np.int32)]
        if len(roll.first):
            for number, days in enumerate((roll.first, roll.last)):
                enrolment[number] = np.empty(roll.n_usable, np.int32)
                enrolment[number][roll.row[usable]] = days[usable]
        by_class = self.judge_registers or declared.of_class
        schools = (self.days.schools, self.days.listed | self.days.ordinary)
        students = roll.students if by_class else None
        return AttendanceRegisters.of(school, students, schools, declared, (enrolment[0], enrolment[1]))

    def _refuse(self, rows: AttendanceRows, at: Array) -> None:
        dates = rows.date[at]
        self._refused.append(RefusedRows.dated("attendance", rows.pupil[at], dates, dates))

    def _rows_of_registers(
        self, parts: Sequence[Part], register: Array, named: dict[tuple[str, Text], Array]
    ) -> dict[tuple[str, Text], Array]:
        """Read the parts once more for the usable rows of some registers."""
        found: dict[tuple[str, Text], list[Array]] = {place: [np.empty(0, np.int64)] for place in named}

        def collect(batch: _SiftedBatch | None, start: int) -> None:
            if batch is not None:
                usable = np.flatnonzero(batch.rows.pupil >= 0)
                of_row = register[batch.rows.pupil[usable]]
                for place, mask in named.items():
                    at = usable[mask[of_row]]
                    found[place].append(at + np.int64(start))
                    if RULES[place[0]].severity == "error":
                        self._refuse(batch.rows, at)

        if named:
            self._reader().each(parts, self._sift, collect)
        return {place: np.concatenate(rows) for place, rows in found.items()}

    # --- findings -----------------------------------------------------------------------------------

    def _note(
        self, rule: str, column: str, rows: Array, severity: Severity = "error", detail: Text = NO_WORDS
    ) -> None:
        if len(rows):
            self._found.setdefault((rule, column, severity, detail), []).append(rows)

    def _findings(self) -> list[Finding]:
        found = [
            Finding(RULES[rule], column, np.sort(np.concatenate(rows)), severity, detail)
            for (rule, column, severity, detail), rows in self._found.items()
        ]
        return sorted((finding for finding in found if len(finding.rows)), key=_finding_rank)


_SCHOOLS = Text(zh="{schools}所学校中有{number}所", en="so at {number} of {schools} schools")
_NOTHING = np.empty(0, np.int32)
_NO_ROWS = np.empty(0, np.int64)
_NO_LATE: tuple[Array, ...] = (*[_NOTHING] * 5, _NO_ROWS)
_PRESENT = STATUSES.code("present")
_NOBODY = OutsideRows(_NOTHING, _NOTHING, _NO_ROWS)


def _writable_array(values: Array, dtype: Any) -> Any:
    """Give an array as the compiled loops take it."""
    return np.require(values, dtype, ["C", "W"])


def _keep_usable(draft: Draft, others: Array, rows: AttendanceRows, row: Array) -> tuple[Array, Array]:
    """Take the usable rows that are known on their own date; give the late ones, and when they were known."""
    usable = np.flatnonzero(~draft.apart)
    rows.pupil[others[usable]] = row[draft.values["student_id"][usable]]
    recorded = draft.values["recorded_on"][usable]
    late = recorded > draft.values["date"][usable]
    rows.take[others[usable[~late]]] = 1
    return others[usable[late]], recorded[late]


def _finding_rank(finding: Finding) -> tuple[int, int, int]:
    name = finding.rule.name
    stage = next(number for number, stage in enumerate(_STAGES) if name in stage)
    return stage, _TABLE.names.index(finding.column), _STAGES[stage].index(name)


@kernel
def _mark_plain(  # noqa: PLR0917
    given: tuple[Array, Array, npt.NDArray[np.int8], Array, Bytes],
    roll: tuple[Array, Array, Array, Array],
    days: tuple[npt.NDArray[np.int8], int, npt.NDArray[np.bool_]],
    today: int,
    row: Array,
    take: Bytes,
    others: Array,
) -> int:
    """Take the rows that are known on their own date and that no rule can concern."""
    (pupil, date, status, recorded, odd), (row_of, school_of, enrolled, left), (state, first, listed) = (
        given, roll, days
    )  # fmt: skip
    n, span, with_enrolment = 0, state.shape[1], len(enrolled) > 0
    for i in range(len(pupil)):
        plain = pupil[i] >= 0 and status[i] >= 0 and FIRST_DATE <= date[i] <= today
        plain = plain and (len(odd) == 0 or odd[i] == 0)
        plain = plain and (len(recorded) == 0 or recorded[i] == date[i] or recorded[i] == NO_DATE)
        plain = plain and row_of[pupil[i]] >= 0
        plain = plain and (not with_enrolment or enrolled[pupil[i]] <= date[i] <= left[pupil[i]])
        if plain:
            school, day = school_of[pupil[i]], np.int64(date[i]) - first
            if 0 <= day < span:
                plain = state[school, day] == 1 or (state[school, day] != 0 and not listed[school])
            else:
                plain = not listed[school]
        if plain:
            row[i], take[i] = row_of[pupil[i]], 1
        else:
            row[i], take[i] = -1, 0
            others[n] = i
            n += 1
    return n
