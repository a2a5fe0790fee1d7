"""The search against an exhaustive one that changes rows of the tables and scores them anew."""

import dataclasses
import functools
import itertools
import json

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.catalogue.grades import CORE_SUBJECTS
from dropout_risk.catalogue.levers import LEVERS
from dropout_risk.errors import SettingsError
from dropout_risk.scoring.changes.what_if import NOTE, LeverChange, Option, what_if
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.scores import NOT_AT_SCHOOL
from support.districts import tidy_district, tidy_tables

AS_OF = "2025-04-07"
FEATURES = (
    "absence_share_20d", "absence_streak", "late_share_20d", "score_last_core_200d", "failing_count_200d",
    "mht_total",
)  # fmt: skip
SCHOOL_DAYS, STEPS = 40, range(3)
COARSE = tuple(dataclasses.replace(lever, step=lever.most / 2) for lever in LEVERS)


@functools.cache
def small_model():
    """A model of a few features, so that every change of the record can be tried."""
    catalogue = dr.default_catalogue().select(FEATURES)
    X = dr.build_features(tidy_district(), dr.Cohort.on(tidy_district(), [AS_OF, "2025-02-24"]), catalogue)
    marks = X["score_last_core_200d"].fillna(0.7) + 0.05 * X["failing_count_200d"].fillna(0)
    risky = 6 * X["absence_share_20d"].fillna(0) + 2 * X["late_share_20d"].fillna(0) - 4 * marks
    y = (risky + np.random.default_rng(0).normal(scale=0.5, size=len(X)) > risky.quantile(0.8)).astype(int)
    classifier = dr.RiskClassifier("lightgbm", catalogue=catalogue).fit(X, y)
    return dr.RiskModel.from_classifier(
        classifier, catalogue=catalogue, X=X, y=y, settings=dr.Settings(), synthetic=True
    )


@functools.cache
def histories():
    return dr.Histories.from_records(tidy_district())


@functools.cache
def riskiest(number):
    scores = small_model().score(histories(), AS_OF)
    pupils = sorted(scores.pupils, key=lambda pupil: -pupil.risk)[:number]
    return [histories().student_ids.index(pupil.student_id) for pupil in pupils]


def rows_before(name, student):
    frame = tidy_tables()[0][name]
    own = frame[frame["student_id"] == student].copy()
    day = pd.Timestamp(AS_OF)
    return own[(pd.to_datetime(own["date"]) < day) & (pd.to_datetime(own["recorded_on"]) < day)]


def school_days(school):
    calendar = histories().calendar
    days = pd.to_datetime(calendar.days_of(school)[0], unit="D")
    return days[days < pd.Timestamp(AS_OF)]


def changed_rows(student, school, steps):
    """The rows of a pupil with so many steps of each lever, by the words of the levers."""
    attendance, grades = rows_before("attendance", student), rows_before("grades", student)
    days = school_days(school)
    for kinds, number in ((("absent", "excused", "suspended"), steps[0]), (("late", "left_early"), steps[1])):
        if number:
            recent = pd.to_datetime(attendance["date"]) >= days[-10 * number]
            attendance.loc[recent & attendance["status"].isin(kinds), "status"] = "present"
    last = grades.sort_values("date").groupby("subject").tail(1).index
    for core, number in ((True, steps[2]), (False, steps[3])):
        own = [row for row in last if (grades.loc[row, "subject"] in CORE_SUBJECTS) == core]
        raised = grades.loc[own, "score"] + 0.1 * number * grades.loc[own, "max_score"]
        grades.loc[own, "score"] = np.minimum(raised.round(6), grades.loc[own, "max_score"])
    return attendance[pd.to_datetime(attendance["date"]) >= days[-SCHOOL_DAYS]], grades


def has_room(student, steps):
    """Whether no mark that rises would lie above full marks."""
    grades = rows_before("grades", student)
    last = grades.sort_values("date").groupby("subject").tail(1)
    core = last["subject"].isin(CORE_SUBJECTS)
    for own, number in ((last[core], steps[2]), (last[~core], steps[3])):
        if number and (own["score"] + 0.1 * number * own["max_score"] > own["max_score"] + 1e-9).any():
            return False
    return True


@functools.cache
def exhaustive(place):
    """The risk of a pupil with every combination of steps that leaves marks possible."""
    student = histories().student_ids[place]
    students = tidy_tables()[0]["students"]
    own = students[students["student_id"] == student]
    days = school_days(own["school_id"].iloc[0])
    every = [steps for steps in itertools.product(STEPS, repeat=len(LEVERS)) if has_room(student, steps)]
    parts = {"students": [], "attendance": [], "grades": []}
    for number, steps in enumerate(every):
        name = {"student_id": f"{number:04d}"}
        parts["students"].append(own.assign(**name))
        for table, rows in zip(
            ("attendance", "grades"), changed_rows(student, own["school_id"].iloc[0], steps), strict=True
        ):
            parts[table].append(rows.assign(**name))
    tests = tidy_tables()[0]["wellbeing"]
    tests = tests[(tests["student_id"] == student)]
    parts["wellbeing"] = [tests.assign(student_id=f"{number:04d}") for number in range(len(every))]
    tables = {table: pd.concat(rows, ignore_index=True) for table, rows in parts.items() if len(rows[0])}
    calendar = pd.DataFrame({"date": days.date, "is_school_day": True})
    records = dr.SchoolRecords.from_tables(**tables, calendar=calendar, today=tidy_tables()[1])
    pupils = small_model().score(records, AS_OF).pupils
    return dict(zip(every, (pupil.risk for pupil in pupils), strict=True))


def smallest(risks, target):
    """The smallest sets of changes below the target: fewest changes, then fewest steps, then lowest risk."""
    for size in (1, 2, 3):
        reached = [of for of, risk in risks.items() if sum(map(bool, of)) == size and risk < target]
        best = {}
        for steps in sorted(reached, key=lambda of: (sum(of), risks[of])):
            best.setdefault(tuple(map(bool, steps)), steps)
        if best:
            return [(sum(of), round(risks[of], 9)) for of in best.values()][:3]
    return []


def coarse(place, **given):
    return what_if(small_model(), histories(), AS_OF, [place], levers=COARSE, **given)


def steps_of(option):
    levers = {lever.name: lever for lever in COARSE}
    return {change.lever: round(change.size / levers[change.lever].step) for change in option.changes}


def test_the_changed_record_scores_as_the_changed_rows_do():
    for place in riskiest(2):
        (found,) = coarse(place)
        risks = exhaustive(place)
        assert risks[0, 0, 0, 0] == pytest.approx(found.risk, abs=1e-12)
        for option in found.options:
            own = steps_of(option)
            steps = tuple(own.get(lever.name, 0) for lever in LEVERS)
            assert risks[steps] == pytest.approx(option.risk, abs=1e-12)


@pytest.mark.parametrize("share", [0.9, 0.6, 0.35])
def test_the_search_finds_what_an_exhaustive_one_finds(share):
    reached = 0
    for place in riskiest(2):
        risks = exhaustive(place)
        target = share * risks[0, 0, 0, 0]
        (found,) = coarse(place, target=target)
        offered = [
            (sum(steps_of(option).values()), round(option.risk, 9))
            for option in found.options
            if option.reached
        ]
        assert offered == smallest(risks, target)
        reached += bool(offered)
    assert reached


def test_where_nothing_reaches_the_target_the_strongest_change_is_told_and_says_so():
    (place,) = riskiest(1)
    (found,) = coarse(place, target=0.01, language="en")
    (option,) = found.options

    assert not option.reached
    assert "still not below 1%" in option.text
    lowest = min(risk for steps, risk in exhaustive(place).items() if sum(map(bool, steps)) <= 3)
    assert option.risk == pytest.approx(lowest, abs=1e-4)


def test_nothing_is_said_to_be_still_not_below_what_reads_as_nothing():
    for answer in small_model().what_if(histories(), AS_OF, riskiest(8), target=1e-6, language="en"):
        assert answer.options == ()
        assert answer.text.startswith("Nothing in attendance or marks")


def test_no_change_would_raise_a_mark_above_full_marks():
    offered = 0
    for place in riskiest(40):
        (answer,) = coarse(place, target=0.01)
        for option in answer.options:
            steps = [steps_of(option).get(lever.name, 0) for lever in LEVERS]
            assert has_room(histories().student_ids[place], steps)
            offered += bool(steps[2] or steps[3])
    assert offered


def test_fewer_changes_than_three_can_be_asked_for():
    found = small_model().what_if(histories(), AS_OF, riskiest(8), target=0.01, most=1)

    assert {len(option.changes) for answer in found for option in answer.options} == {1}


def test_the_note_is_always_there():
    everyone = small_model().what_if(histories(), AS_OF, language="zh")

    assert all(answer.note == NOTE.zh and answer.text.endswith(NOTE.zh) for answer in everyone)


def test_every_option_lowers_the_risk_and_names_its_size():
    for answer in small_model().what_if(histories(), AS_OF, language="en"):
        for option in answer.options:
            assert option.risk < answer.risk
            assert option.reached == (option.risk < answer.target)
            assert all(change.text in option.text for change in option.changes)


def test_the_target_is_the_lower_end_of_the_band_and_in_the_lowest_half_of_the_risk():
    for answer in small_model().what_if(histories(), AS_OF):
        bands = [0.05, 0.15, 0.30]
        below = [limit for limit in bands if limit <= answer.risk]
        assert answer.target == (below[-1] if below else answer.risk / 2)


def test_a_pupil_alone_and_in_another_order_gets_the_same_answer():
    order = riskiest(8)[::-1]
    together = small_model().what_if(histories(), AS_OF, order)

    assert together[::-1] == small_model().what_if(histories(), AS_OF, riskiest(8))
    assert small_model().what_if(histories(), AS_OF, order[:1]) == together[:1]


def test_nothing_is_offered_to_who_has_neither_attendance_nor_marks():
    students = [{"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 8}]
    records = dr.SchoolRecords.from_tables(students=students)
    (answer,) = small_model().what_if(records, AS_OF, target=0.0001, language="en")

    assert answer.options == ()
    assert answer.text.startswith("Nothing in attendance or marks")


def test_a_feature_that_is_not_actionable_keeps_its_value():
    model = small_model()
    fixed = [dataclasses.replace(item, actionable=False) for item in model.catalogue.values()]
    found = dataclasses.replace(model, catalogue=dr.FeatureCatalogue(fixed)).what_if(
        histories(), AS_OF, riskiest(5)
    )

    assert all(answer.options == () for answer in found)


def test_a_pupil_who_was_not_at_school_is_named_by_its_place():
    there = dr.Cohort.on(histories(), AS_OF).frame["pupil"]
    gone = np.setdiff1d(np.arange(len(histories())), there)[:2]
    found = small_model().what_if(histories(), AS_OF, [riskiest(1)[0], *gone])

    assert len(found) == 1
    assert [(error.index, error.code) for error in found.errors] == [(1, NOT_AT_SCHOOL), (2, NOT_AT_SCHOOL)]


@pytest.mark.parametrize(
    "wrong",
    [{"language": "fr"}, {"most": 0}, {"target": 0.0}, {"target": 1.5}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_impossible_questions_are_refused_before_any_work(wrong):
    with pytest.raises(SettingsError):
        small_model().what_if(histories(), AS_OF, [], **wrong)


def test_an_answer_is_written_as_json():
    (answer,) = small_model().what_if(histories(), AS_OF, riskiest(1))
    written = json.loads(json.dumps(answer.to_dict()))

    assert written["as_of"] == AS_OF
    assert written["options"][0]["changes"][0]["lever"] in {lever.name for lever in LEVERS}


def test_answers_for_the_whole_range_of_risks_are_written_as_json():
    pupils = riskiest(len(histories()))
    for answer in small_model().what_if(histories(), AS_OF, pupils[:: max(1, len(pupils) // 25)]):
        assert json.loads(json.dumps(answer.to_dict()))["risk"] == answer.risk


def test_a_risk_that_rounds_to_the_target_is_told_to_a_tenth():
    change = LeverChange("days", "attendance", "Absence", 5.0, "no day were missed")
    texts = [Option.of((change,), risk, 0.1, 0.05, "en").text for risk in (0.052, 0.06, 0.048)]

    assert [text.split(": ")[1].removesuffix(", still not below 5%") for text in texts] == [
        f"{risk} instead of 10%" for risk in ("5.2%", "6%", "5%")
    ]


def test_changes_of_marks_are_not_told_to_who_does_not_see_marks():
    found = small_model().what_if(histories(), AS_OF, riskiest(8), language="en")
    redacted = [redact(answer, "community_worker") for answer in found]

    assert {change.domain for answer in found for option in answer.options for change in option.changes} > {
        "attendance"
    }
    told = {change.domain for answer in redacted for option in answer.options for change in option.changes}
    assert told <= {"attendance"}
    assert not any("marks" in answer.text for answer in redacted)
