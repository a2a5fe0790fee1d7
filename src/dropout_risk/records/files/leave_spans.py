"""Rows for days on end, as lists of leave have them, spread over the school days that they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.days.school_zone import SchoolDay
from dropout_risk.records.files.readers import BATCH_ROWS, Note, Part, Piece, WrappedPart, read_batches
from dropout_risk.records.rows import Draft, Finding
from dropout_risk.records.rules import RULES
from dropout_risk.records.tables import TABLES
from dropout_risk.records.values import NO_DATE, Vocabulary, convert_column, one_array
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.table_shapes import SpanHeaders
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import Text

_TABLE = TABLES["attendance"]
_LONGEST = 400
_ROWS = Text(zh="{number}行", en="{number} rows")
_FIRST = (
    "开始日期 起始日期 开始时间 起始时间 请假开始 请假开始日期 请假开始时间 请假起始日期 起 自 "
    "from from_date date_from start start_date begin_date absence_start first_day first_day_absent"
)
_LAST = (
    "结束日期 截止日期 终止日期 结束时间 截止时间 终止时间 请假结束 "
    "请假结束日期 请假结束时间 请假截止日期 止 至 "
    "to to_date date_to end end_date absence_end last_day last_day_absent through"
)
_NUMBER = "天数 请假天数 days number_of_days total_days no_of_days days_absent"

SchoolOpens = Callable[[Any, str, Array], tuple[Array, Bools]]
"""Tells of ids under a header and as many dates: whether they are school days of their pupils.

It first gives 1 where the school days of a pupil are known, 0 where they are not, -1 where there is no pupil.
"""


def span_headers(headers: Sequence[str]) -> SpanHeaders | None:
    """Find the headers of a first and a last day, and of how many they are; None where there are none.

    >>> span_headers(["学号", "开始日期", "结束日期", "天数"])
    SpanHeaders(first='开始日期', last='结束日期', days='天数')
    """
    found = [
        next((header for header in headers if plain_form(header) in known.split()), "")
        for known in (_FIRST, _LAST, _NUMBER)
    ]
    return SpanHeaders(*found) if found[0] and found[1] else None


def spread_part(part: Part, mapping: RecordsMapping, today: int, opens: SchoolOpens) -> Part:
    """Give a part of attendance day by day where the mapping says that it has spans; any other as it is."""
    sheet = mapping.shapes.spans.get(_TABLE.name)
    plain = {plain_form(header): header for header in part.header}
    if sheet is None or sheet.first not in plain or sheet.last not in plain:
        return part
    return SpreadPart(part, SpanHeaders(*(plain.get(name, "") for name in sheet)), mapping, today, opens)


class SpreadPart(WrappedPart):
    """A row for each school day from the first to the last of each row of another part, up to today.

    A row whose days cannot be told stays one row, and its date cannot be read.
    """

    def __init__(
        self, part: Part, sheet: SpanHeaders, mapping: RecordsMapping, today: int, opens: SchoolOpens
    ) -> None:
        super().__init__(part)
        self.sheet, self.mapping, self.today, self.opens = sheet, mapping, today, opens
        self.kept = [header for header in dict.fromkeys(part.header) if header not in (*sheet, "date")]
        self.header = (*self.kept, "date")
        self._notes: list[Note] = []
        self.causes: dict[str, Bools] = {}

    @property
    def notes(self) -> Sequence[Note]:
        """What is to be said about the file, and of how many spans."""
        return [*self.part.notes, *self._notes]

    def line_positions(self, rows: Array) -> Array:
        """Give the lines of the file in which some rows stand, by position."""
        return self.part.line_positions(self._days[1].take(rows))

    def pieces(self, headers: Sequence[str]) -> Iterator[Piece]:
        """Cut the rows into pieces with these columns."""
        positions = [self.header.index(header) for header in headers]
        for batch in self._days[0].select(positions).to_batches(max_chunksize=BATCH_ROWS):
            yield partial(list, [batch])

    @cached_property
    def _days(self) -> tuple[Any, Array]:
        """The rows, line by line, and the line of each."""
        whole = self._spans()
        first, last = (self._dates(one_array(whole[header])) for header in self.sheet[:2])
        known = (first != NO_DATE) & (last != NO_DATE)
        read = known & (first <= last) & (last.astype(np.int64) - first < _LONGEST)
        line, day = _each_day(first, np.minimum(last, self.today), read)
        told, is_open = self._school_days(whole, line, day)
        strange, untold = (np.isin(np.arange(len(whole)), line[told == what]) for what in (-1, 0))
        causes = {"period_reversed": known & ~read, "spans_without_school_days": untold}
        self._compare(whole, (first, last), line[is_open], read & ~strange & ~untold)
        alone = strange | (read & (first > self.today))  # one row says what is wrong
        kept = np.flatnonzero(~read | untold | alone)
        spread = is_open & ~(strange | untold)[line]
        line = np.concatenate([line[spread], kept])
        day = np.concatenate([day[spread], np.where(alone, first, NO_DATE)[kept]])
        order = np.argsort(line, kind="stable")
        self.causes = {rule: lines[line[order]] for rule, lines in causes.items()}
        return self._table(whole, line[order], day[order]), line[order]

    def _spans(self) -> Any:
        """Read the rows as they are."""
        asked = [*self.kept, *filter(None, self.sheet)]
        batches = [pa.RecordBatch.from_arrays(b.columns, asked) for b in read_batches(self.part, asked)]
        if batches:
            return pa.Table.from_batches(batches)
        return pa.table({header: pa.array([], pa.string()) for header in asked})

    def _table(self, whole: Any, line: Array, day: Array) -> Any:
        """Lay a date beside the rows of some lines; of one that is none the days as they were written."""
        rows = whole.take(pa.array(line))
        written = [one_array(rows[name]).cast(pa.string()).to_pylist() for name in self.sheet[:2]]
        texts = [
            str(np.datetime64(date, "D")) if date != NO_DATE else
            " – ".join(cell or "" for cell in cells) if any(cells) else None
            for date, *cells in zip(day.tolist(), *written, strict=True)
        ]  # fmt: skip
        columns = [*(rows[name] for name in self.kept), pa.array(texts, pa.string())]
        return pa.table(columns, names=list(self.header))

    def _dates(self, array: Any) -> Array:
        """Read a column of days, as the date of any row is read."""
        zone = self.mapping.time.zone_of(_TABLE.name, self.name)
        batch = pa.RecordBatch.from_arrays([array], ["date"])
        local = SchoolDay(_TABLE, zone, self.mapping.conventions.dates).local(batch, ["date"])
        column = _TABLE["date"]
        return convert_column(local.column(0), column, self.mapping.words(column), Vocabulary()).values

    def _school_days(self, whole: Any, line: Array, day: Array) -> tuple[Array, Bools]:
        header = self.mapping.headers(_TABLE.name, self.header).chosen.get("student_id")
        if header is None:
            return np.full(len(line), -1), np.zeros(len(line), np.bool_)
        return self.opens(one_array(whole[header]).take(pa.array(line)), header, day)

    def _compare(self, whole: Any, days: tuple[Array, Array], line: Array, read: Bools) -> None:
        """Note the spans without a school day, or of other days than is said: half days, mostly."""
        open_days, all_days = np.bincount(line, minlength=len(whole)), days[1].astype(np.int64) - days[0] + 1
        other = open_days == 0
        if self.sheet.days:
            number = TABLES["discipline"]["days"]
            given = one_array(whole[self.sheet.days])
            said = convert_column(given, number, self.mapping.words(number), Vocabulary()).values
            other |= ~np.isnan(said) & (said != open_days) & (said != all_days)
        other &= read & (days[1] <= self.today)
        if other.any():
            told = _ROWS.filled(number=int(other.sum()))
            self._notes.append(Note("spans_of_other_days", told, "date"))


def name_causes(draft: Draft) -> None:
    """Say of the rows whose date cannot be read why that is, where they stand for days on end."""
    for span in draft.spans:
        causes = span.part.causes if isinstance(span.part, SpreadPart) else {}
        for rule, marked in causes.items():
            own = np.flatnonzero(marked) + span.start
            unread = [found for found in draft.findings if found.rule.name == "unparsable_date"]
            for found in unread if len(own) else ():
                draft.findings.remove(found)
                rest = np.setdiff1d(found.rows, own)
                draft.findings += [replace(found, rows=rest)] if len(rest) else []
                draft.findings.append(Finding(RULES[rule], "date", np.intersect1d(found.rows, own), "error"))


def _each_day(first: Array, last: Array, read: Bools) -> tuple[Array, Array]:
    """Give the line and the day of each day of some spans."""
    first, last = (np.where(read, days, 0).astype(np.int64) for days in (first, last))
    length = np.where(read, np.maximum(last - first + 1, 0), 0)
    line = np.repeat(np.arange(len(first)), length)
    begun = np.repeat(np.cumsum(length) - length, length)
    return line, (first[line] + np.arange(len(line)) - begun).astype(np.int32)
