"""Any frame to Arrow: pandas, Polars, Arrow, DuckDB relations and lists of dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa

from dropout_risk.errors import RecordsError


def to_arrow(frame: Any, name: str) -> Any:
    """Bring a frame to an Arrow table with its values as they are.

    Parameters
    ----------
    frame : pandas, Polars or narwhals frame, Arrow table or reader, DuckDB relation, list of dicts
        What the caller has.
    name : str
        Its table, for messages.

    Raises
    ------
    RecordsError
        If it is none of these.

    Examples
    --------
    >>> to_arrow([{"student_id": 1}, {"student_id": "b"}], "students").column("student_id").to_pylist()
    ['1', 'b']
    """
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    if isinstance(frame, Sequence) and not isinstance(frame, str | bytes):
        return _from_rows(frame, name)
    return _from_native(frame, name)


def _from_native(frame: Any, name: str) -> Any:
    known = nw.from_native(frame, pass_through=True)
    if isinstance(known, nw.LazyFrame):
        return known.collect(backend="pyarrow").to_native()
    if not isinstance(known, nw.DataFrame):
        raise RecordsError(
            f"Table {name!r} was given as {type(frame).__name__}, which is no frame.",
            hint="give a pandas, Polars or Arrow table, a DuckDB relation or a list of dicts",
        )
    if known.implementation.is_pandas():
        return _from_pandas(known.to_native())
    return known.to_arrow()


def _from_pandas(frame: Any) -> Any:
    arrays, names = [], []
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        if getattr(column.dtype, "tz", None) is not None:
            column = column.dt.tz_localize(None)
        try:
            arrays.append(pa.array(column, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            arrays.append(
                _as_text(
                    [None if missing else value for value, missing in zip(column, column.isna(), strict=True)]
                )
            )
        names.append(str(name))
    return pa.table(arrays, names=names)


def _from_rows(rows: Sequence[Any], name: str) -> Any:
    if not all(isinstance(row, Mapping) for row in rows):
        raise RecordsError(
            f"Table {name!r} was given as a list, but not of dicts.", hint="give one dict per row"
        )
    names = list(dict.fromkeys(key for row in rows for key in row))
    return pa.table({str(key): _from_values([row.get(key) for row in rows]) for key in names})


def _from_values(values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and kinds != {int, float}:
        return _as_text(values)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return _as_text(values)


def _as_text(values: list[Any]) -> Any:
    return pa.array([None if value is None else str(value) for value in values], pa.string())
