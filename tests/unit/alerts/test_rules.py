import datetime as dt

import pytest

from dropout_risk.alerts.rules import alerts_on
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import AlertSettings

AS_OF = dt.date(2025, 3, 3)
SCHOOL_DAYS = [day for back in range(140, 0, -1) if (day := AS_OF - dt.timedelta(days=back)).weekday() < 5]


def attendance(statuses, student="p-1"):
    days = SCHOOL_DAYS[-len(statuses) :]
    return [
        {"student_id": student, "date": day, "status": status}
        for day, status in zip(days, statuses, strict=True)
        if status
    ]


def student(student_id="p-1"):
    return {"student_id": student_id, "school_id": "s-1", "class_id": "8-2", "grade_level": 8}


def alerts(settings=None, language="en", as_of=AS_OF, **tables):
    anchor = attendance(["present"] * len(SCHOOL_DAYS), "z-always-there")
    tables["attendance"] = [*tables.get("attendance", []), *anchor]
    records = SchoolRecords.from_tables(students=[student(), student("z-always-there")], **tables)
    snapshot = Histories.from_records(records).on(as_of)
    found = alerts_on(snapshot, settings or AlertSettings(), default_instruments(), language)
    assert found[1] == ()
    return found[0]


def after_presence(days_absent):
    return attendance(["present"] * 5 + ["absent"] * days_absent)


@pytest.mark.parametrize(
    ("days", "rule", "report_to"),
    [
        (1, "absent_1_day", None),
        (2, "absent_2_days", "principal"),
        (3, "absent_3_days", "township"),
        (4, "absent_3_days", "township"),
        (5, "absent_5_days", "county"),
        (19, "absent_5_days", "county"),
        (20, "absent_20_days", "county"),
        (33, "absent_20_days", "county"),
    ],
)
def test_only_the_highest_step_that_is_reached_fires(days, rule, report_to):
    (alert,) = alerts(attendance=after_presence(days))
    assert (alert.rule, alert.days, alert.since) == (rule, days, SCHOOL_DAYS[-days])
    assert (alert.route, alert.report_to) == ("class_teacher", report_to)


def test_any_ladder_works_and_its_order_does_not_matter():
    settings = AlertSettings(unexplained_days=(7, 4))
    assert alerts(settings, attendance=after_presence(3)) == ()
    assert alerts(settings, attendance=after_presence(5))[0].rule == "absent_4_days"
    assert alerts(AlertSettings(unexplained_days=()), attendance=after_presence(9)) == ()


@pytest.mark.parametrize("status", ["present", "excused", "late", "left_early", "suspended"])
def test_a_run_ends_on_any_day_that_is_no_unexcused_absence(status):
    (alert,) = alerts(attendance=attendance(["absent"] * 4 + [status] + ["absent"] * 2))
    assert alert.days == 2
    assert alerts(attendance=attendance(["absent"] * 4 + [status])) == ()


def test_a_day_without_a_record_neither_adds_nor_ends_a_run_but_two_weeks_of_them_do():
    (alert,) = alerts(attendance=attendance(["present", "absent", None, "absent", None]))
    assert (alert.days, alert.since) == (2, SCHOOL_DAYS[-4])
    (alert,) = alerts(attendance=attendance(["absent"] * 3 + [None] * 11 + ["absent"]))
    assert (alert.days, alert.since) == (1, SCHOOL_DAYS[-1])
    (alert,) = alerts(attendance=attendance(["absent"] * 3 + [None] * 10 + ["absent"]))
    assert alert.days == 4


def test_a_pupil_without_recent_records_has_no_run():
    assert alerts(attendance=attendance(["absent"] * 3 + [None] * 25)) == ()


def test_an_excuse_entered_later_takes_the_alert_back_from_then_on():
    rows = after_presence(2)
    rows.append(rows.pop() | {"status": "excused", "recorded_on": AS_OF})
    assert alerts(attendance=rows)[0].rule == "absent_1_day"
    assert alerts(attendance=rows, as_of=AS_OF + dt.timedelta(days=1)) == ()


def marks(*percents, subject="maths", last=AS_OF - dt.timedelta(days=20)):
    dates = [last - dt.timedelta(days=40 * back) for back in range(len(percents))][::-1]
    return [
        {
            "student_id": "p-1",
            "date": day,
            "subject": subject,
            "exam": "e",
            "score": percent,
            "max_score": 100,
        }
        for day, percent in zip(dates, percents, strict=True)
    ]


def test_marks_that_fall_alert_only_together_with_absence():
    absences = attendance(["absent", "present", "absent", "present"])
    (alert,) = alerts(attendance=absences, grades=marks(80, 70))
    assert (alert.rule, alert.since) == ("marks_fall_with_absence", AS_OF - dt.timedelta(days=20))
    assert "10 points of 100" in alert.text
    assert "2 days absent" in alert.text
    assert alerts(attendance=absences, grades=marks(80, 71)) == ()
    assert alerts(attendance=absences, grades=marks(50)) == ()
    assert alerts(attendance=attendance(["absent", "present"]), grades=marks(80, 50)) == ()


def test_a_fall_is_averaged_over_subjects_and_forgotten_after_a_term():
    absences = attendance(["absent", "present", "absent", "present"])
    assert alerts(attendance=absences, grades=marks(80, 60) + marks(60, 80, subject="english")) == ()
    long_ago = dt.date(2024, 7, 1)
    assert alerts(attendance=absences, grades=marks(80, 40, last=long_ago)) == ()


def answer(score, scale="item_9", instrument="PHQ-9", days_ago=10, **more):
    date = AS_OF - dt.timedelta(days=days_ago)
    row = {"student_id": "p-1", "date": date, "instrument": instrument, "scale": scale, "score": score}
    return {"wellbeing": [row | more]}


@pytest.mark.parametrize(
    ("instrument", "scale"), [("PHQ-9", "item_9"), ("phq9", "Item 9"), ("MHT", "item_85")]
)
def test_a_critical_answer_goes_to_the_counsellor_at_once(instrument, scale):
    (alert,) = alerts(**answer(1, scale, instrument))
    assert (alert.rule, alert.route) == ("critical_item", "counsellor")
    assert alerts(**answer(0, scale, instrument)) == ()
    assert alerts(**answer(1, "item_8", instrument)) == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_text_of_a_critical_answer_repeats_neither_item_nor_score_nor_test(language):
    (alert,) = alerts(language=language, **answer(3))
    assert not any(word in alert.text for word in ("9", "3", "PHQ", "item"))


def test_a_critical_answer_counts_from_the_day_on_which_it_became_known():
    old = answer(2, days_ago=120)
    assert alerts(**old) == ()
    assert (
        alerts(**answer(2, days_ago=120, recorded_on=AS_OF - dt.timedelta(days=2)))[0].rule == "critical_item"
    )
    assert alerts(**answer(2, days_ago=120, recorded_on=AS_OF)) == ()


def test_a_critical_answer_is_of_today_until_a_list_has_told_it():
    school_days = [{"date": AS_OF + dt.timedelta(days=after), "is_school_day": True} for after in (0, 1)]
    school_days += [{"date": day, "is_school_day": True} for day in SCHOOL_DAYS]
    entered = answer(2, days_ago=3) | {"calendar": school_days}
    told = [alerts(as_of=AS_OF + dt.timedelta(days=after), **entered)[0] for after in (0, 1)]
    assert [alert.days for alert in told] == [0, 1]
    assert [alert.is_of_today() for alert in told] == [True, True]
    assert told[0].text != told[1].text
    assert told[0].key == told[1].key
    assert not told[1].is_of_today([told[0].key])


def test_entering_the_same_answer_again_does_not_bring_it_back_and_a_new_answer_does():
    (first,) = answer(2, days_ago=40)["wellbeing"]
    again = first | {"recorded_on": AS_OF - dt.timedelta(days=1)}
    (before,), (alert,) = alerts(wellbeing=[first]), alerts(wellbeing=[first, again])
    assert (alert.is_of_today([before.key]), alert.since) == (False, first["date"])

    (new,) = answer(1, days_ago=3)["wellbeing"]
    (alert,) = alerts(wellbeing=[first, new])
    assert (alert.is_of_today([before.key]), alert.since) == (True, new["date"])


def test_an_invalid_test_does_not_silence_a_critical_answer():
    assert alerts(**answer(2, valid=False))[0].rule == "critical_item"


def test_the_most_urgent_alert_comes_first():
    rows = attendance(["absent", "present", "absent", "absent", "absent"])
    found = alerts(attendance=rows, grades=marks(80, 40), **answer(1))
    assert [alert.rule for alert in found] == ["critical_item", "absent_3_days", "marks_fall_with_absence"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_texts_say_who_acts_and_never_judge(language):
    for days in (1, 2, 3, 5, 20):
        (alert,) = alerts(language=language, attendance=after_presence(days))
        assert ("请" if language == "zh" else ". ") in alert.text
        assert not any(word in alert.text for word in ("{", "truant", "旷课"))
