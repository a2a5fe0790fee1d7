import pytest

from dropout_risk.records.checks.twin_names import stem_of
from dropout_risk.records.school_records import SchoolRecords

PUPILS = [{"student_id": f"p{n}", "school_id": "s", "class_id": "c", "grade_level": 7} for n in range(8)]


def county(marks, **options):
    """Marks are (pupil, subject, exam)."""
    grades = [
        {"student_id": f"p{n}", "date": "2024-11-08", "subject": subject, "exam": exam}
        | {"score": 60 + n, "max_score": 100}
        for n, subject, exam in marks
    ]
    return SchoolRecords.from_tables(students=PUPILS, grades=grades, today="2025-01-31", **options)


def twins(records):
    found = [p for p in records.check().problems if p.rule.name == "twin_names"]
    return [(p.column, p.rows, p.detail.en) for p in found]


def halves(one, other, *, exam=True):
    """Two clerks: each has marks of half a class."""
    named = [(n, one if n < 5 else other) for n in range(8)]
    return [(n, "maths", name) if exam else (n, name, "final") for n, name in named]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("midterm", "mid-term exam"),
        ("midterm", "期中测试"),
        ("期末", "Finals"),
        ("2024秋期中考试", "Autumn 2024 midterm"),
        ("月考1", "第一次月考"),
        ("期中考试", "期中检测"),
    ],
)
def test_two_ways_of_writing_an_exam_are_doubted_with_the_line_that_joins_them(one, other):
    (found,) = twins(county(halves(one, other)))

    assert found[:2] == ("exam", 3)
    entry = found[2].removeprefix("[words.exam] ").split(" = ")
    mapping = {"words": {"exam": {entry[0].strip('"'): entry[1].strip('"')}}}
    assert twins(county(halves(one, other), mapping=mapping)) == []


@pytest.mark.parametrize(
    ("one", "other"), [("English", "Eng"), ("语文", "语"), ("physics", "物理课"), ("chemistry", "Chem")]
)
def test_two_ways_of_writing_a_subject_are_doubted(one, other):
    assert [found[:2] for found in twins(county(halves(one, other, exam=False)))] == [("subject", 3)]


@pytest.mark.parametrize("slip", ["maht", "mathss", "mathematic", "mathmatics"])
def test_a_slip_of_the_pen_in_a_core_subject_is_doubted_with_the_line_that_mends_it(slip):
    found = twins(county(halves("maths", slip, exam=False)))

    assert ("subject", 3) in [one[:2] for one in found]
    assert f'"{slip}" = "maths"' in found[0][2] or slip == "mathss"


@pytest.mark.parametrize("subject", ["matter", "chess", "statistics", "physic lab", "engine", "arts"])
def test_a_word_that_is_no_slip_of_a_core_subject_is_not_doubted(subject):
    assert twins(county(halves("maths", subject, exam=False))) == []


def test_a_core_subject_under_another_name_is_doubted_where_the_known_name_is_missing():
    marks = [(n, subject, "final") for n in range(8) for subject in ("Eng", "maths")]

    assert twins(county(marks)) == [("subject", 8, '[words.subject] "eng" = "english"')]


@pytest.mark.parametrize(("one", "other"), [("midterm", "midtrem"), ("autumn final", "autum final")])
def test_a_mistyped_name_is_doubted_without_being_written_out(one, other):
    assert twins(county(halves(one, other))) == [("exam", 3, "")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("monthly 1", "monthly 2"),
        ("unit 1 test 2", "unit 2 test 1"),
        ("autumn-2024-midterm", "spring-2024-midterm"),
        ("第一次月考", "第二次月考"),
        ("exam 1", "test 1"),
        ("midterm", "final"),
        ("level a", "level b"),
    ],
)
def test_names_of_two_things_are_not_doubted(one, other):
    assert twins(county(halves(one, other))) == []


def test_names_of_which_most_pupils_have_both_are_two_things():
    marks = [(n, "maths", name) for n in range(8) for name in ("midterm", "midterm test")]
    subjects = [(n, name, "final") for n in range(8) for name in ("history", "hist")]

    assert twins(county(marks)) == []
    assert twins(county(subjects)) == []


def test_the_names_of_a_simulated_district_are_no_twins():
    from dropout_risk.simulate.district import simulate_tables

    tables = simulate_tables(60, 11, n_days=120)
    records = SchoolRecords.from_tables(**tables.tables, today=tables.last_day)

    assert twins(records) == []


def test_a_name_of_noise_alone_stays_what_it_is():
    assert stem_of("exam", "考试").words == ("考试",)
    assert stem_of("exam", "test 1") != stem_of("exam", "exam 1")


@pytest.mark.parametrize(
    "other",
    [
        "2024-2025学年第一学期期中考试",
        "八上期中",
        "24秋期中",
        "MT1",
        "期中B卷",
        "初二期中考试",
        "Midterm - SPED",
    ],
)
def test_an_exam_that_also_names_year_term_grade_level_or_paper_is_doubted(other):
    assert [found[:2] for found in twins(county(halves("期中", other)))] == [("exam", 3)]


def test_exams_whose_years_or_terms_or_grade_levels_differ_are_two_things():
    for one, other in (("八上期中", "八下期中"), ("2023秋期中", "2024秋期中"), ("七年级期末", "八年级期末")):
        assert twins(county(halves(one, other))) == []


@pytest.mark.parametrize(
    "other", ["期中补考", "期中（补考）", "期中缓考", "Midterm make-up", "Midterm (late)", "Mid-term Resit"]
)
def test_a_make_up_is_read_as_the_exam_that_it_makes_up_for(other):
    records = county(halves("期中", other))

    assert {*records.table("grades").column("exam").to_pylist()} == {"midterm"}
    assert twins(records) == []


def test_a_name_of_a_make_up_alone_stays_what_it_is():
    assert {*county(halves("期中", "补考")).table("grades").column("exam").to_pylist()} == {"midterm", "补考"}


@pytest.mark.parametrize(
    "name", ["八年级数学", "数学（人教版）", "数学A", "数学成绩", "Grade 8 Math", "数学思维", "Maths 1"]
)
def test_a_subject_that_holds_a_core_one_is_doubted_where_the_core_one_is_missing(name):
    marks = [(n, subject, "final") for n in range(8) for subject in (name, "语文", "英语")]

    assert [found[:2] for found in twins(county(marks))] == [("subject", 8)]
    assert twins(county([*marks, *((n, "数学", "final") for n in range(8))])) == []


def test_english_language_arts_is_doubted_beside_maths():
    marks = [(n, subject, "final") for n in range(8) for subject in ("Mathematics", "English Language Arts")]

    assert twins(county(marks)) == [("subject", 8, '[words.subject] "english language arts" = "english"')]
