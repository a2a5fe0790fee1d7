"""The checks that look at the values of a row, at its pupil and at its school day."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from dropout_risk.arrays import Array, Bools, Ints
from dropout_risk.kernels import kernel
from dropout_risk.records.checks.family_values import check_family_values
from dropout_risk.records.checks.marks import check_marks, part_marks
from dropout_risk.records.checks.plausible import check_distances, read_grade_levels
from dropout_risk.records.checks.scale_ranges import check_tests
from dropout_risk.records.checks.unknown_codes import check_unknown_codes
from dropout_risk.records.days.dates import cause_of_future, cause_of_outside
from dropout_risk.records.days.school_days import SchoolDays
from dropout_risk.records.pupils.id_forms import CAUSES, ids_alike, rounded_ids, scientific_ids
from dropout_risk.records.pupils.pupil_index import NO_PUPIL
from dropout_risk.records.rows import ArrangedRows, Draft
from dropout_risk.records.tables import EVENTS, Column
from dropout_risk.records.values import FAULTS, NO_DATE
from dropout_risk.records.wording.conventions import Conventions
from dropout_risk.text import NO_WORDS

_OPEN = np.iinfo(np.int32).max
_USUAL = Conventions()
_ENDS = tuple(EVENTS.index(event) for event in ("died", "graduated"))


def check_overlaps(arranged: ArrangedRows) -> None:
    """Set periods apart that overlap another one of the same pupil, factor and value known before.

    A period that begins on the other's last day does not overlap it. A row with the same first day and a
    later ``recorded_on`` corrects the row before it. What is found out later never touches a row that was
    known earlier, so that a score made in between stays what it was.
    """
    if len(arranged.draft) < 2:
        return
    columns = [arranged.values(name) for name in ("student_id", "factor", "value", "valid_from", "valid_to")]
    known = arranged.values("recorded_on")
    several = _of_one_key(columns[:2])
    columns[4] = np.where(columns[4] == NO_DATE, _OPEN, columns[4])
    keys = (columns[4], columns[2], columns[3], known, columns[1], columns[0])
    order = several[np.lexsort([column[several] for column in keys])]
    order = order[arranged.usable()[order]]
    bad = [
        order[group[k]]
        for group in _suspect_groups(columns, order)
        for k in _overlapping_rows(columns, order[group])
    ]
    mask = np.zeros(len(known), np.bool_)
    mask[bad] = True
    arranged.draft.set_rows_apart("overlapping_periods", "valid_from", arranged.positions(mask))


def _of_one_key(key: list[Array]) -> Array:
    """Give the places of rows, arranged by a key, that share it with the row before or after."""
    same = np.logical_and.reduce([column[1:] == column[:-1] for column in key])
    several = np.zeros(len(same) + 1, np.bool_)
    several[1:] |= same
    several[:-1] |= same
    return np.flatnonzero(several)


def check_days_of_outcomes(arranged: ArrangedRows) -> None:
    """Note a pupil's outcomes that lie on one day: all of them are used."""
    usable = arranged.usable()
    pupil, date = (arranged.values(name)[usable] for name in ("student_id", "date"))
    mask = np.zeros(len(arranged.draft), np.bool_)
    mask[arranged.positions(usable)[_of_one_key([pupil, date])]] = True
    arranged.draft.warn("outcomes_on_one_day", "date", mask)


def check_after_the_end(arranged: ArrangedRows) -> None:
    """Doubt what a pupil is said to have done after it died or graduated."""
    usable = arranged.usable()
    pupil, date, event = (arranged.values(name)[usable] for name in ("student_id", "date", "event"))
    ended = np.full(int(pupil.max(initial=-1)) + 1, _OPEN, np.int64)
    last = np.isin(event, _ENDS)
    np.minimum.at(ended, pupil[last], date[last])
    mask = np.zeros(len(arranged.draft), np.bool_)
    mask[arranged.positions(usable)[date > ended[pupil]]] = True
    arranged.draft.warn("after_the_end", "event", mask)


def _suspect_groups(columns: list[Array], order: Array) -> list[Array]:
    """Give, per pupil and factor with more than one row, the positions in the order."""
    pupil, factor = columns[0][order], columns[1][order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (pupil[1:] != pupil[:-1]) | (factor[1:] != factor[:-1])
    starts = np.flatnonzero(new)
    sizes = np.diff(np.append(starts, len(order)))
    return [np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True) if size > 1]


def _overlapping_rows(columns: list[Array], rows: Array) -> list[int]:
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


def check_readable(draft: Draft, column: Column, faults: Array | None, unread: Bools | None = None) -> None:
    """Note the rows in which a column is empty or could not be read.

    ``faults`` holds, per row, the position in ``FAULTS`` of what is wrong. Of ``unread`` rows, whose part
    lacks a required column, only that is said.
    """
    if not column.nullable:
        empty = draft.missing(column.name)
        for known in (faults, unread) if np.count_nonzero(empty) else ():
            empty = empty if known is None else empty & (known == 0)
        draft.set_apart("missing_value", column.name, empty)
    if faults is None:
        return
    for position, rule in enumerate(FAULTS):
        if rule:
            draft.fault(rule, column.name, faults == position)


def check_values(draft: Draft, today: int, conventions: Conventions = _USUAL) -> None:
    """Check every row by itself, and fill ``recorded_on``."""
    if draft.table.name == "grades":
        part_marks(draft)
    if draft.table.name == "students":
        read_grade_levels(draft, today, conventions)
        check_distances(draft, conventions)
    check_unknown_codes(draft)
    for column in draft.table.columns:
        values = draft.values[column.name]
        if column.kind == "date" and not column.future:
            ahead = np.asarray(values > today)
            if np.count_nonzero(ahead):
                cause = cause_of_future(values[ahead], today, conventions.dates)
                draft.fault("future_date", column.name, ahead, cause)
        if column.lowest is not None:
            below = np.asarray(values < column.lowest)
            if np.count_nonzero(below):
                draft.fault("negative_number", column.name, below & ~draft.missing(column.name))
        if column.highest is not None:
            draft.fault("implausible_number", column.name, values > column.highest)
    special = _SPECIAL.get(draft.table.name)
    if special is not None:
        special(draft)
    if draft.table.name == "grades":
        check_marks(draft, conventions)
    if draft.table.known_from is not None:
        _fill_recorded_on(draft, draft.table.known_from)


def check_pupils(draft: Draft, usable: Bools) -> None:
    """Set rows apart whose pupil has no row in ``students``, or none that can be used."""
    pupil = draft.values["student_id"]
    for cause in CAUSES if pupil.min(initial=0) < NO_PUPIL else ():
        draft.set_apart(cause.rule, "student_id", pupil == cause.code, cause.detail)
    if not usable.all():
        lost = ~np.append(usable, True)[np.maximum(pupil, NO_PUPIL)]  # the last place is for nobody
        draft.set_apart("pupil_set_apart", "student_id", lost)


def check_ids(draft: Draft, ids: Any) -> Bools:
    """Doubt ids of ``students`` that a spreadsheet has rounded, or that differ in form only.

    Gives which of the ids may have been rounded, so that two of them may have become one.
    """
    pupil = draft.values["student_id"]

    def rows_of(marked: Bools) -> Bools:
        return np.append(marked, False)[pupil]  # the last place is for rows without an id

    draft.set_apart("rounded_id", "student_id", rows_of(scientific_ids(ids)))
    doubtful = rounded_ids(ids)
    draft.warn("rounded_id", "student_id", rows_of(doubtful))
    draft.warn("id_written_otherwise", "student_id", rows_of(ids_alike(ids)))
    return doubtful


def check_enrolment(draft: Draft, enrolled_on: Array) -> None:
    """Set outcomes apart that lie before their pupil's enrolment, but for those known as slips of the pen."""
    pupil, date = draft.values["student_id"], draft.values["date"]
    early = (pupil > NO_PUPIL) & ~draft.missing("date")
    early[early] = date[early] < enrolled_on[pupil[early]]
    for found in draft.findings:
        if found.rule.name == "lone_date":
            early[found.rows] = False
    draft.set_apart("before_enrolment", "date", early)


def check_enrolled(draft: Draft, first: Array, last: Array, today: int | None = None) -> None:
    """Set rows apart that lie wholly before their pupil's enrolment or after the day it left.

    ``first`` and ``last`` give these days for each pupil; they are empty where nobody's is known. With
    ``today`` all rows of the table are there, so that one cause of many can be named.
    """
    column = draft.table.date
    if column is None:
        return
    begins = "period_start" if "period_start" in draft.table else column
    pupil, start, stop = (
        np.require(draft.values[name], np.int32, ["C", "W"]) for name in ("student_id", begins, column)
    )
    early, late = (np.zeros(len(draft), np.bool_) for _ in range(2))
    among = _mark_outside(pupil, start, stop, draft.apart, first, last, early, late)
    if not len(first):
        draft.counted("outside", {"among": among})
        return
    outside = early | late
    if today is not None:
        whose, until = pupil[outside], np.minimum(last, today)
        cause = cause_of_outside(
            stop[outside], first[whose], until[whose], among, partial(draft.counted, "outside")
        )
        if cause != NO_WORDS:
            draft.set_apart("misread_dates", column, outside, cause)
            return
    draft.set_apart("before_enrolled", column, early)
    draft.set_apart("after_left", column, late)


@kernel
def _mark_outside(  # noqa: PLR0917
    pupil: Ints, start: Ints, stop: Ints, apart: Bools, first: Ints, last: Ints, early: Bools, late: Bools
) -> int:
    """Mark the rows outside of their pupil's enrolment; count those of which it can be said."""
    among = 0
    for row in range(len(pupil)):
        if pupil[row] < 0 or apart[row] or start[row] == NO_DATE or stop[row] == NO_DATE:
            continue
        among += 1
        if len(first):
            early[row], late[row] = stop[row] < first[pupil[row]], start[row] > last[pupil[row]]
    return among


def check_school_days(draft: Draft, days: SchoolDays, school_of: Array) -> None:
    """Set attendance apart on days that a given calendar does not list as school days."""
    if not days.given:
        return
    pupil, date = draft.values["student_id"], draft.values["date"]
    known = np.flatnonzero((pupil > NO_PUPIL) & ~draft.apart)
    off = ~days.open_on(school_of[pupil[known]], date[known])
    draft.set_rows_apart("no_school_day", "date", known[off])


def _check_family(draft: Draft) -> None:
    _check_period(draft, "valid_from", "valid_to")
    check_family_values(draft)


def _check_students(draft: Draft) -> None:
    left, enrolled = draft.values["left_on"], draft.values["enrolled_on"]
    draft.set_apart("left_before_enrolled", "left_on", ~draft.missing("left_on") & (left < enrolled))


def _check_period(draft: Draft, first: str, last: str) -> None:
    both = ~draft.missing(first) & ~draft.missing(last)
    draft.set_apart("period_reversed", last, both & (draft.values[last] < draft.values[first]))


def _fill_recorded_on(draft: Draft, known_from: str) -> None:
    recorded, date = draft.values["recorded_on"], draft.values[known_from]
    given = ~draft.missing("recorded_on")
    if not np.count_nonzero(given):
        draft.values["recorded_on"] = date
        return
    if draft.table.ahead:
        draft.values["recorded_on"] = np.where(given, recorded, date)
        return
    draft.warn("recorded_before_date", "recorded_on", given & (recorded < date) & ~draft.apart)
    draft.values["recorded_on"] = np.maximum(recorded, date)


_SPECIAL: dict[str, Callable[[Draft], None]] = {
    "students": _check_students,
    "family": _check_family,
    "wellbeing": check_tests,
}
