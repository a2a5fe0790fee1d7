import datetime as dt

import pytest

from dropout_risk.catalogue import measures as m
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from support.catalogues import declare

MONDAY = dt.date(2025, 3, 3)
PUPILS = [
    {"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} for name in ("a", "b", "c", "d")
]


def day(number):
    return MONDAY + dt.timedelta(number)


def value(measure, as_of, window=None, **tables):
    """The first pupil's value; a class-mate is at school from Monday to Friday for two weeks."""
    days = [day(number) for number in range(14) if number % 7 < 5]
    register = [{"student_id": "d", "date": date, "status": "present"} for date in days]
    tables = {"attendance": register} | tables
    records = SchoolRecords.from_tables(students=PUPILS, **tables, today="2026-12-31")
    catalogue = FeatureCatalogue([declare("edge", measure, window)])
    return compute_features(Histories.from_records(records), as_of, catalogue).values[0, 0]


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [(day(4), None, 1), (day(0), day(4), 1), (day(0), day(3), 0)],
    ids=["begins on the day", "ends on the day", "ended the day before"],
)
def test_a_family_factor_holds_from_its_first_to_its_last_day(first, last, holds):
    row = {"student_id": "a", "factor": "low_income", "valid_from": first, "valid_to": last}
    rows = [row | {"recorded_on": day(-3)}]

    assert value(m.FactorHolds(factors=("low_income",)), day(4), family=rows) == holds


def exam(on):
    return [
        {"student_id": name, "date": on, "subject": "maths", "exam": "mock", "score": score, "max_score": 100}
        for name, score in (("b", 40), ("c", 50), ("d", 60))
    ]


@pytest.mark.parametrize(
    ("on", "missed"), [(day(4), 0), (day(5), 1), (day(6), 1), (day(7), 1)], ids=["Fri", "Sat", "Sun", "Mon"]
)
def test_an_exam_on_a_free_day_belongs_to_the_next_school_day(on, missed):
    assert value(m.MissedExams(), day(12), 5, grades=exam(on)) == missed


@pytest.mark.parametrize(("end", "share"), [("2025-07-31", 1 / 5), ("2025-08-31", 11 / 25)])
def test_totals_that_end_in_the_summer_holidays_stay_in_their_school_year(end, share):
    total = {"student_id": "a", "days_enrolled": 20, "days_absent": 10}
    week = {"period_start": "2025-09-01", "period_end": "2025-09-05", "days_enrolled": 5, "days_absent": 1}
    rows = [total | {"period_start": "2025-07-01", "period_end": end}, total | week]

    assert value(m.Share(of="absent", totals=True), "2025-09-08", "year", attendance_totals=rows) == share


@pytest.mark.parametrize(
    ("kind", "share"), [("absent", 0.5), ("unexcused", 0.3), ("late", 0.1), ("present", 0.5)]
)
def test_totals_tell_every_kind_they_hold(kind, share):
    row = {"student_id": "a", "period_start": day(-24), "period_end": day(4), "days_enrolled": 20}
    rows = [row | {"days_absent": 10, "days_excused": 4, "days_late": 2}]

    assert value(m.Share(of=kind, totals=True), day(7), attendance_totals=rows) == share


def test_at_the_week_end_a_school_without_known_days_counts_friday_as_the_last_one():
    test = {"student_id": "a", "date": day(3), "instrument": "MHT", "scale": "total", "score": 9}

    assert value(m.TestAge(), day(5), attendance=None, wellbeing=[test]) == 1
    assert value(m.TestAge(), day(7), attendance=None, wellbeing=[test]) == 1
