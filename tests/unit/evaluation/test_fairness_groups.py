"""Groups come from the records of the day, never from features."""

import pandas as pd

import dropout_risk as dr
from dropout_risk.evaluation.questions.fairness_rates import NOT_RECORDED, audit_groups


def _records(**tables):
    students = [
        {
            "student_id": 1,
            "school_id": "s",
            "class_id": "c",
            "grade_level": 8,
            "sex": "女",
            "residence": "农业",
        },
        {
            "student_id": 2,
            "school_id": "s",
            "class_id": "c",
            "grade_level": None,
            "sex": None,
            "residence": None,
        },
    ]
    return dr.SchoolRecords.from_tables(students=students, today="2025-06-01", **tables)


def test_values_are_those_recorded_and_what_is_not_recorded_is_a_group():
    records = _records()
    groups = audit_groups(records, dr.Cohort.on(records, "2025-03-03"))
    assert groups["sex"].tolist() == ["female", NOT_RECORDED]
    assert groups["residence"].tolist() == ["农业", NOT_RECORDED]
    assert groups["grade_level"].tolist() == ["8", NOT_RECORDED]
    assert "ethnicity" not in groups


def test_family_circumstances_are_those_valid_and_known_on_the_date():
    family = [
        {"student_id": 1, "factor": "left_behind", "valid_from": "2025-01-01", "valid_to": "2025-03-31"},
        {"student_id": 2, "factor": "none", "valid_from": "2025-01-01", "recorded_on": "2025-04-01"},
    ]
    records = _records(family=family)
    cohort = dr.Cohort.on(records, ["2025-03-03", "2025-05-05"])
    left = audit_groups(records, cohort)["left_behind"].unstack("as_of")
    assert left.loc[1].tolist() == ["yes", "no"]
    assert left.loc[2].tolist() == [NOT_RECORDED, "no"]


def test_histories_hold_nothing_that_is_for_audits_only():
    histories = dr.Histories.from_records(_records())
    assert list(audit_groups(histories, dr.Cohort.on(histories, "2025-03-03"))) == ["school", "grade_level"]


def test_rows_keep_the_order_of_the_cohort():
    records = dr.simulate_district(n_students=300, seed=1)
    cohort = dr.Cohort.on(records, ["2025-03-03", "2025-04-07"])
    groups = audit_groups(records, cohort)
    students = records.table("students").to_pandas().set_index("student_id")
    assert groups.index.equals(cohort.index)
    expected = students["sex"].loc[cohort.frame["student_id"]].to_numpy()
    pd.testing.assert_series_equal(
        groups["sex"].reset_index(drop=True), pd.Series(expected, name="sex"), check_dtype=False
    )
