"""The school calendar: the one place where dates become school days.

A school day is counted as an integer: the number of school days of that school before it. Windows, ages
and horizons are differences of these integers; nothing else in the library does arithmetic on dates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Ints
from dropout_risk.errors import DateError
from dropout_risk.kernels import kernel

DateLike = str | dt.date | dt.datetime | np.datetime64
EPOCH = dt.date(1970, 1, 1).toordinal()
"""The day from which the days of dates are counted inside."""
YEAR_START = (8, 1)
"""Month and day on which a school year begins where nothing else is said."""


def ordinal_of(day: DateLike) -> int:
    """Give a date as days since 1970-01-01, the form in which dates are kept inside; DateError if it is none.

    Of a time of day, also at the end of an ISO timestamp, only the date counts.

    >>> ordinal_of("1970-01-08")
    7
    """
    try:
        text = day.isoformat()[:10] if isinstance(day, dt.date) else str(day)
        is_timestamp = text[10:11] in {"T", " "}
        date = dt.datetime.fromisoformat(text) if is_timestamp else dt.date.fromisoformat(text)
        return date.toordinal() - EPOCH
    except ValueError:
        raise DateError("A date cannot be read.", hint="write it as YYYY-MM-DD") from None


def date_of(ordinal: int) -> dt.date:
    """Give the date of an ordinal.

    >>> date_of(7)
    datetime.date(1970, 1, 8)
    """
    return dt.date.fromordinal(int(ordinal) + EPOCH)


class SchoolCalendar:
    """The school days of every school.

    Days before a school's first known one are counted as if every weekday were a school day (an exam of
    last year keeps an age), and so are all days of a school without any known one; after the last known
    one nothing is counted, since nobody knows yet.

    Parameters
    ----------
    schools : sequence of str
        One name per calendar.
    days : sequence of int arrays
        The school days of each, as ordinals, rising.
    known : sequence of int arrays, optional
        The date on which each of them became known, where only attendance tells which days were school
        days; by default they were always known.
    year_start : tuple of int, default=(8, 1)
        Month and day on which a school year begins.

    Examples
    --------
    >>> calendar = SchoolCalendar.from_days({"s-1": ["2025-03-03", "2025-03-04", "2025-03-07"]})
    >>> int(calendar.index(0, ordinal_of("2025-03-06")))
    2
    >>> date_of(calendar.day(0, 2))
    datetime.date(2025, 3, 7)
    """

    def __init__(
        self,
        schools: Sequence[str],
        days: Sequence[Ints],
        *,
        known: Sequence[Ints] | None = None,
        year_start: tuple[int, int] = YEAR_START,
    ) -> None:
        self.schools = tuple(schools)
        self.year_start = year_start
        self.lengths = np.array([len(item) for item in days], dtype=np.int32)
        self.days = np.full((len(days), max([1, *self.lengths])), _NEVER, dtype=np.int32)
        self.known = np.full(self.days.shape, ALWAYS_KNOWN, dtype=np.int32)
        for row, item in enumerate(days):
            self.days[row, : len(item)] = item
            if known is not None:
                self.known[row, : len(item)] = known[row]
        self.firsts = np.where(self.lengths > 0, self.days[:, 0], 0)
        given = self.days[self.days != _NEVER]
        self.first, self.last = (int(given.min()), int(given.max())) if len(given) else (0, 0)
        self._before = self._count_before()
        self._row = {school: row for row, school in enumerate(self.schools)}

    @classmethod
    def from_days(
        cls,
        days: Mapping[str, Sequence[DateLike] | npt.NDArray[Any]],
        *,
        known: Mapping[str, npt.NDArray[Any]] | None = None,
        year_start: tuple[int, int] = YEAR_START,
    ) -> Self:
        """Make a calendar from the school days of each school, in any order and with repetitions.

        ``known`` gives the dates on which they became known, in the same order; of repetitions the
        earliest counts.
        """
        schools = sorted(days)
        rows = [_ordinals_of(days[school]) for school in schools]
        since = [np.full(len(row), ALWAYS_KNOWN, dtype=np.int32) for row in rows]
        if known is not None:
            named = zip(schools, since, strict=True)
            since = [np.asarray(known.get(name, always), dtype=np.int32) for name, always in named]
        pairs = [each_day_once(row, from_when) for row, from_when in zip(rows, since, strict=True)]
        each_day, each_known = zip(*pairs, strict=True) if pairs else ((), ())
        return cls(schools, each_day, known=each_known, year_start=year_start)

    def days_of(self, school: str) -> tuple[Ints, Ints]:
        """Give a school's days and the dates on which they became known; nothing if it has none."""
        row = self.row_of(school)
        length = int(self.lengths[row]) if row >= 0 else 0
        return self.days[row, :length], self.known[row, :length]

    def known_on(self, ordinal: int) -> SchoolCalendar:
        """Give the calendar as it was known on a date: without past days that became known later."""
        hidden = (self.days < ordinal) & (self.known >= ordinal)
        if not hidden.any():
            return self
        kept = ~hidden & (np.arange(hidden.shape[1]) < self.lengths[:, None])
        days = [self.days[row][keep] for row, keep in enumerate(kept)]
        known = [self.known[row][keep] for row, keep in enumerate(kept)]
        return SchoolCalendar(self.schools, days, known=known, year_start=self.year_start)

    def row_of(self, school: str) -> int:
        """Give the number of a school's calendar; -1 if the school has none."""
        return self._row.get(school, -1)

    def index(self, which: npt.ArrayLike, ordinals: npt.ArrayLike) -> Ints:
        """Count the school days before each date.

        Parameters
        ----------
        which : array of int
            The number of the calendar of each date; broadcasts with ``ordinals``.
        ordinals : array of int
            Dates as days since 1970-01-01.

        Returns
        -------
        array of int32
            Negative before the first known day; never larger than the number of known days, if any.
        """
        rows, dates, shape = _flat_pair(which, ordinals)
        index = np.empty(len(dates), dtype=np.int32)
        _count_days_before(rows, dates, self._before, self.days, self.first, self.firsts, self.lengths, index)
        return index.reshape(shape)

    def day(self, which: npt.ArrayLike, index: npt.ArrayLike) -> Ints:
        """Give the date (as an ordinal) of the school day with each index.

        Before the first known day weekdays are counted back; beyond the last one it is the last one.
        """
        rows, wanted, shape = _flat_pair(which, index)
        dates = np.empty(len(wanted), dtype=np.int32)
        _find_dates(rows, wanted, self.days, self.firsts, self.lengths, dates)
        return dates.reshape(shape)

    def year_begins(self, ordinal: int) -> int:
        """Give the first date (as an ordinal) of the school year in which a date lies."""
        day = date_of(ordinal)
        start = dt.date(day.year, *self.year_start)
        return ordinal_of(start if start <= day else start.replace(year=max(day.year - 1, dt.MINYEAR)))

    def _count_before(self) -> Ints:
        """Lay out how many days there are before each date; nothing where dates are centuries apart."""
        if self.last - self.first > LONGEST_SPAN:
            return np.zeros((len(self.schools), 0), dtype=np.int32)
        is_day = np.zeros((len(self.schools), self.last - self.first + 2), dtype=np.int32)
        rows, columns = np.nonzero(self.days != _NEVER)
        is_day[rows, self.days[rows, columns] - self.first + 1] = 1
        return np.cumsum(is_day, axis=1, dtype=np.int32)


LONGEST_SPAN = 36_525
"""Days between the first and the last date of which it is laid out how many there are before each."""
_NEVER, ALWAYS_KNOWN = np.iinfo(np.int32).max, np.iinfo(np.int32).min


def _flat_pair(which: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Ints, Ints, tuple[int, ...]]:
    """Give two flat arrays of one length, as the compiled loops take them, and the shape of the result."""
    rows, numbers = np.asarray(which, dtype=np.int32), np.asarray(values, dtype=np.int32)
    shape = rows.shape if rows.shape == numbers.shape else np.broadcast(rows, numbers).shape
    if rows.shape != numbers.shape:
        rows, numbers = np.broadcast_to(rows, shape), np.broadcast_to(numbers, shape)
    rows, numbers = rows.reshape(-1), numbers.reshape(-1)
    return np.require(rows, None, ["C", "W"]), np.require(numbers, None, ["C", "W"]), shape


@kernel
def _weekdays_before(date: int) -> int:
    """Count the weekdays from a Monday (three days before 1970-01-01) up to, and without, a date."""
    weeks, weekday = divmod(date + 3, 7)
    return weeks * 5 + min(weekday, 5)


@kernel
def _count_days_before(  # noqa: PLR0917
    rows: Ints, dates: Ints, before: Ints, days: Ints, first: int, firsts: Ints, lengths: Ints, index: Ints
) -> None:
    span = before.shape[1]
    for i in range(len(rows)):
        row, date = rows[i], int(dates[i])
        if lengths[row] == 0 or date < firsts[row]:
            index[i] = _weekdays_before(date) - _weekdays_before(int(firsts[row]))
        elif span == 0:
            index[i] = np.searchsorted(days[row, : lengths[row]], date)
        else:
            index[i] = before[row, min(date - first, span - 1)]


@kernel
def _find_dates(  # noqa: PLR0917
    rows: Ints, wanted: Ints, days: Ints, firsts: Ints, lengths: Ints, dates: Ints
) -> None:
    for i in range(len(rows)):
        row, at = rows[i], np.int64(wanted[i])
        if at < 0 or lengths[row] == 0:
            weekday = _weekdays_before(int(firsts[row])) + at
            dates[i] = weekday // 5 * 7 + weekday % 5 - 3
        else:
            dates[i] = days[row, min(at, lengths[row] - 1)]


def _ordinals_of(days: Sequence[DateLike] | npt.NDArray[Any]) -> Ints:
    array = np.asarray(days)
    if array.dtype.kind == "M":
        array = array.astype("datetime64[D]").astype(np.int64)
    elif array.dtype.kind not in "iu":
        array = np.array([ordinal_of(day) for day in days], dtype=np.int64)
    return array.astype(np.int32)


def each_day_once(days: Ints, known: Ints) -> tuple[Ints, Ints]:
    """Sort days, and keep each with the earliest date on which it became known."""
    order = np.lexsort([known, days])
    days, known = days[order], known[order]
    first = np.ones(len(days), dtype=bool)
    first[1:] = days[1:] != days[:-1]
    return days[first], known[first]
