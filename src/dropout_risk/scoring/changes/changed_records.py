"""Records as they would stand with something changed: the last days, the latest marks, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats, Longs
from dropout_risk.catalogue.grades import LOOK_BACK
from dropout_risk.catalogue.levers import Lever
from dropout_risk.histories.attendance_bits import PLANES, LateStates
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.statuses import STATUSES

FULL_MARKS, DECIMALS = 1.0, 9
_CLEARED = {"present": STATUSES.absence, "on_time": STATUSES.presence}
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class ChangeableRecords:
    """What the levers can take hold of in some pupils' records, as known on a date.

    ``flags`` are bits of what each of the last school days was, one row per pupil, the last day in the last
    column; ``days`` are their places in the pupil's calendar. ``marks`` are the places of the latest mark of
    each subject among the histories' marks, sorted by pupil: those of pupil ``i`` are
    ``marks[whose[i]:whose[i + 1]]``. ``moved`` says for each of them which levers raise it.
    """

    histories: Histories
    ordinal: int
    levers: tuple[Lever, ...]
    flags: npt.NDArray[np.uint8]
    days: npt.NDArray[np.int32]
    marks: Longs
    whose: Longs
    moved: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, snapshot: Snapshot, levers: Sequence[Lever]) -> Self:
        """Read them off a snapshot of these pupils."""
        width = int(max((lever.most for lever in levers if lever.kind in _CLEARED), default=0))
        parts = [snapshot.days(kind, width) * np.uint8(flag) for kind, flag in PLANES.items()]
        flags = np.bitwise_or.reduce(parts)
        ages = np.arange(flags.shape[1], 0, -1, dtype=np.int32)[None, :]
        row = snapshot.histories.calendar_row[:, None]
        days = snapshot.histories.calendar.index(row, snapshot.dates_before(ages)) if flags.size else flags
        rows, last = snapshot.grades_in(LOOK_BACK).rows, snapshot.grades_in(LOOK_BACK).last
        every = np.arange(len(snapshot.histories.grades.columns["percent"]), dtype=np.int64)
        subjects = [snapshot.histories.words["subject"][code] for code in rows["subject"][last].tolist()]
        moved = [[lever.kind == "marks" and lever.moves(name) for lever in levers] for name in subjects]
        counts = np.bincount(rows["pupil"][last], minlength=len(snapshot))
        return cls(
            histories=snapshot.histories,
            ordinal=snapshot.ordinal,
            levers=tuple(levers),
            flags=flags,
            days=days.astype(np.int32),
            marks=rows.of(every)[last],
            whose=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            moved=np.array(moved, dtype=bool).reshape(len(subjects), len(levers)),
        )

    def days_changed(self, pupil: int, lever: Lever, level: float) -> int:
        """Count the days that a change of attendance would change."""
        return int(np.count_nonzero(self.flags[pupil, self._since(level) :] & _CLEARED[lever.kind]))

    def levels(self, pupil: int, index: int) -> list[int]:
        """Give the steps of a lever that change the record of a pupil, each more than the one before.

        No step would raise a mark above full marks.
        """
        lever = self.levers[index]
        if lever.kind in _CLEARED:
            sizes = [float(self.days_changed(pupil, lever, level)) for level in lever.levels]
        else:
            own = slice(int(self.whose[pupil]), int(self.whose[pupil + 1]))
            marks = self.histories.grades.columns["percent"][self.marks[own][self.moved[own, index]]]
            sizes = [float(len(marks) * level) if _has_room(marks, level) else 0.0 for level in lever.levels]
        before = [0.0, *sizes[:-1]]
        return [
            step + 1
            for step, (size, less) in enumerate(zip(sizes, before, strict=True))
            if size > less + _ROUNDING
        ]

    def with_steps(self, pupils: Longs, steps: Longs) -> Histories:
        """Give histories in which row ``i`` is a pupil with so many steps of each lever, 0 for none."""
        taken = self.histories.take(pupils)
        levels = np.column_stack(
            [np.array([0.0, *lever.levels])[own] for lever, own in zip(self.levers, steps.T, strict=True)]
        )
        bits = replace(taken.attendance, late=self._late(taken.attendance.late, pupils, levels))
        percent = self._percent(taken.grades.offsets, taken.grades.columns["percent"], pupils, levels)
        columns = taken.grades.columns | {"percent": percent}
        runs = {**taken.runs, "grades": replace(taken.grades, columns=columns)}
        changed = replace(taken, attendance=bits, runs=runs)
        return changed.in_registers(taken.registers)

    def _since(self, level: float) -> int:
        width: int = self.flags.shape[1]
        return max(width - round(level), 0)

    def _late(self, late: LateStates, pupils: Longs, levels: Floats) -> LateStates:
        """Enter the changed days like corrections that became known on the day before the date."""
        flags = self.flags[pupils]
        age = np.arange(flags.shape[1], 0, -1)
        changed = flags.copy()
        for lever, level in zip(self.levers, levels.T, strict=True):
            if lever.kind in _CLEARED:
                cleared = np.where(
                    age <= np.round(level)[:, None], np.uint8(_CLEARED[lever.kind]), np.uint8(0)
                )
                changed &= ~cleared
        row, column = np.nonzero(changed != flags)
        known = np.full(len(row), self.ordinal - 1, dtype=np.int32)
        new = (row.astype(np.int32), self.days[pupils][row, column], known, changed[row, column])
        old = (late.pupil, late.day, late.known, late.flags)
        every = LateStates(*(np.concatenate([before, now]) for before, now in zip(old, new, strict=True)))
        order = np.lexsort(
            [every.known, every.day, every.pupil]
        )  # stable: of one day and date, the change last
        return LateStates(every.pupil[order], every.day[order], every.known[order], every.flags[order])

    def _percent(self, offsets: Longs, percent: Floats, pupils: Longs, levels: Floats) -> Floats:
        """Raise the latest marks, where they stand among the rows of the taken pupils."""
        counts = np.diff(self.whose)[pupils]
        row = np.repeat(np.arange(len(pupils)), counts)
        mark = np.repeat(self.whose[pupils] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        own = self.marks[mark] - self.histories.grades.offsets[pupils][row] + offsets[row]
        rise = (self.moved[mark] * levels[row]).sum(axis=1)
        raised = percent.copy()
        raised[own] = _raise_marks(percent[own], rise)
        return raised


def _has_room(marks: Floats, level: float) -> bool:
    """Say whether all of some marks can rise by so much."""
    return bool(len(marks)) and bool((marks + level <= FULL_MARKS + _ROUNDING).all())


def _raise_marks(marks: Floats, rise: Floats) -> Floats:
    """Raise marks up to full marks; one above full marks stays, and one that reaches a pass mark is at it."""
    raised = np.minimum(np.round(marks + rise, DECIMALS), FULL_MARKS)
    return np.where(rise > 0, np.maximum(raised, marks), marks)
