"""Growing histories by newly arrived records, without reading the old ones again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bools, Bytes, Ints, Longs
from dropout_risk.errors import RecordsError
from dropout_risk.histories.attendance_bits import COUNT_BITS, PLANES, AttendanceBits, LateStates
from dropout_risk.histories.histories import NEVER, Histories, Observed
from dropout_risk.histories.places import with_spells
from dropout_risk.histories.refused_runs import REFUSED, merged_refused
from dropout_risk.histories.runs import Runs, merge_runs, move_runs, offsets_of
from dropout_risk.kernels import kernel
from dropout_risk.records.days.calendar import SchoolCalendar, each_day_once
from dropout_risk.records.days.day_grid import day_keys
from dropout_risk.records.tables import RUNS

# --- The rows that arrived at once, as cells and runs of the pupils whom they tell of ---


@dataclass(frozen=True)
class Arrivals:
    """What arrived, of pupils numbered as in the students table that they are added to.

    ``students`` holds only rows that are new or say something else than before, sorted by ``student_id``. The
    runs are ``days`` (``date``, ``flags`` and, where a day has several, ``sessions``) as known on the day
    itself, ``late`` (``date``, ``known``, ``flags``) as known later, ``refused`` as histories hold it, and
    the dated tables. ``set_apart``
    names pupils whose students row could not be used, ``closed`` the dates that a calendar named as no school
    days, by school.
    """

    students: pa.Table
    calendar: SchoolCalendar
    runs: dict[str, Runs]
    words: dict[str, tuple[str, ...]]
    observed: Observed
    set_apart: tuple[str | int, ...] = ()
    closed: dict[str, Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, histories: Histories) -> Arrivals:
        """Take everything that histories hold."""
        n_pupils = len(histories)
        return cls(
            students=histories.students,
            calendar=histories.calendar,
            runs={
                "days": list_days(histories, np.arange(n_pupils, dtype=np.int64)),
                "late": late_runs(histories),
                REFUSED: histories.refused,
                **histories.runs,
            },
            words=histories.words,
            observed=histories.observed,
            set_apart=histories.set_apart,
        )

    def moved(self, rows: Longs, n_pupils: int) -> Arrivals:
        """Give the same with other numbers for the pupils."""
        return replace(self, runs={name: move_runs(runs, rows, n_pupils) for name, runs in self.runs.items()})


def list_days(histories: Histories, pupils: Longs) -> Runs:
    """List the days of some pupils, in the given order, with their states and numbers of sessions."""
    bits = histories.attendance
    planes = (*(np.ascontiguousarray(bits.planes[name]) for name in PLANES),)
    sessions = np.ascontiguousarray(bits.sessions)
    everyone = len(pupils) == len(histories)
    there = planes[0] if everyone else planes[0][pupils]
    for plane in (*planes[1:], *np.moveaxis(sessions, 1, 0)):
        there = there | (plane if everyone else plane[pupils])
    counts = np.bitwise_count(there).sum(axis=1, dtype=np.int64)
    number = int(counts.sum())
    day, flags, several = np.empty(number, np.int32), np.empty(number, np.uint8), np.empty(number, np.uint8)
    _list_days(np.asarray(pupils, np.int64), planes, sessions, day, flags, several)
    row = np.repeat(histories.calendar_row[pupils], counts)
    columns: dict[str, Array] = {
        "date": histories.calendar.day(row, day),
        "flags": flags,
        "sessions": several,
    }
    return Runs(offsets_of(counts), columns, ("date",))


def late_runs(histories: Histories) -> Runs:
    """Give the states that became known later, by date."""
    late = histories.attendance.late
    date = histories.calendar.day(histories.calendar_row[late.pupil], late.day)
    return runs_of_late(replace(late, day=date), len(histories), "date")


def runs_of_late(late: LateStates, n_pupils: int, name: str = "day") -> Runs:
    """Give states that became known later in the form of runs."""
    offsets = np.searchsorted(late.pupil, np.arange(n_pupils + 1)).astype(np.int64)
    return Runs(offsets, {name: late.day, "known": late.known, "flags": late.flags}, (name,))


@kernel
def _list_days(  # noqa: PLR0917
    pupils: Longs, planes: tuple[Bytes, ...], sessions: Bytes, day: Ints, flags: Bytes, several: Bytes
) -> None:
    n = 0
    for pupil in pupils:
        for byte in range(sessions.shape[2]):
            there = np.int64(0)
            for kind in planes:
                there |= np.int64(kind[pupil, byte])
            for plane in range(sessions.shape[1]):
                there |= np.int64(sessions[pupil, plane, byte])
            bit = 0
            while there >> bit:
                if there >> bit & 1:
                    day[n] = 8 * byte + bit
                    found, number = np.int64(0), np.int64(0)
                    for k in range(len(planes)):
                        found |= (np.int64(planes[k][pupil, byte]) >> bit & 1) << k
                    flags[n] = found
                    for plane in range(sessions.shape[1]):
                        number |= (np.int64(sessions[pupil, plane, byte]) >> bit & 1) << plane
                    several[n] = number
                    n += 1
                bit += 1


# --- How calendars grow: school days that arrive are added, days ahead may be closed ---

_LOWEST = np.iinfo(np.int32).min


def grown_calendar(old: SchoolCalendar, observed: Observed, arrivals: Sequence[Arrivals]) -> SchoolCalendar:
    """Give the school days after all that arrived, one after the other.

    A day that arrives is added, also one that has passed: then the days after it are counted anew. A day that
    is closed is taken out as long as it lies after the last attendance of its school; else it is a
    RecordsError.
    """
    days = {school: old.days_of(school) for school in old.schools}
    last = dict(zip(old.schools, observed.attended.tolist(), strict=True))
    changed = False
    for part in arrivals:
        changed |= _close_days(days, last, part.closed)
        for school, latest in zip(part.calendar.schools, part.observed.attended.tolist(), strict=True):
            last[school] = max(last.get(school, -1), latest)
            dates, known = part.calendar.days_of(school)
            if school in days and _are_known(*days[school], dates, known):
                continue
            held = days.get(school, (dates[:0], known[:0]))
            dates, known = np.concatenate([held[0], dates]), np.concatenate([held[1], known])
            days[school] = each_day_once(dates, known)
            changed = True
    if not changed:
        return old
    return SchoolCalendar.from_days(
        {school: dates for school, (dates, _) in days.items()},
        known={school: known for school, (_, known) in days.items()},
        year_start=old.year_start,
    )


def _are_known(held: Ints, since: Ints, dates: Ints, known: Ints) -> bool:
    """Tell whether all dates are there, each from no later day on."""
    index = np.searchsorted(held, dates)
    if (index >= len(held)).any():
        return not len(dates)
    return bool((held[index] == dates).all() and (since[index] <= known).all())


def _close_days(days: dict[str, tuple[Ints, Ints]], last: dict[str, int], closed: dict[str, Ints]) -> bool:
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
        return np.full(len(old.schools), NEVER, np.int32)
    changes = np.full(len(old.schools), _LOWEST, np.int32)
    for row, school in enumerate(old.schools):
        before, after = old.days_of(school)[0], new.days_of(school)[0]
        length = min(len(before), len(after))
        if not length or before[0] != after[0]:
            changes[row] = NEVER if not len(before) and not len(after) else _LOWEST
            continue
        differs = np.flatnonzero(before[:length] != after[:length])
        if len(differs):
            changes[row] = min(before[differs[0]], after[differs[0]])
        elif len(before) != len(after):
            changes[row] = before[length] if len(before) > length else after[length]
        else:
            changes[row] = NEVER
    return changes


def calendar_rows(calendar: SchoolCalendar, students: pa.Table) -> Ints:
    """Give the number of each pupil's calendar, that of its school."""
    encoded = pc.fill_null(students["school_id"].combine_chunks(), "").dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    rows = np.array([calendar.row_of(name) for name in encoded.dictionary.to_pylist()], dtype=np.int32)
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    return rows[indices] if len(rows) else np.zeros(0, np.int32)


# --- How packed attendance grows: the days that arrived are written over the planes, and nothing else ---


class Grown(NamedTuple):
    """Where everything goes in grown histories.

    ``row`` is the number of each pupil's calendar, ``old_rows`` the row of each old pupil, ``valid_to`` the
    date up to which each pupil's dates have the same school day as before.
    """

    calendar: SchoolCalendar
    row: Ints
    old_rows: Longs
    valid_to: Ints


def merged_days(old: Histories, arrivals: Sequence[Arrivals], grown: Grown) -> AttendanceBits:
    """Lay the old days out over the grown calendar, and write over them what arrived, in order."""
    calendar, row, old_rows, _ = grown
    n_bytes = max((int(calendar.lengths.max(initial=0)) + 7) // 8, 1)
    several = old.attendance.sessions.shape[1] > 0
    several |= any(part.runs["days"].columns["sessions"].any() for part in arrivals)
    planes = np.zeros((len(PLANES), len(row), n_bytes), np.uint8)
    sessions = np.zeros((len(row), COUNT_BITS if several else 0, n_bytes), np.uint8)
    stays = _pupils_in_place(old, grown)
    _copy_days(old, stays, old_rows, planes, sessions)
    again = list_days(old, np.flatnonzero(~stays))
    rows = old_rows[~stays]
    for runs, pupils in [(again, rows), *((part.runs["days"], None) for part in arrivals)]:
        pupil = runs.pupil if pupils is None else pupils[runs.pupil].astype(np.int32)
        day = _day_in(calendar, row[pupil], runs.columns["date"])
        _write_days(pupil, day, runs.columns["flags"], runs.columns["sessions"], planes, sessions)
    return AttendanceBits(
        dict(zip(PLANES, planes, strict=True)),
        _grown_late_states(old, arrivals, grown, bool(stays.all())),
        sessions,
    )


def _pupils_in_place(old: Histories, grown: Grown) -> Bools:
    """Mark the old pupils all of whose days keep their places."""
    lengths = old.calendar.lengths
    last = np.where(lengths > 0, old.calendar.days[np.arange(len(lengths)), np.maximum(lengths - 1, 0)], 0)
    return np.asarray(grown.valid_to[grown.old_rows] >= last[old.calendar_row])


def _copy_days(old: Histories, stays: Bools, old_rows: Longs, planes: Bytes, sessions: Bytes) -> None:
    width = min(old.attendance.planes["recorded"].shape[1], planes.shape[2])
    everyone = bool(stays.all())
    same = everyone and len(old_rows) == planes.shape[1] and bool((np.diff(old_rows) > 0).all())
    to = slice(None) if same else old_rows[stays]
    source = slice(None) if everyone else stays
    for number, name in enumerate(PLANES):
        planes[number, to, :width] = old.attendance.planes[name][source, :width]
    if old.attendance.sessions.shape[1]:
        sessions[to, :, :width] = old.attendance.sessions[source, :, :width]


def _grown_late_states(old: Histories, arrivals: Sequence[Arrivals], grown: Grown, stay: bool) -> LateStates:
    calendar, row, old_rows, _ = grown
    if stay:
        kept = move_runs(runs_of_late(old.attendance.late, len(old)), old_rows, len(row))
    else:
        kept = _by_day(move_runs(late_runs(old), old_rows, len(row)), calendar, row)
    found = merge_runs(kept, [_by_day(part.runs["late"], calendar, row) for part in arrivals])
    return LateStates(found.pupil, *(found.columns[name] for name in ("day", "known", "flags")))


def _by_day(runs: Runs, calendar: SchoolCalendar, row: Ints) -> Runs:
    columns = runs.columns
    day = _day_in(calendar, row[runs.pupil], columns["date"])
    return Runs(runs.offsets, {"day": day, "known": columns["known"], "flags": columns["flags"]}, ("day",))


def _day_in(calendar: SchoolCalendar, row: Ints, date: Ints) -> Ints:
    """Give the index of each date among the school days of a calendar that has them all."""
    index = calendar.index(row, date)
    elsewhere = (index < 0) | (calendar.day(row, index) != date)
    if elsewhere.any():
        raise RecordsError(
            f"{int(elsewhere.sum())} recorded day(s) are no school days of the pupil's new school.",
            hint="a pupil changed to a school with another calendar: build the histories from all records",
        )
    return index


def refuse_parts_of_days(old: Histories, old_rows: Longs, arrivals: Arrivals) -> None:
    """Refuse a batch with some sessions of a day whose other sessions only the old histories know.

    ``old_rows`` is the row of each old pupil in the numbering of the arrivals.
    """
    if not old.attendance.sessions.any():
        return
    days, late = (arrivals.runs[name] for name in ("days", "late"))
    known = np.where(days.columns["flags"] != 0, 0, NEVER)
    cells, first = _first_known(
        [days.pupil, late.pupil], [days.columns["date"], late.columns["date"]], [known, late.columns["known"]]
    )
    concerned = np.flatnonzero(np.isin(old_rows, cells >> 32))
    old, old_rows = old.take(concerned), old_rows[concerned]
    whole = list_days(old, np.arange(len(old)))
    former_late = late_runs(old)
    former_known = np.where(whole.columns["flags"] != 0, 0, NEVER)
    former, former_first = _first_known(
        [old_rows[whole.pupil], old_rows[former_late.pupil]],
        [whole.columns["date"], former_late.columns["date"]],
        [former_known, former_late.columns["known"]],
    )
    counts = _session_counts(days.pupil, days, cells)
    former_counts = _session_counts(old_rows[whole.pupil], whole, cells)
    index = np.searchsorted(former, cells).clip(max=max(len(former) - 1, 0))
    is_known = former[index] == cells if len(former) else np.zeros(len(cells), bool)
    again = is_known & (former_counts > 0) & (first != NEVER)
    late_before = former_first[index] if len(former) else first
    in_part = again & ((counts < former_counts) | (first > late_before))
    if in_part.any():
        raise RecordsError(
            f"{int(in_part.sum())} known day(s) with several sessions arrive again with only a part of them.",
            hint="send all rows of such a day again beside its corrections, "
            "or build the histories from all records",
        )


def _first_known(pupils: list[Array], dates: list[Ints], known: list[Longs]) -> tuple[Longs, Longs]:
    """Give each day once, and the date on which it first became known: zero if by its own date."""
    cells = day_keys(np.concatenate(pupils), np.concatenate(dates))
    order = np.lexsort([np.concatenate(known), cells])
    cells = cells[order]
    first = np.ones(len(cells), bool)
    first[1:] = cells[1:] != cells[:-1]
    return cells[first], np.concatenate(known)[order][first]


def _session_counts(pupil: Array, days: Runs, cells: Longs) -> Longs:
    """Give the number of sessions of some days, zero where a day has not several."""
    several = days.columns["sessions"] > 0
    own = day_keys(pupil[several], days.columns["date"][several])
    order = np.argsort(own)
    own, number = own[order], days.columns["sessions"][several][order].astype(np.int64)
    if not len(own):
        return np.zeros(len(cells), np.int64)
    index = np.searchsorted(own, cells).clip(max=len(own) - 1)
    return np.where(own[index] == cells, number[index], 0)


@kernel
def _write_days(  # noqa: PLR0917
    pupil: Ints, day: Ints, flags: Bytes, several: Bytes, planes: Bytes, sessions: Bytes
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


Words = dict[str, tuple[str, ...]]


def append_histories(old: Histories, new: Histories, closed: dict[str, Ints] | None = None) -> Histories:
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
    return fold_arrivals(old, [arrivals], students, old_rows)


def fold_arrivals(
    old: Histories, arrivals: Sequence[Arrivals], students: pa.Table, old_rows: Longs
) -> Histories:
    """Give histories with all that arrived, one after the other.

    ``students`` holds all pupils as the last arrival left them; the arrivals number their pupils as it does,
    and ``old_rows`` is the row of each old pupil in it.
    """
    calendar = grown_calendar(old.calendar, old.observed, arrivals)
    row = calendar_rows(calendar, students)
    words = _union_of_words([old.words, *(part.words for part in arrivals)])
    grown = Grown(calendar, row, old_rows, _days_valid_to(old, calendar, row, old_rows))
    runs = {name: _merged_runs(name, old, arrivals, words, grown) for name in RUNS}
    return replace(
        old, students=students, calendar=calendar, calendar_row=row, words=words,
        attendance=merged_days(old, arrivals, grown),
        observed=grown_observed(calendar, [old, *arrivals]),
        refused=merged_refused(
            move_runs(old.refused, old_rows, len(row)), [part.runs for part in arrivals]
        ),
        set_apart=_still_set_apart([old.set_apart, *(part.set_apart for part in arrivals)], students),
        runs=runs,
    )  # fmt: skip


def _union_of_words(parts: Sequence[Words]) -> Words:
    words: dict[str, set[str]] = {}
    for part in parts:
        for name, given in part.items():
            words.setdefault(name, set()).update(given)
    return {name: tuple(sorted(every)) for name, every in words.items()}


def union_of_students(old: pa.Table, new: pa.Table) -> tuple[pa.Table, Longs, Longs]:
    """Give all pupils, sorted by id if any is new, and the row of each old and each new one."""
    metadata = (new.schema.metadata or {}) | (old.schema.metadata or {}) or None
    old, new = with_spells(old, new), with_spells(new, old)
    new = new.select(old.column_names).cast(old.schema)
    rows = np.arange(old.num_rows)
    if old["student_id"].equals(new["student_id"]):
        return new.replace_schema_metadata(metadata), rows, rows
    index = pc.index_in(new["student_id"], value_set=old["student_id"].combine_chunks())
    union = pa.concat_tables([old, new])
    if not index.null_count:
        new_rows = index.to_numpy().astype(np.int64)
        source = rows.copy()
        source[new_rows] = old.num_rows + np.arange(new.num_rows)
        return union.take(pa.array(source)).combine_chunks().replace_schema_metadata(metadata), rows, new_rows
    stays = np.ones(old.num_rows, bool)
    stays[index.drop_null().to_numpy()] = False
    union = pa.concat_tables([old.filter(pa.array(stays)), new]).sort_by("student_id").combine_chunks()
    ids = union["student_id"].combine_chunks()
    rows_of_parts = [
        pc.index_in(part["student_id"], value_set=ids).to_numpy().astype(np.int64) for part in (old, new)
    ]
    return union.replace_schema_metadata(metadata), rows_of_parts[0], rows_of_parts[1]


def _days_valid_to(old: Histories, calendar: SchoolCalendar, row: Ints, old_rows: Longs) -> Ints:
    """Give the date up to which each pupil's dates have the same school day as before."""
    valid_to = np.full(len(row), _LOWEST, np.int32)
    changes = first_changes(old.calendar, calendar)
    index = np.array([calendar.row_of(school) for school in old.calendar.schools], np.int32)
    stays = index[old.calendar_row] == row[old_rows]
    valid_to[old_rows] = np.where(stays, changes[old.calendar_row], _LOWEST)
    return valid_to


def _merged_runs(name: str, old: Histories, arrivals: Sequence[Arrivals], words: Words, grown: Grown) -> Runs:
    """Merge one table: words coded alike, days counted in the grown calendar."""
    calendar, row, old_rows, valid_to = grown
    kept = _recoded_runs(move_runs(old.runs[name], old_rows, len(row)), old.words, words, RUNS[name].words)
    kept = _with_school_days(kept, calendar, row, valid_to)
    never = np.full(len(row), _LOWEST, np.int32)
    arrived = [
        _with_school_days(
            _recoded_runs(part.runs[name], part.words, words, RUNS[name].words), calendar, row, never
        )
        for part in arrivals
    ]
    return merge_runs(kept, arrived)


def _recoded_runs(runs: Runs, former: Words, words: Words, names: tuple[str, ...]) -> Runs:
    changed = [name for name in names if former.get(name, ()) != words.get(name, ())]
    codes = {name: _new_codes(former.get(name, ()), words[name])[runs.columns[name]] for name in changed}
    return replace(runs, columns=runs.columns | codes) if changed else runs


def _new_codes(words: tuple[str, ...], union: tuple[str, ...]) -> Ints:
    index = {word: code for code, word in enumerate(union)}
    return np.array([*(index[word] for word in words), -1], dtype=np.int32)


def _with_school_days(runs: Runs, calendar: SchoolCalendar, row: Ints, valid_to: Ints) -> Runs:
    """Count the school days before each row whose date lies after the pupil's calendar changed."""
    date = runs.columns["date"]
    if "day" in runs.columns and (not len(date) or not len(row) or date.max() <= valid_to.min()):
        return runs
    pupil = runs.pupil
    day: Array = runs.columns["day"].copy() if "day" in runs.columns else np.empty(len(date), np.int32)
    stale = np.flatnonzero(date > valid_to[pupil]) if "day" in runs.columns else slice(None)
    day[stale] = calendar.index(row[pupil[stale]], date[stale])
    return replace(runs, columns=runs.columns | {"day": day})


def _still_set_apart(named: Sequence[tuple[str | int, ...]], students: pa.Table) -> tuple[str | int, ...]:
    """Name the pupils who were set apart and still have no row."""
    names = sorted(set().union(*named), key=lambda pupil: (isinstance(pupil, str), pupil))
    ids, texts = students["student_id"], pa.array([str(name) for name in names], pa.string())
    known = set(ids.filter(pc.is_in(ids.cast(pa.string()), value_set=texts)).to_pylist()) if names else set()
    return tuple(name for name in names if name not in known)


def grown_observed(calendar: SchoolCalendar, parts: Sequence[Histories | Arrivals]) -> Observed:
    """Give what all parts tell of the schools of a grown calendar."""
    latest = Observed.until(-1, len(calendar.schools))
    for part in parts:
        rows = np.array([calendar.row_of(name) for name in part.calendar.schools], dtype=np.intp)
        latest = latest.merged(part.observed.moved(rows, len(calendar.schools)))
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
