"""Who was helped is known from entries; a model that learns from the helped as from anybody is misled."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from dropout_risk.casebook.lessons.treatment import (
    censor_helped,
    helped_rows,
    helped_since,
    treated_evaluation,
)
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.errors import EvaluationError
from dropout_risk.features.cohort import Cohort
from support.casebook_county import open_book

DAY, HORIZON = dt.date(2025, 9, 1), 20


def open_case(book, pupil, line="school"):
    data = {
        "pupil": pupil,
        "school": "s",
        "line": line,
        "rule": "listed",
        "level": 0,
        "owner": "t",
        "due": str(DAY),
    }
    return book.write("open", DAY, "t", f"{pupil}/{line}", data=data, today=DAY)


def contact(book, case, met="mother"):
    data = {"way": "call", "met": [met], "difficulty": ["unknown"], "result": "promised", "due": "2025-09-02"}
    return book.write("meet", DAY, "t", f"meet/{case.id}", case=case, data=data, today=DAY)


def test_helped_is_whoever_was_reached_by_an_entry_and_nobody_by_a_note_or_a_counsellors_case():
    book = open_book("sqlite://", NoteKeys.new())
    contact(book, open_case(book, "p-1"))
    contact(book, open_case(book, "p-2"), met="nobody")
    book.write("note", DAY, "t", "n", case=open_case(book, "p-3"), note="家访了，见到母亲", today=DAY)
    contact(book, open_case(book, "p-4", "care"))

    assert helped_since(book).to_dict("records") == [{"student_id": "p-1", "since": DAY, "until": None}]


@pytest.mark.parametrize(("since", "until", "left", "is_helped"), [
    (0, None, None, True), (27, None, None, True), (40, None, None, False),
    (-30, -10, None, False), (-30, 0, None, True), (10, None, 5, False), (4, None, 5, True),
])  # fmt: skip
def test_help_counts_on_any_day_of_the_horizon_and_not_after_the_pupil_left(since, until, left, is_helped):
    def day(number):
        return None if number is None else DAY + dt.timedelta(number)

    helped = pd.DataFrame([{"student_id": "p", "since": day(since), "until": day(until)}]).astype(object)
    rows = pd.DataFrame({"student_id": ["p", "q"], "as_of": [DAY, DAY], "left_on": [day(left), None]})

    assert helped_rows(rows, helped, horizon_days=HORIZON).tolist() == [is_helped, False]


@pytest.fixture(scope="module")
def county():
    """20,000 pupils, one in five with signs; most of those are helped, and help nearly always works."""
    chance = np.random.default_rng(0)
    signs = chance.random(20_000) < 0.2
    would_leave = chance.random(20_000) < np.where(signs, 0.5, 0.02)
    helped = signs & (chance.random(20_000) < 0.7)
    left = would_leave & ~(helped & (chance.random(20_000) < 0.97))
    ids = [f"p-{n}" for n in range(20_000)]
    frame = pd.DataFrame(
        {"student_id": ids, "as_of": pd.Timestamp(DAY), "school_id": "s", "pupil": range(20_000)}
    )
    spells = pd.DataFrame(
        {"student_id": np.array(ids)[helped], "since": DAY + dt.timedelta(3), "until": None}
    )
    labels = pd.Series(
        left.astype(int), index=pd.MultiIndex.from_frame(frame[["student_id", "as_of"]]), name="y"
    )
    return frame.assign(signs=signs), labels, spells, would_leave, helped


def learned_risk(signs, labels):
    """The risk that a model learns for pupils with signs, and for those without."""
    model = LogisticRegression(C=np.inf).fit(np.asarray(signs, float)[:, None], labels)
    return model.predict_proba([[1.0], [0.0]])[:, 1]


def test_a_naive_retraining_learns_that_signs_are_harmless_and_censoring_does_not(county):
    frame, labels, spells, _, helped = county
    naive, _ = learned_risk(frame["signs"], labels)
    censored = censor_helped(Cohort(frame, labels), spells, horizon_days=HORIZON)
    learned, base = learned_risk(censored.frame["signs"], censored.labels)

    assert len(censored) == (~helped).sum()
    assert set(censored.censored["reason"]) == {"helped"}
    assert naive < 0.2, "the true risk of a pupil with signs whom nobody helps is a half"
    assert learned == pytest.approx(0.5, abs=0.04)
    assert base == pytest.approx(0.02, abs=0.005)


def test_to_keep_the_helped_who_left_would_mislead_the_other_way():
    """Where help fails often, censoring only those who stayed leaves too many leavers with signs."""
    chance = np.random.default_rng(1)
    signs = chance.random(20_000) < 0.2
    would_leave = chance.random(20_000) < np.where(signs, 0.3, 0.02)
    helped = signs & (chance.random(20_000) < 0.7)
    left = would_leave & ~(helped & (chance.random(20_000) < 0.3))
    kept = ~helped | left

    assert learned_risk(signs[kept], left[kept])[0] > 0.45
    assert learned_risk(signs[~helped], left[~helped])[0] == pytest.approx(0.3, abs=0.04)


def test_reporting_apart_shows_what_all_rows_together_hide(county):
    frame, labels, spells, _, helped = county
    risk = np.where(frame["signs"], 0.5, 0.02)
    rows = frame.assign(risk=risk, dropped_out=labels.to_numpy())
    marked = helped_rows(rows, spells, horizon_days=HORIZON)
    groups = treated_evaluation(rows, marked, share=0.2)

    assert (marked == helped).all()
    assert groups.loc["others", "mean_risk"] == pytest.approx(groups.loc["others", "base_rate"], abs=0.01)
    assert groups.loc["helped", "mean_risk"] > 5 * groups.loc["helped", "base_rate"]
    assert groups.loc["helped", "calibration_intercept"] < -1
    assert abs(groups.loc["others", "calibration_intercept"]) < 0.2


def test_recall_is_counted_above_one_line_for_both_groups():
    rows = pd.DataFrame({"student_id": range(100), "risk": np.linspace(0, 0.99, 100), "dropped_out": 0})
    rows.loc[[95, 10, 96, 20], "dropped_out"] = 1
    helped = np.isin(rows.index, [*range(0, 11), *range(94, 96)])
    groups = treated_evaluation(rows, helped, share=0.1)

    assert groups["recall"].to_dict() == {"helped": 0.5, "others": 0.5}
    assert groups["n"].to_dict() == {"helped": 13, "others": 87}


def test_a_small_group_is_withheld_together_with_the_other():
    rows = pd.DataFrame({"student_id": range(100), "risk": 0.5, "dropped_out": [0, 1] * 50})
    found = treated_evaluation(rows, rows.index < 3)

    assert found["withheld"].all()
    assert found.drop(columns="withheld").isna().all(axis=None)


def test_a_book_in_which_nobody_was_helped_marks_nobody():
    rows = pd.DataFrame({"student_id": ["p"], "as_of": [DAY]})

    assert helped_rows(rows, helped_since(open_book("sqlite://"))).tolist() == [False]
    assert helped_rows(rows.iloc[:0], helped_since(open_book("sqlite://"))).tolist() == []


@pytest.mark.parametrize("column", ["student_id", "risk", "dropped_out"])
def test_a_missing_column_is_named(column):
    rows = pd.DataFrame({"student_id": ["p"], "risk": [0.1], "dropped_out": [0]}).drop(columns=column)

    with pytest.raises(EvaluationError, match=column):
        treated_evaluation(rows, np.array([False]))
