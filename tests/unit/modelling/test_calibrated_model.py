"""One path from features to risk: the reasons add up, and files give the same bits again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dropout_risk.errors import BundleError, FeatureInputError, NewerFormatError
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.classifier import RiskClassifier

KINDS = ["scorecard", "logistic", "lightgbm", "blend"]


def table(n=400, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"absent": rng.exponential(size=n), "mark": rng.normal(size=n)})
    X["route"] = pd.Categorical(rng.choice(["bus", "foot", "bike"], n))
    X.loc[rng.random(n) < 0.2, "mark"] = np.nan
    y = rng.random(n) < expit(X["absent"] - X["mark"].fillna(-0.5) + (X["route"] == "foot") - 2)
    return X, y.to_numpy(dtype=np.int8)


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return RiskClassifier(request.param).fit(*table()).calibrated_model_


def test_reasons_add_up_to_the_calibrated_log_odds(model):
    X = table(300, seed=1)[0]
    reasons = model.contributions(X)
    calibrated = model.calibration.apply(model.model.margin(model.encoding.encode(X)))
    assert np.abs(reasons.base + reasons.values.sum(axis=1) - calibrated).max() < 1e-9
    assert np.array_equal(model.log_odds(X), reasons.log_odds)
    assert np.array_equal(model.risk(X), expit(model.log_odds(X)))


def test_a_row_has_the_same_bits_alone_in_a_batch_and_in_another_order(model):
    X = table(600, seed=2)[0]
    risk = model.risk(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert np.array_equal(model.risk(X.iloc[order]), risk[order])
    assert [model.risk(X.iloc[[place]])[0] for place in (0, 7, 599)] == risk[[0, 7, 599]].tolist()
    assert np.array_equal(model.interval(X.iloc[[7]]), model.interval(X)[[7]])


def test_files_give_the_same_bits_again(model):
    X = table(300, seed=3)[0]
    files = model.to_files()
    again = CalibratedModel.from_files(files)
    assert np.array_equal(again.contributions(X).values, model.contributions(X).values)
    assert np.array_equal(again.interval(X), model.interval(X))
    assert again.to_files() == files
    assert again.kind == model.kind
    assert again.terms.explainer == model.terms.explainer


def test_the_files_are_texts_and_two_tables_of_counts_and_means(model):
    files, tables = model.to_files(), {"background.arrow", "likely.arrow"}
    assert set(files) - {"calibration.json", *tables} <= {"model.json", "model.txt"}
    for name in files.keys() - tables:
        files[name].decode("utf-8")


def test_files_without_a_background_are_measured_against_the_training_rows(model):
    files = replace(model, measured=None).to_files()
    assert "background.arrow" not in files
    again, X = CalibratedModel.from_files(files), table(50, seed=6)[0]
    assert "training rows" in again.backgrounds.words
    assert np.abs(again.log_odds(X) - model.log_odds(X)).max() < 1e-12


def test_a_missing_file_is_named(model):
    files = model.to_files()
    for name in files:
        with pytest.raises(BundleError, match=name):
            CalibratedModel.from_files({other: files[other] for other in files if other != name})


def test_a_newer_format_is_refused(model):
    files = model.to_files()
    head = files["calibration.json"].replace(b'"format": 2', b'"format": 99')
    with pytest.raises(NewerFormatError):
        CalibratedModel.from_files(files | {"calibration.json": head})


def test_a_broken_head_is_refused(model):
    for head in (b"not json", b"{}"):
        with pytest.raises(BundleError):
            CalibratedModel.from_files(model.to_files() | {"calibration.json": head})


def test_the_interval_holds_the_risk(model):
    X = table(100, seed=4)[0]
    low, high = model.interval(X, 0.9).T
    risk = model.risk(X)
    assert (low < risk).all()
    assert (risk < high).all()
    assert "calibration" in model.calibration.meaning


def test_other_columns_are_refused(model):
    with pytest.raises(FeatureInputError):
        model.risk(table(5)[0].drop(columns="mark"))
