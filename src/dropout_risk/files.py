"""Files that are there complete or not at all, and readable by their owner only: they name pupils."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dropout_risk.errors import DropoutRiskError, OutputError

UNFINISHED = ".part-"
"""How the name of a file begins that is still being written."""


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
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
    path: str | Path,
    content: str | bytes | Callable[[Path], Any],
    *,
    encoding: str = "utf-8",
    only_changed: bool = False,
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
    only_changed : bool, default=False
        Whether a file that holds the same already stays as it is, with its time.

    Raises
    ------
    OutputError
        If the disk refuses to take it; what was there stays.
    """
    path = Path(path)
    content = content.encode(encoding) if isinstance(content, str) else content
    if only_changed and isinstance(content, bytes) and holds_already(path, content):
        return path
    with output_errors(path), replacing_file(path) as beside:
        if callable(content):
            content(beside)
        else:
            beside.write_bytes(content)
    return path


def write_all(folder: Path, files: Iterable[tuple[str, str]]) -> list[str]:
    """Write files to a folder, all of them made before one takes its place; give their names.

    They take their places in the order given. One that says the same as before stays as it is, with its time,
    so that what copies the folder copies only what changed. Other files stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as unfinished:
        made = [write_whole(Path(unfinished, name), content) for name, content in files]
        for beside in made:
            if not holds_already(folder / beside.name, beside.read_bytes()):
                os.replace(beside, folder / beside.name)
    return [beside.name for beside in made]


def holds_already(path: Path, content: bytes) -> bool:
    """Say whether a file is there, holds just these bytes, and may be read by its owner alone."""
    try:
        about = path.lstat()
        private = stat.S_ISREG(about.st_mode) and not stat.S_IMODE(about.st_mode) & _OTHERS
        return private and about.st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def replacing_file(path: Path, beside: Path | None = None, *, durable: bool = False) -> Iterator[Path]:
    """Give a file to write to, and rename it into the place of ``path`` once it is whole.

    Parameters
    ----------
    path : path
        Of the file; what was there stays if anything goes wrong.
    beside : path, optional
        What is written to; by default a new file of the same folder that its owner alone may read.
    durable : bool, default=False
        Whether the disk must have it before it goes on.
    """
    if beside is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
        os.close(handle)
        beside = Path(name)
    try:
        yield beside
        if durable:
            sync_to_disk(beside)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if durable:
        sync_to_disk(path.parent)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in the place of ``folder`` once it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        fresh, former = Path(beside, "fresh"), Path(beside, "former")
        fresh.mkdir()
        yield fresh
        if folder.exists():
            os.replace(folder, former)
        try:
            os.replace(fresh, folder)
        except OSError:
            if former.exists():
                os.replace(former, folder)
            raise


def sync_to_disk(path: Path) -> None:
    """Wait until the disk has a file or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # some file systems cannot sync a folder
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(handle)
