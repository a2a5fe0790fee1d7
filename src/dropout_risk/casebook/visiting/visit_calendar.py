"""A visitor's days as a calendar (.ics) that may leave the system: how many homes, a number, and no pupil."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from dropout_risk.casebook.visiting.visits import DayRoute, VisitPlan, VisitSettings, visit_digest
from dropout_risk.errors import MissingExtraError, VisitError
from dropout_risk.text import Language, Text

SUMMARY = Text(zh="家访 {n} 户", en="Home visits: {n}")
NUMBER = Text(zh="编号 {number}", en="Number {number}")
CANCELLED = Text(zh="家访取消", en="Home visits cancelled")


def calendar_of_week(
    plan: VisitPlan,
    person: str,
    *,
    written: dt.datetime,
    language: Language = "zh",
    settings: VisitSettings | None = None,
) -> bytes:
    """Write the days of a person as a calendar; a day without visits takes back what an older one said.

    Each day has one event, with a UID that stays; what was ``written`` later replaces what was earlier. That
    time has a zone, or it is a VisitError; MissingExtraError if icalendar is not installed.
    """
    try:
        import icalendar
    except ImportError as error:
        raise MissingExtraError(
            "icalendar is not installed.", hint='pip install "dropout-risk[desk]"'
        ) from error
    if written.tzinfo is None:
        raise VisitError(
            "The time of a calendar has no time zone.", hint="such as datetime.now(timezone.utc)"
        )
    zone = ZoneInfo((settings or VisitSettings()).timezone)
    calendar, routes = icalendar.Calendar(), {route.day: route for route in plan.routes_of(person)}
    for name, value in (("prodid", "-//dropout-risk//visits//ZH"), ("version", "2.0"), ("method", "PUBLISH")):
        calendar.add(name, value)
    for day in plan.days:
        event = icalendar.Event()
        event.add("uid", f"{visit_digest(person, day)[:32]}@dropout-risk")
        event.add("dtstamp", written.astimezone(dt.UTC))
        event.add("sequence", int(written.timestamp()) // 60)
        for field, said in _event_fields(day, routes.get(day), zone, language).items():
            event.add(field, said)
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event_fields(
    day: dt.date, route: DayRoute | None, zone: ZoneInfo, language: Language
) -> dict[str, object]:
    if route is None:
        return {
            "dtstart": day,
            "summary": CANCELLED.to(language),
            "status": "CANCELLED",
            "transp": "TRANSPARENT",
        }
    return {
        "dtstart": dt.datetime.combine(day, route.set_out, zone),
        "dtend": dt.datetime.combine(day, route.back.replace(microsecond=0), zone),
        "summary": SUMMARY.fill(language, n=len(route.visits)),
        "description": NUMBER.fill(language, number=route.reference),
        "status": "CONFIRMED",
        "class": "PRIVATE",
    }
