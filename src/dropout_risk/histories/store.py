"""Histories on disk: a base and the days appended to it, named by one pointer that is replaced in one step.

``current.json`` names the parts and vouches for every byte of them. A writer holds the lock, writes a new
part, and only when the disk has it puts the new pointer in the place of the old one: stopped at any moment,
the store is the old one or the new one. Readers take no lock. See docs/decisions/0008.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from dropout_risk.errors import BundleError, DropoutRiskError, NewerFormatError, StoreBusyError, StoreError
from dropout_risk.files import replacing_file
from dropout_risk.histories.append import fold_arrivals, union_of_students
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store_format import (
    Arrays,
    pack_histories,
    read_part,
    unpack_arrivals,
    unpack_histories,
    write_part,
)

# --- One writer at a time: the lock of a folder, with the name of what its holder is writing ---

LOCK = "lock"
WAIT_SECONDS = 10.0
_PAUSE = 0.02
_LONGEST = 1 << 20


class Lock:
    """A held lock; the system lets go of it when its process ends, however it ends."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @property
    def unfinished(self) -> list[str]:
        """What the last holder was writing or removing when it stopped; empty if it finished."""
        return os.pread(self._handle, _LONGEST, 0).decode(errors="replace").split()

    def note(self, *names: str) -> None:
        """Leave the names of what is written or removed, for the next holder should this one be stopped."""
        text = f"{' '.join(names)} \n".encode()
        os.pwrite(self._handle, text, 0)
        os.ftruncate(self._handle, len(text))


@contextmanager
def hold_lock(folder: Path, wait: float | None = None, name: str = LOCK) -> Iterator[Lock]:
    """Hold the lock of a folder, which must be there; the file that is locked stays.

    Another process that writes to it is waited for, by default ten seconds; then it is a StoreBusyError.
    """
    handle = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take_lock(handle, folder, WAIT_SECONDS if wait is None else wait)
        yield Lock(handle)
    finally:
        os.close(handle)


def _take_lock(handle: int, folder: Path, wait: float) -> None:
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise StoreBusyError(
                    f"Another process is writing to {folder}, and was so after {wait:g} s.",
                    hint="nothing was changed; try again when it has finished",
                ) from None
            time.sleep(_PAUSE)
        else:
            return


FORMAT = 2
_CURRENT = "current.json"
_UNFINISHED = f"{_CURRENT}.new"
_BASE, _DAY = "v-", "s-"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)
_WRITE_AGAIN = "write them with Histories.save"
_BUILD_AGAIN = "build the store again from all records, or put the file back from a copy"
State = dict[str, Any]
Content = tuple[pa.Table, Arrays, dict[str, Any]]
Result = TypeVar("Result")


def save_histories(histories: Histories, folder: str | Path) -> Path:
    """Write histories to a folder, in the place of what the store held.

    The version before stays until the next time, for those who are reading it; nothing else in the folder
    is touched.

    Raises
    ------
    StoreError
        If it cannot be written, or another process is writing to it; the store is the old one.
    NewerFormatError
        If the folder holds a store of a newer version of the library; nothing is touched.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with change_store(folder) as lock:
        _replace_base(folder, lock, histories, arrived=[])
    return folder


def holds_store(folder: str | Path) -> bool:
    """Tell whether a folder holds a store, whole or not, of whatever format."""
    return (Path(folder) / _CURRENT).exists()


def fold_days(folder: str | Path) -> None:
    """Write a store anew as one base, with all days that were appended to it."""
    folder = Path(folder)
    state = read_state(folder)
    with change_store(folder) as lock:
        state = read_state(folder)
        _replace_base(folder, lock, _load_state(folder, state), arrived=state["arrived"])


def load_histories(folder: str | Path) -> Histories:
    """Read histories from a folder; if they are replaced meanwhile, the new ones.

    Raises
    ------
    BundleError
        If the folder holds no complete store; a damaged file is named.
    NewerFormatError
        If a newer version of the library wrote it.
    """
    folder = Path(folder)
    return _load_state(folder, read_state(folder))


def _load_state(folder: Path, state: State) -> Histories:
    try:
        return _read_histories(folder, state)
    except _UNREADABLE as error:
        moved = read_state(folder)
        if moved == state:
            raise _incomplete_error(folder, error) from error
    return read_parts(folder, lambda: _read_histories(folder, moved))


def read_parts(folder: Path, read: Callable[[], Result]) -> Result:
    """Read something of a store; what cannot be read is named in the error."""
    try:
        return read()
    except NewerFormatError:
        raise
    except _UNREADABLE as error:
        raise _incomplete_error(folder, error) from error


def read_state(folder: Path) -> State:
    """Read the pointer: the parts of the store, in order.

    BundleError or NewerFormatError if there is no store, or one of another format.
    """
    try:
        state = json.loads((folder / _CURRENT).read_text(encoding="utf-8"))
        version = int(state["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{folder} holds no histories.", hint=_WRITE_AGAIN) from error
    _refuse_newer(folder, state)
    if version < FORMAT or not isinstance(state.get("parts"), list) or "arrived" not in state:
        raise BundleError(
            f"The histories in {folder} have format {version}, which this library no longer reads.",
            hint="build the store again from the records: dropout-risk store build --replace",
        )
    return dict(state)


def _refuse_newer(folder: Path, state: State) -> None:
    version = state.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise NewerFormatError(
            f"The histories in {folder} have format {version}; this library reads up to {FORMAT}.",
            hint="upgrade dropout-risk, or give another folder",
        )


def _read_histories(folder: Path, state: State) -> Histories:
    base, *days = state["parts"]
    histories = unpack_histories(*read_part(folder / base["name"], base["files"]))
    if not days:
        return histories
    arrivals = [unpack_arrivals(*read_part(folder / day["name"], day["files"])) for day in days]
    students, maps = histories.students, []
    for part in arrivals:
        students, old_rows, _ = union_of_students(students, part.students)
        maps.append(old_rows)
    rows = None
    for index in range(len(days) - 1, -1, -1):  # the pupils of a day are numbered as that day left them
        if rows is not None:
            arrivals[index] = arrivals[index].moved(rows, students.num_rows)
        rows = maps[index] if rows is None else rows[maps[index]]
    assert rows is not None  # noqa: S101
    return fold_arrivals(histories, arrivals, students, rows)


@contextmanager
def change_store(folder: Path, wait: float | None = None) -> Iterator[Lock]:
    """Hold the lock of a store and clear away what a stopped writer left.

    StoreBusyError if another process keeps writing to it, StoreError if the disk refuses to take what is
    written, NewerFormatError if a newer version of the library wrote the store.
    """
    try:
        with hold_lock(folder, wait) as lock:
            _refuse_newer(folder, _former_state(folder))
            _clear_unfinished(folder, *lock.unfinished)
            yield lock
    except DropoutRiskError:
        raise
    except OSError as error:
        raise StoreError(
            f"The store {folder} could not be written: {error.strerror or error}.",
            hint="the store is as it was before; make room or give it another folder, and try again",
        ) from error


def add_part(folder: Path, lock: Lock, state: State, content: Content, leaving: Sequence[Any] = ()) -> None:
    """Write a part and then the pointer that names it last; all of it or nothing. Remove what leaves."""
    name = (_DAY if state["parts"] else _BASE) + secrets.token_hex(4)
    lock.note(name, *map(str, leaving))
    try:
        (folder / name).mkdir()
        sums = write_part(folder / name, *content)
        parts = [*state["parts"], {"name": name, "files": sums}]
        _write_pointer(folder, state | {"format": FORMAT, "parts": parts})
        for former in leaving:
            _remove_part(folder, former)
        lock.note()
    except BaseException:
        _clear_unfinished(folder, name)
        raise


def _replace_base(folder: Path, lock: Lock, histories: Histories, arrived: list[str]) -> None:
    former = _former_state(folder)
    state = {"parts": [], "arrived": arrived, "previous": _part_names(former)}
    content = (histories.students, *pack_histories(histories))
    add_part(folder, lock, state, content, leaving=_previous_names(former))


def _write_pointer(folder: Path, state: State) -> None:
    pointer = folder / _CURRENT
    with replacing_file(pointer, folder / _UNFINISHED, durable=True) as beside:
        beside.write_text(json.dumps(state), encoding="utf-8")


def _former_state(folder: Path) -> State:
    try:
        former = json.loads((folder / _CURRENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return former if isinstance(former, dict) else {}


def _part_names(state: State) -> list[Any]:
    if isinstance(state.get("parts"), list):
        return [part.get("name") for part in state["parts"] if isinstance(part, dict)]
    return [state["version"]] if "version" in state else []


def _previous_names(state: State) -> list[Any]:
    before = state.get("previous")
    return before if isinstance(before, list) else []


def _clear_unfinished(folder: Path, *unfinished: str) -> None:
    """Remove what a writer was writing or removing when it was stopped, unless the pointer names it."""
    (folder / _UNFINISHED).unlink(missing_ok=True)
    former = _former_state(folder)
    told = bool(former) or not (folder / _CURRENT).exists()
    named = {*_part_names(former), *_previous_names(former)}
    for name in unfinished if told else ():
        if name not in named:
            _remove_part(folder, name)


def _remove_part(folder: Path, name: Any) -> None:
    """Remove a part that this store wrote; a name that it cannot have given is left alone."""
    if isinstance(name, str) and name.startswith((_BASE, _DAY)) and Path(name).name == name:
        shutil.rmtree(folder / name, ignore_errors=True)


def _incomplete_error(folder: Path, error: BaseException) -> BundleError:
    detail = f": {error.message}" if isinstance(error, DropoutRiskError) else ""
    return BundleError(f"The histories in {folder} are not complete{detail}.", hint=_BUILD_AGAIN)
