"""A day's rows added to a store: checked, numbered, and written beside the base, which is not written anew.

The cost is that of the day, and a fixed part: the students and the calendar of the store are read, and with
them the compressed bytes of its parts, whose check sums are looked at.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Bools, Ints, Longs
from dropout_risk.histories.append import (
    Arrivals,
    closed_days,
    fold_arrivals,
    grown_calendar,
    grown_observed,
    refuse_parts_of_days,
    union_of_students,
)
from dropout_risk.histories.histories import Histories, Observed
from dropout_risk.histories.places import with_spells
from dropout_risk.histories.refused_runs import REFUSED
from dropout_risk.histories.store import State, add_part, change_store, load_histories, read_parts, read_state
from dropout_risk.histories.store_format import (
    pack_arrivals,
    read_arrays,
    read_students,
    unpack_calendar,
    unpack_closed,
    unpack_observed,
)
from dropout_risk.records.checking import KnownPupils
from dropout_risk.records.days.calendar import SchoolCalendar
from dropout_risk.records.pupils.spells import SPELLS
from dropout_risk.records.school_records import SchoolRecords

MANY_DAYS = 32
_CALENDAR = ("calendar.", "observed.", "closed.")


class Appended(NamedTuple):
    """What an append did.

    Attributes
    ----------
    is_new : bool
        Whether anything arrived that the store did not hold already.
    n_days : int
        The number of parts that the store holds beside its base.
    n_recounted : int
        The number of schools that got a school day which lies before their last attendance: the days
        after it are counted anew, and scores of dates that have passed may change.
    """

    is_new: bool
    n_days: int
    n_recounted: int = 0


class _Outline(NamedTuple):
    """What must be known of a store to add to it: not its rows."""

    students: pa.Table
    calendar: SchoolCalendar
    observed: Observed
    has_sessions: bool


@dataclass(frozen=True)
class _KnownToStore(KnownPupils):
    """What a store knew, and the state in which it was read."""

    state: State
    outline: _Outline


def known_to(folder: str | Path) -> KnownPupils:
    """Give the pupils and school days that a store knows, for checking the records of a day."""
    folder = Path(folder)
    state = read_state(folder)
    outline = _read_outline(folder, state)
    return _KnownToStore(outline.students, outline.calendar, state, outline)


def append_day(folder: str | Path, records: SchoolRecords, *, wait: float | None = None) -> Appended:
    """Add the rows of one or a few days to a store.

    The same rows a second time change nothing, and neither does a whole file that arrives again after
    another has corrected it; a part of such a file counts as a new correction.

    Parameters
    ----------
    folder : path
        The store.
    records : SchoolRecords
        What arrived, read with ``known=known_to(folder)``; ``students`` may be missing or hold only the
        pupils who are new or changed.
    wait : float, optional
        Seconds to wait for another process that writes to the store, by default ten.

    Raises
    ------
    RecordsError
        If some sessions of a known day arrive without the others, if a pupil's recorded days are no school
        days of the pupil's new school, or if a calendar closes a day that has passed.
    StoreError, StoreBusyError
        If the store cannot be written, or another process is writing to it; it is as it was before.
    """
    folder = Path(folder)
    read_state(folder)
    new = Histories.from_records(records)
    with change_store(folder, wait) as lock:
        state = read_state(folder)
        known = records.known
        if isinstance(known, _KnownToStore) and known.state == state:
            outline = known.outline
        else:
            outline = _read_outline(folder, state)
        n_days = len(state["parts"]) - 1
        given = _given_students(new.students, records.known, outline.students)
        students, old_rows, _ = union_of_students(outline.students, given)
        arrivals = Arrivals.of(new).moved(_rows_in(students, new.students), students.num_rows)
        closed = closed_days(records.table("calendar"), outline.calendar.schools)
        arrivals = replace(
            arrivals, students=given.filter(pa.array(_differing_rows(outline.students, given)))
        )
        arrivals = _without_known_days(arrivals, outline, closed)
        printed = _arrivals_fingerprint(arrivals, students)
        same = not (arrivals.students.num_rows or arrivals.calendar.lengths.any() or arrivals.closed)
        if same and (printed in state["arrived"] or not _has_rows(arrivals)):
            return Appended(False, n_days)
        grown_calendar(outline.calendar, outline.observed, [arrivals])
        if outline.has_sessions or _changes_schools(outline.students, students, old_rows):
            old = load_histories(folder)
            refuse_parts_of_days(old, old_rows, arrivals)
            fold_arrivals(old, [arrivals], students, old_rows)
        state["arrived"] = [*state["arrived"], printed]
        add_part(folder, lock, state, (arrivals.students, *pack_arrivals(arrivals)))
    return Appended(True, n_days + 1, _count_recounted(arrivals, outline))


def _read_outline(folder: Path, state: State) -> _Outline:
    def read() -> _Outline:
        students, has_sessions, parts = None, False, list[Arrivals]()
        for part in state["parts"]:
            own = read_students(folder / part["name"], part["files"])
            students = own if students is None else union_of_students(students, own)[0]
            arrays, about = read_arrays(folder / part["name"], part["files"], _CALENDAR)
            has_sessions |= bool(about["sessions"])
            closed = unpack_closed(arrays, about) if parts else {}
            calendar, observed = unpack_calendar(arrays, about), unpack_observed(arrays, about)
            parts.append(Arrivals(own.slice(0, 0), calendar, {}, {}, observed, closed=closed))
        grown = grown_calendar(parts[0].calendar, parts[0].observed, parts[1:])
        return _Outline(students, grown, grown_observed(grown, parts), has_sessions)

    return read_parts(folder, read)


def _given_students(students: pa.Table, known: KnownPupils | None, stored: pa.Table) -> pa.Table:
    """Give the rows of students that the records brought, and not what they took over from the store."""
    if known is None:
        return students
    there = pc.is_in(students["student_id"], value_set=stored["student_id"].combine_chunks())
    return students.filter(pa.array(_differing_rows(known.students, students) | ~there.to_numpy()))


def _differing_rows(old: pa.Table, new: pa.Table) -> Bools:
    """Mark the new rows that have no old one, or another."""
    if old["student_id"].equals(new["student_id"]):
        then = old
    else:
        place = pc.index_in(new["student_id"], value_set=old["student_id"].combine_chunks())
        then = old.take(place.combine_chunks() if isinstance(place, pa.ChunkedArray) else place)
    then, new = with_spells(then, new), with_spells(new, then)
    differs = np.zeros(new.num_rows, bool)
    if SPELLS in new.column_names:  # lists, which Arrow does not compare
        pairs = zip(new[SPELLS].to_pylist(), then[SPELLS].to_pylist(), strict=True)
        differs = np.array([now != before for now, before in pairs], bool)
    for name in [name for name in new.column_names if name != SPELLS]:
        now, before = new[name].cast(then[name].type), then[name]
        if not now.equals(before):
            same = pc.if_else(
                pc.is_valid(now), pc.fill_null(pc.equal(now, before), False), pc.is_null(before)
            )
            differs |= ~same.to_numpy()
    return differs


def _rows_in(students: pa.Table, part: pa.Table) -> Longs:
    if students["student_id"].equals(part["student_id"]):
        return np.arange(students.num_rows)
    ids = part["student_id"].cast(students["student_id"].type)
    place = pc.index_in(ids, value_set=students["student_id"].combine_chunks())
    rows: Longs = place.to_numpy().astype(np.int64)
    return rows


def _without_known_days(arrivals: Arrivals, outline: _Outline, closed: dict[str, Ints]) -> Arrivals:
    """Leave out the school days and closed days that the store knows as they are."""
    calendar = arrivals.calendar
    days, since = {}, {}
    for school in calendar.schools:
        days[school], since[school] = calendar.days_of(school)
        held, from_ = outline.calendar.days_of(school)
        place = np.searchsorted(held, days[school]).clip(max=max(len(held) - 1, 0))
        if len(held):
            fresh = (held[place] != days[school]) | (from_[place] > since[school])
            days[school], since[school] = days[school][fresh], since[school][fresh]
    shut = {
        school: dates[np.isin(dates, outline.calendar.days_of(school)[0])] for school, dates in closed.items()
    }
    return replace(
        arrivals,
        calendar=SchoolCalendar.from_days(days, known=since, year_start=calendar.year_start),
        closed={school: dates for school, dates in shut.items() if len(dates)},
    )


def _count_recounted(arrivals: Arrivals, outline: _Outline) -> int:
    """Count the schools that get a school day, known by then, before the last attendance stored."""
    last = dict(zip(outline.calendar.schools, outline.observed.attended.tolist(), strict=True))
    added = ((school, *arrivals.calendar.days_of(school)) for school in arrivals.calendar.schools)
    return sum(
        bool((np.maximum(dates, known) < last.get(school, -1)).any()) for school, dates, known in added
    )


def _has_rows(arrivals: Arrivals) -> bool:
    return any(runs.offsets[-1] for runs in arrivals.runs.values()) or bool(arrivals.set_apart)


def _changes_schools(old: pa.Table, students: pa.Table, old_rows: Longs) -> bool:
    return not students["school_id"].take(pa.array(old_rows)).equals(old["school_id"])


def _arrivals_fingerprint(arrivals: Arrivals, students: pa.Table) -> str:
    """Give SHA-256 over the rows that arrived, by the ids of their pupils, whatever else the store holds."""
    digest = hashlib.sha256(repr((sorted(arrivals.words.items()), arrivals.set_apart)).encode())
    for name, runs in arrivals.runs.items():
        if name == REFUSED and not runs.offsets[-1]:  # as it was before stores held them
            continue
        counts = np.diff(runs.offsets)
        pupils = np.flatnonzero(counts)
        ids = students["student_id"].take(pa.array(pupils))
        digest.update(f"{name} {len(pupils)}".encode())
        if pa.types.is_integer(ids.type):
            digest.update(np.ascontiguousarray(ids.to_numpy()).data)
        else:
            digest.update("\x00".join(ids.to_pylist()).encode())
        digest.update(np.ascontiguousarray(counts[pupils]).data)
        for column, values in runs.columns.items():
            if column != "day":  # counted in the calendar of the day alone
                digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
