"""How calendars grow: school days that arrive are added, days ahead may be closed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.errors import RecordsError
from dropout_risk.histories.arrivals import Arrivals
from dropout_risk.histories.observed import Observed
from dropout_risk.records.calendar import SchoolCalendar

Ints = npt.NDArray[np.int32]
_LOWEST, _HIGHEST = np.iinfo(np.int32).min, np.iinfo(np.int32).max


def grown_calendar(old: SchoolCalendar, observed: Observed, arrivals: Sequence[Arrivals]) -> SchoolCalendar:
    """Give the school days after all that arrived, one after the other.

    A day that arrives is added, also one that has passed: then the days after it are counted anew. A day
    that is closed is taken out as long as it lies after the last attendance of its school.

    Raises
    ------
    RecordsError
        If a day is closed on or before which its school has attendance.
    """
    days = {school: old.days_of(school) for school in old.schools}
    last = dict(zip(old.schools, observed.attended.tolist(), strict=True))
    changed = False
    for part in arrivals:
        changed |= _close(days, last, part.closed)
        for school, latest in zip(part.calendar.schools, part.observed.attended.tolist(), strict=True):
            last[school] = max(last.get(school, -1), latest)
            dates, known = part.calendar.days_of(school)
            if school in days and _are_known(*days[school], dates, known):
                continue
            held = days.get(school, (dates[:0], known[:0]))
            days[school] = (np.concatenate([held[0], dates]), np.concatenate([held[1], known]))
            days[school] = _each_once(*days[school])
            changed = True
    if not changed:
        return old
    return SchoolCalendar.from_days(
        {school: dates for school, (dates, _) in days.items()},
        known={school: known for school, (_, known) in days.items()},
        year_start=old.year_start,
    )


def _each_once(dates: Ints, known: Ints) -> tuple[Ints, Ints]:
    order = np.lexsort([known, dates])
    dates, known = dates[order], known[order]
    first = np.ones(len(dates), dtype=bool)
    first[1:] = dates[1:] != dates[:-1]
    return dates[first], known[first]


def _are_known(held: Ints, since: Ints, dates: Ints, known: Ints) -> bool:
    """Tell whether all dates are there, each from no later day on."""
    place = np.searchsorted(held, dates)
    if (place >= len(held)).any():
        return not len(dates)
    return bool((held[place] == dates).all() and (since[place] <= known).all())


def _close(days: dict[str, tuple[Ints, Ints]], last: dict[str, int], closed: dict[str, Ints]) -> bool:
    changed, passed = False, 0
    for school, shut in closed.items():
        dates, known = days.get(school, (np.zeros(0, np.int32), np.zeros(0, np.int32)))
        out = np.isin(dates, shut)
        passed += int((dates[out] <= last.get(school, -1)).sum())
        if out.any():
            days[school] = (dates[~out], known[~out])
            changed = True
    if passed:
        raise RecordsError(
            f"The calendar names {passed} day(s) of schools as no school days that were such until now, "
            "and on or after which there is attendance.",
            hint="build the histories from all records, with the calendar as it is now",
        )
    return changed


def first_changes(old: SchoolCalendar, new: SchoolCalendar) -> Ints:
    """Give, for each old school, the last date with the same number of school days before it as then."""
    if old is new:
        return np.full(len(old.schools), _HIGHEST, np.int32)
    changes = np.full(len(old.schools), _LOWEST, np.int32)
    for row, school in enumerate(old.schools):
        before, after = old.days_of(school)[0], new.days_of(school)[0]
        length = min(len(before), len(after))
        if not length or before[0] != after[0]:
            changes[row] = _HIGHEST if not len(before) and not len(after) else _LOWEST
            continue
        differs = np.flatnonzero(before[:length] != after[:length])
        if len(differs):
            changes[row] = min(before[differs[0]], after[differs[0]])
        elif len(before) != len(after):
            changes[row] = before[length] if len(before) > length else after[length]
        else:
            changes[row] = _HIGHEST
    return changes


def calendar_rows(calendar: SchoolCalendar, students: pa.Table) -> Ints:
    """Give the number of each pupil's calendar, that of its school."""
    encoded = pc.fill_null(students["school_id"].combine_chunks(), "").dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    rows = np.array([calendar.row_of(name) for name in encoded.dictionary.to_pylist()], dtype=np.int32)
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    return rows[indices] if len(rows) else np.zeros(0, np.int32)
