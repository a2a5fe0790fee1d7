"""An interval is never narrower than the error of its height of risk, and still rises with the risk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.modelling.band_errors import BandError, BandErrors
from dropout_risk.modelling.calibration import LinearCalibration

shares = st.floats(0, 1)
tables = st.lists(st.builds(BandError, shares, shares, shares), min_size=1, max_size=6)
margins = st.lists(st.floats(-6, 6), min_size=1, max_size=20)


def gaps_at(table, risk):
    """What the row of a risk says, by a plain loop."""
    rows = [row for row in sorted(table) if row.start <= risk][-1:] or sorted(table)[:1]
    return rows[0].observed - rows[0].mean_risk


@given(st.lists(tables, min_size=1, max_size=2), margins)
def test_an_interval_reaches_as_far_as_the_error_of_every_table(printed, margin):
    margin = np.sort(margin)
    plain = LinearCalibration(covariance=((0.01, 0.0), (0.0, 0.01)))
    honest = LinearCalibration(covariance=plain.covariance, errors=BandErrors.of(printed))
    risks = 1 / (1 + np.exp(-margin))
    for risk, (low, high), (old_low, old_high) in zip(
        risks, honest.interval(margin), plain.interval(margin), strict=True
    ):
        for table in printed:
            gap = gaps_at(table, risk)
            assert low <= max(risk + min(gap, 0.0), 0.0) + 1e-9
            assert high >= min(risk + max(gap, 0.0), 1.0) - 1e-9
        assert 0 <= low <= old_low
        assert old_high <= high <= 1


@given(tables, margins)
def test_bounds_still_rise_with_the_risk(table, margin):
    found = LinearCalibration(covariance=((0.01, 0.0), (0.0, 0.01)), errors=BandErrors.of([table]))

    assert (np.diff(found.interval(np.sort(margin)), axis=0) >= -1e-12).all()


def test_errors_are_read_back_as_written_and_the_meaning_tells_of_them():
    found = LinearCalibration(errors=BandErrors.of([[BandError(0.0, 0.02, 0.05)]]))
    again = LinearCalibration.from_dict(found.to_dict())

    assert again == found
    assert "never narrower" in again.meaning
    assert "never narrower" not in LinearCalibration().meaning


@pytest.mark.parametrize("tables", [[], [[]], [[], []]])
def test_where_nothing_was_measured_there_are_no_errors(tables):
    assert BandErrors.of(tables) is None
