"""The data set of a run says what was trained on, without a pupil, and where to read it again."""

import json

import pytest

import dropout_risk as dr
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import client_of
from dropout_risk.tracking.open_run import log_run
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.tracking.run_dataset import RunDataset, fingerprint_of


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    (folder / "students.csv").write_text(
        "student_id,school_id,class_id,grade_level,name\n7,s1,8-2,8,甲\n8,s1,8-2,8,乙\n", encoding="utf-8"
    )
    (folder / "attendance.csv").write_text(
        "student_id,date,status\n7,2024-09-02,present\n8,2024-09-02,absent\n", encoding="utf-8"
    )
    return dr.SchoolRecords.from_folder(folder)


def logged(records, folder):
    store = TrackingSettings(uri=f"sqlite:///{folder}/mlflow.db", artifacts=str(folder / "artefacts"))
    run = log_run(RunContent(dataset=RunDataset.of_records(records)), store)
    with client_of(store) as client:
        return client.get_run(run)


def test_the_source_is_read_back_as_the_same_records(records, tmp_path):
    from mlflow.data import get_source

    run = logged(records, tmp_path)
    again = dr.SchoolRecords.from_folder(get_source(run.inputs.dataset_inputs[0]).load())

    assert fingerprint_of(run) == records.fingerprint == again.fingerprint


def test_it_has_context_schema_and_rows_and_no_personal_column(records, tmp_path):
    run = logged(records, tmp_path)
    (given,) = run.inputs.dataset_inputs
    names = {column["name"] for column in json.loads(given.dataset.schema)["mlflow_colspec"]}

    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "training"}
    assert {"attendance.status", "students.grade_level"} <= names
    assert not {"students.name", "students.phone"} & names
    assert json.loads(given.dataset.profile)["rows"] == {"students": 2, "attendance": 2}


def test_frames_have_no_place_to_be_read_from(tmp_path):
    dataset = RunDataset.of_records(dr.simulate_district(n_students=20, seed=1))

    assert dataset.folder is None
    assert dataset.to_input().dataset.source_type == "code"
