"""Dirt as real tables have it: unknown words, impossible dates, copies, strangers, foreign headers.

Spoiled columns are text, as they would be in a file. What was planted is told by table and by the name
of the rule in :data:`dropout_risk.records.rules.RULES` that finds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Bools
from dropout_risk.simulate.columns import Ints

SHARE_OF_EACH = 0.0007
STRANGER = "p-unknown"
HEADERS = {
    "grades": {"student_id": " Student ID ", "subject": "科目", "score": "Score"},
    "wellbeing": {"student_id": "学号", "date": "测评日期"},
}
Planted = dict[tuple[str, str], int]


class Spot(NamedTuple):
    """Dirt that overwrites a column's values with the given ones, in turn; ``rule`` finds it."""

    table: str
    column: str
    rule: str
    values: tuple[str, ...]


class Copy(NamedTuple):
    """Dirt that adds a changed copy of a row; ``rule`` finds it, in ``rows`` rows for each copy."""

    table: str
    rule: str
    change: Callable[[pa.Table], pa.Table]
    rows: int = 1


def spoil_tables(
    tables: dict[str, pa.Table], last_day: dt.date, rng: np.random.Generator
) -> tuple[dict[str, pa.Table], Planted]:
    """Plant every kind of dirt in some rows of clean tables, each row at most once.

    What lies after ``last_day`` is in the future. Beside the spoiled tables, the number of rows by (table,
    rule) is given.
    """
    planted: Planted = {}
    spots, copies = _declare_spots(last_day), _declare_copies()
    spoiled = dict(tables)
    left = tables["students"].filter(tables["students"]["left_on"].is_valid())["student_id"].cast(pa.string())
    for name in ("attendance", "grades", "wellbeing", "family", "outcomes"):
        table = tables[name]
        rows = rng.permutation(np.flatnonzero(_may_be_spoiled(table, left)))
        count = max(2, round(SHARE_OF_EACH * table.num_rows))
        for spot in (spot for spot in spots if spot.table == name):
            chosen, rows = rows[:count], rows[count:]
            table = _overwrite_column(table, spot, chosen)
            planted[name, spot.rule] = planted.get((name, spot.rule), 0) + len(chosen)
        for copy in (copy for copy in copies if copy.table == name):
            chosen, rows = rows[:count], rows[count:]
            table = pa.concat_tables([table, copy.change(table.take(pa.array(chosen)))])
            planted[name, copy.rule] = copy.rows * len(chosen)
        spoiled[name] = table.rename_columns([HEADERS.get(name, {}).get(c, c) for c in table.column_names])
    spoiled["attendance"] = spoiled["attendance"].append_column(
        "terminal", pa.nulls(spoiled["attendance"].num_rows, pa.string())
    )
    planted["attendance", "unknown_column"] = 0
    return spoiled, planted


def _declare_spots(last_day: dt.date) -> tuple[Spot, ...]:
    """Declare what is written over good values, relative to the day the tables are drawn."""
    unreadable = ("2024-13-45", "31st of June", "#REF!")
    ahead = tuple(str(last_day + dt.timedelta(number)) for number in range(1, 400))
    sundays = tuple(str(last_day - dt.timedelta(last_day.isoweekday() + 7 * number)) for number in range(20))
    long_ago = (str(last_day - dt.timedelta(9000)),)
    return (
        Spot("attendance", "status", "unknown_word", ("??", "P/A", "half there")),
        Spot("attendance", "date", "unparsable_date", unreadable),
        Spot("attendance", "date", "future_date", ahead),
        Spot("attendance", "date", "no_school_day", sundays),
        Spot("grades", "score", "score_over_max", ("999",)),
        Spot("grades", "score", "wrong_type", ("B+", "ninety")),
        Spot("grades", "score", "negative_number", ("-1",)),
        Spot("grades", "date", "unparsable_date", unreadable),
        Spot("wellbeing", "date", "future_date", ahead),
        Spot("wellbeing", "date", "unparsable_date", unreadable),
        Spot("family", "valid_to", "period_reversed", long_ago),
        Spot("outcomes", "date", "lone_date", long_ago),
        Spot("outcomes", "event", "unknown_word", ("gone?",)),
    )


def _declare_copies() -> tuple[Copy, ...]:
    """Declare what is added beside good rows."""
    return (
        Copy("attendance", "duplicate_row", lambda rows: rows),
        Copy("attendance", "contradicting_rows", _say_otherwise, rows=2),
        Copy("attendance", "unknown_pupil", _by_stranger),
        Copy("grades", "duplicate_row", lambda rows: rows),
        Copy("grades", "unknown_pupil", _by_stranger),
        Copy("wellbeing", "duplicate_row", lambda rows: rows),
        Copy("family", "overlapping_periods", _a_day_later),
        Copy("family", "unknown_pupil", _by_stranger),
    )


def _may_be_spoiled(table: pa.Table, left: pa.ChunkedArray) -> Bools:
    """Leave out rows whose spoiling need not show, or shows otherwise.

    These are family rows that end, or say that there is nothing, and attendance of pupils who left.
    """
    if "status" in table.column_names:
        there: Bools = pc.invert(pc.is_in(table["student_id"].cast(pa.string()), left)).to_numpy()
        return there
    if "factor" not in table.column_names:
        return np.ones(table.num_rows, np.bool_)
    something = pc.not_equal(table["factor"].cast(pa.string()), "none")
    mask: Bools = pc.and_(something, table["valid_to"].is_null()).to_numpy()
    return mask


def _overwrite_column(table: pa.Table, spot: Spot, rows: Ints) -> pa.Table:
    column = table[spot.column].cast(pa.string()).combine_chunks()
    mask = np.zeros(table.num_rows, np.bool_)
    mask[rows] = True
    values = [spot.values[number % len(spot.values)] for number in range(len(rows))]
    changed = pc.replace_with_mask(column, pa.array(mask), pa.array(values, pa.string()))
    return _with_column(table, spot.column, changed)


def _with_column(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _by_stranger(rows: pa.Table) -> pa.Table:
    ids = pa.array([f"{STRANGER}-{number}" for number in range(rows.num_rows)], pa.string())
    return _with_column(rows, "student_id", ids.dictionary_encode())


def _say_otherwise(rows: pa.Table) -> pa.Table:
    other = pc.if_else(pc.equal(rows["status"], "absent"), "present", "absent")
    return _with_column(rows, "status", other)


def _a_day_later(rows: pa.Table) -> pa.Table:
    later = pc.add(rows["valid_from"].cast(pa.int32()), pa.scalar(1, pa.int32())).cast(pa.date32())
    return _with_column(rows, "valid_from", later)
