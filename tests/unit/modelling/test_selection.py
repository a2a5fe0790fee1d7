"""The simplest within one standard error of the best wins, and says why."""

import numpy as np
import pytest

from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.fitter import cross_fitted
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


def cortez(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("benchmarks")
        import real_data
    if not (real_data.data_folder() / "cortez").is_dir():
        pytest.skip("the real data are not here: set DROPOUT_RISK_DATA to their folder")
    return next(task for task in real_data.cortez(real_data.data_folder(), quick=True) if name in task.name)


def test_four_hundred_real_rows_get_the_logistic_model():
    task = cortez("maths G3 < 10, G1+G2")
    assert len(task.X) == 395
    assert RiskClassifier().fit(task.X, task.y).selection_.chosen == "logistic"


def test_a_wide_error_does_not_let_simplicity_cost_much_skill():
    losses = {"scorecard": np.array([0.45, 0.30, 0.42]), "logistic": np.array([0.36, 0.36, 0.36])}
    assert Selection.of(losses).chosen == "scorecard"
    assert Selection.of(losses, base_rate=0.6).chosen == "logistic"


def test_where_nothing_beats_the_base_rate_the_simplest_is_taken():
    losses = {"scorecard": np.array([0.61, 0.59, 0.62]), "blend": np.array([0.60, 0.60, 0.61])}
    assert Selection.of(losses, base_rate=0.6).chosen == "scorecard"


def test_the_folds_are_listed_one_by_one():
    losses = {"logistic": np.array([0.5, 0.25]), "blend": np.array([0.4, 0.3])}
    folds = Selection.of(losses).folds()
    assert folds.to_dict("list") == {
        "candidate": ["logistic", "logistic", "blend", "blend"],
        "fold": [0, 1, 0, 1],
        "log_loss": [0.5, 0.25, 0.4, 0.3],
    }


def test_the_frame_shows_how_raw_scores_are_calibrated():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = rng.random(600) < 1 / (1 + np.exp(-X[:, 0]))
    frame = RiskClassifier(candidates=["logistic"]).fit(X, y).selection_.frame()
    assert frame["slope"].item() == pytest.approx(1.0, abs=0.3)
    assert frame["intercept"].item() == pytest.approx(0.0, abs=0.2)


def test_the_choice_is_told_in_two_sentences():
    losses = {"logistic": np.array([0.52, 0.39, 0.31]), "lightgbm": np.array([0.5, 0.4, 0.3])}
    told = Selection.of(losses).explanation
    assert told.en.count(". ") == 1
    assert told.zh.count("。") == 2
    assert "逻辑回归" in told.zh
    assert "the logistic regression" in told.en


def test_a_fold_does_not_choose_the_setting_it_is_judged_by():
    margins = np.array([[5.0, -5.0, 5.0, -5.0], [-1.0, 1.0, -1.0, 1.0]])
    y, folds = np.array([1, 0, 0, 1], dtype=np.int8), np.array([0, 0, 1, 1])
    margin, losses, best = cross_fitted(margins, y, folds)
    assert margin.tolist() == [-1.0, 1.0, 5.0, -5.0]  # each fold gets what was best on the other
    assert losses.min() > 1
    assert best == 1
