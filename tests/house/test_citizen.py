"""What everybody expects of a package is there, and says the same version everywhere."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dropout_risk
from dropout_risk.cli import app
from dropout_risk.kernels import THREADS, thread_count

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_package_says_its_version_and_so_does_the_command_line():
    assert dropout_risk.__version__ == version("dropout-risk") == PROJECT["version"]
    assert CliRunner().invoke(app, ["--version"]).output == f"dropout-risk {PROJECT['version']}\n"


def test_the_module_is_the_command_line():
    said = subprocess.run(
        [sys.executable, "-m", "dropout_risk", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"dropout-risk {PROJECT['version']}\n"


def test_the_citation_names_this_version_and_licence():
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")

    assert f"\nversion: {PROJECT['version']}\n" in cited
    assert f"\nlicense: {PROJECT['license']}\n" in cited
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/install.md"])
def test_the_wheel_that_pages_name_is_this_version(page):
    text = (ROOT / page).read_text(encoding="utf-8")

    assert set(re.findall(r"dropout_risk-(.+?)-py3", text)) == {PROJECT["version"]}


def test_every_extra_stands_on_the_page_of_installing():
    page = (ROOT / "docs/how-to/install.md").read_text(encoding="utf-8")

    assert [name for name in PROJECT["optional-dependencies"] if f"`{name}`" not in page] == []


def test_where_the_system_does_not_say_which_cores_are_ours_as_on_macos_all_of_them_are(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delenv(THREADS, raising=False)

    assert thread_count() == os.cpu_count()


def test_a_public_name_whose_libraries_are_not_installed_says_which_extra_brings_them():
    code = """
import sys
sys.modules["sqlalchemy"] = None
try:
    from dropout_risk.casebook import Book
except ImportError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "sqlalchemy, which is not installed" in said
    assert 'pip install "dropout-risk[desk]"' in said


@pytest.mark.parametrize("words", [["train", ".", "--out", "b"], ["demo", "--out", "d"]])
def test_a_command_that_needs_mlflow_says_so_before_it_reads_or_makes_records(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    said = CliRunner().invoke(app, words)

    assert said.exit_code == 2
    assert "Tracking needs MLflow" in said.output
    assert list(tmp_path.iterdir()) == []
