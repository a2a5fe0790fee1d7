"""The order of rows by pupil and then by further columns, found for few pupils at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from dropout_risk.arrays import Array, Ints, Longs
from dropout_risk.kernels import blocks, in_threads, kernel

BLOCK_ROWS = 1 << 16
_FEW = 128
_SHORT_RUN = 16
_TAKEN_AT_ONCE = 1 << 18
_WORD_LIMIT = 2**62
_LOWEST, _LARGEST = np.iinfo(np.int32).min, np.iinfo(np.int64).max


class Arrangement(NamedTuple):
    """Rows in order, None where they are already, and the places of those that repeat the key before them."""

    rows: Ints | None
    repeats: Longs


def order_by(first: Array, rest: Sequence[Array], rows: Array | None = None) -> Ints | None:
    """Order rows by a first column of whole numbers in a narrow range, then by others; equal rows stay.

    NaN comes last. ``rows`` chooses the rows to order; None is given where the rows are in order already.

    >>> order_by(np.array([1, 0, 1], np.int32), [np.array([5.0, 1.0, 2.0])]).tolist()
    [1, 2, 0]
    """
    return arrange_rows(first, rest, [], rows).rows


def arrange_rows(
    first: Array, key: Sequence[Array], rest: Sequence[Array], rows: Array | None = None
) -> Arrangement:
    """Order rows like :func:`order_by`, and tell which of them equal the row before in the first and the key.

    The first column (mostly the pupil) is counted, and only the rows of one of its values are compared with
    each other, a block of them at a time, so that memory does not grow with the number of columns. The rest
    is looked at only where the key does not decide.
    """
    chosen = np.ascontiguousarray(first if rows is None else first[rows], np.int32).view()
    chosen.flags.writeable = False  # as Arrow's are: kernels are compiled for one kind of array
    if len(chosen) <= _FEW:
        return _arrange_few(chosen, key, rest, rows)
    low = int(chosen.min())
    offsets = np.zeros(int(chosen.max()) - low + 2, np.int64)
    ordered = None
    if not _count_values(chosen, low, offsets):
        ordered = np.empty(len(chosen), np.int32)
        _place_rows(chosen, low, offsets.copy(), ordered)
    if rows is not None:
        ordered = rows.astype(np.int32) if ordered is None else rows[ordered].astype(np.int32)
    cuts = _block_cuts(offsets)

    def sort(block: int) -> Arrangement:
        bounds = offsets[cuts[block] : cuts[block + 1] + 1]
        start, stop = int(bounds[0]), int(bounds[-1])
        at = slice(start, stop) if ordered is None else ordered[start:stop]
        order, repeats = _arrange_within(
            bounds - start, *([column[at] for column in some] for some in (key, rest))
        )
        if order is not None and ordered is not None:
            ordered[start:stop] = ordered[start:stop][order]
        return Arrangement(order, repeats + start)

    found = in_threads(sort, range(len(cuts) - 1))
    repeats = np.concatenate([part.repeats for part in found])
    if ordered is not None or all(part.rows is None for part in found):
        return Arrangement(ordered, repeats)
    ordered = np.arange(len(chosen), dtype=np.int32)
    for block, (order, _) in enumerate(found):
        if order is not None:
            start = int(offsets[cuts[block]])
            ordered[start : start + len(order)] = order + np.int32(start)
    return Arrangement(ordered, repeats)


def group_keys(columns: Sequence[Array]) -> Longs:
    """Give rows that are equal in all of some columns of whole numbers the same key, others another.

    >>> group_keys([np.array([4, 4, 5]), np.array([1, 1, 1])]).tolist()
    [0, 0, 1]
    """
    keys = np.zeros(len(columns[0]), np.int64)
    for number, word in enumerate(_packed_words(columns)):
        keys = word if not number else np.unique(np.stack([keys, word]), axis=1, return_inverse=True)[1]
    return keys


def count_codes(codes: Array, low: int, number: int) -> Longs:
    """Count the rows of each of so many codes, from the lowest on.

    >>> count_codes(np.array([-1, 0, 0], np.int16), -1, 3).tolist()
    [1, 2, 0]
    """
    if len(codes) <= _FEW or not codes.strides[0]:
        return np.bincount(codes.astype(np.int64) - low, minlength=number)
    counts = np.zeros(number, np.int64)
    _add_counts(np.require(codes, requirements=["C", "W"]), low, counts)
    return counts


def take_rows(column: Array, rows: Array) -> Array:
    """Give the values of some rows, all cores at a time: far-apart places wait for memory, not for work."""
    if len(rows) <= _FEW:
        return column.take(rows)
    taken = np.empty(len(rows), column.dtype)

    def take(part: slice) -> None:
        column.take(rows[part], out=taken[part], mode="clip")  # "raise" would copy once more

    in_threads(take, blocks(len(rows), _TAKEN_AT_ONCE))
    return taken


def _arrange_few(
    first: Array, key: Sequence[Array], rest: Sequence[Array], rows: Array | None
) -> Arrangement:
    """Order few rows without the fixed costs of counting and packing."""
    at = slice(None) if rows is None else rows
    keys = list(zip(first.tolist(), *_comparable_values(key, at), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    named = [keys[row] for row in order]
    repeats = np.array([k for k in range(1, len(named)) if named[k] == named[k - 1]], np.int64)
    if len(repeats) and rest:
        whole = list(zip(keys, *_comparable_values(rest, at), strict=True))
        order = sorted(range(len(keys)), key=whole.__getitem__)
    if rows is not None:
        return Arrangement(rows[order].astype(np.int32), repeats)
    return Arrangement(None if order == list(range(len(order))) else np.array(order, np.int32), repeats)


def _comparable_values(columns: Sequence[Array], at: Any) -> list[list[Any]]:
    """Give some rows of columns as lists of values that compare in their order."""
    return [
        (_ordered_bits(column[at]) if column.dtype.kind == "f" else column[at]).tolist() for column in columns
    ]


def _block_cuts(offsets: Longs) -> Longs:
    """Cut the groups into blocks of about as many rows."""
    wanted = np.arange(0, offsets[-1], BLOCK_ROWS)
    return np.unique(np.append(np.searchsorted(offsets, wanted, side="right") - 1, len(offsets) - 1))


def _arrange_within(bounds: Longs, key: Sequence[Array], rest: Sequence[Array]) -> Arrangement:
    runs = bounds[:-1], bounds[1:]
    order = np.arange(bounds[-1], dtype=np.int32)
    runs, moved = _sort_by(key, runs, order)
    repeats = _after_the_first(*runs)
    _, further = _sort_by(rest, runs, order)
    return Arrangement(order if moved or further else None, repeats)


def _sort_by(
    columns: Sequence[Array], runs: tuple[Longs, Longs], order: Ints
) -> tuple[tuple[Longs, Longs], bool]:
    """Order the rows of runs by some columns; give the runs of equal rows, and whether any row moved."""
    changed = False
    for word in _packed_words(columns) if len(runs[0]) else ():
        *tied, moved = _sort_runs(*runs, word, order)
        runs, changed = (tied[0], tied[1]), changed or moved
        if not len(runs[0]):
            break
    return runs, changed


def _after_the_first(starts: Longs, stops: Longs) -> Longs:
    """Give the places of all rows of runs but the first of each."""
    more = np.maximum(stops - starts - 1, 0)
    return np.repeat(starts + 1 - np.cumsum(more) + more, more) + np.arange(more.sum())


def _packed_words(columns: Sequence[Array]) -> Iterator[Longs]:
    """Pack columns of small range together into 64-bit words that keep their order."""
    word: Longs | None = None
    room = 1
    for column in columns:
        if word is not None and column.dtype.kind == "f":  # takes a word of its own
            yield word
            word = None
        numbers, size = _from_zero(column)
        if size == 1:
            continue
        if word is not None and room * size <= _WORD_LIMIT:
            word = word * size + numbers
            room *= size
            continue
        if word is not None:
            yield word
        word, room = numbers, size
    if word is not None:
        yield word


def _from_zero(column: Array) -> tuple[Longs, int]:
    """Give whole numbers from zero on in the order of the values, and how many there may be."""
    if not len(column):
        return column.astype(np.int64), 1
    if column.dtype.kind == "f":
        return _ordered_bits(column), _WORD_LIMIT
    low, high = int(column.min()), int(column.max())
    numbers = column.astype(np.int64)
    if low == _LOWEST and high > low:  # empty values stand just below the lowest one
        lowest = int(column[column != low].min())
        return np.maximum(numbers - (lowest - 1), 0), high - lowest + 2
    return numbers - low, high - low + 1


def _ordered_bits(column: Array) -> Longs:
    """Give the bits of floating numbers, so turned that they are in the order of the numbers."""
    bits = (column.astype(np.float64) + 0.0).view(np.int64)
    bits = np.where(bits < 0, bits ^ np.int64(_LARGEST), bits)
    return np.where(np.isnan(column), np.int64(_LARGEST), bits)


@kernel
def _add_counts(codes: Ints, low: int, counts: Longs) -> None:
    for code in codes:
        counts[code - low] += 1


@kernel
def _count_values(first: Ints, low: int, offsets: Longs) -> bool:
    """Count each value into the place after its own; tell whether the values never fall."""
    rising = True
    for i in range(len(first)):
        offsets[first[i] - low + 1] += 1
        if i > 0 and first[i] < first[i - 1]:
            rising = False
    for k in range(1, len(offsets)):
        offsets[k] += offsets[k - 1]
    return rising


@kernel
def _place_rows(first: Ints, low: int, following: Longs, ordered: Ints) -> None:
    for i in range(len(first)):
        group = first[i] - low
        ordered[following[group]] = i
        following[group] += 1


@kernel
def _merge_runs(  # noqa: PLR0917
    keys: Longs, rows: Ints, into_keys: Longs, into_rows: Ints, low: int, middle: int, high: int
) -> None:
    left, right = low, middle
    for k in range(low, high):
        if left < middle and (right >= high or keys[left] <= keys[right]):
            into_keys[k], into_rows[k] = keys[left], rows[left]
            left += 1
        else:
            into_keys[k], into_rows[k] = keys[right], rows[right]
            right += 1


@kernel
def _sort_short(keys: Longs, rows: Ints, low: int, high: int) -> None:
    """Put each row into its place among those before it."""
    for k in range(low + 1, high):
        key, row = keys[k], rows[k]
        at = k
        while at > low and keys[at - 1] > key:
            keys[at], rows[at] = keys[at - 1], rows[at - 1]
            at -= 1
        keys[at], rows[at] = key, row


@kernel
def _sort_runs(starts: Longs, stops: Longs, word: Longs, order: Ints) -> tuple[Longs, Longs, bool]:
    """Order the rows of each run by their words; give the runs of equal words that are left."""
    moved = False
    longest = 0
    for run in range(len(starts)):
        longest = max(longest, stops[run] - starts[run])
    keys, other_keys = np.empty(longest, np.int64), np.empty(longest, np.int64)
    rows, other_rows = np.empty(longest, np.int32), np.empty(longest, np.int32)
    for run in range(len(starts)):
        start, size = starts[run], stops[run] - starts[run]
        rising = True
        for k in range(size):
            rows[k] = order[start + k]
            keys[k] = word[rows[k]]
            rising &= k == 0 or keys[k] >= keys[k - 1]
        if rising:
            continue
        moved = True
        width = _SHORT_RUN
        for low in range(0, size, width):
            _sort_short(keys, rows, low, min(low + width, size))
        while width < size:
            for low in range(0, size, 2 * width):
                middle, high = min(low + width, size), min(low + 2 * width, size)
                _merge_runs(keys, rows, other_keys, other_rows, low, middle, high)
            keys, other_keys = other_keys, keys
            rows, other_rows = other_rows, rows
            width *= 2
        order[start : stops[run]] = rows[:size]
    tied_starts, tied_stops = _tied_runs(starts, stops, word, order)
    return tied_starts, tied_stops, moved


@kernel
def _tied_runs(starts: Longs, stops: Longs, word: Longs, order: Ints) -> tuple[Longs, Longs]:
    """Find the runs of equal words."""
    found = 0
    tied_starts, tied_stops = np.empty(len(order) // 2, np.int64), np.empty(len(order) // 2, np.int64)
    for run in range(len(starts)):
        begun = starts[run]
        for k in range(starts[run] + 1, stops[run] + 1):
            if k == stops[run] or word[order[k]] != word[order[begun]]:
                if k - begun > 1:
                    tied_starts[found], tied_stops[found] = begun, k
                    found += 1
                begun = k
    return tied_starts[:found].copy(), tied_stops[:found].copy()
