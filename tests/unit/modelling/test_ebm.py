"""The explainable boosting machine is held as curves: the machine itself is the oracle."""

import sys

import numpy as np
import pytest

from dropout_risk.errors import MissingExtraError
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.calibration import LinearCalibration
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.encoding import FeatureEncoding
from dropout_risk.modelling.learners.ebm import EbmFitter, EbmModel

CANDIDATE = EbmFitter((1, 0, 0), (2,))


def rows(n=500, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=(n, 2)), rng.integers(0, 4, n).astype(float)])
    margin = X[:, 0] + np.sin(3 * X[:, 1]) + (X[:, 2] == 2) - 0.5
    y = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.int8)
    X[rng.random((n, 3)) < 0.1] = np.nan
    return X, y


@pytest.fixture(scope="module")
def machine():
    X, y = rows()
    return CANDIDATE.machine(3).fit(CANDIDATE.table(X), y)


@pytest.fixture(scope="module")
def model():
    return CANDIDATE.fit(*rows(), {})


def test_the_curves_give_the_scores_of_the_machine(machine, model):
    X = rows(400, seed=1)[0]
    assert model.margin(X) == pytest.approx(machine.decision_function(CANDIDATE.table(X)), abs=1e-12)


def test_more_of_a_declared_feature_never_lowers_the_score(model):
    heights = model.terms.shapes[0].heights
    assert (np.diff(heights) >= 0).all()
    assert heights[-1] - heights[0] > 0.5


def test_a_bundle_scores_the_same_bits_without_the_library(model, monkeypatch):
    encoding = FeatureEncoding(("a", "b", "c"))
    files = CalibratedModel(encoding, model, LinearCalibration(1.1, 0.2)).to_files()
    monkeypatch.setitem(sys.modules, "interpret", None)
    monkeypatch.setitem(sys.modules, "interpret.glassbox", None)
    again = CalibratedModel.from_files(files)
    assert again.kind == "ebm"
    assert isinstance(again.model, EbmModel)
    X = rows(100, seed=2)[0]
    assert np.array_equal(again.model.margin(X), model.margin(X))


def test_without_the_library_asking_for_it_says_how_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "interpret.glassbox", None)
    X, y = rows(60)
    with pytest.raises(MissingExtraError, match="interpret-core"):
        RiskClassifier(candidates=["logistic", "ebm"], folds=2).fit(X, y)
