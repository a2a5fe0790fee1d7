"""One part of a store on disk: its students as Parquet, all other arrays in one compressed Arrow file.

The pointer of the store keeps the length and the check sum of every file, so that a file that was cut off
or changed is named, and never read as if it were whole.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dropout_risk.errors import BundleError
from dropout_risk.kernels import in_threads

Arrays = dict[str, npt.NDArray[Any]]
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
        sync(path)

    in_threads(one, [ARRAYS, STUDENTS])
    sync(folder)
    return {name: _sum(name, folder) for name in (STUDENTS, ARRAYS)}


def read_part(folder: Path, sums: Sums) -> tuple[pa.Table, Arrays, dict[str, Any]]:
    """Read a part whose files have these lengths and check sums.

    Raises
    ------
    DamagedPartError
        Naming the file that is missing, cut off or changed.
    """
    arrays, about = read_arrays(folder, sums)
    return read_students(folder, sums), arrays, about


def read_students(folder: Path, sums: Sums) -> pa.Table:
    """Read the students of a part."""
    return pq.read_table(pa.BufferReader(_bytes(folder, STUDENTS, sums))).combine_chunks()


def read_arrays(folder: Path, sums: Sums, names: tuple[str, ...] = ()) -> tuple[Arrays, dict[str, Any]]:
    """Read the arrays of a part, all or those whose names begin so, and what must be known to read them."""
    content = pa.py_buffer(_bytes(folder, ARRAYS, sums))
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


def _sum(name: str, folder: Path) -> list[int]:
    content = (folder / name).read_bytes()
    return [len(content), zlib.crc32(content)]


def _bytes(folder: Path, name: str, sums: Sums) -> bytes:
    where = f"{folder.name}/{name}"
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError:
        raise DamagedPartError(f"{where} is missing") from None
    if [len(content), zlib.crc32(content)] != sums[name]:
        raise DamagedPartError(f"{where} is damaged")
    return content


def sync(path: Path) -> None:
    """Wait until the disk has a file or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some file systems cannot sync a folder
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(handle)
