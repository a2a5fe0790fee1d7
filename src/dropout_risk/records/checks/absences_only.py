"""Registers of absences only: found by what their rows say, and refused where nobody declares what they are.

In such a register every listed pupil is absent on every listed day. Read as one that names everybody, it
makes a child who missed three days of a term a child who never comes, and hides all others. A school is
looked at as a whole, and then each of its classes: one may hand in a list of absences where the others name
everybody.

What tells such a register from a real calamity is who is left out: a register that names everybody has a row
for each pupil on the roll, also on the day on which nobody comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints, Longs
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.checks.attendance_registers import AttendanceRegisters
from dropout_risk.records.days.day_grid import STATUS, BesideRows, DayCells, day_keys
from dropout_risk.records.days.holidays import is_weekday
from dropout_risk.records.statuses import STATUSES
from dropout_risk.text import NO_WORDS, Text

PRESENT_SHARE = 0.10
"""A register in which fewer rows say that somebody came names absences only."""
FEWEST_ROWS, FEWEST_PUPILS, FEWEST_WEEKS = 8, 3, 3
"""With fewer, no row may say that somebody came, and who is left out decides."""
FEW_ABSENCES, FEW_WEEKS = 2, 2
"""Of a pupil or two nobody is left out: so many absences over so many weeks, with most days without a row."""
FULL_COVER = 0.5
"""A register with a row for half of its pupils' days, or more, leaves nobody out."""
DOUBTFUL_SHARE, DOUBTFUL_COVER = 0.5, 0.5
"""Most rows are no presence, and most pupils have no row on most days with rows: that is asked about."""
FEWEST_DATES = 10
"""On fewer dates nothing is said of a register with a row for few of its pupils."""
EXCHANGED_DATES = 20
"""Rows that say on so many dates that most were away may have their words the wrong way round."""
EXCHANGED_PUPILS = 10
"""Fewer pupils of one class may well have been away: those who left it stay in its level of then."""
FULL_DATES = 5
"""A register that names most pupils, mostly present, on so many dates names everybody."""

_ONLY, _MOSTLY, _EXCHANGED, _SPARSE = "absences_only", "mostly_absences", "words_exchanged", "sparse_register"
_DOUBTS = (_MOSTLY, _EXCHANGED, _SPARSE)

LAST_WEEKS = 3
"""So many last weeks are looked at by themselves: a register may turn into one of absences in the year."""
_TURNED = Text(
    zh="最近{weeks}周几乎只登记缺课，此前登记了到校的学生",
    en="in the last {weeks} weeks hardly any row says that somebody came; before that, rows did",
)

_SAMPLE, _PLAIN_SHARE, _PLAIN_ROWS = 16, 0.6, 50
_SLOTS_AT_ONCE = 8
_PRESENT = np.array([not status.kinds for status in STATUSES.entries])
_WEEK = 7


@dataclass(frozen=True)
class RegisterDoubts:
    """Which registers cannot be used as they are, by rule, and which are doubted.

    ``own`` marks those of the classes that were found by themselves, and not with their whole school.
    ``full`` marks those that are declared to leave out who was there, and name everybody, and ``turned``
    those that name absences only since some weeks.
    """

    refused: dict[str, Bools]
    doubted: dict[str, Bools]
    own: Bools
    full: Bools
    turned: Bools

    @classmethod
    def of(
        cls, cells: DayCells, beside: BesideRows, registers: AttendanceRegisters, *, judge: bool
    ) -> RegisterDoubts:
        """Look at all rows of the registers that a sample does not clear.

        Without ``judge`` nothing is concluded from what rows do not say.
        """
        present = registers.declared("present")
        found = _Found.of(cells, beside, registers) if judge else _Found.nothing(len(registers))
        with_sessions = np.zeros(len(registers), np.bool_)
        if present.any():
            with_sessions = registers.at_schools_of(_have_sessions(cells, beside, registers) & present)
        refused = {
            "absences_only": found.only,
            "presence_without_school_days": present & ~registers.have_days,
            "presence_of_sessions": present & registers.have_days & with_sessions,
        }
        full = present & ~np.logical_or.reduce([*refused.values()]) & judge
        full = _full_registers(cells, beside, registers, full)
        others = registers.declared(None) & registers.with_pupils & ~(found.only | found.asked_about) & judge
        turned = _turned_registers(cells, registers, others)
        return cls(refused, found.doubted, found.own, full, turned)

    @property
    def unusable(self) -> Bools:
        """Mark the registers that are refused by any rule."""
        return np.asarray(np.logical_or.reduce([*self.refused.values()]))

    def by_place(self, registers: AttendanceRegisters) -> dict[tuple[str, Text], Bools]:
        """Give what was found by rule and detail: that of schools, and that of single classes."""
        named: dict[tuple[str, Text], Bools] = {}
        for rule, mask in (*self.refused.items(), *self.doubted.items()):
            own = mask & self.own
            for detail, part in ((NO_WORDS, mask & ~own), (registers.declaration_of(own), own)):
                if part.any():
                    named[rule, detail] = part
        if self.turned.any():
            named["mostly_absences", _TURNED.filled(weeks=LAST_WEEKS)] = self.turned
        if self.full.any():
            named["names_everybody", registers.naming_everybody(self.full)] = self.full
        return named


@dataclass(frozen=True)
class _Found:
    """Which registers name absences only, which are doubted, and what was found of a class by itself."""

    only: Bools
    doubted: dict[str, Bools]
    own: Bools

    @classmethod
    def nothing(cls, number: int) -> _Found:
        only, own = (np.zeros(number, np.bool_) for _ in range(2))
        return cls(only, {rule: np.zeros(number, np.bool_) for rule in _DOUBTS}, own)

    @property
    def asked_about(self) -> Bools:
        """Mark the registers that are doubted by any rule."""
        return np.asarray(np.logical_or.reduce([*self.doubted.values()]))

    def mark(self, verdict: str, place: Bools, *, own: bool) -> None:
        """Keep what some registers together were found to be."""
        (self.only if verdict == _ONLY else self.doubted[verdict])[place] = True
        self.own[place] |= own

    @classmethod
    def of(cls, cells: DayCells, beside: BesideRows, registers: AttendanceRegisters) -> _Found:
        """Judge the schools as far as nothing is declared, and then the classes of those that are cleared."""
        found = cls.nothing(len(registers))
        wanted = registers.declared(None) & registers.with_pupils
        wanted, unclear = _not_cleared(cells, registers, wanted)
        if not wanted.any():
            return found
        judge = _Judge(cells, beside, registers)
        rows, came, few = _count_all_rows(cells, beside, registers, wanted)
        for row in np.unique(registers.school[wanted & unclear]):
            place = wanted & (registers.school == row)
            verdict = judge.verdict_of(
                place, int(rows[place].sum()), int(came[place].sum()), whole_school=True
            )
            if verdict:
                full = (rows >= FEWEST_ROWS) & (came >= DOUBTFUL_SHARE * rows)
                found.mark(verdict, place & ~full if verdict == _ONLY else place, own=False)
        odd = (few | (came < DOUBTFUL_SHARE * rows)) & ~found.only & ~found.asked_about
        for register in np.flatnonzero(wanted & odd):
            place = np.arange(len(registers)) == register
            verdict = judge.verdict_of(place, int(rows[register]), int(came[register]), whole_school=False)
            if verdict:
                found.mark(verdict, place, own=bool(register < len(registers.classes)))
        return found


def _full_registers(
    cells: DayCells, beside: BesideRows, registers: AttendanceRegisters, wanted: Bools
) -> Bools:
    """Mark the registers, among some, whose rows say of most pupils on most days that they were there."""
    found = np.zeros(len(registers), np.bool_)
    if not wanted.any():
        return found
    rows, came, _ = _count_all_rows(cells, beside, registers, wanted)
    judge = _Judge(cells, beside, registers)
    for register in np.flatnonzero(wanted & (rows >= FEWEST_ROWS) & (came >= DOUBTFUL_SHARE * rows)):
        found[register] = judge.names_everybody(np.arange(len(registers)) == register)
    return found


def _turned_registers(cells: DayCells, registers: AttendanceRegisters, wanted: Bools) -> Bools:
    """Mark the registers, among some, that name absences only in the last weeks.

    Schools are looked at as a whole, and then each class by itself.
    """
    if not wanted.any() or not cells.n_slots:
        return np.zeros(len(registers), np.bool_)
    ages = (int(cells.date[: cells.n_slots].max()) - cells.date[: cells.n_slots]) // _WEEK
    weeks = np.zeros((LAST_WEEKS, len(registers), _COUNTS), np.int64)
    for week in range(LAST_WEEKS):
        weeks[week] = _count_rows(cells, np.flatnonzero(ages == week).astype(np.int32), registers, wanted)
    schools = np.zeros((LAST_WEEKS, int(registers.school.max(initial=-1)) + 1, _COUNTS), np.int64)
    for counts, own in zip(schools, weeks, strict=True):
        np.add.at(counts, registers.school, own)
    earlier = ages.max(initial=0) >= 2 * LAST_WEEKS
    return np.asarray(wanted & earlier & (_name_absences(weeks) | _name_absences(schools)[registers.school]))


def _name_absences(weeks: Longs) -> Bools:
    """Say whether the rows of some weeks name absences only, and most pupils on most days not at all."""
    rows, came, days, few_days, *_ = weeks.sum(0).T
    often = (rows >= FEWEST_ROWS) & ((weeks[:, :, 0] > 0).sum(0) >= FEWEST_WEEKS)
    found: Bools = often & (came < PRESENT_SHARE * rows) & (2 * few_days > days)
    return found


def _not_cleared(cells: DayCells, registers: AttendanceRegisters, wanted: Bools) -> tuple[Bools, Bools]:
    """Mark the registers to look at, and those of schools that a sample of their days does not clear."""
    if cells.n_slots <= 2 * _SAMPLE:
        return wanted, wanted
    sample = np.linspace(0, cells.n_slots - 1, _SAMPLE).astype(np.int32)
    counts = _count_rows(cells, sample, registers, wanted)
    rows, came = _told_rows(counts)
    schools = np.zeros((int(registers.school.max(initial=-1)) + 1, 2), np.int64)
    np.add.at(schools, registers.school, np.stack([rows, came], axis=1))
    of_school, came_of_school = schools[registers.school].T
    unclear = wanted & ~_is_plain(of_school, came_of_school, _PLAIN_ROWS)
    return wanted & (unclear | ~_is_plain(rows, came, FEWEST_ROWS) | _mostly_few(counts)), unclear


def _is_plain(rows: Longs, came: Longs, fewest: int) -> Bools:
    plain: Bools = (rows >= fewest) & (came >= _PLAIN_SHARE * rows)
    return plain


def _told_rows(counts: Longs) -> tuple[Longs, Longs]:
    """Give the rows that tell what a register is, and those among them that say that somebody came.

    On most days of a register of absences few pupils have a row; a day that names everybody, as that of a
    trip, then tells nothing of the others.
    """
    rows, came, _, _, few_rows, few_came = counts.T
    mostly_few = _mostly_few(counts)
    return np.where(mostly_few, few_rows, rows), np.where(mostly_few, few_came, came)


def _mostly_few(counts: Longs) -> Bools:
    """Mark the registers in which, in most slots with rows, most pupils on the roll have none."""
    found: Bools = 2 * counts[:, 3] > counts[:, 2]
    return found


def _count_all_rows(
    cells: DayCells, beside: BesideRows, registers: AttendanceRegisters, wanted: Bools
) -> tuple[Longs, Longs, Bools]:
    """Count the rows that tell what some registers are, and those that say that somebody came.

    Then mark the registers that may leave most pupils out on most days.
    """
    slots = np.arange(cells.n_slots, dtype=np.int32)
    on_time, late = _count_rows(cells, slots, registers, wanted), _count_beside(beside, registers)
    mostly_late = late[:, :1] > on_time[:, :1]
    told = _told_rows(np.where(mostly_late, late, on_time))
    others = np.where(mostly_late, on_time, late).T
    return told[0] + others[0], told[1] + others[1], _mostly_few(on_time) & _mostly_few(late + on_time)


def _count_beside(beside: BesideRows, registers: AttendanceRegisters) -> Longs:
    """Count the rows beside the cells like those in them: see :func:`_count_rows`."""
    counts = np.zeros((len(registers), _COUNTS), np.int64)
    if not len(beside):
        return counts
    keys, day = np.unique(day_keys(registers.of_pupil[beside.pupil], beside.date), return_inverse=True)
    register = keys >> 32
    rows, came = np.bincount(day), np.bincount(day, _PRESENT[beside.status]).astype(np.int64)
    size = np.bincount(registers.of_pupil, minlength=len(registers))
    few = 2 * rows < size[register]
    for column, number in enumerate((rows, came, rows > 0, few, rows * few, came * few)):
        np.add.at(counts[:, column], register, number)
    return counts


@dataclass(frozen=True)
class _Judge:
    """Says of a school, or of a class, what its rows make of it."""

    cells: DayCells
    beside: BesideRows
    registers: AttendanceRegisters

    def verdict_of(self, place: Bools, rows: int, came: int, *, whole_school: bool) -> str:
        """Name what some registers together are found or doubted to be; nothing where all is well."""
        if not rows or (came >= PRESENT_SHARE * rows and rows < FEWEST_ROWS):
            return ""
        spread = _Spread.of(self.cells, self.beside, self.registers, place)
        often = rows >= FEWEST_ROWS and spread.pupils >= FEWEST_PUPILS and spread.weeks >= FEWEST_WEEKS
        sparse = spread.held < DOUBTFUL_COVER * spread.on_dates
        if came >= DOUBTFUL_SHARE * rows:
            return _SPARSE if often and sparse and spread.dates >= FEWEST_DATES else ""
        several = spread.pupils >= (FEWEST_PUPILS if whole_school else EXCHANGED_PUPILS)
        exchanged = _EXCHANGED * (often and several and spread.dates >= EXCHANGED_DATES)
        if came >= PRESENT_SHARE * rows:
            return _MOSTLY if sparse else exchanged
        only = spread.held < FULL_COVER * spread.on_weekdays if often else spread.leaves_out
        return _ONLY if only else exchanged

    def names_everybody(self, place: Bools) -> bool:
        """Say whether a register has rows for most of its pupils' weekdays, and not of a few dates alone."""
        spread = _Spread.of(self.cells, self.beside, self.registers, place)
        return spread.dates >= FULL_DATES and spread.held >= FULL_COVER * spread.on_weekdays


@dataclass(frozen=True)
class _Spread:
    """Over how many pupils and weeks the rows of a school or a class are spread, and how many they leave out.

    ``held`` counts the days of pupils that have a row; ``on_dates`` all days of the pupils on the roll among
    the dates with rows, ``on_weekdays`` those among the weekdays from the first to the last of them.
    """

    members: int
    pupils: int
    dates: int
    weeks: int
    held: int
    on_dates: int
    on_weekdays: int

    @classmethod
    def of(cls, cells: DayCells, beside: BesideRows, registers: AttendanceRegisters, place: Bools) -> _Spread:
        at_place = place[registers.of_pupil]
        pupils = np.flatnonzero(at_place).astype(np.int32)
        slot, column = np.nonzero(cells.cells[: cells.n_slots, pupils])
        own = at_place[beside.pupil]
        pupil = np.concatenate([pupils[column], beside.pupil[own]])
        date = np.concatenate([cells.date[slot], beside.date[own]])
        held = len(np.unique(day_keys(pupil, date)))
        dates = np.unique(date)
        days = np.arange(dates[0], dates[-1] + 1, dtype=np.int32)
        return cls(
            registers.members(pupils, dates), len(np.unique(pupil)), len(dates),
            len(np.unique((dates + 3) // _WEEK)), held,
            registers.pupil_days(pupils, dates), registers.pupil_days(pupils, days[is_weekday(days)]),
        )  # fmt: skip

    @property
    def leaves_out(self) -> bool:
        """Whether a few absences are those of a register that leaves out who came.

        It does where most class-mates have no row on the dates with rows, be it that each has one on another
        date; a pupil or two have no class-mates, and most of their weekdays no row.
        """
        if self.members >= FEWEST_PUPILS:
            return self.held < FULL_COVER * self.on_dates
        several = self.held >= FEW_ABSENCES and self.weeks >= FEW_WEEKS
        return several and self.held < FULL_COVER * self.on_weekdays


def _have_sessions(cells: DayCells, beside: BesideRows, registers: AttendanceRegisters) -> Bools:
    """Mark the registers with rows of a part of a day."""
    found = np.zeros(len(registers), np.bool_)
    found[registers.of_pupil[beside.pupil[beside.session >= 0]]] = True
    slots = np.flatnonzero(cells.session > 0).astype(np.int32)
    if len(slots):
        found |= _count_rows(cells, slots, registers, np.ones(len(registers), np.bool_))[:, 0] > 0
    return found


_COUNTS = 6


def _count_rows(cells: DayCells, slots: Ints, registers: AttendanceRegisters, wanted: Bools) -> Longs:
    """Count some registers' rows in some slots, those of somebody who came, and the slots with rows.

    Then the same once more, slots first, of the slots in which most pupils on the roll have no row.
    """
    register = np.require(registers.of_pupil, np.int32, ["C", "W"])
    here = np.append(False, _PRESENT)
    pupils = np.flatnonzero(wanted[register]).astype(np.int32)
    first, last = (np.require(days, np.int32, ["C", "W"]) for days in (registers.first, registers.last))
    date = np.require(cells.date, np.int32, ["C", "W"])

    def count(part: slice) -> Longs:
        counts = np.zeros((len(registers), _COUNTS), np.int64)
        day = np.zeros((len(registers), 3), np.int64)
        _add_counts(cells.cells, slots[part], register, pupils, here, (first, last, date), day, counts)
        return counts

    found = in_threads(count, blocks(len(slots), _SLOTS_AT_ONCE))
    return sum(found, np.zeros((len(registers), _COUNTS), np.int64))


@kernel
def _add_counts(  # noqa: PLR0917
    cells: Array,
    slots: Ints,
    register: Ints,
    pupils: Ints,
    here: Bools,
    roll: tuple[Ints, Ints, Ints],
    day: Longs,
    counts: Longs,
) -> None:
    first, last, dates = roll
    for k in range(len(slots)):
        day[:] = 0
        date = dates[slots[k]]
        for pupil in pupils:
            own = day[register[pupil]]
            status = cells[slots[k], pupil] & STATUS
            if status != 0:
                own[0] += 1
                if here[status]:
                    own[1] += 1
            if len(first) == 0 or first[pupil] <= date <= last[pupil]:
                own[2] += 1
        for unit in range(len(day)):
            rows, came, members = day[unit]
            if rows > 0:
                few = 1 if 2 * rows < members else 0
                counts[unit, 0] += rows
                counts[unit, 1] += came
                counts[unit, 2] += 1
                counts[unit, 3] += few
                counts[unit, 4] += rows * few
                counts[unit, 5] += came * few
