"""Weeks of visits for tests, and the rules of a plan as plain loops, which share nothing with the planner."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import strategies as st

from dropout_risk.casebook.visiting.visits import Hours, Spot, Stop, Visitor, VisitSettings

DAYS = tuple(dt.date(2025, 5, 19) + dt.timedelta(days) for days in range(3))
PEOPLE = ("t-1", "t-2", "t-3")
SPOTS = st.none() | st.builds(Spot, st.integers(0, 12), st.integers(0, 12), st.just("km"))
VILLAGES = st.sampled_from(["", "a", "b", "c"])
MAP = {"a": {"b": 50}, "c": {"a": 10}}


def clock(hour, quarter=0):
    return dt.time(hour, 15 * quarter)


SPANS = st.tuples(st.integers(8, 17), st.integers(0, 3), st.integers(1, 6)).map(
    lambda span: (clock(span[0], span[1]), clock(span[0] + span[2], span[1]))
)


@st.composite
def weeks(draw):
    """Stops, visitors and settings of three days."""
    stops = [
        Stop(
            f"c-{k}",
            f"p-{k}",
            draw(VILLAGES),
            draw(SPOTS),
            minutes=draw(st.sampled_from([1, 30, 45, 90, 300])),
            due=draw(st.none() | st.sampled_from(DAYS)),
            days_overdue=draw(st.sampled_from([0, 0, 1, 7])),
            urgency=draw(st.sampled_from([0.0, 0.1, 1.0, 2.5])),
            windows=tuple(draw(st.lists(SPANS, max_size=2))),
            visitors=tuple(draw(st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True))),
        )
        for k in range(draw(st.integers(0, 9)))
    ]
    visitors = [
        Visitor(
            person,
            tuple(Hours(day, *draw(SPANS)) for day in DAYS if draw(st.booleans())),
            draw(VILLAGES),
            draw(SPOTS),
            minutes_per_km=draw(st.sampled_from([None, 1.0, 12.0])),
            capacity=draw(st.integers(0, 4)),
            together=(PEOPLE[0],) if person == PEOPLE[2] and draw(st.booleans()) else (),
        )
        for person in PEOPLE
    ]
    return stops, visitors, VisitSettings(minutes_between=MAP, iterations=20)


def minutes(time):
    return 24 * 60 if time == dt.time.max else time.hour * 60 + time.minute


class PlainRules:
    """The rules of a week: who may be where, and when."""

    def __init__(self, stops, visitors, settings, days=DAYS):
        self.stops, self.visitors, self.settings, self.days = stops, visitors, settings, days
        self.people = {visitor.person: visitor for visitor in visitors}
        self.teams = {self.team_of(visitor) for visitor in visitors}

    def team_of(self, visitor):
        team = {visitor.person}
        for _ in self.visitors:
            team |= {v.person for v in self.visitors if team & {v.person, *v.together}}
            team |= {mate for person in team for mate in self.people[person].together}
        return tuple(v.person for v in self.visitors if v.person in team)

    def span(self, team, day):
        """The first and last minute that all of a team have on a day; None where one has none."""
        hours = [[item for item in self.people[person].hours if item.day == day] for person in team]
        if not all(hours):
            return None
        return max(minutes(own.start) for (own,) in hours), min(minutes(own.end) for (own,) in hours)

    def way(self, one, two, team):
        """The minutes between two homes, over others where that is shorter."""
        pace = self.people[team[0]].minutes_per_km or self.settings.minutes_per_km
        homes = [*self.stops, *self.visitors]
        best = {id(home): self.leg(one, home, pace) for home in homes}
        for _ in homes:
            best = {
                id(home): min(best[id(home)], *(best[id(via)] + self.leg(via, home, pace) for via in homes))
                for home in homes
            }
        return best[id(two)]

    def leg(self, one, two, pace):
        if one is two:
            return 0
        if one.spot and two.spot:
            km = ((one.spot.north - two.spot.north) ** 2 + (one.spot.east - two.spot.east) ** 2) ** 0.5
            return int(-(-round(km * self.settings.detour * pace, 6) // 1))
        if one.village and one.village == two.village:
            return self.settings.same_village_minutes
        table = self.settings.minutes_between
        for here, there in ((one.village, two.village), (two.village, one.village)):
            if there in table.get(here, {}):
                return table[here][there]
        return self.settings.other_village_minutes

    def fits(self, team, day, tour):
        """Whether a team can visit the stops of a tour in this order on a day."""
        span, home = self.span(team, day), self.people[team[0]]
        if span is None or span[0] >= span[1] or len(tour) > min(self.people[p].capacity for p in team):
            return False
        now = span[0]
        for before, stop in pairwise([home, *tour]):
            if stop.visitors and not {*stop.visitors} & {*team}:
                return False
            now += self.way(before, stop, team)
            windows = stop.windows or ((dt.time(0), dt.time.max),)
            starts = [max(now, minutes(opens)) for opens, closes in windows
                      if max(now, minutes(opens)) + stop.minutes <= minutes(closes)]  # fmt: skip
            if not starts:
                return False
            now = min(starts) + stop.minutes
        return not tour or now + self.way(tour[-1], home, team) <= span[1]

    def takes(self, team, day, tour, stop):
        """Whether a stop fits anywhere into a tour."""
        return any(self.fits(team, day, [*tour[:at], stop, *tour[at:]]) for at in range(len(tour) + 1))

    def broken(self, plan):
        """Name the rules that a plan breaks."""
        tours = {(team, day): [] for team in self.teams for day in self.days}
        tours |= {(route.persons, route.day): [v.stop for v in route.visits] for route in plan.routes}
        told = [stop.case_id for stop in (*plan.stops, *(item.stop for item in plan.left_out))]
        rules = {
            "each stop once": sorted(told) == sorted(stop.case_id for stop in self.stops),
            "one route for a team and a day": len(tours) == len(self.teams) * len(self.days),
            "hours, windows, capacity, who may go": all(
                self.fits(*key, tour) for key, tour in tours.items() if tour
            ),
            "times": all(map(self.on_time, plan.routes)),
            "overdue first": not any(
                self.takes(*key, [stop for stop in tour if stop.overdue], item.stop)
                for item in plan.left_out
                if item.stop.overdue
                for key, tour in tours.items()
            ),
            "what fits is in": not any(
                self.takes(*key, tour, item.stop) for item in plan.left_out for key, tour in tours.items()
            ),
            "its reason": all(item.reason == self.reason_of(item.stop) for item in plan.left_out),
        }
        return [rule for rule, kept in rules.items() if not kept]

    def on_time(self, route):
        first, last = self.span(route.persons, route.day) or (24 * 60, 0)
        home, now = self.people[route.persons[0]], minutes(route.set_out)
        kept, here = first <= now, home
        for visit in route.visits:
            now += self.way(here, visit.stop, route.persons)
            kept &= now <= minutes(visit.arrive)
            kept &= minutes(visit.leave) - minutes(visit.arrive) == visit.stop.minutes
            kept &= not visit.stop.windows or any(
                minutes(opens) <= minutes(visit.arrive) and minutes(visit.leave) <= minutes(closes)
                for opens, closes in visit.stop.windows
            )
            now, here = minutes(visit.leave), visit.stop
        return kept and now + self.way(here, home, route.persons) == minutes(route.back) <= last

    def reason_of(self, stop):
        open_to = [
            (team, day) for team in self.teams for day in self.days
            if (span := self.span(team, day)) and span[0] < span[1]
            and min(self.people[person].capacity for person in team)
            and (not stop.visitors or {*stop.visitors} & {*team})
        ]  # fmt: skip
        if not open_to:
            return "nobody"
        return "full" if any(self.fits(*key, [stop]) for key in open_to) else "hours"
