"""Settings that cannot be meant are errors of the library, before any record is read."""

import pytest

from dropout_risk.cli.options import read_settings
from dropout_risk.errors import SettingsError
from dropout_risk.settings import Settings
from dropout_risk.training.train import train


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": 4},
        {"outcome": [1]},
        {"outcome": {"horizon_days": True}},
        {"outcome": {"events": []}},
        {"outcome": {"events": "dropout"}},
        {"outcom": {}},
        {"models": {"candidate": "gbm"}},
        {"models": {"seed": False}},
        {"bands": {"watch": True}},
        {"bands": {"watch": float("nan")}},
        {"alerts": {"unexplained_days": [3, 1]}},
        {"tracking": {"model_name": ""}},
        {"tracking": {"uri": " "}},
        {"tracking": 4},
        {"roles": {"nurse": 4}},
        {"roles": {"nurse": {"sees": "attendance"}}},
        {"language": "fr"},
        {"leaks": {"allowed": {"x": {"y": 1}}}},
    ],
    ids=str,
)
def test_misshapen_settings_are_refused(values):
    with pytest.raises(SettingsError):
        Settings(**values)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"outcome = 4", "outcome"),
        ("[roles.保健]\nsees = ['出勤']".encode("gb18030"), "UTF-8"),
        (b"[outcome\n", "TOML"),
        (b"[outcome]\nevents = ['dropuot']", "did you mean 'dropout'"),
        (b"[roles.nurse]\nsees = ['attendence']", "did you mean 'attendance'"),
    ],
)
def test_a_settings_file_is_refused_with_the_way_out(content, said, tmp_path):
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        read_settings(path)


def test_a_settings_file_may_begin_with_the_mark_of_a_spreadsheet(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbf[outcome]\nhorizon_days = 60")
    assert read_settings(path).outcome.horizon_days == 60


@pytest.mark.parametrize(
    "settings", [{"outcome": {}}, "settings.toml", Settings(outcome={"events": ["dropuot"]})]
)
def test_training_refuses_settings_before_it_reads_a_record(settings):
    with pytest.raises(SettingsError):
        train(None, settings, track=False)


def test_the_command_line_reads_settings_before_records(tmp_path):
    from dropout_risk.cli.training import train as command

    path = tmp_path / "settings.toml"
    path.write_text("outcome = 4")
    with pytest.raises(SettingsError):
        command(tmp_path / "nowhere", tmp_path / "out", settings=path)
