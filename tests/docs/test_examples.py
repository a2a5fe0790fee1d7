"""What the README and the tutorial show is run as it stands there, on fewer pupils."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dropout_risk.cli import app
from dropout_risk.settings import Settings
from dropout_risk.simulate.district import simulate_tables

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs/tutorials/first-watch-list.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_library_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(blocks(README, "python")[0].replace("3000", "900"), {})  # noqa: S102

    assert "Base rate" in capsys.readouterr().out
    assert (tmp_path / "models/county/manifest.json").exists()


@pytest.fixture
def reply(client):
    path = re.search(r"-d @(\S+)", README)[1]
    return client.post("/score", json=json.loads((ROOT / path).read_text(encoding="utf-8"))).json()


def test_the_reply_of_the_readme_has_no_field_that_the_service_does_not_give(reply):
    shown = json.loads(blocks(README, "json")[0])
    given, told = reply["results"][0], shown["results"][0]

    assert set(shown) <= set(reply)
    assert set(told) <= set(given)
    for name in ("raising", "alerts", "suggested_help"):
        assert set(told[name][0]) <= set(given[name][0])


def test_the_reply_of_the_readme_shows_the_alert_that_any_model_gives(reply):
    (told,) = json.loads(blocks(README, "json")[0])["results"]

    assert told["alerts"][0].items() <= reply["results"][0]["alerts"][0].items()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    place = tmp_path_factory.mktemp("tutorial")
    (place / "demo/records").mkdir(parents=True)
    for name, table in simulate_tables(900, 7, n_days=340).tables.items():
        pq.write_table(table, place / f"demo/records/{name}.parquet")
    return place


def test_the_how_to_from_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec("\n".join(blocks((ROOT / "docs/how-to/from-python.md").read_text(encoding="utf-8"), "python")), {})  # noqa: S102

    assert (tmp_path / "pages/index.html").exists()
    assert (tmp_path / "evaluation.png").exists()


def test_the_commands_of_the_tutorial_run_one_after_the_other(demo, monkeypatch):
    monkeypatch.chdir(demo)
    for command in re.findall(r"\.venv/bin/dropout-risk (.*)", "\n".join(blocks(TUTORIAL, "sh"))):
        result = CliRunner().invoke(app, shlex.split(command))
        assert result.exit_code == 0, f"{command}: {result.output[-400:]}"
    status = (demo / "demo/morning/watch-list.csv").read_text(encoding="utf-8-sig")

    assert "same" in status


def test_the_settings_of_the_tutorial_are_settings(tmp_path):
    (tmp_path / "settings.toml").write_text(blocks(TUTORIAL, "toml")[0], encoding="utf-8")

    assert Settings.from_toml(tmp_path / "settings.toml").watch_list.capacity == 8


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))], ids=lambda path: path.name
)
def test_every_link_to_a_file_leads_to_one(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda path: path.name)
def test_every_notebook_runs(notebook, tmp_path):
    subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", notebook], cwd=tmp_path, check=True, timeout=300
    )


def test_a_notebook_on_real_data_ends_well_where_they_are_not(tmp_path):
    said = subprocess.run(
        [sys.executable, ROOT / "notebooks/02_honest_evaluation.py"], cwd=tmp_path, check=True, text=True,
        capture_output=True, env=os.environ | {"DROPOUT_RISK_DATA": str(tmp_path)},
    )  # fmt: skip

    assert "Nothing to show" in said.stdout
