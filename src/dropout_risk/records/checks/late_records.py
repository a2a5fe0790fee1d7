"""Days of recording that are no such days: that of an export, written into every row."""

from __future__ import annotations

from collections import Counter

import numpy as np

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.rows import Draft
from dropout_risk.records.tallies import TableTallies
from dropout_risk.records.values import FIRST_DATE

LATE = 30
RECORDED, ALL, _SPAN = "recorded", "all", 1 << 20
_FEWEST_ROWS, _FEWEST_DAYS, _NEARLY_ALL = 10, 2, 0.9
Recording = tuple[Array, Array]
"""The days that rows are about, and those on which they were recorded."""


def doubt_recorded_days(draft: Draft) -> None:
    """Doubt ``recorded_on`` where one day of it stands for rows of many days, weeks ago."""
    table = draft.table
    if table.known_from is None or table.ahead or draft.is_of_request:
        return
    if draft.values["recorded_on"] is draft.values[table.known_from]:  # nobody wrote one
        draft.counted(RECORDED, {ALL: len(draft) - int(np.count_nonzero(draft.apart))})
        return
    rows = np.flatnonzero(~draft.apart)
    recording = draft.values[table.known_from][rows], draft.values["recorded_on"][rows]
    mask = np.zeros(len(draft), np.bool_)
    mask[rows[recorded_at_once(recording, len(rows), draft.tallies, table.name)]] = True
    draft.warn("recorded_at_once", "recorded_on", mask)


def recorded_at_once(recording: Recording, among: int, tallies: TableTallies, table: str) -> Bools:
    """Mark the rows that were recorded on one day as nearly all are, though they are about many days before.

    ``among`` is the number of all rows, of which those recorded on their own day may be left out.

    >>> days = np.arange(40)
    >>> recorded_at_once((days, np.full(40, 90)), 40, TableTallies(), "grades").sum()
    np.int64(40)
    >>> recorded_at_once((days, days + 31), 40, TableTallies(), "grades").sum()
    np.int64(0)
    """
    date, recorded = (days.astype(np.int64) for days in recording)
    late = recorded > date
    pairs, number = np.unique(recorded[late] * _SPAN + date[late] - FIRST_DATE, return_counts=True)
    counted = tallies.counted(
        (table, RECORDED), {ALL: among, **dict(zip(pairs.tolist(), number.tolist(), strict=True))}
    )
    of_pair = {divmod(pair, _SPAN): n for pair, n in counted.items() if isinstance(pair, int)}
    rows: Counter[int] = Counter()
    for (day, _), n in of_pair.items():
        rows[day] += n
    day, most = rows.most_common(1)[0] if rows else (0, 0)
    long_ago = sum(when == day and day - FIRST_DATE - about >= LATE for when, about in of_pair)
    doubted = most >= max(_FEWEST_ROWS, _NEARLY_ALL * counted[ALL]) and long_ago >= _FEWEST_DAYS
    return np.asarray(late & (recorded == day) & doubted)
