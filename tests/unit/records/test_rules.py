import math

import pytest

from dropout_risk.records.rules import RULES

# rule, table, row to change (or to copy, where it is negative: -1 copies row 0), change, column, severity
FAULTS = [
    ("missing_value", "attendance", 0, {"date": None}, "date", "error"),
    ("missing_value", "grades", 0, {"score": math.nan}, "score", "error"),
    ("missing_value", "students", 2, {"student_id": " "}, "student_id", "error"),
    ("wrong_type", "grades", 0, {"score": "B+"}, "score", "error"),
    ("wrong_type", "attendance_totals", 0, {"days_absent": "1 1/2"}, "days_absent", "error"),
    ("wrong_type", "students", 0, {"grade_level": "the top one"}, "grade_level", "warning"),
    ("unparsable_date", "attendance", 1, {"date": "45537"}, "date", "error"),
    ("unparsable_date", "attendance", 1, {"date": "2024-02-30"}, "date", "error"),
    ("unparsable_date", "grades", 1, {"recorded_on": "soon"}, "recorded_on", "error"),
    ("unparsable_date", "students", 0, {"birth_date": "1890-01-01"}, "birth_date", "warning"),
    ("future_date", "grades", 0, {"date": "2025-02-01"}, "date", "error"),
    ("future_date", "attendance", 0, {"recorded_on": "2999-01-01"}, "recorded_on", "error"),
    ("future_date", "family", 2, {"valid_from": "2025-02-01"}, "valid_from", "error"),
    ("future_date", "attendance_totals", 0, {"period_end": "2025-02-28"}, "period_end", "error"),
    ("unknown_word", "attendance", 3, {"status": "somewhere"}, "status", "error"),
    ("unknown_word", "outcomes", 0, {"event": "gone"}, "event", "error"),
    ("unknown_word", "wellbeing", 0, {"valid": "perhaps"}, "valid", "error"),
    ("unknown_word", "students", 2, {"boarding": "sometimes"}, "boarding", "warning"),
    ("score_over_max", "grades", 0, {"score": 144.5}, "score", "error"),
    ("negative_number", "grades", 0, {"score": -1}, "score", "error"),
    ("negative_number", "attendance_totals", 0, {"days_late": -2}, "days_late", "error"),
    ("negative_number", "students", 0, {"distance_km": -0.5}, "distance_km", "warning"),
    ("max_score_not_positive", "grades", 0, {"max_score": 0, "score": 0}, "max_score", "error"),
    ("not_finite", "grades", 1, {"score": math.inf}, "score", "error"),
    ("not_finite", "wellbeing", 0, {"score": -math.inf}, "score", "error"),
    ("duplicate_row", "attendance", -3, {}, "session", "error"),
    ("duplicate_row", "students", -2, {}, "student_id", "error"),
    ("duplicate_row", "family", -3, {"source": "another office"}, "valid_from", "error"),
    ("id_written_otherwise", "wellbeing", 0, {"student_id": "P1"}, "student_id", "error"),
    ("unknown_pupil", "wellbeing", 0, {"student_id": "nobody"}, "student_id", "error"),
    ("before_enrolment", "outcomes", 0, {"student_id": "p1", "date": "2024-08-31"}, "date", "error"),
    ("overlapping_periods", "family", 1, {"valid_from": "2023-12-30"}, "valid_from", "error"),
    ("period_reversed", "family", 0, {"valid_to": "2022-12-31"}, "valid_to", "error"),
    ("period_reversed", "attendance_totals", 0, {"period_start": "2024-10-01"}, "period_end", "error"),
    ("more_absent_than_enrolled", "attendance_totals", 0, {"days_absent": 21}, "days_absent", "error"),
    ("recorded_before_date", "grades", 0, {"recorded_on": "2024-11-07"}, "recorded_on", "warning"),
    (
        "left_before_enrolled",
        "students",
        2,
        {"enrolled_on": "2024-09-01", "left_on": "2024-08-31"},
        "left_on",
        "error",
    ),
    ("no_school_day", "attendance", 3, {"date": "2024-09-04"}, "date", "error"),
    ("no_school_day", "attendance", 0, {"date": "2024-09-07"}, "date", "error"),
]
HARMLESS = [
    ("attendance", 0, {"date": "2024年9月2日"}),
    ("attendance", 0, {"date": "20240902"}),
    ("attendance", 0, {"date": "2024/9/2 0:00"}),
    ("attendance", 0, {"date": "2024.09.02"}),
    ("attendance", 0, {"status": " Present "}),
    ("attendance", -3, {"recorded_on": "2024-09-09", "status": "excused"}),
    ("grades", 0, {"score": 120}),
    ("grades", 0, {"score": 0}),
    ("students", 1, {"left_on": "2030-07-01"}),
    ("family", 2, {"valid_to": "9999-12-31"}),
    ("family", 2, {"recorded_on": "2024-08-01"}),
    ("family", -1, {"value": "one_parent", "valid_from": "2023-06-01"}),
    ("family", -2, {"valid_to": "2025-01-01", "recorded_on": "2024-12-31"}),
    ("calendar", 4, {"date": "2025-12-31"}),
    ("outcomes", 0, {"student_id": "p1", "date": "2024-09-01"}),
    ("wellbeing", 0, {"instrument": "our own", "score": -2.5}),
]


def with_change(county, table, row, change):
    rows = county[table]
    if row < 0:
        rows.append({**rows[-row - 1], **change})
    else:
        rows[row] = {**rows[row], **change}
    return county


def test_a_county_without_fault_has_no_problem(county, checked):
    report = checked(county).check()
    assert report.ok
    assert report.problems == ()


@pytest.mark.parametrize(("table", "row", "change"), HARMLESS)
def test_what_the_contract_allows_is_no_problem(county, checked, table, row, change):
    assert checked(with_change(county, table, row, change)).check().problems == ()


@pytest.mark.parametrize(("rule", "table", "row", "change", "column", "severity"), FAULTS)
def test_a_fault_fires_its_rule_and_no_other(county, checked, rule, table, row, change, column, severity):
    broken = with_change(county, table, row, change)
    at = len(broken[table]) if row < 0 else row + 1
    problems = [p for p in checked(broken).check().problems if p.rule.name != "pupil_set_apart"]
    problems = [p for p in problems if (p.table, p.rule.name) not in LED_TO.get((table, rule), ())]
    found = [(p.rule.name, p.table, p.column, p.severity, p.rows, p.first_row) for p in problems]
    assert found == [(rule, table, column, severity, 1, at)]


# A pupil whose row in students lost its id takes the rows of the other tables along.
LED_TO = {
    ("students", "missing_value"): {("attendance", "unknown_pupil"), ("attendance_totals", "unknown_pupil")},
}


@pytest.mark.parametrize(
    ("rule", "table", "row", "change", "column"),
    [
        ("contradicting_rows", "attendance", -1, {"status": "late"}, "status"),
        ("shared_id", "students", -2, {"class_id": "c9"}, "class_id"),
        ("contradicting_rows", "grades", -1, {"score": 3}, "score"),
        ("contradicting_undated", "calendar", -1, {"is_school_day": False}, "is_school_day"),
    ],
)
def test_rows_that_contradict_each_other_are_all_set_apart(county, checked, rule, table, row, change, column):
    broken = with_change(county, table, row, change)
    found = [p for p in checked(broken).check().problems if p.rule.name == rule]
    assert [(p.table, p.column, p.rows, p.first_row) for p in found] == [(table, column, 2, -row)]


def test_rows_of_a_pupil_whose_own_row_was_set_apart_say_so(county, checked):
    county["students"].append({**county["students"][0], "grade_level": 9})
    records = checked(county)
    found = {p.table for p in records.check().problems if p.rule.name == "pupil_set_apart"}
    assert found == {"attendance", "grades", "wellbeing", "family"}
    assert records.quarantine.student_ids == ["p1"]
    assert [rule.name for rule in records.quarantine.student_rules["p1"]] == ["shared_id"]


def test_what_becomes_known_later_does_not_push_out_what_was_known(county, checked):
    county["family"] = [
        {
            "student_id": "p1",
            "factor": "left_behind",
            "valid_from": "2024-03-01",
            "recorded_on": "2024-03-01",
        },
        {
            "student_id": "p1",
            "factor": "left_behind",
            "valid_from": "2024-01-01",
            "recorded_on": "2024-06-01",
        },
    ]
    kept = checked(county).table("family").to_pylist()
    assert [str(row["valid_from"]) for row in kept] == ["2024-03-01"]


def test_every_problem_comes_at_once(county, checked):
    county["grades"][0]["score"] = 500
    county["attendance"][0]["status"] = "?"
    county["outcomes"][0]["student_id"] = "nobody"
    county["students"][2]["colour"] = "blue"
    names = {p.rule.name for p in checked(county).check().problems}
    assert names == {"score_over_max", "unknown_word", "unknown_pupil", "unknown_column"}


def test_no_value_of_a_pupil_appears_in_the_report(county, checked):
    marker = "MARKER77"
    for table, rows in county.items():
        for name in list(rows[0]):
            rows.append(
                {**rows[0], name: marker, "student_id": marker if name == "student_id" else f"x{table}"}
            )
    records = checked(county)
    report = records.check()
    everything = (
        str(report) + report.frame().to_string() + report.frame("zh").to_string() + report._repr_html_()
    )
    everything += records.quarantine.frame().to_string() + repr(records) + repr(records.quarantine)
    assert len(report.problems) > 10
    assert marker not in everything


def test_a_file_without_headers_does_not_give_its_first_pupil_away(tmp_path, checked):
    from dropout_risk.records.school_records import SchoolRecords

    (tmp_path / "students.csv").write_text(
        "student_id,school_id,class_id,grade_level\n1,s,c,7\n", encoding="utf-8"
    )
    (tmp_path / "attendance.csv").write_text(
        "MARKER77,2024-09-02,present\nB,2024-09-02,absent\n", encoding="utf-8"
    )
    report = SchoolRecords.from_folder(tmp_path).check()
    assert "MARKER77" not in str(report)
    assert report.counts["attendance"].used == 0
    assert {p.rule.name for p in report.problems} == {"missing_column"}


def test_codes_are_unique_and_every_rule_speaks_both_languages():
    codes = [rule.code for rule in RULES.values()]
    assert len(set(codes)) == len(codes)
    assert all(text.zh and text.en for rule in RULES.values() for text in (rule.message, rule.hint))


def test_a_long_table_without_a_required_column_is_set_apart_as_a_whole(county, checked):
    for row in county["grades"]:
        row["scroe"] = row.pop("score")
    records = checked(county)
    frame = records.check().frame().query("table == 'grades' and name == 'missing_column'")
    assert frame[["column", "rows", "first_row"]].to_numpy().tolist() == [["score", 2, 1]]
    assert "'scroe'" in frame["hint"].item()
    assert records.table("grades").num_rows == 0


def test_a_calendar_of_holidays_only_takes_its_days_out_of_the_attended_ones(county, checked):
    county["calendar"] = [{"date": "2024-09-03", "is_school_day": "否"}]
    records = checked(county)
    assert records.check().counts["attendance"].set_apart == 1
    assert records.calendar.row_of("s1") >= 0
    assert records.calendar.index(records.calendar.row_of("s1"), 19970 + 10).item() == 1


def test_the_report_is_a_frame_a_text_and_a_page(county, checked):
    county["grades"][0]["score"] = 500
    report = checked(county).check()
    assert not report.ok
    assert list(report.summary("zh").columns) == ["读取", "使用", "未使用"]
    assert report.frame("zh")["message"].item() == "分数高于满分"
    assert "grades: 2 read, 1 used, 1 set apart" in str(report)
    assert "DR108" in report._repr_html_()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("students", {"class_id": "c9"}),
        ("calendar", {"is_school_day": False}),
        ("outcomes", {"event": "returned"}),
    ],
)
def test_no_hint_asks_a_table_for_a_day_of_recording_that_it_has_not(
    county, checked, table, change, language
):
    found = checked(with_change(county, table, -1, change)).check().frame(language)
    hints = found[found["table"] == table]["hint"]

    assert len(hints)
    assert not hints.str.contains("recorded_on|登记日期").any()
