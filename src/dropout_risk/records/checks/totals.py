"""The checks of attendance totals: days a period does not have, leave counted beside, units, the register."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np

from dropout_risk.arrays import Array, Bools, Floats
from dropout_risk.kernels import kernel
from dropout_risk.records.days.day_grid import STATUS, BesideRows, DayGrid, day_keys
from dropout_risk.records.rows import EMPTIED, Draft
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.values import EMPTY
from dropout_risk.text import NO_WORDS, Text

_OPTIONAL = ("days_excused", "days_late")
_LEAST_PERIODS, _LEAST_PUPILS = 3, 5
_FEWEST_ROWS, _MOSTLY_AWAY, _LONG, _EVERY_DAY = 10, 0.8, 14, 6 / 7
_SHARES = Text(zh="缺课天数都小于1天，像是比例", en="all are parts of a day, as shares are")
_PRESENT_DAYS = Text(
    zh="多数行缺课占应到天数的八成以上，像是到校天数",
    en="in most rows they are over four fifths of the days enrolled, as days present are",
)
NEVER_AWAY_DAYS = 1000
"""Days of pupils of which somebody misses some, but where presence is filled in."""
_TWO, _LEAST_LESSONS = 2, 4
_LESSONS = Text(
    zh="全都是{step}的倍数，像是缺课的节数", en="all are multiples of {step}, as lessons of whole days are"
)
_CALENDAR_DAYS = Text(
    zh="多数时段的应到天数连周日也算在内，像是日历天数",
    en="in most periods they take in Sundays too, as calendar days do",
)
_LEAVE_ADDED = Text(
    zh="按映射文件的 leave_days，days_excused 已加入 days_absent",
    en="days_excused were added to days_absent, as leave_days in the mapping says",
)


def check_totals(draft: Draft, *, leave_beside: bool) -> None:
    """Check each row by itself; ``leave_beside`` says that ``days_absent`` does not hold ``days_excused``."""
    values = draft.values
    start, end, enrolled = values["period_start"], values["period_end"], values["days_enrolled"]
    dated = ~draft.missing("period_start") & ~draft.missing("period_end")
    draft.set_apart("period_reversed", "period_end", dated & (end < start))
    length = np.where(dated, end.astype(np.int64) - start + 1, np.iinfo(np.int64).max)
    too_many = (enrolled > np.maximum(length, 0)) & ~draft.apart
    draft.set_apart("more_days_than_period", "days_enrolled", too_many)
    for name in _OPTIONAL:
        over = (values[name] > length) & ~draft.apart
        if np.count_nonzero(over):
            draft.warn("more_days_than_period", name, over, EMPTIED)
            values[name] = np.where(over, EMPTY["number"], values[name])
    if leave_beside:
        values["days_absent"] = values["days_absent"] + np.nan_to_num(values["days_excused"])
    absent = values["days_absent"]
    draft.set_apart("leave_beside_absence", "days_excused", values["days_excused"] > absent)
    cause = _LEAVE_ADDED if leave_beside else NO_WORDS
    draft.set_apart("more_absent_than_enrolled", "days_absent", (enrolled >= 0) & (absent > enrolled), cause)


def doubt_periods(draft: Draft) -> None:
    """Name the periods of a pupil that share days, and totals that seem to run on from period to period."""
    rows = np.flatnonzero(~draft.apart)
    pupil, start, end, absent = (
        draft.values[name][rows] for name in ("student_id", "period_start", "period_end", "days_absent")
    )
    order = np.lexsort((end, start, pupil))
    pupil, start, end, absent = pupil[order], start[order], end[order], absent[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (pupil[1:] != pupil[:-1]) | (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    order, pupil, start, end, absent = (column[new] for column in (order, pupil, start, end, absent))
    shared = _shared_days(pupil, start, end)
    mask = np.zeros(len(draft), np.bool_)
    mask[rows[order[shared]]] = True
    draft.warn("overlapping_totals", "period_start", mask)
    own = _steps_of(pupil, absent) | {"shared": int(np.count_nonzero(shared))}
    counted = draft.counted("periods", own)
    if not (counted["shared"] or counted["falls"]) and counted["rising"] >= _LEAST_PUPILS:
        mask[rows[order]] = True
        draft.warn("accumulating_totals", "days_absent", mask)


def doubt_units(draft: Draft) -> None:
    """Doubt totals that most rows give in another unit: shares of days, days present, calendar days."""
    enrolled, absent = draft.values["days_enrolled"], draft.values["days_absent"]
    start, end = (draft.values[name].astype(np.int64) for name in ("period_start", "period_end"))
    length = end - start + 1
    missed, long = ~draft.apart & (absent > 0), ~draft.apart & (length >= _LONG)
    judged = {
        "shares": ("days_absent", missed, missed & (absent < 1) & (4 * absent % 1 > 0), _SHARES),
        "present": ("days_absent", long, long & (absent > _MOSTLY_AWAY * enrolled), _PRESENT_DAYS),
        "calendar": ("days_enrolled", long, long & (enrolled > _EVERY_DAY * length + 1), _CALENDAR_DAYS),
    }
    for what, (column, among, odd, detail) in judged.items():
        own = {"rows": int(np.count_nonzero(among)), "odd": int(np.count_nonzero(odd))}
        counted = draft.counted(what, own)
        if counted["rows"] >= _FEWEST_ROWS and 2 * counted["odd"] > counted["rows"]:
            draft.warn("doubtful_unit", column, odd, detail)
    _doubt_lessons(draft, missed)
    usable = ~draft.apart
    own = {"days": int(enrolled[usable & (enrolled > 0)].sum()), "missed": int(np.count_nonzero(missed))}
    counted = draft.counted("missed", own)
    if counted["days"] >= NEVER_AWAY_DAYS and not counted["missed"]:
        draft.warn("nobody_ever_away", "days_absent", usable)


def _doubt_lessons(draft: Draft, missed: Bools) -> None:
    """Doubt days that are all multiples of some number, as lessons of whole days are."""
    values, number = np.unique(draft.values["days_absent"][missed], return_counts=True)
    counted = draft.counted("missed_days", dict(zip(values.tolist(), number.tolist(), strict=True)))
    found = [float(str(days)) for days in counted]
    if len(found) < _TWO or sum(counted.values()) < _FEWEST_ROWS or any(days % 1 for days in found):
        return
    step = math.gcd(*map(int, found))
    if step >= _LEAST_LESSONS:
        draft.warn("doubtful_unit", "days_absent", missed, _LESSONS.filled(step=step))


def _shared_days(pupil: Array, start: Array, end: Array) -> Bools:
    """Mark the periods, by pupil and start, that begin before an earlier one of the pupil has ended."""
    shared = np.zeros(len(pupil), np.bool_)
    if not len(pupil):
        return shared
    span = int(end.max()) - int(end.min()) + 1
    last = (
        np.maximum.accumulate(pupil.astype(np.int64) * span + (end - end.min()))
        - pupil.astype(np.int64) * span
    )
    shared[1:] = (pupil[1:] == pupil[:-1]) & (start[1:] - end.min() <= last[:-1])
    return shared


def _steps_of(pupil: Array, absent: Array) -> dict[Hashable, int]:
    """Count how often somebody's days fall from period to period, and the pupils whose days rise often."""
    same = pupil[1:] == pupil[:-1]
    step = np.where(same, absent[1:] - absent[:-1], 0)
    if not len(step):
        return {}
    enough = np.bincount(pupil) >= _LEAST_PERIODS
    rising = np.bincount(pupil[1:][step > 0], minlength=len(enough)) > 1
    return {"falls": int(np.count_nonzero(step < 0)), "rising": int(np.count_nonzero(enough & rising))}


# --- Totals beside a register of the same days ---

_KNOWN, _MISSED, _TOUCHED = range(3)
_ABSENT = np.zeros(STATUS + 1, np.bool_)
_ABSENT[1 : len(STATUSES.flags) + 1] = (
    np.asarray(STATUSES.flags) >> STATUSES.kinds.index("absent") & 1
).astype(np.bool_)


def doubt_against_register(draft: Draft, grid: DayGrid, row: Array, presumed: Bools) -> None:
    """Doubt days absent that the register of the same days cannot give, whatever its unknown days were.

    ``row`` is the row of each pupil named, -1 for none; of those ``presumed`` a day without a row is one at
    school.
    """
    last, pupil = grid.last_date(), draft.values["student_id"]
    at = row[np.maximum(pupil, 0)] if len(row) else np.full(len(draft), -1)
    judged = ~draft.apart & (pupil >= 0) & (at >= 0)
    for name in ("period_start", "period_end", "days_enrolled"):
        judged &= ~draft.missing(name)
    if last is None or not judged.any():
        return
    rows = np.flatnonzero(judged)
    start, end, enrolled, absent = (
        draft.values[name][rows] for name in ("period_start", "period_end", "days_enrolled", "days_absent")
    )
    known, missed, touched = _registered_days(grid, at[rows].astype(np.int32), start, end)
    unknown = np.maximum(enrolled - known, 0)
    first = int(min(grid.date.min(initial=last), grid.beside.date.min(initial=last)))
    unknown[presumed[at[rows]] & (start >= first) & (end <= last)] = 0
    by_halves = len(grid.words) > 0
    over, under = absent - touched - unknown, missed - absent
    mask = np.zeros(len(draft), np.bool_)
    mask[rows] = (np.maximum(over, under) > 1) if by_halves else (np.maximum(over, under) >= 1)
    draft.warn("totals_against_register", "days_absent", mask)


def _registered_days(grid: DayGrid, pupil: Array, start: Array, end: Array) -> Floats:
    """Count, per period of a pupil, the days recorded, missed in sum, and missed wholly or in part."""
    found = _days_of_cells(grid, pupil, start, end)
    who, date, own = _days_beside(grid.beside)
    more = own - _days_of_cells(grid, who, date, date)
    if grid.words:  # another session of the day may stand among the cells
        more[_MISSED], more[_TOUCHED] = np.minimum(more[_MISSED], 0), np.maximum(more[_TOUCHED], 0)
    change = np.concatenate([np.zeros((3, 1)), np.cumsum(more, axis=1)], axis=1)
    keys = day_keys(who, date)
    from_ = np.searchsorted(keys, day_keys(pupil, start))
    to = np.searchsorted(keys, day_keys(pupil, end), side="right")
    found += change[:, to] - change[:, from_]
    return found


def _days_of_cells(grid: DayGrid, pupil: Array, start: Array, end: Array) -> Floats:
    found = np.zeros((3, len(pupil)))
    if len(pupil) and len(grid.slot):
        _count_days((grid.cells, grid.slot, grid.date), (pupil, start, end), _ABSENT, found)
    return found


def _days_beside(rows: BesideRows) -> tuple[Array, Array, Floats]:
    """Give the days of pupils that rows beside the grid tell of, each session by the row known last."""
    keys, order = day_keys(rows.pupil, rows.date), np.lexsort((rows.known, rows.session))
    order = order[np.argsort(keys[order], kind="stable")]
    keys, session = keys[order], rows.session[order]
    latest = np.ones(len(keys), np.bool_)
    latest[:-1] = (keys[1:] != keys[:-1]) | (session[1:] != session[:-1])
    keys, order = keys[latest], order[latest]
    days, first = np.unique(keys, return_index=True)
    number = np.diff(np.append(first, len(keys)))
    away = _ABSENT[rows.status[order].astype(np.int64) + 1].astype(np.float64)
    missed = np.add.reduceat(away, first) if len(first) else away
    own = np.stack([np.ones(len(days)), missed / number, missed > 0])
    return rows.pupil[order[first]], rows.date[order[first]], own


@kernel
def _count_days(
    grid: tuple[Array, Array, Array], periods: tuple[Array, Array, Array], absent: Bools, found: Floats
) -> None:
    (cells, slot, date), (pupil, start, end) = grid, periods
    for i in range(len(pupil)):
        at = np.searchsorted(date, start[i])
        while at < len(slot) and date[at] <= end[i]:
            day, rows, missed = date[at], 0, 0
            while at < len(slot) and date[at] == day:
                cell = cells[slot[at], pupil[i]] & STATUS
                if cell != 0:
                    rows += 1
                    missed += absent[cell]
                at += 1
            if rows > 0:
                found[_KNOWN, i] += 1
                found[_MISSED, i] += missed / rows
                found[_TOUCHED, i] += missed > 0
