"""The plan of a week: overdue first, same village together, and each stop left out with its reason."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from dropout_risk.casebook.visiting.visit_routes import Tour, Week
from dropout_risk.casebook.visiting.visit_solver import has_pyvrp, solved_tours
from dropout_risk.casebook.visiting.visits import (
    DayRoute,
    LeftOut,
    Stop,
    Visit,
    Visitor,
    VisitPlan,
    VisitSettings,
    total_urgency,
)
from dropout_risk.errors import VisitError


def plan_week(
    stops: Iterable[Stop],
    visitors: Iterable[Visitor],
    days: Iterable[dt.date],
    settings: VisitSettings | None = None,
) -> VisitPlan:
    """Plan who visits whom on which day, and in which order.

    Hours, windows and capacities hold always, nobody is visited twice, and no overdue stop is left out that
    would fit a route without those of its stops that are not overdue. The longer a stop is overdue, the
    sooner it is worth a long way. With pyvrp at least as much urgency is served as without.

    Hours of the visitors on other days than ``days`` are not used.

    Raises
    ------
    VisitError
        With all that is wrong in the stops and visitors.
    MissingExtraError
        If the settings ask for pyvrp and it is not installed.

    Examples
    --------
    >>> from dropout_risk.casebook.visiting.visits import Hours
    >>> day = dt.date(2025, 5, 19)
    >>> teacher = Visitor("t-1", (Hours(day, dt.time(14), dt.time(16)),), village="a")
    >>> plan = plan_week([Stop("c-1", "p-1", "a"), Stop("c-2", "p-2", "b", minutes=90)], [teacher], [day])
    >>> plan.routes[0].visits[0].arrive, [(item.stop.case_id, item.reason) for item in plan.left_out]
    (datetime.time(14, 5), [('c-2', 'hours')])
    """
    stops, visitors = sorted(stops, key=lambda stop: stop.case_id), [*visitors]
    days, settings = sorted({*days}), settings or VisitSettings()
    problems = [*_stop_problems(stops), *_visitor_problems(visitors)]
    if problems:
        raise VisitError(
            "The visits cannot be planned: " + "; ".join(problems) + ".",
            hint="one stop for each case, one span of hours a day for each visitor, known mates",
        )
    week = Week(stops, visitors, days, settings)
    tours, made_by = _best_tours(week)
    inside = {k for tour in tours for k in tour}
    left = [k for k in week.order if k not in inside]
    return VisitPlan(
        days=tuple(days),
        routes=tuple(_day_route(week, s, tour) for s, tour in enumerate(tours) if tour),
        left_out=tuple(_left_out(week, k) for k in left),
        made_by=made_by,
    )


def _best_tours(week: Week) -> tuple[list[Tour], Literal["pyvrp", "greedy"]]:
    """Give pyvrp's tours where they serve no less than the plain ones, and these otherwise."""
    greedy, asked = week.greedy_tours(), week.settings.solver
    if asked == "greedy" or (asked == "auto" and not has_pyvrp()) or not (week.stops and week.shifts):
        return greedy, "greedy"
    found = solved_tours(week, greedy)
    if found is None or any(week.begin_times(s, tour) is None for s, tour in enumerate(found)):
        return greedy, "greedy"
    solved = week.put_in_order(found)
    least, served = _served_urgency(week, greedy), _served_urgency(week, solved)
    no_less = all(own >= other for own, other in zip(served, least, strict=True))
    return (solved, "pyvrp") if no_less else (greedy, "greedy")


def _served_urgency(week: Week, tours: Sequence[Tour]) -> tuple[int, float, float]:
    """Give the days that the stops in tours are overdue, the urgency of those that are, and of all."""
    stops = [week.stops[k] for tour in tours for k in tour]
    overdue = [stop for stop in stops if stop.overdue]
    return sum(stop.days_overdue for stop in overdue), total_urgency(overdue), total_urgency(stops)


def _day_route(week: Week, s: int, tour: Tour) -> DayRoute:
    shift, begins, legs = week.shifts[s], week.begin_times(s, tour) or [], week.way_legs(s, tour)
    ends = [begin + week.stops[k].minutes for k, begin in zip(tour, begins, strict=True)]
    return DayRoute(
        persons=shift.persons,
        day=shift.day,
        set_out=_time_of(begins[0] - legs[0]),
        visits=tuple(
            Visit(week.stops[k], _time_of(begin), _time_of(end), leg)
            for k, begin, end, leg in zip(tour, begins, ends, legs, strict=False)
        ),
        back=_time_of(ends[-1] + legs[-1]),
        way_minutes=sum(legs),
    )


def _time_of(minute: int) -> dt.time:
    return dt.time.max if minute == 24 * 60 else dt.time(*divmod(minute, 60))


def _left_out(week: Week, k: int) -> LeftOut:
    if not any(week.allowed[k]):
        return LeftOut(week.stops[k], "nobody")
    return LeftOut(week.stops[k], "full" if week.fits_alone(k) else "hours")


def _stop_problems(stops: Sequence[Stop]) -> Iterator[str]:
    """Name what is wrong with stops by number alone: an id may be a pupil's."""
    cases = Counter(stop.case_id for stop in stops)
    for what, wrong in (
        ("of a case that another stop has", [cases[stop.case_id] > 1 for stop in stops]),
        ("of no minutes, or of more than a day", [not 0 < stop.minutes <= 24 * 60 for stop in stops]),
        ("whose urgency is no number from 0 on", [not 0 <= stop.urgency < math.inf for stop in stops]),
        ("with a window that ends before it begins", [any(a >= b for a, b in s.windows) for s in stops]),
    ):
        if any(wrong):
            yield f"{sum(wrong)} of {len(stops)} stops {what}"


def _visitor_problems(visitors: Sequence[Visitor]) -> Iterator[str]:
    known = Counter(visitor.person for visitor in visitors)
    for visitor in visitors:
        name, days = f"visitor {visitor.person!r}", Counter(item.day for item in visitor.hours)
        if known[visitor.person] > 1:
            yield f"{name} stands {known[visitor.person]} times"
        yield from (
            f"{name} goes together with unknown {who!r}" for who in visitor.together if who not in known
        )
        yield from (f"{name} has {n} spans of hours on {day}" for day, n in days.items() if n > 1)
        if any(item.start >= item.end for item in visitor.hours):
            yield f"{name} has hours that end before they begin"
        if visitor.minutes_per_km is not None and not 0 < visitor.minutes_per_km < 1000:
            yield f"{name} has a pace of {visitor.minutes_per_km} minutes per km"
