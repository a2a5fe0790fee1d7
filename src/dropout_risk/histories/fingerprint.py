"""The fingerprint of histories: the same wherever the same is known of the same pupils."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.kernels import blocks, in_threads
from dropout_risk.records.days.calendar import SchoolCalendar

BLOCK_BYTES = 1 << 22
"""A large array is hashed in blocks of this size, several at a time; however many threads there are."""


Content = list[bytes | memoryview]


def fingerprint(*things: Any) -> str:
    """Give a hash of the content of histories, frames, arrays, dataclasses, sequences or plain values.

    >>> fingerprint(np.array([1, 2])) == fingerprint(np.array([1, 2]))
    True
    >>> fingerprint(np.array([1, 2])) == fingerprint(np.array([1.0, 2.0]))
    False
    """
    content: Content = []
    for thing in things:
        _add_content(content, thing)
    digest = hashlib.sha256()
    for part in _large_ones_hashed(content):
        digest.update(part)
    return digest.hexdigest()


def _large_ones_hashed(content: Content) -> Content:
    """Put the hashes of its blocks in the place of each large part."""
    large = [index for index, part in enumerate(content) if len(part) > BLOCK_BYTES]
    cut = [(index, block) for index in large for block in blocks(len(content[index]), BLOCK_BYTES)]
    hashes = in_threads(lambda one: hashlib.sha256(content[one[0]][one[1]]).digest(), cut)
    of_large = dict.fromkeys(large, b"")
    for (index, _), found in zip(cut, hashes, strict=True):
        of_large[index] += found
    return [of_large.get(index, part) for index, part in enumerate(content)]


def _add_content(content: Content, thing: Any) -> None:
    """Add one thing with its kind and its size, so that no two things read the same."""
    if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
        content.append(f"array {thing.dtype.str} {thing.shape};".encode())
        content.append(np.ascontiguousarray(thing).reshape(-1).view(np.uint8).data)
    elif isinstance(thing, pd.DataFrame):
        _add_content(content, {str(name): thing[name].tolist() for name in thing.columns})
    elif isinstance(thing, pa.Table):
        _add_content(content, [(name, _plain_column(thing[name])) for name in thing.column_names])
    elif is_dataclass(thing):
        _add_content(content, [(field.name, getattr(thing, field.name)) for field in fields(thing)])
    elif isinstance(thing, SchoolCalendar):
        _add_content(content, [thing.schools, thing.year_start, thing.lengths, thing.days, thing.known])
    elif isinstance(thing, Mapping):
        _add_content(content, list(thing.items()))
    elif isinstance(thing, (list, tuple)) and not all(isinstance(item, _PLAIN) for item in thing):
        content.append(f"{len(thing)} items;".encode())
        for item in thing:
            _add_content(content, item)
    else:
        content.append((json.dumps(thing, ensure_ascii=False, default=str) + ";").encode())


_PLAIN = (str, int, float, bool, dt.date, type(None))


def _plain_column(column: pa.ChunkedArray) -> list[Any]:
    """Give a column's nulls and values as arrays, the same however it lies in memory."""
    empty = pc.is_null(column).to_numpy().astype(bool)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        filled = pc.fill_null(column.cast(pa.large_string()), "")
        text = np.frombuffer("".join(filled.to_pylist()).encode(), dtype=np.uint8)
        values: Any = [pc.binary_length(filled).to_numpy(), text]
    else:
        plain = column.cast(pa.int32()) if pa.types.is_date32(column.type) else column
        values = pc.fill_null(plain, pa.scalar(0).cast(plain.type)).to_numpy()
    return [str(column.type), empty, values]
