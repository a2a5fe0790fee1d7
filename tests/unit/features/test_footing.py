"""A value stands on the very rows it came from: held to plain loops over untidy records."""

import datetime as dt
from itertools import pairwise
from math import isnan

import numpy as np
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.features.compute import compute_features
from dropout_risk.features.footing import NO_DAY
from dropout_risk.features.footings import FOOTINGS, Footings
from dropout_risk.features.inputs import Inputs
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.school_records import SchoolRecords
from support.districts import tidy_tables, untidy_district, untidy_histories
from support.oracle import INSTRUMENTS, Oracle, marks, percent, runs_of, sharing_no_day, valid_rows
from support.plain import PlainDistrict

CATALOGUE = default_catalogue()


@pytest.fixture(scope="module")
def as_of():
    return tidy_tables()[1] - dt.timedelta(days=40)


@pytest.fixture(scope="module")
def footings(as_of):
    table = compute_features(untidy_histories(), as_of, CATALOGUE)
    inputs = Inputs(table.snapshot, table.context, default_instruments())
    return Footings(inputs, CATALOGUE, table.values)


@pytest.fixture(scope="module")
def pupils(as_of):
    return PlainDistrict(untidy_district()).on(as_of)


def days_of_share(pupil):
    return [day for day, _ in pupil.window_days(20)]


def days_of_year(pupil):
    days = [day for day, _ in pupil.window_days("year")]
    if days:
        return days
    told = [row for row in pupil.totals if pupil.in_window(row["period_end"], "year")]
    return [row[end] for row in sharing_no_day(told) for end in ("period_start", "period_end")]


def days_of_streak(pupil):
    days = pupil.window_days(None)
    streak = []
    for day, state in reversed(days):
        if "absent" not in state:
            break
        streak.append(day)
    return streak or [day for day, _ in days[-1:]]


def days_of_longest(pupil):
    days = pupil.window_days(60)
    best, running = [], []
    for day, state in days:
        running = [*running, day] if "absent" in state else []
        best = running if running and len(running) >= len(best) else best
    assert len(best) == max(runs_of("absent", days), default=0)
    return best or [day for day, _ in days]


def days_of_fall(pupil):
    pairs = [
        (percent(before) - percent(after), before["date"], after["date"])
        for rows in marks(pupil, 200).values()
        for before, after in pairwise(rows)
    ]
    largest = max((fall for fall, _, _ in pairs), default=0.0)
    if largest <= 0:
        return [day for _, *both in pairs for day in both]
    return [(before, after) for fall, before, after in pairs if fall > largest - 1e-9]


def days_of_latest(pupil):
    return [rows[-1]["date"] for rows in marks(pupil, 200).values()]


def days_of_test(pupil):
    return [row["date"] for row in valid_rows(pupil, INSTRUMENTS["MHT"], "total")[-1:]]


DAYS = {
    "absence_share_20d": days_of_share,
    "absence_gap_to_class_20d": days_of_share,
    "absence_share_year": days_of_year,
    "chronic_absence_year": days_of_year,
    "absence_streak": days_of_streak,
    "absence_longest_streak_60d": days_of_longest,
    "score_largest_drop_200d": days_of_fall,
    "score_last_200d": days_of_latest,
    "mht_total": days_of_test,
}


@pytest.mark.parametrize("name", DAYS)
def test_the_days_of_a_value_are_those_of_its_rows(name, footings, pupils):
    every = np.arange(len(pupils))
    found, values = footings.of(name, every), footings.value(name, every)
    checked = 0
    for place, pupil in enumerate(pupils):
        if isnan(values[place]):
            continue
        days = DAYS[name](pupil)
        equal = days if isinstance(days[0], tuple) else [(min(days), max(days))]
        assert (date_of(int(found.first[place])), date_of(int(found.last[place]))) in equal
        checked += 1
    assert checked > 5


def test_some_pupils_alone_stand_on_the_same_rows(footings, pupils):
    every, few = np.arange(len(pupils)), np.array([7, 3, 90])
    for name in CATALOGUE:
        together, alone = footings.of(name, every), footings.of(name, few)
        assert together.first[few].tolist() == alone.first.tolist()
        assert together.last[few].tolist() == alone.last.tolist()
        numbers = together.in_numbers(footings.value(name, every))[few]
        np.testing.assert_array_equal(numbers, alone.in_numbers(footings.value(name, few)))


def test_nothing_lies_on_the_date_or_later(footings, pupils, as_of):
    every = np.arange(len(pupils))
    for name, feature in CATALOGUE.items():
        last = footings.of(name, every).last
        latest = as_of if feature.source == "family" else as_of - dt.timedelta(days=1)
        assert all(date_of(int(day)) <= latest for day in last if day != NO_DAY)


def test_every_measure_of_the_catalogue_but_a_column_says_what_it_stands_on():
    assert {
        type(item.measure).__name__ for item in CATALOGUE.values() if type(item.measure) not in FOOTINGS
    } == {"StudentColumn"}


def test_the_class_mean_leaves_the_pupil_out(footings, pupils, as_of):
    names = ["absence_share_20d", "score_mean_year"]
    columns = [CATALOGUE.names.index(name) for name in names]
    context, snapshot = footings.inputs.context, footings.inputs.snapshot
    found = context.means_of_others(snapshot, names, footings.values[:, columns])
    oracle = Oracle(PlainDistrict(untidy_district()), as_of, CATALOGUE)
    compared = 0
    for column, name in enumerate(names):
        values = oracle.columns[name]
        for place, pupil in enumerate(pupils):
            others = [
                values[other]
                for other, mate in enumerate(pupils)
                if other != place
                and mate.is_member
                and mate.class_name == pupil.class_name
                and not isnan(values[other])
            ]
            if not pupil.is_member or isnan(values[place]) or pupil.class_name is None or len(others) < 2:
                continue
            assert found[place, column] == pytest.approx(sum(others) / len(others), abs=1e-9)
            compared += 1
    assert compared > 20


@pytest.mark.parametrize(
    ("fulls", "fall", "standing"),
    [
        ((120, 120), ("数学", 96, 60, "满分120"), "36分（满分120）"),
        ((100, 100), ("数学", 80, 50, "满分100"), "30分（满分100）"),
        ((100, 120), ("数学", 80, 50, "按满分100计"), "36分（满分120）"),
    ],
)
def test_a_fall_and_a_standing_are_told_in_points_of_the_paper(fulls, fall, standing):
    """Own marks fall from four fifths to half; those of the class-mates stay at four fifths."""
    pupils = [f"p-{k}" for k in range(5)]
    days = [dt.date(2025, 2, 3), dt.date(2025, 3, 3)]
    rows = [
        {"student_id": pupil, "date": day, "subject": "maths", "exam": exam, "max_score": full,
         "score": full * (0.5 if pupil == "p-0" and exam == "final" else 0.8)}
        for pupil in pupils
        for day, exam, full in zip(days, ("midterm", "final"), fulls, strict=True)
    ]  # fmt: skip
    students = [{"student_id": p, "school_id": "s", "class_id": "1", "grade_level": 8} for p in pupils]
    records = SchoolRecords.from_tables(students=students, grades=rows, today="2025-12-31")
    table = compute_features(Histories.from_records(records), dt.date(2025, 3, 10), CATALOGUE)
    found = Footings(Inputs(table.snapshot, table.context, default_instruments()), CATALOGUE, table.values)
    drop, last = (found.of(name, np.array([0])) for name in ("score_largest_drop_200d", "class_z_last_200d"))

    told = drop.fields["subject"][0].zh, drop.fields["before"][0], drop.fields["after"][0]
    assert (*told, drop.fields["of"][0].zh) == fall
    assert drop.counted[0] == fall[1] - fall[2]
    assert last.fields["size"][0].zh == standing
