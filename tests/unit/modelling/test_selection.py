"""The simplest within one standard error of the best wins, and says why."""

import numpy as np
import pytest

from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.selection import Selection, paired_excess


def test_paired_error_is_that_of_the_differences():
    loss, best = np.array([0.5, 0.7, 0.3]), np.array([0.4, 0.65, 0.2])
    excess, error = paired_excess(loss, best)
    differences = [0.1, 0.05, 0.1]
    assert excess == pytest.approx(np.mean(differences))
    assert error == pytest.approx(np.std(differences, ddof=1) / 3**0.5)


def test_a_small_excess_keeps_the_simplest():
    selection = Selection.of(
        {"lightgbm": np.array([0.5, 0.4, 0.3]), "logistic": np.array([0.52, 0.39, 0.31])}
    )
    assert selection.chosen == "logistic"
    assert selection.best == "lightgbm"


def test_hard_folds_do_not_hide_a_steady_gain():
    hard = np.array([0.9, 0.1, 0.5, 0.3])
    steady = hard + np.array([0.02, 0.021, 0.019, 0.02])
    assert Selection.of({"logistic": steady, "lightgbm": hard}).chosen == "lightgbm"


def test_the_frame_gives_each_candidate_a_reason():
    losses = {"logistic": [0.6, 0.61], "lightgbm": [0.5, 0.5], "blend": [0.501, 0.4985]}
    frame = Selection.of({name: np.array(loss) for name, loss in losses.items()}).frame()
    assert frame["chosen"].tolist() == [False, True, False]
    assert frame["worst_fold"].tolist() == [0.61, 0.5, 0.501]
    assert frame["reason"].str.startswith(("worse than", "simplest", "within")).all()


def test_four_hundred_linear_rows_get_the_logistic_model():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6))
    y = rng.random(400) < 1 / (1 + np.exp(-(X @ [1.0, -1.0, 0.5, 0, 0, 0]) + 1))
    assert RiskClassifier().fit(X, y).selection_.chosen == "logistic"


def test_an_interaction_gets_trees():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4))
    y = rng.random(2000) < 1 / (1 + np.exp(-3 * X[:, 0] * X[:, 1]))
    classifier = RiskClassifier().fit(X, y)
    assert classifier.selection_.chosen == "lightgbm"
    assert classifier.booster_.num_trees() > 20
