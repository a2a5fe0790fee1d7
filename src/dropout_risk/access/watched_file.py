"""A file that is read again when it changes: keys, people, whoever comes and goes while the service runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from dropout_risk.errors import DropoutRiskError, SettingsError

Read = TypeVar("Read")
_State = tuple[int, int, int]


@dataclass(eq=False)
class WatchedFile(Generic[Read]):
    """What a file says now.

    Parameters
    ----------
    path : Path
    read : callable
        Reads it, or raises an error of this library. A file that cannot be read any more says nothing: what
        it said before does not hold on, since a key may have been taken out of it.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "word")
    >>> watched = WatchedFile(file, lambda path: path.read_text())
    >>> _ = file.write_text("one")
    >>> watched.content()
    'one'
    >>> _ = file.write_text("three")
    >>> watched.content()
    'three'
    """

    path: Path
    read: Callable[[Path], Read]
    _held: tuple[_State, Read | DropoutRiskError] | None = None
    _lock: Lock = field(default_factory=Lock)

    def content(self) -> Read:
        """Give what it says; SettingsError if it is gone, or what ``read`` says is wrong with it."""
        state = self._state()
        with self._lock:
            if self._held is None or self._held[0] != state:
                self._held = (state, self._read_now())
            found = self._held[1]
        if isinstance(found, DropoutRiskError):
            raise found
        return found

    def _read_now(self) -> Read | DropoutRiskError:
        try:
            return self.read(self.path)
        except DropoutRiskError as error:
            return error

    def _state(self) -> _State:
        try:
            told = self.path.stat()
        except OSError as error:
            raise SettingsError(
                f"{self.path} cannot be read: {error.strerror}.", hint="put it back, or name another"
            ) from error
        return told.st_mtime_ns, told.st_size, told.st_ino
