"""Refused rows go wherever their pupils go, and leave when they are mended."""

import numpy as np

from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store_append import append_day, known_to
from dropout_risk.records.school_records import SchoolRecords
from support.refused import AS_OF, DAYS, attendance, pupils, school


def counts(histories):
    runs = histories.refused
    return np.bincount(runs.pupil, weights=runs.columns["number"], minlength=len(histories)).tolist()


def test_they_are_taken_sliced_and_saved_with_their_pupils(tmp_path):
    histories = Histories.from_records(school({"p1": 3, "p3": 1}))
    histories.save(tmp_path)

    assert counts(histories) == [0, 3, 0, 1]
    assert counts(histories.take([3, 1])) == [1, 3]
    assert counts(histories.slice(slice(1, 3))) == [3, 0]
    assert counts(Histories.load(tmp_path)) == [0, 3, 0, 1]


def test_the_same_rows_again_change_nothing_and_usable_ones_take_their_place():
    records = school({"p1": 3, "p2": 2})
    histories = Histories.from_records(records)
    mended = [row for row in attendance() if row["student_id"] == "p1" and row["date"] == str(DAYS[-2])]
    day = SchoolRecords.from_tables(students=pupils(), attendance=mended, today=AS_OF)

    assert counts(histories.append(records)) == [0, 3, 2, 0]
    assert counts(histories.append(day)) == [0, 2, 2, 0]


def test_a_store_takes_in_a_day_of_which_rows_were_refused(tmp_path):
    Histories.from_records(school()).save(tmp_path)
    rows = [{"student_id": "p1", "date": "2024-11-30", "status": "??"}]
    day = SchoolRecords.from_tables(attendance=rows, today="2024-11-30", known=known_to(tmp_path))
    first, again = (append_day(tmp_path, day).is_new for _ in range(2))

    assert (first, again) == (True, False)
    assert counts(Histories.load(tmp_path)) == [0, 1, 0, 0]
