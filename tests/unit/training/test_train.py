"""One small training run from records to the registered bundle; every claim reads that run."""

import dataclasses
import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.errors import MissingExtraError, TrainingError, UnloggedRunError
from dropout_risk.evaluation import parts as evaluation_parts
from dropout_risk.evaluation.model_card.charts import splits_chart
from dropout_risk.evaluation.parts import labelled_cohort, make_parts
from dropout_risk.evaluation.questions.fairness import fairness_gaps_chart
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.features.cohort import histories_of
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import Settings
from dropout_risk.tracking.mlflow_store import load_bundle_path, report_of_run
from dropout_risk.tracking.open_run import OpenRun
from dropout_risk.tracking.run_content import run_content
from dropout_risk.tracking.run_dataset import RunDataset
from dropout_risk.tracking.tracking_store import TrackingStore
from dropout_risk.training import train as training
from dropout_risk.training.train import train


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracking")
    return Settings(
        models={"candidate": "logistic", "folds": 2},
        evaluation={"refits": 1},
        tracking={
            "uri": f"sqlite:///{folder}/mlflow.db",
            "artifacts": str(folder / "artefacts"),
            "model_name": "county",
        },
    )


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=800, seed=3)


@pytest.fixture(scope="module")
def run(records, settings):
    return train(records, settings)


def test_the_model_ranks_later_days_better_than_every_baseline(run):
    frame = run.report.frame()
    others = frame.drop(index=["model", "last_model"])
    assert (others["not_available"] == "").all()
    assert frame.loc["model", "auc"] > others["auc"].max()


def test_training_days_their_labels_and_test_days_come_one_after_the_other(run):
    split = run.report.split
    assert max(split["train_as_of"]) < split["trained_to"] < min(split["test_as_of"])
    assert split["gap_as_of"]
    assert len(split["test_as_of"]) == Settings().split.test_snapshots
    assert run.model.trained_to == split["trained_to"]


def test_the_shipped_model_is_the_one_that_was_evaluated(run, records):
    """Scoring the test days again through RiskModel gives the mean risk the report names."""
    days = [run.model.score(records, day).frame() for day in run.report.split["test_as_of"]]
    labelled = dr.Cohort.on(records, run.report.split["test_as_of"]).with_labels(records, 90)
    scored = pd.concat(
        [
            day.assign(as_of=pd.Timestamp(name))
            for name, day in zip(run.report.split["test_as_of"], days, strict=True)
        ]
    )
    risks = scored.set_index(["student_id", "as_of"])["risk"].loc[labelled.labels.index]
    assert risks.mean() == pytest.approx(run.report.result().metrics["mean_risk"], abs=1e-12)


def test_a_run_is_audited_for_fairness_and_for_stable_and_faithful_reasons(run):
    assert {"fairness", "stability", "faithfulness"} <= {item.name for item in run.report.sections}
    figures = run.report.metrics()
    assert 0 < figures["stability.kept"] <= 1
    assert figures["faithfulness.taken_between"] > 0
    assert figures["faithfulness.leading_cause_by_chance"] == pytest.approx(1 / 6)


def test_everything_is_counted(run, records):
    counts = run.report.counts
    assert sum(counts["censored"].values()) > 0
    assert counts["test"]["rows"] == run.report.result().metrics["n"]
    assert min(counts[part]["positives"] for part in ("train", "test")) > 0


def test_the_run_holds_settings_hashes_and_every_figure(run, settings, records):
    from mlflow import MlflowClient

    data = MlflowClient(tracking_uri=settings.tracking.uri).get_run(run.run_id).data
    assert data.params["outcome.horizon_days"] == "90"
    assert data.params["data_hash"] == records.fingerprint
    assert data.params["catalogue_hash"] == run.model.catalogue.sha
    assert data.metrics["baseline/abc_rule/auc"] == run.report.result("abc_rule").metrics["auc"]
    assert data.tags["synthetic"] == "true"


def test_the_registered_bundle_scores_as_the_model_did(run, settings, records):
    loaded = RiskModel.load(load_bundle_path("models:/county@challenger", settings.tracking))
    day = run.report.split["test_as_of"][0]
    pd.testing.assert_frame_equal(loaded.score(records, day).frame(), run.model.score(records, day).frame())
    assert EvaluationReport.from_dict(loaded.metrics) == run.report


def test_the_run_keeps_report_card_and_picture(run, settings):
    names = set(run_content(run.report, settings).artefacts)
    assert names == {
        "report.json",
        "report.zh.md",
        "report.en.md",
        "card.zh.md",
        "card.en.md",
        "card.zh.html",
        "card.en.html",
        "plots/evaluation.png",
        "plots/splits.png",
        "plots/fairness.png",
    }


def test_every_candidate_and_every_fold_is_a_run_inside_the_run(run, settings):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=settings.tracking.uri)
    experiment = client.get_experiment_by_name("dropout_risk").experiment_id
    (candidate,) = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{run.run_id}'")
    folds = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{candidate.info.run_id}'")
    assert candidate.data.params == {"candidate": "logistic", "chosen": "True"}
    losses = [fold.data.metrics["log_loss"] for fold in folds]
    assert len(losses) == settings.models.folds
    assert candidate.data.metrics["log_loss"] == pytest.approx(sum(losses) / len(losses))


def test_the_report_is_rebuilt_from_the_run_alone(run, settings):
    assert report_of_run(run.run_id, settings.tracking) == run.report


def test_every_report_holds_intervals_lists_lead_time_and_what_publishing_asks(run):
    report = run.report
    assert {section.name for section in report.sections} >= {
        "baselines", "calibration", "capacity", "decision", "fairness", "faithfulness", "lead_time",
        "learning_curve", "stability", "timing",
    }  # fmt: skip
    flat = report.metrics()
    assert flat["auc_low"] < flat["auc"] < flat["auc_high"]
    assert flat["lead_time.leavers"] > 0
    assert flat["capacity.teacher_recall"] > 0
    checks = {check.name: check.passed for check in report.section("baselines").checks}
    assert checks == {"better_than_base_rate": True, "not_below_baselines": True}


def test_mornings_begin_with_the_test_and_the_first_listing_is_before_the_dropout(run):
    section = run.report.section("lead_time")
    assert f"({run.report.split['test_as_of'][0]} to" in section.remarks[0].en
    assert section.metrics["median_days"] >= 0


def test_risks_are_right_or_wrong_by_every_recorded_group(run):
    titles = {table.title.en for table in run.report.section("calibration").tables}
    assert titles >= {"By sex", "By grade level", "By test day"}


def test_the_split_is_drawn_with_every_day_of_it(run):
    (axes,) = splits_chart(run.report).axes
    drawn = [len(points.get_offsets()) for points in axes.collections]
    assert drawn == [len(run.report.split[key]) for key in ("train_as_of", "gap_as_of", "test_as_of")]


def test_the_fairness_picture_shows_every_attribute_that_was_compared(run):
    (axes,) = fairness_gaps_chart(run.report.section("fairness")).axes
    compared = [name for name in run.report.section("fairness").metrics if name.startswith("fnr_gap.")]
    assert len(axes.get_yticklabels()) == len(compared) > 0


def test_the_chart_draws_lead_time_and_learning_curve_beside_the_rest(run):
    titles = [axes.get_title() for axes in run.chart().axes]
    assert len(titles) == 6
    assert "Lead time" in titles[4]
    assert "Learning curve" in titles[5]


def test_synthetic_data_is_said_in_report_card_and_bundle(run):
    assert run.report.synthetic
    assert run.model.synthetic
    assert all("SYNTHETIC" in text or "模拟数据" in text for text in run.model.card.values())
    assert "SYNTHETIC" in run._repr_html_()


def test_training_again_with_progress_and_without_tracking_gives_the_same_report(
    run, records, settings, capsys
):
    again = train(records, settings, track=False, progress=True)
    assert again.run_id is None
    assert json.dumps(again.report.to_dict()) == json.dumps(run.report.to_dict())
    assert again.model.version == run.model.version
    said = capsys.readouterr().err
    assert all(step in said for step in ("histories", "features", "fit", "evaluate"))


def test_a_missing_mlflow_is_said_before_anything_is_computed(records, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"dropout-risk\[train\]"):
        train(records)


def test_too_long_a_horizon_is_refused_with_the_days_there_are(records):
    with pytest.raises(TrainingError, match="the records hold 36"):
        train(records, Settings(outcome={"horizon_days": 1000}), track=False)


def test_a_run_is_plain_data_that_cannot_be_changed(run):
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.run_id = "other"
    assert list(run.selection["candidate"]) == ["logistic"]
    assert run.frame().equals(run.report.frame())


def test_the_run_is_named_after_the_bundle_says_the_verdict_and_shows_as_a_model(run, settings):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=settings.tracking.uri)
    logged = client.get_run(run.run_id)
    (version,) = client.search_model_versions("name='county'")

    assert logged.info.run_name == run.model.version
    assert "Must not be published" in logged.data.tags["mlflow.note.content"]
    assert version.description == logged.data.tags["mlflow.note.content"]
    assert json.loads(logged.data.tags["mlflow.log-model.history"])[0]["artifact_path"] == "bundle"
    assert logged.info.end_time - logged.info.start_time > 1000, "it began with the work"


def test_a_run_that_could_not_be_logged_is_on_disk_and_in_the_error(run, settings, tmp_path, monkeypatch):
    def gone(*_):
        raise ConnectionError("the server went away")

    store = replace(TrackingStore.of_settings(settings.tracking), artifacts=str(tmp_path))
    monkeypatch.setattr(OpenRun, "log", gone)
    with pytest.raises(UnloggedRunError, match="server went away") as caught:
        training._log_training(run, settings, OpenRun(store, "0" * 32), None, RunDataset("records", "sha"))
    (folder,) = (tmp_path / "not_logged").iterdir()
    assert str(folder) in str(caught.value)
    assert RiskModel.load(folder / "bundle").version == run.model.version
    assert {"report.json", "card.zh.md", "plots"} <= {path.name for path in (folder / "report").iterdir()}
    assert caught.value.run is run


@pytest.mark.parametrize("split", ["pupils set aside", "random"])
def test_rows_that_do_not_follow_one_upon_another_are_trained_on(records, settings, monkeypatch, split):
    """With enough dropouts pupils are set aside: what stands beside the others' features has gaps."""
    monkeypatch.setattr(evaluation_parts, "FEWEST_TO_CALIBRATE", 1)
    kind = "random" if split == "random" else "temporal"
    asked = settings.model_copy(update={"split": settings.split.model_copy(update={"kind": kind})})
    histories = histories_of(records)
    cohort = labelled_cohort(histories, asked)
    features = dr.build_features(histories, cohort)
    parts = make_parts(histories, cohort, features, asked)
    assert len(parts.calibration)
    assert np.diff(parts.train).max() > 1

    classifier = training.fit_classifier(parts, dr.default_catalogue(), asked)
    assert classifier.predict_proba(parts.X(parts.test)).shape == (len(parts.test), 2)
