import sys

import pytest

from dropout_risk.errors import DropoutRiskError, MissingExtraError
from dropout_risk.settings import Settings, TrackingSettings
from dropout_risk.tracking.open_run import log_run
from dropout_risk.tracking.run_content import RunContent, flat_settings


def test_text_bytes_paths_and_figures_become_files(tmp_path):
    from matplotlib.figure import Figure

    (tmp_path / "given.md").write_text("given")
    artefacts = {"a.md": "text", "b.bin": b"\x00", "c/d.md": tmp_path / "given.md", "e.png": Figure()}
    RunContent(artefacts=artefacts).write_to(tmp_path / "run")
    read = {
        str(path.relative_to(tmp_path / "run")): path.read_bytes() for path in (tmp_path / "run").rglob("*.*")
    }
    assert read["a.md"] == b"text"
    assert read["b.bin"] == b"\x00"
    assert read["c/d.md"] == b"given"
    assert read["e.png"].startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["../outside.md", "/outside.md", "a/../../b"])
def test_an_artefact_cannot_leave_the_run(name, tmp_path):
    with pytest.raises(DropoutRiskError, match="inside the run"):
        RunContent(artefacts={name: "x"}).write_to(tmp_path)


def _leaves(value):
    return sum(map(_leaves, value.values())) if isinstance(value, dict) else 1


def test_every_setting_becomes_one_flat_parameter():
    flat = flat_settings(Settings(outcome={"horizon_days": 60, "events": ("dropout", "died")}))
    assert flat["outcome.horizon_days"] == "60"
    assert flat["outcome.events"] == "dropout, died"
    assert len(flat) == _leaves(Settings().model_dump())


def test_without_mlflow_the_error_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match=r"dropout-risk\[train\]"):
        log_run(RunContent(), TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db"))
