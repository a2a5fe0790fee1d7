"""RiskClassifier in the hands of those who know scikit-learn: what they try works, or says what is wrong."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, TimeSeriesSplit

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.errors import FeatureInputError, ForbiddenFeatureError, SplitError, TrainingError
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.audit_columns import audit_columns


def many(n=240, seed=1):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"absent": rng.exponential(size=n), "mark": rng.normal(size=n)})
    return X, (rng.random(n) < expit(2 * X["absent"] - X["mark"] - 2)).astype(int)


def classifier(model="logistic", **more):
    return RiskClassifier(model, folds=more.pop("folds", 3), leaks="ignore", **more)


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(*many())


def frames():
    return {
        "polars": pl.from_pandas, "arrow": pa.Table.from_pandas, "a record batch": pa.RecordBatch.from_pandas,
    }  # fmt: skip


@pytest.mark.parametrize("kind", frames())
def test_columns_of_any_frame_are_found_by_name_whatever_their_order(fitted, kind):
    X, y = many()
    other = X[["mark", "absent"]]
    given = frames()[kind](other)
    risks = fitted.predict_proba(X)

    np.testing.assert_array_equal(fitted.predict_proba(given), risks)
    own = classifier().fit(other, y).predict_proba(X)
    np.testing.assert_array_equal(classifier().fit(given, y).predict_proba(X), own)


def pairs_of(fold):
    return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in np.unique(fold)]


@pytest.mark.parametrize("dealt", [PredefinedSplit, pairs_of])
def test_a_row_that_weighs_three_is_three_rows_in_the_fold_that_the_row_was_given(dealt):
    X, y = many()
    fold, weights = np.arange(len(y)) % 3, np.random.default_rng(0).integers(0, 4, len(y))
    rows = np.repeat(np.arange(len(y)), weights)
    weighted = classifier(folds=dealt(fold)).fit(X, y, weights)
    repeated = classifier(folds=dealt(fold[rows]))
    repeated.fit(X.iloc[rows].reset_index(drop=True), y.iloc[rows].reset_index(drop=True))

    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))
    np.testing.assert_array_equal(weighted.out_of_fold_[rows], repeated.out_of_fold_)
    assert np.isnan(weighted.out_of_fold_).tolist() == (weights == 0).tolist()


@pytest.mark.parametrize("dealt", [3, KFold(3)])
def test_rows_that_weigh_nothing_change_nothing_and_may_fill_a_fold(dealt):
    X, y = many()
    strange = pd.concat([X, X[:80] * -99], ignore_index=True), [*y, *(1 - y[:80])]
    weights = np.repeat([2, 0], [240, 80])
    fold = np.append(np.arange(240) % 2, np.full(80, 2))

    np.testing.assert_array_equal(
        classifier().fit(*strange, weights).predict_proba(X),
        classifier().fit(X, y, [2] * 240).predict_proba(X),
    )
    assert len(classifier(folds=PredefinedSplit(fold)).fit(*strange, weights).selection_.folds()) == 2


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_copies_told_by_weights_never_teach_what_they_are_tested_on(kind):
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame(rng.normal(size=(800, 8))).add_prefix("x"), rng.integers(0, 2, 800)
    once, counted = RiskClassifier(kind), RiskClassifier(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        once.fit(X, y)
        counted.fit(X, y, [5] * 800)

    areas = [roc_auc_score(y, each.out_of_fold_) for each in (once, counted)]
    assert areas == pytest.approx([0.5, 0.5], abs=0.1)
    assert counted.leaks_ == once.leaks_
    np.testing.assert_allclose(counted.predict_proba(X), once.predict_proba(X), atol=0.1)


@pytest.mark.parametrize("weights", [[0.5] * 240, [-1] * 240, [1, 2], ["p1"] * 240, [np.nan] * 240])
def test_weights_that_would_make_risks_no_probabilities_are_refused(weights):
    with pytest.raises(FeatureInputError, match="sample_weight"):
        classifier().fit(*many(), weights)


def test_a_splitter_deals_the_folds():
    X, y = many()
    groups = np.arange(len(y)) % 12
    fold = np.arange(len(y)) % 4

    by_group = classifier(folds=GroupKFold(4)).fit(X, y, groups=groups)
    given = classifier(folds=PredefinedSplit(fold)).fit(X, y)
    pairs = classifier(folds=pairs_of(fold))

    assert len(by_group.selection_.folds()) == 4
    np.testing.assert_array_equal(given.out_of_fold_, pairs.fit(X, y).out_of_fold_)
    assert not np.allclose(given.out_of_fold_, classifier(folds=KFold(4)).fit(X, y).out_of_fold_)


@pytest.mark.parametrize("folds", [TimeSeriesSplit(3), [([0, 1], [2, 3])], "five", KFold])
def test_folds_that_do_not_test_every_row_once_are_refused(folds):
    with pytest.raises((SplitError, TrainingError), match="folds"):
        classifier(folds=folds).fit(*many())


@pytest.mark.parametrize("weights", [None, [2] * 240])
def test_folds_that_put_a_group_on_both_sides_are_refused(weights):
    X, y = many()
    pupils = np.repeat(np.arange(80), 3)
    for rows, groups in ((X, pupils), (X.set_index(pd.Index(pupils, name="student_id")), None)):
        with pytest.raises(SplitError, match=r"80 of 80 groups .* student_id") as caught:
            classifier(folds=PredefinedSplit(np.arange(240) % 3)).fit(rows, y, weights, groups=groups)
        assert "GroupKFold and StratifiedGroupKFold" in caught.value.hint
        whole = classifier(folds=GroupKFold(3)).fit(rows, y, weights, groups=groups)
        assert len(whole.selection_.folds()) == 3


def test_folds_that_leave_one_class_to_train_on_are_refused():
    X, y = many()
    with pytest.raises(SplitError, match="one class only"):
        classifier(folds=PredefinedSplit(y)).fit(X, y)


def test_the_feature_that_moves_risks_more_is_the_more_important_one():
    X, y = many()
    X["noise"] = np.random.default_rng(3).normal(size=len(y))
    importances = classifier().fit(X, y).feature_importances_

    assert importances.shape == (3,)
    assert importances.argmax() == 0
    assert importances.argmin() == 2


@pytest.mark.parametrize("model", ["logistic", "lightgbm"])
def test_importances_are_the_mean_of_what_explain_says(model):
    X, y = many()
    clf = classifier(model).fit(X, y)

    said = np.abs(clf.explain(X).values).mean(axis=0)
    np.testing.assert_allclose(clf.feature_importances_, said, rtol=1e-9)


def test_an_explanation_has_numbers_for_shap_and_words_for_readers():
    X, y = many()
    X["route"] = np.where(np.arange(len(y)) % 3 == 0, "bus", "foot")
    X.loc[5, "route"] = None
    told = classifier().fit(X, y).explain(X)

    assert told.data.dtype == np.float64
    assert told.data[:3, 2].tolist() == [0.0, 1.0, 1.0]
    assert np.isnan(told.data[5, 2])
    assert [told.display_data[row, 2] for row in (0, 1, 5)] == ["bus", "foot", "missing"]


def test_features_are_named_by_the_labels_of_the_catalogue():
    X, y = many()
    X = X.set_axis(["absence_share_20d", "own_mark"], axis=1)
    clf = classifier().fit(X, y)
    label = default_catalogue()["absence_share_20d"].label

    assert clf.explain(X, labels="zh").feature_names == [label.zh, "own_mark"]
    assert clf.explain(X).feature_names == ["absence_share_20d", "own_mark"]


def test_log_probabilities_are_exact_where_a_risk_is_nearly_nothing(fitted):
    X, _ = many()
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X)), fitted.predict_proba(X), rtol=1e-12)
    far = pd.DataFrame({"absent": [1e4], "mark": [0.0]})
    assert np.isfinite(fitted.predict_log_proba(far)).all()


def test_the_repr_says_what_was_chosen_and_what_the_risk_is(fitted):
    assert repr(classifier()) == "RiskClassifier(folds=3, leaks='ignore', model='logistic')"
    assert repr(fitted).endswith("fitted: logistic on 2 columns, the risk is 1")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"candidates": "logistic"}, "must be a list of names"),
        ({"candidates": ["logistc"]}, "did you mean 'logistic'"),
        ({"folds": "5"}, "whole number or a splitter"),
        ({"folds": 2.5}, "whole number or a splitter"),
        ({"folds": 1}, "at least 2"),
        ({"leaks": "rais"}, "did you mean 'raise'"),
        ({"catalogue": ["absent"]}, "must be a FeatureCatalogue, got a list"),
        ({"monotone": [1, 0]}, "must be a Mapping, got a list"),
        ({"tuning": 3}, "must be a Tuning, got a int"),
        ({"random_state": "a"}, "must be a whole number"),
        ({"model": ["logistic"]}, "no model"),
    ],
)
def test_an_argument_that_cannot_be_used_is_said_before_any_work(wrong, said):
    with pytest.raises(TrainingError, match=said):
        RiskClassifier(**wrong).fit(None, None)


def test_all_wrong_arguments_are_said_at_once():
    with pytest.raises(TrainingError) as caught:
        RiskClassifier("lightgbmm", folds=0, leaks="rais").fit(None, None)
    assert all(word in str(caught.value) for word in ("lightgbmm", "folds", "rais"))


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ({"groups": [1, 2]}, "groups has 2 entries for 240 rows"),
        ({"cohorts": [1, 2]}, "cohorts must be a frame"),
        ({"calibration_set": many()[0]}, "must be a pair"),
    ],
)
def test_what_stands_beside_the_rows_in_a_wrong_form_is_an_error_of_ours(beside, said):
    with pytest.raises(TrainingError, match=said):
        classifier().fit(*many(), **beside)


AUDITED = [
    "sex", "Sex", "gender", "Gender", "性别", "sex_M", "sex_F", "gender_female", "性别_男", "student_sex",
    "性别代码", "is_male", "female", "ethnicity", "民族", "民族_汉族", "race", "ethnic_group", "少数民族",
    "residence", "hukou", "户口性质", "birth_date", "birthDate", "dob", "出生日期", "date of birth",
    "birthSexDescriptor", "hispanicLatinoEthnicity", "blackOrAfricanAmerican", "birth_year", "sexM", "sex1",
    "性别男", "性別", "民族汉族", "户口所在地", "农村户口", "出生年份", "男生", "boys", "XBM", "MZM",
]  # fmt: skip


@pytest.mark.parametrize("name", AUDITED)
def test_a_column_for_audit_alone_is_known_in_every_spelling(name):
    X, y = many(60)
    with pytest.raises(ForbiddenFeatureError, match="audit only"):
        classifier(catalogue=default_catalogue()).fit(X.assign(**{name: 1.0}), y)


@pytest.mark.parametrize(
    "name",
    [
        "absence",
        "sextant",
        "racetrack",
        "embrace",
        "malevolence",
        "年级",
        "essex",
        "birth_order",
        "民族团结课",
        "student_name_code",
        "whiteboard",
        "trace",
    ],
)
def test_no_other_column_is_taken_for_one(name):
    assert audit_columns([name]) == {}


def test_no_feature_of_the_catalogue_is_taken_for_one():
    assert audit_columns(default_catalogue().names) == {}


def test_named_whole_numbers_are_names():
    X, y = many()
    X.index.name = "student_id"
    other = y.set_axis(pd.Index(range(5, 245), name="student_id"))
    with pytest.raises(FeatureInputError, match="do not name the same rows"):
        classifier().fit(X, other)
    with warnings.catch_warnings(action="error", category=UserWarning):
        classifier().fit(X, y.reset_index(drop=True))


@pytest.mark.parametrize("given", [pd.Series, pl.Series, np.asarray])
def test_one_column_alone_is_refused_without_repeating_a_value(given):
    values = np.round(np.random.default_rng(0).uniform(1000, 9000, 60))
    with pytest.raises(FeatureInputError) as caught:
        classifier().fit(given(values), [0, 1] * 30)
    assert not any(f"{value:.0f}"[:4] in str(caught.value) for value in values)
    assert "column" in caught.value.hint


def test_a_mapping_is_told_to_become_a_frame():
    X, y = many()
    with pytest.raises(FeatureInputError, match="mapping"):
        classifier().fit(X.to_dict("list"), y)


@pytest.mark.parametrize("more", [{"model": KFold(3)}, {"candidates": ["logistic", LogisticRegression()]}])
def test_what_is_no_name_of_a_model_is_refused_and_an_own_classifier_is_told_where_it_fits(more):
    with pytest.raises(TrainingError, match="model") as caught:
        RiskClassifier(**more).fit(*many())
    assert ("dr.train(records, candidates=" in caught.value.hint) == ("candidates" in more)
