"""Own modelling: the same split, report and baselines, and a risk model of what was fitted."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import dropout_risk as dr
from dropout_risk.errors import ArgumentError, FeatureInputError, SplitError, TrainingError
from dropout_risk.modelling.folds.school_day_index import SchoolDayIndex
from dropout_risk.records.days.calendar import SchoolCalendar, ordinal_of

DAYS = ["2024-10-07", "2024-11-04", "2024-12-02", "2025-05-05", "2025-06-02"]


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=400, seed=3)


@pytest.fixture(scope="module")
def cohort(records):
    return dr.Cohort.on(records, DAYS).with_labels(records, horizon_days=60)


@pytest.fixture(scope="module")
def features(records, cohort):
    return dr.build_features(records, cohort)


@pytest.fixture(scope="module")
def classifier(features, cohort):
    return dr.RiskClassifier("logistic", catalogue=dr.default_catalogue(), folds=2, leaks="ignore").fit(
        features, cohort.labels
    )


def test_a_split_of_records_is_a_cv_of_scikit_learn(records, cohort, features):
    split = dr.TemporalSplit.of(records, horizon_days=60, n_splits=2)
    scores = cross_val_score(DummyClassifier(), features, cohort.labels, cv=split)

    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


def test_the_library_own_calendar_counts_school_days_of_a_split(records, features):
    by_calendar = dr.TemporalSplit(n_splits=2, horizon_days=60, calendar=records.calendar)
    by_records = dr.TemporalSplit.of(records, horizon_days=60, n_splits=2)

    assert [list(map(len, pair)) for pair in by_calendar.split(features)] == [
        list(map(len, pair)) for pair in by_records.split(features)
    ]


def test_no_label_of_the_training_was_open_when_a_test_began_in_any_school(records, cohort, features):
    calendar, days = records.calendar, pd.DatetimeIndex(features.index.get_level_values("as_of"))
    for train, test in dr.TemporalSplit.of(cohort, n_splits=2).split(features):
        last, begin = ordinal_of(days[train].max()), ordinal_of(days[test].min())
        for row in range(len(calendar.schools)):
            assert calendar.index(row, begin) - calendar.index(row, last) >= 60


def test_a_cohort_knows_the_horizon_of_its_labels(cohort):
    assert dr.TemporalSplit.of(cohort).horizon_days == 60
    with pytest.raises(SplitError, match="60 school days ahead"):
        dr.TemporalSplit.of(cohort, horizon_days=90)


def test_days_on_which_one_school_was_closed_do_not_count():
    calendar = SchoolCalendar.from_days(
        {"a": ["2025-03-03", "2025-03-04", "2025-03-05"], "b": ["2025-03-03", "2025-03-05"], "c": []}
    )
    index = SchoolDayIndex(calendar)
    assert [index(day) for day in ("2025-03-03", "2025-03-05", "2025-03-10")] == [0, 1, 2]


def test_a_risk_model_takes_labels_horizon_grades_and_the_synthetic_mark_from_the_cohort(
    classifier, features, cohort
):
    model = dr.RiskModel.from_classifier(classifier, X=features, cohort=cohort)

    assert model.settings.outcome.horizon_days == 60
    assert model.synthetic
    assert model.describe()["horizon_days"] == 60


def test_what_a_risk_model_cannot_know_is_asked_for(classifier, features, cohort):
    make = dr.RiskModel.from_classifier
    given = {"X": features}
    with pytest.raises(TrainingError, match=r"labels \(y\), settings, synthetic"):
        make(classifier, X=pd.DataFrame(features.to_dict("series")))
    with pytest.raises(TrainingError, match=r"labels \(y\), settings: "):
        make(classifier, **given)
    with pytest.raises(TrainingError, match="made up"):
        make(classifier, **given, y=cohort.labels, settings=dr.Settings(), synthetic=False)
    with pytest.raises(TrainingError, match="settings say 90"):
        make(classifier, **given, cohort=cohort, settings=dr.Settings())
    with pytest.raises(TrainingError, match="made up"):
        make(classifier, **given, cohort=cohort, synthetic=False)


def test_columns_and_catalogue_are_brought_together_or_named(classifier, features, cohort):
    with pytest.raises(FeatureInputError, match="discipline"):
        dr.RiskModel.from_classifier(classifier, X=features, catalogue=dr.default_catalogue(), cohort=cohort)
    with pytest.raises(FeatureInputError, match="declared in no catalogue"):
        dr.RiskModel.from_classifier(classifier, X=features.assign(shoe_size=1.0), cohort=cohort)


def test_any_classifier_gets_the_report_and_the_baselines_of_a_training(records):
    settings = dr.Settings(evaluation={"replicates": 100})
    judged = dr.judge_classifier(HistGradientBoostingClassifier(max_iter=20), records, settings)
    frame = judged.frame()

    assert {"model", "base_rate", "abc_rule", "last_mark"} <= set(frame.index)
    assert frame.loc["model", "auc"] > frame.loc["base_rate", "auc"]
    assert judged.report.candidate == "HistGradientBoostingClassifier"
    assert judged.report.synthetic
    assert "AUC" in repr(judged)


def test_a_classifier_that_takes_no_missing_values_is_told_how_before_the_candidates_are_fitted(
    records, monkeypatch
):
    monkeypatch.setattr(
        "dropout_risk.training.train.fit_classifier", lambda *_, **__: pytest.fail("too late")
    )
    ways = (
        lambda: dr.train(records, QUICK, track=False, candidates=["logistic", LogisticRegression()]),
        lambda: dr.judge_classifier(LogisticRegression(), records, QUICK),
    )
    for way in ways:
        with pytest.raises(TrainingError, match="LogisticRegression cannot be fitted") as caught:
            way()
        assert "SimpleImputer" in caught.value.hint
        assert "NaN" in str(caught.value.__cause__)


def test_pipelines_are_told_apart_by_their_last_steps(records):
    settings = dr.Settings(evaluation={"replicates": 100})
    judged = dr.judge_classifier(make_pipeline(SimpleImputer(), DummyClassifier()), records, settings)

    assert judged.candidate.name == judged.report.candidate == "DummyClassifier"
    assert "DummyClassifier" in repr(judged)


def test_what_gives_no_probabilities_is_refused_before_any_work():
    with pytest.raises(ArgumentError, match="SchoolRecords"):
        dr.judge_classifier(DummyClassifier(), "records/")
    with pytest.raises(ArgumentError, match="no classifier"):
        dr.judge_classifier("lightgbm", dr.simulate_district(n_students=20, seed=1))


QUICK = dr.Settings(
    models={"candidate": "logistic", "folds": 2},
    evaluation={"refits": 0, "learning_curve": False, "replicates": 100},
)


@pytest.fixture(scope="module")
def run(records):
    mine = [HistGradientBoostingClassifier(max_iter=20, random_state=0), DummyClassifier()]
    return dr.train(records, QUICK, track=False, candidates=["logistic", *mine])


def test_own_candidates_stand_in_the_report_beside_the_model_and_are_never_it(run):
    named = [result.name for result in run.report.results]

    assert named[-2:] == ["own_HistGradientBoostingClassifier", "own_DummyClassifier"]
    assert run.model.calibrated.kind == "logistic"
    assert run.selection["candidate"].tolist() == ["logistic"]
    assert "Own: HistGradientBoostingClassifier" in run.report.to_markdown("en")


def test_an_own_candidate_is_fitted_as_it_is_judged_alone(records, run):
    judged = dr.judge_classifier(HistGradientBoostingClassifier(max_iter=20, random_state=0), records, QUICK)

    assert np.array_equal(judged.candidate.risks, run.foreign[0].risks)


def test_reasons_of_an_own_candidate_are_those_of_shap_add_up_and_say_so(run, features):
    found, some = run.foreign[0], features.iloc[:3]
    told = found.explain(some)
    risk = found.classifier.predict_proba(some[list(found.columns)])[:, 1]

    assert "shap's permutations" in found.explainer_
    assert told.feature_names == list(found.columns)
    assert np.allclose(told.base_values + told.values.sum(axis=1), np.log(risk / (1 - risk)))


def test_reasons_of_the_library_classifier_are_its_own(features, cohort, classifier):
    from dropout_risk.training.foreign import ForeignCandidate

    found = ForeignCandidate("mine", classifier, tuple(features.columns), np.empty(0))
    told, own = found.explain(features.iloc[:5]), classifier.explain(features.iloc[:5])

    assert np.array_equal(told.values, own.values)
    assert "the library's own" in found.explainer_


@pytest.mark.parametrize(
    ("candidates", "told"),
    [(["logistics"], "no candidate 'logistics'"), ([3], "no classifier with fit"), ("logistic", "no list"),
     ([HistGradientBoostingClassifier], "no classifier with fit")],
)  # fmt: skip
def test_candidates_that_are_none_are_refused_before_any_work(records, candidates, told):
    with pytest.raises(ArgumentError, match=told):
        dr.train(records, QUICK, track=False, candidates=candidates)
