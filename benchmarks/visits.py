"""What a week of visits costs and how long its ways are: pyvrp beside the plain way, on made-up villages.

Homes lie in villages of a square of 12 km, a third of them overdue, a third with hours of their own; the
visitors start from its middle and have the afternoons of five days. The median of some seeds is told.

    python benchmarks/visits.py [--seeds 3] [--iterations 300]
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import time
from collections.abc import Iterator

import numpy as np

from dropout_risk.casebook.visiting.visit_week import plan_week
from dropout_risk.casebook.visiting.visits import Hours, Spot, Stop, Visitor, VisitPlan, VisitSettings

DAYS = tuple(dt.date(2025, 5, 19) + dt.timedelta(day) for day in range(5))
WIDTH, SPREAD = 12.0, 0.4
SIZES = ((20, 2), (200, 10), (200, 6))
NOON = ((dt.time(12), dt.time(14)), (dt.time(16), dt.time(19)))


def made_up_week(n_stops: int, n_visitors: int, seed: int) -> tuple[list[Stop], list[Visitor]]:
    """Make up stops and visitors."""
    random = np.random.default_rng(seed)
    villages = random.uniform(0, WIDTH, (max(4, n_stops // 6), 2))
    stops = []
    for k in range(n_stops):
        number = int(random.integers(len(villages)))
        north, east = villages[number] + random.uniform(-SPREAD, SPREAD, 2)
        stops.append(
            Stop(
                f"case-{k:03}",
                f"pupil-{k}",
                f"village-{number}",
                Spot(float(north), float(east), "km"),
                minutes=int(random.choice([30, 40, 60])),
                due=DAYS[random.integers(5)],
                days_overdue=int(random.choice([0, 0, 3])),
                urgency=float(random.choice([1, 2, 3, 5])),
                windows=NOON if random.random() < 1 / 3 else (),
            )
        )
    visitors = [
        Visitor(
            f"visitor-{k}",
            tuple(Hours(day, dt.time(13 + k % 2), dt.time(18)) for day in DAYS),
            spot=Spot(WIDTH / 2, WIDTH / 2, "km"),
            capacity=6,
        )
        for k in range(n_visitors)
    ]
    return stops, visitors


def figures_of(plan: VisitPlan, seconds: float) -> tuple[float, ...]:
    """Give seconds, homes visited, urgency, minutes of way, and school days until an overdue home is seen."""
    waits = [DAYS.index(route.day) for route in plan.routes for visit in route.visits if visit.stop.overdue]
    return seconds, len(plan.stops), plan.urgency, plan.way_minutes, statistics.fmean(waits)


def measured_rows(seeds: int, iterations: int) -> Iterator[str]:
    """Plan each size by both ways, and write a row of a table for each."""
    for n_stops, n_visitors in SIZES:
        for solver in ("greedy", "pyvrp"):
            settings = VisitSettings.model_validate({"solver": solver, "iterations": iterations})
            figures = []
            for seed in range(seeds):
                stops, visitors = made_up_week(n_stops, n_visitors, seed)
                started = time.perf_counter()
                plan = plan_week(stops, visitors, DAYS, settings)
                figures.append(figures_of(plan, time.perf_counter() - started))
            seconds, visited, urgency, way, wait = map(statistics.median, zip(*figures, strict=True))
            yield (
                f"| {n_stops} | {n_visitors} | {solver} | {seconds:.2f} | {visited:.0f} | {urgency:.0f} "
                f"| {way:.0f} | {wait:.2f} |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=VisitSettings().iterations)
    asked = parser.parse_args()
    print(
        "| stops | visitors | by | seconds | visited | urgency | minutes of way | days to an overdue home |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for row in measured_rows(asked.seeds, asked.iterations):
        print(row, flush=True)
