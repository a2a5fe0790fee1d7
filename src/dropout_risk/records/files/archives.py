"""Files that hold tables: as they lie in a folder, or inside a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from dropout_risk.errors import RecordsError

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_LOCKED = 0x1
_NAMED_IN_UTF8 = 0x800


class TableFile:
    """A file of a folder: its ``name`` there, and the ``base`` of it that speaks of a table."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.base = PurePosixPath(name).name

    @property
    def size(self) -> int:
        """Give its size in bytes."""
        return self.path.stat().st_size

    def open(self) -> Any:
        """Open it for reading bytes."""
        return self.path.open("rb")

    def unpacked(self, raw: Any = None) -> Any:
        """Read it, opened or not, as Arrow's stream; decompressed where its name says that it is packed."""
        compression = COMPRESSIONS.get(PurePosixPath(self.base).suffix.lower())
        return pa.input_stream(self._unopened() if raw is None else raw, compression=compression)

    def _unopened(self) -> Any:
        return str(self.path)

    def read(self) -> bytes:
        """Read it as a whole.

        Raises
        ------
        RecordsError
            If it cannot be read.
        """
        try:
            with self.unpacked() as stream:
                return bytes(stream.read())
        except (OSError, EOFError, zipfile.BadZipFile):
            raise RecordsError(f"File {self.name!r} cannot be read.", hint="is it complete?") from None

    def begins(self, n: int = 8) -> bytes:
        """Give its first bytes; none where it cannot be opened."""
        try:
            with self.open() as raw:
                return bytes(raw.read(n))
        except (OSError, EOFError, zipfile.BadZipFile):
            return b""


class ZippedFile(TableFile):
    """A file inside a zip, which lies in a folder or again in a zip."""

    def __init__(self, archive: TableFile, member: zipfile.ZipInfo, inside: str) -> None:
        self.archive, self.member = archive, member
        self.name, self.base = f"{archive.name} [{inside}]", PurePosixPath(inside).name
        self.path = archive.path

    @property
    def size(self) -> int:
        """Give its size in bytes, unpacked."""
        return self.member.file_size

    def open(self) -> Any:
        """Open it for reading bytes."""
        source = io.BytesIO(self.archive.read()) if isinstance(self.archive, ZippedFile) else self.path
        return zipfile.ZipFile(source).open(self.member)

    def _unopened(self) -> Any:
        return self.open()


def zipped_files(archive: TableFile) -> Iterator[tuple[str, ZippedFile]]:
    """Give the files inside a zip, by their names there.

    Raises
    ------
    RecordsError
        If it is no zip, is cut off, or is locked with a password.
    """
    try:
        source = io.BytesIO(archive.read()) if isinstance(archive, ZippedFile) else archive.path
        with zipfile.ZipFile(source) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
    except (OSError, zipfile.BadZipFile):
        raise RecordsError(
            f"File {archive.name!r} is no zip, or is cut off.", hint="copy it again from where it was made"
        ) from None
    if any(member.flag_bits & _LOCKED for member in members):
        raise RecordsError(
            f"File {archive.name!r} is locked with a password.", hint="unpack it beside the others"
        )
    for name, member in sorted(((_name_of(member), member) for member in members), key=itemgetter(0)):
        yield name, ZippedFile(archive, member, name)


def _name_of(member: zipfile.ZipInfo) -> str:
    """Read a member's name, which Windows writes in the county's own encoding without saying so."""
    name = member.filename
    if member.flag_bits & _NAMED_IN_UTF8 or name.isascii():
        return name
    raw = name.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
