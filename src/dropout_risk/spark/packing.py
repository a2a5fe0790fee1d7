"""Raw rows packed before they are moved: a partition's rows of one block of schools as one piece of bytes.

Nothing is judged here and no value is changed: a piece holds the very rows, in columns, words as codes and
compressed, so that pieces merge by being laid one after the other, in any order. Only the id is written as in
``students``, where it names a pupil of that table.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Ints, Longs
from dropout_risk.histories.places import students_on
from dropout_risk.records.attendance import Roll
from dropout_risk.records.checks.no_pupils import PupilWords
from dropout_risk.records.ordering import order_by
from dropout_risk.records.pupils.pupil_index import NO_PUPIL, PupilIndex
from dropout_risk.records.pupils.spells import SPELLS
from dropout_risk.records.wording.mapping import RecordsMapping

PUPILS_AT_ONCE = 8192
ROWS_AT_ONCE = 1 << 20
PACKED = pa.schema([("block", pa.int32()), ("part", pa.int32()), ("rows", pa.binary())])
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")
_FEW = 4  # rows to a word: with fewer, codes save nothing
_SMALLEST = (pa.int8(), pa.int16(), pa.int32())
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class TablePart:
    """One frame of a table: the ``headers`` that are moved, and the ``fields`` of the frame that hold them.

    ``student`` is the header of the pupils' ids, None where it has none; ``schema`` that of the headers.
    """

    name: str
    table: str
    number: int
    headers: tuple[str, ...]
    fields: tuple[str, ...]
    student: str | None
    schema: pa.Schema


@dataclass(frozen=True)
class Blocks:
    """Which block each pupil named in ``students`` goes to: a block holds whole schools.

    ``of_school`` is the block of each school. ``order`` are the pupils by block, and by id within one,
    ``rank`` is the place of each in that order, and ``starts`` the first place of each block, with the number
    of all pupils at the end.
    """

    index: PupilIndex
    of_school: Ints
    order: Ints
    rank: Ints
    starts: Longs

    @classmethod
    def of(cls, roll: Roll, fewest: int, moving: Sequence[tuple[int, str]] = ()) -> Self:
        """Part the pupils into blocks of about equal size, but never a school.

        Whoever has no usable row belongs to no school, and goes to any block. ``moving`` names rows of
        ``students`` with another school, whose pupils come into one block with those of their own.
        """
        usable = roll.row >= 0
        school = roll.school[usable]
        joined = joined_schools(school, _names_of(roll), moving)
        block = block_of_schools(np.bincount(joined[school], minlength=len(joined)), fewest)[joined]
        number = int(block.max(initial=0)) + 1
        of_pupil = np.where(usable, block[roll.school], np.arange(len(roll.row)) % number)
        order = np.argsort(of_pupil, kind="stable").astype(np.int32)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        starts = np.concatenate([[0], np.cumsum(np.bincount(of_pupil, minlength=number))])
        return cls(PupilIndex(roll.index.ids, roll.index.others), block, order, rank, starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def ranks(self, ids: Any, header: str, words: PupilWords) -> Ints:
        """Give the rank of each pupil, as the check finds pupils; -1 where an id names none."""
        found, faults = words.fault_rows(ids, *self.index.rows(ids, header))
        known = (found > NO_PUPIL) & (faults == 0)
        ranks = np.full(len(found), NO_PUPIL, np.int32)
        ranks[known] = self.rank[found[known]]
        return ranks

    def ids(self, ranks: Ints) -> Any:
        """Give the ids of some pupils as ``students`` has them."""
        return self.index.ids.take(pa.array(self.order[ranks]))


def moves_after(students: pa.Table, ordinal: int) -> list[tuple[int, str]]:
    """Give the rows of the pupils who were at another school on a date, with the name of that school."""
    if SPELLS not in students.column_names:
        return []
    then = pc.fill_null(students_on(students, ordinal)["school_id"].cast(pa.string()), "")
    own = pc.fill_null(students["school_id"].cast(pa.string()), "")
    rows = np.flatnonzero(pc.not_equal(then, own).to_numpy())
    return list(zip(rows.tolist(), then.take(pa.array(rows)).to_pylist(), strict=True))


def _names_of(roll: Roll) -> dict[str, int]:
    """Give the number of each school by its name, which is empty for pupils without one."""
    names = pc.fill_null(roll.students["school_id"].cast(pa.string()), "").to_pylist()
    return dict(zip(names, roll.school[roll.row >= 0].tolist(), strict=True))


def joined_schools(school: Ints, numbers: Mapping[str, int], moving: Sequence[tuple[int, str]]) -> Ints:
    """Give each school the lowest number among those that it is joined with, directly or through others.

    ``school`` is the number of each pupil's school, ``moving`` are pupils with the name of another one, of
    which no pupil need be left.

    >>> joined_schools(np.array([0, 1, 2]), {"a": 0, "b": 1, "c": 2}, [(2, "a"), (1, "z")]).tolist()
    [0, 1, 0]
    """
    first: dict[str, int] = dict(numbers)
    lowest = np.arange(int(school.max(initial=0)) + 1, dtype=np.int32)
    for pupil, name in moving:
        pair = lowest[[school[pupil], first.setdefault(name, int(school[pupil]))]]
        lowest[np.isin(lowest, pair)] = pair.min()
    return lowest


def block_of_schools(sizes: Longs, fewest: int) -> Ints:
    """Give each school a block, the largest first, each to the block with the fewest pupils so far.

    >>> block_of_schools(np.array([5, 9000, 4000, 3000]), 1).tolist()
    [1, 0, 1, 1]
    """
    number = max(-(-int(sizes.sum()) // PUPILS_AT_ONCE), min(fewest, len(sizes)), 1)
    held = np.zeros(number, np.int64)
    block = np.zeros(len(sizes), np.int32)
    for school in np.argsort(-sizes, kind="stable").tolist():
        block[school] = np.argmin(held)
        held[block[school]] += sizes[school]
    return block


@dataclass(frozen=True)
class Packing:
    """Packs the rows of one frame on an executor; ``blocks`` is broadcast."""

    part: TablePart
    mapping: RecordsMapping
    blocks: Any

    def work(self, batches: Iterator[Any]) -> Iterator[pa.Table]:
        """Pack the rows of a partition, so many at once that pieces are neither tiny nor fill the memory."""
        held: list[Any] = []
        rows = 0
        for batch in batches:
            held.append(batch)
            rows += batch.num_rows
            if rows >= ROWS_AT_ONCE:
                yield self._packed(held)
                held, rows = [], 0
        if rows:
            yield self._packed(held)

    def _packed(self, batches: Sequence[Any]) -> pa.Table:
        table = pa.Table.from_batches(batches).rename_columns(list(self.part.headers)).combine_chunks()
        pieces = list(pieces_of(table, self.part, self.mapping, self.blocks.value))
        columns = [[block for block, _ in pieces], [self.part.number] * len(pieces), [it for _, it in pieces]]
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, PACKED, strict=True)], schema=PACKED)


def pieces_of(
    table: pa.Table, part: TablePart, mapping: RecordsMapping, blocks: Blocks
) -> Iterator[tuple[int, bytes]]:
    """Give the rows of a table as pieces, each with its block.

    Rows that name no pupil of ``students`` stay as they are; they are nobody's, and go to a block by what
    they say, wherever they lie.
    """
    header = part.student
    if header is None:
        yield from _odd_pieces(table, len(blocks))
        return
    ids = table[header].combine_chunks()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    ranks = blocks.ranks(ids, header, PupilWords(mapping.headers_of(part.table, "student_id")))
    odd = ranks < 0
    if odd.any():
        yield from _odd_pieces(table.filter(pa.array(odd)), len(blocks))
        table, ranks = table.filter(pa.array(~odd)), ranks[~odd]
    order = order_by(ranks, [])
    if order is not None:
        table, ranks = table.take(pa.array(order)), ranks[order]
    columns = _coded_columns(table.drop_columns([header]))
    cuts = np.searchsorted(ranks, blocks.starts)
    for block in np.flatnonzero(np.diff(cuts)).tolist():
        rows = slice(int(cuts[block]), int(cuts[block + 1]))
        own = columns.slice(rows.start, rows.stop - rows.start)
        named = _named_pupils(ranks[rows], blocks, coded=part.table != "students")
        yield block, packed_bytes(own.add_column(part.headers.index(header), header, named))


def _named_pupils(ranks: Ints, blocks: Blocks, *, coded: bool) -> Any:
    """Write rising ranks as ids: as words with codes, or as ``students`` has them."""
    new = np.ones(len(ranks), np.bool_)
    new[1:] = ranks[1:] != ranks[:-1]
    codes = pa.array(np.cumsum(new, dtype=np.int32) - 1)
    ids = blocks.ids(ranks[new])
    return pa.DictionaryArray.from_arrays(codes, ids.cast(pa.string())) if coded else ids.take(codes)


def _odd_pieces(table: pa.Table, n_blocks: int) -> Iterator[tuple[int, bytes]]:
    block = _block_by_content(table, n_blocks)
    for number in np.unique(block).tolist():
        yield number, packed_bytes(_coded_columns(table.filter(pa.array(block == number))))


def _block_by_content(table: pa.Table, n_blocks: int) -> Ints:
    """Spread rows by what they say, so that a task that is tried again sends them the same way."""
    texts = [column.cast(pa.string()) for column in table.columns if _is_plain(column.type)]
    joined = pc.binary_join_element_wise(*texts, _BETWEEN, null_handling="replace").combine_chunks()
    encoded = joined.dictionary_encode()
    sums = [zlib.crc32(text.encode()) % n_blocks for text in encoded.dictionary.to_pylist()]
    block: Ints = np.array(sums, np.int32)[encoded.indices.to_numpy(zero_copy_only=False)]
    return block


def _is_plain(kind: Any) -> bool:
    kinds = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating, pa.types.is_date)
    return any(is_kind(kind) for is_kind in kinds)


def _coded_columns(table: pa.Table) -> pa.Table:
    """Write words that come again as codes; any other column stays what it is."""
    columns = [_coded_column(column.combine_chunks()) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _coded_column(column: Any) -> Any:
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) and column.num_chunks else column
    if not pa.types.is_string(column.type):
        return column
    coded = column.dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    if _FEW * len(coded.dictionary) > len(coded):
        return column
    kind = next(kind for kind in _SMALLEST if len(coded.dictionary) < 1 << kind.bit_width - 1)
    return pa.DictionaryArray.from_arrays(coded.indices.cast(kind), coded.dictionary)


def packed_bytes(table: pa.Table) -> bytes:
    """Write a table as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def merged_tables(pieces: Sequence[bytes]) -> list[pa.Table]:
    """Lay pieces one after the other: one table for all of one form, in any order of the pieces."""
    forms: dict[str, list[pa.Table]] = {}
    for piece in pieces:
        table = pa.ipc.open_stream(piece).read_all()
        forms.setdefault(table.schema.to_string(), []).append(table)
    return [pa.concat_tables(tables).unify_dictionaries().combine_chunks() for tables in forms.values()]
