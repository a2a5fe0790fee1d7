import numpy as np
import pyarrow as pa
import pytest

from dropout_risk.records.days import day_grid as day_cells
from dropout_risk.records.days.day_grid import AttendanceRows, DayCells
from dropout_risk.records.files.readers import FramePart
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping

DAYS = np.arange(20000, 20040)


class RepeatedPart(FramePart):
    """The same batch again and again, as a file of many batches would give it; counts the batches given."""

    def __init__(self, table, times):
        super().__init__(table)
        self.times, self.given = times, 0

    def pieces(self, headers):
        for _ in range(self.times):
            self.given += 1
            yield from super().pieces(headers)


def rows(pupil, date, session=None, status=0):
    n = len(pupil)
    return AttendanceRows(
        np.array(pupil, np.int32), np.full(n, date, np.int32),
        np.empty(0, np.int32) if session is None else np.array(session, np.int32),
        np.full(n, status, np.int8), np.ones(n, np.uint8),
    )  # fmt: skip


def records(attendance):
    about = {"school_id": ["s"] * 2, "class_id": ["c"] * 2, "grade_level": [7] * 2}
    students = pa.table({"student_id": ["a", "b"]} | about)
    parts = {"students": [FramePart(students)], "attendance": [attendance]}
    return SchoolRecords(parts, RecordsMapping.of(None), today="2025-12-31")


@pytest.mark.parametrize("times", [1, 200])
def test_the_grid_does_not_grow_with_the_number_of_rows(times):
    days = pa.array([20000, 20001], pa.int32()).cast(pa.date32())
    batch = pa.table({"student_id": ["a", "b"], "date": days, "status": ["present", "absent"]})
    part = RepeatedPart(batch, times)
    found = records(part)

    assert found.check().counts["attendance"].read == 2 * times == 2 * part.given
    assert found.check().counts["attendance"].used == 2
    assert found.attendance.cells.shape == (day_cells.FIRST_ROOM, 2)
    assert len(found.attendance.beside) == 0


def test_a_first_row_keeps_its_cell_and_a_copy_is_handed_back():
    cells = DayCells(3)
    assert cells.insert(rows([0, 1, 0], 20000)).copies.tolist() == [2]
    assert cells.insert(rows([1, 2], 20000)).copies.tolist() == [0]
    assert not cells.has_clashes


def test_every_row_of_a_cell_that_two_statuses_claim_is_found_and_the_cell_is_emptied():
    cells = DayCells(2)
    first, second = rows([0, 1], 20000), rows([0], 20000, status=1)
    cells.insert(first)
    cells.insert(second)

    assert cells.has_clashes
    assert cells.clashing(first).tolist() == cells.clashing(second).tolist() == [0]
    cells.empty_clashes()
    assert cells.cells[0].tolist() == [0, 1]


def test_cells_keep_what_they_hold_when_they_grow(monkeypatch):
    monkeypatch.setattr(day_cells, "FIRST_ROOM", 1)
    cells = DayCells(2)
    for day in DAYS:
        cells.insert(rows([1], int(day), status=int(day) % 6))

    assert cells.date.tolist() == DAYS.tolist()
    assert cells.cells[: cells.n_slots].tolist() == [[0, day % 6 + 1] for day in DAYS.tolist()]


def test_dates_and_sessions_beyond_the_room_are_handed_back_whole(monkeypatch):
    monkeypatch.setattr(day_cells, "MOST_SLOTS", 2)
    cells = DayCells(2)
    given = [cells.insert(rows([0, 1], day)).beside.tolist() for day in (20000, 20001, 20002, 20000)]

    assert given == [[], [], [0, 1], []]
    many = cells.insert(rows([0, 1], 20000, session=[14, 15]))
    assert many.beside.tolist() == [0, 1]


def test_a_date_beyond_the_calendar_of_the_grid_stands_beside_it():
    cells = DayCells(1)
    assert cells.insert(rows([0], 200_000)).beside.tolist() == [0]
    assert cells.n_slots == 0


def test_a_session_column_full_of_different_words_is_read_without_a_slot_for_each():
    n = 500
    days = pa.array([20000] * n, pa.int32()).cast(pa.date32())
    words = [f"row {k}" for k in range(n)]
    batch = pa.table({"student_id": ["a"] * n, "date": days, "session": words, "status": ["present"] * n})
    found = records(FramePart(batch))

    assert found.check().ok
    assert found.attendance.cells.shape[0] == day_cells.FIRST_ROOM
    assert len(found.attendance) == found.table("attendance").num_rows == n
    assert found.table("attendance")["session"].to_pylist() == sorted(words)
