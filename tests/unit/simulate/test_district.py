"""A simulated district keeps the data contract, is deterministic, and says that it is synthetic."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import Settings
from dropout_risk.simulate.causes import CAUSES
from dropout_risk.simulate.district import simulate_district, simulate_tables
from dropout_risk.training.train import train


def test_the_same_seed_gives_the_same_bytes(tables, district):
    again = simulate_tables(1200, seed=3)
    assert all(again.tables[name].equals(table) for name, table in tables.items())
    pd.testing.assert_frame_equal(again.truth, district.truth)


def test_another_seed_gives_other_records(tables):
    other = simulate_tables(1200, seed=4).tables
    assert not any(other[name].equals(tables[name]) for name in ("students", "attendance", "grades"))


def test_records_say_that_they_are_synthetic(district):
    assert district.synthetic
    assert "synthetic" in repr(district)
    assert len(district.truth) == 1200


def test_tables_and_their_parquet_say_that_they_are_synthetic(tables, tmp_path):
    for name, table in tables.items():
        pa_parquet.write_table(table, tmp_path / f"{name}.parquet")
    assert SchoolRecords.from_folder(tmp_path).synthetic
    assert SchoolRecords.from_tables(**tables).synthetic
    assert SchoolRecords.from_tables(students=tables["students"].slice(3).drop(["boarding"])).synthetic


def test_csv_says_that_it_is_synthetic_by_a_file(tables, tmp_path):
    pa_csv.write_csv(tables["students"], tmp_path / "students.csv")
    assert not SchoolRecords.from_folder(tmp_path).synthetic
    (tmp_path / "SYNTHETIC").touch()
    records = SchoolRecords.from_folder(tmp_path)
    assert records.synthetic
    assert records.check().problems == ()


def test_a_model_of_simulated_parquet_is_marked_synthetic(tables, tmp_path):
    for name, table in tables.items():
        pa_parquet.write_table(table, tmp_path / f"{name}.parquet")
    settings = Settings(
        models={"candidate": "logistic", "folds": 2}, evaluation={"refits": 0, "learning_curve": False}
    )
    run = train(SchoolRecords.from_folder(tmp_path), settings, track=False)
    assert run.report.synthetic
    assert run.model.synthetic


def test_clean_records_have_no_problem(district):
    assert district.check().problems == ()


@pytest.mark.parametrize("n_students", [1, 2, 7, 60])
@pytest.mark.parametrize("n_days", [1, 30, 200])
def test_small_districts_are_clean_too(n_students, n_days):
    records = simulate_district(n_students, seed=1, n_days=n_days)
    assert records.check().ok
    assert records.table("students").num_rows == n_students


@pytest.mark.parametrize(("n_students", "at_least"), [(200, 2), (3000, 5)])
def test_schools_grow_in_number_with_the_district(n_students, at_least):
    students = simulate_tables(n_students, n_days=5).tables["students"].to_pandas()
    assert students.school_id.nunique() >= at_least


def test_a_class_belongs_to_one_school_has_one_teacher_and_at_most_65_pupils(frames):
    by_class = frames["students"].groupby("class_id", observed=True)
    assert (by_class.school_id.nunique() == 1).all()
    assert (by_class.responsible_id.nunique() == 1).all()
    assert by_class.size().max() <= 65


def test_no_attendance_outside_the_time_enrolled(frames):
    rows = frames["attendance"].merge(frames["students"], on="student_id")
    assert (rows.date >= rows.enrolled_on).all()
    assert not (rows.date > rows.left_on.fillna(dt.date.max)).any()


def test_no_attendance_after_dropout_and_absence_just_before(frames, district):
    truth = district.truth.dropna(subset="dropout_date").astype({"student_id": "string"})
    attendance = frames["attendance"].astype({"student_id": "string"})
    rows = attendance.merge(truth, on="student_id")
    days_left = (rows.dropout_date - pd.to_datetime(rows.date)).dt.days
    assert (days_left >= 0).all()
    assert (rows.status[days_left <= 14] == "absent").all()


def test_dropouts_in_truth_are_those_in_the_outcomes(frames, district):
    outcomes = frames["outcomes"]
    recorded = outcomes[outcomes.event == "dropout"]
    truth = district.truth.dropna(subset="cause")
    assert set(truth.student_id) == set(recorded.student_id)
    assert set(truth.cause) <= set(CAUSES)
    assert truth.dropout_date.notna().all()
    assert district.truth.dropout_date.notna().sum() == len(truth)


def test_outcomes_never_lie_before_enrolment_nor_after_leaving(frames):
    rows = frames["outcomes"].merge(frames["students"], on="student_id")
    assert (rows.date >= rows.enrolled_on).all()
    assert not (rows.date > rows.left_on.fillna(dt.date.max)).any()


def test_suspicion_comes_before_dropout_and_return(frames):
    outcomes = frames["outcomes"]
    suspected = (
        outcomes[outcomes.event == "suspected_dropout"].groupby("student_id", observed=True).date.min()
    )
    for event in ("dropout", "returned"):
        later = outcomes[outcomes.event == event].groupby("student_id", observed=True).date.max()
        assert (suspected.reindex(later.index) < later).all()


def test_grade_nine_graduates_and_a_new_grade_seven_enrols(frames):
    graduates = frames["outcomes"].query("event == 'graduated'")
    students = frames["students"]
    assert set(students.set_index("student_id").grade_level.loc[graduates.student_id]) == {9}
    assert (students.enrolled_on >= dt.date(2025, 9, 1)).mean() > 0.2


def test_some_registers_are_entered_1_to_10_days_late(frames):
    attendance = frames["attendance"]
    delay = (pd.to_datetime(attendance.recorded_on) - pd.to_datetime(attendance.date)).dt.days
    assert 0.02 < (delay > 0).mean() < 0.04
    assert set(delay.unique()) == set(range(11))


def test_late_share_is_obeyed():
    attendance = simulate_tables(300, n_days=60, late_share=0.0).tables["attendance"]
    assert attendance["date"].equals(attendance["recorded_on"])


def test_nothing_is_recorded_after_the_last_day(frames):
    last = frames["calendar"].date.max()
    for name in ("attendance", "grades", "wellbeing", "family"):
        assert frames[name].recorded_on.max() <= last


def test_some_class_days_are_forgotten(frames):
    rows = frames["attendance"].merge(frames["students"][["student_id", "class_id"]], on="student_id")
    per_class = rows.groupby("class_id", observed=True).date.nunique()
    assert per_class.max() > per_class.min()


def test_one_school_has_a_snow_day(frames):
    per_school = frames["calendar"].groupby("school_id", observed=True).is_school_day.sum()
    assert sorted(set(per_school)) == [359, 360]


def test_marks_lie_within_the_paper_and_absent_pupils_have_none(frames):
    grades = frames["grades"]
    assert grades.score.between(0, grades.max_score).all()
    status = frames["attendance"].set_index(["student_id", "date"]).status
    that_day = status.reindex(pd.MultiIndex.from_frame(grades[["student_id", "date"]])).dropna()
    assert set(that_day.unique()) <= {"present", "late", "left_early"}


def test_monthly_tests_ask_core_subjects_only(frames):
    monthly = frames["grades"][frames["grades"].exam.astype(str).str.contains("monthly")]
    assert set(monthly.subject.unique()) == {"chinese", "maths", "english"}


def test_mht_totals_are_the_sum_of_their_scales_and_validity_decides(frames):
    mht = frames["wellbeing"].query("instrument == 'MHT'")
    wide = mht.pivot_table("score", ["student_id", "date"], "scale", observed=True)
    parts = wide.drop(columns=["total", "validity"]).sum(axis=1)
    assert (parts == wide.total).all()
    valid = mht.query("scale == 'total' and score.notna()").set_index(["student_id", "date"]).valid
    assert (valid == (wide.validity.reindex(valid.index) < 7)).all()


def test_a_refused_test_is_one_invalid_row_without_a_score(frames):
    refused = frames["wellbeing"][frames["wellbeing"].score.isna()]
    assert len(refused) > 0
    assert not refused.valid.any()
    assert set(refused.scale) == {"total"}


def test_none_is_recorded_only_for_families_asked_and_some_are_never_asked(frames):
    family = frames["family"]
    per_pupil = family.groupby("student_id", observed=True).factor.agg(set)
    assert len(per_pupil) < len(frames["students"])
    at_first = family[
        family.valid_from <= family.groupby("student_id", observed=True).recorded_on.transform("min")
    ]
    first = at_first.groupby("student_id", observed=True).factor.agg(set)
    assert all(factors == {"none"} for factors in first if "none" in factors)


@pytest.mark.parametrize("options", [{"n_students": 0}, {"late_share": 1.5}, {"n_days": 0}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(SettingsError):
        simulate_tables(**options)


def test_seeds_reach_every_part():
    first, second = (simulate_tables(150, seed=seed, n_days=120).truth for seed in (0, 1))
    assert not np.allclose(first.hazard_learning, second.hazard_learning)
