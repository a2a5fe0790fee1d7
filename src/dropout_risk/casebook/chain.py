"""A chain of rows: numbered without a gap, each with the hash over the one before it and all of itself.

Looks at cases are one, the audit of the service is another.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

_AT_A_TIME = 10_000
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def append_rows(connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> int:
    """Append rows, which have neither ``id`` nor ``hash``, to a table that is chained; give how many.

    The caller holds the lock of whoever writes to it.
    """
    query = sa.select(table.c.id, table.c.hash).order_by(table.c.id.desc()).limit(1)
    number, previous = connection.execute(query).first() or (0, "")
    names = [column.name for column in table.columns if column.name != "hash"]
    made = []
    for number_of_row, row in enumerate(rows, start=number + 1):
        told = {"id": number_of_row, **row}
        previous = digest_of_row(previous, [told[name] for name in names])
        made.append({**told, "hash": previous})
    if made:
        connection.execute(table.insert(), made)
    return len(made)


def digest_of_row(previous: str, told: Iterable[Any]) -> str:
    """Compute the SHA-256 of a row after another one's.

    >>> at = dt.datetime(2025, 3, 3, 7)
    >>> digest_of_row("", [1, at]) == digest_of_row("", [1, at]) != digest_of_row("x", [1, at])
    True
    """
    words = [value.isoformat() if isinstance(value, dt.datetime) else value for value in told]
    return hashlib.sha256(_encoded([previous, *words]).encode()).hexdigest()


def broken_rows(connection: sa.Connection, table: sa.Table) -> list[int]:
    """Give the numbers of rows that do not follow the one before: something was changed or taken out."""
    broken, number, previous = [], 0, ""
    statement = sa.select(table).order_by(table.c.id).execution_options(yield_per=_AT_A_TIME)
    for *told, found in connection.execute(statement):
        if told[0] != number + 1 or digest_of_row(previous, told) != found:
            broken.append(told[0])
        number, previous = told[0], found
    return broken
