import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from dropout_risk.errors import SettingsError
from dropout_risk.modelling.timing import Timing

TIMING = Timing((15, 30, 45, 60, 75, 90), (-4.0, -3.5, -5.0, -4.0, -4.0, -3.0), 0.9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_risk_within_never_falls_with_the_days_and_ends_at_the_risk_itself(risks):
    risk = np.array(risks)
    within = TIMING.within(risk, list(range(91)))

    assert (np.diff(within, axis=1) >= -1e-15).all()
    assert (within[:, 90] == risk).all()
    assert (within[:, 0] == 0).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 120)), min_size=1, max_size=20))
def test_a_risk_that_ends_early_lies_wholly_before_its_end(pairs):
    risk, ends = np.array([one for one, _ in pairs]), np.array([end for _, end in pairs])
    days = np.arange(91)
    within, open_end = TIMING.within(risk, days, ends), TIMING.within(risk, days)

    assert (np.diff(within, axis=1) >= -1e-15).all()
    assert (within >= open_end - 1e-15).all()
    for row, end in enumerate(ends.tolist()):
        assert (within[row, max(end, 1) :] == risk[row]).all()
        if end >= 90:
            assert np.array_equal(within[row], open_end[row])


@given(st.lists(st.floats(0.001, 0.999), min_size=2, max_size=20))
def test_a_pupil_gets_the_same_bits_alone_and_in_any_order(risks):
    risk = np.array(risks)
    together = TIMING.within(risk[::-1].copy(), [30, 60])[::-1]

    assert np.array_equal(
        together, np.vstack([TIMING.within(risk[i : i + 1], [30, 60]) for i in range(len(risk))])
    )


def test_a_risk_next_to_none_is_spread_without_a_gap_in_the_numbers():
    steep = Timing((30, 60, 90), (-4.0, -4.0, -4.0), 3.0)

    assert steep.within(np.array([0.0, 1e-15, 1e-9]), [30, 60, 90]) == pytest.approx(
        np.outer([0.0, 1e-15, 1e-9], [1 / 3, 2 / 3, 1]), abs=0, rel=1e-6
    )


def test_the_levels_of_known_hazards_are_found():
    rng = np.random.default_rng(1)
    log_odds = rng.normal(-2, 1, 40_000)
    hazards = expit(np.array([-2.0, -1.0, -3.0]) + 0.8 * log_odds[:, None])
    out = rng.uniform(size=hazards.shape) < hazards
    period = np.where(out.any(axis=1), out.argmax(axis=1), 3)
    timing = Timing.fit(log_odds, np.where(period < 3, period * 2, 6), period < 3, 6)

    assert timing.edges == (1, 2, 3, 4, 5, 6)
    assert timing.slope == pytest.approx(0.8, abs=0.05)
    assert timing.levels[0] == pytest.approx(-2.0, abs=0.1)
    assert timing.levels[2] == pytest.approx(-1.0, abs=0.1)


def test_what_is_written_is_what_is_read():
    assert Timing.from_dict(TIMING.to_dict()) == TIMING


def test_days_beyond_the_horizon_are_refused():
    with pytest.raises(SettingsError, match="horizon is 90"):
        TIMING.within(np.array([0.1]), [120])
