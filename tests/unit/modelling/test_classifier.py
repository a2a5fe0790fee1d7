"""RiskClassifier keeps scikit-learn's contract, takes school tables, and explains what it predicts."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import (
    BackgroundError,
    EmptyColumnError,
    FeatureInputError,
    ForbiddenFeatureError,
    LabelError,
    OneClassError,
    TrainingError,
)
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.input_checks import (
    FewDropoutsWarning,
    IdentifierWarning,
    UnknownCodeWarning,
)

WEIGHTS_CHECK = "check_sample_weight_equivalence_on_dense_data"


@parametrize_with_checks(
    [RiskClassifier(), RiskClassifier("blend", folds=2)],
    expected_failed_checks=lambda _: {WEIGHTS_CHECK: "it deals folds, which the check knows by cv alone"},
)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_contract(estimator, check):
    check(estimator)


class ClassifierWithCv(RiskClassifier):
    """The same with its folds under the name by which scikit-learn's check of weights hands them in."""

    def __init__(self, model="auto", cv=5):
        super().__init__(model)
        self.cv = cv

    def fit(self, X, y, sample_weight=None):
        self.folds = self.cv
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("kind", ["auto", "blend"])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_contract_of_weights_where_folds_are_given(kind):
    getattr(estimator_checks, WEIGHTS_CHECK)("RiskClassifier", ClassifierWithCv(kind))


def table(n=400, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"absent": rng.exponential(size=n), "mark": rng.normal(size=n)})
    X["route"] = rng.choice(["bus", "foot", "bike"], n)
    X.loc[rng.random(n) < 0.2, ["mark", "route"]] = None
    y = rng.random(n) < expit(X["absent"] - X["mark"].fillna(-0.5) + (X["route"] == "foot") - 2)
    return X, y.astype(int)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # matplotlib's, from shap's own colours
@pytest.mark.parametrize("kind", ["logistic", "lightgbm", "blend"])
def test_the_explanation_adds_up_to_predict_proba(kind):
    X, y = table()
    classifier = RiskClassifier(kind).fit(X, y)
    told = classifier.explain(X)
    assert (
        np.abs(expit(told.base_values + told.values.sum(axis=1)) - classifier.predict_proba(X)[:, 1]).max()
        < 1e-9
    )
    assert told.feature_names == list(X.columns)
    assert told.display_data[0, 2] == X["route"].iloc[0]
    assert told.data.dtype == np.float64


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # matplotlib's, from shap's own colours
@pytest.mark.parametrize("kind", ["logistic", "lightgbm", "blend"])
def test_the_base_is_the_mean_score_of_those_who_stayed_or_of_a_background_that_was_given(kind):
    X, y = table()
    classifier = RiskClassifier(kind).fit(X, y)
    given = X[X["absent"] > 1]
    for rows, told in ((X[y == 0], classifier.explain(X)), (given, classifier.explain(X, given))):
        assert np.ptp(told.base_values) == 0
        assert told.base_values[0] == pytest.approx(classifier.decision_function(rows).mean(), abs=1e-9)
        assert (
            np.abs(told.base_values + told.values.sum(axis=1) - classifier.decision_function(X)).max() < 1e-9
        )
    assert classifier.background_ == f"stayed: {(y == 0).sum()} rows"


@pytest.mark.parametrize(
    ("background", "said"),
    [
        (table(20)[0].drop(columns="mark"), "missing \\['mark'\\]"),
        (table(20)[0][:0], "no rows"),
        (np.zeros((5, 3)), "categorical columns"),
    ],
)
def test_a_background_without_rows_or_with_other_columns_is_refused(background, said):
    X, y = table()
    classifier = RiskClassifier("blend").fit(X, y)
    with pytest.raises(BackgroundError, match=said):
        classifier.explain(X, background)


def test_the_order_of_rows_and_columns_never_matters():
    X, y = table()
    order = np.random.default_rng(1).permutation(len(X))
    one = RiskClassifier().fit(X, y)
    other = RiskClassifier().fit(X.iloc[order], y.iloc[order])
    assert one.calibrated_model_.to_files() == other.calibrated_model_.to_files()
    assert np.array_equal(one.predict_proba(X[["route", "mark", "absent"]]), one.predict_proba(X))


def test_pupils_who_look_alike_are_still_many_pupils():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"skipped": rng.choice(["never", "once", "often"], 900, p=[0.5, 0.3, 0.2])})
    y = rng.random(900) < X["skipped"].map({"never": 0.1, "once": 0.3, "often": 0.6})
    risk = RiskClassifier().fit(X, y).predict_proba(X)[:, 1]
    for word in ("never", "once", "often"):
        assert risk[X["skipped"] == word].mean() == pytest.approx(y[X["skipped"] == word].mean(), abs=0.03)


def test_rows_of_one_pupil_stay_together(monkeypatch):
    X, y = table(300)
    X.index = pd.MultiIndex.from_arrays(
        [np.arange(300) // 3, np.arange(300) % 3], names=["student_id", "as_of"]
    )
    seen = []
    monkeypatch.setattr(
        "dropout_risk.modelling.folds.group_folds.dealt_folds", lambda keys, *rest: seen.append(keys) or FOLDS
    )
    RiskClassifier("logistic").fit(X, y)
    assert len(set(seen[0])) == 100


FOLDS = np.arange(300) % 3


def test_an_own_calibration_part_is_used():
    X, y = table(600)
    own = RiskClassifier("logistic").fit(X[:400], y[:400], calibration_set=(X[400:], 1 - y[400:]))
    crossed = RiskClassifier("logistic").fit(X[:400], y[:400])
    assert own.calibrated_model_.model == crossed.calibrated_model_.model
    assert own.calibrated_model_.calibration.a < crossed.calibrated_model_.calibration.a


def test_calibration_can_be_left_out():
    X, y = table()
    calibration = RiskClassifier("logistic", calibrate=False).fit(X, y).calibrated_model_.calibration
    assert (calibration.a, calibration.b) == (1.0, 0.0)


def test_risks_are_right_on_average_without_resampling():
    X, y = table(3000)
    classifier = RiskClassifier().fit(X[:1500], y[:1500])
    assert classifier.predict_proba(X[1500:])[:, 1].mean() == pytest.approx(y[1500:].mean(), abs=0.03)


def test_labels_of_any_two_kinds_are_kept():
    X, y = table(120)
    words = np.where(y == 1, "left", "in school")
    classifier = RiskClassifier("logistic").fit(X, words)
    assert classifier.classes_.tolist() == ["in school", "left"]
    assert set(classifier.predict(X)) <= {"in school", "left"}


@pytest.mark.parametrize(
    ("y", "kind", "said"),
    [
        ([0] * 20, OneClassError, "one class only"),
        ([0, 1] * 9 + [2, 2], LabelError, "Only binary"),
        ([0.0, 1.0] * 9 + [np.nan, 1.0], LabelError, "NaN"),
        ([0, 0.5] * 10, LabelError, r"\[DR\d+\] Unknown label type"),
        ([0, 1] * 9, TrainingError, "20 rows"),
    ],
)
def test_labels_that_cannot_train_are_refused(y, kind, said):
    with pytest.raises(kind, match=said):
        RiskClassifier().fit(table(20)[0], y)


def test_a_single_row_is_refused():
    with pytest.raises(TrainingError, match="two rows"):
        RiskClassifier().fit(table(1)[0], [1])


def test_one_dropout_is_enough_for_a_cautious_model():
    X, _ = table(50)
    classifier = RiskClassifier().fit(X, np.arange(50) == 7)
    assert classifier.calibrated_model_.kind == "logistic"
    assert classifier.calibrated_model_.calibration.a == 1.0
    assert classifier.predict_proba(X)[:, 1].mean() == pytest.approx(0.02, abs=0.01)


def test_an_unknown_model_is_refused_with_the_nearest_name():
    with pytest.raises(TrainingError, match="did you mean 'lightgbm'"):
        RiskClassifier("lightgmb").fit(*table(20))


def test_a_single_fold_is_refused():
    with pytest.raises(TrainingError, match="folds must be at least 2"):
        RiskClassifier(folds=1).fit(*table(20))


@pytest.mark.parametrize("monotone", [{"absnt": 1}, {"absent": 2}, {"route": 1}])
def test_monotone_directions_that_make_no_sense_are_refused(monotone):
    with pytest.raises(FeatureInputError, match="monotone"):
        RiskClassifier(monotone=monotone).fit(*table(20))


def test_audit_only_columns_are_refused_with_a_catalogue():
    X, y = table(20)
    with pytest.raises(ForbiddenFeatureError):
        RiskClassifier(catalogue=FeatureCatalogue([])).fit(X.assign(sex="f"), y)


def test_booster_is_there_only_where_trees_were_chosen():
    X, y = table(120)
    assert RiskClassifier("blend").fit(X, y).booster_.num_feature() == 3
    with pytest.raises(AttributeError, match="no trees"):
        _ = RiskClassifier("logistic").fit(X, y).booster_


def test_columns_without_a_value_are_named_all_at_once_with_the_way_out():
    X, y = table(60)
    with pytest.raises(EmptyColumnError, match=r"\['lost', 'gone'\] hold no value") as raised:
        RiskClassifier("logistic").fit(X.assign(lost=np.nan, gone=None), y)
    assert "dropna" in raised.value.hint


def test_columns_without_a_value_that_the_catalogue_declares_are_taken():
    X, y = table(60)
    classifier = RiskClassifier("logistic").fit(X.assign(phq9_total=np.nan), y)
    assert classifier.n_features_in_ == 4


def test_few_dropouts_are_warned_of():
    X, _ = table(400)
    with pytest.warns(FewDropoutsWarning, match="10 of 400 rows"):
        RiskClassifier("logistic").fit(X, np.arange(400) < 10)


@pytest.mark.parametrize(
    "column",
    [
        {"school_id": np.repeat(["s1", "s2", "s3", "s4"], 100)},
        {"student_id": [f"p{number}" for number in range(400)]},
        {"student_id": np.arange(400)},
        {"remark": [f"words {number}" for number in range(400)]},
    ],
)
def test_columns_that_name_pupils_or_schools_are_warned_of(column):
    X, y = table(400)
    with pytest.warns(IdentifierWarning, match=next(iter(column))):
        RiskClassifier("logistic").fit(X.assign(**column), y)


@pytest.mark.parametrize("code", [999, 9999, -9, -99, -999])
def test_numbers_that_stand_for_not_known_are_warned_of(code):
    X, y = table(400)
    days = np.arange(400) % 9
    with pytest.warns(UnknownCodeWarning, match="days_away"):
        RiskClassifier("logistic").fit(X.assign(days_away=np.where(days, days, code)), y)


def test_honest_columns_are_not_warned_of(recwarn):
    X, y = table(400)
    more = {"class_size": np.arange(400) % 40, "metres": np.arange(400) * 3.0, "z": np.arange(400) % 19 - 9.0}
    RiskClassifier("logistic").fit(X.assign(**more | {"metres": np.append(more["metres"][1:], 999.0)}), y)

    told = (FewDropoutsWarning, IdentifierWarning, UnknownCodeWarning)
    assert [one for one in recwarn if one.category in told] == []


def test_scores_out_of_fold_know_nothing_of_their_own_labels():
    """Of labels that are pure chance, trees learn their rows by heart; the fold models cannot."""
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame(rng.normal(size=(600, 8))).add_prefix("x"), rng.permutation(np.arange(600) % 2)
    classifier = RiskClassifier("lightgbm", leaks="ignore").fit(X, y)
    order = rng.permutation(600)
    again = RiskClassifier("lightgbm", leaks="ignore").fit(X.iloc[order], y[order])

    assert roc_auc_score(y, classifier.decision_function(X)) > 0.6
    assert roc_auc_score(y, classifier.out_of_fold_) < 0.58
    assert np.array_equal(again.out_of_fold_, classifier.out_of_fold_[order])
