"""From rows of scores back to objects: what the library and the endpoint hand out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help
from dropout_risk.explanation.reasons import Reason
from dropout_risk.scoring.scores import PupilScore, RowError


def pupil_scores(rows: pa.RecordBatch | pa.Table) -> Iterator[PupilScore]:
    """Read scores from rows with sentences; rows of pupils who could not be scored are passed over.

    Parameters
    ----------
    rows : pyarrow.RecordBatch or pyarrow.Table
        Of :func:`score_schema`, as :func:`score_blocks` gives them and as a file holds them.
    """
    if isinstance(rows, pa.Table):
        for batch in rows.to_batches():
            yield from pupil_scores(batch)
        return
    if rows["error"].null_count < rows.num_rows:
        rows = rows.filter(pc.is_null(rows["error"]))
    columns = {name: _read(name, rows[name]) for name in _READ}
    for row in zip(*columns.values(), strict=True):
        told = dict(zip(columns, row, strict=True))
        low, high, gaps = told.pop("low"), told.pop("high"), told.pop("missing")
        yield PupilScore(
            interval=(low, high),
            missing=tuple(text for text, _ in gaps),
            missing_sensitive=tuple(text for text, sensitive in gaps if sensitive),
            **told,
        )


def row_errors(rows: pa.RecordBatch, first: int = 0) -> list[RowError]:
    """Give the pupils who could not be scored, by their place in what was given.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        Of :func:`score_schema`.
    first : int, default=0
        The place of the first row.
    """
    if rows["error"].null_count == rows.num_rows:
        return []
    found = zip(rows["student_id"].to_pylist(), rows["error"].to_pylist(), strict=True)
    return [RowError(first + row, student, **error) for row, (student, error) in enumerate(found) if error]


_READ = (
    "student_id", "school_id", "class_id", "responsible_id", "risk", "low", "high", "band", "rank_in_school",
    "base_log_odds", "background", "log_odds", "domains", "causes", "raising", "lowering", "other",
    "other_points", "risk_within", "alerts", "missing", "warnings", "suggested_help",
)  # fmt: skip


def _read(name: str, column: pa.Array) -> list[Any]:
    if name in _MADE:
        return _lists(column, [_MADE[name](*row) for row in _rows(column.flatten())])
    if name in ("domains", "causes"):
        names = [field.name for field in column.type]
        pairs = (zip(names, row, strict=True) for row in _rows(column))
        return [{name: size for name, size in row if size is not None} for row in pairs]
    if name in ("warnings", "risk_within"):
        return _lists(column, column.flatten().to_pylist())
    return list(column.to_pylist())


_MADE: dict[str, Callable[..., Any]] = {
    "raising": Reason,
    "lowering": Reason,
    "alerts": Alert,
    "missing": lambda text, sensitive: (text, sensitive),
    "suggested_help": lambda kind, because, text: Help(kind, tuple(because), text),
}


def _rows(structs: pa.StructArray) -> list[tuple[Any, ...]]:
    """Give the rows of a column of structs, column by column, which is much quicker than row by row."""
    return list(zip(*(child.to_pylist() for child in structs.flatten()), strict=True))


def _lists(column: pa.ListArray, items: list[Any]) -> list[tuple[Any, ...]]:
    ends = pc.cumulative_sum(column.value_lengths()).to_pylist()
    return [tuple(items[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
