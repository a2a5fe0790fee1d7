"""The famous leaks are found and named, and clean data are accused of nothing."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import LabelError, LeakError, SettingsError, TrainingError
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.leaks.report import CHECKS, LeakWarning, find_leaks
from support.leaks import cortez, hsls, made_up, oversampled, real_data, smote, uci


def found(*given, **more):
    return {(leak.check, leak.column) for leak in find_leaks(*given, **more).found}


# --- clean data -------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [uci, lambda: cortez("por")[:2], lambda: cortez("mat")[:2]])
def test_clean_real_data_are_accused_of_nothing(data):
    assert found(*data()) == set()


def test_of_clean_real_data_only_the_columns_for_audit_are_named():
    audited = {"student_sex_survey1", "student_race_eth_survey1"}
    assert found(*hsls()) == {("audit_only", name) for name in audited}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [60, 400, 2000])
def test_clean_made_up_data_are_accused_of_nothing(n, seed):
    assert found(*made_up(n, seed)) == set()


def test_many_columns_of_few_rows_are_not_accused_by_accident():
    rng = np.random.default_rng(0)
    for _ in range(10):
        y = np.zeros(60, dtype=int)
        y[rng.choice(60, 4, replace=False)] = 1
        assert found(rng.normal(size=(60, 100)), y) == set()


def test_pupils_about_whom_nothing_is_known_are_no_copies_of_each_other():
    X, y = made_up()
    X.loc[:600, ["absent", "late", "mark", "distance", "scale", "route"]] = None
    assert found(X, y) == set()


def test_class_mates_who_share_what_is_said_of_their_class_are_no_copies():
    rng = np.random.default_rng(0)
    school_class = rng.integers(0, 60, 3000)
    of_class = rng.normal(size=(60, 12))[school_class]
    X = np.column_stack([of_class, rng.integers(0, 3, (3000, 2))])
    assert found(X, (rng.random(3000) < 0.2).astype(int)) == set()


def test_snapshots_of_one_pupil_that_do_not_change_are_no_copies():
    X, y = made_up(800)
    assert found(pd.concat([X] * 3), np.tile(y, 3), np.tile(np.arange(800), 3)) == set()


# --- columns ----------------------------------------------------------------------------------------


def test_a_score_column_copied_from_the_final_mark_is_named():
    X, y, final = cortez()
    assert found(X.assign(Score=np.where(final >= 10, "Pass", "Fail")), y) == {("tells_the_outcome", "Score")}


@pytest.mark.parametrize("code", [{0: 2, 1: 1}, {0: [1, 3], 1: 2}])
def test_a_code_of_the_outcome_is_named_also_where_it_ranks_nothing(code):
    X, y = made_up()
    rng = np.random.default_rng(1)
    X["status"] = [rng.choice(np.atleast_1d(code[label])) for label in y]
    assert found(X, y) == {("tells_the_outcome", "status")}


def test_the_bound_is_an_auc_of_95_hundredths():
    rng, y = np.random.default_rng(0), np.arange(4000) % 4 == 0
    weak, strong = (rng.normal(size=4000) + shift * y for shift in (2.2, 2.5))
    assert found(pd.DataFrame({"weak": weak, "strong": strong}), y.astype(int)) == {
        ("tells_the_outcome", "strong")
    }


def test_second_semester_grades_are_late_where_that_is_declared():
    X, y = uci()
    known_at = {name: 2 if "2nd sem" in name else 1 if "1st sem" in name else 0 for name in X}
    late = {("known_late", name) for name in X if "2nd sem" in name}
    assert found(X, y, known_at=known_at, asked_at=1) == late
    assert found(X, y, known_at=known_at, asked_at=2) == set()


def test_second_semester_grades_that_nobody_declared_cannot_be_seen_and_that_is_said():
    made = {check.name: check for check in find_leaks(*uci()).checks}
    assert made["known_late"].not_judged is not None
    assert "when it was filled in" in made["known_late"].blind.en


def test_a_column_that_is_filled_in_for_leavers_only_is_named():
    X, y = made_up()
    rng = np.random.default_rng(0)
    X["exit_talk"] = np.where((y == 1) & (rng.random(len(y)) < 0.5), rng.integers(1, 5, len(y)), np.nan)
    assert found(X, y) == {("missing_tells", "exit_talk")}


def test_a_column_that_leavers_lack_is_named_for_its_gaps():
    X, y = made_up()
    X["final_mark"] = np.where(y == 1, np.nan, X["mark"])
    assert found(X, y) == {("missing_tells", "final_mark")}


def test_identifiers_given_out_by_outcome_are_named_and_others_are_not():
    X, y = made_up()
    X["number"] = np.random.default_rng(0).permutation(len(y)) + 202400000
    X["row"] = np.argsort(np.argsort(-y.to_numpy() + np.random.default_rng(0).normal(size=len(y))))
    assert found(X, y) == {("identifier", "row")}


@pytest.mark.parametrize("form", [int, "p{:05d}".format])
def test_pupil_ids_sorted_by_outcome_are_named(form):
    X, y = made_up()
    order = np.argsort(-y.to_numpy(), kind="stable")
    ids = np.empty(len(y), dtype=object)
    ids[order] = [form(place) for place in range(len(y))]
    assert found(X, y, ids) == {("order_tells", "")}
    assert ("identifier", "pupil") in found(X.assign(pupil=ids), y)


def test_the_column_by_which_folds_are_kept_apart_is_no_feature():
    X, y = made_up()
    school = np.array([f"s-{i % 20}" for i in range(len(y))])
    assert found(X.assign(school=school), y, school) == {("identifier", "school")}
    assert found(X.assign(school=school), y) == set()


@pytest.mark.parametrize("name", ["sex", "Gender", "ethnicity", "birth_date"])
def test_audit_only_columns_are_named(name):
    X, y = made_up()
    X[name] = np.arange(len(y)) % 2
    assert found(X, y) == {("audit_only", name)}


def test_gaps_filled_with_the_mean_of_each_class_are_named():
    X, y = made_up()
    X["scale"] = X["scale"].fillna(X.groupby(y.to_numpy())["scale"].transform("mean"))
    assert found(X, y) == {("filled_by_outcome", "scale")}


def test_gaps_filled_with_the_mean_of_training_and_test_are_named():
    X, y = made_up()
    test = np.arange(len(y)) % 4 == 0
    everything, training = (
        X.assign(scale=X["scale"].fillna(of.mean())) for of in (X["scale"], X["scale"][~test])
    )
    assert found(everything, y, test=test) == {("filled_from_everything", "scale")}
    assert found(training, y, test=test) == set()


# --- rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep_types", [False, True])
def test_smote_before_the_split_is_seen_on_real_data_also_where_whole_numbers_are_kept(keep_types):
    assert found(*smote(*uci(), keep_types=keep_types)) == {("made_up_rows", "")}


def test_smote_among_continuous_columns_is_seen_by_the_lines_that_rows_lie_on():
    X, y = made_up()
    X = X[["distance", "mark", "scale"]].dropna().assign(other=lambda t: t["mark"] ** 2)
    assert found(*smote(X, y[X.index])) == {("made_up_rows", "")}


def test_columns_that_repeat_each_other_leave_a_plane_in_which_nothing_is_told():
    X, y = made_up()
    X = X[["distance", "mark"]].assign(again=X["mark"], shifted=2 * X["distance"] + 1)
    assert found(X, y) == set()


def test_rounded_rows_lie_on_lines_by_chance_and_are_not_accused():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, size=(4000, 5)).astype(float)
    X[:, 0] += rng.normal(size=4000)
    assert ("made_up_rows", "") not in found(X, rng.integers(0, 2, 4000))


@pytest.mark.parametrize("with_ids", [False, True])
def test_oversampling_before_the_split_is_seen(with_ids):
    X, y = uci()
    ids = pd.Series(np.arange(len(y)))
    more, labels = oversampled(X.assign(ids=ids), y)
    groups = more.pop("ids") if with_ids else None
    X = more if with_ids else more.drop(columns="ids")
    assert found(X, labels, groups) == {("repeated_rows", "")}


@pytest.mark.parametrize("data", [lambda: cortez()[:2], hsls])
def test_oversampling_is_seen_in_coarse_tables_as_well(data):
    leaks = found(*oversampled(*data()))
    assert {leak for leak in leaks if leak[0] != "audit_only"} == {("repeated_rows", "")}


def test_copies_of_pupils_under_other_ids_are_counted_and_those_across_the_split_too():
    X, y = uci()
    copied = np.random.default_rng(0).choice(len(y), 60, replace=False)
    rows = np.append(np.arange(len(y)), copied)
    test = np.arange(len(rows)) >= len(y)
    report = find_leaks(X.iloc[rows], y.iloc[rows], np.arange(len(rows)), test=test)
    assert [leak.check for leak in report.found] == ["copied_pupils"]
    number = int(re.search(r"(\d+) of them train and have their copy", report.found[0].reason.en)[1])
    assert 48 <= number <= 60


# --- what is done about them ------------------------------------------------------------------------


def leaky():
    X, y = made_up(300)
    return X.assign(outcome=y, sex=0), y


def test_the_fit_fails_with_all_findings_at_once():
    with pytest.raises(LeakError, match="DR411") as raised:
        RiskClassifier("logistic", leaks="raise").fit(*leaky())
    assert "column 'outcome': alone it tells who drops out: AUC 1.000" in raised.value.message
    assert "column 'sex': for audit only" in raised.value.message
    assert "leaks.allowed" in raised.value.hint


def test_a_warning_names_them_and_the_fit_goes_on():
    with pytest.warns(LeakWarning, match="outcome"):
        classifier = RiskClassifier("logistic").fit(*leaky())
    assert classifier.leaks_.frame()["column"].tolist() == ["outcome", "sex"]


def test_they_can_be_ignored():
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeakWarning)
        assert RiskClassifier("logistic", leaks="ignore").fit(*leaky()).leaks_ is None


def test_another_way_to_heed_them_is_refused():
    with pytest.raises(TrainingError, match="did you mean 'raise'"):
        RiskClassifier(leaks="raises").fit(*leaky())


def test_what_is_allowed_is_kept_with_its_reason_and_raises_no_more():
    report = find_leaks(*leaky()).allowing(
        {"outcome": "a test of this test", "sex": "the same"}, ["outcome", "sex"]
    )
    report.require_none()
    assert report.frame()["allowed"].all()
    assert len(report.found) == 2
    assert report.leaks == ()


def test_a_column_that_is_not_there_cannot_be_allowed():
    with pytest.raises(SettingsError, match="outcom") as raised:
        find_leaks(*leaky()).allowing({"outcom": "a slip of the pen"}, ["outcome"])
    assert "'outcome'" in raised.value.hint


def test_no_value_of_a_pupil_is_in_a_finding():
    X, y = made_up()
    X["code"] = np.where(y == 1, 987654, 123456)
    assert "987654" not in str(find_leaks(X, y))


def test_labels_must_be_0_and_1():
    with pytest.raises(LabelError, match="300 of 300 labels"):
        find_leaks(made_up(300)[0], np.full(300, 2))


def test_the_order_of_rows_and_columns_changes_no_finding():
    X, y = uci()
    X, y = smote(X.assign(status=2 * y), y)
    order = np.random.default_rng(0).permutation(len(y))
    assert found(X.iloc[order, ::-1], y[order]) == found(X, y)


def test_every_check_says_in_both_languages_what_it_cannot_see():
    assert all(check.blind.zh and check.blind.en for check in CHECKS)


def test_of_very_large_tables_a_part_of_the_pupils_is_counted(monkeypatch):
    monkeypatch.setattr("dropout_risk.modelling.leaks.table.MOST_ROWS", 1000)
    X, y = made_up(3000)
    report = find_leaks(X.assign(outcome=y), y)
    assert report.n_counted == pytest.approx(1000, rel=0.15)
    assert [leak.column for leak in report.found] == ["outcome"]


def test_rows_are_compared_from_fifty_on():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(49, 3)), np.arange(49) % 2
    unjudged = {check.name for check in find_leaks(X, y).checks if check.not_judged is not None}
    assert {"copied_pupils", "repeated_rows"} <= unjudged


def patterns(n=1200, days=20, seed=0):
    """Pupils of one course on one day: many share few patterns, told in ways that hang together."""
    rng = np.random.default_rng(seed)
    keen = rng.beta(0.3, 3, n)[:, np.newaxis]
    came = rng.random((n, days)) < keen * np.exp(-np.arange(days) / 8)
    came[:, 0] |= rng.random(n) < 0.8
    X = pd.DataFrame({f"share_{last}": came[:, -last:].mean(axis=1) for last in (5, 10, 15, 20)})
    X["since"] = np.where(came.any(axis=1), came[:, ::-1].argmax(axis=1), days)
    X["spells"] = (np.diff(came.astype(int), axis=1) == 1).sum(axis=1)
    X["trend"] = X["share_5"] - X["share_20"]
    X["chronic"] = (X["share_20"] < 0.9).astype(float)
    X["first_week"], X["days"] = came[:, :5].mean(axis=1), came.sum(axis=1)
    stays = rng.random(n) < 0.15 + 0.8 * came[:, -8:].any(axis=1)
    return X, pd.Series((~stays).astype(int))


@pytest.mark.parametrize("seed", range(8))
def test_pupils_who_share_few_patterns_of_attendance_are_no_copies(seed):
    assert found(*patterns(seed=seed)) == set()


@pytest.mark.parametrize("seed", range(4))
def test_exact_copies_in_a_table_of_few_answers_are_found(seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({f"answer_{index}": rng.integers(0, 4 + index % 3, 480) for index in range(12)})
    X["raised_hands"], X["visits"] = rng.integers(0, 21, 480) * 5, rng.integers(0, 20, 480) * 5
    rows = np.append(np.arange(480), rng.choice(480, 521))
    y = (rng.random(480) < 0.3).astype(int)[rows]
    assert ("copied_pupils", "") in found(X.iloc[rows].reset_index(drop=True), y)


def test_an_alarm_that_is_no_proof_warns_says_how_to_look_and_stops_nothing():
    X, y = made_up(600)
    rows = np.append(np.arange(600), np.arange(60))
    with pytest.warns(LeakWarning, match=r"(?s)copied_pupils.*nothing was stopped.*duplicated"):
        clf = RiskClassifier("logistic", leaks="raise").fit(
            X.iloc[rows].reset_index(drop=True), y.to_numpy()[rows]
        )
    assert [leak.proof for leak in clf.leaks_.found] == [False]


def test_no_course_of_kdd16_is_accused_on_any_day(monkeypatch):
    real_data("kdd16")
    monkeypatch.syspath_prepend("benchmarks")
    import kdd16

    enrolments, active = kdd16.kdd16_courses(kdd16.data_folder())
    asked = 0
    for day in kdd16.DAYS:
        X, y, course = kdd16.register_features(enrolments, active, day)
        for rows in (X, X.reset_index(drop=True)):  # with the pupils' ids, and as rows of their own
            accused = kdd16.accusations(rows, y, course)
            assert {name: checks for name, checks in accused.items() if checks} == {}
            asked += len(accused)
    assert asked == 2 * 48
