import pytest

from dropout_risk.catalogue.exam_words import EXAMS, SUBJECTS
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.errors import SettingsError
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.exam_spellings import EXAM_SPELLINGS, SUBJECT_SPELLINGS
from dropout_risk.records.wording.mapping import RecordsMapping


def rules(records):
    return {(p.table, p.column, p.rule.name) for p in records.check().problems}


def read(county, table, row, change, **options):
    county[table][row] |= change
    return SchoolRecords.from_tables(**county, today="2025-01-31", **options)


@pytest.mark.parametrize(
    ("table", "column", "written", "kept"),
    [
        ("grades", "subject", "MATHS", "maths"),
        ("grades", "subject", "数 学", "maths"),
        ("grades", "subject", "Physical Education", "physical_education"),
        ("grades", "exam", "Mid-Term", "midterm"),
        ("grades", "exam", "Unit  3", "unit 3"),
        ("wellbeing", "scale", "Total", "total"),
        ("wellbeing", "instrument", "ｐｈｑ９", "PHQ-9"),
        ("wellbeing", "norm", "SDQ-CN-Parent", "sdq-cn-parent"),
        ("family", "factor", "Left Behind", "left_behind"),
        ("students", "sex", "F", "female"),
        ("students", "school_id", "S1", "S1"),
    ],
)
def test_case_width_and_spaces_do_not_decide_but_in_ids(county, table, column, written, kept):
    records = read(county, table, 0, {column: written})
    assert kept in records.table(table)[column].to_pylist()


@pytest.mark.parametrize("status", ["ＬＡＴＥ", " late ", "Left Early", "left-early"])
def test_a_status_may_be_written_in_any_case_width_and_spacing(county, status):
    assert ("attendance", "status", "unknown_word") not in rules(
        read(county, "attendance", 0, {"status": status})
    )


def test_full_width_digits_are_numbers_and_dates(county):
    change = {"score": "８８．５", "max_score": "１２０", "date": "２０２４－１１－０８"}
    records = read(county, "grades", 0, change)
    assert records.table("grades").to_pylist()[0]["score"] == 88.5
    assert records.check().ok


def test_entries_that_differ_in_case_count_as_they_are_written(county):
    mapping = {"words": {"status": {"A": "absent", "a": "present"}}}
    county["attendance"][0] |= {"status": "a"}
    county["attendance"][1] |= {"status": "A"}
    records = SchoolRecords.from_tables(**county, today="2025-01-31", mapping=mapping)
    assert [row["status"] for row in records.table("attendance").to_pylist()][:2] == [0, 1]


@pytest.mark.parametrize(
    "mapping",
    [
        {"columns": {"grades": {"Mark": "score", "MARK ": "max_score"}}},
        {"columns": {"grades": {"Mark": "score"}}, "ignored": ["mark"]},
        {"words": {"status": {"A": "absent", "A ": "present"}}},
        {"words": {"score": {"A": "great"}}},
        {"words": {"nothing": {"A": "b"}}},
        {"dates": "dym"},
        {"units": {"distance_km": "miles"}},
    ],
)
def test_an_entry_that_can_never_apply_is_refused(mapping):
    with pytest.raises(SettingsError):
        RecordsMapping(mapping)


def test_a_header_that_stands_in_no_file_is_named(county):
    mapping = {"columns": {"grades": {"卷面分": "score"}, "discipline": {"x": "kind"}}}
    found = rules(SchoolRecords.from_tables(**county, today="2025-01-31", mapping=mapping))
    assert [name for name in found if name[2] == "unused_entry"] == [("grades", "卷面分", "unused_entry")]


def test_an_empty_cell_means_what_the_county_says(county):
    mapping = {"words": {"status": {"": "present"}, "score": {"": "missed"}}}
    county["attendance"][1]["status"] = None
    county["grades"][0]["score"] = None
    records = SchoolRecords.from_tables(**county, today="2025-01-31", mapping=mapping)
    assert records.check().ok
    assert records.table("attendance").to_pylist()[1]["status"] == 0
    assert records.table("grades").to_pylist()[0]["taken"] == "missed"


def test_a_meaning_is_itself_read_as_a_word():
    mapping = RecordsMapping({"words": {"subject": {"数": "Math"}}})
    assert mapping.words(TABLES["grades"]["subject"]).word_of("数") == "maths"


def test_ids_that_differ_in_next_to_nothing_are_doubted(county):
    county["students"][1]["class_id"] = "C 1"
    assert ("students", "class_id", "words_alike") in rules(
        SchoolRecords.from_tables(**county, today="2025-01-31")
    )


def test_the_same_class_name_of_two_schools_is_not_doubted(county):
    county["students"][2]["class_id"] = "C1"
    assert not [
        name
        for name in rules(SchoolRecords.from_tables(**county, today="2025-01-31"))
        if name[2] == "words_alike"
    ]


def test_marks_without_any_core_subject_and_unknown_factors_are_named(county):
    for row in county["grades"]:
        row["subject"] = "Mathe"
    county["family"][0]["factor"] = "lowincom"
    found = rules(SchoolRecords.from_tables(**county, today="2025-01-31"))
    assert {("grades", "subject", "unknown_meaning"), ("family", "factor", "unknown_meaning")} <= found


def test_a_row_that_says_that_there_was_no_incident_is_none(county):
    county["discipline"] = [
        {"student_id": "p1", "date": "2024-10-01", "kind": "无"},
        {"student_id": "p2", "date": "2024-10-01", "kind": "fight"},
    ]
    records = SchoolRecords.from_tables(**county, today="2025-01-31")
    assert records.table("discipline")["kind"].to_pylist() == ["fight"]
    assert ("discipline", "kind", "no_incident") in rules(records)


def test_the_words_of_records_are_those_of_the_catalogue():
    assert list(SUBJECTS) == list(SUBJECT_SPELLINGS)
    assert list(EXAMS) == list(EXAM_SPELLINGS)
    for column, known in (("subject", SUBJECTS), ("exam", EXAMS)):
        assert {*RecordsMapping().words(TABLES["grades"][column]).own.values()} <= {*known}
    words = RecordsMapping().words(TABLES["wellbeing"]["instrument"])
    assert all(words.word_of(code.lower()) == code for code in default_instruments())


@pytest.mark.parametrize(
    ("one", "other"), [("1班", "1"), ("一班", "1班"), ("八（1）班", "8(1)班"), ("初二1班", "八年级一班")]
)
def test_a_class_in_two_spellings_is_doubted(county, one, other):
    for place, row in enumerate(county["students"]):
        row |= {"school_id": "s", "grade_level": 8, "class_id": one if place else other}
    assert ("students", "class_id", "words_alike") in rules(
        SchoolRecords.from_tables(**county, today="2025-01-31")
    )


def test_a_school_in_two_spellings_is_doubted_and_classes_of_two_grade_levels_are_not(county):
    for place, row in enumerate(county["students"]):
        row |= {"school_id": "第一中学" if place else "一中", "grade_level": 7 + (place > 0)}
        row["class_id"] = "1班" if place else "1"
    found = rules(SchoolRecords.from_tables(**county, today="2025-01-31"))
    assert ("students", "school_id", "words_alike") in found
    assert ("students", "class_id", "words_alike") not in found


@pytest.mark.parametrize(
    ("one", "other", "doubted"),
    [
        ("市一中", "第一中学", True),
        ("某市第一中学", "市一中", True),
        ("县实验小学", "实验小学", True),
        ("县一中", "市一中", False),
        ("甲镇中心小学", "乙镇中心小学", False),
        ("市一中", "市二中", False),
    ],
)
def test_a_school_with_and_without_its_area_is_doubted(county, one, other, doubted):
    for place, row in enumerate(county["students"]):
        row |= {"school_id": other if place else one, "grade_level": 7 + (place > 0)}
    found = rules(SchoolRecords.from_tables(**county, today="2025-01-31"))
    assert (("students", "school_id", "words_alike") in found) == doubted


@pytest.mark.parametrize("kind", ["表扬", "三好学生", "Merit", "撤销处分"])
def test_praise_among_the_incidents_is_doubted(county, kind):
    county["discipline"] = [{"student_id": "p1", "date": "2024-10-01", "kind": kind}]
    assert ("discipline", "kind", "unknown_meaning") in rules(
        SchoolRecords.from_tables(**county, today="2025-01-31")
    )


def test_incidents_are_not_taken_for_praise(county):
    county["discipline"] = [
        {"student_id": "p1", "date": "2024-10-01", "kind": kind} for kind in ("打架", "记过", "demerit")
    ]
    assert ("discipline", "kind", "unknown_meaning") not in rules(
        SchoolRecords.from_tables(**county, today="2025-01-31")
    )
