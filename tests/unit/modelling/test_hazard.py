import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.errors import TrainingError
from dropout_risk.modelling.timing import HazardClassifier, person_periods

EDGES = (10, 20, 30)


def plain_periods(days, dropped_out, edges):
    """Lay rows out one by one, as a reader of the definition would."""
    rows = []
    for row, (day, out) in enumerate(zip(days, dropped_out, strict=True)):
        start = 0
        for period, end in enumerate(edges):
            if out and start <= day < end:
                rows.append((row, period, 1))
                break
            if day < end:
                break
            rows.append((row, period, 0))
            start = end
    return rows


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=30))
def test_rows_are_laid_out_as_a_plain_loop_does(pupils):
    days, out = zip(*pupils, strict=True)
    rows, period, happened = person_periods(days, out, EDGES)

    assert list(zip(rows.tolist(), period.tolist(), happened.tolist(), strict=True)) == plain_periods(
        days, out, EDGES
    )


@pytest.fixture(scope="module")
def pupils():
    """Whose hazard is 0.02 or 0.2 in each of three periods, by absence alone."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"absent": rng.integers(0, 2, 12000).astype(float)})
    hazard = np.where(X["absent"] == 1, 0.2, 0.02)[:, None]
    out = rng.uniform(size=(12000, 3)) < hazard
    first = np.where(out.any(axis=1), out.argmax(axis=1), 3)
    return X, first * 10 + rng.integers(0, 10, 12000) * (first < 3), first < 3


@pytest.fixture(scope="module")
def hazard(pupils):
    return HazardClassifier(EDGES, model="logistic").fit(*pupils)


def test_the_true_hazards_are_found(hazard):
    found = hazard.hazards(pd.DataFrame({"absent": [0.0, 1.0]}))

    np.testing.assert_allclose(found[1], 0.2, atol=0.03)
    np.testing.assert_allclose(found[0], 0.02, atol=0.012)


def test_risk_never_falls_with_the_days_and_is_none_on_day_0(hazard):
    within = hazard.risk_within(pd.DataFrame({"absent": [0.0, 1.0]}), list(range(31)))

    assert (within[:, 0] == 0).all()
    assert (np.diff(within, axis=1) > 0).all()


def test_risk_at_the_end_of_the_periods_is_the_product_of_staying(hazard):
    X = pd.DataFrame({"absent": [0.0, 1.0]})

    np.testing.assert_allclose(
        hazard.risk_within(X, [30])[:, 0], 1 - np.prod(1 - hazard.hazards(X), axis=1), atol=1e-12
    )


def test_rows_lost_sight_of_do_not_count_as_staying(pupils):
    X, days, out = pupils
    seen = np.minimum(days, np.where(X["absent"] == 1, 10, 30))
    lost = HazardClassifier(EDGES, model="logistic").fit(X, seen, out & (days < seen + 1) & (days == seen))

    assert lost.hazards(pd.DataFrame({"absent": [1.0]}))[0, 0] == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("edges", "words"), [((), "must rise"), ((10, 10), "must rise"), ((0, 10), "must rise")]
)
def test_edges_that_do_not_rise_are_refused(pupils, edges, words):
    with pytest.raises(TrainingError, match=words):
        HazardClassifier(edges).fit(*pupils)


def test_days_beyond_the_last_period_are_refused(hazard):
    with pytest.raises(TrainingError, match="end after 30"):
        hazard.risk_within(pd.DataFrame({"absent": [0.0]}), [31])


def test_nobody_dropping_out_is_refused_with_the_way_out(pupils):
    X, days, _ = pupils
    with pytest.raises(TrainingError, match="longer periods"):
        HazardClassifier(EDGES).fit(X, days, np.zeros(len(X), dtype=bool))


def test_a_dropout_before_the_as_of_date_is_refused():
    with pytest.raises(TrainingError, match="1 of 2 numbers of days are below 0"):
        person_periods([-3, 5], [True, False], EDGES)
