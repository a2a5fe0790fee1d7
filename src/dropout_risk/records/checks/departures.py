"""Departures that are in doubt: outcomes that registers contradict, and lists of leavers without a day."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Array, Bools, Longs
from dropout_risk.records.days.day_grid import STATUS, DayGrid
from dropout_risk.records.files.copies import names_leavers
from dropout_risk.records.rows import Draft
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import EVENTS

CAME_DAYS = 5
"""Days of presence after an outcome by which it is wrong, or the pupil came back."""
AWAY = ("dropout", "transferred", "graduated", "died")
"""The outcomes that take a pupil away from school."""
BACK = "returned"
"""The outcome that brings a pupil back."""
TELLING = ("dropout", "suspected_dropout", "returned")
"""The outcomes that tell how far dropouts are listed: transfers and graduations come from elsewhere."""
MOST_AHEAD = 180
"""Days after a school's last attendance past which an outcome has a wrong year."""
_NOT_AWAY = np.iinfo(np.int32).max
# by status plus one, whether a row of it says that the pupil came
_CAME = np.zeros(STATUS + 1, np.bool_)
_CAME[1 : len(STATUSES.flags) + 1] = np.asarray(STATUSES.flags) >> STATUSES.kinds.index("absent") & 1 == 0


def check_departures(draft: Draft, attendance: DayGrid, pupil_row: Array) -> None:
    """Doubt the outcomes after which a pupil was at school on several days and has not returned since."""
    last = _last_departures(draft, pupil_row, attendance.n_pupils)
    came = days_present_after(attendance, last) >= CAME_DAYS
    if not came.any():
        return
    row = _rows_of_pupils(draft, pupil_row)
    told = (row >= 0) & _are_away(draft) & ~draft.apart
    told[told] = came[row[told]] & (draft.values["date"][told] == last[row[told]])
    draft.warn("came_after_outcome", "date", told)


def set_leavers_apart(draft: Draft) -> None:
    """Set pupils apart whom a file or sheet of leavers lists, and of whom it does not say when they left."""
    starts = [*(span.start for span in draft.spans), len(draft)]
    listed = np.zeros(len(draft), np.bool_)
    for span, stop in zip(draft.spans, starts[1:], strict=True):
        listed[span.start : stop] = names_leavers(span.part.name)
    draft.set_apart("left_without_day", "left_on", listed & draft.missing("left_on") & ~draft.apart)


def days_present_after(attendance: DayGrid, last: Array) -> Longs:
    """Count the days on which each pupil was present, after a date of its own."""
    count = np.zeros(len(last), np.int64)
    gone = np.flatnonzero(last != _NOT_AWAY)
    if not len(gone):
        return count
    for date in np.unique(attendance.date[attendance.date > last.min()]):
        slots = attendance.slot[attendance.date == date]
        cells = attendance.cells[np.ix_(slots, gone)] & STATUS
        count[gone] += _CAME[cells].any(axis=0) & (date > last[gone])
    beside = attendance.beside
    later = (beside.date > last[beside.pupil]) & _CAME[beside.status.astype(np.int64) + 1]
    np.add.at(count, beside.pupil[later], 1)
    return count


def _last_departures(draft: Draft, pupil_row: Array, n_pupils: int) -> Array:
    """Give the date of the last outcome that took each pupil away, where none brought it back."""
    row, date = _rows_of_pupils(draft, pupil_row), draft.values["date"]
    usable = (row >= 0) & ~draft.apart & ~draft.missing("date")
    away, back = usable & _are_away(draft), usable & (draft.values["event"] == EVENTS.index(BACK))
    left, returned = np.full((2, n_pupils), -1, np.int32)
    np.maximum.at(left, row[away], date[away])
    np.maximum.at(returned, row[back], date[back])
    return np.where((left >= 0) & (returned < left), left, _NOT_AWAY)


def _rows_of_pupils(draft: Draft, pupil_row: Array) -> Array:
    pupil = draft.values["student_id"]
    return np.where(pupil >= 0, pupil_row[np.maximum(pupil, 0)], -1)


def _are_away(draft: Draft) -> Bools:
    return np.isin(draft.values["event"], [EVENTS.index(event) for event in AWAY])
