"""A class is school, grade level and class."""

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.errors import RequestError
from dropout_risk.evaluation.parts import teachers_of
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.compute import compute_features

NAMES = ["missed_exams_60d", "score_gap_to_class_year"]
DAY = "2024-12-02"


def records_of(levels, schools=None):
    """Pupils of class 1, five of each grade level, each grade level with an exam on a day of its own."""
    schools = schools or ["s"] * len(levels)
    students, grades = [], []
    for number, (level, school) in enumerate(zip(levels, schools, strict=True)):
        students.append({"student_id": number, "school_id": school, "class_id": "1", "grade_level": level})
        grades.append({
            "student_id": number, "date": f"2024-11-{10 + (level or 9):02d}", "subject": "maths",
            "exam": "midterm", "score": 5 * number, "max_score": 100,
        })  # fmt: skip
    return dr.SchoolRecords.from_tables(students=students, grades=grades, today=DAY)


def classes(records):
    return dr.Histories.from_records(records).classes.codes.tolist()


def features(records):
    return dr.build_features(records, dr.Cohort.on(records, DAY))[NAMES].to_numpy()


def test_class_1_of_two_grade_levels_is_two_classes():
    both = features(records_of([7] * 5 + [9] * 5))

    assert (both[:, 0] == 0).all()
    assert np.allclose(both[:5, 1], [-0.1, -0.05, 0, 0.05, 0.1])
    assert np.allclose(both[5:, 1], [-0.1, -0.05, 0, 0.05, 0.1])


@pytest.mark.parametrize(
    ("levels", "codes"),
    [
        ([9, None, 9], [0, 0, 0]),
        ([None, 9, None], [0, 0, 0]),
        ([7, 9, None], [0, 1, 2]),
        ([None, None, None], [0, 0, 0]),
    ],
)
def test_without_a_grade_level_a_pupil_is_in_the_class_of_that_name_if_there_is_one_only(levels, codes):
    assert classes(records_of(levels)) == codes


def test_a_grade_level_is_filled_in_at_the_own_school_only():
    assert classes(records_of([7, None, 9, None], ["a", "a", "b", "b"])) == [0, 0, 1, 1]


def context_of(records):
    catalogue = dr.default_catalogue()
    return compute_features(dr.Histories.from_records(records), DAY, catalogue).context


def gaps(records, context):
    histories = dr.Histories.from_records(records)
    table = compute_features(histories, DAY, dr.default_catalogue(), context=context)
    return table.values[:, dr.default_catalogue().names.index(NAMES[1])]


def test_a_class_context_tells_grade_levels_apart_and_comes_back_as_it_was_written():
    records = records_of([7] * 5 + [9] * 5)
    context = context_of(records)
    rows = context.to_rows()

    assert {row["grade_level"] for row in rows} == {7, 9}
    again = ClassContext.from_rows(rows)
    pd.testing.assert_frame_equal(again.table, context.table)
    assert np.array_equal(gaps(records, again), gaps(records, context))


def test_rows_of_a_context_without_grade_levels_are_of_the_class_of_that_name():
    records = records_of([7] * 5)
    rows = [
        {name: value for name, value in row.items() if name != "grade_level"}
        for row in context_of(records).to_rows()
    ]

    assert np.array_equal(gaps(records, ClassContext.from_rows(rows)), gaps(records, context_of(records)))


def test_a_pupil_alone_finds_its_class_in_a_context_also_without_a_grade_level():
    context = context_of(records_of([9] * 5))

    assert not np.isnan(gaps(records_of([None]), context)).any()
    assert np.isnan(gaps(records_of([None]), context_of(records_of([7] * 5 + [9] * 5)))).all()


@pytest.mark.parametrize("level", ["seven", 7.5, True])
def test_a_grade_level_of_a_context_is_a_whole_number(level):
    row = context_of(records_of([9] * 5)).to_rows()[0]

    with pytest.raises(RequestError) as refused:
        ClassContext.from_rows([row | {"grade_level": level}])
    assert refused.value.field == "class_context[0].grade_level"


def test_without_a_teacher_pupils_of_two_grade_levels_are_seen_by_two():
    histories = dr.Histories.from_records(records_of([7, 7, 9]))

    one, same, other = teachers_of(histories, np.arange(3))
    assert one == same != other
