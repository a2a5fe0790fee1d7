"""Rows of pupils that could not be used, as runs: how many, of which table, on which day.

They make no feature. They let a score say that it does not rest on everything that was handed in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dropout_risk.histories.runs import Runs, merge_runs, offsets_of
from dropout_risk.records.days.day_grid import day_keys
from dropout_risk.records.refused_rows import REFUSED_TABLES, UNDATED, RefusedRows
from dropout_risk.records.tables import TABLES

REFUSED = "refused"
KEY = ("table", "date")
_COLUMNS = (*KEY, "known", "number")


def refused_runs(rows: RefusedRows | None, n_pupils: int) -> Runs:
    """Count refused rows by pupil, table, day, and the day on which they were recorded."""
    if rows is None or not len(rows):
        empty = {name: np.zeros(0, np.int32) for name in _COLUMNS}
        return Runs(np.zeros(n_pupils + 1, np.int64), empty, KEY)
    cells = np.stack([rows.pupil, rows.table, rows.date, rows.known])
    (pupil, *columns), number = np.unique(cells, axis=1, return_counts=True)
    named = dict(zip(_COLUMNS, (*columns, number.astype(np.int32)), strict=True))
    return Runs(offsets_of(np.bincount(pupil, minlength=n_pupils)), named, KEY)


def merged_refused(old: Runs, arrived: Sequence[dict[str, Runs]]) -> Runs:
    """Give what is still refused after all that arrived, one after the other.

    What arrives of a pupil's table and day and can be used takes the place of what was refused of it before.
    """
    for runs in arrived:
        old = merge_runs(_still_refused(old, runs), [runs[REFUSED]])
    return old


def _still_refused(old: Runs, runs: dict[str, Runs]) -> Runs:
    if not old.offsets[-1]:
        return old
    pupil, table, date = old.pupil, old.columns["table"], old.columns["date"]
    mended = np.zeros(len(pupil), np.bool_)
    for code, name in enumerate(REFUSED_TABLES):
        of_table = (table == code) & (date != UNDATED)
        run = TABLES[name].run
        for usable in [runs[run]] if run is not None else [runs["days"], runs["late"]]:
            came = day_keys(usable.pupil, usable.columns["date"])
            mended |= of_table & np.isin(day_keys(pupil, date), came)
    kept = ~mended
    counts = np.bincount(pupil[kept], minlength=len(old.offsets) - 1)
    return Runs(offsets_of(counts), {name: column[kept] for name, column in old.columns.items()}, old.key)
