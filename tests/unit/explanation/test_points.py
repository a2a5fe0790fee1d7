"""Points of probability: exact where subtraction would lose its digits, and adding up always."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from dropout_risk.explanation.contributions import points_per_log_odds

log_odds = st.floats(-40, 40)
near = st.floats(-1e-3, 1e-3) | st.sampled_from([0.0, 1e-300, -1e-300, 1e-16, 1e-9, -1e-9])


def slope_in_many_digits(base, end):
    with localcontext(prec=700):
        low, high = Decimal(base), Decimal(end)
        risk_low, risk_high = (1 / (1 + (-value).exp()) for value in (low, high))
        return float((risk_high - risk_low) / (high - low))


@given(log_odds, log_odds | st.none(), near)
def test_the_slope_keeps_its_digits_also_where_base_and_score_are_close(base, end, step):
    end = base + step if end is None else end
    found = points_per_log_odds(base, end)
    if end == base:
        assert found == pytest.approx(expit(base) * expit(-base), rel=1e-14)
    else:
        assert found == pytest.approx(slope_in_many_digits(base, end), rel=1e-12)


@given(log_odds, st.lists(st.floats(-8, 8) | near, max_size=12))
def test_points_of_all_contributions_are_the_risk_less_the_risk_of_the_base(base, contributions):
    end = base + sum(contributions)
    points = np.array(contributions) * points_per_log_odds(base, end)
    assert abs(points.sum() - (expit(end) - expit(base))) <= 1e-12


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_no_score_is_too_large_for_points(base, end):
    assert 0 <= points_per_log_odds(base, end) <= 0.25 + 1e-15
