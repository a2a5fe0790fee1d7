"""Silence is told as what it is: of a pupil, of a class, of a school; and a default roll is a question."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.register_facts import RegisterFacts
from dropout_risk.alerts.rules import alerts_on
from dropout_risk.alerts.silence import RegisterQuestion, register_questions, register_warnings
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import AlertSettings, RegisterSettings

FIRST = dt.date(2024, 9, 2)
DAYS = [FIRST + dt.timedelta(days=7 * week + day) for week in range(6) for day in range(5)]
TODAY = DAYS[-1] + dt.timedelta(days=1)
Rows = list[dict[str, Any]]


class School:
    """A school whose register can be written over."""

    def __init__(self, classes: dict[str, int]) -> None:
        self.pupils: Rows = [
            {"student_id": f"{name}-{k}", "school_id": "s", "class_id": name, "grade_level": 8}
            for name, size in classes.items()
            for k in range(size)
        ]
        self.status: dict[tuple[str, dt.date], str | None] = {
            (pupil["student_id"], day): "present" for pupil in self.pupils for day in DAYS
        }

    def write(self, status: str | None, days: list[dt.date], *pupils: str) -> School:
        for pupil in self.pupils:
            if pupil["student_id"] in pupils or pupil["class_id"] in pupils:
                self.status |= dict.fromkeys([(pupil["student_id"], day) for day in days], status)
        return self

    def histories(self, *, listed: bool = True) -> Histories:
        attendance = [
            {"student_id": pupil, "date": day, "status": status}
            for (pupil, day), status in self.status.items()
            if status is not None
        ]
        calendar = [{"date": day, "is_school_day": True} for day in DAYS] if listed else None
        return Histories.from_records(
            SchoolRecords.from_tables(
                students=self.pupils, attendance=attendance, calendar=calendar, today=dt.date(2025, 6, 1)
            )
        )

    def alerts(self, today: dt.date = TODAY) -> dict[str, list[Alert]]:
        snapshot = self.histories().on(today)
        facts = RegisterFacts.of(snapshot, RegisterSettings())
        found = alerts_on(snapshot, AlertSettings(), default_instruments(), "en", facts=facts)
        return {student: list(own) for student, own in zip(self.histories().student_ids, found, strict=True)}

    def questions(self, today: dt.date = TODAY, *, listed: bool = True) -> tuple[RegisterQuestion, ...]:
        snapshot = self.histories(listed=listed).on(today)
        facts = RegisterFacts.of(snapshot, RegisterSettings())
        return register_questions(snapshot, facts, RegisterSettings(), "en")


def rules(alerts: dict[str, list[Alert]]) -> dict[str, list[str]]:
    return {student: [alert.rule for alert in own] for student, own in alerts.items() if own}


@pytest.mark.parametrize(("silent", "told"), [(2, {}), (3, {"a-0": ["register_silent"]})])
def test_three_days_without_a_row_while_class_mates_have_them_are_an_alert(
    silent: int, told: dict[str, list[str]]
) -> None:
    alerts = School({"a": 6, "b": 6}).write(None, DAYS[-silent:], "a-0").alerts()
    assert rules(alerts) == told
    if told:
        alert = alerts["a-0"][0]
        assert (alert.since, alert.days, alert.route) == (DAYS[-3], 3, "class_teacher")
        assert "verifies today where the child is" in alert.text
        assert str(DAYS[-4]) in alert.text


def test_the_longer_a_pupil_is_silent_the_higher_it_goes() -> None:
    school = School({"a": 6})
    found = [school.write(None, DAYS[-days:], "a-0").alerts()["a-0"][0] for days in (3, 5, 20)]
    told = [(alert.route, alert.report_to) for alert in found]
    assert told == [("class_teacher", None), ("principal", None), ("principal", "township")]


def test_a_pupil_who_never_came_is_told_as_one() -> None:
    alert = School({"a": 6}).write(None, DAYS, "a-0").alerts()["a-0"][0]
    assert alert.rule == "register_silent"
    assert "On the roll" in alert.text
    assert alert.days == len(DAYS)


def test_a_pupil_enrolled_yesterday_is_not_silent() -> None:
    school = School({"a": 6}).write(None, DAYS[:-1], "a-0")
    school.pupils[0]["enrolled_on"] = DAYS[-2]
    school.write(None, DAYS, "a-0")
    assert rules(school.alerts()) == {}


def test_nobody_is_silent_where_the_whole_class_is() -> None:
    school = School({"a": 6, "b": 6}).write(None, DAYS[-6:], "a")
    assert rules(school.alerts()) == {}
    (question,) = school.questions()
    assert (question.kind, question.class_id, question.days, question.pupils) == (
        "register_missing",
        "a",
        6,
        6,
    )
    assert question.since == DAYS[-7]


def test_a_class_that_never_handed_in_anything_is_asked_about() -> None:
    (question,) = School({"a": 6, "b": 6}).write(None, DAYS, "a").questions()
    assert (question.kind, question.class_id, question.days) == ("register_missing", "a", len(DAYS))


@pytest.mark.parametrize("listed", [True, False])
def test_a_school_that_stops_is_one_question(listed: bool) -> None:
    school = School({"a": 6, "b": 6}).write(None, DAYS[-20:], "a", "b")
    (question,) = school.questions(TODAY + dt.timedelta(days=20), listed=listed)
    assert (question.kind, question.class_id, question.pupils) == ("register_missing", None, 12)


def test_a_class_that_is_absent_as_a_whole_is_one_question_and_no_alert() -> None:
    school = School({"a": 6, "b": 6}).write("absent", DAYS[-3:], "a")
    assert rules(school.alerts()) == {}
    (question,) = school.questions()
    assert (question.kind, question.class_id, question.days, question.since) == (
        "everybody_absent",
        "a",
        3,
        DAYS[-3],
    )
    snapshot = school.histories().on(TODAY)
    facts = RegisterFacts.of(snapshot, RegisterSettings())
    warned = register_warnings(snapshot, facts, RegisterSettings(), "en")
    assert [bool(own) for own in warned] == [True] * 6 + [False] * 6


def test_a_school_that_is_absent_as_a_whole_is_one_question() -> None:
    (question,) = School({"a": 6, "b": 6}).write("absent", DAYS[-3:], "a", "b").questions()
    assert (question.kind, question.class_id, question.pupils) == ("everybody_absent", None, 12)


def test_one_pupil_who_came_does_not_hide_a_default_roll() -> None:
    school = School({"a": 20}).write("absent", DAYS[-3:], "a").write("present", DAYS[-3:], "a-0")
    assert rules(school.alerts()) == {}
    assert [question.kind for question in school.questions()] == ["everybody_absent"]


def test_absences_of_a_pupil_alone_stay_an_alert_beside_a_default_roll() -> None:
    school = School({"a": 6}).write("absent", DAYS[-5:-3], "a-0").write("absent", DAYS[-3:], "a")
    assert rules(school.alerts()) == {"a-0": ["absent_2_days"]}


def test_three_absences_with_unknown_days_between_are_not_told_as_running() -> None:
    school = School({"a": 6}).write(None, DAYS[-8:], "a-0")
    school.write("absent", [DAYS[-8], DAYS[-5], DAYS[-1]], "a-0")
    alert = school.alerts()["a-0"][0]
    assert alert.rule == "absent_3_days"
    assert "running" not in alert.text
    assert "each of the 3 day(s) recorded since" in alert.text
    assert "5 school day(s) since then without a record" in alert.text


def test_three_absences_one_after_the_other_are_told_as_running() -> None:
    alert = School({"a": 6}).write("absent", DAYS[-3:], "a-0").alerts()["a-0"][0]
    assert "for 3 school days running" in alert.text


def test_a_pupil_without_a_class_is_silent_while_the_school_has_rows() -> None:
    school = School({"a": 6, "b": 6}).write(None, DAYS[-4:], "a-0")
    school.pupils[0]["class_id"] = None

    assert rules(school.alerts()) == {"a-0": ["register_silent"]}
    assert school.questions() == ()


def test_a_row_that_cannot_be_used_does_not_end_a_silence() -> None:
    school = School({"a": 6}).write("nobody knows where", DAYS[-4:], "a-0")

    assert rules(school.alerts()) == {"a-0": ["register_silent"]}


def test_where_no_school_days_are_known_the_days_since_the_last_register_are_told() -> None:
    (question,) = School({"a": 6, "b": 6}).questions(DAYS[-1] + dt.timedelta(days=60), listed=False)

    assert "(59 days, 12 pupils)" in question.text


def warnings(school: School) -> dict[str, tuple[str, ...]]:
    histories, settings = school.histories(), RegisterSettings()
    snapshot = histories.on(TODAY)
    facts = RegisterFacts.of(snapshot, settings)
    told = register_warnings(snapshot, facts, settings, "en")
    return dict(zip(histories.student_ids, told, strict=True))


def test_where_all_but_one_of_twenty_are_absent_who_was_there_is_told_nothing() -> None:
    school = School({"a": 20, "b": 12}).write("absent", DAYS[-3:], *(f"a-{k}" for k in range(19)))
    told = warnings(school)
    assert "Nearly the whole class" in told["a-0"][0]
    assert told["a-19"] == ()
    [question] = school.questions()
    assert "nearly everybody" in question.text


def test_where_one_of_twelve_came_the_question_hides_no_alert() -> None:
    """Somebody kept the register, and each child who stayed away is visited the same day."""
    away = [f"a-{k}" for k in range(11)]
    school = School({"a": 12, "b": 12}).write("absent", DAYS[-3:], *away)
    assert rules(school.alerts()) == {pupil: ["absent_3_days"] for pupil in away}
    assert [question.class_id for question in school.questions()] == ["a"]
    assert warnings(school) == dict.fromkeys(school.histories().student_ids, ())


def test_a_row_of_one_child_after_the_term_makes_nobody_else_silent() -> None:
    school = School({"a": 12}).write(None, DAYS[-5:], "a").write("absent", DAYS[-5:], "a-0")
    assert rules(school.alerts()).keys() == {"a-0"}


def test_who_comes_in_alternating_weeks_is_silent_only_in_a_week_of_its_own() -> None:
    school, odd = School({"a": 12}), [f"a-{k}" for k in range(0, 12, 2)]
    even = [f"a-{k}" for k in range(1, 12, 2)]
    for week in range(6):
        school.write(None, DAYS[5 * week : 5 * week + 5], *(even if week % 2 else odd))
    assert rules(school.alerts()) == {}
    assert rules(school.write(None, DAYS[20:25], "a-3").alerts()) == {"a-3": ["register_silent"]}
