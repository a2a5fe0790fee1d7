"""Routes by pyvrp, which is asked for the most urgent stops and then for the shortest way."""

from __future__ import annotations

import importlib.util
import warnings
from collections import Counter
from typing import Any

import numpy as np

from dropout_risk.casebook.visiting.visit_routes import Tour, Week
from dropout_risk.errors import MissingExtraError

PRIZE, LEAST_PRIZE, OVERDUE_PRIZE = 9_000, 2_000, 100_000
"""Minutes of way that the most urgent stop is worth, any stop, and each day overdue on top."""
CLOSED = 100_000
"""Minutes of way to a home that a team may not visit."""


def has_pyvrp() -> bool:
    """Say whether pyvrp is installed."""
    return importlib.util.find_spec("pyvrp") is not None


def solved_tours(week: Week, start: list[Tour]) -> list[Tour] | None:
    """Give a tour for each shift, made from those of ``start``; None where pyvrp finds none that fits.

    MissingExtraError if pyvrp is not installed.
    """
    try:
        from pyvrp import solve
        from pyvrp.exceptions import PenaltyBoundWarning
        from pyvrp.stop import MaxIterations
    except ImportError as error:
        raise MissingExtraError(
            "pyvrp is not installed.",
            hint='pip install "dropout-risk[visits]", or solver = "greedy" in the settings of visits',
        ) from error
    problem = VisitProblem(week)
    with warnings.catch_warnings():  # a start that fits is at hand, so that its doubts concern nobody
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        result = solve(
            problem.data,
            MaxIterations(week.settings.iterations),
            seed=week.settings.seed,
            collect_stats=False,
            display=False,
            initial_solution=problem.solution_of(start),
        )
    return problem.tours_of(result.best) if result.is_feasible() else None


class VisitProblem:
    """A week as pyvrp reads it: a vehicle for each shift, a client for each window of a stop.

    The way to a stop is longer on later days by what its delay costs.
    """

    def __init__(self, week: Week) -> None:
        import pyvrp

        self.week, stops = week, week.stops
        self.clients = [
            (k, opens, closes - stop.minutes)
            for k, stop in enumerate(stops)
            for opens, closes in week.windows[k]
            if closes - opens >= stop.minutes
        ]
        groups = [k for k, n in Counter(k for k, *_ in self.clients).items() if n > 1]
        homes = sorted({shift.home for shift in week.shifts})
        profiles = {self._profile_of(s): s for s in range(len(week.shifts))}
        ways = [self._ways_of(s) for s in profiles.values()]
        most = max((stop.urgency for stop in stops), default=0) or 1
        prizes = [
            max(round(PRIZE * stop.urgency / most), LEAST_PRIZE) + OVERDUE_PRIZE * stop.days_overdue
            for stop in stops
        ]
        self.data = pyvrp.ProblemData(
            locations=[pyvrp.Location(0, 0) for _ in ways[0][0]],
            clients=[
                pyvrp.Client(
                    location=k,
                    delivery=[1],
                    service_duration=stops[k].minutes,
                    tw_early=first,
                    tw_late=last,
                    prize=prizes[k],
                    required=False,
                    group=groups.index(k) if k in groups else None,
                )
                for k, first, last in self.clients
            ],
            depots=[pyvrp.Depot(home) for home in homes],
            vehicle_types=[
                pyvrp.VehicleType(
                    capacity=[shift.capacity],
                    start_depot=homes.index(shift.home),
                    end_depot=homes.index(shift.home),
                    tw_early=shift.start,
                    tw_late=shift.end,
                    profile=[*profiles].index(self._profile_of(s)),
                )
                for s, shift in enumerate(week.shifts)
            ],
            distance_matrices=[costs for costs, _ in ways],
            duration_matrices=[minutes for _, minutes in ways],
            groups=[
                pyvrp.ClientGroup(
                    [c for c, client in enumerate(self.clients) if client[0] == k], required=False
                )
                for k in groups
            ],
        )

    def _profile_of(self, s: int) -> tuple[float, int, tuple[bool, ...]]:
        shift = self.week.shifts[s]
        return shift.pace, shift.number, tuple(allowed[s] for allowed in self.week.allowed)

    def _ways_of(self, s: int) -> tuple[Any, Any]:
        """Give what the way to each home costs on the day of a shift, and its minutes."""
        pace, number, allowed = self._profile_of(s)
        minutes = self.week.ways[pace].copy()
        closed = np.flatnonzero(~np.array(allowed, bool))
        minutes[closed, :] = minutes[:, closed] = CLOSED
        costs = minutes.copy()
        costs[:, : len(allowed)] += np.array(
            [self.week.delay(k, number) for k in range(len(allowed))], np.int64
        )
        for table in (costs, minutes):
            np.fill_diagonal(table, 0)
        return costs, minutes

    def solution_of(self, tours: list[Tour]) -> Any:
        """Write tours as a solution of pyvrp's."""
        import pyvrp

        begins = [self.week.begin_times(s, tour) or [] for s, tour in enumerate(tours)]
        routes = [[*map(self._client_of, *both)] for both in zip(tours, begins, strict=True)]
        return pyvrp.Solution(self.data, [pyvrp.Route(self.data, r, s) for s, r in enumerate(routes) if r])

    def _client_of(self, k: int, begin: int) -> int:
        """Find the window of a stop in which a visit begins."""
        return next(
            c for c, (stop, first, last) in enumerate(self.clients) if stop == k and first <= begin <= last
        )

    def tours_of(self, solution: Any) -> list[Tour]:
        """Read tours from a solution of pyvrp's."""
        tours: list[Tour] = [[] for _ in self.week.shifts]
        for route in solution.routes():
            tours[route.vehicle_type()] = [self.clients[item.idx][0] for item in route if item.is_client()]
        return tours
