"""An interval is for the pupils of one school: it holds at as many schools as it says."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from venn_abers import VennAbers

from dropout_risk.modelling.calibration import OF_ALL, OF_SCHOOLS, LinearCalibration
from dropout_risk.modelling.uncertainty import SchoolSpread, equal_bands, excess_variance
from support.schools import drawn_schools


def calibrated(margin, y, pupils, cohorts):
    return LinearCalibration.fit(margin, y, pupils).among_schools(margin, y, pupils, cohorts)


def test_the_excess_variance_is_that_of_a_plain_loop_over_pairs():
    rng = np.random.default_rng(0)
    cells, pupils, risk = rng.integers(4, size=60), rng.integers(25, size=60), rng.uniform(0.1, 0.6, 60)
    y = (rng.random(60) < risk + 0.3 * (cells == 1)).astype(float)
    pairs = scale = 0.0
    for i, j in itertools.product(range(60), repeat=2):
        if cells[i] == cells[j] and pupils[i] != pupils[j]:
            pairs += (y[i] - risk[i]) * (y[j] - risk[j])
            scale += risk[i] * (1 - risk[i]) * risk[j] * (1 - risk[j])
    curved = np.average((1 - 2 * risk) ** 2, weights=(risk * (1 - risk)) ** 2)
    assert pairs > 0
    assert excess_variance(y, risk, cells, pupils) == pytest.approx(
        np.log1p(curved * pairs / scale) / curved, rel=1e-9
    )


def test_the_spread_between_schools_is_found():
    found = [calibrated(*drawn_schools(40, 200, 0.5, seed)).spread.variance for seed in range(20)]
    assert np.mean(found) == pytest.approx(0.25, rel=0.15)


def test_pupils_who_are_seen_twice_are_no_difference_between_schools():
    margin, y, pupils, cohorts = drawn_schools(40, 60, 0.0, days=4)
    cohorts = cohorts.assign(as_of="2025-03-03")
    told = SchoolSpread.of(margin, y, pupils, cohorts).variance
    pretending = SchoolSpread.of(margin, y, None, cohorts).variance
    assert told < 0.05 < pretending


@pytest.mark.parametrize("spread", [0.3, 0.6])
def test_nine_new_schools_of_ten_lie_within_the_interval(spread):
    margin = np.linspace(-4.5, 0.0, 5)
    held, held_by_line_alone = [], []
    for seed in range(60):
        found = calibrated(*drawn_schools(40, 150, spread, seed))
        shifts = np.random.default_rng([seed, 1]).normal(0, spread, 300)
        share = expit(margin[:, None] + shifts)
        low, high = found.interval(margin).T
        held.append(((low[:, None] <= share) & (share <= high[:, None])).mean())
        line = LinearCalibration(found.a, found.b, found.covariance)
        low, high = line.interval(margin).T
        held_by_line_alone.append(((low[:, None] <= share) & (share <= high[:, None])).mean())
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)
    assert np.mean(held_by_line_alone) < 0.6


def test_where_the_line_does_not_follow_the_interval_reaches_venn_abers():
    rng = np.random.default_rng(0)
    margin = rng.normal(-1.5, 1.5, 12_000)
    bent = np.where(margin < -1.5, -1.5 + 0.2 * (margin + 1.5), margin)
    y = (rng.random(len(margin)) < expit(bent)).astype(np.int8)
    schools = np.arange(len(margin)) % 30
    cohorts = drawn_schools(30, 400, 0.0, days=1)[3].assign(school_id=[f"s{place}" for place in schools])
    found = calibrated(margin, y, np.arange(len(margin)), cohorts)
    oracle = VennAbers()
    risk = expit(margin)
    oracle.fit(np.column_stack([1 - risk, risk]), y)
    _, bounds = oracle.predict_proba(np.column_stack([1 - risk, risk]))

    def reached(interval):  # by expected dropouts, as bands of risk are cut
        held = (interval[:, 0] <= bounds[:, 1]) & (bounds[:, 0] <= interval[:, 1])
        return np.average(held, weights=found.interval(margin).mean(axis=1))

    line = LinearCalibration(found.a, found.b, found.covariance)
    assert reached(line.interval(margin)) < 0.6
    assert reached(found.interval(margin)) > 0.9


def test_of_fewer_than_ten_schools_nothing_is_said_about_schools():
    found = calibrated(*drawn_schools(9, 300, 0.5))
    assert found.spread is None
    assert found.meaning == OF_ALL
    assert calibrated(*drawn_schools(10, 300, 0.5)).meaning == OF_SCHOOLS


def test_rows_without_a_school_are_of_none():
    margin, y, pupils, cohorts = drawn_schools(12, 100, 0.4)
    cohorts.loc[cohorts["school_id"] == "s3", "school_id"] = ""
    assert SchoolSpread.of(margin, y, pupils, cohorts).schools == 11


def test_bands_hold_equally_many_expected_dropouts():
    risk = np.random.default_rng(0).beta(1, 20, 5_000)
    told = np.bincount(equal_bands(risk, 10), weights=risk * (1 - risk))
    assert told == pytest.approx(np.full(10, told.mean()), rel=0.05)


def test_a_bundle_written_before_keeps_its_interval_and_its_meaning():
    found = calibrated(*drawn_schools(20, 100, 0.4))
    before = {key: found.to_dict()[key] for key in ("a", "b", "covariance")}
    again = LinearCalibration.from_dict(before)
    assert again == LinearCalibration(found.a, found.b, found.covariance)
    assert again.meaning == OF_ALL
    assert LinearCalibration.from_dict(found.to_dict()) == found


margins = st.lists(st.floats(-30, 30), min_size=1, max_size=40).map(np.array)


@given(margins, st.floats(0, 4), st.floats(0.5, 0.99), st.integers(10, 500))
def test_the_interval_holds_the_risk_and_rises_with_it(margin, variance, level, schools):
    found = LinearCalibration(
        0.9, -0.2, ((0.01, 0.004), (0.004, 0.02)), spread=SchoolSpread(variance, schools)
    )
    low, high = found.interval(np.sort(margin), level).T
    risk = expit(found.apply(np.sort(margin)))
    assert ((low >= 0) & (low <= risk) & (risk <= high) & (high <= 1)).all()
    assert (np.diff(low) >= -1e-12).all()
    assert (np.diff(high) >= -1e-12).all()
    alone = [found.interval(np.array([one]), level)[0].tolist() for one in margin]
    assert alone == found.interval(margin, level).tolist()
