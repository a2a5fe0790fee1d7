"""Growing histories by newly arrived records, without reading the old ones again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.errors import RecordsError
from dropout_risk.histories.attendance_bits import PLANES, AttendanceBits, Bits, LateStates, packed_counts
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.observed import Observed
from dropout_risk.histories.runs import Runs
from dropout_risk.records.calendar import SchoolCalendar

_CODED = {
    "grades": ("subject", "exam"), "wellbeing": ("instrument", "scale", "norm"),
    "family": ("factor", "value"), "outcomes": ("event",), "totals": (),
}  # fmt: skip


def append(old: Histories, new: Histories) -> Histories:
    """Give histories that know both the old and the newly arrived rows.

    Appending the same records twice changes nothing. A row with the key of a former one takes its place
    from the day on which it became known; with the same such day, it takes its place altogether. The
    sessions of one day must arrive together: a day with several of them can be sent again, with its
    corrections, but only with all rows that told of it first.

    Parameters
    ----------
    old, new : Histories
        ``new`` holds at least the pupils whose rows arrived; what it says of a pupil's master data
        (class, responsible teacher, leaving) replaces what the old said.

    Raises
    ------
    RecordsError
        If a pupil changed to a school whose calendar lacks some of the pupil's recorded days, or if some
        of the sessions of a known day arrive without the others.
    """
    students, old_rows, new_rows = _union_of_students(old.students, new.students)
    calendar = _union_of_calendars(old.calendar, new.calendar)
    names = pc.fill_null(students["school_id"], "").to_pylist()
    row = np.array([calendar.row_of(name) for name in names], dtype=np.int32)
    words = {
        name: tuple(sorted({*old.words.get(name, ()), *new.words.get(name, ())}))
        for name in old.words | new.words
    }
    runs = {}
    for table, coded in _CODED.items():
        parts = [
            _moved(
                getattr(part, table),
                rows,
                {name: _recode(part.words.get(name, ()), words[name]) for name in coded},
            )
            for part, rows in ((old, old_rows), (new, new_rows))
        ]
        runs[table] = _merged(*parts, n_pupils=len(names), calendar=calendar, row=row)
    n_days = int(calendar.lengths.max(initial=0))
    bits = [
        _moved_bits(part, rows, calendar, row, n_pupils=len(names), n_days=n_days)
        for part, rows in ((old, old_rows), (new, new_rows))
    ]
    return replace(
        old, students=students, calendar=calendar, calendar_row=row, words=words,
        attendance=_merged_bits(*bits), observed=_observed(old, new, calendar),
        set_apart=_set_apart(old, new, students), **runs,
    )  # fmt: skip


def _set_apart(old: Histories, new: Histories, students: pa.Table) -> tuple[str | int, ...]:
    """Name the pupils who were set apart and still have no row."""
    named = {*old.set_apart, *new.set_apart}
    if named:
        named -= set(students["student_id"].to_pylist())
    return tuple(sorted(named, key=lambda student: (isinstance(student, str), student)))


def _observed(old: Histories, new: Histories, calendar: SchoolCalendar) -> Observed:
    moved = [
        part.observed.moved(
            np.array([calendar.row_of(name) for name in part.calendar.schools], dtype=np.intp),
            len(calendar.schools),
        )
        for part in (old, new)
    ]
    return moved[0].merged(moved[1])


Rows = npt.NDArray[np.int64]
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class _Days:
    """One part's attendance laid out over the joint calendar: flags, late states, sessions by day."""

    states: Bits
    late: LateStates
    sessions: Bits

    def first_known(self) -> npt.NDArray[np.int32]:
        """Give the date on which each day first became known: zero for those known by their own date."""
        first = np.where(self.states != 0, 0, _NEVER).astype(np.int32)
        np.minimum.at(first, (self.late.pupil, self.late.day), self.late.known)
        return first


def _union_of_students(old: pa.Table, new: pa.Table) -> tuple[pa.Table, Rows, Rows]:
    """Give all pupils sorted by id, and the new row number of each old and each new pupil."""
    new = new.cast(old.schema)
    stays = pc.invert(pc.is_in(old["student_id"], value_set=new["student_id"].combine_chunks()))
    union = pa.concat_tables([old.filter(stays), new]).sort_by("student_id").combine_chunks()
    ids = union["student_id"].combine_chunks()
    places = [
        pc.index_in(part["student_id"], value_set=ids).to_numpy().astype(np.int64) for part in (old, new)
    ]
    return union, places[0], places[1]


def _union_of_calendars(old: SchoolCalendar, new: SchoolCalendar) -> SchoolCalendar:
    schools = sorted({*old.schools, *new.schools})
    both = {school: [old.days_of(school), new.days_of(school)] for school in schools}
    days = {school: np.concatenate([part for part, _ in parts]) for school, parts in both.items()}
    known = {school: np.concatenate([part for _, part in parts]) for school, parts in both.items()}
    return SchoolCalendar.from_days(days, known=known, year_start=old.year_start)


def _recode(words: tuple[str, ...], union: tuple[str, ...]) -> npt.NDArray[np.int32]:
    place = {word: code for code, word in enumerate(union)}
    return np.array([*(place[word] for word in words), -1], dtype=np.int32)


def _moved(runs: Runs, rows: Rows, codes: dict[str, npt.NDArray[np.int32]]) -> tuple[Rows, Runs]:
    columns = runs.columns | {name: code[runs.columns[name]] for name, code in codes.items()}
    return rows[runs.pupil], replace(runs, columns=columns)


def _merged(
    old: tuple[Rows, Runs],
    new: tuple[Rows, Runs],
    *,
    n_pupils: int,
    calendar: SchoolCalendar,
    row: npt.NDArray[np.int32],
) -> Runs:
    pupil = np.concatenate([old[0], new[0]])
    columns = {name: np.concatenate([old[1].columns[name], new[1].columns[name]]) for name in old[1].columns}
    columns["day"] = calendar.index(row[pupil], columns["date"])
    age = np.repeat([0, 1], [len(old[0]), len(new[0])])
    key = [age, columns["known"], *(columns[name] for name in reversed(old[1].key)), pupil]
    order = np.lexsort(key)
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in key[1:]:
        same &= column[order][1:] == column[order][:-1]
    kept = order[np.append(~same, np.ones(min(len(order), 1), dtype=bool))]
    return Runs.from_rows(
        pupil[kept], {name: column[kept] for name, column in columns.items()}, old[1].key, n_pupils=n_pupils
    )


def _moved_bits(
    part: Histories,
    rows: Rows,
    calendar: SchoolCalendar,
    row: npt.NDArray[np.int32],
    *,
    n_pupils: int,
    n_days: int,
) -> _Days:
    """Lay one part's states out over the joint calendar."""
    states, sessions = (np.zeros((n_pupils, n_days), dtype=np.uint8) for _ in range(2))
    flags = np.zeros((len(part), part.attendance.n_days), dtype=np.uint8)
    for name, flag in PLANES.items():
        flags |= np.unpackbits(part.attendance.planes[name], axis=1, bitorder="little") * np.uint8(flag)
    pupil, day = np.nonzero(flags)
    date = part.calendar.day(part.calendar_row[pupil], day)
    states[rows[pupil], _day_in(calendar, row[rows[pupil]], date)] = flags[pupil, day]
    counts = part.attendance.several_sessions()
    pupil, day = np.nonzero(counts)
    date = part.calendar.day(part.calendar_row[pupil], day)
    sessions[rows[pupil], _day_in(calendar, row[rows[pupil]], date)] = counts[pupil, day]
    late = part.attendance.late
    late_date = part.calendar.day(part.calendar_row[late.pupil], late.day)
    moved = rows[late.pupil]
    late_day = _day_in(calendar, row[moved], late_date)
    return _Days(states, LateStates(moved.astype(np.int32), late_day, late.known, late.flags), sessions)


def _day_in(
    calendar: SchoolCalendar, row: npt.NDArray[np.int32], date: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """Give the place of each date among the school days of a calendar that has them all."""
    place = calendar.index(row, date)
    elsewhere = (place < 0) | (calendar.day(row, place) != date)
    if elsewhere.any():
        raise RecordsError(
            f"{int(elsewhere.sum())} recorded day(s) are no school days of the pupil's new school.",
            hint="a pupil changed to a school with another calendar: build the histories from all records",
        )
    return place


def _refuse_parts_of_days(old: _Days, new: _Days) -> None:
    """Refuse a batch with some sessions of a day whose other sessions only the old histories know."""
    if not old.sessions.any():
        return
    before, after = old.first_known(), new.first_known()
    again = (old.sessions > 0) & (after != _NEVER)
    in_part = again & ((new.sessions < old.sessions) | (after > before))
    if in_part.any():
        raise RecordsError(
            f"{int(in_part.sum())} known day(s) with several sessions arrive again with only a part of them.",
            hint="send all rows of such a day again beside its corrections, "
            "or build the histories from all records",
        )


def _merged_bits(old: _Days, new: _Days) -> AttendanceBits:
    _refuse_parts_of_days(old, new)
    states = np.where(new.states != 0, new.states, old.states)
    sessions = np.where(new.sessions != 0, new.sessions, old.sessions)
    width = 8 * max((states.shape[1] + 7) // 8, 1)
    states, sessions = (np.pad(of, ((0, 0), (0, width - of.shape[1]))) for of in (states, sessions))
    planes = {
        name: np.packbits(states & flag != 0, axis=1, bitorder="little") for name, flag in PLANES.items()
    }
    late = {
        name: np.concatenate([getattr(old.late, name), getattr(new.late, name)])
        for name in LateStates.__dataclass_fields__
    }
    age = np.repeat([0, 1], [len(old.late.pupil), len(new.late.pupil)])
    order = np.lexsort([age, late["known"], late["day"], late["pupil"]])
    late = {name: column[order] for name, column in late.items()}
    last = np.ones(len(order), dtype=bool)
    same = [late[name][1:] == late[name][:-1] for name in ("pupil", "day", "known")]
    last[:-1] = ~np.logical_and.reduce(same) if len(order) else last[:-1]
    late_states = LateStates(**{name: column[last] for name, column in late.items()})
    return AttendanceBits(planes, late_states, packed_counts(sessions))
