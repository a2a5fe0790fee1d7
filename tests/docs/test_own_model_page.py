"""What the page on one's own modelling shows runs as it stands there, on fewer pupils."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "your-own-model.md"


@pytest.mark.slow
def test_the_page_runs_from_features_to_a_watch_list(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(block.replace("900", "500"), names)  # noqa: S102

    assert (tmp_path / "models" / "own" / "manifest.json").exists()
    assert len(names["risks"]) == len(names["later"])
    assert "fitted: " in capsys.readouterr().out
