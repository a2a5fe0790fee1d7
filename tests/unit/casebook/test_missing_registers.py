"""The classes without a register of the last school day are named, as plain loops over the rows name them."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest

import dropout_risk as dr
from dropout_risk.casebook.mornings.missing_registers import missing_registers
from dropout_risk.settings import Settings
from support.desk_town import CLASSES, DAY, Town

SCHOOL_DAYS = [day for day in (DAY - dt.timedelta(k) for k in range(30, 0, -1)) if day.weekday() < 5]


def histories_without(*late):
    """Everybody of the town, present each school day; the classes ``late`` handed in nothing yesterday."""
    students, attendance = [], []
    for name, members in CLASSES.items():
        school, level, own = name.split("/")
        for pupil in members:
            students.append(
                {"student_id": pupil, "school_id": school, "class_id": own, "grade_level": int(level)}
            )
            days = SCHOOL_DAYS[:-1] if name in late else SCHOOL_DAYS
            attendance += [{"student_id": pupil, "date": day, "status": "present"} for day in days]
    records = dr.SchoolRecords.from_tables(students=students, attendance=attendance, today=DAY)
    return dr.Histories.from_records(records)


@pytest.mark.parametrize(
    ("late", "found"),
    [
        ((), {}),
        (("s-1/7/4",), {"s-1": ["s-1/7/4"]}),
        (("s-1/7/4", "s-1/7/5"), {"s-1": []}),
        (("s-1/7/5", "s-2/7/1"), {"s-1": ["s-1/7/5"], "s-2": []}),
    ],
)
def test_late_classes_are_named_and_schools_that_stopped_stand_for_all_of_theirs(late, found):
    assert missing_registers(histories_without(*late), DAY, Settings()) == found


@pytest.mark.parametrize(
    ("late", "number"), [((), "0"), (("s-1/7/4",), "1"), (("s-1/7/4", "s-1/7/5"), "2"), (("s-2/7/1",), "0")]
)
def test_a_principal_reads_how_many_classes_handed_in_nothing_yesterday(monkeypatch, late, number):
    town = Town()
    review = SimpleNamespace(histories=histories_without(*late), model=SimpleNamespace(settings=Settings()))
    desk = town.room.desk()
    monkeypatch.setattr(desk, "reviews", lambda language: review)
    monkeypatch.setattr(town.room, "desk", lambda: desk)
    page = town.visitor("h-1").ask("/desk/gaps").html.split("<h2>")[1]
    assert re.findall(r"<td[^>]*>(\d+|不知道)</td></tr>", page)[1] == number
    for name in late:
        assert (f"七年级 {name[-1]}班" in page) == name.startswith("s-1")
