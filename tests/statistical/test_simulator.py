"""The simulated district looks like the published one, and dropping out can be foreseen, but not too well."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.simulate.causes import CAUSES
from dropout_risk.simulate.district import simulate_district, simulate_tables
from support.sharing import made_once

YEAR_ONE_ENDS = pd.Timestamp("2025-07-04")


@pytest.fixture(scope="module")
def county():
    simulated = simulate_tables(12_000, seed=11)
    frames = {name: table.to_pandas() for name, table in simulated.tables.items() if name != "attendance"}
    attendance = simulated.tables["attendance"].to_pandas()
    unexcused = (attendance.status == "absent").groupby(attendance.student_id, observed=False).mean()
    late = (attendance.status == "late").groupby(attendance.student_id, observed=False).mean()
    truth = simulated.truth.set_index("student_id").assign(unexcused=unexcused, late=late)
    return frames, truth, attendance.status.value_counts(normalize=True)


def yearly_rate(frames, truth, grade):
    """Share of those in a grade in September 2024 that drop out within the school year."""
    students = frames["students"].set_index("student_id")
    intake = pd.to_datetime(students.class_id.astype(str).str.extract(r"-(\d{4})-")[0] + "-09-01")
    members = intake.dt.year.eq(2024 + 7 - grade) & students.enrolled_on.lt(pd.Timestamp("2024-09-03").date())
    return (truth.dropout_date <= YEAR_ONE_ENDS)[members].mean()


@pytest.mark.parametrize(("grade", "published"), [(7, 0.057), (8, 0.090)])
def test_dropout_per_year_is_near_the_published_rate(county, grade, published):
    frames, truth, _ = county
    assert yearly_rate(frames, truth, grade) == pytest.approx(published, abs=0.02)


def test_left_behind_pupils_drop_out_a_few_points_more_often(county):
    frames, truth, _ = county
    family = frames["family"].assign(dropped=frames["family"].student_id.map(truth.cause.notna()))
    gap = (
        family[family.factor == "left_behind"].dropped.mean() - family[family.factor == "none"].dropped.mean()
    )
    assert 0.01 < gap < 0.10


def test_mht_flags_about_seven_in_a_hundred_and_more_than_half_on_some_scale(county):
    mht = county[0]["wellbeing"].query("instrument == 'MHT' and valid")
    totals = mht[mht.scale == "total"].score
    scales = mht[~mht.scale.isin(["total", "validity"])]
    worst = scales.groupby(["student_id", "date"], observed=True).score.max()
    assert (totals >= 65).mean() == pytest.approx(0.07, abs=0.02)
    assert (worst >= 8).mean() > 0.5


def test_critical_answers_are_rare(county):
    phq = county[0]["wellbeing"].query("instrument == 'PHQ-9'")
    critical = phq[phq.scale == "item_9"]
    assert (critical.score > 0).all()
    assert 0.005 < len(critical) / (phq.scale == "total").sum() < 0.06


def test_pupils_are_mostly_present(county):
    shares = county[2]
    assert 0.92 < shares["present"] < 0.97
    assert 0 < shares["suspended"] < 0.001


@pytest.mark.parametrize("cause", CAUSES)
def test_who_leaves_by_a_cause_was_worse_off_in_it_than_other_leavers(county, cause):
    truth = county[1].dropna(subset="cause")
    state = truth[f"mean_{cause}"]
    of_it = truth.cause == cause
    assert of_it.sum() > 50
    assert roc_auc_score(of_it, state) > 0.7


@pytest.mark.parametrize("cause", CAUSES)
def test_no_cause_makes_up_more_than_a_third_of_the_dropouts(county, cause):
    causes = county[1].cause.dropna()
    assert 0.05 < (causes == cause).mean() < 0.34


def test_causes_leave_traces_in_the_records(county):
    frames, truth, _ = county
    grades = frames["grades"].assign(share=frames["grades"].score / frames["grades"].max_score)
    mht = frames["wellbeing"].query("instrument == 'MHT' and scale == 'total' and valid")
    poor = frames["family"].factor.isin(["low_income", "monitored_household"])
    traces = pd.DataFrame(
        {
            "learning": -grades.groupby("student_id", observed=False).share.mean(),
            "wellbeing": mht.groupby("student_id", observed=False).score.mean(),
            "disengagement": truth.unexcused,
            "poverty": poor.groupby(frames["family"].student_id, observed=False).max().astype(float),
            "distance": frames["students"].set_index("student_id").distance_km,
        }
    )  # fmt: skip
    stayed = truth[truth.cause.isna()]
    for cause, trace in traces.items():
        assert 0.1 < stayed[f"mean_{cause}"].corr(trace.reindex(stayed.index), method="spearman") < 0.95


def test_about_a_third_leaves_without_growing_absence(county):
    truth = county[1].dropna(subset="cause")
    assert truth.abrupt.mean() == pytest.approx(0.35, abs=0.06)


def test_schools_mark_differently(county):
    frames = county[0]
    grades = frames["grades"].merge(frames["students"][["student_id", "school_id"]], on="student_id")
    maths = grades[grades.subject == "maths"]
    means = (maths.score / maths.max_score).groupby([maths.school_id, maths.exam], observed=True).mean()
    assert 0.04 < means.std() < 0.12


@pytest.fixture(scope="module")
def foreseen(tmp_path_factory):
    """Risks of a boosted model and of the ABC rule, for later pupils, pooled over three districts."""

    def make(place):
        pd.concat([_foresee(seed) for seed in (0, 1, 2)], ignore_index=True).to_parquet(place)

    return pd.read_parquet(made_once(tmp_path_factory, "foreseen.parquet", make))


def _foresee(seed):
    from lightgbm import LGBMClassifier

    records = simulate_district(3000, seed=seed)
    days = np.unique(records.table("attendance")["date"].to_numpy()).astype("datetime64[D]")
    train = [str(days[place]) for place in range(20, len(days) - 200, 20)]
    test = [str(days[-91]), str(days[-106])]
    cohort = Cohort.on(records, as_of=train + test).with_labels(records, horizon_days=90)
    features = build_features(records, cohort).reset_index(drop=True)
    later = cohort.frame["as_of"].astype("str").str[:10].isin(test).to_numpy()
    labels = cohort.labels.to_numpy()
    catalogue = default_catalogue()
    model = LGBMClassifier(
        n_estimators=150, learning_rate=0.03, max_depth=3, num_leaves=7, min_child_samples=100, reg_lambda=20,
        colsample_bytree=0.4, monotone_constraints=[catalogue[name].monotone for name in features.columns],
        n_jobs=2, random_state=0, verbose=-1, deterministic=True,
    ).fit(features[~later], labels[~later])  # fmt: skip
    tested = features[later]
    flagged = (tested.absence_share_year >= 0.2) | (tested.failing_core_count_200d > 0)
    return pd.DataFrame(
        {
            "label": labels[later],
            "model": model.predict_proba(tested)[:, 1],
            "abc": flagged.astype(float),
            "last_mark": -tested.score_last_200d.fillna(tested.score_last_200d.median()),
            "is_present": tested.unexcused_streak.fillna(0) == 0,
        }
    )


def test_a_good_model_foresees_well_but_works_no_miracle(foreseen):
    assert 0.80 <= roc_auc_score(foreseen.label, foreseen.model) <= 0.90


@pytest.mark.parametrize("rule", ["abc", "last_mark"])
def test_rules_of_thumb_foresee_clearly_less(foreseen, rule):
    model, simple = (roc_auc_score(foreseen.label, foreseen[name]) for name in ("model", rule))
    assert simple < model - 0.08


def test_leaving_is_foreseen_before_the_last_absence_has_begun(foreseen):
    present = foreseen[foreseen.is_present]
    assert present.label.sum() > 0.6 * foreseen.label.sum()
    assert roc_auc_score(present.label, present.model) > 0.75
