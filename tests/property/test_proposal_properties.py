"""A district in foreign words comes back by its proposed mapping, or what is lost is named as doubtful."""

import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.districts import tidy_tables

from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.proposals.mapping_proposal import propose_mapping
from dropout_risk.records.school_records import SchoolRecords

FILES = {
    "students": ("students", "Student_Roster", "pupil list 2025", "学生花名册", "在校生名单"),
    "attendance": ("attendance", "DailyAttendance", "register-2025", "考勤记录", "2025年考勤登记表"),
    "grades": ("grades", "Exam Results", "marks_2025", "成绩单", "考试成绩汇总"),
    "outcomes": ("outcomes", "withdrawals", "学籍异动表", "school_leavers"),
}
HEADERS = {
    "students": {
        "student_id": ("Student Number", "stu_id", "LocalID", "学号", "学籍辅号", "Qxz"),
        "school_id": ("School Name", "campus", "SchoolCode", "所在学校", "Qsc"),
        "class_id": ("Homeroom", "form group", "HOME_ROOM", "行政班", "班别", "Qcl"),
        "grade_level": ("Grade", "year level", "GradeLevel", "就读年级", "年级", "Qlv"),
    },
    "attendance": {
        "student_id": ("Student Number", "stu_id", "学号", "学籍辅号", "Qxz"),
        "date": ("Attendance Date", "ATT_DATE", "缺勤日期", "登记日", "Qday"),
        "status": ("Attendance Code", "att_code", "AttendanceStatus", "考勤结果", "到校情况", "Qst"),
    },
    "grades": {
        "student_id": ("Student Number", "stu_id", "学号", "学籍辅号", "Qxz"),
        "date": ("Exam Date", "date_taken", "考试时间", "Qday"),
        "subject": ("Course Name", "subject area", "考试科目", "学科名称", "Qsub"),
        "exam": ("Assessment", "TestName", "考试类型", "考次", "Qex"),
        "score": ("Points", "raw score", "卷面分", "实得分", "Qsco"),
        "max_score": ("PointsPossible", "out of", "卷面满分", "Qmax"),
    },
    "outcomes": {
        "student_id": ("Student Number", "stu_id", "学号", "学籍辅号", "Qxz"),
        "date": ("Exit Date", "LeaveDate", "离校日期", "Qday"),
        "event": ("Exit Reason", "withdrawal_code", "异动原因", "Qev"),
    },
}
WORDS = {
    "present": ("present", "In Attendance", "出勤", "已到", "Zpr"),
    "absent": ("absent", "Unexcused Absence", "旷课", "未到校", "Zab"),
    "excused": ("excused", "Illness", "请病假", "病假"),
    "late": ("late", "Tardy", "晚到", "迟到"),
    "dropout": ("Dropped Out", "辍学", "流失"),
    "transferred": ("Transferred Out", "转学", "转校"),
}
SPOKEN = ("status", "event")


@cache
def small_tables():
    frames, last_day = tidy_tables(40, 5, 120)
    return {name: frames[name] for name in HEADERS}, last_day


@st.composite
def schemes(draw):
    files = {table: draw(st.sampled_from(names)) for table, names in FILES.items()}
    headers = {
        table: {column: draw(st.sampled_from((column, *names))) for column, names in columns.items()}
        for table, columns in HEADERS.items()
    }
    words = {word: draw(st.sampled_from((word, *names))) for word, names in WORDS.items()}
    return (
        files,
        headers,
        words,
        draw(st.sampled_from(("utf-8", "gb18030"))),
        draw(st.sampled_from(("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y年%m月%d日"))),
    )


def written(folder, scheme):
    files, headers, words, encoding, form = scheme
    tables, _ = small_tables()
    for name, frame in tables.items():
        kept = frame[list(headers[name])].copy()
        for column in kept:
            if column in SPOKEN:
                kept[column] = kept[column].map(lambda word: words.get(word, word))
            elif column == "date":
                kept[column] = pd.to_datetime(kept[column]).dt.strftime(form)
        kept.rename(columns=headers[name]).to_csv(
            folder / f"{files[name]}.csv", index=False, encoding=encoding
        )


@cache
def plain_features():
    tables, last_day = small_tables()
    plain = {name: frame[list(HEADERS[name])] for name, frame in tables.items()}
    return features_of(SchoolRecords.from_tables(**plain, today=last_day), last_day)


def features_of(records, last_day):
    return build_features(records, Cohort.on(records, last_day))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schemes())
def test_a_district_in_foreign_words_has_the_same_features_or_its_doubts_are_named(scheme):
    _, last_day = small_tables()
    with tempfile.TemporaryDirectory() as place:
        written(Path(place), scheme)
        proposal = propose_mapping(place, today=last_day)
        if proposal.clean:
            records = SchoolRecords.from_folder(place, mapping=proposal.mapping(), today=last_day)
            pd.testing.assert_frame_equal(features_of(records, last_day), plain_features())
        else:
            assert all(line.evidence.en and line.evidence.zh for line in proposal.doubtful)
            assert "To be decided" in proposal.text()
