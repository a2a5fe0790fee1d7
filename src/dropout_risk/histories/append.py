"""Growing histories by newly arrived records, without reading the old ones again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.histories.append_calendar import calendar_rows, first_changes, grown_calendar
from dropout_risk.histories.append_days import Grown, merged_days, refuse_parts_of_days
from dropout_risk.histories.arrivals import DATED, Arrivals, moved
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.merging import merged
from dropout_risk.histories.observed import Observed
from dropout_risk.histories.runs import Column, Runs
from dropout_risk.records.calendar import SchoolCalendar

_CODED = {
    "grades": ("subject", "exam"), "wellbeing": ("instrument", "scale", "norm"),
    "family": ("factor", "value"), "outcomes": ("event",), "totals": (),
}  # fmt: skip
Ints = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Words = dict[str, tuple[str, ...]]


def append(old: Histories, new: Histories, closed: dict[str, Ints] | None = None) -> Histories:
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
    closed : dict of str to int array, optional
        Dates that are no school days after all, by school: those ahead of a school's last attendance are
        taken out of its calendar.

    Raises
    ------
    RecordsError
        If a pupil changed to a school whose calendar lacks some of the pupil's recorded days, if some
        of the sessions of a known day arrive without the others, or if a closed day has passed already.
    """
    students, old_rows, new_rows = union_of_students(old.students, new.students)
    arrivals = replace(Arrivals.of(new).moved(new_rows, students.num_rows), closed=closed or {})
    refuse_parts_of_days(old, old_rows, arrivals)
    return fold(old, [arrivals], students, old_rows)


def fold(old: Histories, arrivals: Sequence[Arrivals], students: pa.Table, old_rows: Rows) -> Histories:
    """Give histories with all that arrived, one after the other.

    Parameters
    ----------
    old : Histories
        As they were before.
    arrivals : sequence of Arrivals
        Their pupils numbered as in ``students``.
    students : pyarrow.Table
        All pupils, as the last arrival left them.
    old_rows : int64 array
        The row of each old pupil among them.
    """
    calendar = grown_calendar(old.calendar, old.observed, arrivals)
    row = calendar_rows(calendar, students)
    words = _union_of_words([old.words, *(part.words for part in arrivals)])
    grown = Grown(calendar, row, old_rows, _valid_to(old, calendar, row, old_rows))
    runs = {name: _merged_runs(name, old, arrivals, words, grown) for name in DATED}
    return replace(
        old, students=students, calendar=calendar, calendar_row=row, words=words,
        attendance=merged_days(old, arrivals, grown),
        observed=_observed(old, arrivals, calendar),
        set_apart=_set_apart([old.set_apart, *(part.set_apart for part in arrivals)], students), **runs,
    )  # fmt: skip


def _union_of_words(parts: Sequence[Words]) -> Words:
    words: dict[str, set[str]] = {}
    for part in parts:
        for name, of in part.items():
            words.setdefault(name, set()).update(of)
    return {name: tuple(sorted(of)) for name, of in words.items()}


def union_of_students(old: pa.Table, new: pa.Table) -> tuple[pa.Table, Rows, Rows]:
    """Give all pupils, sorted by id if any is new, and the row of each old and each new one."""
    metadata = (new.schema.metadata or {}) | (old.schema.metadata or {}) or None
    new = new.cast(old.schema)
    rows = np.arange(old.num_rows)
    if old["student_id"].equals(new["student_id"]):
        return new.replace_schema_metadata(metadata), rows, rows
    place = pc.index_in(new["student_id"], value_set=old["student_id"].combine_chunks())
    union = pa.concat_tables([old, new])
    if not place.null_count:
        new_rows = place.to_numpy().astype(np.int64)
        source = rows.copy()
        source[new_rows] = old.num_rows + np.arange(new.num_rows)
        return union.take(pa.array(source)).combine_chunks().replace_schema_metadata(metadata), rows, new_rows
    stays = np.ones(old.num_rows, bool)
    stays[place.drop_null().to_numpy()] = False
    union = pa.concat_tables([old.filter(pa.array(stays)), new]).sort_by("student_id").combine_chunks()
    ids = union["student_id"].combine_chunks()
    places = [
        pc.index_in(part["student_id"], value_set=ids).to_numpy().astype(np.int64) for part in (old, new)
    ]
    return union.replace_schema_metadata(metadata), places[0], places[1]


def _valid_to(old: Histories, calendar: SchoolCalendar, row: Ints, old_rows: Rows) -> Ints:
    """Give the date up to which each pupil's dates have the same school day as before."""
    low = np.iinfo(np.int32).min
    valid_to = np.full(len(row), low, np.int32)
    changes = first_changes(old.calendar, calendar)
    place = np.array([calendar.row_of(school) for school in old.calendar.schools], np.int32)
    stays = place[old.calendar_row] == row[old_rows]
    valid_to[old_rows] = np.where(stays, changes[old.calendar_row], low)
    return valid_to


def _merged_runs(name: str, old: Histories, arrivals: Sequence[Arrivals], words: Words, grown: Grown) -> Runs:
    """Merge one table: words coded alike, days counted in the grown calendar."""
    calendar, row, old_rows, valid_to = grown
    kept = _coded(moved(getattr(old, name), old_rows, len(row)), old.words, words, _CODED[name])
    kept = _with_days(kept, calendar, row, valid_to)
    never = np.full(len(row), np.iinfo(np.int32).min, np.int32)
    arrived = [
        _with_days(_coded(part.runs[name], part.words, words, _CODED[name]), calendar, row, never)
        for part in arrivals
    ]
    return merged(kept, arrived)


def _coded(runs: Runs, former: Words, words: Words, names: tuple[str, ...]) -> Runs:
    changed = [name for name in names if former.get(name, ()) != words.get(name, ())]
    codes = {name: _recode(former.get(name, ()), words[name])[runs.columns[name]] for name in changed}
    return replace(runs, columns=runs.columns | codes) if changed else runs


def _recode(words: tuple[str, ...], union: tuple[str, ...]) -> Ints:
    place = {word: code for code, word in enumerate(union)}
    return np.array([*(place[word] for word in words), -1], dtype=np.int32)


def _with_days(runs: Runs, calendar: SchoolCalendar, row: Ints, valid_to: Ints) -> Runs:
    """Count the school days before each row whose date lies after the pupil's calendar changed."""
    date = runs.columns["date"]
    if "day" in runs.columns and (not len(date) or not len(row) or date.max() <= valid_to.min()):
        return runs
    pupil = runs.pupil
    day: Column = runs.columns["day"].copy() if "day" in runs.columns else np.empty(len(date), np.int32)
    stale = np.flatnonzero(date > valid_to[pupil]) if "day" in runs.columns else slice(None)
    day[stale] = calendar.index(row[pupil[stale]], date[stale])
    return replace(runs, columns=runs.columns | {"day": day})


def _set_apart(named: Sequence[tuple[str | int, ...]], students: pa.Table) -> tuple[str | int, ...]:
    """Name the pupils who were set apart and still have no row."""
    names = sorted(set().union(*named), key=lambda student: (isinstance(student, str), student))
    ids, texts = students["student_id"], pa.array([str(name) for name in names], pa.string())
    known = set(ids.filter(pc.is_in(ids.cast(pa.string()), value_set=texts)).to_pylist()) if names else set()
    return tuple(name for name in names if name not in known)


def _observed(old: Histories, arrivals: Sequence[Arrivals], calendar: SchoolCalendar) -> Observed:
    latest = Observed.until(-1, len(calendar.schools))
    told = [(old.calendar, old.observed), *((part.calendar, part.observed) for part in arrivals)]
    for part, observed in told:
        rows = np.array([calendar.row_of(name) for name in part.schools], dtype=np.intp)
        latest = latest.merged(observed.moved(rows, len(calendar.schools)))
    return latest


def closed_days(records_calendar: pa.Table, schools: Sequence[str]) -> dict[str, Ints]:
    """Give the dates that a calendar table names as no school days, by school."""
    shut = records_calendar.filter(pc.invert(records_calendar["is_school_day"]))
    if not shut.num_rows:
        return {}
    date, school = shut["date"].cast(pa.int32()).to_numpy(), shut["school_id"].to_pylist()
    own: dict[str, set[int]] = {}
    for name, day in zip(school, date.tolist(), strict=True):
        for each in schools if name is None else [name]:
            own.setdefault(each, set()).add(day)
    return {name: np.array(sorted(days), np.int32) for name, days in own.items()}
