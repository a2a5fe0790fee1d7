"""Routes in numbers: who can be where in time, and the plain way of filling days, the most pressing first."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from dropout_risk.arrays import Array
from dropout_risk.casebook.visiting.visits import Spot, Stop, Visitor, VisitSettings

Tour = list[int]
"""Numbers of stops, in order."""
DAY_MINUTES = 24 * 60
ROUNDS = 2


@dataclass(frozen=True)
class Shift:
    """Who goes together on a day, which has a ``number``, from a row of homes, in minutes of the day."""

    persons: tuple[str, ...]
    home: int
    pace: float
    capacity: int
    day: dt.date
    number: int
    start: int
    end: int


class Week:
    """The stops and shifts of some days; a tour is a list of the stops' numbers for a shift.

    ``ways`` are the minutes between all homes by pace, ``windows`` the minutes of a day at which a stop may
    be visited, and ``allowed`` whether by a shift.
    """

    def __init__(
        self,
        stops: Sequence[Stop],
        visitors: Sequence[Visitor],
        days: Sequence[dt.date],
        settings: VisitSettings,
    ) -> None:
        self.stops, self.days, self.settings = tuple(stops), tuple(days), settings
        self.shifts = tuple(_shifts_of(visitors, days, len(stops), settings.minutes_per_km))
        homes: list[Stop | Visitor] = [*stops, *visitors]
        ends = [(home.village, home.spot) for home in homes]
        self.ways = {
            pace: minutes_of_way(ends, pace, settings) for pace in {shift.pace for shift in self.shifts}
        }
        self._rows = {pace: ways.tolist() for pace, ways in self.ways.items()}
        self.windows = [
            [(_minute_of(one), _minute_of(two)) for one, two in sorted(stop.windows)] or [(0, DAY_MINUTES)]
            for stop in stops
        ]
        self.allowed = [
            [not stop.visitors or not {*stop.visitors}.isdisjoint(shift.persons) for shift in self.shifts]
            for stop in stops
        ]
        self.order = sorted(range(len(stops)), key=self.pressing)

    def pressing(self, k: int) -> tuple[int, float, str, str]:
        """Give where a stop stands: the longest overdue first, then by urgency, then village by village."""
        stop = self.stops[k]
        return -stop.days_overdue, -stop.urgency, stop.village, stop.case_id

    def begin_times(self, s: int, tour: Sequence[int]) -> list[int] | None:
        """Give the minute at which each visit of a tour begins; None where the shift cannot do it."""
        shift, begins = self.shifts[s], list[int]()
        ways, now, here = self._rows[shift.pace], shift.start, shift.home
        if len(tour) > shift.capacity or not all(self.allowed[k][s] for k in tour):
            return None
        for k in tour:
            there, lasts = now + ways[here][k], self.stops[k].minutes
            for opens, closes in self.windows[k]:
                begin = max(there, opens)
                if begin + lasts <= closes:
                    break
            else:
                return None
            begins.append(begin)
            now, here = begin + lasts, k
        return begins if now + ways[here][shift.home] <= shift.end else None

    def way_legs(self, s: int, tour: Sequence[int]) -> list[int]:
        """Give the minutes of way to each stop of a tour, and home."""
        shift = self.shifts[s]
        return [self._rows[shift.pace][one][two] for one, two in pairwise([shift.home, *tour, shift.home])]

    def delay(self, k: int, number: int) -> int:
        """Give what it costs, in minutes of way, to visit a stop on the day of a number, not on the first."""
        stop, settings = self.stops[k], self.settings
        late = number * stop.days_overdue
        if stop.due and not stop.overdue:
            late = min(max((self.days[number] - stop.due).days, 0), number)
        return number * settings.waiting_minutes + late * settings.late_minutes

    def best_insertion(self, tours: Sequence[Tour], k: int) -> tuple[int, Tour] | None:
        """Find the shift whose tour takes a stop with least way and delay, and that tour; None if none."""
        best, found = math.inf, None
        for s in range(len(tours)):
            shift, tour = self.shifts[s], tours[s]
            if not self.allowed[k][s] or len(tour) >= shift.capacity:
                continue
            ways, delay = self._rows[shift.pace], self.delay(k, shift.number)
            for at, (one, two) in enumerate(pairwise([shift.home, *tour, shift.home])):
                cost = ways[one][k] + ways[k][two] - ways[one][two] + delay
                if cost < best and self.begin_times(s, longer := [*tour[:at], k, *tour[at:]]) is not None:
                    best, found = cost, (s, longer)
        return found

    def fill(self, tours: list[Tour]) -> None:
        """Put into the tours whatever fits and is in none of them, the most pressing first."""
        inside = {k for tour in tours for k in tour}
        for k in self.order:
            if k not in inside and (found := self.best_insertion(tours, k)):
                tours[found[0]] = found[1]

    def greedy_tours(self) -> list[Tour]:
        """Fill the days, the most pressing stop first, and then let each stop move where it costs less."""
        tours: list[Tour] = [[] for _ in self.shifts]
        self.fill(tours)
        for k in ROUNDS * self.order:
            without = [[other for other in tour if other != k] for tour in tours]
            if without != tours and (found := self.best_insertion(without, k)):
                without[found[0]] = found[1]
                tours = without
        return self.put_in_order(tours)

    def put_in_order(self, tours: list[Tour]) -> list[Tour]:
        """Fill tours up, and leave no overdue stop out for one that is not overdue."""
        tours = [[*tour] for tour in tours]
        while True:
            self.fill(tours)
            if not self._admit_overdue(tours):
                return tours

    def _admit_overdue(self, tours: list[Tour]) -> bool:
        """Take one overdue stop in, in place of what is not overdue in a tour; say whether there was one."""
        inside = {k for tour in tours for k in tour}
        kept = [[k for k in tour if self.stops[k].overdue] for tour in tours]
        for k in self.order:
            if k not in inside and self.stops[k].overdue:
                found = self.best_insertion(kept, k)
                if found is not None:
                    tours[found[0]] = found[1]
                    return True
        return False

    def fits_alone(self, k: int) -> bool:
        """Say whether a stop fits anybody's day if it is the only one."""
        return any(self.begin_times(s, [k]) is not None for s in range(len(self.shifts)))


def _shifts_of(
    visitors: Sequence[Visitor], days: Sequence[dt.date], first_home: int, pace: float
) -> Iterator[Shift]:
    """Give the shifts of each day; home and pace are those of the first of who goes together."""
    mates = {visitor.person: {visitor.person, *visitor.together} for visitor in visitors}
    for _ in mates:  # whoever goes with a mate goes along
        for group in [*mates.values()]:
            joined = set().union(*(mates[person] for person in group))
            mates.update(dict.fromkeys(joined, joined))
    for number, day in enumerate(days):
        for row, visitor in enumerate(visitors):
            members = [other for other in visitors if other.person in mates[visitor.person]]
            hours = [item for member in members for item in member.hours if item.day == day]
            if members[0] is not visitor or len(hours) < len(members):
                continue
            shift = Shift(
                persons=tuple(member.person for member in members),
                home=first_home + row,
                pace=visitor.minutes_per_km or pace,
                capacity=min(member.capacity for member in members),
                day=day,
                number=number,
                start=max(_minute_of(item.start) for item in hours),
                end=min(_minute_of(item.end) for item in hours),
            )
            if shift.start < shift.end and shift.capacity > 0:
                yield shift


def _minute_of(time: dt.time) -> int:
    """Count the minutes since midnight; the last moment of a day is its end."""
    return DAY_MINUTES if time == dt.time.max else 60 * time.hour + time.minute


def minutes_of_way(ends: Sequence[tuple[str, Spot | None]], pace: float, settings: VisitSettings) -> Array:
    """Give the whole minutes of way between homes, over a third one where that is shorter.

    >>> minutes_of_way([("a", None), ("a", None), ("b", None)], 3.0, VisitSettings()).tolist()
    [[0, 5, 30], [5, 0, 30], [30, 30, 0]]
    """
    ways = np.zeros((len(ends), len(ends)), np.int64)
    for one, two in combinations(range(len(ends)), 2):
        ways[one, two] = ways[two, one] = _minutes_between(ends[one], ends[two], pace, settings)
    for via in range(len(ends)):
        np.minimum(ways, ways[:, via, None] + ways[None, via], out=ways)
    return ways


def _minutes_between(
    one: tuple[str, Spot | None], two: tuple[str, Spot | None], pace: float, settings: VisitSettings
) -> int:
    (here, spot), (there, other) = one, two
    km = spot.km_to(other) if spot and other else None
    if km is not None:
        return math.ceil(round(km * settings.detour * pace, 6))
    if here and here == there:
        return settings.same_village_minutes
    declared = settings.minutes_between
    either = declared.get(here, {}).get(there), declared.get(there, {}).get(here)
    return next((minutes for minutes in either if minutes is not None), settings.other_village_minutes)
