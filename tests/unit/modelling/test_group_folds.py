"""Groups are groups: whole schools are kept apart, choice and calibration are never skipped in silence."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.folds.group_folds import GroupFolds, GroupFoldsWarning
from dropout_risk.modelling.folds.splits import dealt_folds


def schools(n: int = 900, n_schools: int = 9, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    school = rng.integers(0, n_schools, n)
    X = pd.DataFrame({"absent": rng.exponential(3, n), "mark": rng.normal(70, 10, n)})
    y = (rng.random(n) < 1 / (1 + np.exp(2.0 - 0.3 * X["absent"]))).to_numpy().astype(int)
    return X, y, school


@pytest.mark.parametrize("without_dropout", [0, 1, 3])
def test_schools_that_all_hold_both_classes_or_lack_one_are_compared_and_calibrated(without_dropout):
    X, y, school = schools()
    y[school < without_dropout] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf = RiskClassifier(candidates=["logistic", "lightgbm"], leaks="ignore").fit(X, y, groups=school)
    assert np.isfinite(clf.selection_.frame()[["log_loss", "slope"]].to_numpy()).all()
    assert clf.calibrated_model_.calibration.a != 1.0
    assert clf.calibrated_model_.calibration.sets is not None
    assert np.isfinite(clf.out_of_fold_).all()
    assert "whole groups (9" in clf.selection_.explanation.en
    assert "整组" in clf.selection_.explanation.zh


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 25), st.integers(2, 6))
def test_no_group_is_on_both_sides_and_every_fold_holds_both_classes(seed, n_groups, n_folds):
    rng = np.random.default_rng(seed)
    keys = [str(group).encode() for group in rng.integers(0, n_groups, 400)]
    owners = [str(row).encode() for row in range(400)]
    y = (rng.random(400) < 0.3).astype(np.int8)
    dealt = GroupFolds.dealt(keys, owners, y, n_folds, seed)
    of_key = pd.DataFrame({"key": keys, "fold": dealt.folds}).groupby("key")["fold"].nunique()
    assert of_key.max() == 1
    for label in (0, 1):
        assert np.bincount(dealt.folds[y == label], minlength=dealt.n_folds).min() > 0
    order = rng.permutation(400)
    shuffled = GroupFolds.dealt(
        [keys[row] for row in order], [owners[row] for row in order], y[order], n_folds, seed
    )
    assert np.array_equal(shuffled.folds, dealt.folds[order])


def test_rows_and_dropouts_are_spread():
    _, y, school = schools(6000, 20)
    keys = [str(one).encode() for one in school]
    folds = GroupFolds.dealt(keys, keys, y.astype(np.int8), 5).folds
    for label in (0, 1):
        share = np.bincount(folds[y == label]) / (y == label).sum()
        assert np.abs(share - 0.2).max() < 0.05


def test_groups_that_cannot_be_kept_apart_are_said():
    X, y, school = schools()
    y[school > 0] = 0
    with pytest.warns(GroupFoldsWarning, match="9 groups cannot be dealt"):
        clf = RiskClassifier("logistic", leaks="ignore").fit(X, y, groups=school)
    assert np.isfinite(clf.out_of_fold_).all()
    assert "by pupils" in clf.selection_.explanation.en


def test_pupils_are_dealt_as_before():
    y = (np.arange(500) % 7 == 0).astype(np.int8)
    keys = [str(row // 2).encode() for row in range(500)]
    assert np.array_equal(GroupFolds.dealt(keys, keys, y, 5, 3).folds, dealt_folds(keys, y, 5, 3))


def test_whole_groups_mend_the_slope_out_of_group():
    rng = np.random.default_rng(4)
    school = np.repeat(np.arange(12), 150)
    level = rng.normal(scale=0.8, size=12)[school]
    noise = rng.normal(size=(1800, 10))
    hint = pd.DataFrame({"size": rng.normal(size=12)[school], "age": rng.normal(size=12)[school]})
    X = pd.concat([hint, pd.DataFrame(noise).add_prefix("x")], axis=1)
    y = (rng.random(1800) < 1 / (1 + np.exp(1.0 - level - 0.7 * noise[:, 0]))).astype(int)
    by_school, by_row = (
        RiskClassifier("lightgbm", leaks="ignore").fit(X, y, groups=groups) for groups in (school, None)
    )
    assert by_school.calibrated_model_.calibration.a < by_row.calibrated_model_.calibration.a
