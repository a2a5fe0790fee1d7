"""A run is in the store from the first second, and says at its end what came of it."""

import time

import pytest

from dropout_risk.errors import TrainingError
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import client_of
from dropout_risk.tracking.open_run import FAILURE, OpenRun, log_run
from dropout_risk.tracking.run_content import MAIN, RunContent, grouped_name


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    return TrackingSettings(uri=f"sqlite:///{folder}/mlflow.db", artifacts=str(folder / "artefacts"))


def read_run(store, run_id):
    with client_of(store) as client:
        return client.get_run(run_id)


def test_a_run_is_there_while_the_work_goes_on_and_lasts_as_long(store):
    before = time.time() * 1000
    with OpenRun.begun(store) as run:
        assert read_run(store, run.run_id).info.status == "RUNNING"
        worked = time.time() * 1000
        run.log(RunContent(name="2025-06-01-abcdef12", description="May be published."))
    ended = read_run(store, run.run_id)

    assert before - 1 <= ended.info.start_time <= worked <= ended.info.end_time
    assert ended.info.run_name == "2025-06-01-abcdef12"
    assert ended.data.tags["mlflow.note.content"] == "May be published."
    assert ended.data.tags["mlflow.source.name"]


def test_a_training_that_fails_says_why_in_its_run(store):
    with pytest.raises(TrainingError), OpenRun.begun(store) as run:
        raise TrainingError("Too few pupils drop out.")
    ended = read_run(store, run.run_id)

    assert ended.info.status == "FAILED"
    assert "Too few pupils drop out." in ended.data.tags[FAILURE]


def test_a_foreign_error_leaves_its_name_alone_since_its_words_may_name_a_pupil(store):
    with pytest.raises(KeyError), OpenRun.begun(store) as run:
        raise KeyError("李小明")

    assert read_run(store, run.run_id).data.tags[FAILURE] == "KeyError"


def test_a_training_that_is_stopped_is_marked_so(store):
    with pytest.raises(KeyboardInterrupt), OpenRun.begun(store) as run:
        raise KeyboardInterrupt

    assert read_run(store, run.run_id).info.status == "KILLED"


def test_a_dozen_main_figures_stand_in_no_group_and_all_others_in_one():
    assert len(MAIN) == 12
    assert not any("/" in grouped_name(name) for name in MAIN)
    assert all("/" in grouped_name(name) for name in ("auc_low", "baseline.abc_rule.auc"))


def test_a_grouped_figure_keeps_its_group(store):
    run = log_run(RunContent(metrics={"baseline/abc_rule/auc": 0.6, "a//b": 1.0, "/c": 2.0}), store)

    assert read_run(store, run).data.metrics == {"baseline/abc_rule/auc": 0.6, "a/_/b": 1.0, "_/c": 2.0}
