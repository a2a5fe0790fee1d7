"""Comparison of computed features with the oracle's, told by feature and pupil."""

from __future__ import annotations

import numpy as np

from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.tables import RUNS
from support.oracle import Oracle
from support.plain import PlainDistrict


def disagreements(records, as_of, catalogue, functions=None, tolerance=1e-12):
    """Features whose value differs from the plain loop's, with the rows of some pupils and both values."""
    table = compute_features(Histories.from_records(records), as_of, catalogue)
    oracle = Oracle(PlainDistrict(records), as_of, catalogue, functions)
    found = {}
    for place, (name, expected) in enumerate(oracle.columns.items()):
        given, wanted = table.values[:, place], np.array(expected, dtype=np.float64)
        near = np.isclose(given, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
        if not near.all():
            rows = np.flatnonzero(~near)
            found[name] = (len(rows), [(int(row), given[row], wanted[row]) for row in rows[:3]])
    return found


def same_bits(left, right):
    """Whether two float arrays are equal bit by bit (every missing value counts as the same)."""
    left, right = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if left.shape != right.shape or (np.isnan(left) != np.isnan(right)).any():
        return False
    there = ~np.isnan(left)
    return left[there].tobytes() == right[there].tobytes()


def same_histories(left, right):
    """Names of the parts in which two histories differ."""
    different = [name for name in ("words", "set_apart") if getattr(left, name) != getattr(right, name)]
    if not left.students.equals(right.students):
        different.append("students")
    pairs = {
        f"planes.{name}": (plane, right.attendance.planes[name])
        for name, plane in left.attendance.planes.items()
    }
    pairs["sessions"] = (left.attendance.sessions, right.attendance.sessions)
    for name in ("pupil", "day", "known", "flags"):
        pairs[f"late.{name}"] = (getattr(left.attendance.late, name), getattr(right.attendance.late, name))
    for table in RUNS:
        mine, other = left.runs[table], right.runs[table]
        pairs[f"{table}.offsets"] = (mine.offsets, other.offsets)
        for name, column in mine.columns.items():
            pairs[f"{table}.{name}"] = (column, other.columns[name])
    for name in ("attended", "dated"):
        pairs[f"observed.{name}"] = (getattr(left.observed, name), getattr(right.observed, name))
    pairs["calendar"] = (left.calendar.days, right.calendar.days)
    pairs["calendar_row"] = (left.calendar_row, right.calendar_row)
    return different + [
        name
        for name, (one, other) in pairs.items()
        if one.dtype != other.dtype or one.shape != other.shape or one.tobytes() != other.tobytes()
    ]
