"""A snapshot: histories as they were known on one date, in the form in which measures read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Array, Bools, Floats, Ints, Longs, Positions, Words
from dropout_risk.histories.attendance_bits import PLANES
from dropout_risk.histories.day_words import (
    align_days,
    close_gaps,
    count_days,
    newest_and_oldest,
    weekday_words,
)
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.registers import presume_present
from dropout_risk.histories.runs import KnownRows, offsets_of
from dropout_risk.kernels import kernel
from dropout_risk.records.checks.family_values import NO, UNKNOWN
from dropout_risk.records.days.calendar import DateLike, SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.tables import RUNS
from dropout_risk.records.wording.words import word_key

Window = int | Literal["year"] | None
_PLACES = {kind: index for index, kind in enumerate(PLANES)}


class Snapshot:
    """What was known of each pupil on one date: only rows dated and recorded before it are seen.

    Attendance is given as matrices whose last column is the last school day before the date, whatever the
    calendar of the pupil's school; other tables as flat arrays sorted by pupil, then key, then day. The
    calendar is the one known on the date; ``end`` and ``year_start`` count each pupil's school days before
    the date and before its school year.
    """

    def __init__(
        self, histories: Histories, as_of: DateLike, *, calendar: SchoolCalendar | None = None
    ) -> None:
        self.histories = histories
        self.ordinal = ordinal_of(as_of)
        self.calendar = histories.calendar.known_on(self.ordinal) if calendar is None else calendar
        every = np.arange(len(self.calendar.schools))[:, None]
        dates = np.array([self.ordinal, self.calendar.year_begins(self.ordinal)])
        end, year_start = self.calendar.index(every, dates).T
        self.end, self.year_start = end[histories.calendar_row], year_start[histories.calendar_row]
        self._grades: dict[Window, Grades] = {}
        self._ages: dict[Window, Ints] = {}
        self._rows: dict[str, KnownRows] = {}

    def slice(self, pupils: slice) -> Snapshot:
        """Give what was known of consecutive pupils."""
        return Snapshot(self.histories.slice(pupils), self.as_of, calendar=self.calendar)

    def part(self, pupils: Positions) -> Snapshot:
        """Give what was known of some pupils, who stay a part of all."""
        return Snapshot(self.histories.part(pupils), self.as_of, calendar=self.calendar)

    def __len__(self) -> int:
        return len(self.histories)

    @property
    def as_of(self) -> dt.date:
        """The date."""
        return date_of(self.ordinal)

    @cached_property
    def known_days(self) -> Ints:
        """Number of school days before the date that attendance can be held for, per pupil."""
        lengths = self.calendar.lengths[self.histories.calendar_row]
        held: Ints = np.minimum(np.maximum(self.end, 0), lengths)
        return held

    @cached_property
    def n_days(self) -> int:
        """Number of columns of :meth:`days`."""
        return int(self.known_days.max(initial=0))

    @cached_property
    def _words(self) -> Words:
        """The planes of attendance, in their order, as words."""
        bits = self.histories.attendance
        planes, n_bytes = bits.known_on(self.ordinal), bits.n_days // 8
        presume_present(self.histories, self.ordinal, planes[_PLACES["recorded"]])
        if self.calendar is not self.histories.calendar:
            schools = np.arange(len(self.calendar.schools))[:, None]
            kept = np.ascontiguousarray(self.histories.calendar.index(schools, self.calendar.days))
            close_gaps(planes, n_bytes, self._calendar_row, kept, self.calendar.lengths)
        n_words = (self.n_days + 63) // 64
        return align_days(planes.view(np.uint64), n_bytes, self.known_days, n_words)

    @cached_property
    def _present(self) -> Words:
        return self.words("recorded") & ~self.words("absent")

    @cached_property
    def _calendar_row(self) -> Ints:
        return self.histories.calendar_row.astype(np.int32)

    def words(self, kind: str) -> Words:
        """Give the days of a kind, as in :meth:`days`, in the form that ``histories.day_words`` reads.

        The words of bits, of shape (n_pupils, n_words), hold all days known on the date, the last school day
        before it in the highest bit.
        """
        return self._present if kind == "present" else self._words[_PLACES[kind]]

    def weekday_words(self, weekdays: Iterable[int]) -> Words:
        """Mark the school days on some weekdays (0 is Monday), in the shape of :meth:`words`."""
        marked = sum(1 << weekday for weekday in {*weekdays} & {*range(7)})
        days, n_words = self.calendar.days, self._words.shape[2]
        return weekday_words(days, self._calendar_row, self.known_days, marked, n_words)

    def count(self, kind: str, window: Window = None) -> Longs:
        """Count each pupil's days of a kind in a window; kinds and windows as in :meth:`days`."""
        return count_days(self.words(kind), self.ages(window))

    def days(self, kind: str, window: Window = None) -> Bools:
        """Say for every pupil and school day whether it was a day of a kind.

        The kinds are ``recorded``, ``present``, ``absent`` (at least half of the day's sessions, excused or
        not), ``unexcused``, ``late`` and ``suspended``; the window is the last so many school days, the
        school year to date, or all. The last column is the last school day before the date.
        """
        width = min(window, self.n_days) if isinstance(window, int) else self.n_days
        bits = np.unpackbits(self.words(kind).view(np.uint8), axis=1, bitorder="little").view(bool)
        chosen = bits[:, bits.shape[1] - width :]
        if window == "year":
            chosen &= np.arange(width, 0, -1) <= self.ages(window)[1][:, None]
        return chosen

    def ages(self, window: Window) -> Ints:
        """Give the ages of the days in a window: see ``histories.day_words``."""
        if window not in self._ages:
            self._ages[window] = np.zeros((2, len(self)), dtype=np.int32)
            year = self.end - self.year_start
            self._ages[window][1] = year if window == "year" else self.n_days if window is None else window
        return self._ages[window]

    def dates_before(self, days_back: npt.ArrayLike) -> Ints:
        """Date (ordinal) of the school day so many school days before the date, per pupil."""
        back = np.asarray(days_back)
        rows = self.histories.calendar_row.reshape(-1, *[1] * (back.ndim - 1))
        end = self.end.reshape(rows.shape)
        return self.calendar.day(rows, end - back)

    @cached_property
    def grades(self) -> Grades:
        """Marks known on the date, sorted by pupil, subject and day."""
        rows = self.exam_rows
        marks, offsets = rows_with_marks(rows.offsets, rows["percent"])
        return Grades(self._by_calendar(rows.take(marks, offsets)))

    @cached_property
    def exam_rows(self) -> KnownRows:
        """Rows of grades known on the date: the marks, and what stands in place of one (see ``MISSED``)."""
        return self.histories.grades.known_on(self.ordinal)

    def grades_in(self, window: Window) -> Grades:
        """Give the marks known on the date and dated in a window before it."""
        if window is None:
            return self.grades
        if window not in self._grades:
            rows = self.grades.rows
            chosen, offsets = rows_since(rows.offsets, *self._since(rows, window))
            all_of_them = len(chosen) == rows.offsets[-1]
            self._grades[window] = self.grades if all_of_them else Grades(rows.take(chosen, offsets))
        return self._grades[window]

    @property
    def wellbeing(self) -> KnownRows:
        """Test results known on the date, sorted by pupil, instrument, scale and day."""
        return self.rows("wellbeing")

    @property
    def totals(self) -> KnownRows:
        """Attendance totals known on the date, sorted by pupil and period."""
        return self.rows("totals")

    @property
    def family(self) -> KnownRows:
        """Family rows known on the date and begun by it, with ``holds``: whether they still do.

        A row that says no does not hold, ends what was said of its factor before, and is not ``said``; one
        that says that nobody knows is left out.
        """
        return self._family[0]

    @property
    def family_in_doubt(self) -> KnownRows:
        """Family rows of the date that say that nobody knows, and that no later no has ended."""
        return self._family[1]

    @cached_property
    def _family(self) -> tuple[KnownRows, KnownRows]:
        """Give the rows that tell of their factor, and those that leave it in doubt."""
        rows = self._known("family")
        until = np.full(len(self), -self.ordinal, dtype=np.int32)
        begun, offsets = rows_since(rows.offsets, -rows["date"], until)
        rows = rows.take(begun, offsets)
        holds, said = rows["until"] >= self.ordinal, np.ones(len(rows["until"]), dtype=bool)
        told = said
        no, unknown = self.codes("value", (NO, UNKNOWN))
        if max(no, unknown) >= 0:
            said, told = rows["value"] != no, rows["value"] != unknown
            holds = still_holding(rows.offsets, rows["factor"], holds, said)
        rows = rows.having(holds=holds, said=said)
        return self._some_of(rows, told), self._some_of(rows, ~told & holds)

    def _some_of(self, rows: KnownRows, chosen: Bools) -> KnownRows:
        counts = np.bincount(rows["pupil"][chosen], minlength=len(self))
        return rows.take(np.flatnonzero(chosen), offsets_of(counts))

    @property
    def outcomes(self) -> KnownRows:
        """Outcomes known on the date, sorted by pupil and date."""
        return self.rows("outcomes")

    def rows(self, run: str) -> KnownRows:
        """Give the known rows of a table, by the name under which histories hold it."""
        if run in ("grades", "family"):
            return self.grades.rows if run == "grades" else self.family
        if run not in self._rows:
            self._rows[run] = self._known(run)
        return self._rows[run]

    def keeps(self, run: str) -> Bools:
        """Say of each pupil whether its school was known to keep a table of incidents."""
        return np.asarray(self.histories.observed.kept[run][self.histories.calendar_row] < self.ordinal)

    def _known(self, table: str) -> KnownRows:
        return self._by_calendar(self.histories.runs[table].known_on(self.ordinal))

    def _by_calendar(self, rows: KnownRows) -> KnownRows:
        """Count the school days of rows by the calendar known on the date."""
        if self.calendar is self.histories.calendar:
            return rows
        return rows.having(day=self.calendar.index(self.histories.calendar_row[rows["pupil"]], rows["date"]))

    def within(self, rows: KnownRows, window: Window) -> Bools:
        """Say which dated rows lie within a window before the date.

        A row of a day without school belongs to the next school day; the school year begins on its date,
        so that a period that ends in the summer holidays stays in the old one.
        """
        if window is None:
            return np.ones(int(rows.offsets[-1]), dtype=bool)
        when, since = self._since(rows, window)
        return np.asarray(when >= since[rows["pupil"]])

    def _since(self, rows: KnownRows, window: int | Literal["year"]) -> tuple[Array, Ints]:
        """Give the column that a window is counted in, and where the window begins for each pupil."""
        if window == "year":
            begins = self.calendar.year_begins(self.ordinal)
            return rows["date"], np.full(len(self), begins, dtype=np.int32)
        return rows["day"], (self.end - window).astype(np.int32)

    def code(self, column: str, word: str) -> int:
        """Give the code of a word in a coded column; -2 if no row has it."""
        words = [word_key(known) for known in self.histories.words.get(column, ())]
        return words.index(word_key(word)) if word_key(word) in words else -2

    def codes(self, column: str, words: tuple[str, ...]) -> list[int]:
        """Give the codes of several words."""
        return [self.code(column, word) for word in words]

    def student_column(self, name: str) -> Floats:
        """Give a numeric column of the students table; NaN where it is not recorded."""
        return self.histories.student_numbers(name)

    def student_dates(self, name: str) -> Longs:
        """Give a date column of the students table as ordinals; -1 where it is not recorded."""
        return self.histories.student_dates(name)

    def last_record(self, source: str) -> Ints:
        """Date (ordinal) of each pupil's last known row in a table; -1 where there is none.

        Of family rows it is the date on which the last one became known: the circumstances may be old,
        and what is known of them new.
        """
        name = next((name for name, table in RUNS.items() if table.source == source), None)
        if name is None:
            return np.full(len(self), -1, dtype=np.int32)
        rows = self.rows(name)
        latest = largest_of_pupils(rows.offsets, rows["known" if RUNS[name].ahead else "date"])
        if source == "attendance" and self.n_days:
            age, _ = newest_and_oldest(self.words("recorded"), self.ages(None))
            latest = np.where(age > 0, self.dates_before(age), latest).astype(np.int32)
        return latest


@dataclass(frozen=True)
class Grades:
    """Marks known on a date, with the runs of one pupil in one subject marked out.

    The rows have ``pupil``, ``subject``, ``exam`` (codes), ``date``, ``day`` and ``percent``; sorted by
    pupil, subject and date.
    """

    rows: KnownRows

    @cached_property
    def _runs(self) -> tuple[Longs, Longs]:
        return runs_of_subjects(self.rows.offsets, self.rows["subject"])

    @property
    def bounds(self) -> Longs:
        """First row of each run of one pupil in one subject, and at the end the number of rows."""
        return self._runs[0]

    @property
    def run_offsets(self) -> Longs:
        """The runs of pupil ``i`` are ``run_offsets[i]:run_offsets[i + 1]``."""
        return self._runs[1]

    @property
    def starts(self) -> Longs:
        """First row of each run."""
        return self.bounds[:-1]

    @cached_property
    def run(self) -> Positions:
        """Number of the run of each row."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)

    @cached_property
    def lengths(self) -> Longs:
        """Number of rows of each run."""
        return np.diff(self.bounds)

    @cached_property
    def last(self) -> Longs:
        """Last row of each run: the latest mark of each subject."""
        return self.bounds[1:] - 1


@kernel
def rows_with_marks(offsets: Longs, percent: Floats) -> tuple[Longs, Longs]:
    """Find the rows that have a mark, and the offsets of their pupils."""
    rows = np.empty(len(percent), dtype=np.int64)
    found = np.zeros(len(offsets), dtype=np.int64)
    number = 0
    for pupil in range(len(offsets) - 1):
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if np.isfinite(percent[row]):
                rows[number] = row
                number += 1
        found[pupil + 1] = number
    return rows[:number], found


@kernel
def still_holding(offsets: Longs, factor: Ints, holds: Bools, said: Bools) -> Bools:
    """Say which rows hold: none that says no, and none of the same factor from before that day.

    A pupil's rows are sorted by factor and date.
    """
    left = holds & said
    for pupil in range(len(offsets) - 1):
        for row in range(offsets[pupil], offsets[pupil + 1]):
            before = row - 1
            while not said[row] and before >= offsets[pupil] and factor[before] == factor[row]:
                left[before] = False
                before -= 1
    return left


@kernel
def rows_since(offsets: Longs, when: Ints, since: Ints) -> tuple[Longs, Longs]:
    """Find the rows that lie on or after their pupil's first day, and the offsets of their pupils."""
    rows = np.empty(len(when), dtype=np.int64)
    found = np.zeros(len(offsets), dtype=np.int64)
    number = 0
    for pupil in range(len(offsets) - 1):
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if when[row] >= since[pupil]:
                rows[number] = row
                number += 1
        found[pupil + 1] = number
    return rows[:number], found


@kernel
def runs_of_subjects(offsets: Longs, subject: Ints) -> tuple[Longs, Longs]:
    """Find where each run of one pupil in one subject begins, and the offsets of the pupils' runs."""
    bounds = np.empty(len(subject) + 1, dtype=np.int64)
    found = np.zeros(len(offsets), dtype=np.int64)
    number = 0
    for pupil in range(len(offsets) - 1):
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if row == offsets[pupil] or subject[row] != subject[row - 1]:
                bounds[number] = row
                number += 1
        found[pupil + 1] = number
    bounds[number] = len(subject)
    return bounds[: number + 1], found


@kernel
def largest_of_pupils(offsets: Longs, values: Ints) -> Ints:
    """Find the largest value of each pupil's rows, which are dates or school days; -1 where it has none.

    A day before the first known one has a negative number, which is kept.
    """
    found = np.full(len(offsets) - 1, -1, dtype=np.int32)
    for pupil in range(len(offsets) - 1):
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if row == offsets[pupil] or values[row] > found[pupil]:
                found[pupil] = values[row]
    return found
