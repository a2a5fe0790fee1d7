"""The future is gone, or somebody else's, and the past is untouched."""

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.histories.future import with_shuffled_future, without_future
from dropout_risk.records.days.calendar import ordinal_of
from dropout_risk.records.tables import RUNS

DAY, END = "2025-02-10", "2025-06-02"
CHANGES = [without_future, with_shuffled_future]


@pytest.fixture(scope="module")
def histories():
    return dr.Histories.from_records(dr.simulate_district(n_students=150, seed=6, n_days=170, late_share=0.2))


def rows_known(histories, name, day):
    rows = histories.runs[name].known_on(ordinal_of(day))
    return [np.asarray(rows[column]) for column in rows]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_known_before_the_day_stays(histories, change):
    changed = change(histories, DAY)
    for name in RUNS:
        for one, other in zip(rows_known(changed, name, DAY), rows_known(histories, name, DAY), strict=True):
            np.testing.assert_array_equal(one, other)
    assert np.array_equal(changed.on(DAY).days("absent"), histories.on(DAY).days("absent"))


def test_nothing_that_became_known_on_the_day_or_later_is_left(histories):
    cut, start = without_future(histories, DAY), ordinal_of(DAY)
    assert all((cut.runs[name].columns["known"] < start).all() for name in RUNS)
    assert (cut.student_dates("left_on") <= start).all()
    later = cut.on(END)
    days = (later.end - histories.on(DAY).end).min()
    assert days > 20
    assert not later.days("recorded", int(days)).any()
    assert histories.on(END).days("recorded", int(days)).any()


def test_a_shuffled_future_holds_the_same_rows_of_other_pupils(histories):
    mixed = with_shuffled_future(histories, DAY)
    assert sorted(mixed.grades.columns["percent"]) == sorted(histories.grades.columns["percent"])
    assert not np.array_equal(mixed.grades.columns["percent"], histories.grades.columns["percent"])
    one, other = (np.unpackbits(of.attendance.planes["absent"]) for of in (histories, mixed))
    assert one.sum() == other.sum()
    assert not np.array_equal(one, other)
    assert (
        np.sort(mixed.student_dates("left_on")).tolist()
        == np.sort(histories.student_dates("left_on")).tolist()
    )


def test_another_seed_shuffles_otherwise_and_the_same_one_alike(histories):
    marks = [with_shuffled_future(histories, DAY, seed).grades.columns["percent"] for seed in (0, 0, 1)]
    assert np.array_equal(marks[0], marks[1])
    assert not np.array_equal(marks[0], marks[2])
