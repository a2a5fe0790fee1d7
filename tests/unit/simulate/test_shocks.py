"""Shocks hit classes and schools as they say, change nothing else, and never a hazard."""

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr


@pytest.fixture(scope="module")
def both():
    return dr.simulate_district(900, seed=4), dr.simulate_district(900, seed=4, shocks=True)


def rows_of(records):
    students = records.table("students").to_pandas()
    rows = records.table("attendance").to_pandas().merge(students, left_on="pupil", right_index=True)
    return rows.set_index(["student_id", "date"])


def test_nothing_but_attendance_changes(both):
    plain, hit = both
    for name in ("students", "family", "outcomes", "calendar"):
        assert plain.table(name).equals(hit.table(name))
    hazards = [name for name in plain.truth if name.startswith(("hazard", "mean", "dropout"))]
    pd.testing.assert_frame_equal(plain.truth[hazards], hit.truth[hazards])


def test_a_day_that_changed_lies_in_a_shock_of_its_class_or_school(both):
    plain, hit = map(rows_of, both)
    days = hit.join(plain["status"], rsuffix="_plain", how="inner")
    changed = days[days["status"] != days["status_plain"]].reset_index()
    shocks = both[1].truth.attrs["shocks"]
    covered = np.zeros(len(changed), bool)
    for shock in shocks.itertuples():
        unit = (
            changed["class_id"] == shock.class_id
            if shock.class_id
            else changed["school_id"] == shock.school_id
        )
        when = pd.to_datetime(changed["date"])
        covered |= (
            unit & (when >= pd.Timestamp(shock.first_day)) & (when <= pd.Timestamp(shock.last_day))
        ).to_numpy()

    assert len(changed) > 1000
    assert covered.all()
    assert set(shocks["kind"]) == {"epidemic", "harvest", "road", "register"}


def test_without_shocks_none_is_listed_and_the_same_seed_gives_the_same_ones(both):
    plain, hit = both
    again = dr.simulate_district(900, seed=4, shocks=True)

    assert "shocks" not in plain.truth.attrs
    assert again.table("attendance").equals(hit.table("attendance"))
    assert again.truth.attrs["shocks"].equals(hit.truth.attrs["shocks"])
