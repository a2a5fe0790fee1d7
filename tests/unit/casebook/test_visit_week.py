"""A week of visits: who goes where, what is left out and why, with and without pyvrp."""

import builtins
import datetime as dt
import subprocess
import sys
from dataclasses import replace

import pytest

from dropout_risk.casebook.visiting import visit_week
from dropout_risk.casebook.visiting.visit_routes import Week
from dropout_risk.casebook.visiting.visit_solver import solved_tours
from dropout_risk.casebook.visiting.visit_week import plan_week
from dropout_risk.casebook.visiting.visits import Hours, Spot, Stop, Visitor, VisitSettings
from dropout_risk.errors import MissingExtraError, SettingsError, VisitError

MONDAY, TUESDAY = dt.date(2025, 5, 19), dt.date(2025, 5, 20)
GREEDY, PYVRP = (VisitSettings(solver=solver) for solver in ("greedy", "pyvrp"))


def visitor(person="t-1", first=14, last=17, days=(MONDAY,), **more):
    hours = tuple(Hours(day, dt.time(first), dt.time(last)) for day in days)
    return Visitor(person, hours, village="school", **more)


def routed(plan):
    return [[visit.stop.case_id for visit in route.visits] for route in plan.routes]


@pytest.mark.parametrize("settings", [GREEDY, PYVRP])
def test_homes_of_one_village_are_visited_on_one_day(settings):
    stops = [Stop(f"c-{k}", f"p-{k}", village) for k, village in enumerate(["a", "b", "a", "b"])]
    plan = plan_week(
        stops, [visitor(first=13, last=16, days=(MONDAY, TUESDAY), capacity=2)], [MONDAY, TUESDAY], settings
    )

    assert sorted(map(sorted, routed(plan))) == [["c-0", "c-2"], ["c-1", "c-3"]]


@pytest.mark.parametrize("settings", [GREEDY, PYVRP])
def test_an_overdue_stop_goes_before_a_more_urgent_one_that_is_not(settings):
    stops = [Stop("c-1", "p-1", "a", urgency=100), Stop("c-2", "p-2", "b", days_overdue=1, urgency=0.1)]
    plan = plan_week(stops, [visitor(capacity=1)], [MONDAY], settings)

    assert (routed(plan), [(item.stop.case_id, item.reason) for item in plan.left_out]) == (
        [["c-2"]],
        [("c-1", "full")],
    )


@pytest.mark.parametrize("settings", [GREEDY, PYVRP])
def test_overdue_stops_come_on_the_first_day(settings):
    stops = [Stop(f"c-{k}", f"p-{k}", "a", days_overdue=3 * (k > 2)) for k in range(6)]
    plan = plan_week(
        stops, [visitor(last=18, days=(MONDAY, TUESDAY), capacity=3)], [MONDAY, TUESDAY], settings
    )

    assert sorted(routed(plan)[0]) == ["c-3", "c-4", "c-5"]


@pytest.mark.parametrize("solver", ["greedy", "pyvrp"])
@pytest.mark.parametrize("urgency", [0.5, 3])
def test_among_overdue_stops_the_longest_overdue_goes_first_though_it_is_far(solver, urgency):
    """One home 30 days over takes an afternoon of its own; eight of one day lie next door."""
    days = [MONDAY + dt.timedelta(n) for n in range(5)]
    near = [Stop(f"near-{n}", f"p-{n}", "near", days_overdue=1) for n in range(8)]
    far = Stop("far", "p-x", "far", days_overdue=30, urgency=urgency)
    between = {"school": {"near": 5, "far": 45}, "near": {"far": 45}}
    settings = VisitSettings(minutes_between=between, solver=solver)
    hours = tuple(Hours(day, dt.time(14), dt.time(16, 30)) for day in days)
    plan = plan_week([*near, far], [Visitor("t", hours, "school")], days, settings)

    assert [visit.stop.case_id for visit in plan.routes[0].visits] == ["far"]
    assert plan.left_out == ()
    short = plan_week([*near, far], [Visitor("t", hours[:1], "school")], days[:1], settings)
    assert [stop.case_id for stop in short.stops] == ["far"]


def test_an_overdue_stop_that_a_solver_left_out_takes_the_time_of_one_that_is_not_overdue():
    stops = [
        Stop("c-0", "p-0", "a"),
        Stop("c-1", "p-1", "b", minutes=90, days_overdue=1),
        Stop("c-2", "p-2", "a"),
    ]
    week = Week(stops, [visitor()], [MONDAY], GREEDY)

    assert week.put_in_order([[0, 2]]) == [[1]]


def test_pyvrp_finds_a_shorter_way_than_taking_the_most_urgent_first():
    line = [
        Stop(f"c-{k}", f"p-{k}", spot=Spot(k, 0, "km"), minutes=5, urgency=(7 * k) % 5) for k in range(1, 9)
    ]
    people = [replace(visitor(f"t-{k}", 8, 18, capacity=5), spot=Spot(4, 0, "km")) for k in range(2)]
    plain, solved = (plan_week(line, people, [MONDAY], settings) for settings in (GREEDY, PYVRP))

    assert (solved.made_by, len(solved.stops)) == ("pyvrp", 8)
    assert solved.way_minutes <= plain.way_minutes


def test_who_goes_together_shares_the_hours_that_both_have():
    two = [visitor("t-1", 13, 17, together=("v-1",)), visitor("v-1", 15, 18)]
    plan = plan_week([Stop("c-1", "p-1", "a", minutes=10)], two, [MONDAY], GREEDY)
    (route,) = plan.routes

    assert route.persons == ("t-1", "v-1")
    assert (route.set_out, route.visits[0].arrive, route.back) == (
        dt.time(15),
        dt.time(15, 30),
        dt.time(16, 10),
    )
    assert plan.routes_of("v-1") == plan.routes


@pytest.mark.parametrize("settings", [GREEDY, PYVRP])
def test_each_stop_left_out_has_its_reason(settings):
    evening = ((dt.time(20), dt.time(21)),)
    stops = [
        Stop("c-1", "p-1", visitors=("t-9",)),
        Stop("c-2", "p-2", windows=evening),
        Stop("c-3", "p-3", minutes=100, urgency=2),
        Stop("c-4", "p-4", minutes=100),
    ]
    plan = plan_week(stops, [visitor()], [MONDAY], settings)

    assert {item.stop.case_id: item.reason for item in plan.left_out} == {
        "c-1": "nobody", "c-2": "hours", "c-4": "full",
    }  # fmt: skip
    assert all(item.text.zh and item.text.en for item in plan.left_out)


@pytest.mark.parametrize("settings", [GREEDY, PYVRP])
def test_a_home_with_two_windows_is_visited_in_one_of_them(settings):
    windows = ((dt.time(8), dt.time(9)), (dt.time(15), dt.time(16)))
    plan = plan_week([Stop("c-1", "p-1", windows=windows)], [visitor()], [MONDAY], settings)

    assert plan.routes[0].visits[0].arrive == dt.time(15)


def test_pyvrp_knows_the_windows_so_that_its_own_plan_is_taken():
    stops = [Stop(f"c-{k}", f"p-{k}", "a", windows=((dt.time(15), dt.time(16)),)) for k in range(4)]
    plan = plan_week(stops, [visitor(), visitor("t-2")], [MONDAY], PYVRP)

    assert (plan.made_by, [len(route.visits) for route in plan.routes]) == ("pyvrp", [1, 1])


@pytest.mark.parametrize(("late", "by_village"), [(200, False), (0, True)])
def test_pyvrp_weighs_a_day_of_waiting_against_the_way(late, by_village):
    stops = [Stop(f"c-{k}", f"p-{k}", "aabb"[k], days_overdue=(k + 1) % 2) for k in range(4)]
    settings = VisitSettings(solver="pyvrp", late_minutes=late)
    people = [visitor(last=18, days=(MONDAY, TUESDAY), capacity=2)]
    plan = plan_week(stops, people, [MONDAY, TUESDAY], settings)
    monday = {*routed(plan)[0]}

    assert plan.made_by == "pyvrp"
    assert monday in ([{"c-0", "c-1"}, {"c-2", "c-3"}] if by_village else [{"c-0", "c-2"}])


def test_nobody_to_go_or_nothing_to_do_is_a_plan_too():
    assert plan_week([], [visitor()], [MONDAY]).routes == ()
    assert [item.reason for item in plan_week([Stop("c-1", "p-1")], [], [MONDAY]).left_out] == ["nobody"]
    assert [item.reason for item in plan_week([Stop("c-1", "p-1")], [visitor()], []).left_out] == ["nobody"]


def test_all_that_is_wrong_is_told_at_once_and_without_an_id():
    stops = [
        Stop("secret", "p-1"),
        Stop("secret", "p-2", minutes=0),
        Stop("c-3", "p-3", urgency=float("nan")),
    ]
    people = [visitor(together=("t-9",)), visitor("t-2", days=(MONDAY, MONDAY)), visitor("t-3", 17, 14)]
    with pytest.raises(VisitError) as error:
        plan_week(stops, people, [MONDAY])

    told = str(error.value)
    assert "secret" not in told
    for part in (
        "2 of 3 stops of a case",
        "of no minutes",
        "urgency",
        "unknown 't-9'",
        "2 spans",
        "before they begin",
    ):
        assert part in told


@pytest.mark.parametrize(
    "wrong",
    [{"detour": 0.5}, {"iterations": 0}, {"solver": "magic"}, {"seed": True}, {"timezone": "Shanghai"}],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises((ValueError, SettingsError)):
        VisitSettings(**wrong)


def without_pyvrp(monkeypatch):
    real = builtins.__import__

    def fake(name, *rest):
        if name.startswith("pyvrp"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", fake)
    monkeypatch.setattr(visit_week, "has_pyvrp", lambda: False)


def test_without_pyvrp_the_plain_way_is_taken_and_asking_for_it_names_the_extra(monkeypatch):
    without_pyvrp(monkeypatch)

    assert plan_week([Stop("c-1", "p-1")], [visitor()], [MONDAY]).made_by == "greedy"
    with pytest.raises(MissingExtraError, match=r'pip install "dropout-risk\[visits\]"'):
        plan_week([Stop("c-1", "p-1")], [visitor()], [MONDAY], PYVRP)


@pytest.mark.parametrize("found", [None, [[0, 0, 0, 0, 0, 0]], [[0]], [[1, 0]]])
def test_a_solver_that_finds_nothing_or_less_gives_way_to_the_plain_plan(monkeypatch, found):
    stops = [Stop("c-1", "p-1", "a", urgency=1), Stop("c-2", "p-2", "a", urgency=5)]
    monkeypatch.setattr(visit_week, "solved_tours", lambda week, start: found)
    plan = plan_week(stops, [visitor(capacity=1)], [MONDAY], PYVRP)

    assert (plan.made_by, routed(plan)) == ("greedy", [["c-2"]])


def test_pyvrp_is_quiet_and_gives_the_same_on_every_run(capfd, recwarn):
    stops = [Stop(f"c-{k:02}", f"p-{k}", f"v{k % 5}", minutes=50, days_overdue=k % 2) for k in range(30)]
    week = Week(stops, [visitor(capacity=3), visitor("t-2", capacity=3)], [MONDAY], PYVRP)
    first, second = (solved_tours(week, week.greedy_tours()) for _ in range(2))

    assert first == second
    assert (capfd.readouterr(), len(recwarn)) == (("", ""), 0)


def test_the_planner_imports_neither_pyvrp_nor_icalendar_before_they_are_needed():
    code = (
        "import sys, dropout_risk.casebook.visiting.visit_week as _;"
        "import dropout_risk.casebook.visiting.visit_calendar;"
        "print({'pyvrp', 'icalendar'} & {*sys.modules})"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "set()"
