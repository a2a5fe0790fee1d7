"""The benchmark of the service runs small: it answers what the echo answers, and prints each row."""

import importlib
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def serving_speed(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("serving_speed")


def test_every_body_is_measured_beside_the_echo(serving_speed, bundle, monkeypatch, capsys, tmp_path):
    found = tmp_path / "found.json"
    words = ["serving_speed.py", "--model", str(bundle), "--quick", "--json", str(found)]
    monkeypatch.setattr("sys.argv", words)

    assert serving_speed.main() == 0
    figures = json.loads(found.read_text(encoding="utf-8"))["workers"]["1"]
    assert len(figures) == 6
    assert figures.pop("memory")["megabytes_a_worker"] > 50
    assert all(own["ours"] > 0 and own["echo"] > 0 for own in figures.values())
    printed = capsys.readouterr().out
    assert all(f"| {name} | 1 |" in printed for name in figures)
