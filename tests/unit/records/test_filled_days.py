"""Presence on days without school: what only a system writes is doubted, what somebody wrote is not."""

import datetime as dt

import pytest

from dropout_risk.records.school_records import SchoolRecords

HOLIDAYS = [dt.date(2024, 9, 16), dt.date(2024, 9, 17), *(dt.date(2024, 10, day) for day in (1, 2, 3, 4, 7))]
DAYS = [dt.date(2024, 9, 2) + dt.timedelta(days=n) for n in range(60)]


def county(*, held, away_on=lambda day: True, schools=("s",), filled=("s",), calendar=None, **row):
    """Registers of 30 pupils a school; a few are away on each day on which anybody is."""
    pupils, attendance = [], []
    for school in schools:
        own = [
            day
            for day in DAYS
            if held(day) and (school in filled or (day.weekday() < 5 and day not in HOLIDAYS))
        ]
        for n in range(30):
            pupil = f"{school}{n}"
            pupils.append({"student_id": pupil, "school_id": school, "class_id": "c", "grade_level": 7})
            attendance += [
                {"student_id": pupil, "date": day}
                | {"status": "absent" if away_on(day) and (7 * n + day.toordinal()) % 19 == 0 else "present"}
                | {name: give(day) for name, give in row.items()}
                for day in own
            ]
    return SchoolRecords.from_tables(
        students=pupils, attendance=attendance, calendar=calendar, today="2024-12-31"
    )


def doubts(records):
    return [p.detail.en for p in records.check().problems if p.rule.name == "filled_days"]


def on_weekdays(day):
    return day.weekday() < 5


def is_real(day):
    return day.weekday() < 5 and day not in HOLIDAYS


def test_presence_filled_in_on_public_holidays_is_doubted():
    assert doubts(county(held=on_weekdays, away_on=is_real)) == ["public holidays of China"]


def test_presence_filled_in_on_all_days_names_weekends_and_holidays():
    assert doubts(county(held=lambda _: True, away_on=is_real)) == ["weekends and public holidays of China"]


def test_presence_filled_in_on_weekends_alone_is_doubted():
    held = county(held=lambda day: day not in HOLIDAYS, away_on=is_real)

    assert doubts(held) == ["weekends"]


def test_lessons_on_holidays_of_another_country_are_days_at_school():
    assert doubts(county(held=on_weekdays)) == []


def test_a_school_that_fills_in_is_doubted_beside_one_that_has_lessons_on_those_days():
    both = county(held=on_weekdays, away_on=is_real, schools=("s", "t"))
    lessons = county(held=on_weekdays, schools=("s", "t"))

    assert doubts(both) == ["public holidays of China"]
    assert doubts(lessons) == []


def test_a_school_that_fills_in_is_doubted_beside_one_that_closes():
    found = county(held=on_weekdays, away_on=is_real, schools=("s", "t"), filled=("t",))

    assert doubts(found) == ["public holidays of China"]


def test_rows_recorded_a_day_late_are_looked_at_too():
    late = county(held=lambda _: True, away_on=is_real, recorded_on=lambda day: day + dt.timedelta(days=1))

    assert doubts(late) == ["weekends and public holidays of China"]


@pytest.mark.parametrize("opens", [True, False])
def test_a_calendar_that_opens_holidays_does_not_make_filled_days_lessons(opens):
    calendar = [{"date": day, "is_school_day": is_real(day) or (opens and on_weekdays(day))} for day in DAYS]

    found = county(held=on_weekdays, away_on=is_real, calendar=calendar)

    assert doubts(found) == (["public holidays of China"] if opens else [])


def test_a_register_in_which_nobody_is_ever_away_says_nothing_of_holidays():
    assert doubts(county(held=on_weekdays, away_on=lambda _: False)) == []
