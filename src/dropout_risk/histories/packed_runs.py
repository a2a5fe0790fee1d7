"""Runs as a few small arrays, for keeping on disk.

Rows repeat what others say: a class writes the same exam on the same day. So the columns that name a row
are kept as one code per row into the table of their distinct combinations, and numbers as codes into their
distinct values, those of one subject together. Neither changes a bit, and reading is a look-up per row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.histories.runs import Column, Runs
from dropout_risk.kernels import kernel

Arrays = dict[str, npt.NDArray[Any]]
About = dict[str, Any]

_MOST_CODES = 1 << 16
_ROWS_PER_CODE = 4
_WORD = 2**62
_BYTE = 8
# whose values tell in which range a number lies
_ALIKE = {"percent": "subject", "score": "scale"}


def pack_runs(runs: Runs, drop: tuple[str, ...] = ()) -> tuple[Arrays, About]:
    """Give the arrays that hold runs, and what must be known to read them.

    Parameters
    ----------
    runs : Runs
        In their order, which is kept.
    drop : tuple of str
        Columns that the reader makes anew.
    """
    columns = {name: column for name, column in runs.columns.items() if name not in drop}
    whole = {name: column for name, column in columns.items() if column.dtype.kind != "f"}
    arrays: Arrays = {"counts": narrow(np.diff(runs.offsets))}
    about: About = {"key": list(runs.key), "types": {name: of.dtype.str for name, of in columns.items()}}
    combined = _combined([column for name, column in whole.items() if name != "flags"])
    if combined is not None and len(whole) > 1:
        arrays["combination"], first = combined
        whole = {name: column if name == "flags" else column[first] for name, column in whole.items()}
    about["order"], about["low"] = list(runs.columns), {}
    for name, column in whole.items():
        about["low"][name] = low = int(column.min(initial=0))
        arrays[name] = narrow(column.astype(np.int64) - low)
    for name, column in columns.items():
        if column.dtype.kind == "f":
            parts = _pack_numbers(column, _group_of(columns, name, len(column)))
            arrays |= {f"{name}.{part}": of for part, of in parts.items()}
    return arrays, about


def unpack_runs(arrays: Arrays, about: About) -> Runs:
    """Read runs from their arrays; the columns are in the order in which they were given."""
    columns: dict[str, Column] = {}
    code = arrays["combination"].astype(np.intp) if "combination" in arrays else None
    for name, kind in about["types"].items():
        dtype = np.dtype(kind)
        if dtype.kind == "f":
            continue
        values = (arrays[name].astype(np.int64) + about["low"][name]).astype(dtype)
        columns[name] = values if code is None or name == "flags" else np.take(values, code)
    offsets = np.zeros(len(arrays["counts"]) + 1, np.int64)
    np.cumsum(arrays["counts"], out=offsets[1:])
    for name, kind in about["types"].items():
        if np.dtype(kind).kind == "f":
            parts = {part.partition(".")[2]: of for part, of in arrays.items() if part.startswith(f"{name}.")}
            columns[name] = _unpack_numbers(parts, _group_of(columns, name, int(offsets[-1])))
    return Runs(offsets, {name: columns[name] for name in about["types"]}, tuple(about["key"]))


def narrow(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give whole numbers from zero on in the smallest type that holds them.

    >>> narrow(np.array([0, 300])).dtype
    dtype('uint16')
    """
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _combined(columns: list[Column]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]] | None:
    """Give each row's combination of values as a code, and the first row of each; None if too many."""
    word, room = np.zeros(len(columns[0]) if columns else 0, np.int64), 1
    for column in columns:
        low = int(column.min(initial=0))
        size = int(column.max(initial=0)) - low + 1
        room *= size
        if room > _WORD:
            return None
        word *= size
        word += column
        word -= low
    return _codes(word)


def _codes(word: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]] | None:
    """Give each word its number, by first rows, and those rows; None if there are too many of them."""
    encoded = pa.array(word).dictionary_encode()
    number = len(encoded.dictionary)
    if number > _MOST_CODES or number * _ROWS_PER_CODE > len(word) or not number:
        return None
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    first = np.zeros(number, np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return narrow(codes), first


def _pack_numbers(column: Column, group: npt.NDArray[np.int32]) -> Arrays:
    """Keep numbers as places among the distinct ones of their group, those of one group together."""
    coded = _codes(np.ascontiguousarray(column, np.float64).view(np.int64))
    if coded is None:
        return {"bits": np.ascontiguousarray(column.view(np.uint8).reshape(-1, _BYTE).T).ravel()}
    values = column[coded[1]]
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    used = np.zeros((int(group.max(initial=0)) + 1, len(values)), np.bool_)
    dealt = np.empty(len(column), np.uint16)
    _deal(group, _starts(group), rank[coded[0]], used, dealt)
    place = (np.cumsum(used, axis=1) - 1).astype(np.uint16)
    arrays: Arrays = {"values": values[order], "used": np.packbits(used, bitorder="little")}
    ends = np.cumsum(np.bincount(group))[:-1]
    parts = [place[g][rows] for g, rows in enumerate(np.split(dealt, ends))]
    shifts = _shifts(used)
    high = [of >> shift for of, shift in zip(parts, shifts, strict=True)]
    arrays["high"] = np.concatenate(high).astype(np.uint8)
    for bit in range(max(shifts)):  # the low bits of a mark hardly follow any rule
        low = [of >> bit & 1 for of, shift in zip(parts, shifts, strict=True) if bit < shift]
        arrays[f"low{bit}"] = np.packbits(np.concatenate(low).astype(np.uint8), bitorder="little")
    return arrays


def _unpack_numbers(arrays: Arrays, group: npt.NDArray[np.int32]) -> Column:
    if "bits" in arrays:
        return np.ascontiguousarray(arrays["bits"].reshape(_BYTE, -1).T).view(np.float64).ravel()
    values, counts = arrays["values"], np.bincount(group)
    flat = np.unpackbits(arrays["used"], count=len(counts) * len(values), bitorder="little")
    used = flat.reshape(len(counts), len(values)).astype(np.bool_)
    dealt, start = arrays["high"].astype(np.uint16), 0
    read = [0] * _BYTE
    for count, shift in zip(counts.tolist(), _shifts(used), strict=True):
        rows = slice(start, start + count)
        if shift:
            dealt[rows] <<= shift
        for bit in range(shift):
            dealt[rows] |= _bits(arrays[f"low{bit}"], read[bit], count) << bit
            read[bit] += count
        start += count
    own = np.flatnonzero(used.ravel()) % len(values)
    firsts = np.concatenate([[0], np.cumsum(used.sum(axis=1))])[:-1].astype(np.int64)
    numbers = np.empty(len(group), np.float64)
    _look_up(group, _starts(group), dealt, firsts, values[own], numbers)
    return numbers


def _bits(packed: npt.NDArray[np.uint8], start: int, count: int) -> npt.NDArray[np.uint16]:
    first = start // _BYTE
    bits = np.unpackbits(packed[first : (start + count) // _BYTE + 1], bitorder="little")
    return bits[start - first * _BYTE :][:count].astype(np.uint16)


def _shifts(used: npt.NDArray[np.bool_]) -> list[int]:
    """Give the number of low bits that do not fit into a byte, per group."""
    return [max(int(number - 1).bit_length() - _BYTE, 0) for number in used.sum(axis=1).tolist()]


def _group_of(columns: dict[str, Column], name: str, n: int) -> npt.NDArray[np.int32]:
    """Give the group of each row: by the column that tells in which range a number lies."""
    by = columns.get(_ALIKE.get(name, ""))
    return np.zeros(n, np.int32) if by is None else (by - by.min(initial=0)).astype(np.int32)


def _starts(group: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Give the place of the first row of each group when the rows of a group stand together."""
    counts = np.bincount(group)
    return (np.cumsum(counts) - counts).astype(np.int64)


@kernel
def _deal(
    group: npt.NDArray[np.int32],
    starts: npt.NDArray[np.int64],
    rank: npt.NDArray[np.int32],
    used: npt.NDArray[np.bool_],
    dealt: npt.NDArray[np.uint16],
) -> None:
    for row in range(len(group)):
        g = group[row]
        dealt[starts[g]] = rank[row]
        used[g, rank[row]] = True
        starts[g] += 1


@kernel
def _look_up(  # noqa: PLR0917
    group: npt.NDArray[np.int32],
    starts: npt.NDArray[np.int64],
    dealt: npt.NDArray[np.uint16],
    firsts: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    numbers: npt.NDArray[np.float64],
) -> None:
    for row in range(len(group)):
        g = group[row]
        numbers[row] = values[firsts[g] + dealt[starts[g]]]
        starts[g] += 1
