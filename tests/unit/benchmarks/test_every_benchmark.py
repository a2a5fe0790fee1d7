"""Every benchmark can be imported, tells how it is called, and the short ones run on a few rows."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from dropout_risk.errors import DropoutRiskError

FOLDER = Path(__file__).parents[3] / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
WITH_OPTIONS = [
    name
    for name in NAMES
    if "ArgumentParser" in (text := (FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    and "\ndef main() " in text
]
RUNS = {
    "kdd16": ["--quick", "--days", "10", "--json", "{out}"],
    "missing_values": ["--quick", "--json", "{out}"],
    "simulated_hazard": ["truth", "--seeds", "0", "--students", "400", "--json", "{out}"],
    "simulator": ["--pupils", "300", "--days", "40", "--check"],
    "training": ["--rows", "400", "--columns", "5"],
}
"""Small enough for every run of CI; the others take minutes on any number of rows, or need a service."""


@pytest.fixture
def benchmark(monkeypatch):
    """Import a benchmark as its command does: with its folder in front."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_can_be_imported(benchmark, name):
    assert inspect.getdoc(benchmark(name)), f"{name} does not say what it measures"


@pytest.mark.parametrize("name", WITH_OPTIONS)
def test_a_benchmark_says_how_it_is_called(benchmark, name, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as stopped:
        benchmark(name).main()
    assert stopped.value.code == 0
    assert "usage" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", RUNS)
def test_a_short_benchmark_runs_on_a_few_rows(benchmark, name, monkeypatch, capsys, tmp_path):
    arguments = [word.format(out=tmp_path / "found.json") for word in RUNS[name]]
    monkeypatch.setattr("sys.argv", [f"{name}.py", *arguments])
    try:
        assert benchmark(name).main() in (None, 0)
    except DropoutRiskError as error:
        pytest.fail(f"{error}")
    assert capsys.readouterr().out
