import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from dropout_risk.pages.axes import signed_number
from dropout_risk.pages.pupil_charts import Waterfall, WaterfallPart
from support.lists import pupil

numbers = st.floats(-4, 4).map(lambda number: round(number, 3))


def fall(base, contributions):
    total = base + sum(contributions)
    score = pupil("p", float(expit(total)), base_log_odds=base, log_odds=total)
    parts = [WaterfallPart("raising" if of > 0 else "lowering", "x", "", of) for of in contributions]
    return Waterfall.of(score, parts, "en")


@given(numbers, st.lists(numbers, max_size=9))
def test_the_last_step_ends_where_the_pupils_risk_is_marked(base, contributions):
    *steps, total = fall(base, contributions).steps
    reached = steps[-1].end if contributions else steps[0].x + steps[0].width / 2
    assert total.x + total.width / 2 == pytest.approx(reached, abs=0.01)


@given(numbers, st.lists(numbers, min_size=1, max_size=9))
def test_bars_are_as_long_as_their_contributions(base, contributions):
    drawn = fall(base, contributions).steps[1:-1]
    unit = max(step.width for step in drawn) / max(*map(abs, contributions), 1e-12)
    for step, of in zip(drawn, contributions, strict=True):
        assert step.width == pytest.approx(max(unit * abs(of), 0.3), abs=0.31)


@given(numbers, st.lists(numbers, max_size=9))
def test_everything_is_drawn_inside_the_field(base, contributions):
    drawn = fall(base, contributions)
    assert all(step.x >= 0 and step.x + step.width <= 100 for step in drawn.steps)
    assert all(0 < tick.x < 100 for tick in drawn.ticks)


def test_every_bar_says_which_way_it_goes_and_how_far():
    start, up, down, total = fall(-3.0, [0.834, -0.4]).steps
    assert (start.number, total.number) == ("5%", "7%")
    assert (up.told, down.told) == ("raises the risk, weight +0.83", "lowers the risk, weight −0.40")
    assert down.x + down.width == pytest.approx(up.x + up.width, abs=0.01)


@given(st.floats(-9, 9))
def test_a_contribution_that_rounds_to_nothing_has_no_sign(number):
    assert re.fullmatch(r"0\.00|[+−]\d\.\d\d", signed_number(number))
    assert (signed_number(number) == "0.00") == (abs(number) < 0.005 or f"{abs(number):.2f}" == "0.00")
