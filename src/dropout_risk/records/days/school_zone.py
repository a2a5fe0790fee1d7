"""The school's own day of a moment: dates that were written with a time of day, in UTC or without a zone.

A local midnight of Shanghai is 16:00 of the day before in UTC. Where the mapping names the zone, such a
moment is the day that it was there; where it does not, times that look like midnights elsewhere are doubted.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array
from dropout_risk.records.days.calendar import EPOCH, date_of
from dropout_risk.records.days.dates import declared_date
from dropout_risk.records.tables import Table
from dropout_risk.records.values import day_in, is_text, one_array
from dropout_risk.text import Text

LOCAL = "local"
"""The zone of times that are the school's own: nothing is converted or doubted."""

_DAY, _HOUR, _QUARTER = 86_400, 3_600, 900
_FARTHEST_EAST = 14 * _HOUR
_TIMED = re.compile(
    r"(.+?)[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
).fullmatch
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_UTC_NAMES = frozenset({"utc", "etc/utc", "z", "gmt", "etc/gmt", "zulu", "+00:00", "-00:00"})


def is_zone(name: object) -> bool:
    """Say whether a name is that of a time zone, or ``local``.

    >>> is_zone("Asia/Shanghai"), is_zone("local"), is_zone("Shanghai")
    (True, True, False)
    """
    if not isinstance(name, str):
        return False
    try:
        return name == LOCAL or bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


class SchoolDay:
    """Gives the dates of one part of a table as the school's own days, and keeps their times of day."""

    def __init__(self, table: Table, zone: str | None, dates: tuple[str, ...] = ()) -> None:
        self._dated = {column.name for column in table.columns if column.kind == "date"}
        self.zone, self._orders = zone, dates
        self._clocks: dict[str, set[int]] = {}

    def local(self, batch: Any, names: Sequence[str]) -> Any:
        """Give a batch whose dates with a time of day are dates only, as far as they can be read."""
        columns = batch.columns
        if isinstance(columns[0] if columns else [], list):  # lists of texts come by a contract of dates
            return batch
        found = list(columns)
        for place, name in enumerate(names):
            if name in self._dated:
                found[place] = self._days(name, columns[place])
        if all(new is old for new, old in zip(found, columns, strict=True)):
            return batch
        return pa.RecordBatch.from_arrays(found, [str(place) for place in range(len(found))])

    def doubts(self) -> Iterator[tuple[str, Text]]:
        """Name each column whose times of day are midnights elsewhere, and that time."""
        for name in sorted(self._clocks):
            times = self._clocks[name]
            if self.zone is None and _is_midnight_in_the_east(times):
                yield name, _midnight_words(times)

    def _days(self, name: str, array: Any) -> Any:
        if pa.types.is_timestamp(array.type):
            return self._days_of_moments(name, array)
        if is_text(array.type) or (pa.types.is_dictionary(array.type) and is_text(array.type.value_type)):
            return self._days_of_texts(name, array)
        return array

    def _days_of_moments(self, name: str, array: Any) -> Any:
        zone = array.type.tz
        if self.zone in (None, LOCAL) and zone is not None and zone.lower() not in _UTC_NAMES:
            return array  # it says its own zone
        empty = array.is_null().to_numpy(zero_copy_only=False)
        moments = pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        seconds = moments // _PER_SECOND[array.type.unit]
        times = seconds[~empty] % _DAY
        if not times.any():
            return array
        self._note(name, times)
        if self.zone in (None, LOCAL):
            return array
        days = _local_days(seconds, str(self.zone)).astype(np.int32)
        return pa.array(days, mask=empty if empty.any() else None).cast(pa.date32())

    def _days_of_texts(self, name: str, array: Any) -> Any:
        distinct = array.dictionary if pa.types.is_dictionary(array.type) else array
        if not pc.any(pc.match_substring(distinct, ":")).as_py():
            return array
        if not pa.types.is_dictionary(array.type):
            array = one_array(pa.chunked_array([array])).dictionary_encode()
        texts = array.dictionary.to_pylist()
        timed = [None if text is None else _timed_text(text, self._orders) for text in texts]
        times = [found.time if found.offset in (None, 0) else 0 for found in timed if found is not None]
        if times:
            self._note(name, np.array(times))
        texts = [
            text if found is None else self._text(found) for text, found in zip(texts, timed, strict=True)
        ]
        return pa.DictionaryArray.from_arrays(array.indices, pa.array(texts, pa.string()))

    def _text(self, found: _Timed) -> str:
        """Write the day of a moment."""
        day = found.day
        if self.zone not in (None, LOCAL):
            second = found.day * _DAY + found.time - (found.offset or 0)
            day = int(_local_days(np.array([second]), str(self.zone))[0])
        return date_of(day).isoformat()

    def _note(self, name: str, times: Array) -> None:
        seen = self._clocks.setdefault(name, set())
        low, high = int(times.min()), int(times.max())
        seen |= {low, high}
        between = times[(times != low) & (times != high)]
        if len(between):  # a third is enough to know that it is no midnight
            seen.add(int(between[0]))


class _Timed(NamedTuple):
    day: int
    time: int
    offset: int | None


def _timed_text(text: str, orders: tuple[str, ...]) -> _Timed | None:
    """Read a date with a time of day and, where it says so, its distance from UTC in seconds."""
    found = _TIMED(text.strip())
    declared = declared_date(found[1].strip(), orders) if found else None
    day = declared.toordinal() - EPOCH if declared else day_in(found[1].strip()) if found else -1
    if found is None or not 0 < day + EPOCH <= dt.date.max.toordinal() - 1:
        return None
    hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
    if found[5]:
        hour = hour % 12 + (12 if found[5].upper() == "PM" else 0)
    offset = None
    if found[6]:
        digits = found[6].replace(":", "")
        offset = 0 if digits in ("Z", "UTC") else int(digits[:3]) * _HOUR + int(digits[0] + digits[3:]) * 60
    return _Timed(day, hour * _HOUR + minute * 60 + second, offset)


def _local_days(seconds: Array, zone: str) -> Array:
    """Give the day in a zone of moments in UTC; a moment at midnight in UTC is that date itself."""
    quarters, place = np.unique(seconds // _QUARTER, return_inverse=True)
    ahead = np.array([_seconds_ahead(zone, quarter) for quarter in quarters.tolist()], np.int64)
    days = (seconds + ahead[place]) // _DAY
    return np.where(seconds % _DAY == 0, seconds // _DAY, days)


@cache
def _seconds_ahead(zone: str, quarter: int) -> int:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=quarter * _QUARTER)
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _midnight_words(times: set[int]) -> Text:
    """Write times of day, and how far ahead of UTC they are midnights; of no zone but China's it is sure."""
    written = " / ".join(f"{time // _HOUR:02}:{time // 60 % 60:02}" for time in sorted(times))
    ahead = " / ".join(f"{(_DAY - time) / _HOUR:g}" for time in sorted(times, reverse=True))
    return (_MIDNIGHT_IN_CHINA if times == _CHINA else _MIDNIGHT).filled(times=written, ahead=ahead)


_CHINA = {16 * _HOUR}
_MIDNIGHT = Text(
    zh="{times}，在比 UTC 早{ahead}小时的地方是零点",
    en="{times}, which is midnight where clocks are {ahead} hours ahead of UTC",
)
_MIDNIGHT_IN_CHINA = Text(
    zh=f'{_MIDNIGHT.zh}，例如 zone = "Asia/Shanghai"', en=f'{_MIDNIGHT.en}, as with zone = "Asia/Shanghai"'
)


def _is_midnight_in_the_east(times: set[int]) -> bool:
    """Say whether times of day are one, or two an hour apart (summer), that are midnight further east."""
    low, high = min(times, default=0), max(times, default=0)
    return (
        low >= _DAY - _FARTHEST_EAST
        and times <= {low, high}
        and high - low in (0, _HOUR)
        and not low % _QUARTER
    )
