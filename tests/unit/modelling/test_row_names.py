"""What stands beside a table names the same rows in the same order, or is refused."""

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.errors import FeatureInputError, LabelError, SettingsError
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.row_names import refuse_other_rows
from dropout_risk.modelling.leaks.report import find_leaks

NAMES = ["a", "b", "c", "d"]


def table(index):
    return pd.DataFrame({"absent": [1.0, 2.0, 3.0, 4.0]}, index=index)


def column(index):
    return pd.Series([0, 1, 0, 1], index=index)


PUPILS = pd.MultiIndex.from_product([["a", "b"], pd.to_datetime(["2025-01-01", "2025-02-01"])])
NAMED = PUPILS.set_names(["student_id", "as_of"])


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (NAMES, NAMES), (NAMES, range(4)), (range(4), NAMES), ([7, 5, 9, 1], range(4)),
        (["a", "a", "b", "b"], ["a", "a", "b", "b"]),
        (NAMED, NAMED), (NAMED.get_level_values(0), NAMED), (NAMED, NAMED.get_level_values(0)),
    ],
)  # fmt: skip
def test_rows_of_the_same_names_or_without_names_are_taken_by_place(mine, theirs):
    assert refuse_other_rows(table(mine), column(theirs), "y") is None


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (NAMES, NAMES[::-1], "another order"),
        (range(4), [3, 2, 1, 0], "another order"),
        (NAMED, NAMED[::-1], "another order"),
        (NAMES, ["a", "b", "c", "e"], "1 of the 4 are not in X"),
        (["1", "2", "3", "4"], [1, 2, 3, 4], "4 of the 4 are not in X"),
        (range(4), range(1, 5), "1 of the 4 are not in X"),
        (range(10, 14), range(4), "4 of the 4 are not in X"),
        (["a", "a", "b", "b"], ["a", "b", "a", "b"], "occur twice"),
        (["a", "a", "b", "c"], ["a", "b", "b", "c"], "occur twice"),
        (NAMED.get_level_values(0), NAMED[::-1], "another order"),
    ],
)
def test_other_rows_are_refused_with_the_way_out(mine, theirs, said):
    with pytest.raises(FeatureInputError, match=said) as caught:
        refuse_other_rows(table(mine), column(theirs), "weights")
    assert "weights.to_numpy()" in caught.value.hint


def many(n=120):
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"absent": rng.exponential(size=n)}, index=[f"p{i}" for i in range(n)])
    return X, (X["absent"] + rng.logistic(size=n) > 1).astype(int)


def test_arrays_and_lists_have_no_names():
    X, y = many()
    clf = RiskClassifier("logistic", folds=2)
    by_name = clf.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(clf.fit(X, y.to_list()).predict_proba(X), by_name)
    elsewhere = y.set_axis(y.index[::-1])
    np.testing.assert_array_equal(clf.fit(X.to_numpy(), elsewhere).predict_proba(X.to_numpy()), by_name)


def test_everything_that_is_handed_in_beside_a_table_is_looked_at():
    X, y = many()
    back, clf = y[::-1], RiskClassifier("logistic", folds=2)
    school = pd.DataFrame({"school_id": "s", "as_of": "2025-01-01"}, index=back.index)
    for call in (
        lambda: clf.fit(X, back),
        lambda: clf.fit(X, back.to_frame()),
        lambda: clf.fit(X, y, groups=pd.Series(back.index, index=back.index)),
        lambda: clf.fit(X, y, cohorts=school),
        lambda: clf.fit(X, y, calibration_set=(X, back)),
        lambda: clf.fit(X, y).refitted(X, back),
        lambda: find_leaks(X, back),
        lambda: find_leaks(X, y, groups=pd.Series(back.index, index=back.index)),
    ):
        with pytest.raises(FeatureInputError, match="another order"):
            call()


def test_labels_of_a_cohort_name_its_rows():
    records = dr.simulate_district(n_students=60, seed=1, n_days=200)
    cohort = dr.Cohort.on(records, ["2024-11-04", "2024-12-02"]).with_labels(records, horizon_days=20)
    dr.Cohort(cohort.frame, cohort.labels)
    for wrong in (cohort.labels[::-1], cohort.labels[:-1]):
        with pytest.raises(LabelError, match="one by one"):
            dr.Cohort(cohort.frame, wrong)


@pytest.mark.parametrize(
    ("horizon", "events", "said"),
    [(20, ["dropuot"], "did you mean 'dropout'"), (20, "dropout", "list"), (20, [], "list"),
     (0, ["dropout"], "from 1"),
     (True, ["dropout"], "from 1"), (20.5, ["dropout"], "from 1")],
)  # fmt: skip
def test_a_label_of_nothing_is_refused_before_records_are_read(horizon, events, said):
    records = dr.simulate_district(n_students=60, seed=1, n_days=200)
    with pytest.raises(SettingsError, match=said):
        dr.Cohort.on(records, "2024-11-04").with_labels(records, horizon, events)


def test_gaps_that_unlike_names_left_are_told_by_the_names():
    X = pd.DataFrame({"absent": range(4)})
    moved = pd.Series(pd.Series([0, 1, 0, 1]), index=range(1, 5))

    with pytest.raises(FeatureInputError, match="do not name the same rows"):
        refuse_other_rows(X, moved, "y")
