"""What the reasons of a reply are measured against and compared with, and their plots."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import dropout_risk as dr
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError
from dropout_risk.scoring.bundles.reference import Reference
from dropout_risk.scoring.request import request_of, score_request
from dropout_risk.settings import Settings

AS_OF = "2025-06-02"
PAST = "2025-03-10"  # twelve weeks before


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=250, seed=12)


@pytest.fixture(scope="module")
def scores(risk_model, records):
    return risk_model.score(records, AS_OF, language="en")


@pytest.fixture(scope="module")
def grade_of(records):
    students = records.table("students")
    return dict(zip(students["student_id"].to_pylist(), students["grade_level"].to_pylist(), strict=True))


def test_every_pupil_is_compared_with_stayers_of_the_own_grade_level_where_they_are_many(
    risk_model, scores, grade_of
):
    levels = risk_model.calibrated.backgrounds.levels
    names = {level: f"stayed, grade {level}" for level in levels}
    for pupil in scores.pupils:
        assert pupil.background == names.get(grade_of[pupil.student_id], "stayed")
    bases = {(pupil.background, pupil.base_log_odds) for pupil in scores.pupils}
    assert len(bases) == len({pupil.background for pupil in scores.pupils}) > 1
    assert all(f"{name}: " in scores.model["background"] for name in names.values())


def test_points_of_reasons_and_the_rest_are_the_risk_less_the_risk_of_the_base(scores):
    for pupil in scores.pupils:
        told = sum(reason.points for reason in (*pupil.raising, *pupil.lowering)) + pupil.other_points
        assert abs(told - (pupil.risk - expit(pupil.base_log_odds))) <= 1e-12


def test_a_reason_compares_with_the_mean_of_the_background(risk_model, scores, grade_of):
    names = risk_model.catalogue.names
    compared = 0
    for pupil in scores.pupils:
        stayed = risk_model.reference.stayed(names, grade_of[pupil.student_id])
        for reason in (*pupil.raising, *pupil.lowering):
            if reason.comparison and reason.comparison["kind"] == "stayed":
                compared += 1
                assert reason.comparison["value"] == stayed[names.index(reason.feature)]
    assert compared


def test_the_reference_of_a_grade_level_is_the_mean_of_its_stayers():
    X = pd.DataFrame({"share": [0.1, 0.3, np.nan, 0.9, 0.5]})
    eighth = np.array([True, True, True, True, False])
    reference = Reference.of(X, [0, 0, 0, 1, 0], {8: eighth})
    assert reference.stayed(["share"], 8) == pytest.approx([0.2])
    assert reference.stayed(["share"]) == reference.stayed(["share"], 12) == pytest.approx([0.3])


def test_the_own_past_is_the_feature_as_known_twelve_weeks_before(risk_model, records, scores):
    then = dr.build_features(records, dr.Cohort.on(records, PAST), risk_model.catalogue).droplevel("as_of")
    assert (dt.date.fromisoformat(AS_OF) - dt.date.fromisoformat(PAST)).days == 84
    told = 0
    for pupil in scores.pupils:
        for reason in (*pupil.raising, *pupil.lowering):
            alone = not risk_model.catalogue[reason.feature].measure.needs_class
            if pupil.student_id in then.index and alone:
                before = then.loc[pupil.student_id, reason.feature]
                assert reason.own_past == (None if np.isnan(before) else before)
                told += reason.own_past is not None
    assert told > 100


def test_without_a_class_a_request_compares_with_the_own_past(risk_model, records, scores):
    ids = [pupil.student_id for pupil in scores.pupils[:30]]
    reply = score_request(risk_model, request_of(records, ids, AS_OF, "en")).pupils
    kinds = {reason.comparison["kind"] for pupil in reply for reason in pupil.raising if reason.comparison}
    assert kinds == {"own_past", "stayed"} or kinds == {"own_past"}


def test_the_own_past_can_be_left_out(risk_model, records):
    settings = risk_model.settings.model_copy(
        update={"reasons": risk_model.settings.reasons.model_copy(update={"own_past": False})}
    )
    told = replace(risk_model, settings=settings).score(records, AS_OF)
    assert {reason.own_past for pupil in told.pupils for reason in pupil.raising} == {None}


def test_ready_features_are_compared_with_all_who_stayed(risk_model):
    (pupil,) = risk_model.score_features(pd.DataFrame({"absence_share_20d": [0.3]})).pupils
    assert pupil.background == "stayed"
    assert all(reason.own_past is None for reason in pupil.raising)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # matplotlib's, from shap's own colours
def test_the_explanation_is_that_of_every_pupil_to_the_bit(risk_model, records, scores):
    told = scores.explanation()
    total = told.base_values
    for column in told.values.T:
        total = total + column
    assert total.tolist() == [pupil.log_odds for pupil in scores.pupils]
    assert told.feature_names == risk_model.catalogue.names
    X = dr.build_features(records, dr.Cohort.on(records, AS_OF), risk_model.catalogue).droplevel("as_of")
    ids = [pupil.student_id for pupil in scores.pupils]
    assert np.array_equal(told.data, X.loc[ids].to_numpy(), equal_nan=True)
    request = score_request(risk_model, request_of(records, ids[:3], AS_OF))
    assert request.explanation().base_values.tolist() == told.base_values[:3].tolist()


@pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)
def test_plots_of_shap_take_the_explanation(scores):
    import matplotlib as mpl
    import shap

    mpl.use("Agg")
    from matplotlib import pyplot

    told = scores.explanation()
    shap.plots.waterfall(told[0], show=False)
    shap.plots.beeswarm(told, show=False)
    shap.plots.scatter(told[:, "absence_share_60d"], show=False)
    assert len(pyplot.get_fignums()) >= 1
    pyplot.close("all")


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_rows_that_could_not_be_scored_are_not_explained_and_others_keep_their_place(risk_model):
    X = pd.DataFrame({"absence_share_20d": [0.1, 7.0, 0.4]}, index=["a", "b", "c"])
    told = risk_model.score_features(X).explanation()
    place = risk_model.catalogue.names.index("absence_share_20d")
    assert told.data[:, place].tolist() == [0.1, 0.4]


def test_scores_that_were_cut_are_not_explained_as_if_they_were_whole(scores):
    for cut in (replace(scores, pupils=scores.pupils[:5]), replace(scores, explained=None)):
        with pytest.raises(FeatureInputError, match="not at hand"):
            cut.explanation()


CATALOGUE = FeatureCatalogue(
    [feature for feature in dr.default_catalogue().values() if feature.name.startswith("absence_share")]
)


@pytest.fixture(scope="module")
def training():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(size=(900, len(CATALOGUE))), columns=CATALOGUE.names)
    y = (X.iloc[:, 0] + rng.normal(scale=0.3, size=900) > 0.9).astype(int)
    return dr.RiskClassifier("logistic", catalogue=CATALOGUE).fit(X, y), X, y


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("stayed_in_grade", ("stayed", "stayed, grade 7", "stayed, grade 8")),
        ("stayed", ("stayed",)),
        ("training", ("training",)),
    ],
)
def test_the_settings_choose_whom_pupils_are_compared_with(training, kind, names):
    classifier, X, y = training
    levels = np.repeat([7.0, 8.0, np.nan], 300)
    settings = Settings(reasons={"background": kind})
    model = dr.RiskModel.from_classifier(
        classifier, catalogue=CATALOGUE, X=X, y=y, grade_levels=levels, settings=settings, synthetic=True
    )
    scores = model.score_features(X[::300], grade_levels=levels[::300])
    assert model.calibrated.backgrounds.names == names
    assert {pupil.background for pupil in scores.pupils} == set(names)
    with pytest.raises(FeatureInputError, match="3 grade levels for 900 rows"):
        dr.RiskModel.from_classifier(
            classifier,
            catalogue=CATALOGUE,
            X=X,
            y=y,
            grade_levels=[7, 8, 9],
            settings=Settings(),
            synthetic=True,
        )
