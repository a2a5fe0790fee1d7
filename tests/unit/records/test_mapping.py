import tomllib
from importlib import resources

import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping

CHINESE = {
    "学生.csv": """学号,姓名,学校,班级,年级,入学日期,离校日期,包保责任人,出生日期,住校,家校距离,性别,民族
a01,某某,一中,七1班,七年级,2024年9月1日,,t1,2012/3/4,是,12.5,男,彝族
a02,某某,一中,七1班,初一,2024-09-01,2025-06-30,t1,,否,,女,汉族
""",
    "考勤.csv": """学号,日期,节次,出勤状态,登记日期
a01,2024-09-02,上午,出勤,
a01,2024-09-03,上午,旷课,2024-09-05
a02,2024-09-02,上午,病假,
a02,2024-09-03,上午,迟到,
a02,2024-09-04,上午,早退,
a01,2024-09-04,上午,停课,
""",
    "成绩.csv": """学号,日期,科目,考试,成绩,满分
a01,20241108,数学,期中,88,120
a02,2024.11.8,语文,期末考试,60,120
""",
    "心理.csv": "学号,日期,量表,维度,得分,有效,常模\na01,2024-10-10,MHT,总分,41,是,standard\n",
    "家庭.csv": """学号,家庭因素,起始日期,终止日期,来源
a01,留守,2023-01-01,,班主任
a02,无,2024-09-01,,问卷
""",
    "学籍变动.csv": "学号,日期,事件\na02,2024-12-01,疑似辍学\n",
    "考勤汇总.csv": "学号,起始日期,终止日期,应出勤天数,缺勤天数\na02,2024-10-01,2024-10-31,20,2\n",
    "校历.csv": "日期,是否上课\n2024-09-02,是\n2024-09-03,是\n2024-09-04,是\n2024-09-05,否\n",
}
ENGLISH = {
    "students.csv": """student_id,school_id,class_id,grade_level,enrolled_on,left_on,\
responsible_id,birth_date,boarding,sex,ethnicity,\
distance_km
a01,一中,七1班,7,2024-09-01,,t1,2012-03-04,true,male,彝族,12.5
a02,一中,七1班,7,2024-09-01,2025-06-30,t1,,no,female,汉族,
""",
    "attendance.csv": """student_id,date,session,status,recorded_on
a02,2024-09-04,am,left_early,
a01,2024-09-02,am,present,
a01,2024-09-03,am,absent,2024-09-05
a02,2024-09-02,am,excused,
a02,2024-09-03,am,late,
a01,2024-09-04,am,suspended,
""",
    "grades.csv": """student_id,date,subject,exam,score,max_score
a01,2024-11-08,maths,midterm,88,120
a02,2024-11-08,chinese,final,60,120
""",
    "wellbeing.csv": """student_id,date,instrument,scale,score,valid,norm
a01,2024-10-10,MHT,total,41,yes,standard
""",
    "family.csv": """student_id,factor,valid_from,source
a01,left_behind,2023-01-01,班主任
a02,none,2024-09-01,问卷
""",
    "outcomes.csv": "student_id,date,event\na02,2024-12-01,suspected_dropout\n",
    "attendance_totals.csv": """student_id,period_start,period_end,days_enrolled,days_absent
a02,2024-10-01,2024-10-31,20,2
""",
    "calendar.csv": """date,is_school_day
2024-09-05,0
2024-09-02,1
2024-09-03,1
2024-09-04,1
""",
}


def write(folder, files, encoding="utf-8"):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding=encoding)
    return folder


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_chinese_folder_equals_an_english_one(tmp_path, encoding):
    chinese = SchoolRecords.from_folder(write(tmp_path / "zh", CHINESE, encoding))
    english = SchoolRecords.from_folder(write(tmp_path / "en", ENGLISH))
    assert chinese.check().problems == english.check().problems == ()
    assert chinese.fingerprint == english.fingerprint


def test_own_words_and_headers_come_first(tmp_path):
    own = tmp_path / "county.toml"
    own.write_text(
        """
        ignored = ["备用"]
        [tables]
        "点名册" = "attendance"
        [columns.attendance]
        "代码" = "student_id"
        "哪天" = "date"
        [words.status]
        "√" = "present"
        "出勤" = "late"
        """,
        encoding="utf-8",
    )
    files = {
        "学生.csv": CHINESE["学生.csv"],
        "点名册.csv": "代码,哪天,考勤,备用,学号\na01,2024-09-02,√,x,a02\n",
    }
    files["点名册.csv"] += "a01,2024-09-03,出勤,x,a02\n"
    records = SchoolRecords.from_folder(write(tmp_path / "zh", files), mapping=own)
    attendance = records.table("attendance")
    assert attendance.column("pupil").to_pylist() == [0, 0]
    assert attendance.column("status").to_pylist() == [0, 3]
    assert [(p.rule.name, p.column) for p in records.check().problems] == [("unknown_column", "学号")]


@pytest.mark.parametrize(
    ("mapping", "said", "hint"),
    [
        ({"colums": {}}, "unknown key 'colums'", "did you mean 'columns'?"),
        ({"columns": {"grade": {}}}, "unknown key 'columns.grade'", "did you mean 'grades'?"),
        ({"columns": {"grades": {"分": "scroe"}}}, "unknown 'scroe'", "did you mean 'score'?"),
        ({"tables": {"表": "student"}}, "unknown 'student'", "did you mean 'students'?"),
        ({"words": {"status": {"在": "presnt"}}}, "unknown 'presnt'", "did you mean 'present'?"),
        ({"words": {"statuses": {}}}, "unknown key 'words.statuses'", "did you mean 'status'?"),
        ({"words": {"yes_no": {"对": "yes"}}}, "must be a bool", ""),
    ],
)
def test_a_mapping_with_unknown_names_is_refused_with_the_nearest(mapping, said, hint):
    with pytest.raises(SettingsError) as caught:
        RecordsMapping(mapping)
    assert said in caught.value.message
    assert caught.value.hint == hint


def test_all_problems_of_a_mapping_come_at_once():
    with pytest.raises(SettingsError, match=r"2 problem\(s\)"):
        RecordsMapping({"word": {}, "tables": {"表": "student"}})


def test_a_mapping_file_that_is_missing_or_no_toml_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        RecordsMapping(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[tables", encoding="utf-8")
    with pytest.raises(SettingsError, match="is not TOML"):
        RecordsMapping(tmp_path / "bad.toml")


def test_the_defaults_obey_the_rules_of_a_countys_own_mapping():
    file = resources.files("dropout_risk.records.wording") / "mapping_zh.toml"
    defaults = tomllib.loads(file.read_text(encoding="utf-8"))
    del defaults["naming"]  # which no county need say
    assert RecordsMapping(defaults).table_of("考勤") == "attendance"


def test_the_first_listed_of_two_headers_is_used():
    headers = RecordsMapping().headers("students", ["学籍号", "学号", "年级"])
    assert headers.chosen == {"student_id": "学号", "grade_level": "年级"}
    assert headers.spare == ("学籍号",)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("attendance_2024", "attendance"),
        ("attendance_totals_2024", "attendance_totals"),
        ("Attendance", "attendance"),
        ("考勤汇总", "attendance_totals"),
        ("canteen", None),
    ],
)
def test_file_names_name_tables(name, table):
    assert RecordsMapping().table_of(name) == table
