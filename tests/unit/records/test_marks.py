import pytest

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.measures import ClassZ, MissedExams, ScoreMean
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from support.catalogues import declare

AS_OF = "2024-12-20"


def county(marks, **options):
    """One class of ten; a mark is (pupil, date, subject, exam, score)."""
    students = [
        {"student_id": f"p{n}", "school_id": "s", "class_id": "c", "grade_level": 8} for n in range(10)
    ]
    names = ("student_id", "date", "subject", "exam", "score")
    grades = [dict(zip(names, mark, strict=True)) | {"max_score": 100} for mark in marks]
    return SchoolRecords.from_tables(students=students, grades=grades, today="2024-12-31", **options)


def column(records, measure):
    catalogue = FeatureCatalogue([declare("column", measure, "year")])
    return compute_features(Histories.from_records(records), AS_OF, catalogue).values[:, 0].tolist()


def sat(pupils, date="2024-11-20", subject="maths", exam="final", score=None):
    return [(f"p{n}", date, subject, exam, 50 + n if score is None else score) for n in pupils]


def missed(marks, **options):
    return column(county(marks, **options), MissedExams())


@pytest.mark.parametrize("word", ["免考", "缓考", "Exempt", "deferred", "8o", -1, 400, None])
def test_who_was_exempt_or_deferred_or_whose_mark_cannot_be_read_did_not_miss_the_exam(word):
    marks = [*sat(range(9)), ("p9", "2024-11-20", "maths", "final", word)]
    assert missed(marks) == [0] * 10
    assert column(county(marks), ScoreMean())[9] != column(county(marks), ScoreMean())[9]


@pytest.mark.parametrize("word", ["缺考", "Missed", "absent"])
def test_who_missed_an_exam_missed_it_also_where_the_class_is_small(word):
    assert missed([*sat(range(9)), ("p9", "2024-11-20", "maths", "final", word)])[9] == 1
    assert missed([*sat(range(2)), ("p9", "2024-11-20", "maths", "final", word)])[9] == 1


def test_the_column_taken_says_it_too_and_zero_beside_it_is_no_mark():
    students = [{"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 8}]
    row = {"student_id": "a", "date": "2024-11-20", "subject": "maths", "exam": "final", "max_score": 100}
    records = SchoolRecords.from_tables(
        students=students, grades=[row | {"score": 0, "taken": "免考"}], today="2024-12-31"
    )
    assert records.table("grades").to_pylist()[0]["taken"] == "exempt"
    assert records.table("grades").to_pylist()[0]["score"] is None


def test_an_exam_made_up_on_another_day_is_the_same_exam_and_keeps_its_standing():
    marks = [*sat(range(6)), *sat(range(6, 10), date="2024-11-26")]
    assert missed(marks) == [0] * 10
    standing = column(county(marks), ClassZ(of="last"))
    assert standing == column(county(sat(range(10))), ClassZ(of="last"))


def test_a_test_of_the_same_name_each_week_is_an_exam_each_week():
    marks = [
        *sat(range(10), exam="quiz", date="2024-11-06"),
        *sat(range(9), exam="quiz", date="2024-11-13"),
    ]
    assert missed(marks) == [0] * 9 + [1]


def test_a_resit_by_a_few_is_nobody_elses_missed_exam():
    marks = [*sat(range(10)), *sat(range(4), date="2024-12-04")]
    assert missed(marks) == [0] * 10


def test_a_subject_that_a_pupil_does_not_take_is_not_missed():
    marks = [
        *sat(range(10)),
        *sat(range(5), subject="japanese", date="2024-11-21"),
        *sat(range(5, 10), subject="english", date="2024-11-21"),
    ]
    assert missed(marks) == [0] * 10


def test_who_was_away_on_a_day_of_several_subjects_or_never_came_missed_them():
    marks = [
        *sat(range(9)),
        *sat(range(8), subject="english", date="2024-11-21"),
        *sat(range(8), subject="chinese", date="2024-11-21"),
    ]
    assert missed(marks) == [0] * 8 + [2, 3]


def test_a_bonus_is_kept_with_a_word_and_counts_as_full_marks():
    records = county([*sat(range(9)), ("p9", "2024-11-20", "maths", "final", 110)])
    assert [(p.rule.name, p.severity, p.rows) for p in records.check().problems] == [
        ("bonus_mark", "warning", 1)
    ]
    assert records.table("grades")["score"].to_pylist()[9] == 110
    assert column(records, ScoreMean())[9] == 1
    stricter = county([("p9", "2024-11-20", "maths", "final", 110)], mapping={"bonus": 0.05})
    assert [p.rule.name for p in stricter.check().problems] == ["score_over_max"]


def test_words_are_given_points_and_full_marks_by_the_county():
    students = [{"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 8}]
    row = {"student_id": "a", "date": "2024-11-20", "subject": "maths", "exam": "final"}
    rows = [
        row | {"score": "优", "exam": "1"},
        row | {"score": "A+", "exam": "2"},
        row | {"score": "A-", "exam": "3"},
    ]
    mapping = {"max_score": 4, "words": {"score": {"优": 3.8, "A+": 4, "A-": 3}}}
    records = SchoolRecords.from_tables(students=students, grades=rows, today="2024-12-31", mapping=mapping)
    assert records.check().ok
    assert records.table("grades")["score"].to_pylist() == [3.8, 4, 3]


@pytest.mark.parametrize("scores", [[65, 70, 0.65], [3.1, 3.9, 2.5, 3.6]])
def test_marks_in_another_unit_are_doubted(scores):
    records = county([(f"p{n}", "2024-11-20", "maths", "final", score) for n, score in enumerate(scores)])
    assert [(p.table, p.column, p.rule.name) for p in records.check().problems] == [
        ("grades", "score", "doubtful_unit")
    ]
