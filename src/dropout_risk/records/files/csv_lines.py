"""The lines of a CSV file: a quote left open cannot swallow the lines after it, a quoted line break can."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

_QUOTE, _LINE_FEED, _RETURN = b'"\n\r'
_LONGEST_BYTES, _MOST_BREAKS = 1 << 16, 100


class Lines(NamedTuple):
    """A block of whole lines; whether any quoted value in it goes over a line break."""

    text: bytes
    breaks_inside: bool


class ClosedLines:
    r"""Blocks of lines of UTF-8 text, in which every line with an open quote is one with a field too many.

    A quoted value may go over several lines (RFC 4180): the lines up to its closing quote are one record
    where they make exactly ``n_fields`` fields, and none of them after the first does so by itself. Any other
    quote that its own line does not close is a slip of the pen, and a reader of CSV would take every line up
    to the next quote for one value. Such a line is given as delimiters only, one more than fit the header, so
    that the reader notes it as broken.

    >>> import io
    >>> text = io.BytesIO(b'id,sex\n1,"F\n2,"M"\n3,"F\nM"\n')
    >>> b"".join(lines.text for lines in ClosedLines(text, ",", 2))
    b'id,sex\n,,\n2,"M"\n3,"F\nM"\n'
    """

    def __init__(self, stream: Any, delimiter: str, n_fields: int, block_bytes: int = 1 << 24) -> None:
        self._stream, self._block_bytes = stream, block_bytes
        self._delimiter, self._n_fields = delimiter.encode(), n_fields
        self._open_line = _open_line_pattern(self._delimiter)
        self._record = _record_pattern(self._delimiter, n_fields)
        self._beside = np.zeros(256, np.bool_)
        self._beside[[_QUOTE, _LINE_FEED, _RETURN, ord(delimiter)]] = True
        self._broken_line = self._delimiter * n_fields

    def __iter__(self) -> Iterator[Lines]:
        """Give the blocks."""
        rest = b""
        while block := self._stream.read(self._block_bytes):
            end = max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
            if end:
                lines, left = self._closed(rest + block[:end], final=False)
                if lines.text:
                    yield lines
                rest = left + block[end:]
            else:
                rest += block
        if rest:
            yield self._closed(rest, final=True)[0]

    def _closed(self, lines: bytes, *, final: bool) -> tuple[Lines, bytes]:
        """Close the lines; give what of them can only be told with the next block."""
        if b'"' not in lines or self._plainly_closed(lines):
            return Lines(lines, False), b""
        done, position, breaks_inside = [], 0, False
        while (found := self._open_line.search(lines, position)) is not None:
            start = found.start()
            done.append(lines[position:start])
            record = self._record.match(lines, start)
            if record is not None and self._is_one_record(record[0]):
                done.append(record[0])
                position, breaks_inside = record.end(), True
            elif not final and len(lines) - start < _LONGEST_BYTES:
                return Lines(b"".join(done), breaks_inside), lines[start:]
            else:
                done.append(self._broken_line)
                position = found.end()
        return Lines(b"".join([*done, lines[position:]]), breaks_inside), b""

    def _is_one_record(self, record: bytes) -> bool:
        """Tell whether none of the lines after the first may be a record of its own."""
        if len(record) > _LONGEST_BYTES:
            return False
        _, *others = re.split(rb"\r\n|\r|\n", record)
        fields = self._n_fields - 1
        return len(others) <= _MOST_BREAKS and all(line.count(self._delimiter) != fields for line in others)

    def _plainly_closed(self, lines: bytes) -> bool:
        """Tell in one sweep that quotes come in pairs around whole values of one line, as they mostly do."""
        marks = np.frombuffer(b"\n" + lines + b"\n", np.uint8)
        quotes = np.flatnonzero(marks == _QUOTE)
        breaks = np.flatnonzero((marks == _LINE_FEED) | (marks == _RETURN))
        if (np.searchsorted(quotes, breaks) % 2).any():
            return False
        outside = np.concatenate([marks[quotes[::2] - 1], marks[quotes[1::2] + 1]])
        return bool(self._beside[outside].all())


def _open_line_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """Match a line whose last field opens a quote and never closes it; quotes inside a field are text."""
    other = b"[^" + re.escape(delimiter) + rb"\r\n]"
    quoted = rb'"(?:[^"\r\n]++|"")*+'
    field = b'(?:(?!")' + other + b"++|" + quoted + b'"' + other + b"*+)?+"
    fields = b"(?:" + field + re.escape(delimiter) + b")*+"
    return re.compile(rb"(?<![^\r\n])" + fields + quoted + rb"(?![^\r\n])")


def _record_pattern(delimiter: bytes, n_fields: int) -> re.Pattern[bytes]:
    """Match a record of so many fields whose quoted values may hold line breaks, and no others a quote."""
    field = rb'(?:"(?:[^"]++|"")*+"|[^"' + re.escape(delimiter) + rb"\r\n]++)?+"
    more = b"(?:" + field + re.escape(delimiter) + b"){%d}" % (n_fields - 1)
    return re.compile(more + field + rb"(?![^\r\n])")
