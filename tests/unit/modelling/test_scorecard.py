"""A scorecard can be added up by hand: whole points, few features, and the risk is that of the sum."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.learners import scorecard
from dropout_risk.modelling.learners.scorecard import MOST_POINTS, ScorecardFitter, ScorecardModel


def table(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"absent": rng.exponential(size=n), "mark": rng.normal(size=n), "noise": rng.normal(size=n)}
    )
    X["route"] = pd.Categorical(rng.choice(["bus", "foot", "bike"], n))
    X.loc[rng.random(n) < 0.2, "mark"] = np.nan
    y = rng.random(n) < expit(X["absent"] - X["mark"].fillna(-0.5) + (X["route"] == "foot") - 2)
    return X, y.to_numpy(dtype=np.int8)


@pytest.fixture(scope="module")
def classifier():
    return RiskClassifier("scorecard", monotone={"absent": 1, "mark": -1}).fit(*table())


def by_hand(sheet, X):
    """Read the points off the printed bins."""
    frame = sheet.frame()
    total = np.zeros(len(X), dtype=int)
    for name, lines in frame.groupby("feature", sort=False):
        for place, value in enumerate(X[name]):
            total[place] += next(
                points
                for word, points in zip(lines["value"], lines["points"], strict=True)
                if holds(word, value)
            )
    return total


def holds(word, value):
    if pd.isna(value):
        return word == "not recorded"
    if isinstance(value, str):
        return value in word.split(", ")
    parts = word.replace("below", "").replace("or more", "").split(" to ")
    numbers = [float(part) for part in parts] if "not recorded" not in word else [np.nan]
    if word.startswith("below"):
        return value < numbers[0]
    return (
        value >= numbers[0]
        if word.endswith("more")
        else len(numbers) == 2 and numbers[0] <= value < numbers[1]
    )


def test_points_added_by_hand_give_the_risk(classifier):
    X = table(200, seed=1)[0]
    sheet = classifier.scorecard_
    risk = sheet.risks().set_index("points")["risk"]
    points = by_hand(sheet, X)
    assert points.tolist() == sheet.points(X).tolist()
    assert risk.loc[points].to_numpy() == pytest.approx(classifier.predict_proba(X)[:, 1], abs=1e-12)


def test_the_raw_score_is_the_points_times_a_factor_to_the_bit(classifier):
    model, encoding = classifier.calibrated_model_.model, classifier.calibrated_model_.encoding
    encoded = encoding.encode(table(500, seed=2)[0])
    assert np.array_equal(model.margin(encoded), model.intercept + model.factor * model.points(encoded))
    values = model.terms.contributions(encoded).values
    steps = (values - values[0]) / model.factor
    assert np.array_equal(steps, np.round(steps))


def test_points_are_few_and_whole(classifier):
    frame = classifier.scorecard_.frame()
    assert frame["points"].dtype.kind == "i"
    assert frame["points"].min() == 0
    assert frame["points"].max() == MOST_POINTS
    assert set(frame["feature"]) >= {"absent", "mark", "route"}


def test_points_go_the_declared_way(classifier):
    frame = classifier.scorecard_.frame()
    known = frame[frame["value"] != "not recorded"].groupby("feature")["points"]
    assert known.get_group("absent").is_monotonic_increasing
    assert known.get_group("mark").is_monotonic_decreasing


def test_the_sheet_reads_in_chinese(classifier):
    sheet = classifier.scorecard_
    assert list(sheet.frame("zh").columns) == ["指标", "取值", "分数"]
    assert "没有记录" in sheet.to_text("zh")
    assert "route" in str(sheet)


def test_another_model_has_no_points():
    with pytest.raises(AttributeError, match="no points"):
        _ = RiskClassifier("logistic").fit(*table(200)).scorecard_


def test_json_round_trip_is_to_the_bit(classifier):
    model = classifier.calibrated_model_.model
    assert ScorecardModel.from_dict(json.loads(json.dumps(model.to_dict()))) == model


def test_bins_are_found_without_the_rows_left_out(monkeypatch):
    monkeypatch.setattr(scorecard, "MOST_FEATURES", 2)
    X, y = table(400)
    encoded = np.column_stack([X["absent"], X["mark"]])
    folds = np.arange(400) % 4
    flipped = np.where(folds == 0, 1 - y, y).astype(np.int8)
    before, after = (ScorecardFitter([0, 0]).cross_fit(encoded, labels, folds) for labels in (y, flipped))
    if before.setting == after.setting:
        assert np.array_equal(before.margin[folds == 0], after.margin[folds == 0])
    assert not np.array_equal(before.margin[folds == 1], after.margin[folds == 1])
