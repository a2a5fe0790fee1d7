import pytest

from dropout_risk.errors import BundleError
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import compare_runs, report_of_run
from dropout_risk.tracking.open_run import log_run
from dropout_risk.tracking.run_content import RunContent
from dropout_risk.tracking.run_dataset import RunDataset


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    return TrackingSettings(uri=f"sqlite:///{folder}/mlflow.db", artifacts=str(folder / "artefacts"))


@pytest.fixture(scope="module")
def pair(store):
    """Two runs on other data, which differ in one setting."""
    contents = [
        RunContent(
            params={"seed": seed, "folds": 4},
            metrics={"auc": 0.8 + seed / 10, f"only_{seed}": 1.0},
            dataset=RunDataset("records", f"sha256:{seed}"),
        )
        for seed in (0, 1)
    ]
    return [log_run(content, store) for content in contents]


def test_two_runs_stand_side_by_side_with_what_differs(store, pair):
    table = compare_runs(*pair, store)

    assert table.loc[("data", "fingerprint"), ["first", "second"]].tolist() == ["sha256:0", "sha256:1"]
    assert table.loc[("setting", "seed"), ["first", "second"]].tolist() == ["0", "1"]
    assert ("setting", "folds") not in table.index
    assert table.loc[("figure", "auc"), "difference"] == pytest.approx(0.1)


def test_a_figure_of_one_run_only_has_no_difference(store, pair):
    row = compare_runs(*pair, store, every=True).loc[("figure", "only_1")]

    assert row.isna()[["first", "difference"]].all()
    assert row["second"] == 1.0


def test_a_run_that_is_not_there_is_named(store, pair):
    with pytest.raises(BundleError, match="no run 'nothing'"):
        compare_runs(pair[0], "nothing", store)


def test_asking_for_a_run_makes_no_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="no store"):
        report_of_run("0" * 32, TrackingSettings())
    assert list(tmp_path.iterdir()) == []


def test_a_run_beside_itself_has_main_figures_only_and_all_on_request(store, pair):
    run = log_run(RunContent(metrics={"auc": 0.8, "fairness.fnr_gap.sex": 0.1, "auc_low": 0.7}), store)
    short, whole = compare_runs(run, run, store), compare_runs(run, run, store, every=True)

    assert short.loc["figure"].index.tolist() == ["auc"]
    assert len(whole.loc["figure"]) == 3


def test_a_run_without_a_report_is_a_clear_error(store, pair):
    with pytest.raises(BundleError, match=r"holds no report.json"):
        report_of_run(pair[0], store)
