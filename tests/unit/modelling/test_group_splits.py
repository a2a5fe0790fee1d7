"""Random and by-school splits keep whole groups together, and test each of them once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score

from dropout_risk.errors import SplitError
from dropout_risk.modelling.folds.splits import RandomSplit, SchoolSplit

keys = st.lists(st.integers(0, 9), min_size=10, max_size=60).filter(lambda given: len(set(given)) >= 3)


@given(groups=keys, n_splits=st.integers(2, 3), seed=st.integers(0, 5))
def test_a_random_split_tests_every_row_once_and_no_pupil_is_on_both_sides(groups, n_splits, seed):
    groups, tested = np.array(groups), []
    for train, test in RandomSplit(n_splits, seed).split(np.zeros((len(groups), 1)), groups=groups):
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == len(groups)
        tested.extend(test)
    assert sorted(tested) == list(range(len(groups)))


@given(groups=keys, n_splits=st.sampled_from([None, 2, 3]))
def test_every_school_is_left_out_once(groups, n_splits):
    groups = np.array([f"school-{group}" for group in groups])
    split, tested = SchoolSplit(n_splits), []
    for train, test in split.split(groups=groups):
        assert not set(groups[train]) & set(groups[test])
        tested.extend(set(groups[test]))
    assert sorted(tested) == sorted(set(groups))
    assert split.get_n_splits(groups=groups) == (n_splits or len(set(groups)))


def test_a_random_split_keeps_the_share_of_dropouts_and_does_not_look_at_the_order_of_rows():
    y = (np.arange(500) % 10 == 0).astype(int)
    pupils = np.array([f"p{i}" for i in range(500)])
    order = np.random.default_rng(0).permutation(500)
    parts = [test for _, test in RandomSplit().split(y, y, pupils)]
    mixed = [order[test] for _, test in RandomSplit().split(y[order], y[order], pupils[order])]
    assert [int(y[test].sum()) for test in parts] == [10] * 5
    assert [set(part) for part in parts] == [set(part) for part in mixed]


def test_the_pupil_is_read_off_the_index_and_else_each_row_is_one():
    index = pd.MultiIndex.from_product([["a", "b", "c"], [0, 1]], names=["student_id", "as_of"])
    X = pd.DataFrame({"x": range(6)}, index=index)
    assert sorted(len(test) for _, test in RandomSplit(3).split(X)) == [2, 2, 2]
    assert sorted(len(test) for _, test in RandomSplit(6).split(X.reset_index(drop=True))) == [1] * 6


@pytest.mark.parametrize("split", [RandomSplit(3), SchoolSplit(), SchoolSplit(2)])
def test_they_work_inside_scikit_learn(split):
    X, y, groups = np.arange(12.0)[:, None], np.arange(12) % 2, np.repeat(["a", "b", "c"], 4)
    scores = cross_val_score(DummyClassifier(), X, y, groups=groups, cv=split)
    assert len(scores) == split.get_n_splits(X, y, groups)
    GridSearchCV(DummyClassifier(), {"random_state": [0]}, cv=split).fit(X, y, groups=groups)


@pytest.mark.parametrize(
    ("split", "groups"),
    [(RandomSplit(5), ["a", "b"]), (SchoolSplit(), ["a", "a"]), (SchoolSplit(3), ["a", "b"])],
)
def test_too_few_groups_say_the_way_out(split, groups):
    with pytest.raises(SplitError, match="cannot be dealt") as caught:
        list(split.split(np.zeros((2, 1)), groups=groups))
    assert caught.value.hint


@pytest.mark.parametrize("make", [lambda: RandomSplit(1), lambda: SchoolSplit(1)])
def test_a_single_fold_is_refused(make):
    with pytest.raises(SplitError, match="at least 2"):
        make()


def test_schools_that_are_not_known_are_asked_for():
    with pytest.raises(SplitError, match="school_id of each row is not known"):
        list(SchoolSplit().split(pd.DataFrame({"x": [1, 2]})))
