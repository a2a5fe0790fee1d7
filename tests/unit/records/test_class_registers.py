"""One class that hands in only absences, beside classes that name everybody, is found by itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from dropout_risk import Cohort, DropoutRiskError, Histories, SchoolRecords, build_features
from dropout_risk.records.days.school_declarations import Unrecorded
from dropout_risk.scoring.request import request_of

MONDAY = dt.date(2024, 9, 2)
DAYS = [MONDAY + dt.timedelta(days=7 * week + day) for week in range(8) for day in range(5)]
TODAY = dt.date(2024, 12, 1)
WEEK = {"calendar": {"week": "weekdays"}}
OF_CLASS = {"s": {"8/1班": "present"}}
Rows = list[dict[str, Any]]


def pupils(level: int | None = 8, name: str = "1班", number: int = 12) -> Rows:
    return [
        {"student_id": f"{level}-{name}-{k}", "school_id": "s", "class_id": name, "grade_level": level}
        for k in range(number)
    ]


def everybody(students: Rows, days: list[dt.date] = DAYS) -> Rows:
    return [
        {"student_id": student["student_id"], "date": day,
         "status": "absent" if (number + 3 * k) % 14 == 0 else "present"}
        for k, student in enumerate(students)
        for number, day in enumerate(days)
    ]  # fmt: skip


def absences(students: Rows, days: list[dt.date] = DAYS) -> Rows:
    return [row for row in everybody(students, days) if row["status"] == "absent"]


ONE, OTHER, SAME_NAME = pupils(), pupils(name="2班"), pupils(level=9)
ALL = ONE + OTHER + SAME_NAME
FULL = everybody(OTHER) + everybody(SAME_NAME)


def records(attendance: Rows, students: Rows = ALL, **more: Any) -> SchoolRecords:
    return SchoolRecords.from_tables(students=students, attendance=attendance, today=TODAY, **more)


def rules(found: SchoolRecords) -> list[str]:
    return [problem.rule.code for problem in found.check().problems]


def shares(found: SchoolRecords | Histories) -> dict[str, float]:
    features = build_features(found, Cohort.on(found, DAYS[-1] + dt.timedelta(days=1)))
    return dict(features["absence_share_year"])


def test_the_rows_of_the_class_are_refused_and_the_line_to_write_is_given() -> None:
    found = records(absences(ONE) + FULL)
    (problem,) = found.check().problems
    assert (problem.rule.code, problem.rows) == ("DR170", len(absences(ONE)))
    assert problem.hint("en").startswith('unrecorded."s"."8/1班" = "present"; ')
    assert len(found.attendance) == len(FULL)


def test_a_class_whose_absences_were_recorded_late_is_found_too() -> None:
    late = [row | {"recorded_on": row["date"] + dt.timedelta(days=2)} for row in absences(ONE)]
    found = records(late + FULL)
    assert rules(found) == ["DR170"]
    assert len(found.attendance) == len(FULL)


def test_a_class_with_three_absences_and_class_mates_without_a_row_is_found() -> None:
    found = records(absences(ONE)[:3] + FULL)
    assert rules(found) == ["DR170"]


def test_a_class_all_of_whom_are_absent_on_a_day_of_snow_is_not_doubted() -> None:
    snow = [{"student_id": student["student_id"], "date": DAYS[9], "status": "absent"} for student in ONE]
    assert rules(records(snow + FULL)) == []


def test_a_class_that_names_everybody_keeps_its_rows_where_the_others_list_absences_only() -> None:
    many = [pupil for k in range(3, 14) for pupil in pupils(name=f"{k}班")]
    few = everybody(ONE[:3], DAYS[:6])
    found = records(few + absences(many), ONE[:3] + many)
    assert rules(found) == ["DR170"]
    assert len(found.attendance) == len(few)


def test_pupils_without_a_class_are_a_register_of_their_own() -> None:
    loose = [pupil | {"class_id": None, "student_id": f"loose-{k}"} for k, pupil in enumerate(pupils())]
    found = records(absences(loose) + FULL, loose + OTHER + SAME_NAME)
    assert rules(found) == ["DR193", "DR170"]
    assert len(found.attendance) == len(FULL)


@pytest.mark.parametrize("declared", [OF_CLASS, {"s": {"all": "unknown", "8/1班": "present"}}])
def test_a_declared_class_is_read_as_it_is_meant_and_the_others_as_they_were(declared: Any) -> None:
    found = records(absences(ONE) + FULL, mapping=WEEK, unrecorded=declared)
    assert rules(found) == []
    assert shares(found) == shares(records(everybody(ONE) + FULL, mapping=WEEK))


def test_the_line_that_the_hint_gives_is_a_line_of_the_mapping(tmp_path: Path) -> None:
    hint = records(absences(ONE) + FULL).check().problems[0].hint("en")
    path = tmp_path / "county.toml"
    path.write_text(hint.split("; ")[0] + '\n[calendar]\nweek = "weekdays"\n', "utf-8")
    found = records(absences(ONE) + FULL, mapping=path)
    assert rules(found) == []
    assert shares(found) == shares(records(everybody(ONE) + FULL, mapping=WEEK))


def test_a_class_is_taken_out_of_what_its_school_declares() -> None:
    declared = {"s": {"all": "present", "2班": "unknown", "9/1班": "unknown"}}
    found = records(absences(ONE) + FULL, mapping=WEEK, unrecorded=declared)
    assert rules(found) == []
    assert shares(found) == shares(records(everybody(ONE) + FULL, mapping=WEEK))
    assert Histories.from_records(found).presumed.sum() == len(ONE)


def test_a_class_that_nobody_attends_and_a_word_that_means_nothing_are_errors() -> None:
    found = records(
        absences(ONE) + FULL, mapping=WEEK, unrecorded={"s": {"8/1班": "present", "8/7班": "present"}}
    )
    assert rules(found) == ["DR173"]
    for wrong in ({"s": {"8/1班": "absent"}}, {"all": {"8/1班": "present"}}, {"s": [1]}):
        with pytest.raises(DropoutRiskError, match="unrecorded"):
            Unrecorded.of(wrong)  # type: ignore[arg-type]


def test_a_declared_class_without_school_days_is_refused_alone() -> None:
    found = records(absences(ONE) + FULL, unrecorded=OF_CLASS)
    assert rules(found) == ["DR171"]
    assert len(found.attendance) == len(FULL)


def test_a_store_and_a_part_of_the_pupils_keep_what_is_declared_of_a_class(tmp_path: Path) -> None:
    histories = Histories.from_records(records(absences(ONE) + FULL, mapping=WEEK, unrecorded=OF_CLASS))
    histories.save(tmp_path / "store")
    loaded = Histories.load(tmp_path / "store")
    assert shares(loaded) == shares(histories)
    some = shares(histories.take([30, 14, 2]))
    assert some == {name: share for name, share in shares(histories).items() if name in some}
    assert len(some) == 3


def test_a_request_says_of_each_pupil_what_is_declared_of_its_class() -> None:
    found = records(absences(ONE) + FULL, mapping=WEEK, unrecorded=OF_CLASS)
    asked = [ONE[1]["student_id"], OTHER[1]["student_id"]]
    body = request_of(found, asked, DAYS[-1] + dt.timedelta(days=1))
    assert [student.get("unrecorded") for student in body["students"]] == ["present", None]


def test_the_pupils_of_a_refused_class_are_told_so_at_the_score(risk_model: Any) -> None:
    found = records(absences(ONE) + FULL)
    scores = risk_model.score(found, DAYS[-1] + dt.timedelta(days=1), language="en")
    bands = {pupil.student_id: pupil.band for pupil in scores.pupils}
    named = {row["student_id"] for row in absences(ONE)}
    assert {bands[name] for name in named} == {"unknown"}
    told = next(pupil for pupil in scores.pupils if pupil.student_id in named).warnings
    assert any("not used" in text for text in told)


def presumed(found: SchoolRecords) -> dict[str, bool]:
    histories = Histories.from_records(found)
    return dict(zip(histories.student_ids, histories.presumed.tolist(), strict=True))


@pytest.mark.parametrize("unrecorded", ["present", {"s": "present"}, {"s": {"8/1班": "present"}}])
def test_presence_is_not_presumed_in_a_class_that_names_everybody(unrecorded: Any) -> None:
    stopped = [row for row in everybody(ONE) if row["student_id"] != ONE[2]["student_id"]]
    rows = stopped + absences(OTHER) + absences(SAME_NAME)
    if isinstance(unrecorded, dict) and "8/1班" in str(unrecorded):
        rows = stopped + FULL
    found = records(rows, mapping=WEEK, unrecorded=unrecorded)
    said = [problem for problem in found.check().problems if problem.rule.name == "names_everybody"]
    assert [problem.rows for problem in said] == [len(stopped)]
    assert "8/1班" in said[0].detail.en or '"s"' in said[0].detail.en
    of = presumed(found)
    assert not any(of[pupil["student_id"]] for pupil in ONE)
    assert all(of[pupil["student_id"]] for pupil in OTHER) == (len(rows) < len(stopped) + len(FULL))


def test_a_school_that_names_everybody_is_told_by_name_and_the_others_presume_presence() -> None:
    others = [pupil | {"student_id": f"t{k}", "school_id": "t"} for k, pupil in enumerate(ONE)]
    rows = everybody(ONE) + absences(others)
    found = records(rows, students=ONE + others, mapping=WEEK, unrecorded="present")
    said = [problem for problem in found.check().problems if problem.rule.name == "names_everybody"]
    assert [problem.detail.en for problem in said] == ['unrecorded."s" = "unknown"']
    of = presumed(found)
    assert [of[ONE[0]["student_id"]], of["t0"]] == [False, True]


def test_a_register_of_absences_with_a_day_of_rows_for_all_may_presume_presence() -> None:
    trip = [{"student_id": pupil["student_id"], "date": DAYS[8], "status": "present"} for pupil in ONE]
    away = {row["student_id"] for row in absences(ONE) if row["date"] == DAYS[8]}
    rows = absences(ONE) + [row for row in trip if row["student_id"] not in away]
    found = records(rows, students=ONE, mapping=WEEK, unrecorded="present")
    assert "DR133" not in rules(found)
    assert all(presumed(found).values())
