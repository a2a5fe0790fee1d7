"""The calendar of a visitor: what leaves the system says how many homes, and nothing of anybody."""

import datetime as dt

import icalendar
import pytest

from dropout_risk.casebook.visiting.visit_calendar import calendar_of_week
from dropout_risk.casebook.visiting.visit_week import plan_week
from dropout_risk.casebook.visiting.visits import Hours, Stop, Visitor, VisitSettings
from dropout_risk.errors import VisitError

DAYS = [dt.date(2025, 5, 19), dt.date(2025, 5, 20)]
MONDAY_NOON, TUESDAY_NOON = (dt.datetime(2025, 5, day, 12, tzinfo=dt.UTC) for day in (19, 20))


def plan_of(n):
    stops = [Stop(f"case-{k}", f"pupil-{k}", "Yangjiawan", minutes=30) for k in range(n)]
    hours = (Hours(DAYS[0], dt.time(14), dt.time(18)),)
    return plan_week(stops, [Visitor("t-1", hours, village="Yangjiawan")], DAYS)


def events_of(raw):
    return {event.decoded("dtstart"): event for event in icalendar.Calendar.from_ical(raw).walk("VEVENT")}


def test_no_pupil_case_or_village_leaves_the_system():
    for language in ("zh", "en"):
        raw = calendar_of_week(plan_of(3), "t-1", written=MONDAY_NOON, language=language).decode()

        assert not [word for word in ("case", "pupil", "Yang", "t-1") if word in raw]


def test_an_event_says_how_many_homes_and_the_number_of_the_sheet_in_the_schools_own_time():
    plan = plan_of(3)
    events = events_of(calendar_of_week(plan, "t-1", written=MONDAY_NOON))
    start, event = next((start, event) for start, event in events.items() if isinstance(start, dt.datetime))

    assert (event["summary"], event["description"]) == ("家访 3 户", f"编号 {plan.routes[0].reference}")
    assert (start.hour, start.utcoffset(), start.tzinfo.key) == (14, dt.timedelta(hours=8), "Asia/Shanghai")
    assert event.decoded("dtend").time() == plan.routes[0].back


def test_a_later_calendar_takes_the_same_events_and_comes_after():
    former, later = (
        calendar_of_week(plan_of(n), "t-1", written=written)
        for n, written in ((3, MONDAY_NOON), (2, TUESDAY_NOON))
    )
    before, after = ([*icalendar.Calendar.from_ical(raw).walk("VEVENT")] for raw in (former, later))

    assert [event["uid"] for event in before] == [event["uid"] for event in after]
    assert len({event["uid"] for event in before}) == 2
    assert all(one["sequence"] < two["sequence"] for one, two in zip(before, after, strict=True))


def test_a_day_that_lost_its_visits_is_cancelled():
    events = events_of(calendar_of_week(plan_of(0), "t-1", written=MONDAY_NOON))

    assert [(day, event["status"]) for day, event in events.items()] == [(day, "CANCELLED") for day in DAYS]


def test_the_same_plan_gives_the_same_bytes_and_another_zone_another_offset():
    written = {"written": MONDAY_NOON}
    urumqi = calendar_of_week(plan_of(1), "t-1", **written, settings=VisitSettings(timezone="Asia/Urumqi"))

    assert calendar_of_week(plan_of(1), "t-1", **written) == calendar_of_week(plan_of(1), "t-1", **written)
    assert b"TZID=Asia/Urumqi" in urumqi
    assert b"BEGIN:VTIMEZONE" in urumqi


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(VisitError, match="time zone"):
        calendar_of_week(plan_of(1), "t-1", written=dt.datetime(2025, 5, 19))
