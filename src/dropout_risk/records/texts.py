"""One text to one value: how a date, a number or a closed word may be written.

Every function gives the value and the position in ``FAULTS`` of what is wrong with it. A text is read the
same way wherever it comes from: a file of a million rows, or a request with one pupil.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dropout_risk.records.tables import CLOSED_WORDS, Column

FAULTS = ("", "wrong_type", "unparsable_date", "unknown_word", "not_finite")
NO_DATE = NO_INTEGER = int(np.iinfo(np.int32).min)
NO_CODE = -1
EMPTY_WORDS = ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "<NA>")
_EPOCH = dt.date(1970, 1, 1).toordinal()
FIRST_DATE, LAST_DATE = (dt.date(*day).toordinal() - _EPOCH for day in ((1900, 1, 1), (2199, 12, 31)))

_WRONG_TYPE, _UNPARSABLE_DATE, _UNKNOWN_WORD, _NOT_FINITE = range(1, len(FAULTS))
_EMPTY = frozenset(EMPTY_WORDS)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII).fullmatch
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.ASCII | re.IGNORECASE).fullmatch
_TIME = r"(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_DATES = tuple(
    re.compile(r"(\d{4})" + pattern + _TIME, re.ASCII).fullmatch
    for pattern in (
        r"-(\d{1,2})-(\d{1,2})",
        r"/(\d{1,2})/(\d{1,2})",
        r"\.(\d{1,2})\.(\d{1,2})",
        r"年(\d{1,2})月(\d{1,2})日",
        r"(\d{2})(\d{2})",
    )
)
_ISO_LENGTH = 10
_LARGEST_WHOLE = 2**31 - 1

# ISO dates read so far, and nothing else: closed and few, so that no input makes it grow
KNOWN_DAYS: dict[str | None, int] = {None: NO_DATE}
_MOST_KNOWN_DAYS = 1 << 14

Words = Mapping[str, Any]
Read = tuple[Any, int]


def trimmed(text: str | None) -> str | None:
    """Take the blanks around a text away; None where nothing is left, or a word for nothing.

    >>> trimmed(" 3 "), trimmed("N/A")
    ('3', None)
    """
    if text is None:
        return None
    text = text.strip()
    return None if text in _EMPTY else text


def day_in(text: str | None) -> int:
    """Read a date as days since 1970-01-01; the smallest int32 where it is none.

    >>> day_in("1970-01-08"), day_in("1970年1月8日"), day_in("1970-02-30")
    (7, 7, -2147483648)
    """
    if text is None:
        return NO_DATE
    try:
        if len(text) == _ISO_LENGTH and text[4] == text[7] == "-":
            day = dt.date.fromisoformat(text).toordinal() - _EPOCH
            if FIRST_DATE <= day <= LAST_DATE and len(KNOWN_DAYS) < _MOST_KNOWN_DAYS:
                KNOWN_DAYS[text] = day
            return day
        for pattern in _DATES:
            found = pattern(text)
            if found is not None:
                return dt.date(*map(int, found.groups())).toordinal() - _EPOCH
    except ValueError:
        pass
    return NO_DATE


def _date(column: Column, _: Words, text: str | None) -> Read:
    day = day_in(text)
    if text is None or FIRST_DATE <= day <= LAST_DATE:
        return day, 0
    if day > LAST_DATE and not column.future:
        return day, 0
    return NO_DATE, 0 if day > LAST_DATE and column.nullable else _UNPARSABLE_DATE


def _number(_: Column, __: Words, text: str | None) -> Read:
    if text is None:
        return math.nan, 0
    if _NUMBER(text) is None:
        return math.nan, _NOT_FINITE if _INFINITE(text) else _WRONG_TYPE
    number = float(text)
    return (math.nan, _NOT_FINITE) if math.isinf(number) else (number, 0)


def _integer(column: Column, words: Words, text: str | None) -> Read:
    number, fault = _number(column, words, None if text is None else str(words.get(text.lower(), text)))
    if math.isnan(number):
        return NO_INTEGER, fault
    whole = abs(number) < _LARGEST_WHOLE and number == math.floor(number)
    return (int(number), fault) if whole else (NO_INTEGER, _WRONG_TYPE)


def _yes_no(_: Column, words: Words, text: str | None) -> Read:
    if text is None:
        return NO_CODE, 0
    code = int(words.get(text.lower(), NO_CODE))
    return code, _UNKNOWN_WORD if code == NO_CODE else 0


def _closed(column: Column, words: Words, text: str | None) -> Read:
    meaning = None if text is None else words.get(text.lower())
    if meaning is None:
        return NO_CODE, 0 if text is None else _UNKNOWN_WORD
    return CLOSED_WORDS[column.kind].index(str(meaning)), 0


READ: dict[str, Callable[[Column, Words, str | None], Read]] = {
    "date": _date,
    "number": _number,
    "integer": _integer,
    "yes_no": _yes_no,
    "status": _closed,
    "event": _closed,
}
