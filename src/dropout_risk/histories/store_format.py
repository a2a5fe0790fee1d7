"""Runs as a few small arrays, for keeping on disk.

Rows repeat what others say: a class writes the same exam on the same day. So the columns that name a row
are kept as one code per row into the table of their distinct combinations, and numbers as codes into their
distinct values, those of one subject together. Neither changes a bit, and reading is a look-up per row.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dropout_risk.arrays import Array, Bools, Bytes, Floats, Ints, Longs
from dropout_risk.errors import BundleError
from dropout_risk.files import sync_to_disk
from dropout_risk.histories.append import Arrivals, calendar_rows, runs_of_late
from dropout_risk.histories.attendance_bits import PLANES, AttendanceBits, LateStates
from dropout_risk.histories.histories import Histories, Observed, no_runs
from dropout_risk.histories.refused_runs import REFUSED, refused_runs
from dropout_risk.histories.runs import Runs
from dropout_risk.kernels import in_threads, kernel
from dropout_risk.records.days.calendar import SchoolCalendar
from dropout_risk.records.tables import RUNS

# --- Attendance as a few small arrays, for keeping on disk ---

_LONG = 255
Planes = dict[str, Bytes]


def pack_planes(planes: Planes) -> dict[str, Array]:
    """Give the arrays that hold planes of bits."""
    others = (*(np.ascontiguousarray(plane) for name, plane in planes.items() if name != "recorded"),)
    number = int(sum(np.bitwise_count(plane).sum() for plane in others))
    gaps = np.empty(number + others[0].size * 8 // _LONG + 1, np.uint8)
    flags = np.empty(number, np.uint8)
    n_gaps, n_flags = _list_days(others, gaps, flags)
    return {"recorded": planes["recorded"].ravel(), "gaps": gaps[:n_gaps], "flags": flags[:n_flags]}


def unpack_planes(arrays: dict[str, Array], n_pupils: int, n_bytes: int) -> Planes:
    """Read planes of bits from their arrays."""
    planes = np.zeros((len(PLANES), n_pupils, n_bytes), np.uint8)
    planes[0] = arrays["recorded"].reshape(n_pupils, n_bytes)
    _mark_days(np.array(arrays["gaps"]), np.array(arrays["flags"]), planes[1:].reshape(len(PLANES) - 1, -1))
    return dict(zip(PLANES, planes, strict=True))


@kernel
def _list_days(planes: tuple[Bytes, ...], gaps: Bytes, flags: Bytes) -> tuple[int, int]:
    """List the days set in any plane: a gap of 255 is that many days without one."""
    n_gaps, n_flags, last = 0, 0, -1
    n_rows, n_bytes = planes[0].shape
    for row in range(n_rows):
        for byte in range(n_bytes):
            there = np.int64(0)
            for plane in planes:
                there |= np.int64(plane[row, byte])
            if there == 0:
                continue
            for bit in range(8):
                if there >> bit & 1 == 0:
                    continue
                found = np.int64(0)
                for k in range(len(planes)):
                    found |= (np.int64(planes[k][row, byte]) >> bit & 1) << k
                place = (row * n_bytes + byte) * 8 + bit
                gap = place - last - 1
                while gap >= _LONG:
                    gaps[n_gaps] = _LONG
                    n_gaps += 1
                    gap -= _LONG
                gaps[n_gaps] = gap
                flags[n_flags] = found
                n_gaps += 1
                n_flags += 1
                last = place
    return n_gaps, n_flags


@kernel
def _mark_days(gaps: Bytes, flags: Bytes, planes: Bytes) -> None:
    place, n = -1, 0
    for k in range(len(gaps)):
        if gaps[k] == _LONG:
            place += _LONG
            continue
        place += int(gaps[k]) + 1
        for plane in range(planes.shape[0]):
            if flags[n] >> plane & 1:
                planes[plane, place >> 3] |= np.uint8(1 << (place & 7))
        n += 1


Arrays = dict[str, Array]
About = dict[str, Any]

_MOST_CODES = 1 << 16
_ROWS_PER_CODE = 4
_WORD = 2**62
_BYTE = 8
# whose values tell in which range a number lies
_ALIKE = {"percent": "subject", "score": "scale"}


def pack_runs(runs: Runs, drop: tuple[str, ...] = ()) -> tuple[Arrays, About]:
    """Give the arrays that hold runs in their order, and what must be known to read them.

    Columns to ``drop`` are made anew by the reader.
    """
    columns = {name: column for name, column in runs.columns.items() if name not in drop}
    whole = {name: column for name, column in columns.items() if column.dtype.kind != "f"}
    arrays: Arrays = {"counts": narrow_values(np.diff(runs.offsets))}
    about: About = {
        "key": list(runs.key),
        "types": {name: column.dtype.str for name, column in columns.items()},
    }
    combined = _combined_codes([column for name, column in whole.items() if name != "flags"])
    if combined is not None and len(whole) > 1:
        arrays["combination"], first = combined
        whole = {name: column if name == "flags" else column[first] for name, column in whole.items()}
    about["order"], about["low"] = list(runs.columns), {}
    for name, column in whole.items():
        about["low"][name] = low = int(column.min(initial=0))
        arrays[name] = narrow_values(column.astype(np.int64) - low)
    for name, column in columns.items():
        if column.dtype.kind == "f":
            parts = _pack_numbers(column, _group_of(columns, name, len(column)))
            arrays |= {f"{name}.{part}": array for part, array in parts.items()}
    return arrays, about


def unpack_runs(arrays: Arrays, about: About) -> Runs:
    """Read runs from their arrays; the columns are in the order in which they were given."""
    columns: dict[str, Array] = {}
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
            parts = _arrays_under(name, arrays)
            columns[name] = _unpack_numbers(parts, _group_of(columns, name, int(offsets[-1])))
    return Runs(offsets, {name: columns[name] for name in about["types"]}, tuple(about["key"]))


def narrow_values(values: Array) -> Array:
    """Give whole numbers from zero on in the smallest type that holds them.

    >>> narrow_values(np.array([0, 300])).dtype
    dtype('uint16')
    """
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _combined_codes(columns: list[Array]) -> tuple[Array, Longs] | None:
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
    return _word_codes(word)


def _word_codes(word: Longs) -> tuple[Array, Longs] | None:
    """Give each word its number, by first rows, and those rows; None if there are too many of them."""
    encoded = pa.array(word).dictionary_encode()
    number = len(encoded.dictionary)
    if number > _MOST_CODES or number * _ROWS_PER_CODE > len(word) or not number:
        return None
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    first = np.zeros(number, np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return narrow_values(codes), first


def _pack_numbers(column: Array, group: Ints) -> Arrays:
    """Keep numbers as places among the distinct ones of their group, those of one group together."""
    coded = _word_codes(np.ascontiguousarray(column, np.float64).view(np.int64))
    if coded is None:
        return {"bits": np.ascontiguousarray(column.view(np.uint8).reshape(-1, _BYTE).T).ravel()}
    values = column[coded[1]]
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    used = np.zeros((int(group.max(initial=0)) + 1, len(values)), np.bool_)
    dealt = np.empty(len(column), np.uint16)
    _deal_numbers(group, _group_starts(group), rank[coded[0]], used, dealt)
    place = (np.cumsum(used, axis=1) - 1).astype(np.uint16)
    arrays: Arrays = {"values": values[order], "used": np.packbits(used, bitorder="little")}
    ends = np.cumsum(np.bincount(group))[:-1]
    parts = [place[g][rows] for g, rows in enumerate(np.split(dealt, ends))]
    shifts = _group_shifts(used)
    high = [part >> shift for part, shift in zip(parts, shifts, strict=True)]
    arrays["high"] = np.concatenate(high).astype(np.uint8)
    for bit in range(max(shifts)):  # the low bits of a mark hardly follow any rule
        low = [part >> bit & 1 for part, shift in zip(parts, shifts, strict=True) if bit < shift]
        arrays[f"low{bit}"] = np.packbits(np.concatenate(low).astype(np.uint8), bitorder="little")
    return arrays


def _unpack_numbers(arrays: Arrays, group: Ints) -> Array:
    if "bits" in arrays:
        return np.ascontiguousarray(arrays["bits"].reshape(_BYTE, -1).T).view(np.float64).ravel()
    values, counts = arrays["values"], np.bincount(group)
    flat = np.unpackbits(arrays["used"], count=len(counts) * len(values), bitorder="little")
    used = flat.reshape(len(counts), len(values)).astype(np.bool_)
    dealt, start = arrays["high"].astype(np.uint16), 0
    read = [0] * _BYTE
    for count, shift in zip(counts.tolist(), _group_shifts(used), strict=True):
        rows = slice(start, start + count)
        if shift:
            dealt[rows] <<= shift
        for bit in range(shift):
            dealt[rows] |= _unpack_bits(arrays[f"low{bit}"], read[bit], count) << bit
            read[bit] += count
        start += count
    own = np.flatnonzero(used.ravel()) % len(values)
    firsts = np.concatenate([[0], np.cumsum(used.sum(axis=1))])[:-1].astype(np.int64)
    numbers = np.empty(len(group), np.float64)
    _look_up(group, _group_starts(group), dealt, firsts, values[own], numbers)
    return numbers


def _unpack_bits(packed: Bytes, start: int, count: int) -> npt.NDArray[np.uint16]:
    first = start // _BYTE
    bits = np.unpackbits(packed[first : (start + count) // _BYTE + 1], bitorder="little")
    return bits[start - first * _BYTE :][:count].astype(np.uint16)


def _group_shifts(used: Bools) -> list[int]:
    """Give the number of low bits that do not fit into a byte, per group."""
    return [max(int(number - 1).bit_length() - _BYTE, 0) for number in used.sum(axis=1).tolist()]


def _group_of(columns: dict[str, Array], name: str, n: int) -> Ints:
    """Give the group of each row: by the column that tells in which range a number lies."""
    by = columns.get(_ALIKE.get(name, ""))
    return np.zeros(n, np.int32) if by is None else (by - by.min(initial=0)).astype(np.int32)


def _group_starts(group: Ints) -> Longs:
    """Give the place of the first row of each group when the rows of a group stand together."""
    counts = np.bincount(group)
    return (np.cumsum(counts) - counts).astype(np.int64)


@kernel
def _deal_numbers(group: Ints, starts: Longs, rank: Ints, used: Bools, dealt: npt.NDArray[np.uint16]) -> None:
    for row in range(len(group)):
        g = group[row]
        dealt[starts[g]] = rank[row]
        used[g, rank[row]] = True
        starts[g] += 1


@kernel
def _look_up(  # noqa: PLR0917
    group: Ints, starts: Longs, dealt: npt.NDArray[np.uint16], firsts: Longs, values: Floats, numbers: Floats
) -> None:
    for row in range(len(group)):
        g = group[row]
        numbers[row] = values[firsts[g] + dealt[starts[g]]]
        starts[g] += 1


# --- One part of a store on disk: its students as Parquet, all other arrays in one compressed Arrow file ---

Sums = dict[str, list[int]]

STUDENTS, ARRAYS = "students.parquet", "arrays.arrow"
_ABOUT = b"about"
_LEVEL = 6


class DamagedPartError(BundleError):
    """A file of a store that is missing, cut off or changed."""


def write_part(folder: Path, students: pa.Table, arrays: Arrays, about: dict[str, Any]) -> Sums:
    """Write a part, wait until the disk has it, and give the length and check sum of each file."""

    def one(name: str) -> None:
        path = folder / name
        if name == STUDENTS:
            _write_students(students, path)
        else:
            _write_arrays(arrays, about, path)
        sync_to_disk(path)

    in_threads(one, [ARRAYS, STUDENTS])
    sync_to_disk(folder)
    return {name: _check_sum(name, folder) for name in (STUDENTS, ARRAYS)}


def read_part(folder: Path, sums: Sums) -> tuple[pa.Table, Arrays, dict[str, Any]]:
    """Read a part whose files have these lengths and check sums.

    The DamagedPartError names a file that is missing, cut off or changed.
    """
    arrays, about = read_arrays(folder, sums)
    return read_students(folder, sums), arrays, about


def read_students(folder: Path, sums: Sums) -> pa.Table:
    """Read the students of a part."""
    return pq.read_table(pa.BufferReader(_read_bytes(folder, STUDENTS, sums))).combine_chunks()


def read_arrays(folder: Path, sums: Sums, names: tuple[str, ...] = ()) -> tuple[Arrays, dict[str, Any]]:
    """Read the arrays of a part, all or those whose names begin so, and what must be known to read them."""
    content = pa.py_buffer(_read_bytes(folder, ARRAYS, sums))
    with pa.ipc.open_file(content) as file:
        schema = file.schema
    chosen = [k for k, name in enumerate(schema.names) if not names or name.startswith(names)]
    options = pa.ipc.IpcReadOptions(included_fields=chosen)
    with pa.ipc.open_file(content, options=options) as file:
        batch = file.get_batch(0)
    arrays = {
        name: column.values.to_numpy() for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return arrays, json.loads(schema.metadata[_ABOUT])


def _write_students(students: pa.Table, path: Path) -> None:
    plain = pa.types.is_integer(students.schema.field("student_id").type)
    others = [name for name in students.column_names if name != "student_id"]
    pq.write_table(
        students, path, compression="zstd", use_dictionary=others,
        column_encoding={"student_id": "DELTA_BINARY_PACKED" if plain else "DELTA_BYTE_ARRAY"},
    )  # fmt: skip


def _write_arrays(arrays: Arrays, about: dict[str, Any], path: Path) -> None:
    """Write arrays of any lengths as the one row of a batch of lists."""
    columns = [
        pa.LargeListArray.from_arrays([0, len(array)], pa.array(np.ascontiguousarray(array)))
        for array in arrays.values()
    ]
    fields = [pa.field(name, column.type) for name, column in zip(arrays, columns, strict=True)]
    schema = pa.schema(fields, metadata={_ABOUT: json.dumps(about, ensure_ascii=False).encode()})
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=_LEVEL))
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as file:
        file.write_batch(pa.record_batch(columns, schema=schema))


def _check_sum(name: str, folder: Path) -> list[int]:
    content = (folder / name).read_bytes()
    return [len(content), zlib.crc32(content)]


def _read_bytes(folder: Path, name: str, sums: Sums) -> bytes:
    where = f"{folder.name}/{name}"
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError:
        raise DamagedPartError(f"{where} is missing") from None
    if [len(content), zlib.crc32(content)] != sums[name]:
        raise DamagedPartError(f"{where} is damaged")
    return content


# --- Histories and arrivals as the arrays of one part of a store ---


def pack_histories(histories: Histories) -> tuple[Arrays, About]:
    """Give the arrays of histories, without their students."""
    attendance = histories.attendance
    runs = dict(histories.runs)
    runs["late"] = runs_of_late(attendance.late, len(histories))
    runs[REFUSED] = histories.refused
    arrays, about = _pack_part(runs, histories)
    arrays |= {f"planes.{name}": array for name, array in pack_planes(attendance.planes).items()}
    arrays["sessions"] = attendance.sessions.ravel()
    row = calendar_rows(histories.calendar, histories.students)
    if (row != histories.calendar_row).any():
        arrays["calendar_row"] = histories.calendar_row
    return arrays, about | {
        "n_bytes": attendance.planes["recorded"].shape[1], "sessions": attendance.sessions.shape[1]
    }  # fmt: skip


def unpack_histories(students: pa.Table, arrays: Arrays, about: About) -> Histories:
    """Read histories from their arrays."""
    calendar = unpack_calendar(arrays, about)
    n_pupils, n_bytes = students.num_rows, about["n_bytes"]
    row = np.array(arrays["calendar_row"]) if "calendar_row" in arrays else calendar_rows(calendar, students)

    def one(name: str) -> Any:
        if name == "planes":
            return unpack_planes(_arrays_under("planes", arrays), n_pupils, n_bytes)
        if name not in about["runs"]:
            return refused_runs(None, n_pupils) if name == REFUSED else no_runs(name, n_pupils)
        runs = unpack_runs(_arrays_under(name, arrays), about["runs"][name])
        return (
            runs
            if name in ("late", REFUSED)
            else _with_all_columns(name, _with_days(runs, calendar, row, about["runs"][name]["order"]))
        )

    names = ["grades", "planes", *(name for name in (*RUNS, "late", REFUSED) if name != "grades")]
    found = dict(zip(names, in_threads(one, names), strict=True))
    late, planes, refused = (found.pop(name) for name in ("late", "planes", REFUSED))
    states = LateStates(late.pupil, *(late.columns[name] for name in ("day", "known", "flags")))
    sessions = np.array(arrays["sessions"]).reshape(n_pupils, about["sessions"], n_bytes)
    return Histories(
        students=students, calendar=calendar, calendar_row=row,
        attendance=AttendanceBits(planes, states, sessions), words=_read_words(about),
        observed=unpack_observed(arrays, about), set_apart=tuple(about["set_apart"]),
        refused=refused, runs={name: found[name] for name in RUNS},
    )  # fmt: skip


def pack_arrivals(arrivals: Arrivals) -> tuple[Arrays, About]:
    """Give the arrays of arrivals, without their students."""
    arrays, about = _pack_part(arrivals.runs, arrivals)
    arrays |= {f"closed.{k}": days for k, days in enumerate(arrivals.closed.values())}
    several = bool(arrivals.runs["days"].columns["sessions"].any())
    return arrays, about | {"closed": list(arrivals.closed), "sessions": several}


def unpack_arrivals(students: pa.Table, arrays: Arrays, about: About) -> Arrivals:
    """Read arrivals from their arrays."""
    runs = {
        name: _with_all_columns(name, unpack_runs(_arrays_under(name, arrays), held))
        for name, held in about["runs"].items()
    }
    for name in RUNS.keys() - runs.keys():  # a table that there was not when the day was written
        runs[name] = no_runs(name, len(runs["late"].offsets) - 1)
    runs.setdefault(REFUSED, refused_runs(None, len(runs["late"].offsets) - 1))
    return Arrivals(
        students=students, calendar=unpack_calendar(arrays, about), runs=runs,
        words=_read_words(about), observed=unpack_observed(arrays, about),
        set_apart=tuple(about["set_apart"]), closed=unpack_closed(arrays, about),
    )  # fmt: skip


def unpack_closed(arrays: Mapping[str, Any], about: About) -> dict[str, Any]:
    """Read the closed days of each school from their arrays."""
    return {school: np.array(arrays[f"closed.{k}"]) for k, school in enumerate(about["closed"])}


def unpack_calendar(arrays: Mapping[str, Any], about: About) -> SchoolCalendar:
    """Read a calendar from its arrays."""
    cuts = np.cumsum(arrays["calendar.counts"])[:-1]
    days, known = (np.split(arrays[f"calendar.{name}"], cuts) for name in ("days", "known"))
    return SchoolCalendar(about["schools"], days, known=known, year_start=tuple(about["year_start"]))


def _pack_part(runs: Mapping[str, Runs], part: Histories | Arrivals) -> tuple[Arrays, About]:
    calendar = part.calendar
    there = np.arange(calendar.days.shape[1]) < calendar.lengths[:, None]
    arrays: Arrays = {
        "calendar.counts": calendar.lengths, "calendar.days": calendar.days[there],
        "calendar.known": calendar.known[there],
        "observed.attended": part.observed.attended, "observed.dated": part.observed.dated,
        **{f"observed.{run}": first for run, first in part.observed.kept.items()},
    }  # fmt: skip
    if part.observed.presumed.any():
        arrays["observed.presumed"] = part.observed.presumed.view(np.uint8)
    if (part.observed.complete >= 0).any():
        arrays["observed.complete"] = part.observed.complete
    said = {"presumed_classes": part.observed.of_class} if part.observed.of_class else {}
    runs = {name: held for name, held in runs.items() if name != REFUSED or held.offsets[-1]}
    packed = in_threads(lambda name: pack_runs(runs[name], ("day",) if name in RUNS else ()), runs)
    about: About = {
        "schools": calendar.schools, "year_start": calendar.year_start, "words": part.words,
        "set_apart": part.set_apart, "runs": {}, **said,
    }  # fmt: skip
    for name, (found, told) in zip(runs, packed, strict=True):
        arrays |= {f"{name}.{part}": array for part, array in found.items()}
        about["runs"][name] = told
    return arrays, about


def _arrays_under(name: str, arrays: Arrays) -> Arrays:
    start = f"{name}."
    return {key.removeprefix(start): array for key, array in arrays.items() if key.startswith(start)}


def _with_days(runs: Runs, calendar: SchoolCalendar, row: np.ndarray[Any, Any], order: Sequence[str]) -> Runs:
    """Count the school days before each row."""
    columns = runs.columns | {"day": calendar.index(row[runs.pupil], runs.columns["date"])}
    return Runs(runs.offsets, {name: columns[name] for name in order}, runs.key)


def _with_all_columns(name: str, runs: Runs) -> Runs:
    """Put zeros where a former store lacks a column: it says nothing of it."""
    if name not in RUNS:
        return runs
    n, kept = int(runs.offsets[-1]), no_runs(name, 0).columns
    new = {column: np.zeros(n, kept[column].dtype) for column in kept.keys() - runs.columns.keys() - {"day"}}
    return Runs(runs.offsets, runs.columns | new, runs.key) if new else runs


def _read_words(about: About) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in about["words"].items()}


def unpack_observed(arrays: Mapping[str, Any], about: About) -> Observed:
    """Read what is known of each school; a former store knows of no incidents and of no convention."""
    attended, dated = (np.array(arrays[f"observed.{name}"]) for name in ("attended", "dated"))
    nothing = Observed.until(-1, len(attended))
    kept = {run: np.array(arrays.get(f"observed.{run}", none)) for run, none in nothing.kept.items()}
    presumed = np.array(arrays.get("observed.presumed", np.zeros(len(attended), np.uint8))).view(np.bool_)
    complete = np.array(arrays.get("observed.complete", nothing.complete))
    of_class = tuple((school, key, bool(said)) for school, key, said in about.get("presumed_classes", ()))
    return Observed(attended, dated, kept, presumed, complete, of_class)
