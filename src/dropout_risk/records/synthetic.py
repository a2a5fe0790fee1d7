"""The mark that made-up records carry, so that they are known for what they are wherever they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILE = "SYNTHETIC"
_KEY, _YES = b"dropout_risk.synthetic", b"true"


def mark(table: Any) -> Any:
    """Mark an Arrow table as made up; Parquet keeps the mark.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_marked(mark(pa.table({"student_id": [1]})).schema)
    True
    """
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: _YES})


def is_marked(schema: Any) -> bool:
    """Tell whether the schema of an Arrow table or Parquet file carries the mark."""
    return bool((schema.metadata or {}).get(_KEY) == _YES)


def has_mark_file(folder: Path) -> bool:
    """Tell whether a folder says by a file named ``SYNTHETIC`` that its records are made up."""
    return (folder / FILE).is_file()
