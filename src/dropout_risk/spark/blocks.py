"""A block of whole schools on an executor: pieces become school records again, by the library's own check."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from dropout_risk.arrays import Ints
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import SchoolCalendar
from dropout_risk.records.files.readers import FramePart, Part
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tallies import Counts, Place, TableTallies
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.spark.packing import TablePart, merged_tables

EVERYWHERE, NOWHERE = -1, -2
COUNTED = pa.schema([("place", pa.string()), ("key", pa.string()), ("rows", pa.int64())])


@dataclass(frozen=True)
class BlockReading:
    """How pieces become records; ``today`` is the day they were drawn.

    ``listed`` are the usable rows of the calendar, ``listed_for`` the block whose school each is about, -1
    for all. ``known`` is a calendar that takes the place of the one that the records tell of.
    ``tallies`` are the counts of all blocks.
    """

    mapping: RecordsMapping
    today: dt.date
    parts: tuple[TablePart, ...]
    listed: pa.Table
    listed_for: Ints
    known: SchoolCalendar | None = None
    tallies: Mapping[Place, Counts] | None = None

    def only(self, *tables: str) -> BlockReading:
        """Give the reading of some tables."""
        return replace(self, parts=tuple(part for part in self.parts if part.table in tables))

    @property
    def numbers(self) -> list[int]:
        """The numbers of the parts."""
        return [part.number for part in self.parts]

    def blocks(self, batches: Iterator[Any]) -> Iterator[SchoolRecords]:
        """Check the blocks of a partition, which mostly is one."""
        pieces: dict[int, dict[int, list[bytes]]] = {}
        for batch in batches:
            for block, part, rows in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                pieces.setdefault(block, {}).setdefault(part, []).append(rows)
        for block in sorted(pieces):
            yield self.records(block, pieces.pop(block))

    def records(self, block: int, pieces: dict[int, list[bytes]]) -> SchoolRecords:
        """Check the rows of one block; what holds of whole counties, as the end of outcomes, is left out."""
        parts: dict[str, list[Part]] = {}
        for part in self.parts:
            empty = part.schema.empty_table()
            tables = [empty, *merged_tables(pieces.get(part.number, ()))]
            parts.setdefault(part.table, []).extend(map(FramePart, tables))
        if self.listed.num_rows:
            here = (self.listed_for == block) | (self.listed_for == EVERYWHERE)
            parts["calendar"] = [FramePart(self.listed.filter(pa.array(here)))]
        tallies = TableTallies(self.tallies)
        return SchoolRecords(parts, self.mapping, today=self.today, outcomes_to=self.today, tallies=tallies)

    def tally(self, batches: Iterator[Any]) -> Iterator[pa.Table]:
        """Count what the tables are judged by as a whole, as rows that add up."""
        for records in self.blocks(batches):
            records.check()
            yield tally_rows(records.tallies.own)

    def histories(self, records: SchoolRecords) -> Histories:
        """Make the histories of a block."""
        if self.known is None:
            return Histories.from_records(records)
        here = records.calendar.schools
        days, known = ({name: self.known.days_of(name)[part] for name in here} for part in (0, 1))
        calendar = SchoolCalendar.from_days(days, known=known, year_start=self.known.year_start)
        return Histories.from_records(records, calendar=calendar)


def tally_rows(tallies: Mapping[Place, Counts]) -> pa.Table:
    """Write counts as rows, one for each that is not nothing."""
    rows = [
        (json.dumps(place), json.dumps(key), n) for place, own in tallies.items() for key, n in own.items()
    ]
    columns = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, COUNTED, strict=True)], schema=COUNTED)


def tallies_of(rows: Iterable[tuple[str, str, int]]) -> dict[Place, Counter[Hashable]]:
    """Read counts back from rows that were added up."""
    tallies: dict[Place, Counter[Hashable]] = {}
    for place, key, number in rows:
        table, what = json.loads(place)
        given = json.loads(key)
        counts = tallies.setdefault((table, what), Counter())
        counts[tuple(given) if isinstance(given, list) else given] = number
    return tallies
