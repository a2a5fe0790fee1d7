"""Overlapping periods of one family factor, found in the order in which they became known."""

from __future__ import annotations

import numpy as np

from dropout_risk.records.arranging import Arranged
from dropout_risk.records.convert import NO_DATE
from dropout_risk.records.drafts import Array

_OPEN = np.iinfo(np.int32).max


def check_overlaps(arranged: Arranged) -> None:
    """Set periods apart that overlap another one of the same pupil, factor and value known before.

    A period that begins on the other's last day does not overlap it. A row with the same first day and a
    later ``recorded_on`` corrects the row before it. What is found out later never touches a row that was
    known earlier, so that a score made in between stays what it was.
    """
    if len(arranged.draft) < 2:
        return
    columns = [arranged.values(name) for name in ("student_id", "factor", "value", "valid_from", "valid_to")]
    known = arranged.values("recorded_on")
    columns[4] = np.where(columns[4] == NO_DATE, _OPEN, columns[4])
    order = np.lexsort((columns[4], columns[2], columns[3], known, columns[1], columns[0]))
    order = order[arranged.usable()[order]]
    bad = [
        order[group[k]]
        for group in _suspect_groups(columns, order)
        for k in _overlapping(columns, order[group])
    ]
    mask = np.zeros(len(known), np.bool_)
    mask[bad] = True
    arranged.draft.set_rows_apart("overlapping_periods", "valid_from", arranged.positions(mask))


def _suspect_groups(columns: list[Array], order: Array) -> list[Array]:
    """Give, per pupil and factor with more than one row, the positions in the order."""
    pupil, factor = columns[0][order], columns[1][order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (pupil[1:] != pupil[:-1]) | (factor[1:] != factor[:-1])
    starts = np.flatnonzero(new)
    sizes = np.diff(np.append(starts, len(order)))
    return [np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True) if size > 1]


def _overlapping(columns: list[Array], rows: Array) -> list[int]:
    """Go through the rows of one pupil and factor as they became known; give those that overlap."""
    accepted: dict[int, tuple[int, int]] = {}
    found = []
    _, _, values, starts, ends = (column[rows].tolist() for column in columns)
    for k, (value, start, end) in enumerate(zip(values, starts, ends, strict=True)):
        others = [
            (first, last) for first, (what, last) in accepted.items() if what == value and first != start
        ]
        if any(start < last and first < end for first, last in others):
            found.append(k)
        else:
            accepted[start] = (value, end)
    return found
