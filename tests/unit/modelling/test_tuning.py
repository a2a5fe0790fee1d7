"""Tuning keeps to its budget, gives the same every time, and goes on where it was broken off."""

import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.learners.boosted import GROWING, BoostedFitter
from dropout_risk.modelling.tuning import Tuning
from dropout_risk.settings import Settings

FITTER = BoostedFitter((0, 0))


def loss(fitter):
    """Give a loss whose least lies at small steps and few leaves."""
    growing = fitter.growing
    return abs(np.log(growing["learning_rate"] / 0.03)) + 0.01 * growing["num_leaves"]


def search(tuning, key="rows", seed=0):
    return tuning.best("lightgbm", FITTER, loss, key=key, seed=seed)


def test_the_given_settings_are_the_first_tried():
    assert search(Tuning(trials=1)).growing == dict(GROWING)


def test_more_trials_never_find_a_worse_setting():
    assert loss(search(Tuning(trials=15))) < loss(search(Tuning(trials=1)))


def test_trials_alone_give_the_same_every_time():
    assert search(Tuning(trials=12)) == search(Tuning(trials=12))
    assert search(Tuning(trials=12), seed=1) != search(Tuning(trials=12))


def test_a_search_that_was_broken_off_ends_where_it_would_have_ended(tmp_path):
    file = tmp_path / "trials.db"
    search(Tuning(trials=5, file=file))
    told = []
    rest = Tuning(trials=12, file=file, progress=lambda *seen: told.append(seen))
    assert search(rest) == search(Tuning(trials=12))
    assert told[0] == ("lightgbm", 6, 12)
    assert len(told) == 7


def test_trials_of_other_rows_are_not_taken_up(tmp_path):
    file = tmp_path / "trials.db"
    search(Tuning(trials=3, file=file), key="first")
    told = []
    search(Tuning(trials=2, file=file, progress=lambda *seen: told.append(seen)), key="second")
    assert len(told) == 2


def test_no_time_still_tries_one_setting():
    assert search(Tuning(trials=None, seconds=1e-9)).growing == dict(GROWING)


@pytest.mark.parametrize("limits", [{"trials": None}, {"trials": 0}, {"seconds": -1.0}])
def test_a_budget_needs_a_limit(limits):
    with pytest.raises(SettingsError, match="limit above 0"):
        Tuning(**limits)


def test_settings_without_a_budget_tune_nothing():
    assert Settings().models.tuning() is None
    assert Settings(models={"trials": 3}).models.tuning() == Tuning(trials=3)


def test_a_tuned_classifier_is_fitted_with_what_was_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = rng.random(400) < 1 / (1 + np.exp(-2 * X[:, 0] * X[:, 1]))
    one, two = (RiskClassifier("lightgbm", tuning=Tuning(trials=3), folds=2).fit(X, y) for _ in range(2))
    assert one.calibrated_model_.to_files() == two.calibrated_model_.to_files()


def test_the_number_of_trees_is_found_on_the_last_days_where_days_are_known(monkeypatch):
    rng = np.random.default_rng(0)
    days = np.tile(pd.to_datetime(["2025-03-03", "2025-04-01", "2025-05-06"]), 300)
    index = pd.MultiIndex.from_arrays([np.repeat(np.arange(300), 3), days], names=["student_id", "as_of"])
    X = pd.DataFrame(rng.normal(size=(900, 2)), index=index, columns=["a", "b"])
    y = rng.random(900) < 1 / (1 + np.exp(-X["a"]))
    seen = []
    monkeypatch.setattr(
        BoostedFitter,
        "_watched",
        lambda self, X, y, folds, tail=None: (
            seen.append(tail) or ([], np.array([[0.6, 0.6], [0.5, 0.5], [0.7, 0.7]]))
        ),
    )
    classifier = RiskClassifier("lightgbm", folds=2).fit(X, y)
    assert seen[0].sum() == 300
    assert classifier.booster_.num_trees() == 2
