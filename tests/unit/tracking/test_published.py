"""What a bundle in the store says after it was put into use."""

import json

import pytest

from dropout_risk.evaluation.model_card.statement import ModelStatement
from dropout_risk.scoring.bundles.bundle import CARDS, PUBLISHED, read_bundle, write_bundle
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import TrackingSettings
from dropout_risk.tracking.mlflow_store import load_bundle_path
from dropout_risk.tracking.open_run import log_run
from dropout_risk.tracking.published import PublishedBundle, publish_version
from dropout_risk.tracking.run_content import RunContent
from support.reports import report

REASON = "县教育局三月三日决定试用一学期"


@pytest.fixture
def store(tmp_path):
    """Two versions: a sound one, and one whose report lacks everything."""
    settings = TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db", artifacts=str(tmp_path / "artefacts"))
    for number, made in enumerate([report(), report([])]):
        files = {"metrics.json": json.dumps(made.to_dict()).encode(), "card.zh.md": "# 说明书\n".encode()}
        log_run(RunContent(bundle=write_bundle(tmp_path / str(number), files, {"name": "m"})), settings)
    return settings


def bundle(store, version):
    return read_bundle(load_bundle_path(f"models:/{store.model_name}/{version}", store))


def test_the_card_says_who_answers_for_it_and_what_has_changed(store):
    publish_version(1, store, statement=ModelStatement(owner="县教育局", approver="领导小组"))
    publish_version(2, store, override=REASON, statement=ModelStatement(owner="县教育局"))
    (first, _), (second, _) = bundle(store, 1), bundle(store, 2)
    cards = [files[CARDS["zh"]].decode() for files in (first, second)]

    assert "| 负责单位 | 县教育局 |" in cards[0]
    assert "| 批准人 | 领导小组 |" in cards[0]
    assert "还没有投入使用过的上一版本可比" in cards[0]
    assert "| 批准人 | 未说明 |" in cards[1]
    assert f"| 检查未全部通过而批准的理由 | {REASON} |" in cards[1]
    assert "批准的理由" not in cards[0]
    assert f"上一版本：{store.model_name} 1" in cards[1]
    assert json.loads(second[PUBLISHED])["override"] == REASON
    assert json.loads(first[PUBLISHED])["statement"] == {"owner": "县教育局", "approver": "领导小组"}


def test_publishing_twice_leaves_one_statement(store):
    for owner in ("甲股", "乙股"):
        publish_version(1, store, statement=ModelStatement(owner=owner))
    card = bundle(store, 1)[0][CARDS["zh"]].decode()

    assert card.count("## 谁负责、依据什么") == card.count("## 与上一版本相比") == 1
    assert "甲股" not in card


def test_all_else_of_the_bundle_stays_as_it_was(store):
    before, about = bundle(store, 1)
    publish_version(1, store)
    after, again = bundle(store, 1)

    assert {name: after[name] for name in before if name not in CARDS.values()} == {
        name: data for name, data in before.items() if name not in CARDS.values()
    }
    assert again["libraries"] == about["libraries"]


def test_a_published_model_scores_as_before_under_the_same_name(risk_model, tmp_path):
    place = risk_model.save(tmp_path / "bundle")
    settings = TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db", artifacts=str(tmp_path / "artefacts"))
    log_run(RunContent(bundle=place), settings)
    kept = {"published_on": "2026-03-03", "override": REASON}
    folder = load_bundle_path("challenger", settings)
    made = PublishedBundle.of(folder, ModelStatement(), None, kept, ("m 1", "m 2"))
    write_bundle(folder, made.files, made.about)
    again = RiskModel.load(folder)

    assert again.version == risk_model.version
    assert again.calibrated.calibration == risk_model.calibrated.calibration
    assert REASON in again.describe()["for_trial_only"]["zh"]
    assert "不得投入使用" in risk_model.describe()["for_trial_only"]["zh"]
