"""What runs on the executors: Arrow batches in, Arrow batches out, in the order of whole classes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.kernels import THREADS

PUPILS_AT_ONCE = 4096
Work = Callable[[Iterator[Any]], Iterator[Any]]


def in_arrow(frame: Any, work: Work, schema: pa.Schema) -> Any:
    """Give the frame that a function of Arrow batches makes of another frame, partition by partition."""
    from pyspark.sql.pandas.types import from_arrow_schema

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        os.environ.setdefault(THREADS, "1")  # a task has one core; the others belong to other tasks
        for table in work(batches):
            yield from table.cast(schema).to_batches()

    return frame.mapInArrow(run, from_arrow_schema(schema))


def whole_classes(batches: Iterator[Any], at_once: int = PUPILS_AT_ONCE) -> Iterator[pa.Table]:
    """Cut batches of nested rows, sorted by ``place``, into tables of whole classes.

    Parameters
    ----------
    batches : iterator of pyarrow.RecordBatch
        As they come, cut anywhere.
    at_once : int
        Pupils per table, as near as whole classes allow; one class is never cut.
    """
    held: list[Any] = []
    waiting = 0
    for batch in batches:
        held.append(batch)
        waiting += batch.num_rows
        while waiting >= at_once:
            table = pa.Table.from_batches(held)
            cut = _class_cut(table.column("place"), at_once)
            if not cut:
                break
            yield table.slice(0, cut)
            held = table.slice(cut).to_batches()
            waiting -= cut
    if waiting:
        yield pa.Table.from_batches(held)


def _class_cut(place: Any, at_once: int) -> int:
    """Give the start of a class to cut at: the last one within the limit, else the first one; 0 for none."""
    codes = place.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    if not len(starts):
        return 0
    within = int(np.searchsorted(starts, at_once, side="right"))
    return int(starts[max(within - 1, 0)])
