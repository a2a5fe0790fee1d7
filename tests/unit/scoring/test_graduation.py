"""What is said of a pupil in a final grade ends at graduation: in the reply, on lists and in the file."""

import datetime as dt

import pytest

from dropout_risk.pages.watch_list_page import render_watch_list
from dropout_risk.scoring.remarks.graduation import days_to_graduation, graduation_note
from dropout_risk.settings import OutcomeSettings
from dropout_risk.simulate.district import simulate_district
from dropout_risk.watchlist.watch_list import WatchList

MAY = dt.date(2025, 5, 20)


def test_only_a_final_grade_has_a_note_and_only_where_the_horizon_ends_after_it():
    notes = [graduation_note(level, MAY, OutcomeSettings(), "zh") for level in (7, 8, 9)]
    assert notes[:2] == ["", ""]
    assert "只说到毕业为止" in notes[2]
    assert not graduation_note(9, dt.date(2024, 10, 8), OutcomeSettings(), "zh")


def test_the_risk_within_fewer_days_is_all_of_it_once_school_ends_before_them(risk_model):
    records = simulate_district(200, seed=5, n_days=340)
    day = records.observed_to + dt.timedelta(days=1)
    outcome = risk_model.settings.outcome
    thirds = risk_model.timing.thirds
    of_grade = {grade: days_to_graduation(grade, day, outcome) for grade in (7, 8, 9)}
    assert of_grade[9] is not None
    assert of_grade[9] < thirds[1]
    grades = dict(
        zip(
            *(records.table("students")[name].to_pylist() for name in ("student_id", "grade_level")),
            strict=True,
        )
    )
    seen = set()
    for pupil in risk_model.score(records, day).pupils:
        left = of_grade[grades[pupil.student_id]]
        ended = [within == pupil.risk for within in pupil.risk_within]
        assert ended == [(left is not None and left <= days) or days == thirds[-1] for days in thirds]
        seen.add(left)
    assert {None, of_grade[9]} == seen


@pytest.mark.parametrize("role", ["class_teacher", "counsellor", "county"])
def test_every_reader_of_a_score_in_a_final_grade_reads_where_it_ends(risk_model, role):
    records = simulate_district(200, seed=5, n_days=340)
    day = records.observed_to + dt.timedelta(days=1)
    scores = risk_model.redact(risk_model.score(records, day, language="zh"), role, language="zh")
    ends = {p.student_id for p in scores.pupils if any("只说到毕业为止" in text for text in p.warnings)}
    assert ends
    assert len(ends) < len(scores.pupils)
    watch_list = WatchList.of(scores)
    frame = watch_list.frame().set_index("student_id")
    told = set(frame.index[frame["notes"].fillna("").str.contains("只说到毕业为止")])
    assert told == ends & set(frame.index[~frame["part"].isin(("not_scored", "below_line"))])
    listed = [entry.score.student_id for group in watch_list.groups for entry in group.listed]
    assert ("只说到毕业为止" in render_watch_list(watch_list, "zh")) == bool(ends & {*listed})
