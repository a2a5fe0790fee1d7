"""MLflow is asked before a training for all that it could refuse after it, and a failed log loses nothing."""

import sqlite3
import subprocess
import sys
from collections import namedtuple

import pytest

import dropout_risk as dr
from dropout_risk.errors import TrackingError
from dropout_risk.settings import Settings, TrackingSettings
from dropout_risk.tracking import open_store
from dropout_risk.tracking.mlflow_store import client_of
from dropout_risk.tracking.open_run import log_run, prepare_store
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.training import train as training


def store_in(folder, **more):
    return TrackingSettings(
        **{"uri": f"sqlite:///{folder}/mlflow.db", "artifacts": str(folder / "files")} | more
    )


def test_a_new_store_is_made_with_its_experiment(tmp_path):
    prepare_store(store_in(tmp_path, experiment="县 2025"))
    with client_of(store_in(tmp_path)) as client:
        assert client.get_experiment_by_name("县 2025") is not None


@pytest.mark.parametrize("name", ["a/b", "models:/x", "x@champion", "o'clock", '"x"', " x", "..", "x" * 300])
def test_a_model_name_that_no_version_could_have_is_refused(name, tmp_path):
    with pytest.raises(TrackingError, match="model_name"):
        prepare_store(store_in(tmp_path, model_name=name))


def test_a_deleted_experiment_is_refused_with_the_way_to_restore_it(tmp_path):
    settings = store_in(tmp_path)
    prepare_store(settings)
    with client_of(settings) as client:
        number = client.get_experiment_by_name("dropout_risk").experiment_id
        client.delete_experiment(number)
    with pytest.raises(TrackingError, match="deleted") as caught:
        prepare_store(settings)
    assert f"restore --experiment-id {number}" in caught.value.hint


def _text_file(folder):
    (folder / "mlflow.db").write_text("no database" * 100)


def _newer_store(folder):
    prepare_store(store_in(folder))
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute("update alembic_version set version_num = 'from_the_future'")


def _folder_in_its_place(folder):
    (folder / "mlflow.db").mkdir()


@pytest.mark.parametrize("spoil", [_text_file, _newer_store, _folder_in_its_place])
def test_what_is_no_store_of_this_mlflow_is_an_error_of_the_library(spoil, tmp_path):
    spoil(tmp_path)
    code = (
        "import sys; from dropout_risk.settings import TrackingSettings as T;"
        "from dropout_risk.tracking.open_run import prepare_store as p;from dropout_risk.errors import *;"
        "exec('try: p(T(uri=sys.argv[1], artifacts=sys.argv[2]))\\nexcept TrackingError as e: print(e)')"
    )
    settings = store_in(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code, settings.uri, settings.artifacts],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "DR508" in done.stdout, done.stderr


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "postgresql://u:secret@127.0.0.1:9/x", "nonsense://x"])
def test_a_store_out_of_reach_is_an_error_of_the_library_and_tells_no_password(uri, tmp_path):
    with pytest.raises(TrackingError) as caught:
        prepare_store(store_in(tmp_path, uri=uri))
    assert "secret" not in str(caught.value)


def test_a_place_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "files").write_text("")
    with pytest.raises(TrackingError, match=r"tracking\.artifacts"):
        prepare_store(store_in(tmp_path))
    with pytest.raises(TrackingError, match=r"tracking\.uri"):
        prepare_store(store_in(tmp_path, uri=f"sqlite:///{tmp_path}/files/deep/mlflow.db"))


def test_a_full_disk_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(open_store.shutil, "disk_usage", lambda _: usage(1, 1, 5 << 20))
    with pytest.raises(TrackingError, match="5 MB left"):
        prepare_store(store_in(tmp_path))


def test_three_processes_make_one_new_store(tmp_path):
    code = (
        "import sys; from dropout_risk.settings import TrackingSettings as T;"
        "from dropout_risk.tracking.open_run import log_run;"
        "from dropout_risk.tracking.run_content import RunContent;"
        "log_run(RunContent(metrics={'auc': 0.7}), T(uri=sys.argv[1], artifacts=sys.argv[2]))"
    )
    settings = store_in(tmp_path)
    three = [
        subprocess.Popen(
            [sys.executable, "-c", code, settings.uri, settings.artifacts], stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    said = [process.communicate()[1] for process in three]
    assert [process.returncode for process in three] == [0, 0, 0], said
    with client_of(settings) as client:
        assert len(client.search_runs([client.get_experiment_by_name("dropout_risk").experiment_id])) == 3


def test_names_that_mlflow_does_not_take_are_written_with_those_it_does(tmp_path):
    settings = store_in(tmp_path)
    run = log_run(RunContent(params={"allowed.成绩 (%)": 1, "../x": 2}, metrics={"auc[0]": 0.5}), settings)
    with client_of(settings) as client:
        data = client.get_run(run).data
    assert data.params == {"allowed.成绩 ___": "1", "__x": "2"}
    assert data.metrics == {"auc_0_": 0.5}


def test_a_training_whose_store_is_refused_computes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "histories_of", lambda _: pytest.fail("something was computed"))
    settings = Settings(tracking=store_in(tmp_path, model_name="a/b").model_dump())
    with pytest.raises(TrackingError):
        training.train(dr.simulate_district(n_students=20, seed=1), settings)
