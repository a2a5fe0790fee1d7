"""A request says what it means that nobody wrote anything down, and to which day its register was kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dropout_risk import Histories, SchoolRecords
from dropout_risk.scoring.request import histories_of_request, request_of, score_request

FIRST = dt.date(2024, 9, 2)
DAYS = [FIRST + dt.timedelta(days=7 * week + day) for week in range(10) for day in range(5)]
AS_OF = DAYS[-1] + dt.timedelta(days=1)
CALENDAR = pd.DataFrame({"date": DAYS, "is_school_day": True})
Body = dict[str, Any]


@pytest.fixture(scope="module")
def records() -> SchoolRecords:
    students = [
        {"student_id": f"p-{k}", "school_id": "s", "class_id": "a", "grade_level": 8} for k in range(6)
    ]
    absences = [
        {"student_id": f"p-{k}", "date": day, "status": "absent"}
        for k in range(6)
        for number, day in enumerate(DAYS)
        if (number + 3 * k) % 14 == 0
    ]
    return SchoolRecords.from_tables(
        students=students, attendance=absences, calendar=CALENDAR, today=AS_OF, unrecorded="present"
    )


def recorded(histories: Histories) -> list[list[bool]]:
    days: list[list[bool]] = histories.on(AS_OF).days("recorded").tolist()
    return days


def test_a_request_of_records_of_absences_tells_what_they_tell(records: SchoolRecords) -> None:
    body = request_of(records, ["p-4", "p-1"], AS_OF)
    whole = Histories.from_records(records)
    assert recorded(histories_of_request(body, CALENDAR)) == recorded(whole.take([4, 1]))


def test_the_convention_holds_for_all_pupils_or_for_one(records: SchoolRecords) -> None:
    body = request_of(records, ["p-4", "p-1"], AS_OF)
    for_all = body | {"unrecorded": "present", "students": [_without(pupil) for pupil in body["students"]]}
    assert recorded(histories_of_request(for_all, CALENDAR)) == recorded(histories_of_request(body, CALENDAR))
    first, second = body["students"]
    for_one = body | {"students": [first, _without(second)]}
    days = np.array(recorded(histories_of_request(for_one, CALENDAR)))
    assert days[0].sum() > 40
    assert days[1].sum() == len(second["attendance"])


def test_without_the_day_to_which_the_register_was_kept_it_ends_with_the_pupils_own_rows(
    records: SchoolRecords,
) -> None:
    body = request_of(records, ["p-1"], AS_OF)
    del body["students"][0]["registered_to"]
    last = max(row["date"] for row in body["students"][0]["attendance"])
    (days,) = recorded(histories_of_request(body, CALENDAR))
    assert sum(days) == sum(day.isoformat() <= last for day in DAYS)


def test_a_register_kept_beyond_the_date_is_kept_to_the_day_before(records: SchoolRecords) -> None:
    body = request_of(records, ["p-1"], AS_OF)
    body["students"][0]["registered_to"] = "2025-01-01"
    (days,) = recorded(histories_of_request(body, CALENDAR))
    assert all(days)


def test_without_school_days_or_with_sessions_the_pupil_is_refused_and_the_others_scored(
    records: SchoolRecords, risk_model: Any
) -> None:
    body = request_of(records, ["p-4", "p-1"], AS_OF)
    reply = score_request(risk_model, body).to_dict()
    assert [(error["code"], error["field"]) for error in reply["errors"]] == [("DR171", "unrecorded")] * 2
    body["students"][0]["attendance"][0]["session"] = "1"
    reply = score_request(risk_model, body, calendar=CALENDAR).to_dict()
    assert [error["code"] for error in reply["errors"]] == ["DR172"]
    assert [pupil["student_id"] for pupil in reply["results"]] == ["p-1"]


def test_rows_of_the_whole_day_are_rows_of_days(records: SchoolRecords, risk_model: Any) -> None:
    body = request_of(records, ["p-4"], AS_OF)
    for row in body["students"][0]["attendance"]:
        row["session"] = "全天"
    assert not score_request(risk_model, body, calendar=CALENDAR).to_dict()["errors"]


def test_a_few_absences_and_no_other_row_are_refused_until_somebody_says_what_they_are(
    records: SchoolRecords, risk_model: Any
) -> None:
    body = request_of(records, ["p-4", "p-1"], AS_OF, "en")
    body["students"][1] = _without(body["students"][1])
    reply = score_request(risk_model, body, calendar=CALENDAR).to_dict()
    assert [pupil["student_id"] for pupil in reply["results"]] == ["p-4"]
    assert [(error["index"], error["code"]) for error in reply["errors"]] == [(1, "DR170")]
    assert 'unrecorded = "present"' in reply["errors"][0]["hint"]

    for row in body["students"][1]["attendance"]:
        row["status"] = "病假"
    assert [error.index for error in score_request(risk_model, body, calendar=CALENDAR).errors] == [1]
    body["students"][1]["unrecorded"] = "unknown"
    assert score_request(risk_model, body, calendar=CALENDAR).errors == ()


@pytest.mark.parametrize("every", [2, 3])
def test_rows_of_every_few_days_are_no_days_running(
    records: SchoolRecords, risk_model: Any, every: int
) -> None:
    body = request_of(records, ["p-4"], AS_OF, "en")
    days = DAYS[-18 * every :: every][:18]
    rows = [{"date": day.isoformat(), "status": "absent" if k else "late"} for k, day in enumerate(days)]
    pupil = _without(body["students"][0]) | {"attendance": rows}
    [result] = score_request(risk_model, body | {"students": [pupil]}).to_dict()["results"]
    texts = [alert["text"] for alert in result["alerts"]]
    assert texts
    assert not [text for text in texts if "running" in text]
    assert [warning for warning in result["warnings"] if "Many weekdays have no row" in warning]


def test_absences_on_most_days_are_absences(records: SchoolRecords, risk_model: Any) -> None:
    body = request_of(records, ["p-1"], AS_OF, "en")
    body["students"] = [_without(body["students"][0])]
    body["students"][0]["attendance"] = [{"date": day.isoformat(), "status": "absent"} for day in DAYS[-20:]]
    assert score_request(risk_model, body).errors == ()


def test_a_pupil_without_rows_on_days_that_the_register_covers_is_silent(
    records: SchoolRecords, risk_model: Any
) -> None:
    body = request_of(records, ["p-1"], AS_OF, "en")
    body["students"][0]["unrecorded"] = "unknown"
    (pupil,) = score_request(risk_model, body, calendar=CALENDAR).to_dict()["results"]
    alert = next(item for item in pupil["alerts"] if item["rule"] == "register_silent")
    last = max(row["date"] for row in body["students"][0]["attendance"])
    covered = body["students"][0]["registered_to"]
    assert alert["days"] == sum(last < day.isoformat() <= covered for day in DAYS)


def _without(pupil: Body) -> Body:
    return {name: value for name, value in pupil.items() if name != "unrecorded"}
