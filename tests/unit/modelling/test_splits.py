"""Splits agree with a plain loop, and keep pupils together."""

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score

from dropout_risk.errors import SplitError
from dropout_risk.modelling.folds.splits import TemporalSplit, calibration_part, dealt_folds

DATES = [
    dt.date(2024, 9, 2),
    dt.date(2024, 10, 7),
    dt.date(2024, 11, 4),
    dt.date(2024, 12, 2),
    dt.date(2025, 1, 6),
]
INDEX = dict(zip(DATES, [0, 25, 45, 65, 85], strict=True))


def frame(n_pupils=4):
    pairs = list(itertools.product([f"p{i}" for i in range(n_pupils)], DATES))
    rows = pd.MultiIndex.from_tuples(pairs, names=["student_id", "as_of"])
    return pd.DataFrame({"absent": np.arange(len(rows))}, index=rows)


def plain_split(X, n_splits, horizon, test_snapshots):
    for number in range(n_splits):
        start = len(DATES) - (n_splits - number) * test_snapshots
        test_days = DATES[start : start + test_snapshots]
        train, test = [], []
        for place, (_, day) in enumerate(X.index):
            if day in test_days:
                test.append(place)
            elif day < test_days[0] and INDEX[day] + horizon <= INDEX[test_days[0]]:
                train.append(place)
        yield train, test


@pytest.mark.parametrize(
    ("n_splits", "horizon", "test_snapshots"), [(1, 20, 1), (2, 20, 1), (2, 40, 2 - 1), (2, 20, 2)]
)
@pytest.mark.parametrize("calendar", [INDEX, INDEX.__getitem__])
def test_agrees_with_a_plain_loop(n_splits, horizon, test_snapshots, calendar):
    X = frame()
    split = TemporalSplit(n_splits, horizon, test_snapshots, calendar=calendar)
    got = [(train.tolist(), test.tolist()) for train, test in split.split(X)]
    assert got == list(plain_split(X, n_splits, horizon, test_snapshots))


def test_snapshots_whose_labels_were_not_known_train_nothing():
    listed = TemporalSplit(n_splits=1, horizon_days=45, calendar=INDEX).frame(frame())
    assert listed[["train_rows", "gap_rows", "test_rows"]].to_numpy().tolist() == [[8, 8, 4]]
    assert listed.loc[0, "train_to"] == DATES[1]
    assert listed.loc[0, "test_from"] == DATES[4]


def test_arrays_do_in_place_of_an_index():
    X = frame()
    days = X.index.get_level_values("as_of")
    index = [INDEX[day] for day in days]
    expected = [list(map(list, parts)) for parts in TemporalSplit(2, 20, calendar=INDEX).split(X)]
    for given in ({"as_of": days, "as_of_index": index}, {"as_of_index": index}):
        assert [list(map(list, parts)) for parts in TemporalSplit(2, 20).split(**given)] == expected


def test_schools_that_count_differently_are_held_apart_by_the_safer_index():
    as_of, index = ["d1", "d1", "d2", "d2"], [0, 5, 22, 27]
    assert len(list(TemporalSplit(1, 17).split(as_of=as_of, as_of_index=index))) == 1
    with pytest.raises(SplitError):
        list(TemporalSplit(1, 18).split(as_of=as_of, as_of_index=index))


def test_works_inside_scikit_learn():
    X = frame()
    scores = cross_val_score(
        DummyClassifier(), X, np.arange(len(X)) % 2, cv=TemporalSplit(2, 20, calendar=INDEX)
    )
    assert scores.shape == (2,)


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (TemporalSplit(5, 20, calendar=INDEX), "before the test"),
        (TemporalSplit(1, 90, calendar=INDEX), "labels were known in time"),
        (TemporalSplit(1, 20, min_train=5, calendar=INDEX), "labels were known in time"),
        (TemporalSplit(1, 20), "without a calendar"),
        (TemporalSplit(1, 20, calendar={DATES[0]: 0}), "no school-day index for 2024-10-07"),
    ],
)
def test_an_empty_part_says_the_way_out(split, said):
    with pytest.raises(SplitError, match=said) as caught:
        list(split.split(frame()))
    assert caught.value.hint


def test_counts_must_be_positive():
    with pytest.raises(SplitError, match="horizon_days must be at least 1"):
        TemporalSplit(horizon_days=0)


def test_rows_without_as_of_are_refused():
    with pytest.raises(SplitError, match="No as-of dates"):
        list(TemporalSplit().split(pd.DataFrame({"a": [1]})))


def test_the_calibration_part_depends_on_the_pupil_alone():
    pupils = np.repeat([f"pupil-{i}" for i in range(2000)], 3)
    order = np.random.default_rng(0).permutation(len(pupils))
    part = calibration_part(pupils, 0.2)
    assert np.array_equal(calibration_part(pupils[order], 0.2), part[order])
    assert (part.reshape(-1, 3).any(axis=1) == part.reshape(-1, 3).all(axis=1)).all()
    assert part.mean() == pytest.approx(0.2, abs=0.03)
    assert not np.array_equal(calibration_part(pupils, 0.2, seed=1), part)


def test_integer_pupils_are_told_apart_as_well():
    assert calibration_part(np.arange(1000), 0.3).mean() == pytest.approx(0.3, abs=0.05)


def test_dealt_folds_balance_both_classes_and_keep_keys_together():
    keys = [f"{i // 2}".encode() for i in range(400)]
    y = np.array([i // 2 % 10 == 0 for i in range(400)], dtype=np.int8)
    folds = dealt_folds(keys, y, 5)
    assert [int(y[folds == fold].sum()) for fold in range(5)] == [8] * 5
    assert (folds[::2] == folds[1::2]).all()
    order = np.random.default_rng(0).permutation(400)
    assert np.array_equal(dealt_folds([keys[i] for i in order], y[order], 5), folds[order])


SCHOOLS = ["north", "north", "south", "east"]


def by_school(**choice):
    X = frame()
    X["school_id"] = np.repeat(SCHOOLS, len(DATES))
    return TemporalSplit(1, 20, calendar=INDEX, **choice), X.set_index("school_id", append=True)


def test_each_school_is_tested_by_a_model_that_never_saw_it():
    split, X = by_school(schools="leave_out")
    schools, days = (X.index.get_level_values(name) for name in ("school_id", "as_of"))
    left_out = []
    for train, test in split.split(X):
        assert set(days[test]) == {DATES[4]}
        assert set(days[train]) == set(DATES[:4])
        assert not set(schools[train]) & set(schools[test])
        left_out.extend(set(schools[test]))
    assert left_out == sorted(set(SCHOOLS))


def test_schools_may_be_left_out_several_at_a_time():
    split, X = by_school(schools="leave_out", group_folds=2)
    assert split.get_n_splits(X) == len(list(split.split(X))) == 2
    assert split.frame(X)["left_out"].tolist() == ["schools, part 1 of 2", "schools, part 2 of 2"]


def test_new_pupils_are_those_that_never_trained_and_everybody_is_one_once():
    X = frame(20)
    split = TemporalSplit(1, 20, calendar=INDEX, new_pupils=True, group_folds=4)
    pupils = X.index.get_level_values("student_id")
    tested = []
    for train, test in split.split(X):
        assert not set(pupils[train]) & set(pupils[test])
        tested.extend(pupils[test])
    assert sorted(tested) == sorted(set(pupils))


def test_a_pupil_who_changed_schools_does_not_train_where_pupils_are_to_be_new():
    X = frame(3)
    schools = np.array(["a"] * 5 + ["b"] * 5 + ["a"] * 4 + ["b"])
    split = TemporalSplit(1, 20, calendar=INDEX, schools="leave_out", new_pupils=True)
    for train, test in split.split(X, groups=schools):
        assert not set(train // 5) & set(test // 5)
    moved_trains = TemporalSplit(1, 20, calendar=INDEX, schools="leave_out").split(X, groups=schools)
    assert any(set(train // 5) & set(test // 5) for train, test in moved_trains)


def test_grouped_splits_work_inside_scikit_learn():
    X = frame(10)
    schools = np.repeat(["a", "b"], 25)
    split = TemporalSplit(2, 20, calendar=INDEX, schools="leave_out")
    scores = cross_val_score(DummyClassifier(), X, np.arange(50) % 2, groups=schools, cv=split)
    assert scores.shape == (4,)


def test_a_school_without_rows_on_the_test_dates_is_named_with_the_way_out():
    X, schools = frame(2), np.array(["a"] * 5 + ["b"] * 5)
    X, schools = X.iloc[:9], schools[:9]
    with pytest.raises(SplitError, match="With school b left out there are no rows to test on") as caught:
        list(TemporalSplit(1, 20, calendar=INDEX, schools="leave_out").split(X, groups=schools))
    assert "group_folds" in caught.value.hint


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"schools": "leave-out"}, "did you mean 'leave_out'"),
        ({"group_folds": 3}, "needs groups to deal"),
        ({"new_pupils": True, "group_folds": 1}, "at least 2"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice, said):
    with pytest.raises(SplitError, match=said):
        TemporalSplit(**choice)


def test_one_school_cannot_be_left_out():
    with pytest.raises(SplitError, match="cannot be dealt"):
        list(TemporalSplit(1, 20, calendar=INDEX, schools="leave_out").split(frame(), groups=["a"] * 20))


def test_groups_of_another_length_are_refused():
    with pytest.raises(SplitError, match="3 groups for 20 rows"):
        list(TemporalSplit(1, 20, calendar=INDEX, schools="leave_out").split(frame(), groups=["a", "b", "c"]))


def test_the_picture_shows_each_part_in_its_colour():
    from matplotlib.colors import to_hex

    from dropout_risk.modelling.folds.splits import COLOURS

    split, X = by_school(schools="leave_out")
    axes = split.chart(X).axes[0]
    drawn = [to_hex(bar.get_facecolor()[0]) for bar in axes.collections]
    assert len(drawn) == 3 * 2 * len(DATES)
    assert drawn.count(COLOURS["test"]) == 3
    assert drawn.count(COLOURS["train"]) == 3 * 4
    assert [label.get_text() for label in axes.get_xticklabels()] == [str(day) for day in DATES]
