import datetime as dt

import numpy as np
import pytest

from dropout_risk.alerts.critical import critical_answers
from dropout_risk.alerts.facts import FactRows, fact_lines
from dropout_risk.catalogue.facts import FACT_KINDS
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.features.class_context import ClassContext
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.scoring.score_rows import _MADE, _rows_of_lists, _struct_rows
from dropout_risk.settings import FactSettings

AS_OF = dt.date(2025, 3, 3)
DAYS = [day for back in range(140, 0, -1) if (day := AS_OF - dt.timedelta(days=back)).weekday() < 5]


def read(language="en", student=None, mates=0, **tables):
    pupils = [
        {"student_id": name, "school_id": "s-1", "class_id": "8-2", "grade_level": 8}
        for name in ("p-1", *mates_of(mates), "z-9")
    ]
    pupils[0] |= student or {}
    pupils[-1]["class_id"] = "8-3"
    rows = [{"student_id": "z-9", "date": day, "status": "present"} for day in DAYS]
    tables["attendance"] = [*tables.get("attendance", []), *rows]
    records = SchoolRecords.from_tables(students=pupils, **tables)
    snapshot = Histories.from_records(records).on(AS_OF)
    instruments = default_instruments()
    answers = critical_answers(snapshot, instruments, 60)
    context = ClassContext.of_exams(snapshot, np.ones(len(pupils), bool))
    made = FactRows.of(snapshot, FactSettings(), instruments, answers, language, context=context)
    column = made.column.arrow()
    facts = _rows_of_lists(column, [_MADE["facts"](*row) for row in _struct_rows(column.flatten())])
    assert facts[-1] == ()
    return facts[0], made.names_among(FACT_KINDS)[0]


def mates_of(number):
    return [f"q-{mate}" for mate in range(number)]


def of(facts, name):
    return [(fact.text, fact.since) for fact in facts if fact.name == name]


def family(factor, begun, **more):
    return {"student_id": "p-1", "factor": factor, "valid_from": begun} | more


def test_family_facts_are_those_that_hold_today_with_their_value_and_first_day():
    begun = dt.date(2024, 9, 1)
    rows = [
        family("monitored_household", begun, value="marginal"),
        family("low_income", begun, valid_to=dt.date(2025, 1, 31)),
        family("left_behind", AS_OF + dt.timedelta(days=9), recorded_on=begun),
        family("none", begun),
    ]
    facts, names = read(family=rows)
    assert [fact.name for fact in facts] == ["monitored_household"]
    assert of(facts, "monitored_household") == [
        ("household monitored for poverty (at the edge of poverty)", begun)
    ]
    assert names == ("monitored_household",)


@pytest.mark.parametrize(
    ("student", "name", "text"),
    [
        ({"distance_km": 8.2, "boarding": False}, "far_day_pupil", "8.2 km to school, day pupil"),
        ({"distance_km": 8.2, "boarding": True}, "way_to_school", "8.2 km to school, boarding"),
        ({"distance_km": 8.2}, "way_to_school", "8.2 km to school"),
        ({"distance_km": 2, "boarding": False}, "way_to_school", "2 km to school, day pupil"),
        ({"boarding": True}, "way_to_school", "boarding"),
    ],
)
def test_a_way_to_school_is_far_only_for_a_day_pupil(student, name, text):
    facts, _ = read(student=student)
    assert [(fact.name, fact.text) for fact in facts] == [(name, text)]


def test_days_missed_are_told_by_date_and_only_of_the_last_twenty_school_days():
    statuses = {DAYS[-21]: "absent", DAYS[-20]: "excused", DAYS[-3]: "absent", DAYS[-1]: "late"}
    rows = [{"student_id": "p-1", "date": day, "status": statuses.get(day, "present")} for day in DAYS]
    facts, _ = read(attendance=rows)
    said = f"2 of the last 20 school days missed (1 without an explanation): {DAYS[-20]}, {DAYS[-3]}"
    assert of(facts, "recent_absences") == [(said, DAYS[-20])]
    assert "近20个教学日缺课2天（无故1天）" in read("zh", attendance=rows)[0][0].text


def test_three_days_missed_one_after_the_other_are_told_as_a_stretch():
    away = {*DAYS[-9:-5], DAYS[-2]}
    rows = [
        {"student_id": "p-1", "date": day, "status": "excused" if day in away else "present"} for day in DAYS
    ]
    facts, _ = read(attendance=rows)
    assert facts[0].text == f"5 of the last 20 school days missed: {DAYS[-9]} to {DAYS[-6]}, {DAYS[-2]}"


def mark(subject, date, score, **more):
    row = {"student_id": "p-1", "date": date, "subject": subject, "exam": "midterm", "max_score": 100}
    return row | {"score": score} | more


def test_the_last_mark_of_each_subject_is_told_core_subjects_first_and_a_missed_exam_as_missed():
    early, late = DAYS[-60], DAYS[-10]
    rows = [
        mark("history", late, 71), mark("chinese", early, 90), mark("chinese", late, 62),
        mark("maths", late, None, taken="missed"),
    ]  # fmt: skip
    facts, names = read(grades=rows)
    assert [text for text, _ in of(facts, "last_mark")] == [
        "Chinese 62/100", "Maths missed", "History 71/100",
    ]  # fmt: skip
    assert {fact.label for fact in facts} == {"midterm"}
    assert "no_core_subject_passed" not in names


@pytest.mark.parametrize(
    ("score", "full", "told"),
    [(86.5, 120, "86.5/120"), (150, 150, "150/150"), (7, 10, "7/10"), (3, 7.5, "40%"), (125, 120, "120/120")],
)
def test_a_mark_is_told_in_the_papers_own_points(score, full, told):
    """A paper whose full marks are no whole number is told as a share."""
    facts, _ = read("zh", grades=[mark("maths", DAYS[-10], score, max_score=full)])
    assert of(facts, "last_mark") == [(f"数学{told}", DAYS[-10])]


def mates_marks(number, *exams):
    return [mark(*exam, 70, student_id=mate) for mate in mates_of(number) for exam in exams]


def test_an_exam_that_the_class_sat_and_of_which_the_pupil_has_no_row_is_told_as_missed():
    early, late = DAYS[-60], DAYS[-10]
    own = [mark("chinese", early, 90, exam="monthly"), mark("maths", early, 55, exam="monthly")]
    rows = [*own, *mates_marks(3, ("chinese", late), ("maths", late))]
    facts, _ = read(grades=rows, mates=3)
    assert of(facts, "last_mark") == [("Chinese missed", late), ("Maths missed", late)]
    assert fact_lines(facts, "en") == (f"midterm ({late}): Chinese missed, Maths missed",)


def test_of_a_subject_that_the_pupil_sat_again_since_the_last_exam_is_told_and_no_older_one():
    early, late = DAYS[-60], DAYS[-10]
    rows = [mark("maths", late, 55, exam="final"), *mates_marks(3, ("maths", early))]
    rows += [mark("maths", late, 60, exam="final", student_id=mate) for mate in mates_of(3)]
    assert of(read(grades=rows, mates=3)[0], "last_mark") == [("Maths 55/100", late)]


def test_too_few_class_mates_or_an_excused_exam_are_nothing_missed():
    late = DAYS[-10]
    own = mark("maths", DAYS[-60], 55, exam="monthly")
    few = read(grades=[own, *mates_marks(2, ("maths", late))], mates=2)[0]
    excused = mark("maths", late, None, taken="exempt")
    told = read(grades=[own, excused, *mates_marks(3, ("maths", late))], mates=3)[0]
    assert "missed" not in str([*few, *told])


def test_no_core_subject_passed_needs_two_recent_marks_and_no_pass():
    late = DAYS[-10]
    assert "no_core_subject_passed" in read(grades=[mark("chinese", late, 59), mark("maths", late, 41)])[1]
    assert "no_core_subject_passed" not in read(grades=[mark("chinese", late, 59)])[1]
    passed = [mark("chinese", late, 59), mark("maths", late, 60)]
    assert "no_core_subject_passed" not in read(grades=passed)[1]
    art = [mark("chinese", late, 59), mark("art", late, 20)]
    assert "no_core_subject_passed" not in read(grades=art)[1]


def test_history_of_outcomes_is_told_with_its_days():
    rows = [
        {"student_id": "p-1", "date": DAYS[-50], "event": "suspected_dropout"},
        {"student_id": "p-1", "date": DAYS[-40], "event": "returned"},
    ]
    facts, _ = read("zh", outcomes=rows)
    day = DAYS[-50]
    assert of(facts, "suspected_dropout")[0][0] == f"{day.year}年{day.month}月{day.day}日登记疑似辍学"
    assert [fact.name for fact in facts] == ["suspected_dropout", "returned"]


def test_history_of_outcomes_is_told_in_the_order_of_its_days():
    events = {-90: "suspected_dropout", -80: "returned", -50: "suspected_dropout", -40: "returned"}
    rows = [{"student_id": "p-1", "date": DAYS[day], "event": event} for day, event in events.items()]
    facts, _ = read(outcomes=rows)
    assert [(fact.name, fact.since) for fact in facts] == [
        (event, DAYS[day]) for day, event in events.items()
    ]


def test_a_test_is_a_fact_only_at_its_cut_off_and_for_who_sees_psychology():
    test = {"student_id": "p-1", "date": DAYS[-9], "instrument": "MHT", "scale": "total"}
    facts, _ = read(wellbeing=[test | {"score": 66}])
    (fact,) = facts
    assert (fact.name, fact.domain, fact.since) == ("test_at_cut_off", "psychology", DAYS[-9])
    assert "66" not in fact.text
    assert read(wellbeing=[test | {"score": 40}])[0] == ()


def test_the_counsellor_reads_test_day_and_days_since_it_is_known_of_a_critical_answer():
    answer = {"student_id": "p-1", "date": DAYS[-9], "instrument": "PHQ-9", "scale": "item_9", "score": 2}
    facts, _ = read(wellbeing=[answer])
    (told,) = [fact for fact in facts if fact.name == "critical_answer"]
    assert f"PHQ-9 holds an answer to look into at once: taken {DAYS[-9]}" in told.text
    assert "8 school day(s) ago" in told.text
    assert "item" not in told.text


@pytest.mark.parametrize("scale", ["第9题", "题9", "item_09", "Item 9", "第九题", "PHQ-9 item 9", "Q9"])
@pytest.mark.parametrize("instrument", ["PHQ-9", "患者健康问卷（9项）", "抑郁筛查量表(PHQ-9)"])
def test_a_critical_answer_is_told_under_every_spelling_of_its_item_and_instrument(scale, instrument):
    answer = {"student_id": "p-1", "date": DAYS[-9], "instrument": instrument, "scale": scale, "score": 3}

    assert "critical_answer" in [fact.name for fact in read(wellbeing=[answer])[0]]
    assert "critical_answer" not in [fact.name for fact in read(wellbeing=[answer | {"score": 0}])[0]]


def test_lines_name_a_shared_day_once_and_leave_out_what_only_sums_up():
    late = DAYS[-10]
    facts, _ = read(grades=[mark("chinese", late, 59), mark("maths", late, 41)])
    (line,) = fact_lines(facts, "zh")
    assert line.count("2025年") == 1
    assert "不及格" not in line
