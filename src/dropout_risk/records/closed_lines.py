"""The lines of a CSV file, each a row of its own: a quote left open cannot swallow the lines after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'


class ClosedLines:
    r"""Blocks of lines of UTF-8 text, in which every line with an open quote is one with a field too many.

    No value of the data contract holds a line break. A quote that its own line does not close is a slip of
    the pen, and a reader of CSV would take every line up to the next quote for one value. Such a line is
    given as delimiters only, one more than fit the header, so that the reader notes it as broken.

    Parameters
    ----------
    stream : binary stream
        What the file holds, in UTF-8.
    delimiter : str
        One character.
    n_fields : int
        Fields of the header.
    block_bytes : int
        How much is read at once.

    Examples
    --------
    >>> import io
    >>> text = io.BytesIO(b'id,sex\n1,"F\n2,"M"\n')
    >>> list(ClosedLines(text, ",", 2))
    [b'id,sex\n,,\n2,"M"\n']
    """

    def __init__(self, stream: Any, delimiter: str, n_fields: int, block_bytes: int = 1 << 24) -> None:
        self._stream, self._block_bytes = stream, block_bytes
        self._open_line = _open_line(delimiter.encode())
        self._beside = np.zeros(256, np.bool_)
        self._beside[[_QUOTE, _LINE_FEED, _RETURN, ord(delimiter)]] = True
        self._broken_line = delimiter.encode() * n_fields

    def __iter__(self) -> Iterator[bytes]:
        """Give the blocks."""
        rest = b""
        while block := self._stream.read(self._block_bytes):
            end = max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
            if end:
                yield self._closed(rest + block[:end])
                rest = block[end:]
            else:
                rest += block
        if rest:
            yield self._closed(rest)

    def _closed(self, lines: bytes) -> bytes:
        if b'"' not in lines or self._plainly_closed(lines):
            return lines
        return self._open_line.sub(self._broken_line, lines)

    def _plainly_closed(self, lines: bytes) -> bool:
        """Tell in one sweep that quotes come in pairs around whole values of one line, as they mostly do."""
        marks = np.frombuffer(b"\n" + lines + b"\n", np.uint8)
        quotes = np.flatnonzero(marks == _QUOTE)
        breaks = np.flatnonzero((marks == _LINE_FEED) | (marks == _RETURN))
        if (np.searchsorted(quotes, breaks) % 2).any():
            return False
        outside = np.concatenate([marks[quotes[::2] - 1], marks[quotes[1::2] + 1]])
        return bool(self._beside[outside].all())


def _open_line(delimiter: bytes) -> re.Pattern[bytes]:
    """Match a line whose last field opens a quote and never closes it; quotes inside a field are text."""
    other = b"[^" + re.escape(delimiter) + rb"\r\n]"
    quoted = rb'"(?:[^"\r\n]++|"")*+'
    field = b'(?:(?!")' + other + b"++|" + quoted + b'"' + other + b"*+)?+"
    fields = b"(?:" + field + re.escape(delimiter) + b")*+"
    return re.compile(rb"(?<![^\r\n])" + fields + quoted + rb"(?![^\r\n])")
