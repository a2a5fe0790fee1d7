"""Merging runs: rows that arrived take their places among those that are there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dropout_risk.histories.arrivals import offsets_of
from dropout_risk.histories.runs import Column, Runs
from dropout_risk.kernels import kernel

Ints = npt.NDArray[np.int32]
Key = tuple[Ints, Ints, Ints, Ints]
_COMPARED = 4


def merged(old: Runs, arrived: Sequence[Runs]) -> Runs:
    """Give runs with the rows that arrived, one after the other.

    A row takes the place of a former one of the same pupil, key and date known.

    Parameters
    ----------
    old : Runs
        Sorted by pupil, key and date known.
    arrived : sequence of Runs
        Of the same pupils, each sorted like the old ones.
    """
    arrived = [runs for runs in arrived if runs.offsets[-1]]
    if not arrived:
        return old
    new = arrived[0] if len(arrived) == 1 else _latest(arrived)
    n_old, n_new = int(old.offsets[-1]), int(new.offsets[-1])
    source = np.empty(n_old + n_new, np.int64)
    counts = np.empty(len(old.offsets) - 1, np.int64)
    n = _merge(old.offsets, new.offsets, _key(old), _key(new), source, counts)
    rows = source[:n]
    columns = {
        name: np.concatenate([column, new.columns[name].astype(column.dtype, copy=False)])[rows]
        for name, column in old.columns.items()
    }
    return Runs(offsets_of(counts), columns, old.key)


def _latest(arrived: Sequence[Runs]) -> Runs:
    """Put runs together; of rows with the same key and date known the last that arrived stays."""
    pupil = np.concatenate([runs.pupil for runs in arrived])
    first = arrived[0]
    columns = {name: np.concatenate([runs.columns[name] for runs in arrived]) for name in first.columns}
    age = np.repeat(np.arange(len(arrived)), [int(runs.offsets[-1]) for runs in arrived])
    names = [columns[name] for name in _named_by(first)]
    order = np.lexsort([age, *reversed(names), pupil])
    last = np.zeros(len(order), dtype=bool)
    for column in (*names, pupil):
        last[:-1] |= column[order][1:] != column[order][:-1]
    last[-1:] = True
    kept = order[last]
    counts = np.bincount(pupil[kept], minlength=len(first.offsets) - 1).astype(np.int64)
    return Runs(offsets_of(counts), {name: column[kept] for name, column in columns.items()}, first.key)


def _named_by(runs: Runs) -> list[str]:
    return [*runs.key, "known"] if "known" in runs.columns else list(runs.key)


def _key(runs: Runs) -> Key:
    names = _named_by(runs)
    columns = [_writable(runs.columns[name]) for name in names]
    columns += columns[-1:] * (_COMPARED - len(columns))
    return (columns[0], columns[1], columns[2], columns[3])


def _writable(column: Column) -> Ints:
    """Give int32 of the one kind for which the loop is compiled."""
    return np.require(column, np.int32, ["C", "W"])


@kernel
def _merge(  # noqa: PLR0917
    old_offsets: npt.NDArray[np.int64],
    new_offsets: npt.NDArray[np.int64],
    old: Key,
    new: Key,
    source: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> int:
    """Name the row behind each merged row, the new ones counted on from the old; give their number."""
    n, n_old = 0, old_offsets[-1]
    for pupil in range(len(counts)):
        i, last_old = old_offsets[pupil], old_offsets[pupil + 1]
        j, last_new = new_offsets[pupil], new_offsets[pupil + 1]
        start = n
        while i < last_old or j < last_new:
            order = 0
            if j == last_new:
                order = -1
            elif i == last_old:
                order = 1
            else:
                for column in range(len(old)):
                    if order == 0:
                        order = int(old[column][i]) - int(new[column][j])
            if order < 0:
                source[n] = i
                i += 1
            else:
                source[n] = n_old + j
                j += 1
                i += 1 if order == 0 else 0
            n += 1
        counts[pupil] = n - start
    return n
