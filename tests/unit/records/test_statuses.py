"""A status is one entry: declared once, it is known everywhere."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dropout_risk.records.statuses import MOST_STATUSES, STATUSES, DayKind, Status
from dropout_risk.text import Text

ROOT, X = Path(__file__).parents[3], Text(zh="x", en="x")
TWO_MORE = """
import sys
from dataclasses import replace
from dropout_risk.records import statuses

before = statuses.STATUSES
from dropout_risk.text import Text
remote = statuses.DayKind("remote", Text(zh="网课", en="taught at home"))
statuses.STATUSES = replace(before, day_kinds=(*before.day_kinds, remote), entries=(
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

from dropout_risk.pages.pupil_charts import AttendanceStrip
strip = AttendanceStrip.of(histories.on(AS_OF), "en")
assert [cell.state for cell in strip.cells] == ["present", "excused", "remote", "remote"], strip
assert ("remote", "taught at home 2") in strip.legend, strip.legend
assert strip.heads == ("present", "absent, unexplained", "excused", "suspended", "late or left early",
                       "taught at home", "no record")
assert strip.table == (("2025-03", (1, 0, 1, 0, 0, 2, 0)),), strip.table

from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.tables import CLOSED_WORDS, TABLES
from dropout_risk.scoring.request_schema import request_schema
assert RecordsMapping().words(TABLES["attendance"]["status"]).meaning("住院") == "in_hospital"
assert CLOSED_WORDS["status"][-2:] == ("in_hospital", "remote")
lists = request_schema()["properties"]["students"]["items"]["properties"]
assert lists["attendance"]["items"]["properties"]["status"]["enum"] == [*CLOSED_WORDS["status"]]

from dropout_risk.scoring.changes import changed_records
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


def test_the_page_of_records_names_every_status():
    assert ", ".join(STATUSES.words) in (ROOT / "docs/reference/records.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"entries": (*STATUSES.entries, Status("away", ("请假",)))}, "请假"),
        ({"entries": (*STATUSES.entries, Status("away", (), ("gone",)))}, "gone"),
        ({"entries": (*STATUSES.entries, Status("away", (), ("absent", "late")))}, "not with both"),
        ({"entries": tuple(Status(f"s{k}", ()) for k in range(MOST_STATUSES + 1))}, "room for 126"),
        ({"day_kinds": (*STATUSES.day_kinds, *(DayKind(name, X) for name in "abcd"))}, "8 kinds"),
        ({"day_kinds": (DayKind("absent", X), *STATUSES.day_kinds)}, "must be recorded"),
        ({"day_kinds": (*STATUSES.day_kinds, DayKind("remote"))}, "without a word for pages: remote"),
    ],
)
def test_statuses_that_could_not_be_told_apart_are_refused(change, why):
    with pytest.raises(ValueError, match=why):
        replace(STATUSES, **change)
