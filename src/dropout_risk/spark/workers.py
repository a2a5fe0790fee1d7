"""What runs on the executors: Arrow batches in and out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from dropout_risk.kernels import THREADS

Work = Callable[[Iterator[Any]], Iterator[Any]]


def in_arrow(frame: Any, work: Work, schema: pa.Schema) -> Any:
    """Give the frame that a function of Arrow batches makes of another frame, partition by partition."""
    from pyspark.sql.pandas.types import from_arrow_schema

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        os.environ.setdefault(THREADS, "1")  # a task has one core; the others belong to other tasks
        for table in work(batches):
            yield from table.cast(schema).to_batches()

    return frame.mapInArrow(run, from_arrow_schema(schema))
