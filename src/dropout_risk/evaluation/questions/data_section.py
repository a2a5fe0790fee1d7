"""The records that a model was trained and tested on: period, rows and lateness of each table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.evaluation.section import Cell, Section, SectionKind, SectionTable
from dropout_risk.records.rules import Counts
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.text import Text, iso_date_words

WITHOUT_TITLE = {
    "students": Text(zh="学生名册", en="students"),
    "calendar": Text(zh="校历", en="calendar"),
}
COLUMNS = (
    Text(zh="数据表", en="Table"),
    Text(zh="使用行数", en="Rows used"),
    Text(zh="未使用", en="Set apart"),
    Text(zh="最早", en="First day"),
    Text(zh="最晚", en="Last day"),
    Text(zh="登记晚几天：中位数", en="Days late: median"),
    Text(zh="九成不超过", en="Nine tenths within"),
)
TABLE = Text(zh="各数据表", en="Each table")
PERIOD = Text(
    zh="数据从{first}到{last}；考勤登记到{observed}。数据由谁提供，见“谁负责、依据什么”。",
    en="Records from {first} to {last}; attendance is recorded to {observed}. Who provided them stands under "
    '"Who answers for it".',
)
LATE = Text(
    zh="“登记晚几天”是从事情发生到登记入系统的天数；没有登记日期的行按发生当天就已知道计算（0天），可能偏早；"
    "没有一行晚登记的表写“–”。",
    en="Days late are those from the event to its entry. A row without a day of entry counts as known on the "
    "day itself (0), which may be too early; a dash stands where no row is late.",
)


def data_section(records: SchoolRecords) -> Section:
    """Count rows by table, and how late they were entered; no pupil's row is in it."""
    counts, rows, days = records.check().counts, [], []
    for name, table in TABLES.items():
        given = records.table(name)
        if not given.num_rows:
            continue
        first, last = _first_and_last(given, table.date)
        days += [day for day in (first, last) if day and (name == "attendance" or table.tells_observed)]
        rows.append((WITHOUT_TITLE.get(name, table.title), *_row_cells(given, table.date, counts.get(name))))
    observed = records.observed_to.isoformat()
    told = {"first": min(days), "last": max(days), "observed": observed} if days else {}
    said = [PERIOD.filled(**{name: iso_date_words(day) for name, day in told.items()})] if days else []
    return DATA.section(
        [*said, LATE], [SectionTable(TABLE, COLUMNS, tuple(rows))], points={"observed_to": observed}
    )


def _row_cells(given: pa.Table, date: str | None, counts: Counts | None) -> tuple[Cell, ...]:
    late = _days_late(given, date)
    half, most = np.quantile(late, [0.5, 0.9]).tolist() if late.any() else (None, None)
    return (
        given.num_rows if counts is None else counts.used,
        None if counts is None else counts.set_apart,
        *_first_and_last(given, date),
        None if half is None else f"{half:.0f}",
        None if most is None else f"{most:.0f}",
    )


def _first_and_last(given: pa.Table, date: str | None) -> tuple[str | None, str | None]:
    if date is None:
        return None, None
    ends = pc.min_max(given[date]).as_py()
    first, last = (None if day is None else str(day) for day in (ends["min"], ends["max"]))
    return first, last


def _days_late(given: pa.Table, date: str | None) -> npt.NDArray[Any]:
    """Give the days from each row's day to its entry, nothing without days."""
    if date is None or "recorded_on" not in given.column_names:
        return np.zeros(0)
    happened, entered = (given[name].cast(pa.int32()) for name in (date, "recorded_on"))
    days = pc.max_element_wise(pc.subtract(entered, happened), pa.scalar(0, pa.int32()))
    return np.asarray(days.to_numpy())


DATA: SectionKind = SectionKind(
    name="data",
    title=Text(zh="用了哪些数据", en="The records behind it"),
    of_model=lambda trained: data_section(trained.records),
)
