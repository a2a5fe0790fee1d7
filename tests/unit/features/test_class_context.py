import datetime as dt
import json

import numpy as np
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.errors import RequestError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from support.agreement import same_bits
from support.districts import untidy_histories

AS_OF = dt.date(2025, 3, 3)
CATALOGUE = default_catalogue()
NEEDS_CLASS = [name for name, feature in CATALOGUE.items() if feature.measure.needs_class]


def histories():
    return untidy_histories()


def features(source, context=None):
    table = compute_features(source, AS_OF, CATALOGUE, context=context)
    return table, dict(zip(CATALOGUE, table.values.T, strict=True))


def one_class(marks, absent=(), **options):
    """A class in which each pupil has the given marks in one exam; None is no mark."""
    students = [
        {"student_id": f"p{place}", "school_id": "s", "class_id": "1", "grade_level": 8}
        for place in range(len(marks))
    ]
    attendance = [
        {
            "student_id": f"p{place}",
            "date": "2025-02-28",
            "status": "absent" if place in absent else "present",
        }
        for place in range(len(marks))
    ]
    grades = [
        {
            "student_id": f"p{place}",
            "date": "2025-02-27",
            "subject": "maths",
            "exam": "mock",
            "score": mark,
            "max_score": 100,
        }
        for place, mark in enumerate(marks)
        if mark is not None
    ]
    return SchoolRecords.from_tables(
        students=students, attendance=attendance, grades=grades or None, today="2025-12-31"
    )


def column(name, records, context=None):
    return features(Histories.from_records(records), context)[1][name].tolist()


def test_without_a_context_what_needs_class_mates_is_missing_and_nothing_else_changes():
    _, given = features(histories())
    _, empty = features(histories(), ClassContext.empty())

    assert all(np.isnan(empty[name]).all() for name in NEEDS_CLASS)
    assert all(same_bits(empty[name], given[name]) for name in CATALOGUE if name not in NEEDS_CLASS)


def test_a_context_written_as_rows_gives_the_same_bits_back():
    table, _ = features(histories())
    rows = json.loads(json.dumps(table.context.to_rows()))
    again, _ = features(histories(), ClassContext.from_rows(rows))

    assert same_bits(again.values, table.values)


def test_a_context_is_never_made_from_the_pupils_who_share_a_batch():
    table, _ = features(histories())
    few = histories().take([3, 50, 51, 120])
    again = compute_features(few, AS_OF, CATALOGUE, context=table.context)

    assert same_bits(again.values, table.values[[3, 50, 51, 120]])


def test_a_class_of_fewer_than_three_is_not_compared():
    assert np.isnan(column("absence_gap_to_class_20d", one_class([50, 60], absent=[0]))).all()
    assert np.isnan(column("class_z_last_200d", one_class([50, 60]))).all()
    assert np.isnan(column("missed_exams_60d", one_class([50, 60, None]))).all()


def test_from_three_on_a_class_is_compared():
    assert column("absence_gap_to_class_20d", one_class([1, 2, 3], absent=[0])) == pytest.approx(
        [2 / 3, -1 / 3, -1 / 3]
    )
    assert column("class_z_last_200d", one_class([40, 60, 50])) == pytest.approx([-(1.5**0.5), 1.5**0.5, 0])


def test_who_has_no_mark_missed_the_exam_that_the_class_sat():
    assert column("missed_exams_60d", one_class([40, 60, 50, None])) == [0, 0, 0, 1]


def test_equal_marks_say_nothing_of_standing_but_the_exam_was_sat():
    records = one_class([70, 70, 70, None])

    assert np.isnan(column("class_z_last_200d", records)).all()
    assert column("missed_exams_60d", records) == [0, 0, 0, 1]


def test_pupils_who_are_gone_are_no_class_mates():
    stays = one_class([40, 60, 50, 90])
    tables = {name: stays.table(name) for name in ("grades", "attendance")}
    students = stays.table("students").to_pylist()
    students[3]["left_on"] = dt.date(2025, 3, 1)
    frames = {
        name: [row | {"student_id": f"p{row['pupil']}"} for row in table.to_pylist()]
        for name, table in tables.items()
    }
    frames["attendance"] = [row | {"status": "present"} for row in frames["attendance"]]
    records = SchoolRecords.from_tables(students=students, **frames, today="2025-12-31")

    assert column("class_z_last_200d", records)[:3] == pytest.approx([-(1.5**0.5), 1.5**0.5, 0])


def test_a_pupil_without_a_class_has_no_class_mates():
    table, values = features(histories())
    no_class = np.array([name is None for name in table.snapshot.histories.students["class_id"].to_pylist()])

    assert no_class.any()
    assert all(np.isnan(values[name][no_class]).all() for name in NEEDS_CLASS)


@pytest.mark.parametrize("change", [{"mean": "high"}, {"mean": None}, {"n": "x"}, {"colour": "red"}])
def test_rows_of_another_form_are_refused(change):
    table, _ = features(histories())
    row = table.context.to_rows()[0] | change

    with pytest.raises(RequestError):
        ClassContext.from_rows([row])


def test_a_row_that_lacks_a_column_is_refused():
    with pytest.raises(RequestError):
        ClassContext.from_rows([{"school_id": "s"}])


def context_row(**changes):
    row = {"school_id": "s", "class_id": "1", "feature": "", "subject": "maths", "exam": "mock"}
    return row | {"date": "2025-02-27", "mean": 50.0, "sd": 8.0, "n": 30} | changes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("mean", value) for value in (10**400, "NaN", "inf", "50", True, None, float("nan"), float("inf"))),
        *(("sd", value) for value in (-1.0, "8", float("nan"))),
        *(("n", value) for value in (0, -3, 2.5, True, "30", 10**400)),
        *(("date", value) for value in ("1969-12-31", "0001-01-01", "yesterday", 20250227, "2025-02-27T10")),
        ("class_id", {"a": 1}),
    ],
)
def test_what_no_context_holds_is_refused_by_its_place(name, value):
    with pytest.raises(RequestError) as refused:
        ClassContext.from_rows([context_row(), context_row(**{name: value})])
    assert refused.value.field == f"class_context[1].{name}"


@pytest.mark.parametrize("sd", [0, 1e-300, 5e-324, 1e-10])
def test_a_spread_of_rounding_alone_counts_as_equal_marks(sd):
    records = one_class([40, 60, 50])
    assert np.isnan(column("class_z_last_200d", records, ClassContext.from_rows([context_row(sd=sd)]))).all()


def test_a_context_of_whole_numbers_is_read():
    records = one_class([40, 60, 50])
    given = ClassContext.from_rows([context_row(mean=0, sd=1, n=30.0)])
    assert column("class_z_last_200d", records, given) == [0.4, 0.6, 0.5]
