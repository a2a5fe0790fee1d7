"""The switch names who answers from when on, keeps what it names, and goes back by one command."""

import json
import shutil
import time
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from dropout_risk.cli import app
from dropout_risk.errors import BundleError, SettingsError
from dropout_risk.scoring.bundles.model_switch import ModelSwitch
from dropout_risk.scoring.risk_model import RiskModel


@pytest.fixture(scope="module")
def bundles(bundle, tmp_path_factory):
    """Four sound bundles, the first of which is the shared one."""
    folder, made = tmp_path_factory.mktemp("bundles"), [bundle]
    for number in (2, 3, 4):
        model = RiskModel.load(bundle)
        object.__setattr__(model, "metrics", {**model.metrics, "another": float(number)})
        object.__setattr__(model, "version", f"{number}")
        made.append(model.save(folder / str(number)))
    return made


@pytest.fixture
def switch(tmp_path, bundles):
    made = ModelSwitch(tmp_path / "switch")
    made.use(bundles[0])
    return made


def versions(state):
    return state.champion.version, [one.version for one in state.former]


def test_the_first_model_answers_at_once_and_the_next_from_its_moment_on(switch, bundles):
    first = switch.state().champion
    second = switch.use(bundles[1], within=100)
    state = switch.state()
    assert abs(state.since - time.time() - 100) < 5
    assert [state.answers_at(state.since + by) for by in (-1, 0)] == [first, second]


def test_the_way_back_is_one_command_and_does_not_need_the_folder(switch, bundles, tmp_path):
    first = switch.state().champion
    own = shutil.copytree(bundles[1], tmp_path / "own")
    second = switch.use(own, within=0)
    shutil.rmtree(own)
    assert switch.back(within=0) == first
    assert switch.back(within=0) == second
    assert RiskModel.load(switch.bundle_of(second)).version == "2"


def test_whoever_goes_back_before_the_moment_goes_on_with_what_answers(switch, bundles):
    first = switch.state().champion
    switch.use(bundles[1], within=100)
    switch.back(within=100)
    assert switch.state().answers_at(time.time()) == first
    assert switch.state().champion == first


def test_a_model_that_never_answered_is_nobody_to_go_back_to(switch, bundles):
    first = switch.state().champion
    switch.use(bundles[1], within=100)
    switch.use(bundles[2], within=100)
    assert versions(switch.state()) == ("3", [first.version])


def test_while_a_way_back_is_awaited_the_present_one_answers(switch, bundles):
    switch.use(bundles[1], within=0)
    switch.back(within=100)
    assert switch.state().answers_at(time.time()).version == "2"


def test_without_anybody_before_there_is_no_way_back(switch):
    with pytest.raises(SettingsError, match="No model answered before"):
        switch.back()


@pytest.mark.parametrize("wrong", ["metrics.json", "manifest.json", "model.txt"])
def test_a_broken_bundle_changes_nothing(switch, bundles, tmp_path, wrong):
    before = (switch.folder / "switch.json").read_bytes()
    own = shutil.copytree(bundles[1], tmp_path / "own")
    (own / wrong).write_text("{}")
    with pytest.raises(BundleError):
        switch.use(own)
    assert (switch.folder / "switch.json").read_bytes() == before
    assert len(list((switch.folder / "bundles").iterdir())) == 1


def test_only_what_is_named_is_kept(switch, bundles, monkeypatch):
    monkeypatch.setattr("dropout_risk.scoring.bundles.model_switch.MOST_FORMER", 1)
    for bundle in bundles[1:]:
        switch.use(bundle, within=0)
    kept = {folder.name for folder in (switch.folder / "bundles").iterdir()}
    assert kept == {model.manifest for model in switch.state().named}
    assert versions(switch.state()) == ("4", ["3"])


def test_a_challenger_is_kept_and_answers_nobody(switch, bundles):
    champion = switch.state().champion
    challenger = switch.shadow(bundles[1])
    assert switch.state().champion == champion
    assert switch.state().challenger == challenger
    assert switch.bundle_of(challenger).exists()
    assert switch.shadow(None) is None
    assert not switch.bundle_of(challenger).exists()


def test_a_folder_without_a_switch_is_none(tmp_path):
    for told in (None, "", "{}", json.dumps({"champion": {}})):
        if told is not None:
            (tmp_path / "switch.json").write_text(told)
        with pytest.raises(SettingsError, match="holds no switch"):
            ModelSwitch(tmp_path).state()


def test_what_the_command_line_says_is_what_the_switch_says(switch, bundles):
    def said(*words):
        done = CliRunner().invoke(app, ["model", *map(str, words), "--switch", str(switch.folder)])
        assert done.exit_code == 0, done.output
        return done.output

    first = switch.state().champion
    assert "in 60 s" in said("use", bundles[1], "--within", 60)
    assert said("show").startswith("answers from 20")
    assert str(first) in said("back")
    assert said("show").startswith(f"answers: {first}\n")
    assert "not heard" in said("shadow", bundles[1])
    assert "challenger: " in said("show")
    assert "No challenger" in said("shadow")
    assert replace(switch.state(), former=()).named == (first,)
