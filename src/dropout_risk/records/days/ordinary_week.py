"""Calendars that list exceptions only, and the ordinary week that completes them.

What schools and authorities publish is mostly a list of exceptions: days off, the Saturdays that make up for
them, a snow day. Every other day of the ordinary week is a school day without being listed. Whether a
calendar is such a list is seen by the calendar alone, so that one pupil and a whole county, and one day and a
whole year of attendance, get the same answer.

Terms and the holidays of schools are rarely listed. So a day is completed where the school goes on around it:
between two days with attendance that are at most a week apart, and from when both of them were known, so that
nothing that was recorded later makes a day a school day earlier. Where a register names absences only, a
small school has none for weeks though it is open: there the days may lie further apart, the fewer pupils it
has the further.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Array, Bools
from dropout_risk.records.days.holidays import chinese_holidays, is_weekday

Week = Literal["weekdays", "china", "listed"]
WEEKS: tuple[Week, ...] = get_args(Week)
_MONDAY = -3  # the Monday before 1970-01-01
_APART, _FURTHEST = 7, 28
QUIET_PUPILS = 120
"""A school with fewer pupils may have more than a week without a single absence."""
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class OrdinaryWeek:
    """On which days schools are open where a calendar does not say.

    Parameters
    ----------
    name : {"weekdays", "china"}
        Monday to Friday; or these without the public holidays of China, with its make-up workdays.
    """

    name: Week = "weekdays"

    def opens(self, dates: Array) -> Bools:
        """Say which dates are days of the ordinary week; of a year that is not known, none is."""
        if self.name == "china":
            holidays = chinese_holidays()
            return holidays.opens(dates) & holidays.knows(dates)
        return is_weekday(dates)

    def require(self, dates: Array) -> None:
        """Refuse attendance of years whose holidays are not known.

        Raises
        ------
        RecordsError
            If the week is that of China and its table does not have such a year.
        """
        if self.name == "china":
            chinese_holidays().require(dates)

    def completed(
        self, told: tuple[Array, Array], opened: Array, closed: Array, apart: int = _APART
    ) -> tuple[Array, Array]:
        """Add the days of the ordinary week between days with attendance, and those listed as open since.

        Parameters
        ----------
        told : tuple of int array
            The days on which anyone has attendance, and the date on which each became known.
        opened, closed : array of int
            The days that the calendar lists.
        apart : int, default=7
            How many days may lie between two days with attendance.

        Returns
        -------
        days, known : int array
            In no order; a day may be there twice.
        """
        dates, known = told
        if not len(dates):
            return told
        self.require(dates)
        days, places = _days_near(dates, apart)
        since = _known_between(np.arange(len(days)), places, known, apart)
        kept = (since < _NEVER) & self.opens(days) & ~np.isin(days, closed)
        later = opened[opened > days[0]]
        begun = _known_before(later, dates, known)
        return (
            np.concatenate([dates, days[kept], later]),
            np.concatenate([known, since[kept], begun]),
        )

    def is_exceptional(self, dates: Array, opened: Array) -> Bools:
        """Say which dates are neither listed as open nor days of the ordinary week."""
        return ~self.opens(dates) & ~np.isin(dates, opened)


def furthest_apart(pupils: int) -> int:
    """Give how many days may lie between two absences of a school that is open, by how many pupils it has.

    >>> [furthest_apart(pupils) for pupils in (5, 40, 60, 800)]
    [28, 21, 14, 7]
    """
    return min(_APART * max(-(-QUIET_PUPILS // max(pupils, 1)), 1), _FURTHEST)


def _days_near(dates: Array, apart: int) -> tuple[Array, Array]:
    """Give all days from the first date to the last, and the place of each date among them.

    Of more than ``apart`` days without a date so many are left that the dates around them stay further apart:
    one date of another century is no century of days.
    """
    each = np.unique(dates)
    left = np.minimum(np.diff(each), apart + 1)
    at = np.concatenate([[0], np.cumsum(left)])
    places = np.arange(at[-1] + 1)
    before = np.searchsorted(at, places, side="right") - 1
    return (each[before] + places - at[before]).astype(np.int32), at[np.searchsorted(each, dates)]


def _known_between(days: Array, dates: Array, known: Array, apart: int) -> Array:
    """Give for each day since when two days around it, so far apart at most, are known to have attendance."""
    own = np.full(len(days) + 2 * apart, _NEVER, np.int32)
    np.minimum.at(own, dates - days[0] + apart, known)
    since = np.full(len(days), _NEVER, np.int32)
    for before in range(1, apart):
        for after in range(1, apart + 1 - before):
            first = own[apart - before :][: len(days)]
            second = own[apart + after :][: len(days)]
            np.minimum(since, np.maximum(first, second), out=since)
    return since


def _known_before(days: Array, dates: Array, known: Array) -> Array:
    """Give for each day since when any day with attendance before it is known."""
    order = np.argsort(dates, kind="stable")
    earliest = np.minimum.accumulate(known[order])
    found: Array = earliest[np.searchsorted(dates[order], days) - 1]
    return found


def lists_exceptions(state: npt.NDArray[np.int8], first: int) -> Bools:
    """Say for each school whether its calendar lists exceptions to the ordinary week alone.

    It does where it lists days off alone, or no more weekdays than weekend days as open: make-up days lie on
    weekends. A school that is open on weekends alone, week after week, is one that lists its days.

    Parameters
    ----------
    state : array of int8, shape (schools, days)
        1 where a day is listed as open, 0 as closed, -1 where it is not listed.
    first : int
        The first day, as days since 1970-01-01.
    """
    dates = first + np.arange(state.shape[1], dtype=np.int32)
    in_week = is_weekday(dates)
    opened, closed = state == 1, state == 0
    n_weekdays, n_weekend = opened[:, in_week].sum(1), opened[:, ~in_week].sum(1)
    exceptions: Bools = (opened | closed).any(1) & (n_weekdays <= n_weekend)
    for row in np.flatnonzero(exceptions & (n_weekend > 0)):
        exceptions[row] = not _is_weekend_school(dates[opened[row]], dates[closed[row]])
    return exceptions


def _is_weekend_school(opened: Array, closed: Array) -> bool:
    """Say whether some days are those of a school that is open on weekends, and not make-up days."""
    weeks = np.unique((opened - _MONDAY) // 7)
    if len(weeks) < 4 or len(weeks) * 4 < (weeks[-1] - weeks[0] + 1) * 3:
        return False
    off, days = np.unique((closed[is_weekday(closed)] - _MONDAY) // 7, return_counts=True)
    return not len(off) or bool(np.isin(weeks, off[days == 5]).mean() > 0.5)
