"""Whatever the stops, the people and their hours: a plan keeps every hard rule, by either solver."""

import warnings
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_risk.casebook.visiting.visit_week import plan_week
from dropout_risk.casebook.visiting.visits import total_urgency
from support.visits import DAYS, PlainRules, weeks

few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def planned(week, solver):
    stops, visitors, rules = week
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return plan_week(stops, visitors, DAYS, rules.model_copy(update={"solver": solver}))


@pytest.mark.parametrize("solver", ["greedy", "pyvrp"])
@few
@given(week=weeks())
def test_no_plan_breaks_a_hard_rule_or_leaves_anybody_out_in_silence(solver, week):
    assert PlainRules(*week).broken(planned(week, solver)) == []


@few
@given(week=weeks())
def test_pyvrp_never_serves_less_urgency_than_the_plain_way(week):
    plain, solved = planned(week, "greedy"), planned(week, "pyvrp")

    assert solved.urgency >= plain.urgency
    assert total_urgency(s for s in solved.stops if s.overdue) >= total_urgency(
        s for s in plain.stops if s.overdue
    )


@pytest.mark.parametrize("solver", ["greedy", "pyvrp"])
@settings(max_examples=20)
@given(week=weeks(), random=st.randoms(use_true_random=False))
def test_the_same_stops_in_another_order_give_the_same_plan(solver, week, random):
    stops, visitors, rules = week
    mixed = random.sample(stops, len(stops))

    assert planned((mixed, visitors, rules), solver) == planned(week, solver)


@few
@given(week=weeks())
def test_the_plain_rules_notice_a_route_before_its_hours_and_a_stop_that_is_gone(week):
    plan = planned(week, "greedy")
    early = tuple(replace(route, set_out=route.set_out.replace(hour=1)) for route in plan.routes)

    assert not plan.routes or "times" in PlainRules(*week).broken(replace(plan, routes=early))
    assert not plan.left_out or "each stop once" in PlainRules(*week).broken(replace(plan, left_out=()))
