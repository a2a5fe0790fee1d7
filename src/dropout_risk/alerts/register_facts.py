"""What registers say and leave unsaid on a date: facts of their own, told by rule whatever the model says.

A pupil without a row while class-mates have them, a class whose register stops, a day on which everybody of a
class is absent: none of it is a pupil's attendance, and each is told as what it is. All of it is found from
everybody at once, so that it does not depend on which pupils are asked about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints, Longs, Positions, Words
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.day_words import newest_and_oldest
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.kernels import blocks, kernel
from dropout_risk.records.days.calendar import ALWAYS_KNOWN
from dropout_risk.settings import RegisterSettings

_PUPILS_AT_ONCE = 16384
_SHARE_HANDED_IN = 0.25
"""A day on which fewer of those whose attendance is kept have a row is none on which others are missed."""
_PART_OF_CLASS = 0.6
"""Classes that come in turns have rows for fewer on each day."""
_ALL_BUT_FEW = 0.95
"""Where more than a twentieth of a class came, somebody kept the register: who was absent is told of too."""
_WORD = 64


@dataclass(frozen=True, eq=False)
class ClassDays:
    """The last 64 school days of each register, the last one before the date in the highest bit.

    ``handed_in`` marks days with a row of anybody at school on the date; ``asked`` those on which so many of
    those with a row were absent that it is asked about, ``all_absent`` those among them on which it was all
    but a twentieth, and ``nearly`` those on which somebody was there. ``of_schools`` marks the days with a
    row of anybody at each school.
    """

    handed_in: Words
    asked: Words
    all_absent: Words
    nearly: Words
    of_schools: Words


@dataclass(frozen=True, eq=False)
class RegisterFacts:
    """What registers say of each pupil on a date.

    Parameters
    ----------
    silent : int32 array
        Days on which the pupil's class has rows since the pupil's last one; 0 where it has one on the last.
    silent_since : int32 array
        The age of the first of them: see ``histories.day_words``.
    last : int32 array
        The age of the pupil's last recorded day; 0 where there is none.
    missing : int32 array
        School days since the last one for which the class handed in; 0 where it did for none of the last 64.
    all_absent : uint64 array
        The days on which all but a few of the pupil's class were absent, as in :class:`ClassDays`; a day on
        which the pupil was there is none of them.
    stale : bool array
        Whether nothing recent is known of the pupil's attendance.
    unit : int32 array
        The number of the pupil's register in ``classes``.
    classes : ClassDays or None
        None where nothing is known of class-mates.
    """

    silent: Ints
    silent_since: Ints
    last: Ints
    missing: Ints
    all_absent: Words
    stale: Bools
    unit: Ints
    classes: ClassDays | None

    @classmethod
    def of(cls, snapshot: Snapshot, settings: RegisterSettings) -> Self:
        """Look at everybody of a snapshot; only who is at school on its date counts for a class."""
        histories = snapshot.histories
        if histories.registers.alone:
            return cls._alone(snapshot, settings)
        registers, members = histories.registers, members_on(snapshot)
        n_units = len(registers)
        size = np.bincount(registers.unit[members], minlength=n_units)
        handed_in = np.zeros(n_units, np.uint64)
        counted = np.flatnonzero(size >= settings.whole_class_pupils)
        place = np.full(n_units, -1, np.int32)
        place[counted] = np.arange(len(counted), dtype=np.int32)
        counts = np.zeros((len(counted), 2, _WORD), np.int32)
        last, held = np.zeros(len(snapshot), np.int32), np.zeros((2, len(snapshot)), np.uint64)
        for part in blocks(len(snapshot), _PUPILS_AT_ONCE):
            own = snapshot.slice(part)
            if not own.n_days:
                continue
            recorded, absent = own.words("recorded"), own.words("absent")
            last[part] = newest_and_oldest(recorded, own.ages(None))[0]
            held[:, part] = recorded[:, -1], absent[:, -1]
            _add_days(registers.unit[part], place, members[part], recorded, absent, handed_in, counts)
        kept = np.bincount(registers.unit[members & (held[0] != 0)], minlength=n_units)
        days = _SharedDays.of(handed_in, counts[:, 0], counted, kept)
        handed_in, schools = _with_schools(histories, handed_in)
        days = replace(days, many=_with_schools(histories, days.many)[0])
        classes = ClassDays(handed_in, *_mostly_absent(counts, counted, size, settings), schools)
        return cls._of_pupils(snapshot, classes, last, (held, days), settings)

    @classmethod
    def _of_pupils(
        cls,
        snapshot: Snapshot,
        classes: ClassDays,
        last: Ints,
        told: tuple[Words, _SharedDays],
        settings: RegisterSettings,
    ) -> Self:
        histories = snapshot.histories
        unit = histories.registers.unit
        (recorded, absent), shared = told
        of_class, many = classes.handed_in[unit], shared.many[unit]
        age = np.minimum(np.where(last == 0, _days_at_school(snapshot), last - 1), _WORD).astype(np.int32)
        silent, since = _days_after(many, age)
        turns = _come_in_turns(recorded, many, shared.part[unit], age, silent)
        silent[turns], since[turns] = 0, 0
        missing = np.where(of_class == 0, 0, _WORD - _bit_lengths(of_class)).astype(np.int32)
        stale = _stale_pupils(snapshot, last, settings)
        all_absent = classes.all_absent[unit] & ~(recorded & ~absent)
        return cls(silent, since, last, missing, all_absent, stale, unit, classes)

    @classmethod
    def _alone(cls, snapshot: Snapshot, settings: RegisterSettings) -> Self:
        """Look at pupils whose class-mates are not there, as in a request: each has a register of its own."""
        histories = snapshot.histories
        n = len(snapshot)
        ended = histories.registers.spans_on(snapshot.ordinal, snapshot.histories.calendar)[1]
        last = np.zeros(n, np.int32)
        if snapshot.n_days:
            last = newest_and_oldest(snapshot.words("recorded"), snapshot.ages(None))[0]
        kept_to = np.maximum(snapshot.end - 1 - ended[histories.registers.unit], 0)
        until = np.where(last == 0, _days_at_school(snapshot), last - 1)
        silent = np.where(ended[histories.registers.unit] >= 0, until - kept_to, 0)
        silent = np.maximum(silent, 0).astype(np.int32)
        nothing = np.zeros(n, np.int32)
        return cls(
            silent, (kept_to + silent).astype(np.int32), last, nothing, np.zeros(n, np.uint64),
            _stale_pupils(snapshot, last, settings), histories.registers.unit, None,
        )  # fmt: skip

    def take(self, pupils: Positions) -> Self:
        """Give the facts of some pupils, in the given order."""
        names = ("silent", "silent_since", "last", "missing", "all_absent", "stale", "unit")
        return replace(self, **{name: getattr(self, name)[pupils] for name in names})

    def __len__(self) -> int:
        return len(self.last)


@dataclass(frozen=True, eq=False)
class _SharedDays:
    """The days of each register with rows of many, and those among them with rows of a part of the class."""

    many: Words
    part: Words

    @classmethod
    def of(cls, handed_in: Words, rows: Array, counted: Positions, kept: Longs) -> Self:
        """Look at the registers that are large enough; in others a row of anybody is one of many."""
        size = kept[counted][:, None]
        few = _register_words(rows < _SHARE_HANDED_IN * size, counted, len(handed_in))
        part = _register_words(rows < _PART_OF_CLASS * size, counted, len(handed_in))
        many = handed_in & ~few
        return cls(many, many & part)


def _with_schools(histories: Histories, words: Words) -> tuple[Words, Words]:
    """Give pupils without a class the days of their school, and the days of the schools."""
    registers = histories.registers
    schools = np.zeros(len(histories.calendar.schools), np.uint64)
    np.bitwise_or.at(schools, registers.row, words)
    without_class = np.arange(len(words)) >= len(histories.classes.names)
    without_class &= np.array(histories.calendar.schools)[registers.row] != ""
    return np.where(without_class, schools[registers.row], words), schools


@kernel
def _come_in_turns(recorded: Words, many: Words, part: Words, ages: Ints, silent: Ints) -> Bools:
    """Mark pupils who are missed for no longer than once before, while only a part of the class has rows."""
    found = np.zeros(len(recorded), np.bool_)
    for k in range(len(recorded)):
        if silent[k] == 0 or recorded[k] == 0:
            continue
        others, gap, longest = False, 0, 0
        for age in range(64, 0, -1):
            bit = np.uint64(64 - age)
            if age <= ages[k]:
                others = others or (many[k] & ~part[k]) >> bit & np.uint64(1) != 0
            elif recorded[k] >> bit & np.uint64(1):
                longest = max(longest, gap)
                gap = 1
            elif gap and part[k] >> bit & np.uint64(1):
                gap += 1
        found[k] = not others and longest - 1 >= silent[k]
    return found


def _days_at_school(snapshot: Snapshot) -> Ints:
    """Count the school days before the date since a pupil was enrolled, at most those of the school year."""
    enrolled = snapshot.student_dates("enrolled_on")
    row = snapshot.histories.calendar_row
    since = snapshot.end - snapshot.calendar.index(row, np.maximum(enrolled, 0))
    of_year = snapshot.end - snapshot.year_start
    days: Ints = np.clip(np.where(enrolled == -1, of_year, np.minimum(since, of_year)), 0, None)
    return days


def _stale_pupils(snapshot: Snapshot, last: Ints, settings: RegisterSettings) -> Bools:
    """Say of whom nothing recent is known: neither a day nor a period of totals.

    Days are counted in school days as long as the calendar says which these are, else by their dates.
    """
    calendar, row = snapshot.calendar, snapshot.histories.calendar_row
    lengths = calendar.lengths
    every = np.arange(len(lengths))
    latest = calendar.days[every, np.maximum(lengths - 1, 0)]
    planned = (lengths > 0) & (calendar.known[every, np.maximum(lengths - 1, 0)] == ALWAYS_KNOWN)
    ran_out = (lengths == 0) | ~planned | (latest < snapshot.ordinal - settings.recent_days)
    date = np.where(last > 0, snapshot.dates_before(np.maximum(last, 1)), -1)
    old = snapshot.ordinal - date > settings.recent_days
    stale = (last == 0) | (last - 1 > settings.recent_school_days) | (ran_out[row] & old)
    totals = snapshot.rows("totals")
    if len(totals["pupil"]):
        until = np.full(len(snapshot), -1, np.int64)
        np.maximum.at(until, totals["pupil"], totals["date"])
        stale &= snapshot.ordinal - until > settings.recent_totals_days
    return np.asarray(stale)


def _mostly_absent(
    counts: Array, counted: Positions, size: Longs, settings: RegisterSettings
) -> tuple[Words, Words, Words]:
    """Mark the days of large registers to ask about, those without alerts, and those when somebody came."""
    recorded, absent = counts[:, 0], counts[:, 1]
    many = (recorded >= settings.whole_class_pupils) & (2 * recorded >= size[counted][:, None])
    asked = many & (absent >= settings.whole_class_share * recorded)
    days = (asked, asked & (absent >= _ALL_BUT_FEW * recorded), asked & (absent < recorded))
    first, second, third = (_register_words(part, counted, len(size)) for part in days)
    return first, second, third


def _register_words(days: Bools, counted: Positions, number: int) -> Words:
    """Write the days of some registers, of so many, as words."""
    words = np.zeros(number, np.uint64)
    if len(counted):
        words[counted] = np.packbits(days, axis=1, bitorder="little").view(np.uint64)[:, 0]
    return words


@kernel
def _bit_lengths(words: Words) -> Longs:
    """Give the place of the highest bit, counted from one; 0 where there is none."""
    found = np.zeros(len(words), np.int64)
    for k in range(len(words)):
        word = words[k]
        while word != np.uint64(0):
            found[k] += 1
            word >>= np.uint64(1)
    return found


@kernel
def _days_after(words: Words, ages: Ints) -> tuple[Ints, Ints]:
    """Count the days younger than an age (at most that old), and give the age of the oldest of them."""
    number, oldest = np.zeros(len(words), np.int32), np.zeros(len(words), np.int32)
    for k in range(len(words)):
        for age in range(1, min(ages[k], 64) + 1):
            if words[k] >> np.uint64(64 - age) & np.uint64(1):
                number[k] += 1
                oldest[k] = age
    return number, oldest


@kernel
def _add_days(  # noqa: PLR0917
    unit: Ints, place: Ints, members: Bools, recorded: Words, absent: Words, handed_in: Words, counts: Array
) -> None:
    newest = recorded.shape[1] - 1
    for pupil in range(len(unit)):
        if not members[pupil]:
            continue
        word, away, own = recorded[pupil, newest], absent[pupil, newest], place[unit[pupil]]
        handed_in[unit[pupil]] |= word
        if own < 0:
            continue
        for bit in range(64):
            if word >> np.uint64(bit) & np.uint64(1):
                counts[own, 0, bit] += 1
                if away >> np.uint64(bit) & np.uint64(1):
                    counts[own, 1, bit] += 1
