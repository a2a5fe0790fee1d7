"""The columns of a table that are not used: looked at again where rows of one id might be two pupils."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.files.readers import read_batches
from dropout_risk.records.rows import Draft
from dropout_risk.records.values import as_text
from dropout_risk.records.wording.mapping import RecordsMapping, names_child
from dropout_risk.records.wording.words import plain_form

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
