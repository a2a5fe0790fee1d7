"""Histories on disk: Parquet files, replaced as a whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dropout_risk.errors import BundleError, NewerFormatError
from dropout_risk.histories.attendance_bits import PLANES, AttendanceBits, LateStates
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.observed import Observed
from dropout_risk.histories.runs import Runs
from dropout_risk.records.calendar import SchoolCalendar

FORMAT = 1
_RUNS = ("totals", "grades", "wellbeing", "family", "outcomes")
_CURRENT = "current.json"
_PREFIX = "v-"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)
_WRITE_AGAIN = "write them with Histories.save"


def save(histories: Histories, folder: str | Path) -> Path:
    """Write histories to a folder.

    The files go to a new folder inside; only when all are written does ``current.json`` point to it, in
    one step. Stopped at any moment, the store is the old one or the new one. The version before stays
    until the next time, for those who are reading it; nothing else in the folder is touched.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    former = _former(folder)
    version = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    try:
        _write(histories, version)
        pointer = folder / (_CURRENT + ".new")
        current = {"format": FORMAT, "version": version.name, "previous": former.get("version")}
        pointer.write_text(json.dumps(current), encoding="utf-8")
        os.replace(pointer, folder / _CURRENT)
    except BaseException:
        shutil.rmtree(version, ignore_errors=True)
        raise
    _remove(folder, former.get("previous"))
    return folder


def _former(folder: Path) -> dict[str, Any]:
    try:
        former = json.loads((folder / _CURRENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return former if isinstance(former, dict) else {}


def _remove(folder: Path, version: Any) -> None:
    """Remove a version that this store wrote; a name that it cannot have given is left alone."""
    if isinstance(version, str) and version.startswith(_PREFIX) and Path(version).name == version:
        shutil.rmtree(folder / version, ignore_errors=True)


def load(folder: str | Path) -> Histories:
    """Read histories from a folder; if they are replaced meanwhile, the new ones.

    Raises
    ------
    BundleError
        If the folder holds no complete store.
    NewerFormatError
        If a newer version of the library wrote it.
    """
    folder = Path(folder)
    files = _version(folder)
    try:
        return _read(folder / files)
    except _UNREADABLE as error:
        moved = _version(folder)
        if moved == files:
            raise _incomplete(folder) from error
    try:
        return _read(folder / moved)
    except _UNREADABLE as error:
        raise _incomplete(folder) from error


def _version(folder: Path) -> str:
    """Give the name of the version that the pointer names."""
    try:
        current = json.loads((folder / _CURRENT).read_text(encoding="utf-8"))
        version, files = int(current["format"]), str(current.get("version"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{folder} holds no histories.", hint=_WRITE_AGAIN) from error
    if version > FORMAT:
        raise NewerFormatError(
            f"The histories in {folder} have format {version}; this library reads up to {FORMAT}.",
            hint="upgrade dropout-risk",
        )
    return files


def _incomplete(folder: Path) -> BundleError:
    return BundleError(f"The histories in {folder} are not complete.", hint=_WRITE_AGAIN)


def _write(histories: Histories, folder: Path) -> None:
    calendar = histories.calendar
    rows, columns = np.nonzero(np.arange(calendar.days.shape[1]) < calendar.lengths[:, None])
    planes = histories.attendance.planes
    late, sessions = histories.attendance.late, histories.attendance.sessions
    tables: dict[str, dict[str, Any]] = {
        "calendar": {
            "school": rows.astype(np.int32),
            "day": calendar.days[rows, columns],
            "known": calendar.known[rows, columns],
        },
        "attendance": {name: _packed(plane) for name, plane in planes.items()}
        | (
            {"sessions": _packed(np.concatenate(np.moveaxis(sessions, 1, 0), axis=1))}
            if sessions.shape[1]
            else {}
        )
        | {"calendar": histories.calendar_row},
        "late": {name: getattr(late, name) for name in LateStates.__dataclass_fields__},
    }
    for name in _RUNS:
        runs = getattr(histories, name)
        tables[name] = {"pupil": runs.pupil} | runs.columns
    pq.write_table(histories.students, folder / "students.parquet", compression="zstd")
    for name, table in tables.items():
        pq.write_table(pa.table(table), folder / f"{name}.parquet", compression="zstd")
    about = {
        "schools": calendar.schools, "year_start": calendar.year_start, "words": histories.words,
        "observed": {name: of.tolist() for name, of in vars(histories.observed).items()},
        "set_apart": histories.set_apart,
        "keys": {name: getattr(histories, name).key for name in _RUNS},
    }  # fmt: skip
    (folder / "about.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def _read(folder: Path) -> Histories:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    students = pq.read_table(folder / "students.parquet").combine_chunks()
    calendar = _arrays(folder / "calendar.parquet")
    rows = [calendar["school"] == row for row in range(len(about["schools"]))]
    days, since = ([calendar[name][of] for of in rows] for name in ("day", "known"))
    attendance = pq.read_table(folder / "attendance.parquet")
    planes = {name: _unpacked(attendance[name]) for name in PLANES}
    width = planes["recorded"].shape[1]
    sessions = np.zeros((students.num_rows, 0, width), np.uint8)
    if "sessions" in attendance.column_names:
        sessions = _unpacked(attendance["sessions"])
        sessions = sessions.reshape(len(sessions), sessions.shape[1] // width, width)
    late = LateStates(**_arrays(folder / "late.parquet"))
    runs = {}
    for name in _RUNS:
        columns = _arrays(folder / f"{name}.parquet")
        pupil = columns.pop("pupil")
        runs[name] = Runs.from_rows(pupil, columns, tuple(about["keys"][name]), n_pupils=students.num_rows)
    return Histories(
        students=students,
        calendar=SchoolCalendar(about["schools"], days, known=since, year_start=tuple(about["year_start"])),
        calendar_row=attendance["calendar"].to_numpy(),
        attendance=AttendanceBits(planes, late, sessions),
        words={name: tuple(words) for name, words in about["words"].items()},
        set_apart=tuple(about["set_apart"]),
        observed=Observed(**{name: np.array(of, dtype=np.int32) for name, of in about["observed"].items()}),
        **runs,
    )


def _packed(plane: np.ndarray[Any, Any]) -> pa.Array:
    kind = pa.binary(plane.shape[1])
    return pa.FixedSizeBinaryArray.from_buffers(
        kind, len(plane), [None, pa.py_buffer(np.ascontiguousarray(plane))]
    )


def _unpacked(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    width = column.type.byte_width
    return np.frombuffer(b"".join(column.to_pylist()), dtype=np.uint8).reshape(-1, width)


def _arrays(path: Path) -> dict[str, Any]:
    table = pq.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}
