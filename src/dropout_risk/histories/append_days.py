"""How packed attendance grows: the days that arrived are written over the planes, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dropout_risk.errors import RecordsError
from dropout_risk.histories.arrivals import (
    Arrivals,
    Rows,
    days_of,
    late_of,
    moved,
    runs_of_late,
)
from dropout_risk.histories.attendance_bits import COUNT_BITS, PLANES, AttendanceBits, Bits, LateStates
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.merging import merged
from dropout_risk.histories.runs import Runs
from dropout_risk.kernels import kernel
from dropout_risk.records.calendar import SchoolCalendar

Ints = npt.NDArray[np.int32]
_NEVER = np.iinfo(np.int32).max


class Grown(NamedTuple):
    """Where everything goes in grown histories.

    Attributes
    ----------
    calendar : SchoolCalendar
        The grown calendar.
    row : int32 array
        The number of each pupil's calendar.
    old_rows : int64 array
        The row of each old pupil.
    valid_to : int32 array
        The date up to which each pupil's dates have the same school day as before.
    """

    calendar: SchoolCalendar
    row: Ints
    old_rows: Rows
    valid_to: Ints


def merged_days(old: Histories, arrivals: Sequence[Arrivals], grown: Grown) -> AttendanceBits:
    """Lay the old days out over the grown calendar, and write over them what arrived, in order."""
    calendar, row, old_rows, _ = grown
    n_bytes = max((int(calendar.lengths.max(initial=0)) + 7) // 8, 1)
    several = old.attendance.sessions.shape[1] > 0
    several |= any(part.runs["days"].columns["sessions"].any() for part in arrivals)
    planes = np.zeros((len(PLANES), len(row), n_bytes), np.uint8)
    sessions = np.zeros((len(row), COUNT_BITS if several else 0, n_bytes), np.uint8)
    stays = _stays(old, grown)
    _copy(old, stays, old_rows, planes, sessions)
    again = days_of(old, np.flatnonzero(~stays))
    rows = old_rows[~stays]
    for runs, pupils in [(again, rows), *((part.runs["days"], None) for part in arrivals)]:
        pupil = runs.pupil if pupils is None else pupils[runs.pupil].astype(np.int32)
        day = _day_in(calendar, row[pupil], runs.columns["date"])
        _write(pupil, day, runs.columns["flags"], runs.columns["sessions"], planes, sessions)
    return AttendanceBits(
        dict(zip(PLANES, planes, strict=True)), _late(old, arrivals, grown, bool(stays.all())), sessions
    )


def _stays(old: Histories, grown: Grown) -> npt.NDArray[np.bool_]:
    """Mark the old pupils all of whose days keep their places."""
    lengths = old.calendar.lengths
    last = np.where(lengths > 0, old.calendar.days[np.arange(len(lengths)), np.maximum(lengths - 1, 0)], 0)
    return np.asarray(grown.valid_to[grown.old_rows] >= last[old.calendar_row])


def _copy(old: Histories, stays: npt.NDArray[np.bool_], old_rows: Rows, planes: Bits, sessions: Bits) -> None:
    width = min(old.attendance.planes["recorded"].shape[1], planes.shape[2])
    everyone = bool(stays.all())
    same = everyone and len(old_rows) == planes.shape[1] and bool((np.diff(old_rows) > 0).all())
    to = slice(None) if same else old_rows[stays]
    of = slice(None) if everyone else stays
    for number, name in enumerate(PLANES):
        planes[number, to, :width] = old.attendance.planes[name][of, :width]
    if old.attendance.sessions.shape[1]:
        sessions[to, :, :width] = old.attendance.sessions[of, :, :width]


def _late(old: Histories, arrivals: Sequence[Arrivals], grown: Grown, stay: bool) -> LateStates:
    calendar, row, old_rows, _ = grown
    if stay:
        kept = moved(runs_of_late(old.attendance.late, len(old)), old_rows, len(row))
    else:
        kept = _by_day(moved(late_of(old), old_rows, len(row)), calendar, row)
    found = merged(kept, [_by_day(part.runs["late"], calendar, row) for part in arrivals])
    return LateStates(found.pupil, *(found.columns[name] for name in ("day", "known", "flags")))


def _by_day(runs: Runs, calendar: SchoolCalendar, row: Ints) -> Runs:
    columns = runs.columns
    day = _day_in(calendar, row[runs.pupil], columns["date"])
    return Runs(runs.offsets, {"day": day, "known": columns["known"], "flags": columns["flags"]}, ("day",))


def _day_in(calendar: SchoolCalendar, row: Ints, date: Ints) -> Ints:
    """Give the place of each date among the school days of a calendar that has them all."""
    place = calendar.index(row, date)
    elsewhere = (place < 0) | (calendar.day(row, place) != date)
    if elsewhere.any():
        raise RecordsError(
            f"{int(elsewhere.sum())} recorded day(s) are no school days of the pupil's new school.",
            hint="a pupil changed to a school with another calendar: build the histories from all records",
        )
    return place


def refuse_parts_of_days(old: Histories, old_rows: Rows, arrivals: Arrivals) -> None:
    """Refuse a batch with some sessions of a day whose other sessions only the old histories know.

    Parameters
    ----------
    old : Histories
        As they were before.
    old_rows : int64 array
        The row of each of their pupils in the numbering of the arrivals.
    arrivals : Arrivals
        What arrived.
    """
    if not old.attendance.sessions.any():
        return
    days, late = (arrivals.runs[name] for name in ("days", "late"))
    known = np.where(days.columns["flags"] != 0, 0, _NEVER)
    cells, first = _first_known(
        [days.pupil, late.pupil], [days.columns["date"], late.columns["date"]], [known, late.columns["known"]]
    )
    concerned = np.flatnonzero(np.isin(old_rows, cells >> 32))
    old, old_rows = old.take(concerned), old_rows[concerned]
    whole = days_of(old, np.arange(len(old)))
    former_late = late_of(old)
    former_known = np.where(whole.columns["flags"] != 0, 0, _NEVER)
    former, former_first = _first_known(
        [old_rows[whole.pupil], old_rows[former_late.pupil]],
        [whole.columns["date"], former_late.columns["date"]],
        [former_known, former_late.columns["known"]],
    )
    counts = _counts(days.pupil, days, cells)
    former_counts = _counts(old_rows[whole.pupil], whole, cells)
    place = np.searchsorted(former, cells).clip(max=max(len(former) - 1, 0))
    is_known = former[place] == cells if len(former) else np.zeros(len(cells), bool)
    again = is_known & (former_counts > 0) & (first != _NEVER)
    late_before = former_first[place] if len(former) else first
    in_part = again & ((counts < former_counts) | (first > late_before))
    if in_part.any():
        raise RecordsError(
            f"{int(in_part.sum())} known day(s) with several sessions arrive again with only a part of them.",
            hint="send all rows of such a day again beside its corrections, "
            "or build the histories from all records",
        )


def _cell(pupil: npt.ArrayLike, date: npt.ArrayLike) -> Rows:
    return (np.asarray(pupil, np.int64) << 32) + np.asarray(date, np.int64)


def _first_known(
    pupils: list[npt.NDArray[Any]], dates: list[Ints], known: list[npt.NDArray[np.int64]]
) -> tuple[Rows, npt.NDArray[np.int64]]:
    """Give each day once, and the date on which it first became known: zero if by its own date."""
    cells = _cell(np.concatenate(pupils), np.concatenate(dates))
    order = np.lexsort([np.concatenate(known), cells])
    cells = cells[order]
    first = np.ones(len(cells), bool)
    first[1:] = cells[1:] != cells[:-1]
    return cells[first], np.concatenate(known)[order][first]


def _counts(pupil: npt.NDArray[Any], days: Runs, cells: Rows) -> npt.NDArray[np.int64]:
    """Give the number of sessions of some days, zero where a day has not several."""
    several = days.columns["sessions"] > 0
    own = _cell(pupil[several], days.columns["date"][several])
    order = np.argsort(own)
    own, number = own[order], days.columns["sessions"][several][order].astype(np.int64)
    if not len(own):
        return np.zeros(len(cells), np.int64)
    place = np.searchsorted(own, cells).clip(max=len(own) - 1)
    return np.where(own[place] == cells, number[place], 0)


@kernel
def _write(  # noqa: PLR0917
    pupil: Ints, day: Ints, flags: Bits, several: Bits, planes: Bits, sessions: Bits
) -> None:
    """Write the state of days over what was there, and the number of sessions where a day has several."""
    for k in range(len(pupil)):
        byte, bit = day[k] >> 3, np.uint8(1 << (day[k] & 7))
        others = np.uint8(255) ^ bit
        if flags[k]:
            for plane in range(planes.shape[0]):
                held = planes[plane, pupil[k], byte] & others
                planes[plane, pupil[k], byte] = held | bit if flags[k] >> plane & 1 else held
        if several[k]:
            for plane in range(sessions.shape[1]):
                held = sessions[pupil[k], plane, byte] & others
                sessions[pupil[k], plane, byte] = held | bit if several[k] >> plane & 1 else held
