import datetime as dt

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.features import compute
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from support.agreement import disagreements, same_bits
from support.catalogues import every_measure, plain_marks_and_absences
from support.outcomes import answers, label_of
from support.plain import PlainDistrict
from support.tiny import dates, known_before, records_of, tables

CATALOGUE = every_measure(windows=(None, 20, "year"))
FUNCTIONS = {"tests: marks and absences": plain_marks_and_absences}
BEFORE, MONDAY = dt.date(2024, 6, 24), dt.date(2024, 7, 1)
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


LATE_MONDAY = {
    "students": [
        {"student_id": name, "school_id": school, "class_id": "1", "grade_level": 8}
        for name, school in (("p", "a"), ("q", "b"))
    ],
    "attendance": [
        {"student_id": "p", "date": MONDAY, "status": "present", "recorded_on": MONDAY + dt.timedelta(1)},
        {"student_id": "q", "date": BEFORE, "status": "present", "recorded_on": BEFORE},
    ],
    "attendance_totals": [],
    "grades": [],
    "wellbeing": [],
    "family": [],
    "discipline": [],
    "outcomes": [],
}


def features(found, as_of, **options):
    return compute_features(Histories.from_records(records_of(found, **options)), as_of, CATALOGUE)


@few
@given(tables(schools=("a", "b", None)), dates, st.booleans())
def test_every_measure_equals_a_plain_loop(found, as_of, with_calendar):
    records = records_of(found, with_calendar=with_calendar)

    assert disagreements(records, as_of, CATALOGUE, FUNCTIONS) == {}


@few
@example(LATE_MONDAY, MONDAY + dt.timedelta(1), False)
@given(tables(), dates, st.booleans())
def test_rows_dated_or_recorded_on_the_date_or_later_never_change_a_bit(found, as_of, with_calendar):
    now = features(found, as_of, with_calendar=with_calendar)
    without = features(known_before(found, as_of), as_of, with_calendar=with_calendar)

    assert same_bits(now.values, without.values)


@few
@given(tables(schools=("a", "b", None)), dates, st.integers(0, 9), st.booleans())
def test_the_order_of_rows_never_matters(found, as_of, seed, with_calendar):
    one = features(found, as_of, with_calendar=with_calendar)
    other = features(found, as_of, with_calendar=with_calendar, shuffled=seed)

    assert same_bits(one.values, other.values)
    assert one.context.to_rows() == other.context.to_rows()


@few
@given(tables(schools=("a", "b", None)), dates, st.data())
def test_a_pupil_gets_the_same_bits_alone_in_a_batch_in_any_order_and_block(found, as_of, data):
    histories = Histories.from_records(records_of(found))
    whole = compute_features(histories, as_of, CATALOGUE)
    some = data.draw(st.lists(st.integers(0, len(histories) - 1), min_size=1, max_size=9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute, "PUPILS_AT_ONCE", data.draw(st.integers(1, 4)))
        again = compute_features(histories.take(some), as_of, CATALOGUE, context=whole.context)

    assert same_bits(again.values, whole.values[some])


@few
@given(tables(schools=("a", "b", None)), dates)
def test_a_context_survives_being_written_as_rows(found, as_of):
    histories = Histories.from_records(records_of(found))
    whole = compute_features(histories, as_of, CATALOGUE)
    again = compute_features(
        histories, as_of, CATALOGUE, context=ClassContext.from_rows(whole.context.to_rows())
    )

    assert same_bits(again.values, whole.values)


@few
@given(tables(schools=("a", "b", None)), dates, st.integers(1, 40), st.booleans())
def test_cohort_and_labels_equal_a_plain_walk(found, as_of, horizon, with_calendar):
    records = records_of(found, with_calendar=with_calendar)
    district = PlainDistrict(records)
    expected = {
        (known.pupil["student_id"], as_of): label_of(
            known, district.days_of(known.pupil), district.observed_for(known.pupil), horizon
        )
        for known in district.on(as_of)
        if known.is_member
    }

    assert answers(Cohort.on(records, as_of).with_labels(records, horizon)) == expected


@few
@given(tables(), dates)
def test_values_lie_in_their_declared_range(found, as_of):
    catalogue = default_catalogue()
    histories = Histories.from_records(records_of(found))
    values = compute_features(histories, as_of, catalogue).values

    for name, column in zip(catalogue, values.T, strict=True):
        low, high = catalogue[name].valid_range
        there = column[~np.isnan(column)]
        assert ((low <= there) & (there <= high)).all(), name
