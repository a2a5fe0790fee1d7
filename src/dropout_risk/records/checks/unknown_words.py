"""The words of records that nothing here knows: what a mapping has yet to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd

from dropout_risk.records.checks.family_values import FAMILY_VALUES
from dropout_risk.records.checks.scale_ranges import ranges_of
from dropout_risk.records.files.readers import Part, read_batches
from dropout_risk.records.tables import TABLES, WORD_KINDS, Column, Table
from dropout_risk.records.values import as_text
from dropout_risk.records.wording.mapping import RecordsMapping

COLUMNS = ("table", "column", "word", "rows", "section")


def _is_instrument(word: str) -> bool:
    return ranges_of(word) is not None


_OPEN: dict[str, Callable[[str], bool]] = {
    "factor": FAMILY_VALUES.__contains__,
    "instrument": _is_instrument,
}
"""Columns of any words, of which features read some: how those are known."""


def unknown_words(parts: Mapping[str, Sequence[Part]], mapping: RecordsMapping) -> pd.DataFrame:
    """Count the words of closed columns that mean nothing, and the factors and instruments nobody reads."""
    found = Counter(
        (table, column.name, word, column.word_section)
        for table, own in parts.items()
        for part in own
        for column, header in _word_columns(TABLES[table], mapping, part)
        for word in _unknown_in(part, header, column, mapping)
    )
    order = {table: number for number, table in enumerate(TABLES)}
    lines = sorted(
        ((*key[:3], rows, key[3]) for key, rows in found.items()),
        key=lambda line: (order[line[0]], -line[3], *line),
    )
    return pd.DataFrame(lines, columns=list(COLUMNS)).astype({"rows": "int64"})


def _word_columns(table: Table, mapping: RecordsMapping, part: Part) -> Iterator[tuple[Column, str]]:
    chosen = mapping.headers(table.name, part.header).chosen
    for column in table.columns:
        if column.name in chosen and (column.kind in WORD_KINDS or column.name in _OPEN):
            yield column, chosen[column.name]


def _unknown_in(part: Part, header: str, column: Column, mapping: RecordsMapping) -> Iterator[str]:
    """Give the word of each row that is not known, as the file writes it."""
    words, known = mapping.words(column), _OPEN.get(column.name)
    judged: dict[str, bool] = {}
    for batch in read_batches(part, [header]):
        for word in as_text(batch.columns[0])[0].to_pylist():
            if word is None:
                continue
            if word not in judged:
                kept = words.word_of(word) or ""
                judged[word] = words.meaning(word) is None if known is None else not (
                    kept == "" or known(kept) or kept in words.own.values()
                )  # fmt: skip
            if judged[word]:
                yield word
