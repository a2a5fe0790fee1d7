"""A worker exchanges what it answers with whole, in its moment, or goes on with what it has."""

import time
from types import SimpleNamespace

import pytest
from prometheus_client import Gauge
from serving.metrics import METRICS, Metrics
from serving.served.following import Follower
from serving.served.served_model import ServedModel
from serving.served.switching import Switching

from dropout_risk.errors import BundleError, SettingsError
from dropout_risk.scoring.bundles.model_switch import ModelSwitch, NamedModel, SwitchState
from support.counting import Client

ONE, TWO, THREE = (NamedModel("county", str(number), str(number) * 64) for number in (1, 2, 3))


def prepared(model):
    return SimpleNamespace(
        served=ServedModel(model.name, model.version, model.manifest), held={}, room=None, desk=None
    )


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def worker(tmp_path, client):
    models = {model.manifest: model for model in (ONE, TWO, THREE)}
    made = Switching(prepared(ONE), Metrics.of(client), ModelSwitch(tmp_path))
    made.prepare = lambda former, folder: prepared(models[folder.name])
    made.tell(made.now.served, 1)
    return made


def test_the_model_is_exchanged_in_its_moment_and_not_before(worker, client):
    worker.look(SwitchState(TWO, since=time.time() + 100, former=(ONE,)))
    assert worker.now.served.version == "1"
    worker.look(SwitchState(TWO, since=time.time(), former=(ONE,)))
    assert worker.now.served.version == "2"
    told = [client.value("dropout_risk_model_info", **vars(model)) for model in (ONE, TWO)]
    assert told == [0, 1]


def test_a_request_that_has_begun_keeps_the_model_that_it_took(worker):
    taken = worker.now
    worker.look(SwitchState(TWO, former=(ONE,)))
    assert (taken.served.version, worker.now.served.version) == ("1", "2")


def test_what_was_made_ready_is_dropped_when_the_switch_names_another(worker):
    worker.look(SwitchState(TWO, since=time.time() + 100, former=(ONE,)))
    worker.look(SwitchState(ONE))
    worker.look(SwitchState(THREE, former=(ONE,)))
    assert worker.now.served.version == "3"


def test_what_cannot_be_loaded_leaves_the_former_one_is_counted_and_not_tried_all_the_time(worker, client):
    tried = []

    def broken(former, folder):
        tried.append(folder)
        raise BundleError("broken")

    worker.prepare = broken
    for _ in range(5):
        worker.look(SwitchState(TWO, former=(ONE,)))
    assert worker.now.served.version == "1"
    assert len(tried) == 1
    assert client.value("dropout_risk_model_switches_total", outcome="failed") == 1


def test_a_switch_that_cannot_be_read_leaves_the_model(worker, caplog):
    turns = iter([False, False, True])
    worker._stop = SimpleNamespace(wait=lambda _: next(turns))
    worker.watch()
    assert worker.now.served.version == "1"
    assert caplog.text.count("the switch cannot be read") == 1


def test_every_metric_is_made_as_it_is_declared(client):
    metrics = Metrics.of(client)
    for name, told in METRICS.items():
        made = metrics._new(name)
        assert made._labelnames == told.labels
        assert isinstance(made, Gauge) == (told.kind == "Gauge")
    assert Metrics.of(client) is metrics


@pytest.fixture
def follower(tmp_path, bundle):
    switch = ModelSwitch(tmp_path / "switch")
    switch.use(bundle)
    places = [bundle]
    return Follower("models:/county@champion", switch, find=lambda alias: places[-1]), places


def test_an_alias_that_moves_moves_the_switch_once_and_undoes_no_way_back(follower, bundle, tmp_path):
    from dropout_risk.scoring.risk_model import RiskModel

    follower, places = follower
    assert not follower.look()
    model = RiskModel.load(bundle)
    object.__setattr__(model, "metrics", {**model.metrics, "another": 1.0})
    places.append(model.save(tmp_path / "other"))
    assert follower.look()
    first = follower.switch.state().former[0]
    assert not follower.look()
    follower.switch.back(within=0)
    assert not follower.look()
    assert follower.switch.state().champion == first


def test_an_alias_that_names_nothing_sound_leaves_the_switch(follower, tmp_path, caplog):
    follower, places = follower
    before = follower.switch.state()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text('{"name": "a", "version": "1", "sha256": "b"}')
    places.append(tmp_path / "broken")
    assert not follower.look()
    places.append(tmp_path / "nowhere")
    assert not follower.look()
    assert follower.switch.state() == before
    assert "cannot be served" in caplog.text


def test_an_alias_is_followed_by_a_switch_alone(monkeypatch):
    monkeypatch.setenv("DROPOUT_RISK_FOLLOW", "models:/county@champion")
    with pytest.raises(SettingsError, match="moves a switch"):
        Follower.from_environment()
