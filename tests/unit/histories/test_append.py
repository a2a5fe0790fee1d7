import datetime as dt

import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.errors import RecordsError
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.school_records import SchoolRecords
from support.agreement import same_bits, same_histories
from support.districts import tidy_tables, untidy_tables

DATES = {"attendance_totals": "period_end", "family": "valid_from"}


def frames():
    """Untidy tables whose days have one session and whose family periods do not overlap."""
    found, last_day = untidy_tables()
    attendance = found["attendance"]
    found = found | {
        "attendance": attendance[attendance["session"].isna()],
        "family": tidy_tables()[0]["family"].drop_duplicates(["student_id", "factor"]),
    }
    return {name: frame[_arrived(name, frame) <= last_day] for name, frame in found.items()}, last_day


def _arrived(table, frame):
    """The day on which each row arrives; master data and the calendar are there from the start."""
    if table in ("students", "calendar"):
        return pd.Series(dt.date(1990, 1, 1), index=frame.index)
    day = frame[DATES.get(table, "date")]
    return day if table == "outcomes" else np.maximum(day, frame["recorded_on"])


def batch(found, last_day, after=dt.date(1980, 1, 1), until=dt.date(2100, 1, 1)):
    """What arrived in a stretch of days; students and the calendar come with every batch."""
    rows = {}
    for name, frame in found.items():
        arrived = _arrived(name, frame)
        whole = name in ("students", "calendar")
        rows[name] = frame if whole else frame[(arrived > after) & (arrived <= until)]
    rows["calendar"] = rows["calendar"][rows["calendar"]["date"] <= until]
    return SchoolRecords.from_tables(
        **{name: part for name, part in rows.items() if len(part)}, today=last_day
    )


def features(histories, as_of):
    return compute_features(histories, as_of, default_catalogue()).values


@pytest.mark.parametrize("seed", [0, 1])
def test_histories_that_grew_by_days_equal_those_built_at_once(seed):
    found, last_day = frames()
    days = sorted(set(found["attendance"]["date"]))
    cuts = sorted(np.random.default_rng(seed).choice(days, 2, replace=False))
    stretches = zip([dt.date(1980, 1, 1), *cuts], [*cuts, dt.date(2100, 1, 1)], strict=True)
    parts = [batch(found, last_day, after, until) for after, until in stretches]

    grown = Histories.from_records(parts[0])
    for part in parts[1:]:
        grown = grown.append(part)

    at_once = Histories.from_records(batch(found, last_day))
    assert same_histories(grown, at_once) == []
    assert all(
        same_bits(features(grown, day), features(at_once, day)) for day in ("2025-01-13", "2025-09-02")
    )


def test_appending_the_same_records_again_changes_nothing():
    found, last_day = frames()
    cut = dt.date(2025, 3, 3)
    first, second = batch(found, last_day, until=cut), batch(found, last_day, after=cut)
    grown = Histories.from_records(first).append(second)

    assert same_histories(grown.append(second), grown) == []
    assert same_histories(grown.append(first), grown) == []


def test_what_was_known_before_a_date_is_not_changed_by_what_arrives_later():
    found, last_day = frames()
    cut = dt.date(2025, 3, 3)
    before = Histories.from_records(batch(found, last_day, until=cut - dt.timedelta(1)))
    after = before.append(batch(found, last_day, after=cut - dt.timedelta(1)))

    assert same_bits(features(before, cut), features(after, cut))


STUDENT = {"student_id": "a", "school_id": "s", "class_id": "1", "grade_level": 8}
MATE = STUDENT | {"student_id": "mate"}
REGISTER = [{"student_id": "mate", "date": f"2025-03-0{day}", "status": "present"} for day in range(3, 8)]


def small(students=(STUDENT, MATE), **tables):
    tables = {"attendance": REGISTER} | tables
    return SchoolRecords.from_tables(students=list(students), **tables, today="2025-12-31")


def known(histories, table, column, as_of):
    rows = getattr(histories.on(as_of), table)
    return getattr(rows, "rows", rows)[column].tolist()


def test_a_corrected_mark_replaces_its_forerunner_from_the_day_it_became_known():
    mark = {
        "student_id": "a",
        "date": "2025-03-03",
        "subject": "maths",
        "exam": "e",
        "score": 40,
        "max_score": 100,
    }
    grown = Histories.from_records(small(grades=[mark])).append(
        small(grades=[mark | {"score": 80, "recorded_on": "2025-03-06"}])
    )

    assert known(grown, "grades", "percent", "2025-03-06") == [0.4]
    assert known(grown, "grades", "percent", "2025-03-07") == [0.8]


def test_a_row_known_on_the_same_day_takes_the_place_of_its_forerunner_altogether():
    mark = {
        "student_id": "a",
        "date": "2025-03-03",
        "subject": "maths",
        "exam": "e",
        "score": 40,
        "max_score": 100,
    }
    grown = Histories.from_records(small(grades=[mark])).append(small(grades=[mark | {"score": 80}]))

    assert known(grown, "grades", "percent", "2025-03-04") == [0.8]
    assert len(grown.grades.columns["percent"]) == 1


@pytest.mark.parametrize("at_once", [True, False])
def test_a_family_row_is_corrected_whatever_its_value(at_once):
    row = {"student_id": "a", "factor": "left_behind", "value": "both_parents", "valid_from": "2025-03-01"}
    corrected = row | {"value": "one_parent", "recorded_on": "2025-03-06"}
    if at_once:
        source = Histories.from_records(small(family=[row, corrected]))
    else:
        source = Histories.from_records(small(family=[row])).append(small(family=[corrected]))
    words = source.words["value"]

    assert [words[code] for code in known(source, "family", "value", "2025-03-06")] == ["both_parents"]
    assert [words[code] for code in known(source, "family", "value", "2025-03-07")] == ["one_parent"]


def test_outcomes_of_one_day_are_all_kept_in_whatever_batch_they_arrive():
    event = {"student_id": "a", "date": "2025-03-05", "event": "dropout"}
    back = event | {"event": "returned"}
    grown = Histories.from_records(small(outcomes=[event])).append(small(outcomes=[back]))
    at_once = Histories.from_records(small(outcomes=[back, event]))

    for found in (grown, at_once, at_once.append(small(outcomes=[event]))):
        assert [found.words["event"][code] for code in found.outcomes.columns["event"]] == [
            "dropout",
            "returned",
        ]


def test_a_corrected_day_of_attendance_holds_from_the_day_it_became_known():
    row = {"student_id": "a", "date": "2025-03-04", "status": "absent"}
    corrected = row | {"status": "present", "recorded_on": "2025-03-06"}
    grown = Histories.from_records(small(attendance=[*REGISTER, row])).append(small(attendance=[corrected]))

    assert grown.on("2025-03-06").days("absent")[0].sum() == 1
    assert grown.on("2025-03-07").days("absent")[0].sum() == 0


def test_a_day_that_arrives_again_takes_the_place_of_the_former_one():
    row = {"student_id": "a", "date": "2025-03-04", "status": "absent"}
    grown = Histories.from_records(small(attendance=[*REGISTER, row])).append(
        small(attendance=[row | {"status": "present"}])
    )

    assert grown.on("2025-03-05").days("present")[0].sum() == 1
    assert grown.on("2025-03-05").days("absent")[0].sum() == 0


def test_pupils_schools_and_master_data_that_arrive_are_taken_over():
    moved = STUDENT | {"class_id": "2", "left_on": "2025-03-07"}
    newcomer = STUDENT | {"student_id": "b", "school_id": "t"}
    rows = [{"student_id": "b", "date": "2025-03-10", "status": "absent"}]
    grown = Histories.from_records(small()).append(small([moved, newcomer], attendance=rows))

    assert grown.student_ids == ["a", "b", "mate"]
    assert grown.students["class_id"].to_pylist() == ["2", "1", "1"]
    assert grown.on("2025-03-11").days("absent")[:, -1].tolist() == [False, True, False]
    assert grown.on("2025-03-11").days("recorded")[2].sum() == 5


def lessons(statuses, **columns):
    return [
        {"student_id": "a", "date": "2025-03-04", "session": str(place), "status": status} | columns
        for place, status in statuses.items()
    ]


FOUR = lessons(dict.fromkeys(range(1, 5), "present"))


@pytest.mark.parametrize("recorded_on", ["2025-03-04", "2025-03-06"])
def test_a_part_of_a_days_sessions_cannot_correct_the_day(recorded_on, tmp_path):
    before = Histories.from_records(small(attendance=[*REGISTER, *FOUR]))
    part = small(attendance=lessons({2: "absent"}, recorded_on=recorded_on))

    for kept in (before, before.take([0]), Histories.load(before.save(tmp_path)), before.append(small())):
        with pytest.raises(RecordsError, match=r"1 known day.*several sessions") as error:
            kept.append(part)
        assert "all rows" in error.value.hint


def test_all_of_a_days_sessions_may_arrive_again_with_their_corrections():
    whole = small(attendance=[*FOUR, *lessons({1: "absent", 2: "absent"}, recorded_on="2025-03-06")])
    grown = Histories.from_records(small(attendance=[*REGISTER, *FOUR])).append(whole)
    at_once = Histories.from_records(
        small(attendance=[*REGISTER, *FOUR, *lessons({1: "absent", 2: "absent"}, recorded_on="2025-03-06")])
    )

    assert same_histories(grown, at_once) == []
    assert grown.on("2025-03-07").days("absent")[0].sum() == 1
    assert same_histories(grown.append(whole), grown) == []


def test_sessions_of_a_day_that_became_known_apart_cannot_be_corrected_apart():
    halves = lessons({1: "present"}) + lessons({2: "present"}, recorded_on="2025-03-06")
    late = lessons({1: "absent"}, recorded_on="2025-03-10") + lessons({2: "absent"}, recorded_on="2025-03-11")

    with pytest.raises(RecordsError, match="1 known day"):
        Histories.from_records(small(attendance=[*REGISTER, *halves])).append(small(attendance=late))


def test_pupils_set_apart_are_named_until_a_row_of_theirs_can_be_used(tmp_path):
    broken = [
        STUDENT | {"student_id": name, "enrolled_on": "2025-03-01", "left_on": "2025-02-01"} for name in "cb"
    ]
    before = Histories.from_records(small([STUDENT, MATE, *broken]))
    mended = small([STUDENT | {"student_id": "c"}, broken[1] | {"student_id": "d"}], attendance=[])

    assert before.set_apart == ("b", "c")
    assert before.append(small()).take([0]).set_apart == ("b", "c")
    assert Histories.load(before.save(tmp_path)).append(mended).set_apart == ("b", "d")


def test_each_school_is_observed_to_its_own_last_day_of_attendance():
    newcomer = STUDENT | {"student_id": "b", "school_id": "r"}
    rows = [{"student_id": "b", "date": "2025-03-05", "status": "absent"}]
    grown = Histories.from_records(small()).append(small([newcomer], attendance=rows))

    assert grown.calendar.schools == ("r", "s")
    assert [str(date_of(day)) for day in grown.observed_to] == ["2025-03-05", "2025-03-07"]
    assert grown.take([0]).observed_to.tolist() == grown.observed_to.tolist()


def test_rows_that_arrive_for_days_long_past_keep_the_days_apart():
    early = [{"student_id": "a", "date": "2025-02-24", "status": "absent"}]
    grown = Histories.from_records(small()).append(small(attendance=early))
    at_once = Histories.from_records(small(attendance=[*REGISTER, *early]))

    assert same_histories(grown, at_once) == []


def test_a_pupil_who_changed_to_a_school_with_another_calendar_is_refused_and_not_misplaced():
    def one_day(school, day):
        student = {"student_id": ["p"], "school_id": [school], "class_id": ["c"], "grade_level": [8]}
        attendance = {"student_id": ["p"], "date": [day], "status": ["absent"]}
        records = SchoolRecords.from_tables(
            students=pd.DataFrame(student), attendance=pd.DataFrame(attendance)
        )
        return Histories.from_records(records), records

    before, _ = one_day("a", "2025-03-03")
    _, after = one_day("b", "2025-03-04")

    with pytest.raises(RecordsError, match="1 recorded day"):
        before.append(after)
