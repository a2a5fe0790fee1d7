"""Files that are there complete or not at all, and readable by their owner only: they name pupils."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dropout_risk.errors import DropoutRiskError, OutputError

UNFINISHED = ".part-"
"""How the name of a file begins that is still being written."""


@contextmanager
def output(path: Path) -> Iterator[None]:
    """Name what could not be written, and the way out.

    Raises
    ------
    OutputError
        If the disk refuses to take it.
    """
    try:
        yield
    except DropoutRiskError:
        raise
    except OSError as error:
        raise OutputError(
            f"{path} could not be written: {error.strerror or error}.",
            hint="make room, or choose another place, and run again; "
            "a folder of scores goes on where it stopped",
        ) from error


def write_whole(
    path: str | Path, content: str | bytes | Callable[[Path], Any], *, encoding: str = "utf-8"
) -> Path:
    """Write a file by renaming a finished one into its place; folders are made where missing.

    Parameters
    ----------
    path : path
        Of the file.
    content : str, bytes or callable
        What is in it, or what writes it to a path.
    encoding : str, default="utf-8"
        Of a str.

    Raises
    ------
    OutputError
        If the disk refuses to take it; what was there stays.
    """
    path = Path(path)
    with output(path):
        _write(path, content.encode(encoding) if isinstance(content, str) else content)
    return path


def _write(path: Path, content: bytes | Callable[[Path], Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    os.close(handle)
    temporary = Path(name)
    try:
        if callable(content):
            content(temporary)
        else:
            temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
