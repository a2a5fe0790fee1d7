"""A week of home visits: where to go, who can go and when, what was planned, and what did not fit."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, field_validator

from dropout_risk.records.days.school_zone import LOCAL, is_zone
from dropout_risk.settings import Section
from dropout_risk.text import Text

EARTH_KM = 6371.0
Minutes = Annotated[int, Field(ge=0, le=24 * 60)]
Positive = Annotated[float, Field(gt=0, le=1000)]


class VisitSettings(Section):
    """What a county may set about visits; every number is a default.

    Parameters
    ----------
    same_village_minutes, other_village_minutes : int, default=5 and 30
        Of way between two homes where coordinates are not known.
    minutes_between : dict, default={}
        Of way between two villages, by their names: ``{"one": {"another": 45}}`` holds both ways.
    minutes_per_km, detour : float, default=3 and 1.3
        With coordinates: the pace of who declares none, and how much longer roads are than a straight line.
    waiting_minutes, late_minutes : int, default=10 and 40
        Of way that a day of waiting is worth, and a day after the due one on top; of an overdue stop for each
        day that it is overdue.
    solver : {"auto", "pyvrp", "greedy"}, default="auto"
        ``auto`` takes pyvrp where it is installed.
    iterations, seed : int, default=300 and 1
        Of pyvrp; the same plan comes out on every run.
    timezone : str, default="Asia/Shanghai"
        Of calendars.
    """

    same_village_minutes: Minutes = 5
    other_village_minutes: Minutes = 30
    minutes_between: dict[str, dict[str, Minutes]] = Field(default_factory=dict)
    minutes_per_km: Positive = 3.0
    detour: Annotated[float, Field(ge=1, le=10)] = 1.3
    waiting_minutes: Minutes = 10
    late_minutes: Minutes = 40
    solver: Literal["auto", "pyvrp", "greedy"] = "auto"
    iterations: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    timezone: str = "Asia/Shanghai"

    @field_validator("timezone")
    @classmethod
    def _a_zone_that_there_is(cls, value: str) -> str:
        if value == LOCAL or not is_zone(value):
            raise ValueError("must be the name of a time zone, such as Asia/Shanghai")
        return value


@dataclass(frozen=True)
class Spot:
    """A point on the map: degrees of latitude and longitude, or kilometres north and east of anywhere.

    Examples
    --------
    >>> Spot(3, 4, unit="km").km_to(Spot(0, 0, unit="km"))
    5.0
    >>> round(Spot(26.0, 104.0).km_to(Spot(26.1, 104.0)), 1)
    11.1
    """

    north: float
    east: float
    unit: Literal["degrees", "km"] = "degrees"

    def km_to(self, other: Spot) -> float | None:
        """Give the kilometres of a straight line; None where the other is in another unit."""
        if self.unit != other.unit:
            return None
        if self.unit == "km":
            return math.dist((self.north, self.east), (other.north, other.east))
        here, there = math.radians(self.north), math.radians(other.north)
        turn = math.radians(other.east - self.east) / 2
        bow = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(turn) ** 2
        return 2 * EARTH_KM * math.asin(math.sqrt(min(bow, 1.0)))


@dataclass(frozen=True)
class Stop:
    """A home to visit for a case.

    It takes ``minutes``, all of them within one of the ``windows`` of a day, if it has any. ``visitors``
    names who may go; anybody may where it is empty. ``urgency`` is not negative.
    """

    case_id: str
    pupil_id: str | int = field(repr=False)
    village: str = ""
    spot: Spot | None = None
    minutes: int = 40
    due: dt.date | None = None
    days_overdue: int = 0
    urgency: float = 1.0
    windows: tuple[tuple[dt.time, dt.time], ...] = ()
    visitors: tuple[str, ...] = ()

    @property
    def overdue(self) -> bool:
        """Whether its day has passed."""
        return self.days_overdue > 0


@dataclass(frozen=True)
class Hours:
    """The hours of a day that a person has for visits, the ways from and to home among them."""

    day: dt.date
    start: dt.time
    end: dt.time


@dataclass(frozen=True)
class Visitor:
    """A person who visits, from ``village`` or ``spot`` and back, at most ``capacity`` homes a day.

    Who goes ``together`` goes always together, in the hours that all of them have.
    """

    person: str
    hours: tuple[Hours, ...]
    village: str = ""
    spot: Spot | None = None
    minutes_per_km: float | None = None
    capacity: int = 8
    together: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visit:
    """A stop of a route: when it begins and ends, and the minutes of way to it."""

    stop: Stop
    arrive: dt.time
    leave: dt.time
    way_minutes: int


@dataclass(frozen=True)
class DayRoute:
    """The visits of one or several persons on a day, in order, with when they set out and are back."""

    persons: tuple[str, ...]
    day: dt.date
    set_out: dt.time
    visits: tuple[Visit, ...]
    back: dt.time
    way_minutes: int

    @property
    def reference(self) -> str:
        """A number by which those who have the sheet know it, and which says nothing to others."""
        return visit_digest(*self.persons, self.day)[:8].upper()


def visit_digest(*parts: object) -> str:
    """Give the fingerprint of persons and a day, the same in every export."""
    return hashlib.sha256("|".join(["visits", *map(str, parts)]).encode()).hexdigest()


Reason = Literal["nobody", "hours", "full"]
REASONS: dict[Reason, Text] = {
    "nobody": Text(zh="这几天没有可以去的人员有空", en="nobody who may go has any hours on these days"),
    "hours": Text(
        zh="路程、时长和可访时段合不上任何人的时间，单独去也不行",
        en="the way, its length and its hours fit nobody's day, not even alone",
    ),
    "full": Text(zh="这几天已被更急的家访排满", en="the days are full with visits that are more pressing"),
}
"""Why a stop was left out."""


@dataclass(frozen=True)
class LeftOut:
    """A stop that is in no route, and why."""

    stop: Stop
    reason: Reason

    @property
    def text(self) -> Text:
        """The reason in words."""
        return REASONS[self.reason]


@dataclass(frozen=True)
class VisitPlan:
    """The routes of some days, and each stop that is in none of them.

    ``made_by`` says whether pyvrp made it, or the plain way that takes the most pressing stop first.
    """

    days: tuple[dt.date, ...]
    routes: tuple[DayRoute, ...]
    left_out: tuple[LeftOut, ...]
    made_by: Literal["pyvrp", "greedy"]

    def routes_of(self, person: str) -> tuple[DayRoute, ...]:
        """Give the routes of a person, day by day."""
        return tuple(route for route in self.routes if person in route.persons)

    @property
    def stops(self) -> tuple[Stop, ...]:
        """The stops that are visited."""
        return tuple(visit.stop for route in self.routes for visit in route.visits)

    @property
    def urgency(self) -> float:
        """The urgency of all stops that are visited, added up."""
        return total_urgency(self.stops)

    @property
    def way_minutes(self) -> int:
        """The minutes of way of all routes."""
        return sum(route.way_minutes for route in self.routes)


def total_urgency(stops: Iterable[Stop]) -> float:
    """Add up urgency, so that the order of the stops does not matter."""
    return math.fsum(stop.urgency for stop in stops)
