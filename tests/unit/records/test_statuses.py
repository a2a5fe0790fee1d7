"""A status is one entry: declared once, it is known everywhere."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from dropout_risk.records.statuses import MOST_STATUSES, STATUSES, Status

ROOT = Path(__file__).parents[3]
TWO_MORE = """
import sys
from dataclasses import replace
from dropout_risk.records import statuses

before = statuses.STATUSES
statuses.STATUSES = replace(before, kinds=(*before.kinds, "remote"), entries=(
    *before.entries,
    statuses.Status("in_hospital", ("住院",), ("absent",)),
    statuses.Status("remote", ("网课",), ("remote",)),
))

import dropout_risk as dr
from dropout_risk.catalogue import measures
from dropout_risk.scoring.request import histories_of_request, request_of
from support.catalogues import declare
from dropout_risk.features.pupil_functions import register_pupil_function

days = ["2025-03-03", "2025-03-04", "2025-03-05", "2025-03-06"]
words = ["到", "住院", "网课", "网课"]
records = dr.SchoolRecords.from_tables(
    students=[{"学号": "a", "学校": "s", "班级": "s-1", "年级": 7}],
    attendance=[{"学号": "a", "日期": day, "状态": word} for day, word in zip(days, words)],
)
assert records.check().ok, records.check()

AS_OF = "2025-03-10"
histories = dr.Histories.from_records(records)
histories.save(sys.argv[1])
body = request_of(records, ["a"], AS_OF)
assert [row["status"] for row in body["students"][0]["attendance"]] == [
    "present", "in_hospital", "remote", "remote"]
for each in (histories, dr.Histories.load(sys.argv[1]), histories_of_request(body)):
    known = each.on(AS_OF)
    kinds = ("recorded", "present", "absent", "unexcused", "remote")
    told = {kind: known.days(kind)[0].tolist() for kind in kinds}
    assert told == {
        "recorded": [True] * 4,
        "present": [True, False, True, True],
        "absent": [False, True, False, False],
        "unexcused": [False] * 4,
        "remote": [False, False, True, True],
    }, told

@register_pupil_function("tests: days from home")
def days_from_home(history):
    return float(history["attendance"]["remote"].sum())

catalogue = dr.FeatureCatalogue([
    declare("remote", measures.Share(of="remote")),
    declare("absent", measures.Count(of="absent")),
    declare("from_home", measures.PupilFunction("tests: days from home")),
])
frame = dr.build_features(histories, dr.Cohort.on(histories, as_of=[AS_OF]), catalogue=catalogue)
assert frame.iloc[0].tolist() == [0.5, 1.0, 2.0], frame

from dropout_risk.scoring import changed_records
assert changed_records._CLEARED == {"present": before.absence, "on_time": before.presence | 32}

assert dr.simulate_district(n_students=40, seed=1).check().ok
"""


def test_two_statuses_and_a_kind_of_day_that_are_declared_are_known_everywhere(tmp_path):
    paths = os.pathsep.join([str(ROOT / "tests"), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", TWO_MORE, str(tmp_path / "store")],
        capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("reference/records.md", ", ".join(STATUSES.words)),
        ("how-to/map-your-tables.md", ", ".join(f"`{word}`" for word in STATUSES.words)),
    ],
)
def test_the_pages_name_every_status(page, words):
    assert words in (ROOT / "docs" / page).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"entries": (*STATUSES.entries, Status("away", ("请假",)))}, "请假"),
        ({"entries": (*STATUSES.entries, Status("away", (), ("gone",)))}, "gone"),
        ({"entries": (*STATUSES.entries, Status("away", (), ("absent", "late")))}, "not with both"),
        ({"entries": tuple(Status(f"s{k}", ()) for k in range(MOST_STATUSES + 1))}, "room for 126"),
        ({"kinds": (*STATUSES.kinds, *"abcd")}, "8 kinds"),
        ({"kinds": ("absent", *STATUSES.kinds)}, "must be recorded"),
    ],
)
def test_statuses_that_could_not_be_told_apart_are_refused(change, why):
    with pytest.raises(ValueError, match=why):
        replace(STATUSES, **change)
