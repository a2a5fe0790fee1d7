"""Files that are there complete or not at all, and readable by their owner only: they name pupils."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNFINISHED = ".part-"
"""How the name of a file begins that is still being written."""


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
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    os.close(handle)
    temporary = Path(name)
    try:
        if callable(content):
            content(temporary)
        else:
            temporary.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path
