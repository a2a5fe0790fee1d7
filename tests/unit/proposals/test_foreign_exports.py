"""What strangers' exports bring: each thing is asked once, in the reader's words, and hides nothing else."""

import datetime as dt
import re

import pytest

from dropout_risk.proposals.error_words import error_words
from dropout_risk.proposals.known_names import known_column
from dropout_risk.proposals.mapping_proposal import propose_mapping
from dropout_risk.records.school_records import SchoolRecords

TODAY = "2024-12-01"
DAYS = [day for day in (dt.date(2024, 9, 2) + dt.timedelta(k) for k in range(40)) if day.weekday() < 5]
ROSTER = "student_id,school_id,class_id,grade_level"


def write(folder, name, header, rows):
    text = "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"
    (folder / name).write_text(text, encoding="utf-8")


def roster(folder, header=ROSTER, n=12):
    write(folder, "students.csv", header, [(f"P{k:02d}", "Lake", "8A", 7) for k in range(n)])


def register(folder, words, header="student_id,date,status", n=12):
    rows = [
        (f"P{k:02d}", day, words[(k + 5 * i) % len(words)]) for i, day in enumerate(DAYS) for k in range(n)
    ]
    write(folder, "attendance.csv", header, rows)


def lines(proposal, *section):
    return {line.key: line for line in proposal.lines if line.section == section}


def numbered(text):
    return re.findall(r"(?m)^\d+\. .*$", text)


# --- What comes after a doubtful header ---


def test_what_comes_after_a_missing_class_is_shown_and_the_mapping_leaves_it_out(tmp_path):
    write(
        tmp_path,
        "students.csv",
        "student_id,school_id,grade_level",
        [(f"P{k:02d}", "Lake", 7) for k in range(12)],
    )
    register(tmp_path, ("present", "zonk", "absent"))
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert (proposal.report, proposal.error.code) == (None, "DR100")
    assert proposal.preview.empty == ("class_id",)
    assert "DR107" in {problem.rule.code for problem in proposal.preview.report.problems}
    assert "class_id" in proposal.text().split("As a preview")[1]
    assert "class_id" not in proposal.toml()
    assert not proposal.clean


def test_a_doubtful_required_header_is_taken_for_the_preview_only(tmp_path):
    roster(tmp_path)
    rows = [(f"P{k:02d}", "present", day, day) for day in DAYS for k in range(12)]
    write(tmp_path, "attendance.csv", "student_id,status,Qday,Qdue", rows)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert proposal.report.counts["attendance"].used == 0
    assert proposal.preview.report.counts["attendance"].used == len(rows)
    assert '# "Qday" = "date"' in proposal.toml()


def test_what_is_asked_of_absences_is_seen_past_doubtful_letters(tmp_path):
    roster(tmp_path, n=30)
    rows = [(f"P{(7 * i + k) % 30:02d}", day, "AT"[k]) for i, day in enumerate(DAYS) for k in range(2)]
    write(tmp_path, "attendance.csv", "student_id,date,status", rows)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert lines(proposal)["unrecorded"].degree == "doubtful"
    assert {"A", "T"} == {key for key, line in lines(proposal, "words", "status").items() if not line.applied}


# --- Codes that nobody knows ---


@pytest.mark.parametrize("code", ["EXC", "TDY", "QZ"])
def test_a_code_of_a_single_row_among_known_words_is_asked_and_not_applied(tmp_path, code):
    roster(tmp_path)
    register(tmp_path, ("present",))
    with (tmp_path / "attendance.csv").open("a") as file:
        file.write(f"P01,2024-11-20,{code}\n")
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert not lines(proposal, "words", "status")[code].applied
    assert any(f'"{code}"' in item for item in numbered(proposal.text()))


def test_a_long_remark_of_a_single_row_is_not_told(tmp_path):
    roster(tmp_path)
    register(tmp_path, ("present",))
    with (tmp_path / "attendance.csv").open("a") as file:
        file.write("P01,2024-11-20,went to see her aunt\n")
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert "aunt" not in proposal.toml() + proposal.text()
    assert any("DR107" in item for item in numbered(proposal.text()))


def test_words_in_a_column_of_marks_are_asked(tmp_path):
    roster(tmp_path)
    marks = [
        (f"P{k:02d}", "2024-10-10", "maths", "final", ("abs", "NP", 71, 82, 93)[k % 5], 100)
        for k in range(12)
    ]
    write(tmp_path, "grades.csv", "student_id,date,subject,exam,score,max_score", marks)
    given = lines(propose_mapping(tmp_path, today=TODAY), "words", "score")

    assert set(given) == {"abs", "NP"}
    assert not any(line.applied for line in given.values())


def test_of_a_column_of_letters_and_one_of_numbers_the_numbers_are_taken(tmp_path):
    roster(tmp_path)
    marks = [(f"P{k:02d}", "2024-10-10", "maths", "final", "ABC"[k % 3], 60 + k, 100) for k in range(12)]
    write(tmp_path, "grades.csv", "student_id,date,subject,exam,score,percent,max_score", marks)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert lines(proposal, "columns", "grades")["percent"].applied
    assert proposal.report.counts["grades"].used == 12


def test_without_a_number_among_the_marks_no_highest_mark_is_told(tmp_path):
    roster(tmp_path)
    marks = [(f"P{k:02d}", "2024-10-10", "maths", "final", "ABC"[k % 3]) for k in range(12)]
    write(tmp_path, "grades.csv", "student_id,date,subject,exam,score", marks)

    assert "highest mark is" not in propose_mapping(tmp_path, today=TODAY).text()


# --- Headers ---


@pytest.mark.parametrize(
    ("table", "header"),
    [
        ("attendance", "SchoolID"), ("attendance", "出生日期"), ("attendance_totals", "Unexcused Absences"),
        ("students", "非寄宿生"), ("students", "Non Boarder"), ("calendar", "Non Instructional Day"),
        ("attendance_totals", "Days Not Absent"),
    ],
)  # fmt: skip
def test_a_header_that_means_something_else_or_the_opposite_is_not_taken(table, header):
    assert known_column(table, header) is None


def test_a_school_in_the_register_is_neither_a_pupil_nor_asked(tmp_path):
    roster(tmp_path)
    register(tmp_path, ("present", "absent"))
    text = (tmp_path / "attendance.csv").read_text().replace("student_id,date", "SchoolID,student_id,date")
    (tmp_path / "attendance.csv").write_text(text.replace("\nP", "\n300,P"))
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert proposal.lines == ()
    assert not any("SchoolID" in item for item in numbered(proposal.text()))


def test_the_only_dates_of_a_file_are_asked_where_they_may_be_those_of_the_entry(tmp_path):
    write(tmp_path, "学生.csv", "学号,学校,班级,年级", [(f"P{k:02d}", "一中", "1班", 7) for k in range(12)])
    rows = [(f"P{k:02d}", day, "出勤") for day in DAYS for k in range(12)]
    write(tmp_path, "考勤.csv", "学号,登记日期,状态", rows)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert lines(proposal, "columns", "attendance")["登记日期"].degree == "doubtful"
    assert proposal.preview.report.ok


# --- Nothing is asked twice, and nothing is offered that is refused ---


def test_what_a_line_asks_is_not_asked_again_by_its_rule(tmp_path):
    roster(tmp_path)
    register(tmp_path, ("present", "zonk"))
    text = propose_mapping(tmp_path, today=TODAY).text()

    assert len(numbered(text)) == 1


def test_another_column_of_the_same_meaning_is_no_decision(tmp_path):
    rows = [(f"P{k:02d}", f"S{k:02d}9", "Lake", "8A", 7) for k in range(12)]
    write(tmp_path, "students.csv", "Student Number,State Student ID,School Name,Homeroom,Grade", rows)
    register(tmp_path, ("present", "absent"))
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert lines(proposal, "columns", "students")["State Student ID"].spare
    assert proposal.doubtful == ()


def test_absences_by_lesson_are_never_offered_as_presence_on_all_other_days(tmp_path):
    roster(tmp_path, n=30)
    rows = [
        (f"P{(7 * i + k) % 30:02d}", day, f"{k + 1}", "absent")
        for i, day in enumerate(DAYS)
        for k in range(2)
    ]
    write(tmp_path, "attendance.csv", "student_id,date,session,status", rows)
    proposal = propose_mapping(tmp_path, today=TODAY)

    assert "unrecorded" not in lines(proposal)
    (asked,) = [item for item in numbered(proposal.text()) if "by lesson" in item]
    assert "one row per pupil and day" in asked


def test_files_that_refer_to_each_other_are_asked_for_as_one(tmp_path):
    write(tmp_path, "users.csv", "sourcedId,status,role", [(f"u{k}", "active", "student") for k in range(12)])
    write(tmp_path, "orgs.csv", "sourcedId,status,name", [("o1", "active", "Lake")])
    text = propose_mapping(tmp_path, today=TODAY).text()

    assert "as in OneRoster" in text
    assert "attendance" not in text


# --- Chinese in Chinese ---

NAMES = re.compile(r"[A-Za-z_]+(?:\.[a-z_]+|_[a-z_]+)|\"[^\"]*\"|\[[^\]]*\]|DR\d+|“[^”]*”")
ALLOWED = {
    "students", "attendance", "grades", "date", "status", "score", "ignored", "session", "unrecorded",
    "words", "week", "dropout-risk", "csv", "mdy", "dmy", "dates", "subject", "exam", "present", "absent",
    "excused", "late", "suspended", "map", "check", "missed", "exempt", "deferred", "unknown", "taken", "max",
}  # fmt: skip


def test_all_that_is_printed_in_chinese_is_chinese(tmp_path):
    head = "标题,,\n学号,学校,年级,备注二\n"
    pupils = "".join(f"P{k:02d},一中,七年级,x\n" for k in range(12))
    (tmp_path / "学生.csv").write_text(head + pupils, encoding="utf-8")
    register(tmp_path, ("出勤", "旷课", "某词"), "学号,日期,Qx")
    (tmp_path / "成绩.xlsx").write_bytes(b"PK\x03\x04 broken")
    text = propose_mapping(tmp_path, today=TODAY).text("zh")
    words = set(re.findall(r"[A-Za-z][A-Za-z-]+", NAMES.sub("", text)))

    assert words - ALLOWED <= {"Qx", "xlsx", "CSV", "student", "id"}


@pytest.mark.parametrize(
    "english",
    [
        "There is no table 'students'.",
        "Table 'students' (a.csv) lacks required column(s): class_id.",
        "class_id: headers understood: 'class_id', '班级'; grade_level: is it the column 'x'?",
        "File 'a.xlsx' cannot be read as a workbook.",
        "File 'a.zip' is locked with a password.",
    ],
)
def test_errors_have_a_chinese_wording(english):
    assert not re.search(r"\b(the|is|no|of|column|file)\b", error_words(english).zh)


def test_marks_by_enrolment_get_their_pupils_from_the_file_of_enrolments(tmp_path):
    files = {
        "students": "student_id,school_id,class_id,grade_level\n"
        + "".join(f"{pupil},s,8A,8\n" for pupil in range(1, 13)),
        "enrollments": "enrollment_id,student_id,course_id\n"
        + "".join(f"{900 + key},{1 + key % 12},{key % 3}\n" for key in range(36)),
        "grades": "grade_id,enrollment_id,subject,grade_type,grade_value,grade_date\n"
        + "".join(f"{key},{900 + key},maths,test,{50 + key},2024-10-0{1 + key // 12}\n" for key in range(36)),
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    proposal = propose_mapping(tmp_path, today="2024-12-01")
    assert 'file = "enrollments"' in proposal.toml()
    assert not [question for question in proposal.questions if "student_id" in question.en]
    (tmp_path / "mapping.toml").write_text("max_score = 100\n" + proposal.toml(), encoding="utf-8")
    records = SchoolRecords.from_folder(tmp_path, mapping=tmp_path / "mapping.toml")
    table = records.table("grades")
    assert table.num_rows == 36
    ids = records.table("students")["student_id"].to_pylist()
    told = dict(zip(table["score"].to_pylist(), table["pupil"].to_pylist(), strict=True))
    assert {mark: ids[pupil] for mark, pupil in told.items()} == {50.0 + k: 1 + k % 12 for k in range(36)}


def test_sums_in_a_file_called_attendance_are_totals(tmp_path):
    rows = "".join(f"A{k},{1000 + k},2025-2026,120,{120 - k},{k},{100 - k / 1.2:.2f}\n" for k in range(30))
    header = "attendance_id,student_id,school_year,days_enrolled,days_present,days_absent,attendance_rate\n"
    (tmp_path / "attendance.csv").write_text(header + rows, encoding="utf-8")
    proposal = propose_mapping(tmp_path, today="2026-12-01")
    (guess,) = proposal.tables
    assert guess.table == "attendance_totals"
    assert {"days_enrolled", "days_absent", "student_id"} == set(guess.columns)
    assert any("[constants.attendance_totals]" in question.en for question in proposal.questions)


def test_no_running_number_and_no_level_is_proposed_as_marks(tmp_path):
    rows = "".join(f"{k},{1000 + k},2025,{9 + k % 4},{2 + k / 20:.2f}\n" for k in range(30))
    (tmp_path / "transcripts.csv").write_text(
        "transcript_no,student_id,school_year,grade_level,gpa\n" + rows, encoding="utf-8"
    )
    (guess,) = propose_mapping(tmp_path, today="2026-12-01").tables
    assert guess.columns["score"].header == "gpa"


def test_a_column_of_yes_and_no_under_an_unknown_header_is_asked_about_and_never_taken(tmp_path):
    rows = "".join(f"{day},{'否' if day.weekday() < 5 else '是'}\n" for day in DAYS)
    (tmp_path / "校历.csv").write_text("日期,是否放假\n" + rows, encoding="utf-8")
    proposal = propose_mapping(tmp_path, today=TODAY)
    assert not [line for line in proposal.lines if line.value == "is_school_day" and line.applied]


def test_years_of_graduation_are_no_grade_levels(tmp_path):
    rows = "".join(f"P{k:02d},Lake,8A,{2029 + k % 2}\n" for k in range(12))
    (tmp_path / "students.csv").write_text("student_id,school_id,class_id,Grad Yr\n" + rows, encoding="utf-8")
    (guess,) = propose_mapping(tmp_path, today=TODAY).tables
    assert "grade_level" not in guess.columns


def test_signs_beside_several_unknown_ones_are_those_of_another_system(tmp_path):
    roster(tmp_path)
    register(tmp_path, ["/", "/", "/", "/", "I", "O", "N", "B", "T", "E"])
    found = lines(propose_mapping(tmp_path, today=TODAY), "words", "status")
    assert {"T", "E", "I", "O"} <= found.keys()
    assert not [key for key, line in found.items() if line.applied]
