"""Histories and arrivals as the arrays of one part of a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.histories.append_calendar import calendar_rows
from dropout_risk.histories.arrivals import DATED, RUNS, Arrivals, runs_of_late
from dropout_risk.histories.attendance_bits import AttendanceBits, LateStates
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.observed import Observed
from dropout_risk.histories.packed_bits import pack_planes, unpack_planes
from dropout_risk.histories.packed_runs import pack_runs, unpack_runs
from dropout_risk.histories.part_files import Arrays
from dropout_risk.histories.runs import Runs
from dropout_risk.kernels import in_threads
from dropout_risk.records.calendar import SchoolCalendar

About = dict[str, Any]


def pack_histories(histories: Histories) -> tuple[Arrays, About]:
    """Give the arrays of histories, without their students."""
    attendance = histories.attendance
    runs = {name: getattr(histories, name) for name in DATED}
    runs["late"] = runs_of_late(attendance.late, len(histories))
    arrays, about = _pack(runs, histories)
    arrays |= {f"planes.{name}": of for name, of in pack_planes(attendance.planes).items()}
    arrays["sessions"] = attendance.sessions.ravel()
    row = calendar_rows(histories.calendar, histories.students)
    if (row != histories.calendar_row).any():
        arrays["calendar_row"] = histories.calendar_row
    return arrays, about | {
        "n_bytes": attendance.planes["recorded"].shape[1], "sessions": attendance.sessions.shape[1]
    }  # fmt: skip


def unpack_histories(students: pa.Table, arrays: Arrays, about: About) -> Histories:
    """Read histories from their arrays."""
    calendar = unpack_calendar(arrays, about)
    n_pupils, n_bytes = students.num_rows, about["n_bytes"]
    row = np.array(arrays["calendar_row"]) if "calendar_row" in arrays else calendar_rows(calendar, students)

    def one(name: str) -> Any:
        if name == "planes":
            return unpack_planes(_under("planes", arrays), n_pupils, n_bytes)
        runs = unpack_runs(_under(name, arrays), about["runs"][name])
        return runs if name == "late" else _with_days(runs, calendar, row, about["runs"][name]["order"])

    names = ["grades", "planes", *(name for name in (*DATED, "late") if name != "grades")]
    found = dict(zip(names, in_threads(one, names), strict=True))
    late, planes = found.pop("late"), found.pop("planes")
    states = LateStates(late.pupil, *(late.columns[name] for name in ("day", "known", "flags")))
    sessions = np.array(arrays["sessions"]).reshape(n_pupils, about["sessions"], n_bytes)
    return Histories(
        students=students, calendar=calendar, calendar_row=row,
        attendance=AttendanceBits(planes, states, sessions), words=_words(about),
        observed=unpack_observed(arrays), set_apart=tuple(about["set_apart"]), **found,
    )  # fmt: skip


def pack_arrivals(arrivals: Arrivals) -> tuple[Arrays, About]:
    """Give the arrays of arrivals, without their students."""
    arrays, about = _pack(arrivals.runs, arrivals)
    arrays |= {f"closed.{k}": days for k, days in enumerate(arrivals.closed.values())}
    several = bool(arrivals.runs["days"].columns["sessions"].any())
    return arrays, about | {"closed": list(arrivals.closed), "sessions": several}


def unpack_arrivals(students: pa.Table, arrays: Arrays, about: About) -> Arrivals:
    """Read arrivals from their arrays."""
    return Arrivals(
        students=students, calendar=unpack_calendar(arrays, about),
        runs={name: unpack_runs(_under(name, arrays), about["runs"][name]) for name in RUNS},
        words=_words(about), observed=unpack_observed(arrays), set_apart=tuple(about["set_apart"]),
        closed=unpack_closed(arrays, about),
    )  # fmt: skip


def unpack_closed(arrays: Mapping[str, Any], about: About) -> dict[str, Any]:
    """Read the closed days of each school from their arrays."""
    return {school: np.array(arrays[f"closed.{k}"]) for k, school in enumerate(about["closed"])}


def unpack_calendar(arrays: Mapping[str, Any], about: About) -> SchoolCalendar:
    """Read a calendar from its arrays."""
    cuts = np.cumsum(arrays["calendar.counts"])[:-1]
    days, known = (np.split(arrays[f"calendar.{name}"], cuts) for name in ("days", "known"))
    return SchoolCalendar(about["schools"], days, known=known, year_start=tuple(about["year_start"]))


def _pack(runs: Mapping[str, Runs], part: Histories | Arrivals) -> tuple[Arrays, About]:
    calendar = part.calendar
    there = np.arange(calendar.days.shape[1]) < calendar.lengths[:, None]
    arrays: Arrays = {
        "calendar.counts": calendar.lengths, "calendar.days": calendar.days[there],
        "calendar.known": calendar.known[there],
        "observed.attended": part.observed.attended, "observed.dated": part.observed.dated,
    }  # fmt: skip
    packed = in_threads(lambda name: pack_runs(runs[name], ("day",) if name in DATED else ()), runs)
    about: About = {
        "schools": calendar.schools, "year_start": calendar.year_start, "words": part.words,
        "set_apart": part.set_apart, "runs": {},
    }  # fmt: skip
    for name, (found, told) in zip(runs, packed, strict=True):
        arrays |= {f"{name}.{of}": array for of, array in found.items()}
        about["runs"][name] = told
    return arrays, about


def _under(name: str, arrays: Arrays) -> Arrays:
    return {of.removeprefix(f"{name}."): array for of, array in arrays.items() if of.startswith(f"{name}.")}


def _with_days(runs: Runs, calendar: SchoolCalendar, row: np.ndarray[Any, Any], order: Sequence[str]) -> Runs:
    """Count the school days before each row."""
    columns = runs.columns | {"day": calendar.index(row[runs.pupil], runs.columns["date"])}
    return Runs(runs.offsets, {name: columns[name] for name in order}, runs.key)


def _words(about: About) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in about["words"].items()}


def unpack_observed(arrays: Mapping[str, Any]) -> Observed:
    """Read the last dates of each school from their arrays."""
    return Observed(*(np.array(arrays[f"observed.{name}"]) for name in ("attended", "dated")))
