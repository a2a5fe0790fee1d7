"""One writer at a time: the lock of a folder, with the name of what its holder is writing."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dropout_risk.errors import StoreBusyError

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
def writing(folder: Path, wait: float | None = None, name: str = LOCK) -> Iterator[Lock]:
    """Hold the lock of a folder.

    Parameters
    ----------
    folder : path
        A store or a folder of scores, which must be there.
    wait : float, optional
        Seconds to wait for another process that writes to it, by default ten.
    name : str, default="lock"
        Of the file that is locked; it stays.

    Raises
    ------
    StoreBusyError
        If the other one takes longer.
    """
    handle = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(handle, folder, WAIT_SECONDS if wait is None else wait)
        yield Lock(handle)
    finally:
        os.close(handle)


def _take(handle: int, folder: Path, wait: float) -> None:
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
