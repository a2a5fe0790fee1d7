"""The cohort: whose risk is asked for, on which dates, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import DateError, RecordsError
from dropout_risk.features.source import Source, histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.calendar import DateLike, ordinal_of

GONE = ("dropout", "transferred", "graduated", "died")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cohort:
    """Pupils and as-of dates: one row for each pupil on each date on which it was at school.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns ``student_id, as_of, pupil`` (row number in the histories), ``school_id, class_id``.
    labels : pandas.Series or None
        1 for pupils who dropped out in the horizon, 0 for those who did not, indexed by
        ``(student_id, as_of)``; only after :meth:`with_labels`.
    censored : pandas.DataFrame
        Rows without a label, with the reason: ``horizon_not_observed``, ``transferred``, ``died`` or
        ``left_without_outcome``. They are neither leavers nor stayers.

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
        return cls(_frame(histories, np.concatenate(parts), ordinals))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, records: Source) -> Self:
        """Make a cohort from a table of ``student_id`` and ``as_of``; unknown pupils are an error."""
        histories = histories_of(records)
        place = {student: row for row, student in enumerate(histories.student_ids)}
        pupils = [place.get(student, -1) for student in frame["student_id"]]
        if -1 in pupils:
            number = pupils.count(-1)
            raise RecordsError(
                f"{number} row(s) of the cohort name pupils without a students row, "
                f"the first in row {pupils.index(-1) + 1}.",
                hint="check the type and leading zeros of student_id",
            )
        ordinals = [ordinal_of(day) for day in frame["as_of"]]
        return cls(_frame(histories, np.array(pupils, dtype=np.int64), np.array(ordinals, dtype=np.int64)))

    def __len__(self) -> int:
        return len(self.frame)

    def with_labels(
        self, records: Source, horizon_days: int = 90, events: Sequence[str] = ("dropout",)
    ) -> Self:
        """Give the rows whose outcome has been observed, with their labels.

        A label looks at ``[as_of, as_of + horizon)`` in school days and counts only if that whole window
        lies within the observed days. Pupils who transferred, died, or left without any outcome before
        the window ended are censored: nobody knows whether they would have stayed.

        Parameters
        ----------
        records : SchoolRecords or Histories
            Where the outcomes are.
        horizon_days : int, default=90
            School days.
        events : sequence of str, default=("dropout",)
            The outcomes that count.
        """
        histories = histories_of(records)
        state = np.full(len(self), "", dtype=object)
        for rows in self.frame.groupby("as_of").indices.values():
            day = self.frame["as_of"].iloc[rows[0]]
            window = _Window(histories.on(day), horizon_days)
            state[rows] = window.states(tuple(events))[self.frame["pupil"].to_numpy()[rows]]
        known = np.isin(state, ["0", "1"])
        kept = self.frame[known].reset_index(drop=True)
        labels = pd.Series(state[known].astype(np.int64), index=_index(kept), name="dropped_out")
        censored = self.frame[~known].assign(reason=state[~known]).reset_index(drop=True)
        return replace(self, frame=kept, labels=labels, censored=censored)

    @property
    def index(self) -> pd.MultiIndex:
        """The rows' names: ``(student_id, as_of)``."""
        return _index(self.frame)


def members_on(known: Snapshot) -> Bools:
    """Say who was at school on the date of a snapshot."""
    enrolled, left = known.student_dates("enrolled_on"), known.student_dates("left_on")
    there = (enrolled <= known.ordinal) & ((left == -1) | (left > known.ordinal))
    rows = known.outcomes
    words = known.histories.words.get("event", ())
    moves = np.isin(rows["event"], known.codes("event", (*GONE, "returned")))
    pupil, event = rows["pupil"][moves], rows["event"][moves]
    gone = np.zeros(len(known), dtype=bool)
    # sorted by date: the last move of a pupil is written last
    gone[pupil] = np.isin(event, [words.index(word) for word in GONE if word in words])
    return np.asarray(there & ~gone)


class _Window:
    """The outcome window of one snapshot."""

    def __init__(self, known: Snapshot, horizon_days: int) -> None:
        self.known = known
        histories = known.histories
        self.end = histories.calendar.index(histories.calendar_row, known.ordinal) + horizon_days
        # outcomes of the whole history, not only those known before the date: this is the label
        self.rows = {"pupil": histories.outcomes.pupil} | histories.outcomes.columns
        inside = (self.rows["date"] >= known.ordinal) & (self.rows["day"] < self.end[self.rows["pupil"]])
        self.rows = {name: column[inside] for name, column in self.rows.items()}

    def first(self, events: tuple[str, ...]) -> npt.NDArray[np.float64]:
        """Date of the first of some events in the window; infinite where there is none."""
        chosen = np.isin(self.rows["event"], self.known.codes("event", events))
        first = np.full(len(self.known), np.inf)
        np.minimum.at(first, self.rows["pupil"][chosen], self.rows["date"][chosen])
        return first

    def states(self, events: tuple[str, ...]) -> npt.NDArray[np.object_]:
        """Give "1", "0" or the reason why there is no label."""
        positive, done = self.first(events), self.first(("graduated",))
        moved, died = self.first(("transferred",)), self.first(("died",))
        left = self.known.student_dates("left_on")
        left_day = self.known.histories.calendar.index(self.known.histories.calendar_row, np.maximum(left, 0))
        vanished = (left >= self.known.ordinal) & (left_day < self.end) & ~np.isfinite(done)
        state = np.where(np.isfinite(positive), "1", "0").astype(object)
        state[(state == "0") & vanished] = "left_without_outcome"
        decided = np.minimum(positive, done)
        state[died < decided] = "died"
        state[moved < np.minimum(decided, died)] = "transferred"
        state[self.end > observed_days(self.known.histories)] = "horizon_not_observed"
        return state


def observed_days(histories: Histories) -> npt.NDArray[np.int32]:
    """Give, for each pupil, how many school days of its school have been observed."""
    row = histories.calendar_row
    return histories.calendar.index(row, histories.observed_to[row] + 1)


def _frame(
    histories: Histories, pupils: npt.NDArray[np.int64], ordinals: npt.NDArray[np.int64]
) -> pd.DataFrame:
    students = histories.students.select(["student_id", "school_id", "class_id"]).take(pupils)
    columns = {name: students[name].to_pandas() for name in students.column_names}
    dates = pd.Series(ordinals.astype("datetime64[D]").astype("datetime64[s]"))
    return pd.DataFrame({"student_id": columns["student_id"], "as_of": dates, "pupil": pupils, **columns})


def _index(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[["student_id", "as_of"]])
