"""The columns of a table that are not used: looked at again where rows of one id or one key are in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.files.readers import read_batches
from dropout_risk.records.rows import Draft
from dropout_risk.records.values import as_text
from dropout_risk.records.wording.mapping import RecordsMapping, names_child
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import NO_WORDS, Text

Texts = npt.NDArray[np.object_]
COUNTERS = frozenset(
    ("序号", "行号", "no", "no.", "nr", "nr.", "#", "row", "row_number", "index", "unnamed:_0", "")
)
_BORN = frozenset(("date_of_birth", "birthday", "geburtsdatum"))


def names_pupil(header: str) -> bool:
    """Say whether a column under this header tells one pupil from another.

    >>> names_pupil("姓名"), names_pupil("备注")
    (True, False)
    """
    return names_child(header) or plain_form(header) in _BORN


def counts_rows(header: str) -> bool:
    """Say whether a column under this header only numbers the rows.

    >>> counts_rows("序号"), counts_rows("座号")
    (True, False)
    """
    return plain_form(header) in COUNTERS


def read_unused(
    draft: Draft, mapping: RecordsMapping, rows: Array, wanted: Callable[[str], bool]
) -> dict[str, Texts]:
    """Read what some rows of a draft say under the wanted headers that no column was read from.

    Values are text without blanks around, None where a row says nothing; in the order of ``rows``.
    """
    found: dict[str, Texts] = {}
    order = np.argsort(rows, kind="stable")
    ordered = np.asarray(rows)[order]
    starts = [span.start for span in draft.spans]
    for span, stop in zip(draft.spans, [*starts[1:], len(draft)], strict=True):
        first, last = np.searchsorted(ordered, [span.start, stop])
        chosen = set(mapping.headers(draft.table.name, span.part.header).chosen.values())
        headers = [name for name in dict.fromkeys(span.part.header) if name not in chosen and wanted(name)]
        if first == last or not headers:
            continue
        for at, batch in taken_batches(span.part, headers, ordered[first:last] - span.start):
            for header, column in zip(headers, batch, strict=True):
                texts = found.setdefault(header, np.full(len(rows), None, dtype=object))
                texts[order[first:last][at]] = column
    return found


def taken_batches(part: Any, headers: list[str], wanted: Array) -> Iterator[tuple[slice, list[list[Any]]]]:
    """Read some rows of a part again, by their places in order: which of the wanted, and columns of texts."""
    position = 0
    for batch in read_batches(part, headers):
        first, last = np.searchsorted(wanted, [position, position + batch.num_rows])
        if last > first:
            at = pa.array(wanted[first:last] - position)
            yield slice(int(first), int(last)), [_texts_at(column, at) for column in batch.columns]
        position += batch.num_rows
        if last == len(wanted):
            return


def _texts_at(column: Any, at: Any) -> list[Any]:
    if isinstance(column, list):
        return [column[place] for place in at.to_pylist()]
    return list(as_text(column.take(at))[0].to_pylist())


def texts_differ(texts: Texts, left: Array, right: Array) -> Bools:
    """Mark the pairs of rows that both say something, and not the same."""
    one, other = texts[left], texts[right]
    given = np.array([a is not None and b is not None for a, b in zip(one, other, strict=True)], np.bool_)
    return np.asarray(given & (one != other))


# --- Headers that nothing reads, though what stands there changes what the others mean ---

_TOLD_HEADERS = {
    "students": (
        "学籍状态 学生状态 在读状态 就读状态 在校状态 学籍情况 是否在校 是否在籍 状态 "
        "enroll_status enrollment_status enrolment_status student_status status active is_active",
        Text(
            zh="该列像是写明谁还在校：只读在校的，在映射文件的 [filters.students] 中写明"
            '（"{header}" = ["在读"]）',
            en="it seems to say who is still at school: read these alone, under [filters.students] in the "
            'mapping ("{header}" = ["active"])',
        ),
    ),
    "attendance": (
        "excuse excused is_excused excuse_type excuse_code 是否请假 是否批准 是否有假",
        Text(
            zh="该列像是写明缺课是否已请假，否则请假与旷课都按旷课计：在映射文件的 [combined.attendance] 中"
            '写 status = ["状态列的表头", "{header}"]，在 [words.status] 中写 "缺课 + 是" = "excused" 等',
            en="it seems to say which absences were excused, and without it an excused one counts as any "
            'other: write status = ["(header of the status)", "{header}"] under [combined.attendance] in the '
            'mapping, and "absent + yes" = "excused" and the like under [words.status]',
        ),
    ),
}


def told_of_header(table: str, header: str) -> Text:
    """Say what the column of a header would change that is not used; no words where it is nothing.

    >>> told_of_header("students", "备注").en, told_of_header("students", "Status").en[:37]
    ('', 'it seems to say who is still at schoo')
    """
    known, told = _TOLD_HEADERS.get(table, ("", NO_WORDS))
    return told.filled(header=header) if plain_form(header) in known.split() else NO_WORDS


# --- Rows of one key that a column tells apart which nothing reads ---

_OF_ONE_KEY = ("duplicate_row", "contradicting_rows", "contradicting_undated")
_LOOKED_AT, _MOSTLY = 500, 0.9
_TOLD_APART = Text(
    zh="这些行在“{header}”列中各不相同，而该列没有使用：区分各行的，在映射文件的 [columns.{table}] 中写明",
    en="they differ in column {header!r}, which is not used: if it tells them apart (a session, an exam), "
    "name it under [columns.{table}] in the mapping",
)


def explain_copies(draft: Draft, mapping: RecordsMapping) -> None:
    """Name the unused column that tells rows apart which are copies without it, or contradict each other."""
    if draft.is_of_request:
        return
    for place, found in enumerate(draft.findings):
        header = _telling_header(draft, mapping, found.rows) if found.rule.name in _OF_ONE_KEY else None
        if header is not None:
            detail = _TOLD_APART.filled(header=header, table=draft.table.name)
            draft.findings[place] = replace(found, detail=detail)


def _telling_header(draft: Draft, mapping: RecordsMapping, rows: Array) -> str | None:
    """Find the unused header whose cells differ among nearly all rows of one key."""
    stops = [*(span.start for span in draft.spans[1:]), len(draft)]
    for span, stop in zip(draft.spans, stops, strict=True):
        headers = mapping.headers(draft.table.name, span.part.header)
        keys = [headers.chosen[name] for name in draft.table.key if name in headers.chosen]
        unused = [name for name in headers.unknown if name.strip() and not counts_rows(name)]
        own = rows[(rows >= span.start) & (rows < stop)][:_LOOKED_AT] - span.start
        if not len(own) or not unused or not keys:
            continue
        groups = _rows_of_keys(span.part, keys, unused, own)
        for place, header in enumerate(unused):
            cells = [[row[place] for row in group] for group in groups]
            apart = sum(None not in group and len({*group}) == len(group) for group in cells)
            distinct = {cell for group in cells for cell in group}
            numbers = len(groups) > 1 and len(distinct) == sum(map(len, cells))
            if groups and apart >= _MOSTLY * len(groups) and not numbers:
                return header
    return None


def _rows_of_keys(part: Any, keys: list[str], unused: list[str], rows: Array) -> list[list[tuple[Any, ...]]]:
    """Give what the rows that share the keys of some say under the unused headers, key by key."""
    wanted = {
        key for _, columns in taken_batches(part, keys, np.sort(rows)) for key in zip(*columns, strict=True)
    }
    first = pa.array(sorted({key[0] or "" for key in wanted}), pa.string())
    groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {key: [] for key in wanted}
    for batch in read_batches(part, [*keys, *unused]):
        near = pc.is_in(as_text(batch.columns[0])[0], value_set=first)
        texts = [_texts_at(column, pc.indices_nonzero(near)) for column in batch.columns]
        for row in zip(*texts, strict=True):
            if row[: len(keys)] in groups:
                groups[row[: len(keys)]].append(row[len(keys) :])
    return [group for group in groups.values() if len(group) > 1]
