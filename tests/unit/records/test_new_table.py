"""A table is one declaration: it is read, checked, kept, carried and hidden wherever tables are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dropout_risk.records.tables import TABLES

ROOT = Path(__file__).parents[3]
DECLARED = """
import datetime as dt
import sys
from pathlib import Path

from dropout_risk.records import tables
from dropout_risk.records.tables import RECORDED_ON, STUDENT, Column, Table
from dropout_risk.text import Text

VISITS = Table(
    "visits",
    (
        STUDENT,
        Column("visited_on", "date", key=True),
        Column("kind", "text", key=True, coded=True),
        Column("hours", "number", required=False, nullable=True, lowest=0),
        RECORDED_ON,
    ),
    date="visited_on", incidents=True, run="visits", source="visits", domain="psychology", in_request=True,
    called=Text(zh="家访", en="visits"),
)
NOTICES = Table(
    "notices", (STUDENT, Column("sent_on", "date", key=True), Column("topic", "text", key=True)),
    date="sent_on",
)
for table in (VISITS, NOTICES):
    tables.TABLES[table.name] = table
tables.RUNS["visits"] = tables.INCIDENTS["visits"] = VISITS

import dropout_risk as dr
from dropout_risk.catalogue import measures
from dropout_risk.catalogue.feature import Feature
from dropout_risk.features.pupil_functions import register_pupil_function
from dropout_risk.scoring.readers.reader import Reader
from dropout_risk.scoring.remarks.refused_notes import NOT_USED
from dropout_risk.scoring.request import histories_of_request, request_of
from dropout_risk.scoring.request_schema import request_schema
from dropout_risk.scoring.readers.roles import ROLES

AS_OF, folder = "2025-03-10", Path(sys.argv[1])
X = Text(zh="x", en="x")

def features():
    @register_pupil_function("tests: hours of visits")
    def hours_of_visits(history):
        return float(sum(history["visits"]["hours"]))

    about = {"domain": "psychology", "source": "visits", "unit": X, "label": X, "sentence": X,
             "missing_sentence": X, "cause": "family", "family": "visits"}
    return dr.FeatureCatalogue([
        Feature(name="visits_year", measure=measures.IncidentCount("visits"), window="year", **about),
        Feature(name="hours", measure=measures.PupilFunction("tests: hours of visits"), **about),
    ])

def write_folder():
    folder.mkdir()
    (folder / "students.csv").write_text(
        "student_id,school_id,class_id,grade_level\\na,s,s-1,8\\nb,s,s-1,8\\nc,t,t-1,8\\n", "utf-8")
    days = [dt.date(2025, 2, 3) + dt.timedelta(days=k) for k in range(36) if k % 7 < 5]
    (folder / "attendance.csv").write_text("student_id,date,status\\n" + "".join(
        f"{pupil},{day},present\\n" for pupil in "abc" for day in days), "utf-8")
    (folder / "discipline.csv").write_text(
        "student_id,date,kind\\nb,2025-02-20,fight\\n", "utf-8")
    visits = [f"a,{day},call,1,{day}" for day in days] + [f"b,{day},at home,2,{day}" for day in days[:10]]
    wrong = ["b,not a day,call,1,", "a,2025-02-05,none,1,", "z,2025-02-05,call,1,", "a,2005-01-01,call,1,"]
    (folder / "visits.csv").write_text("\\n".join(
        ["student_id,visited_on,kind,hours,recorded_on", *visits, "b,2025-03-04,call,999,2025-03-05",
         "b,2025-03-05,call,1,2025-06-01", *wrong]) + "\\n", "utf-8")
    (folder / "notices.csv").write_text("student_id,sent_on,topic\\na,2025-02-07,trip\\n", "utf-8")
    return dr.SchoolRecords.from_folder(folder, today="2025-06-30")

records = write_folder()
"""
CLAIMS = {
    "is read with its types": """
names = ["pupil", "visited_on", "kind", "hours", "recorded_on"]
assert records.table("visits").schema.names == names
assert records.table("notices").to_pylist() == [{"pupil": 0, "sent_on": dt.date(2025, 2, 7), "topic": "trip"}]
""",
    "is checked": """
found = {(p.column, p.rule.name) for p in records.check().problems if p.table == "visits"}
assert found >= {
    ("visited_on", "unparsable_date"), ("kind", "no_incident"), ("student_id", "unknown_pupil"),
    ("visited_on", "lone_date"), ("hours", "code_for_unknown"),
}, found
""",
    "has its rows set apart": """
apart = [row for row in records.quarantine.rows() if row.table == "visits"]
assert len(apart) == 4, apart
refused = dr.Histories.from_records(records).refused
assert refused.columns["number"].sum() == 3  # nobody knows whose the fourth was
""",
    "is hidden from roles that do not see its domain": """
for name, role in ROLES.items():
    reader, sees_all = Reader(role, None, "en"), not role.hidden
    told = NOT_USED["visits"].fill("en", number=3)
    assert reader.sees_field("visits[0].kind") is (sees_all or "psychology" in role.sees), name
    assert bool(reader.open_warnings([told])) is ("psychology" in role.sees), name
    assert reader.sees_field("notices[0].topic") is sees_all, name
assert {"psychology" in role.sees for role in ROLES.values()} == {True, False}
""",
    "is in the schema of a request where it may be carried": """
import jsonschema
schema = request_schema()
lists = schema["properties"]["students"]["items"]["properties"]
assert lists["visits"]["items"]["required"] == ["visited_on", "kind"] and "notices" not in lists
body = request_of(records, ["a", "b", "c"], AS_OF)
jsonschema.Draft202012Validator(schema).validate(body)
assert [len(pupil.get("visits", ())) for pupil in body["students"][:2]] == [25, 11]
assert "visits" not in body["students"][2]  # of a school that keeps none
from serving.gate.body import Contract, RefusedError
import json
contract = Contract("score", "class_context")
assert contract.read(json.dumps(body).encode()) == body
body["students"][0]["visits"][0]["kinds"] = "call"
try:
    contract.read(json.dumps(body).encode())
except RefusedError as refused:
    assert [problem.field for problem in refused.problems] == ["students[0].visits[0].kinds"]
else:
    raise AssertionError("a field that is not declared")
""",
    "is in histories that are saved, cut, appended to and taken": """
import numpy as np
from dropout_risk.histories.future import without_future
histories = dr.Histories.from_records(records)
runs = histories.runs["visits"]
assert histories.words["kind"] == ("at home", "call", "fight")
for name, words in (("visits", {"at home", "call"}), ("discipline", {"fight"})):
    codes = histories.runs[name].columns["kind"]
    assert {histories.words["kind"][code] for code in codes} == words, name
assert set(runs.columns) == {"date", "day", "kind", "hours", "known"} and "notices" not in histories.runs
loaded = dr.Histories.load(histories.save(folder.parent / "store"))
for each in (loaded, histories.append(records), histories.take([0, 1, 2]), histories.slice(slice(0, 3))):
    other = each.runs["visits"]
    assert all(np.array_equal(runs.columns[k], other.columns[k], equal_nan=True) for k in runs.columns)
assert (without_future(histories, AS_OF).runs["visits"].columns["known"] < 20157).all()
assert len(histories.on(AS_OF).rows("visits")["date"]) == 36
""",
    "makes features, in a batch as in a request": """
import numpy as np
catalogue = features()
body = request_of(records, ["a", "b", "c"], AS_OF)
batch = dr.Histories.from_records(records)
tables = [
    dr.build_features(each, dr.Cohort.on(each, as_of=[AS_OF]), catalogue=catalogue).to_numpy()
    for each in (batch, histories_of_request(body))
]
assert np.array_equal(tables[0], [[25, 25], [11, np.nan], [np.nan, 0]], equal_nan=True), tables[0]
assert np.array_equal(*tables, equal_nan=True), tables[1]
""",
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_table_that_is_declared(claim, tmp_path):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests"), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", DECLARED + CLAIMS[claim], str(tmp_path / "records")],
        capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


def test_the_page_of_records_names_every_table():
    text = (ROOT / "docs/reference/records.md").read_text(encoding="utf-8")

    assert [name for name in TABLES if f"`{name}`" not in text] == []
