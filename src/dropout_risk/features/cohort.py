"""The cohort: whose risk is asked for, on which dates, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bools, Floats, Ints, Longs
from dropout_risk.errors import DateError, LabelError, RecordsError, SettingsError, nearest, require_kind
from dropout_risk.histories.attendance_bits import PLANES
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.places import students_on
from dropout_risk.histories.registers import last_days
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.kernels import kernel
from dropout_risk.records.checks.departures import AWAY, BACK, CAME_DAYS
from dropout_risk.records.days.calendar import DateLike, SchoolCalendar, ordinal_of
from dropout_risk.records.pupils.spells import SPELLS
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import EVENTS

NOT_GONE = -(1 << 40)

# --- The grade level of pupils on a day in the past: the students table holds only the latest one ---


def grade_levels_on(histories: Histories, pupils: Array, ordinals: Longs) -> Floats:
    """Give the grade level of some pupils (row numbers), each on a day; NaN where none is recorded.

    The students table says it as of the day the pupil left or, for who is still there, as of the last day
    that was observed. A day in an earlier school year is taken to lie one grade level lower for each year;
    who repeated a year is then one too low. A day in a later school year changes nothing.
    """
    students = _students_of_rows(histories, np.asarray(pupils), ordinals)
    grades = students["grade_level"].cast(pa.float64())
    left = pc.fill_null(students["left_on"].cast(pa.int32()), -1).to_numpy().astype(np.int64)
    observed = np.broadcast_to(histories.observed_to, len(histories.calendar.schools))
    latest = np.where(left >= 0, left, observed[histories.calendar_row][pupils])
    start = histories.calendar.year_start
    years = _school_year(latest, start) - _school_year(ordinals, start)
    now = np.asarray(grades.to_pandas().to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(now - np.maximum(years, 0))


def _school_year(ordinals: Longs, start: tuple[int, int]) -> Longs:
    """Give the calendar year in which each day's school year began."""
    dates = ordinals.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    month, day = start
    begins = (years.astype("datetime64[M]") + (month - 1)).astype("datetime64[D]") + (day - 1)
    return np.asarray(years.astype(np.int64) - (dates < begins))


# --- Where features are read from: school records, or the histories made of them ---

Source = SchoolRecords | Histories
_MADE: WeakKeyDictionary[SchoolRecords, Histories] = WeakKeyDictionary()


READ_FIRST = "dr.SchoolRecords.from_folder(path), or dr.Histories.load(path)"


def histories_of(source: Source) -> Histories:
    """Give the histories of records, building them once for as long as the records live."""
    if isinstance(source, Histories):
        return source
    require_kind(source, SchoolRecords, "records", READ_FIRST)
    if source not in _MADE:
        _MADE[source] = Histories.from_records(source)
    return _MADE[source]


OUTCOMES_NOT_COMPLETE = "outcomes_not_complete"
_STATES = (
    "stayed", "dropped_out", "left_without_outcome", "died", "transferred", "horizon_not_observed",
    OUTCOMES_NOT_COMPLETE, "attendance_stopped",
)  # fmt: skip
_STAYED, _DROPPED_OUT, _LEFT, _DIED, _MOVED, _NOT_OBSERVED, _NOT_COMPLETE, _STOPPED = range(len(_STATES))
_NEVER = np.iinfo(np.int32).max
_STOPPED_DAYS = 10


@dataclass(frozen=True)
class Cohort:
    """Pupils and as-of dates: one row for each pupil on each date on which it was at school.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``student_id, as_of, pupil`` (row number in the histories), ``school_id, class_id``,
        ``grade_level``.
    labels : pandas.Series or None
        1 for pupils who dropped out in the horizon, 0 for those who did not, indexed by
        ``(student_id, as_of)``; only after :meth:`with_labels`.
    censored : pandas.DataFrame
        Rows without a label, with the reason: ``horizon_not_observed``, ``outcomes_not_complete``,
        ``transferred``, ``died``, ``left_without_outcome`` or ``attendance_stopped``. They are
        neither leavers nor stayers.
    horizon_days : int or None
        How many school days the labels look ahead.
    events : tuple of str
        The outcomes that they count.
    synthetic : bool or None
        Whether the pupils are made up; None where a cohort was put together by hand.
    calendar : SchoolCalendar or None
        The school days of the records that it was made from.

    Examples
    --------
    >>> import dropout_risk as dr
    >>> records = dr.simulate_district(n_students=300, seed=1)
    >>> cohort = Cohort.on(records, as_of=["2025-03-03"]).with_labels(records, horizon_days=60)
    >>> sorted(set(cohort.labels))
    [0, 1]
    """

    frame: pd.DataFrame
    labels: pd.Series | None = None
    censored: pd.DataFrame | None = None
    horizon_days: int | None = None
    events: tuple[str, ...] = ()
    synthetic: bool | None = None
    calendar: SchoolCalendar | None = None

    def __post_init__(self) -> None:
        """Check that labels, where there are any, are 0 and 1."""
        if self.labels is not None and not (fits := self.labels.isin([0, 1])).all():
            raise LabelError(
                f"{int((~fits).sum())} of {len(fits)} labels are neither 0 nor 1.",
                hint="1 means dropped out within the horizon, 0 did not; leave out rows that nobody knows of",
            )
        if self.labels is not None and not self._names_rows_of(self.labels):
            raise LabelError(
                "The labels do not name the rows of the cohort, one by one and in the same order.",
                hint="bring them together by their index: labels.loc[cohort.index]",
            )

    def _names_rows_of(self, labels: pd.Series) -> bool:
        """Say whether labels are as many as the rows and, where they name their rows, name the same."""
        if len(labels) != len(self.frame):
            return False
        return list(labels.index.names) != ["student_id", "as_of"] or bool(labels.index.equals(self.index))

    @classmethod
    def on(cls, records: Source, as_of: DateLike | Sequence[DateLike]) -> Self:
        """Give the pupils who were at school on each date.

        Parameters
        ----------
        records : SchoolRecords or Histories
            Enrolment, leaving and outcomes decide who was there: enrolled on or before the date, not
            yet left, and not gone by the last outcome known before it. Who returned is back.
        as_of : date or sequence of dates
            The as-of dates; one given twice counts once.

        Raises
        ------
        DateError
            If a date cannot be read or no date is given.
        """
        histories = histories_of(records)
        dates = [as_of] if isinstance(as_of, str) or not isinstance(as_of, Iterable) else list(as_of)
        if not dates:
            raise DateError("No as-of date was given.", hint="give at least one date")
        days = {ordinal_of(day): day for day in dates}
        parts = [np.flatnonzero(members_on(histories.on(day))) for day in days.values()]
        ordinals = np.repeat(list(days), [len(part) for part in parts])
        return cls._from_histories(histories, np.concatenate(parts), ordinals)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, records: Source) -> Self:
        """Make a cohort from a table of ``student_id`` and ``as_of``; unknown pupils are an error."""
        histories = histories_of(records)
        ids = pd.Index(histories.students["student_id"].to_pandas())
        pupils = ids.get_indexer(pd.Index(frame["student_id"]))
        unknown = np.flatnonzero(pupils < 0)
        if len(unknown):
            raise RecordsError(
                f"{len(unknown)} row(s) of the cohort name pupils without a students row, "
                f"the first in row {unknown[0] + 1}.",
                hint="check the type and leading zeros of student_id",
            )
        day, days = pd.factorize(frame["as_of"], use_na_sentinel=False)
        ordinals = np.array([ordinal_of(date) for date in days], dtype=np.int64)
        return cls._from_histories(histories, pupils, ordinals[day])

    @classmethod
    def _from_histories(cls, histories: Histories, pupils: Longs, ordinals: Longs) -> Self:
        frame = _cohort_frame(histories, pupils, ordinals)
        return cls(frame, synthetic=histories.synthetic, calendar=histories.calendar)

    def __len__(self) -> int:
        return len(self.frame)

    def with_labels(
        self, records: Source, horizon_days: int = 90, events: Sequence[str] = ("dropout",)
    ) -> Self:
        """Give the rows whose outcome has been observed, with their labels.

        A label looks at ``[as_of, as_of + horizon)`` in school days and counts only if that whole window
        lies within the observed days, and within those to which the outcomes of the school are complete:
        ``outcomes_to``, as declared with the records; where nobody did, the earlier of the school's last
        well-attended day and its last outcome. Pupils who transferred, died, or left without any outcome
        before the window ended are censored: nobody knows whether they would have stayed. So are those of
        whom no row came any more while their class handed in ten days or more of the window, and whose
        leaving nobody has written down.

        Parameters
        ----------
        records : SchoolRecords or Histories
            Where the outcomes are.
        horizon_days : int, default=90
            School days.
        events : sequence of str, default=("dropout",)
            The outcomes that count.

        Raises
        ------
        SettingsError
            If no such outcome exists, or the horizon is no number of days.
        """
        check_outcome(horizon_days, events)
        histories = histories_of(records)
        state, pupils = np.zeros(len(self), dtype=np.int8), self.frame["pupil"].to_numpy()
        window = _Window(histories, horizon_days, tuple(events))
        for day, rows in self.frame.groupby("as_of").indices.items():
            state[rows] = window.states(histories.on(pd.Timestamp(day)))[pupils[rows]]
        known = state <= _DROPPED_OUT
        kept, rest = self.frame[known].reset_index(drop=True), self.frame[~known].reset_index(drop=True)
        labels = pd.Series(state[known].astype(np.int64), index=_row_index(kept), name="dropped_out")
        reasons = pa.array(_STATES).take(pa.array(state[~known]))
        return replace(
            self, frame=kept, labels=labels, censored=rest.assign(reason=reasons.to_pandas()),
            horizon_days=int(horizon_days), events=tuple(events),
        )  # fmt: skip

    def days_to_outcome(
        self, records: Source, horizon_days: int = 90, events: Sequence[str] = ("dropout",)
    ) -> pd.Series:
        """Count the school days from each row's as-of date to the pupil's outcome.

        Parameters
        ----------
        records : SchoolRecords or Histories
            Where the outcomes are.
        horizon_days : int, default=90
            School days; also the value of rows without an outcome before then.
        events : sequence of str, default=("dropout",)
            The outcomes that count.

        Returns
        -------
        Series of int64
            From 0 (on the day itself) to ``horizon_days``; a labelled row with label 1 lies below it.
        """
        check_outcome(horizon_days, events)
        histories = histories_of(records)
        days, pupils = np.empty(len(self), dtype=np.int64), self.frame["pupil"].to_numpy()
        window = _Window(histories, horizon_days, tuple(events))
        for day, rows in self.frame.groupby("as_of").indices.items():
            days[rows] = window.days(histories.on(pd.Timestamp(day)))[pupils[rows]]
        return pd.Series(days, index=self.index, name="days")

    @property
    def index(self) -> pd.MultiIndex:
        """The rows' names: ``(student_id, as_of)``."""
        return _row_index(self.frame)


def check_outcome(horizon_days: int, events: Sequence[str]) -> None:
    """Check what labels are made of, before any record is read: an unknown word would label all as stayed.

    Raises
    ------
    SettingsError
        With every word that is no outcome, and the nearest that is.

    Examples
    --------
    >>> check_outcome(90, ["dropuot"])
    Traceback (most recent call last):
    ...
    dropout_risk.errors.SettingsError: [DR302] outcome.events names no outcome: 'dropuot'.
    Hint: did you mean 'dropout'?
    """
    if isinstance(horizon_days, bool) or not isinstance(horizon_days, Integral) or horizon_days < 1:
        raise SettingsError(
            f"outcome.horizon_days must be a number of school days from 1, got {horizon_days!r}.",
            hint="90 is the default",
        )
    if isinstance(events, str) or not len(events):
        raise SettingsError(
            f"outcome.events must list outcomes, got {events!r}.", hint='such as ("dropout",)'
        )
    unknown = [event for event in events if event not in EVENTS]
    if unknown:
        raise SettingsError(
            f"outcome.events names no outcome: {', '.join(map(repr, unknown))}.",
            hint=" ".join(dict.fromkeys(nearest(str(event), EVENTS) for event in unknown)),
        )


def members_on(snapshot: Snapshot) -> Bools:
    """Say who was at school on the date of a snapshot.

    An outcome takes a pupil away, unless registers go on to mark it as present (see
    :func:`came_after_outcome`).
    """
    enrolled, left = snapshot.student_dates("enrolled_on"), snapshot.student_dates("left_on")
    there = (enrolled <= snapshot.ordinal) & ((left == -1) | (left > snapshot.ordinal))
    return np.asarray(there & ((gone_since(snapshot) == NOT_GONE) | came_after_outcome(snapshot)))


def gone_since(snapshot: Snapshot) -> Longs:
    """Give the day on which each pupil went away by its outcomes; ``NOT_GONE`` where none took it away."""
    rows = snapshot.outcomes
    if not rows.offsets[-1]:
        return np.full(len(snapshot), NOT_GONE, dtype=np.int64)
    away, back, dead = (_event_codes(snapshot.histories, kind) for kind in (AWAY, (BACK,), ("died",)))
    return np.asarray(_last_move(rows.offsets, rows["event"], rows["date"], away, back, dead))


def died_by(snapshot: Snapshot) -> Bools:
    """Say who is known to have died."""
    rows, died = snapshot.outcomes, np.zeros(len(snapshot), dtype=np.bool_)
    if rows.offsets[-1]:
        dead = _event_codes(snapshot.histories, ("died",))[rows["event"]]
        died[np.repeat(np.arange(len(snapshot)), np.diff(rows.offsets))[dead]] = True
    return died


def came_after_outcome(snapshot: Snapshot) -> Bools:
    """Say who is away by an outcome and has been marked as present on several school days since.

    Such an outcome is wrong, or nobody wrote that the pupil came back: it is taken to be at school.
    """
    since = gone_since(snapshot)
    came, pupils = np.zeros(len(snapshot), dtype=np.bool_), np.flatnonzero(since != NOT_GONE)
    if not len(pupils):
        return came
    histories, bits = snapshot.histories, snapshot.histories.attendance.take(pupils)
    shape = len(pupils), bits.n_days // 8
    planes = bits.known_on(snapshot.ordinal)[:, : shape[0] * shape[1]]
    recorded, absent = (planes[[*PLANES].index(kind)].reshape(shape) for kind in ("recorded", "absent"))
    there = np.unpackbits(recorded & ~absent, axis=1, bitorder="little").view(np.bool_)
    row, day = histories.calendar_row[pupils], np.arange(there.shape[1])
    first, end = (histories.calendar.index(row, date) for date in (since[pupils] + 1, snapshot.ordinal))
    inside = (day >= first[:, None]) & (day < end[:, None])
    came[pupils] = (there & inside).sum(axis=1) >= CAME_DAYS
    return came


def _event_codes(histories: Histories, events: tuple[str, ...]) -> Bools:
    """Say of each code of an outcome whether it is one of some events."""
    return np.array([*(word in events for word in histories.words.get("event", ())), False])


@kernel
def _last_move(  # noqa: PLR0917
    offsets: Longs, event: Ints, date: Ints, away: Bools, back: Bools, dead: Bools
) -> Longs:
    """Give the day of the last outcome that tells, of who is away by it; outcomes are sorted by date.

    Of several on one day a return comes last, and nobody returns from death.
    """
    gone = np.full(len(offsets) - 1, NOT_GONE, dtype=np.int64)
    for pupil in range(len(gone)):
        told, returned, died = np.int64(-1), False, False
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if away[event[row]] or back[event[row]]:
                returned = back[event[row]] or (returned and date[row] == told)
                died |= dead[event[row]]
                told = np.int64(date[row])
                gone[pupil] = told if died or not returned else NOT_GONE
    return gone


class _Window:
    """The outcome windows of some histories."""

    def __init__(self, histories: Histories, horizon_days: int, events: tuple[str, ...]) -> None:
        self.histories, self.horizon = histories, horizon_days
        self.observed, self.complete = observed_days(histories), complete_days(histories)
        # outcomes of the whole history, not only those known before the date: this is the label
        self.outcomes = histories.outcomes
        self.pupil = histories.outcomes.pupil
        self.kinds = [
            _event_codes(histories, kind) for kind in (events, ("graduated",), ("transferred",), ("died",))
        ]
        self.last_day, self.class_days = last_days(histories), histories.registers.day_counts
        away = _event_codes(histories, AWAY)[histories.outcomes.columns["event"]]
        self.departed = np.array(histories.student_dates("left_on"), dtype=np.int64)
        np.maximum.at(self.departed, self.pupil[away], histories.outcomes.columns["date"][away])

    def states(self, snapshot: Snapshot) -> npt.NDArray[np.int8]:
        """Give the place in ``_STATES`` of each pupil."""
        histories = snapshot.histories
        end = histories.calendar.index(np.arange(len(histories.calendar.schools)), snapshot.ordinal)
        end = end[histories.calendar_row] + self.horizon
        date, day = self.outcomes.columns["date"], self.outcomes.columns["day"]
        inside = np.flatnonzero((date >= snapshot.ordinal) & (day < end[self.pupil]))
        pupil, event = self.pupil[inside], self.outcomes.columns["event"][inside]
        positive, done, moved, died = (
            _first_dates(pupil[kind[event]], date[inside[kind[event]]], len(snapshot)) for kind in self.kinds
        )
        vanished = self._has_left(snapshot, end) & (done == _NEVER)
        state = np.where(positive < _NEVER, _DROPPED_OUT, np.where(vanished, _LEFT, _STAYED)).astype(np.int8)
        decided = np.minimum(positive, done)
        state[died < decided] = _DIED
        state[moved < np.minimum(decided, died)] = _MOVED
        state[(state == _STAYED) & (done == _NEVER) & self._has_stopped(snapshot, end)] = _STOPPED
        state[end > self.complete] = _NOT_COMPLETE
        state[end > self.observed] = _NOT_OBSERVED
        return state

    def _has_left(self, snapshot: Snapshot, end: Ints) -> Bools:
        """Say who left in the window and had not begun another spell by its end."""
        calendar, row = self.histories.calendar, self.histories.calendar_row
        left = self.histories.left_by(calendar.day(row, end - 1).astype(np.int64))
        left_day = calendar.index(row, np.maximum(left, 0))
        return np.asarray((left >= snapshot.ordinal) & (left_day < end))

    def _has_stopped(self, snapshot: Snapshot, end: Ints) -> Bools:
        """Say of whom no row came any more in the window while its class went on, without a departure."""
        histories, most = self.histories, self.class_days.shape[1] - 1
        counts, unit = self.class_days, histories.registers.unit
        after = np.clip(np.minimum(self.last_day + 1, end), 0, most)
        went_on = counts[unit, np.clip(end, 0, most)] - counts[unit, after]
        seen = (self.last_day >= 0) & ~histories.presumed & (self.departed < snapshot.ordinal)
        return np.asarray(seen & (went_on >= _STOPPED_DAYS))

    def days(self, snapshot: Snapshot) -> Longs:
        """Give the school days until each pupil's first outcome that counts, at most the horizon."""
        histories = snapshot.histories
        start = histories.calendar.index(np.arange(len(histories.calendar.schools)), snapshot.ordinal)
        columns = self.outcomes.columns
        counts = np.flatnonzero((columns["date"] >= snapshot.ordinal) & self.kinds[0][columns["event"]])
        first = _first_dates(self.pupil[counts], columns["day"][counts], len(snapshot)).astype(np.int64)
        return np.asarray(np.minimum(first - start[histories.calendar_row], self.horizon))


def _first_dates(pupil: Ints, date: Ints, n: int) -> Ints:
    """Give the earliest date of each pupil's rows, or one that never comes."""
    first = np.full(n, _NEVER, dtype=np.int32)
    np.minimum.at(first, pupil, date)
    return first


def observed_days(histories: Histories) -> Ints:
    """Give, for each pupil, how many school days of its school have been observed."""
    row = histories.calendar_row
    return histories.calendar.index(row, histories.observed_to[row] + 1)


def complete_days(histories: Histories) -> Ints:
    """Give, for each pupil, how many school days of its school have complete outcomes."""
    row = histories.calendar_row
    return histories.calendar.index(row, histories.complete_to[row] + 1)


def _cohort_frame(histories: Histories, pupils: Longs, ordinals: Longs) -> pd.DataFrame:
    names = ["student_id", "school_id", "class_id"]
    students = _students_of_rows(histories, pupils, ordinals).select(names)
    columns = {name: students[name].to_pandas() for name in names}
    dates = pd.Series(ordinals.astype("datetime64[D]").astype("datetime64[s]"))
    first = {"student_id": columns["student_id"], "as_of": dates, "pupil": pupils}
    return pd.DataFrame(first | columns | {"grade_level": grade_levels_on(histories, pupils, ordinals)})


def _students_of_rows(histories: Histories, pupils: Longs, ordinals: Longs) -> pa.Table:
    """Give each row's pupil as the students table has it on the row's date."""
    students = histories.students.take(pa.array(pupils))
    return students_on(students, ordinals) if SPELLS in students.column_names else students


def _row_index(frame: pd.DataFrame) -> pd.MultiIndex:
    """Name the rows without comparing their names: a pupil's row number stands for its name."""
    pupils = frame["pupil"].to_numpy()
    first = np.full(int(pupils.max(initial=-1)) + 1, -1, dtype=np.int64)
    first[pupils[::-1]] = np.arange(len(pupils))[::-1]
    there = np.flatnonzero(first >= 0)
    code = np.cumsum(first >= 0) - 1
    day, days = pd.factorize(frame["as_of"], sort=True)
    ids = pd.Index(frame["student_id"].iloc[first[there]])
    return pd.MultiIndex(levels=[ids, days], codes=[code[pupils], day], names=["student_id", "as_of"])
