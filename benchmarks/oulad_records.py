"""The Open University's tables (OULAD) as school records: one function per table of the contract.

A pupil is an enrolment: one person in one presentation of one module. The school is the module, the
class is the presentation, every day of the calendar is a school day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dropout_risk import SchoolRecords

STARTS = {"2013B": "2013-02-01", "2013J": "2013-10-01", "2014B": "2014-02-01"}
ENROLMENT = ["code_module", "code_presentation", "id_student"]
FILES = ("assessments", "courses", "studentAssessment", "studentInfo", "studentRegistration")
WORDS = {"words": {"event": {"Withdrawn": "dropout", "Pass": "graduated", "Distinction": "graduated"}}}


@dataclass(frozen=True)
class Oulad:
    """Records made from the tables.

    Parameters
    ----------
    records : SchoolRecords
        All presentations.
    people : Series
        The person behind each enrolment, by ``student_id``.
    lengths : dict of (str, str) to int
        Days of each module in each presentation.
    counts : dict of str to int
        What was left out or changed on the way, and how often.
    """

    records: SchoolRecords
    people: pd.Series
    lengths: dict[tuple[str, str], int]
    counts: dict[str, int]


def read_oulad(folder: Path, marked_after: int = 0) -> Oulad:
    """Read the five files and give the records.

    Parameters
    ----------
    folder : Path
        With ``studentInfo.csv.gz`` and the four others.
    marked_after : int, default=0
        Days between handing in an essay (TMA) and its mark; the data do not say.
    """
    tables = {name: pd.read_csv(folder / f"{name}.csv.gz") for name in FILES}
    enrolled, counts = enrolments(tables)
    handed_in = submissions(tables, enrolled, counts)
    records = SchoolRecords.from_tables(
        students=students(enrolled),
        grades=grades(handed_in, marked_after),
        attendance_totals=due_and_missed(tables["assessments"], enrolled, handed_in),
        family=family(enrolled),
        outcomes=outcomes(enrolled),
        calendar=calendar(enrolled),
        mapping=WORDS,
        today="2015-12-31",
        outcomes_to="2015-12-31",
    )
    lengths = enrolled.groupby(["code_module", "code_presentation"])["length"].first().to_dict()
    return Oulad(records, enrolled.set_index("student_id")["id_student"], lengths, counts)


def enrolments(tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Give one row per enrolment, and what could not be used."""
    table = tables["studentInfo"].merge(tables["studentRegistration"], on=ENROLMENT, validate="1:1")
    table = table.merge(tables["courses"].rename(columns={"module_presentation_length": "length"}))
    table["start"] = pd.to_datetime(table["code_presentation"].map(STARTS))
    joined = table["id_student"].astype(str) + "-" + table["code_module"]
    table["student_id"] = joined + "-" + table["code_presentation"]
    withdrawn, day = table["final_result"] == "Withdrawn", table["date_unregistration"]
    undated = withdrawn & day.isna()
    counts = {
        "enrolments": len(table),
        "left out: withdrawn, without a day": int(undated.sum()),
        "left on a day without having withdrawn (left_on, no outcome)": int((~withdrawn & day.notna()).sum()),
        "withdrawn after the presentation's end (outside every label)": int((day >= table["length"]).sum()),
        "without a day of registration (enrolled_on empty)": int(table["date_registration"].isna().sum()),
        "without an IMD band": int(table["imd_band"].isna().sum()),
    }
    return table[~undated].reset_index(drop=True), counts


def submissions(
    tables: Mapping[str, pd.DataFrame], enrolled: pd.DataFrame, counts: dict[str, int]
) -> pd.DataFrame:
    """Give the submissions of the enrolments, due dates beside them; banked ones are left out."""
    table = tables["studentAssessment"].merge(tables["assessments"], on="id_assessment", validate="m:1")
    table = table.merge(enrolled, on=ENROLMENT, validate="m:1")
    counts["submissions"] = len(table)
    counts["left out: banked from an earlier presentation"] = int(table["is_banked"].sum())
    counts["submissions without a score (handed in, no mark)"] = int(table["score"].isna().sum())
    no_date = table["date"].isna() & ~table["is_banked"]
    counts["submissions without a due date (dated when handed in)"] = int(no_date.sum())
    return table


def on_day(start: pd.Series, day: pd.Series) -> pd.Series:
    """Turn days of a presentation into dates."""
    return start + pd.to_timedelta(day, unit="D")


def students(enrolled: pd.DataFrame) -> pd.DataFrame:
    """Give the table of pupils: a module is a school, a presentation a class."""
    left = enrolled["date_unregistration"].where(enrolled["final_result"] != "Withdrawn")
    return pd.DataFrame({
        "student_id": enrolled["student_id"],
        "school_id": enrolled["code_module"],
        "class_id": enrolled["code_presentation"],
        "grade_level": None,
        "enrolled_on": on_day(enrolled["start"], enrolled["date_registration"]),
        "left_on": on_day(enrolled["start"], left),
        "sex": enrolled["gender"],
    })  # fmt: skip


def grades(handed_in: pd.DataFrame, marked_after: int) -> pd.DataFrame:
    """Give the marks: an assessment is an exam on its due day, known when it was handed in or later."""
    marked = handed_in[~handed_in["is_banked"] & handed_in["score"].notna()]
    due = on_day(marked["start"], marked["date"].fillna(marked["date_submitted"]))
    days = marked["date_submitted"] + np.where(marked["assessment_type"] == "TMA", marked_after, 0)
    return pd.DataFrame({
        "student_id": marked["student_id"],
        "date": due,
        "subject": marked["assessment_type"],
        "exam": marked["id_assessment"].astype(str),
        "score": marked["score"],
        "max_score": 100,
        "recorded_on": np.maximum(due, on_day(marked["start"], days)),
    })  # fmt: skip


MOST_DUE = 16
"""More pieces of work are due on no day; a power of two, so that shares stay what they are."""


def due_and_missed(
    assessments: pd.DataFrame, enrolled: pd.DataFrame, handed_in: pd.DataFrame
) -> pd.DataFrame:
    """Give attendance totals: a day on which work is due is a period, work not handed in is absence.

    Each period is known from its due day on. Work handed in late corrects it on the day it comes in, as a
    second row with a later ``recorded_on``. Work banked, or due before a registration, was never due. A
    piece of work is a part of its day, since no day has room for several days.
    """
    due = assessments.dropna(subset=["date"]).merge(enrolled, on=ENROLMENT[:2])
    came = handed_in[["student_id", "id_assessment", "date_submitted", "is_banked"]]
    due = due.merge(came, on=["student_id", "id_assessment"], how="left")
    registered = due["date_registration"].fillna(-np.inf) <= due["date"]
    gone = due["date_unregistration"].fillna(np.inf) <= due["date"]
    due = due[registered & ~gone & (due["is_banked"] != True)]  # noqa: E712 - missing is not banked
    late = due["date_submitted"] > due["date"]
    at_due = _change(due, due["date"], due=1, missed=late | due["date_submitted"].isna(), late=0)
    came_late = _change(due[late], due.loc[late, "date_submitted"], due=0, missed=-1, late=1)
    key = ["student_id", "start", "due_day"]
    changes = pd.concat([at_due, came_late]).groupby([*key, "known_day"]).sum()
    known = changes.groupby(level=key).cumsum().astype(int).reset_index()
    day = on_day(known["start"], known["due_day"])
    return pd.DataFrame({
        "student_id": known["student_id"],
        "period_start": day,
        "period_end": day,
        "days_enrolled": known["due"] / MOST_DUE,
        "days_absent": known["missed"] / MOST_DUE,
        "days_late": known["late"] / MOST_DUE,
        "recorded_on": on_day(known["start"], known["known_day"]),
    })  # fmt: skip


def _change(rows: pd.DataFrame, known_day: pd.Series, **numbers: object) -> pd.DataFrame:
    keys = {"student_id": rows["student_id"], "start": rows["start"], "due_day": rows["date"]}
    return pd.DataFrame(keys | {"known_day": known_day} | numbers)


def family(enrolled: pd.DataFrame) -> pd.DataFrame:
    """Give the background as factors of its own, each with its words; it holds from long before the start."""
    credits = pd.cut(enrolled["studied_credits"], [0, 30, 60, 90, 120, np.inf], labels=CREDITS)
    day = enrolled["date_registration"].fillna(-400)
    factors = {
        "imd_band": enrolled["imd_band"].fillna("unknown").str.rstrip("%"),
        "education": enrolled["highest_education"],
        "credits": credits.astype(str),
        "earlier_attempts": enrolled["num_of_prev_attempts"].astype(str),
        "disability": enrolled["disability"].map({True: "yes", False: None}),
        "registered": pd.cut(day, [-np.inf, -90, -30, -14, np.inf], labels=REGISTERED).astype(str),
    }
    known = on_day(enrolled["start"], enrolled["date_registration"].fillna(0).clip(upper=0))
    parts = [
        pd.DataFrame(
            {"student_id": enrolled["student_id"], "factor": name, "value": value, "valid_from": known}
        )
        for name, value in factors.items()
    ]
    return pd.concat(parts).dropna(subset=["value"])


CREDITS = ("up to 30", "31 to 60", "61 to 90", "91 to 120", "over 120")
REGISTERED = ("early", "one to three months before", "two weeks to a month before", "last")


def outcomes(enrolled: pd.DataFrame) -> pd.DataFrame:
    """Give withdrawals on their day, and passes on the last day; a fail is no outcome of the contract."""
    ended = enrolled[enrolled["final_result"] != "Fail"]
    day = ended["date_unregistration"].where(ended["final_result"] == "Withdrawn", ended["length"])
    date = on_day(ended["start"], day)
    return pd.DataFrame({"student_id": ended["student_id"], "date": date, "event": ended["final_result"]})


def calendar(enrolled: pd.DataFrame) -> pd.DataFrame:
    """Give a calendar in which every day, from the first registration to the last end, is a school day."""
    last = on_day(enrolled["start"], enrolled["length"]).max()
    return pd.DataFrame({"date": pd.date_range("2012-02-01", last), "is_school_day": True})
