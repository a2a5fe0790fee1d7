"""Routes by pyvrp, which is asked for the most urgent stops and then for the shortest way."""

from __future__ import annotations

import importlib.util
import warnings
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from dropout_risk.arrays import Array
from dropout_risk.casebook.visit_routes import Shift, Tour, Week
from dropout_risk.errors import MissingExtraError

PRIZE, LEAST_PRIZE, OVERDUE_PRIZE = 9_000, 2_000, 100_000
"""Minutes of way that the most urgent stop is worth, any stop, and an overdue one on top."""
CLOSED = 100_000
"""Minutes of way to a home that a team may not visit."""


class Choice(NamedTuple):
    """A window in which stop ``k`` may be visited on any day."""

    k: int
    opens: int
    closes: int


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

        self.week, self.shifts = week, week.shifts
        self.choices = [
            Choice(k, opens, closes)
            for k, (stop, windows) in enumerate(zip(week.stops, week.windows, strict=True))
            for opens, closes in windows
            if closes - opens >= stop.minutes
        ]
        several = [k for k, n in Counter(choice.k for choice in self.choices).items() if n > 1]
        homes = sorted({shift.team.home for shift in self.shifts})
        profiles = list(dict.fromkeys(map(self._profile_of, self.shifts)))
        ways = [self._ways_of(*profile) for profile in profiles]
        self.data = pyvrp.ProblemData(
            locations=[pyvrp.Location(0, 0) for _ in ways[0][0]],
            clients=[
                pyvrp.Client(
                    location=choice.k,
                    delivery=[1],
                    service_duration=week.stops[choice.k].minutes,
                    tw_early=choice.opens,
                    tw_late=choice.closes - week.stops[choice.k].minutes,
                    prize=self._prize_of(choice.k),
                    required=False,
                    group=several.index(choice.k) if choice.k in several else None,
                )
                for choice in self.choices
            ],
            depots=[pyvrp.Depot(home) for home in homes],
            vehicle_types=[
                pyvrp.VehicleType(
                    capacity=[shift.team.capacity],
                    start_depot=homes.index(shift.team.home),
                    end_depot=homes.index(shift.team.home),
                    tw_early=shift.start,
                    tw_late=shift.end,
                    profile=profiles.index(self._profile_of(shift)),
                )
                for shift in self.shifts
            ],
            distance_matrices=[costs for costs, _ in ways],
            duration_matrices=[minutes for _, minutes in ways],
            groups=[
                pyvrp.ClientGroup(
                    [c for c, choice in enumerate(self.choices) if choice.k == k], required=False
                )
                for k in several
            ],
        )

    def _prize_of(self, k: int) -> int:
        stop, most = self.week.stops[k], max(stop.urgency for stop in self.week.stops)
        worth = round(PRIZE * stop.urgency / most) if most else 0
        return max(worth, LEAST_PRIZE) + (OVERDUE_PRIZE if stop.overdue else 0)

    def _profile_of(self, shift: Shift) -> tuple[float, int, tuple[bool, ...]]:
        return shift.team.pace, shift.number, tuple(map(shift.team.may_visit, self.week.stops))

    def _ways_of(self, pace: float, number: int, open_to: tuple[bool, ...]) -> tuple[Array, Array]:
        """Give what the way to each home costs, and its minutes."""
        minutes = self.week.ways[pace].copy()
        closed = np.flatnonzero(~np.array(open_to, bool))
        minutes[closed, :] = minutes[:, closed] = CLOSED
        delays = np.zeros(len(minutes), np.int64)
        delays[: len(open_to)] = [self.week.delay(k, number) for k in range(len(open_to))]
        costs = minutes + delays
        np.fill_diagonal(minutes, 0)
        np.fill_diagonal(costs, 0)
        return costs, minutes

    def solution_of(self, tours: list[Tour]) -> Any:
        """Write tours as a solution of pyvrp's."""
        import pyvrp

        times = [self.week.begin_times(s, tour) or [] for s, tour in enumerate(tours)]
        routes = [
            pyvrp.Route(self.data, [*map(self._client_of, tour, times[s])], s)
            for s, tour in enumerate(tours)
            if tour
        ]
        return pyvrp.Solution(self.data, routes)

    def _client_of(self, k: int, begin: int) -> int:
        """Find the window of a stop in which a visit begins."""
        last = begin + self.week.stops[k].minutes
        return next(
            c
            for c, item in enumerate(self.choices)
            if item.k == k and item.opens <= begin and last <= item.closes
        )

    def tours_of(self, solution: Any) -> list[Tour]:
        """Read tours from a solution of pyvrp's."""
        tours: list[Tour] = [[] for _ in self.shifts]
        for route in solution.routes():
            tours[route.vehicle_type()] = [self.choices[item.idx].k for item in route if item.is_client()]
        return tours
