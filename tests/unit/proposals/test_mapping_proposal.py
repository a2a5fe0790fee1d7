"""A mapping is proposed for what school systems export, and what is doubted is not applied."""

import datetime as dt
import io
import tomllib
import zipfile

import pytest
from tests.support.workbooks import write_xlsx

from dropout_risk.errors import RecordsError
from dropout_risk.proposals.mapping_proposal import propose_mapping
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping

TODAY = "2024-12-01"
DAYS = [day for day in (dt.date(2024, 9, 2) + dt.timedelta(k) for k in range(54)) if day.weekday() < 5]


def write_text(folder, name, header, rows, encoding="utf-8"):
    text = "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
    (folder / name).write_bytes(text.encode(encoding))


def applied(proposal, section):
    return {line.key: line.value for line in proposal.lines if line.applied and line.section == section}


def asked(proposal):
    return {(*line.section, line.key): line.value for line in proposal.doubtful}


def uncommented(toml, *entries):
    for entry in entries:
        assert f"# {entry}" in toml
        toml = toml.replace(f"# {entry}", entry)
    return tomllib.loads(toml)


# --- An English system in CSV, with absences only ---------------------------------------------------


@pytest.fixture
def english(tmp_path):
    pupils = [(1000 + k, "x", "y", "Lake", "8A", f"Grade {7 + k % 2}", "8/26/2024") for k in range(24)]
    header = "Student Number,First Name,Last Name,School Name,Homeroom,Grade Level,Entry Date"
    write_text(tmp_path, "StudentDemographics.csv", header, pupils)
    codes = ("Unexcused", "Excused Absence", "Tardy")
    absences = [
        (1000 + (7 * n + k) % 24, f"{day.month}/{day.day}/{day.year}", codes[(n + k) % 3])
        for n, day in enumerate(DAYS)
        for k in range(2)
    ]
    write_text(tmp_path, "Absences.csv", "Student Number,Absence Date,Attendance Code", absences)
    return tmp_path


def test_headers_words_and_the_order_of_dates_of_an_english_export_are_found(english):
    proposal = propose_mapping(english, today=TODAY)

    assert applied(proposal, ("tables",)) == {"Absences": "attendance", "StudentDemographics": "students"}
    assert applied(proposal, ("columns", "attendance")) == {
        "Student Number": "student_id", "Absence Date": "date", "Attendance Code": "status",
    }  # fmt: skip
    assert applied(proposal, ())["dates"] == "mdy"
    assert applied(proposal, ("words", "status")) == {
        "Unexcused": "absent", "Excused Absence": "excused", "Tardy": "late",
    }  # fmt: skip


def test_absences_only_is_asked_and_never_taken_for_granted(english):
    proposal = propose_mapping(english, today=TODAY)

    assert asked(proposal) == {("unrecorded",): "present", ("calendar", "week"): "weekdays"}
    assert {problem.rule.code for problem in proposal.report.problems} == {"DR170"}
    assert not proposal.clean


def test_a_foreign_export_ends_in_a_clean_check_once_its_two_doubts_are_decided(english):
    toml = propose_mapping(english, today=TODAY).toml()
    own = uncommented(toml, 'unrecorded = "present"', 'week = "weekdays"')

    report = SchoolRecords.from_folder(english, mapping=own, today=TODAY).check()

    assert (report.ok, report.problems) == (True, ())
    assert report.counts["attendance"].used == 2 * len(DAYS)


def test_no_pupils_id_or_name_stands_in_what_is_written(english):
    proposal = propose_mapping(english, today=TODAY)

    for text in (proposal.toml(), proposal.toml("zh"), proposal.text(), proposal.text("zh")):
        assert not any(str(1000 + k) in text for k in range(24))


# --- A Chinese workbook with a title line and several sheets ----------------------------------------


@pytest.fixture
def workbook(tmp_path):
    pupils = [[f"{k:03d}", "某某", "一中", "1班", "七年级", "某村"] for k in range(1, 21)]
    kinds = ("病", "事", "旷课")
    absences = [
        [f"{1 + (7 * n + k) % 20:03d}", day, kinds[(n + k) % 3]]
        for n, day in enumerate(DAYS)
        for k in range(2)
    ]
    marks = [
        [f"{k:03d}", dt.date(2024, 9, 20), subject, "期中", 60 + 2 * k]
        for k in range(1, 21)
        for subject in ("语文", "数学")
    ]
    head = ["学籍辅号", "姓名", "所在学校", "所在班级", "所在年级", "家庭住址"]
    sheets = {
        "学生花名册": [["某中学学生花名册"], head, *pupils],
        "缺勤登记": [["2024年秋季缺勤登记"], ["学籍辅号", "缺勤日期", "缺勤类型"], *absences],
        "成绩单": [["学籍辅号", "考试日期", "考试科目", "考试名称", "卷面分"], *marks],
        "填写说明": [["请逐日填写"]],
    }
    write_xlsx(tmp_path / "导出.xlsx", sheets)
    return tmp_path


def test_the_sheets_of_a_chinese_workbook_are_found_by_name_and_headers(workbook):
    proposal = propose_mapping(workbook, today=TODAY)

    assert applied(proposal, ("tables",)) == {
        "学生花名册": "students", "缺勤登记": "attendance", "成绩单": "grades",
    }  # fmt: skip
    assert applied(proposal, ()) == {"max_score": 100}
    assert proposal.report.counts["grades"].set_apart == 0


def test_a_register_of_absences_is_asked_in_chinese_and_counts_once_it_is_declared(workbook):
    proposal = propose_mapping(workbook, today=TODAY)
    own = uncommented(proposal.toml("zh"), 'unrecorded = "present"', 'week = "china"')
    records = SchoolRecords.from_folder(workbook, mapping=own, today=TODAY)

    assert "只登记缺课" in proposal.text("zh")
    assert {problem.rule.code for problem in records.check().problems} == {"DR126", "DR127", "DR148"}
    assert records.check().counts["attendance"].used == 2 * len(DAYS)


def test_a_sheet_like_no_table_is_named(workbook):
    assert "填写说明" in propose_mapping(workbook, today=TODAY).text("zh")


# --- A zip in GB18030 with letter marks and dates in American order ---------------------------------


@pytest.fixture
def zipped(tmp_path):
    def packed(header, rows):
        return "\n".join([header, *(",".join(map(str, row)) for row in rows)]).encode("gb18030")

    pupils = [(f"S{k:02d}", "二中", "2班", "初一") for k in range(1, 16)]
    marks = [
        (f"S{k:02d}", f"9/{20 + n}/2024", subject, "单元测试", "优良中差"[(k + n) % 4])
        for k in range(1, 16)
        for n, subject in enumerate(("语文", "英语"))
    ]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("roster.csv", packed("学生编号,就读学校,班别,就读年级", pupils))
        archive.writestr("results.csv", packed("学生编号,考试时间,学科名称,考试类型,等第", marks))
    (tmp_path / "export.zip").write_bytes(target.getvalue())
    return tmp_path


def test_letter_marks_are_named_and_given_no_points(zipped):
    proposal = propose_mapping(zipped, today=TODAY)
    given = asked(proposal)

    assert applied(proposal, ("tables",)) == {"roster": "students", "results": "grades"}
    assert {key[-1] for key in given if key[:2] == ("words", "score")} == set("优良中差")
    assert applied(proposal, ())["dates"] == "mdy"
    assert {problem.rule.code for problem in proposal.report.problems} == {"DR101"}


def test_letter_marks_are_used_once_the_school_has_declared_its_scale(zipped):
    toml = propose_mapping(zipped, today=TODAY).toml()
    entries = [f'"{word}" = {points}' for word, points in zip("优良中差", (95, 85, 75, 50), strict=True)]
    own = uncommented(toml, "max_score = 100", *entries)

    report = SchoolRecords.from_folder(zipped, mapping=own, today=TODAY).check()

    assert (report.ok, report.counts["grades"].used) == (True, 30)


# --- Doubts ------------------------------------------------------------------------------------------


def roster(folder, n=12):
    rows = [(f"P{k:02d}", "Lake", "8A", 7) for k in range(n)]
    write_text(folder, "students.csv", "student_id,school_id,class_id,grade_level", rows)


def register(folder, days, words, header="student_id,date,status"):
    rows = [(f"P{k:02d}", day, words[(k + n) % len(words)]) for n, day in enumerate(days) for k in range(12)]
    write_text(folder, "attendance.csv", header, rows)


def test_an_order_of_dates_that_nothing_tells_is_not_applied(tmp_path):
    roster(tmp_path)
    register(tmp_path, ["03/04/2024", "04/05/2024"], ("present", "absent"))
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert ("dates",) in asked(proposal)
    assert "DR105" in str(proposal.report)


def test_weekdays_tell_the_order_of_dates_that_can_be_read_in_two(tmp_path):
    roster(tmp_path)
    days = [day for day in (dt.date(2024, 2, 1) + dt.timedelta(k) for k in range(130)) if day.day < 13]
    register(tmp_path, [f"{d:%d/%m/%Y}" for d in days if d.weekday() < 5], ("present", "absent"))
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert applied(proposal, ())["dates"] == "dmy"
    assert proposal.report.ok


def test_a_lone_letter_means_nothing_and_three_together_do(tmp_path):
    roster(tmp_path)
    days = [day.isoformat() for day in DAYS[:6]]
    register(tmp_path, days, ("P", "A"))
    few = propose_mapping(tmp_path, today=TODAY)
    register(tmp_path, days, ("P", "A", "T"))
    more = propose_mapping(tmp_path, today=TODAY)

    assert applied(few, ("words", "status")) == {}
    assert applied(more, ("words", "status")) == {"P": "present", "A": "absent", "T": "late"}


def test_a_word_that_nobody_knows_is_asked(tmp_path):
    roster(tmp_path)
    register(tmp_path, [day.isoformat() for day in DAYS[:6]], ("present", "zonk"))
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert asked(proposal) == {("words", "status", "zonk"): None}
    assert '# "zonk" = ?' in proposal.toml()


def test_a_foreign_header_is_taken_by_the_shape_of_its_values(tmp_path):
    roster(tmp_path)
    register(tmp_path, [day.isoformat() for day in DAYS[:6]], ("present", "absent"), "Qid,Qday,Qmark")
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert applied(proposal, ("columns", "attendance")) == {
        "Qid": "student_id", "Qday": "date", "Qmark": "status",
    }  # fmt: skip
    assert proposal.report.ok


def test_of_two_foreign_columns_of_dates_neither_is_applied(tmp_path):
    roster(tmp_path)
    rows = [(f"P{k:02d}", "present", day, day) for day in DAYS[:6] for k in range(12)]
    write_text(tmp_path, "attendance.csv", "student_id,status,Qday,Qdue", rows)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert asked(proposal) == {("columns", "attendance", "Qday"): "date"}


def test_a_file_without_a_line_of_headers_is_named_and_none_of_its_values_is_told(tmp_path):
    roster(tmp_path)
    write_text(tmp_path, "attendance.csv", "P00,2024-09-02,present", [("P01", "2024-09-02", "absent")] * 4)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert not proposal.clean
    assert "P00" not in proposal.toml() + proposal.text()


def test_a_register_with_a_column_for_each_day_is_named(tmp_path):
    roster(tmp_path)
    header = "student_id," + ",".join(day.isoformat() for day in DAYS[:5])
    write_text(tmp_path, "register.csv", header, [(f"P{k:02d}", *["P"] * 5) for k in range(12)])

    assert "a column for each day" in propose_mapping(tmp_path, today=TODAY).text()


def test_marks_with_a_column_for_each_subject_are_named(tmp_path):
    roster(tmp_path)
    write_text(tmp_path, "期中.csv", "学号,语文,数学,英语", [(f"P{k:02d}", 80, 90, 70) for k in range(12)])

    assert "每科一列" in propose_mapping(tmp_path, today=TODAY).text("zh")


def test_a_wrong_encoding_is_named_with_the_right_one(tmp_path):
    rows = [(f"P{k:02d}", "臺北國中", "八年級甲班", 8) for k in range(12)]
    write_text(tmp_path, "students.csv", "student_id,學校,班級,grade_level", rows, "big5")
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert [line.value for line in proposal.lines if line.section == ("encoding",)] == ["big5"]


def test_moments_in_utc_are_the_days_of_a_chinese_school(tmp_path):
    pupils = [(f"P{k:02d}", "一中", "1班", 7) for k in range(12)]
    write_text(tmp_path, "学生.csv", "学号,学校,班级,年级", pupils)
    rows = [
        (f"P{k:02d}", f"{day - dt.timedelta(1)}T16:00:00Z", "出勤") for day in DAYS[:10] for k in range(12)
    ]
    write_text(tmp_path, "考勤.csv", "学号,日期,状态", rows)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert applied(proposal, ())["zone"] == "Asia/Shanghai"
    assert proposal.clean


def test_records_that_need_no_mapping_get_none(tmp_path):
    roster(tmp_path)
    register(tmp_path, [day.isoformat() for day in DAYS[:6]], ("present", "absent"))
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert (proposal.lines, proposal.clean) == ((), True)
    assert tomllib.loads(proposal.toml()) == {}


def test_without_pupils_the_error_is_shown_and_the_roster_asked_for(tmp_path):
    write_text(
        tmp_path, "Absences.csv", "Student Number,Absence Date,Attendance Code", [(1, "2024-09-02", "A")]
    )
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert "DR100" in proposal.text()
    assert "No file lists the pupils" in proposal.text()


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(RecordsError, match="No file"):
        propose_mapping(tmp_path)


def test_every_proposal_loads_as_a_mapping_in_both_languages(english):
    proposal = propose_mapping(english, today=TODAY)

    assert tomllib.loads(proposal.toml("zh")) == tomllib.loads(proposal.toml("en"))
    assert RecordsMapping(tomllib.loads(proposal.toml("zh"))).table_of("Absences") == "attendance"
