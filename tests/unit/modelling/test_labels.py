"""Which label is the risk is known by its name or said; it is never the second of the alphabet."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score

from dropout_risk.errors import LabelError, OneClassError, TrainingError
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.labels import PositiveLabelWarning, TwoLabels


def rows(n=300, seed=3):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"absent": rng.exponential(size=n), "mark": rng.normal(size=n)})
    return X, (X["absent"] - X["mark"] + rng.logistic(size=n) > 1).astype(int)


@pytest.mark.parametrize(
    ("risk", "other"),
    [
        (1, 0), (1.0, 0.0), (True, False), (1, -1), ("1", "0"), ("True", "False"), ("yes", "no"),
        ("是", "否"),
        ("dropout", "stayed"), ("Dropped out", "enrolled"), ("LEFT", "in school"), ("at-risk", "safe"),
        ("辍学", "在读"), ("疑似辍学", "在校"), ("withdrawn", "active"), (" Dropout ", "graduate"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::dropout_risk.modelling.inputs.labels.PositiveLabelWarning")
def test_a_risk_with_a_known_name_is_the_risk_wherever_it_stands_in_the_alphabet(risk, other):
    y = [other, risk, other, other]
    for labels in (y, pd.Series(y, dtype=object), pd.Series(y, dtype="category")):
        known = TwoLabels.learn(labels)
        assert known.risk == risk
        assert known.codes(labels).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize(
    "pair", [("a", "b"), ("pass", "fail"), ("left", "dropout"), ("high", "low"), ("否认", "在读")]
)
def test_labels_of_which_nobody_can_know_the_risk_are_refused_until_it_is_said(pair):
    y = np.array([*pair] * 5)
    with pytest.raises(LabelError, match="positive_label"):
        TwoLabels.learn(y)
    for said in pair:
        assert TwoLabels.learn(y, said).risk == said
    with pytest.raises(LabelError, match="none of the labels"):
        TwoLabels.learn(y, "c")


@pytest.mark.parametrize("name", [
    "stayed", "is_enrolled", "Graduated", "是否在读", "retained", "retention", "on_track", "passed",
    "success", "Graduated_on_time",
])  # fmt: skip
def test_a_column_that_asks_who_stayed_is_refused_until_the_risk_is_said(name):
    for values in ([0, 1, 1], ["no", "yes", "yes"], [False, True, True]):
        y = pd.Series(values, name=name)
        with pytest.raises(LabelError, match=name):
            TwoLabels.learn(y)
        assert TwoLabels.learn(y, values[0]).codes(y).tolist() == [1, 0, 0]


def test_numbers_that_are_not_0_and_1_are_told():
    with pytest.warns(PositiveLabelWarning, match="greater"):
        assert TwoLabels.learn([1, 2, 2]).risk == 2


@pytest.mark.parametrize(
    ("y", "error"),
    [
        ([0, 1, None], LabelError), (["dropout", None, "stayed"], LabelError),
        (pd.Series([0, "1", 0]), LabelError),
        (pd.Series([0, 1, pd.NA], dtype="Int64"), LabelError), ([0.2, 0.8, 0.5], LabelError),
        (pd.to_datetime(["2025-01-01", "2025-01-02"]), LabelError), ([[0, 1], [1, 0]], LabelError),
        ([[1], [0, 1]], LabelError), ("dropout", LabelError), (["stayed"] * 3, OneClassError),
        (None, LabelError),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_what_is_no_label_is_refused_by_the_library(y, error):
    with pytest.raises(error):
        TwoLabels.learn(y)


@pytest.mark.filterwarnings("ignore::dropout_risk.modelling.inputs.labels.PositiveLabelWarning")
def test_words_give_the_same_risks_directions_and_reasons_as_1_and_0():
    X, y = rows()
    clf = RiskClassifier("lightgbm", monotone={"absent": 1}, folds=2)
    plain, words = clone(clf).fit(X, y), clone(clf).fit(X, y.map({1: "dropout", 0: "stayed"}))
    assert words.classes_.tolist() == ["dropout", "stayed"]
    assert words.positive_label_ == "dropout"
    assert np.array_equal(words.predict_proba(X)[:, 0], plain.predict_proba(X)[:, 1])
    assert np.array_equal(words.explain(X).values, plain.explain(X).values)
    assert np.array_equal(words.decision_function(X), -plain.decision_function(X))
    assert (words.predict(X) == "dropout").tolist() == (plain.predict(X) == 1).tolist()


def test_a_risk_in_the_first_column_is_told_and_one_in_the_second_is_not():
    X, y = rows(120)
    with pytest.warns(PositiveLabelWarning, match="column 0"):
        RiskClassifier("logistic", folds=2).fit(X, y.map({1: "dropout", 0: "stayed"}))
    with warnings.catch_warnings():
        warnings.simplefilter("error", PositiveLabelWarning)
        RiskClassifier("logistic", folds=2).fit(X, y.map({1: "left", 0: "in school"}))


@pytest.mark.filterwarnings("ignore::dropout_risk.modelling.inputs.labels.PositiveLabelWarning")
def test_the_scores_of_scikit_learn_know_which_column_is_which():
    X, y = rows(240)
    for labels in (y, y.map({1: "dropout", 0: "stayed"}), y.map({1: "left", 0: "in school"})):
        areas = cross_val_score(RiskClassifier("logistic", folds=2), X, labels, scoring="roc_auc", cv=3)
        assert areas.mean() > 0.7


def test_calibration_labels_are_those_of_the_fit():
    X, y = rows()
    with pytest.raises(LabelError, match="no class of the fit"):
        RiskClassifier("logistic", folds=2).fit(X[:200], y[:200], calibration_set=(X[200:], y[200:] + 1))


def test_a_said_risk_turns_the_model_around():
    X, y = rows()
    turned = RiskClassifier("logistic", folds=2, positive_label=0).fit(X, y)
    told = turned.explain(X)
    assert roc_auc_score(y == 0, told.base_values + told.values.sum(axis=1)) > 0.7
    assert roc_auc_score(y, turned.predict_proba(X)[:, 1]) > 0.7


def test_fewer_labels_than_rows_are_refused():
    X, y = rows(50)
    with pytest.raises(TrainingError, match="50 rows and y has 40"):
        RiskClassifier().fit(X, y[:40])
