"""A register of absences only tells what one that names everybody tells, and nothing before it was known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk import Cohort, Histories, SchoolRecords, build_features
from dropout_risk.histories.store_append import append_day, known_to

FIRST = dt.date(2024, 9, 2)
N_WEEKS = 5
DAYS = [FIRST + dt.timedelta(days=7 * week + day) for week in range(N_WEEKS) for day in range(5)]
TODAY = dt.date(2024, 12, 1)
STATUSES = ("present", "present", "present", "present", "absent", "excused", "late", "suspended")
Rows = list[dict[str, Any]]


@st.composite
def truths(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """What happened at a school of two classes: its pupils, and a row for each of their days."""
    pupils, rows = [], []
    for number in range(draw(st.integers(3, 6))):
        enrolled = draw(st.sampled_from([None, None, DAYS[0], DAYS[7]]))
        left = draw(st.sampled_from([None, None, None, DAYS[18]]))
        pupils.append(
            {"student_id": number, "school_id": "s", "class_id": "ab"[number % 2], "grade_level": 8,
             "enrolled_on": enrolled, "left_on": left}
        )  # fmt: skip
        for day in DAYS:
            if (enrolled is None or day >= enrolled) and (left is None or day < left):
                status = draw(st.sampled_from(STATUSES))
                late = draw(st.sampled_from([0, 0, 0, 2, 9])) if status != "present" else 0
                recorded = day + dt.timedelta(days=late)
                rows.append({"student_id": number, "date": day, "status": status, "recorded_on": recorded})
    for number in (0, 1):  # each class hands something in on the last day
        rows = [row for row in rows if (row["student_id"], row["date"]) != (number, DAYS[-1])]
        if pupils[number]["left_on"] is None:
            rows.append({"student_id": number, "date": DAYS[-1], "status": "absent", "recorded_on": DAYS[-1]})
        else:
            pupils[number]["left_on"] = None
            rows += [
                {"student_id": number, "date": day, "status": "excused", "recorded_on": day}
                for day in DAYS[18:]
            ]
    return pupils, rows


def absences(rows: Rows) -> Rows:
    return [row for row in rows if row["status"] != "present"]


def records_of(pupils: Rows, rows: Rows, unrecorded: Any = None) -> SchoolRecords:
    columns = ["student_id", "date", "status", "recorded_on"]
    return SchoolRecords.from_tables(
        students=pupils, attendance=pd.DataFrame(rows, columns=columns),
        calendar=[{"date": day, "is_school_day": True} for day in DAYS], today=TODAY, unrecorded=unrecorded,
    )  # fmt: skip


def features(source: SchoolRecords | Histories, day: dt.date) -> pd.DataFrame:
    return build_features(source, Cohort.on(source, day))


@settings(max_examples=30, deadline=None)
@given(truths())
def test_both_conventions_give_equal_features_on_equal_truth(truth: tuple[Rows, Rows]) -> None:
    pupils, rows = truth
    day = DAYS[-1] + dt.timedelta(days=20)
    everybody = features(records_of(pupils, rows), day)
    only = features(records_of(pupils, absences(rows), "present"), day)
    pd.testing.assert_frame_equal(everybody, only, check_exact=True)


@settings(max_examples=20, deadline=None)
@given(truths(), st.sampled_from("ab"), st.sampled_from(["unknown", None]))
def test_one_class_of_absences_beside_one_that_names_everybody_gives_equal_features(
    truth: tuple[Rows, Rows], name: str, others: str | None
) -> None:
    pupils, rows = truth
    day = DAYS[-1] + dt.timedelta(days=20)
    own = {pupil["student_id"] for pupil in pupils if pupil["class_id"] == name}
    mixed = [row for row in rows if row["student_id"] not in own or row["status"] != "present"]
    declared = {"s": {f"8/{name}": "present"} | ({"all": others} if others else {})}
    everybody = features(records_of(pupils, rows), day)
    found = records_of(pupils, mixed, declared)
    pd.testing.assert_frame_equal(everybody, features(found, day), check_exact=True)
    with TemporaryDirectory() as folder:
        Histories.from_records(found).save(Path(folder) / "store")
        loaded = features(Histories.load(Path(folder) / "store"), day)
    pd.testing.assert_frame_equal(everybody, loaded, check_exact=True)


@settings(max_examples=20, deadline=None)
@given(truths(), st.sampled_from(DAYS[6:]))
def test_a_day_counts_as_present_only_when_a_later_row_of_the_class_is_known(
    truth: tuple[Rows, Rows], day: dt.date
) -> None:
    pupils, rows = truth
    only = absences(rows)
    then = [row for row in only if row["recorded_on"] < day]
    if then:
        pd.testing.assert_frame_equal(
            features(records_of(pupils, only, "present"), day),
            features(records_of(pupils, then, "present"), day),
            check_exact=True,
        )


@settings(max_examples=10, deadline=None)
@given(truths())
def test_a_store_that_grows_by_a_day_keeps_the_convention(truth: tuple[Rows, Rows]) -> None:
    pupils, rows = truth
    only = absences(rows)
    cut = DAYS[12]
    with TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        before = [row for row in only if row["date"] < cut]
        Histories.from_records(records_of(pupils, before, "present")).save(store)
        for start in (cut, DAYS[20]):
            stop = DAYS[20] if start == cut else TODAY
            day = [row for row in only if start <= row["date"] < stop]
            given_rows = pd.DataFrame(day, columns=["student_id", "date", "status", "recorded_on"])
            append_day(
                store, SchoolRecords.from_tables(attendance=given_rows, known=known_to(store), today=TODAY)
            )
        day_after = DAYS[-1] + dt.timedelta(days=20)
        grown = features(Histories.load(store), day_after)
        pd.testing.assert_frame_equal(
            grown, features(records_of(pupils, only, "present"), day_after), check_exact=True
        )


@settings(max_examples=20, deadline=None)
@given(truths(), st.randoms(use_true_random=False))
def test_a_pupil_alone_keeps_what_its_class_handed_in(truth: tuple[Rows, Rows], random: Any) -> None:
    pupils, rows = truth
    whole = Histories.from_records(records_of(pupils, absences(rows), "present"))
    day = DAYS[-1] + dt.timedelta(days=1)
    some = random.sample(range(len(pupils)), 2)
    taken = whole.take(some).on(day)
    assert np.array_equal(taken.days("recorded"), whole.on(day).days("recorded")[some])
    part = whole.slice(slice(1, 3)).on(day)
    assert np.array_equal(part.days("recorded"), whole.on(day).days("recorded")[1:3])
