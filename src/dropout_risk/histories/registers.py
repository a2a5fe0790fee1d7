"""Which days each class has handed in: whose register a pupil is in, and until when it is known to be kept.

A day counts as handed in from the date on which any row of it was known. Nothing here looks at what the rows
say, and nothing of it depends on which pupils are asked about: it is found for everybody at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bools, Bytes, Ints, Positions
from dropout_risk.histories.attendance_bits import AttendanceBits, LateStates
from dropout_risk.histories.places import enrolled_first, times_between
from dropout_risk.kernels import kernel
from dropout_risk.records.checks.departures import AWAY, BACK
from dropout_risk.records.days.calendar import SchoolCalendar
from dropout_risk.records.days.school_declarations import said_of_class
from dropout_risk.records.pupils.classes import parts_of_class

if TYPE_CHECKING:
    from dropout_risk.histories.histories import Histories

_RECORDED = 1
_NEVER = np.iinfo(np.int32).max
_NOWHERE, _UNSAID = -1, -1


@dataclass(frozen=True)
class Registers:
    """The register of each pupil, and the days that were handed in.

    A pupil's register is that of its class; of its school where it has no class; its own where it has
    neither. ``unit`` is the number of each pupil's register, ``row`` the calendar of each register.
    ``in_time`` has one bit per school day, set where a row was known on the day itself; ``late`` holds the
    other days, each with the first date on which one was known. ``alone`` says that class-mates are not
    there, and each pupil has a register of its own, as in a request. ``said`` is 1 for classes of which it is
    declared that a pupil without a row was there, 0 for those of which it is that nobody knows, else -1;
    None where no class is declared by itself.
    """

    unit: Ints
    row: Ints
    in_time: Bytes
    late: LateStates
    alone: bool = False
    said: Ints | None = None

    @classmethod
    def of(cls, histories: Histories) -> Self:
        """Find the registers of all pupils of some histories."""
        unit, n_units = _units_of(histories)
        row = np.zeros(n_units, np.int32)
        row[unit] = histories.calendar_row
        days = _days_handed_in(histories.attendance, unit, n_units)
        return cls(unit, row, *days, said=_said_of_units(histories, n_units))

    @classmethod
    def through(cls, row: Ints, last: Ints, calendar: SchoolCalendar) -> Self:
        """Give every pupil a register of its own, kept through a date (ordinal); never before 1970.

        ``row`` is the calendar of each pupil; ``last`` is -1 where nothing was handed in.
        """
        n = len(row)
        bits = np.zeros((n, max((int(calendar.lengths.max(initial=0)) + 7) // 8, 1)), np.uint8)
        before = np.minimum(calendar.index(row, last + 1), calendar.lengths[row])
        day = np.where(last >= 0, before, 0) - 1
        kept = np.flatnonzero(day >= 0)
        bits[kept, day[kept] >> 3] = 1 << (day[kept] & 7)
        return cls(np.arange(n, dtype=np.int32), np.asarray(row, np.int32), bits, _NO_STATES, alone=True)

    def take(self, pupils: Positions | slice) -> Self:
        """Give the registers of some pupils, with all that is known of them."""
        return replace(self, unit=self.unit[pupils])

    def __len__(self) -> int:
        return len(self.row)

    def known_on(self, ordinal: int) -> Bytes:
        """Give the days handed in as known before a date, whatever day of the calendar that is."""
        days = self.in_time.copy()
        seen = np.flatnonzero(self.late.known < ordinal)
        day = self.late.day[seen]
        np.bitwise_or.at(days, (self.late.pupil[seen], day >> 3), (1 << (day & 7)).astype(np.uint8))
        return days

    @property
    def day_counts(self) -> Ints:
        """The number of days handed in before each school day, whenever that was; one more at the end."""
        days = np.unpackbits(self.known_on(_NEVER), axis=1, bitorder="little")
        counts = np.zeros((len(days), days.shape[1] + 1), np.int32)
        np.cumsum(days, axis=1, out=counts[:, 1:])
        return counts

    def spans_on(self, ordinal: int, calendar: SchoolCalendar) -> tuple[Ints, Ints]:
        """Give the first and the last day of each register that was handed in by a date; -1 without any."""
        before = calendar.index(self.row, ordinal)
        return _first_and_last(self.known_on(ordinal), before)


def _units_of(histories: Histories) -> tuple[Ints, int]:
    """Give each pupil the number of its register: classes first, then schools, then pupils of neither."""
    classes = histories.classes
    unit = classes.codes.astype(np.int32)
    number = len(classes.names)
    alone = np.flatnonzero(unit < 0)
    if not len(alone):
        return unit, number
    school = histories.students["school_id"].take(pa.array(alone)).combine_chunks()
    school = school.chunk(0) if isinstance(school, pa.ChunkedArray) else school
    encoded = school if isinstance(school, pa.DictionaryArray) else school.dictionary_encode()
    codes = encoded.indices.fill_null(_NOWHERE).to_numpy(zero_copy_only=False).astype(np.int32)
    lonely = codes == _NOWHERE
    codes[~lonely] += number
    number += len(encoded.dictionary)
    codes[lonely] = number + np.arange(lonely.sum(), dtype=np.int32)
    unit[alone] = codes
    return unit, number + int(lonely.sum())


def _said_of_units(histories: Histories, n_units: int) -> Ints | None:
    """Give what is said of each class by itself."""
    if not histories.observed.of_class:
        return None
    said = {(school, key): presumed for school, key, presumed in histories.observed.of_class}
    found = np.full(n_units, _UNSAID, np.int32)
    for number, name in enumerate(histories.classes.names):
        own = said_of_class(said, *parts_of_class(name))
        found[number] = _UNSAID if own is None else own
    return found


def _days_handed_in(bits: AttendanceBits, unit: Ints, n_units: int) -> tuple[Bytes, LateStates]:
    plane = np.ascontiguousarray(bits.planes["recorded"])
    days = np.zeros((n_units, plane.shape[1]), np.uint8)
    _join_rows(np.ascontiguousarray(unit), plane, days)
    late = bits.late
    told = np.flatnonzero((late.flags & _RECORDED) != 0)
    own, day, known = unit[late.pupil[told]], late.day[told], late.known[told]
    new = (days[own, day >> 3] >> (day & 7) & 1) == 0
    own, day, known = own[new], day[new], known[new]
    order = np.lexsort([known, day, own])
    own, day, known = own[order], day[order], known[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (own[1:] != own[:-1]) | (day[1:] != day[:-1])
    return days, LateStates(own[first], day[first], known[first], np.full(first.sum(), 1, np.uint8))


def last_days(histories: Histories) -> Ints:
    """Give each pupil's last school day with a row, whenever that was entered; -1 without any."""
    plane = np.ascontiguousarray(histories.attendance.planes["recorded"])
    last = _first_and_last(plane, np.full(len(plane), 8 * plane.shape[1], np.int32))[1]
    late = histories.attendance.late
    told = np.flatnonzero((late.flags & _RECORDED) != 0)
    np.maximum.at(last, late.pupil[told], late.day[told])
    return last


_NO_DAYS = np.empty(0, np.int32)
_NO_STATES = LateStates(_NO_DAYS, _NO_DAYS, _NO_DAYS, np.empty(0, np.uint8))


@kernel
def _join_rows(unit: Ints, plane: Bytes, joined: Bytes) -> None:
    for pupil in range(len(unit)):
        own, register = plane[pupil], joined[unit[pupil]]
        for byte in range(len(own)):  # rows taken beforehand: several bytes are joined at once
            register[byte] |= own[byte]


@kernel
def _first_and_last(days: Bytes, before: Ints) -> tuple[Ints, Ints]:
    first, last = np.full(len(days), -1, np.int32), np.full(len(days), -1, np.int32)
    for row in range(len(days)):
        for day in range(min(before[row], 8 * days.shape[1])):
            if days[row, day >> 3] >> (day & 7) & 1:
                last[row] = day
                if first[row] < 0:
                    first[row] = day
    return first, last


# --- Registers of absences only: which days without a row count as days at school ---


def presume_present(histories: Histories, ordinal: int, recorded: Bytes) -> None:
    """Mark the days without a row as recorded where these count as days at school.

    These are a pupil's school days from enrolment to the last day for which its class was known to have
    handed anything in; without a date of enrolment, from the school year in which the register begins. A
    pupil who left, or whose last outcome says so, is not presumed to be there. ``recorded`` holds the bits of
    pupil after pupil, as known on a date.
    """
    presumed = histories.presumed
    pupils = np.flatnonzero(presumed)
    if not len(pupils):
        return
    first, last = _presence_spans(histories, ordinal, pupils)
    gaps = _absences_from_school(histories, ordinal, presumed)
    n_bytes = histories.attendance.n_days // 8
    held = recorded[: len(histories) * n_bytes].reshape(-1, n_bytes)
    _mark_days(held, pupils, first, last, *gaps)


def _presence_spans(histories: Histories, ordinal: int, pupils: Positions) -> tuple[Ints, Ints]:
    """Give the first day of each pupil's presumed presence, and the one after its last day."""
    registers, calendar = histories.registers, histories.calendar
    begun, ended = registers.spans_on(ordinal, calendar)
    unit, row = registers.unit[pupils], histories.calendar_row[pupils]
    begun, ended = begun[unit], ended[unit] + 1
    date = calendar.day(row, np.maximum(begun, 0))
    every = np.unique(date)
    years = np.array([calendar.year_begins(int(day)) for day in every], np.int32)
    from_year = calendar.index(row, years[np.searchsorted(every, date)])
    enrolled = enrolled_first(histories.students)[pupils]
    left = histories.student_dates("left_on")[pupils]
    first = np.where(enrolled != -1, calendar.index(row, np.maximum(enrolled, 0)), from_year)
    stop = np.where(left != -1, calendar.index(row, np.maximum(left, 0)), ended)
    return np.maximum(first, 0).astype(np.int32), np.minimum(ended, stop).astype(np.int32)


def _absences_from_school(histories: Histories, ordinal: int, presumed: Bools) -> tuple[Ints, Ints, Ints]:
    """Give, for pupils with outcomes that were known, the days between leaving and coming back."""
    words = histories.words.get("event", ())
    rows = histories.outcomes.known_on(ordinal)
    code = rows["event"]
    away = np.isin(code, [words.index(word) for word in AWAY if word in words])
    back = code == (words.index(BACK) if BACK in words else -2)
    told = np.flatnonzero((away | back) & presumed[rows["pupil"]])
    pupil, leaves = rows["pupil"][told], away[told]
    day = histories.calendar.index(histories.calendar_row[pupil], rows["date"][told])
    until = np.full(len(told), np.iinfo(np.int32).max, np.int32)
    same = pupil[1:] == pupil[:-1] if len(told) else np.empty(0, np.bool_)
    until[:-1][same] = day[1:][same]
    gone, since, back = _between_spells(histories, presumed)
    gone = np.concatenate([pupil[leaves].astype(np.int32), gone])
    order = np.argsort(gone, kind="stable")
    since, until = (
        np.concatenate([day[leaves].astype(np.int32), since]),
        np.concatenate([until[leaves], back]),
    )
    return gone[order], since[order], until[order]


def _between_spells(histories: Histories, presumed: Bools) -> tuple[Ints, Ints, Ints]:
    """Give, for pupils with several spells of enrolment, the days between two of them."""
    pupil, left, back = times_between(histories.students)
    kept = presumed[pupil]
    pupil, row = pupil[kept], histories.calendar_row[pupil[kept]]
    since, until = (histories.calendar.index(row, date[kept]).astype(np.int32) for date in (left, back))
    return pupil.astype(np.int32), since, until


@kernel
def _mark_days(  # noqa: PLR0917
    held: Bytes, pupils: Positions, first: Ints, last: Ints, gone: Ints, since: Ints, until: Ints
) -> None:
    """Set the bits of each pupil's days from the first to before the last, but for those when it was gone."""
    gap = 0
    for k in range(len(pupils)):
        pupil = pupils[k]
        while gap < len(gone) and gone[gap] < pupil:
            gap += 1
        for day in range(first[k], min(last[k], 8 * held.shape[1])):
            there, j = True, gap
            while j < len(gone) and gone[j] == pupil:
                there = there and not since[j] <= day < until[j]
                j += 1
            if there:
                held[pupil, day >> 3] |= np.uint8(1 << (day & 7))


def presumed_calendars(schools: Sequence[str], presumed: Sequence[str]) -> Bools:
    """Mark the calendars of schools at which a day without a row is a day at school."""
    named = {*presumed}
    return np.array([school in named for school in schools], np.bool_)


def presumed_pupils(histories: Histories) -> Bools:
    """Mark the pupils of whom a day without a row is a day at school: by class, or else by school."""
    presumed = histories.observed.presumed[histories.calendar_row]
    if not histories.observed.of_class or histories.registers.said is None:
        return presumed
    said = histories.registers.said[histories.registers.unit]
    return np.where(said == _UNSAID, presumed, said == 1)
