import datetime as dt
import tempfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_risk.histories.histories import Histories
from support.agreement import same_histories
from support.plain import PlainDistrict
from support.tiny import DATES, dates, records_of, tables

KINDS = ("recorded", "present", "absent", "unexcused", "late", "suspended")
few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def built(found, **options):
    return Histories.from_records(records_of(found, **options))


@few
@given(tables(schools=("a", "b", None)), dates, st.booleans())
def test_every_known_day_is_what_a_plain_loop_says(found, as_of, with_calendar):
    records = records_of(found, with_calendar=with_calendar)
    known = Histories.from_records(records).on(as_of)
    days = {kind: known.days(kind) for kind in KINDS}

    for row, pupil in enumerate(PlainDistrict(records).on(as_of)):
        expected = {
            (known.n_days - pupil.end + pupil.index(day), kind) for day, kinds in pupil.days for kind in kinds
        }
        assert {(int(column), kind) for kind in KINDS for column in days[kind][row].nonzero()[0]} == expected


@few
@given(tables(schools=("a", "b", None)), st.integers(0, 9))
def test_the_order_of_rows_leaves_no_trace(found, seed):
    assert same_histories(built(found), built(found, shuffled=seed)) == []


@few
@given(tables(schools=("a", "b", None)))
def test_what_is_saved_is_what_is_loaded(found):
    histories = built(found)
    with tempfile.TemporaryDirectory() as folder:
        loaded = Histories.load(histories.save(folder))

    assert same_histories(loaded, histories) == []


def single_sessions(found):
    """Without what cannot arrive apart: sessions of a day, overlapping periods, contradicting rows."""
    attendance = [row | {"session": None} for row in found["attendance"]]
    return found | {"attendance": attendance, "family": []}


def arrived(table, row):
    day = row[DATES.get(table, "date")]
    return day if table == "outcomes" else max(day, row["recorded_on"])


def until(found, cut, later=False):
    kept = {
        name: [row for row in rows if (arrived(name, row) > cut) == later]
        for name, rows in found.items()
        if name != "students"
    }
    return {"students": found["students"]} | kept


@few
@given(tables(), dates.filter(lambda day: day > dt.date(2024, 6, 24)))
def test_what_arrives_in_two_parts_equals_what_is_built_at_once(found, cut):
    found = single_sessions(found)
    grown = built(until(found, cut)).append(records_of(until(found, cut, later=True)))

    assert same_histories(grown, built(found)) == []


@few
@given(tables(), dates)
def test_appending_twice_changes_nothing(found, cut):
    found = single_sessions(found)
    second = records_of(until(found, cut, later=True))
    grown = built(until(found, cut)).append(second)

    assert same_histories(grown.append(second), grown) == []
